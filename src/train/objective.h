// SPDX-License-Identifier: GPL-3.0-or-later
//
// Objectives: what a model is trained towards, as a scalar over a batch. Inputs that an objective
// adds beside the model's own, all fed by the trainer:
//   label      f32 [B]     what a sample is (bce, mse)
//   weight     f32 [B]     how much it counts: class weights, 0 for rows past the last
//   target     u32 [B, T]  of sequences: what follows each item of the history
//   candidates u32 [B, 1 + C]  the sample's own item, then C that the user didn't choose (bpr,
//              sampled-softmax)
//   log_q      f32 [B, 1 + C] (in-batch: [B]): log of how often each candidate is expected to be
//              drawn (sampled-softmax, in-batch)
// With samples=sequences candidates and log_q are [B, T, 1 + C], a sample's targets, and the loss
// is the mean over targets (bce, bpr, sampled-softmax). Owner's thread of the build.
#pragma once

#include "models/model.h"

extern const RkParam rk_objective_params[]; // "loss", "positive.weight"; "negatives.n" is read too
extern const size_t rk_objective_n_params;

typedef enum {
    RK_FEEDS_LABEL = 1 << 0,
    RK_FEEDS_CANDIDATES = 1 << 1,
    RK_FEEDS_LOG_Q = 1 << 2,
} RkObjectiveFeeds;

// What an objective scored, so that a teacher can score the same.
typedef enum {
    RK_SCORED_OWN,     // score f32 [B]: each sample's own
    RK_SCORED_ITEMS,   // score f32 [B, C] of items u32 [B, C] or [1, C]
    RK_SCORED_ALL,     // score f32 [B, items]: every item
    RK_SCORED_TARGETS, // score f32 [B T, C] of items u32 [B, T, C]
} RkScoredKind;

typedef struct {
    RkScoredKind kind;
    gboolean apart; // each score is a logit or rating by itself; else those of a row compete
    RkRef score, items;
    RkRef weight; // f32 [B], of TARGETS [B T]
} RkScored;

typedef struct {
    const char *name;    // "bce"
    unsigned feeds;      // RkObjectiveFeeds
    gboolean candidates; // the model must score items beside a sample's own
    RkRef (*build)(RkModelBuild *build, const RkModel *model, const RkParams *set,
                   RkScored *scored);
    // The same of sequences, f32 [B T] beside their weights; NULL when there is none.
    RkRef (*each)(RkModelBuild *build, const RkModel *model, const RkParams *set, RkScored *scored);
} RkObjective;

const RkObjective *rk_objective_find(const char *name); // of the choices of "loss"

// The weighted mean of the samples' losses, f32 []; *scored receives what it is of. Fails with
// RK_ERROR_USAGE when the model can't be trained so, naming what can.
RkRef rk_objective_build(const RkObjective *objective, RkModelBuild *build, const RkModel *model,
                         const RkParams *set, RkScored *scored, GError **error);
