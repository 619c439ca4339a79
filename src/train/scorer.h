// SPDX-License-Identifier: GPL-3.0-or-later
//
// Scores of samples by a model as it is: each event's own item, or that beside candidates that the
// user didn't choose. Batches are filled ahead while the device works. Owner's thread.
#pragma once

#include "plan/plan.h"
#include "train/features.h"

typedef struct {
    RkDevice *device;
    const RkModel *model;
    const RkParams *set;             // of RkTrainSettings
    const RkTrainFeatures *features; // what the weights in `state` are for
    RkState *state;
    RkPart part;
    // Candidates beside the event's own item; 0: none. They are drawn (or read) as `negatives`
    // says, a set of rk_negatives_params.
    uint32_t n_candidates;
    const RkParams *negatives;
    uint64_t seed;         // of the draws
    const gint *cancelled; // may be NULL
    // To look into a model: add() appends nodes of its build to `refs`, visit() sees the packed
    // values of each after each batch, of which there are at most `n_batches`, shuffled as the
    // settings say. NULL: the scores alone, of every sample.
    void (*add)(void *data, const RkModelBuild *build, GArray *refs);
    void (*visit)(void *data, uint32_t i, const void *values, const RkTensor *type,
                  uint32_t n_samples);
    void *data;
    uint64_t n_batches;
} RkScorerOptions;

// Samples in stored order, those without a label left out.
typedef struct {
    uint64_t n;
    uint32_t width; // 1 + n_candidates
    float *score;   // [n, width]: logits, or ratings; a candidate that couldn't be had is NaN
    float *label;   // [n] as stored (or made binary by the settings)
    uint32_t *user; // [n]; UINT32_MAX for none
    uint32_t *row;  // [n] of the event table
} RkScores;

// Fails with RK_ERROR_USAGE (no sample in the part), RK_ERROR_CANCELLED, or as plans do.
RkScores *rk_scores_new(const RkScorerOptions *options, GError **error);
void rk_scores_free(RkScores *scores);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkScores, rk_scores_free)
