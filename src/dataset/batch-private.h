// SPDX-License-Identifier: GPL-3.0-or-later
//
// Between batch.c (what is asked for), batch_samples.c (which samples), batch_fill.c (their
// values) and loader.c (when).
#pragma once

#include "dataset/batch.h"
#include "dataset/frame-private.h"
#include "dataset/imbalance.h"

typedef struct {
    RkBatchColumn about;
    int field;      // in the frame; -1 without
    uint64_t words; // of a whole batch
} RkBatchSlotColumn;

// All that is decided before the first batch. Immutable; any thread reads.
typedef struct {
    RkFrame *frame;
    RkSamples samples;
    unsigned parts, history_parts;
    uint32_t n_columns;
    RkBatchSlotColumn *columns;
    uint32_t batch; // B
    uint32_t width; // T of histories; 0 without
    gboolean shuffle, binary, truncate;
    float threshold;
    float weight[2];
    uint64_t seed;
    uint32_t *list; // [n_list] rows, or the last targets of sequences; NULL: every row in order
    uint32_t n_list;
    uint32_t n_negative;    // with imbalance: rows of label 0, first in the list
    RkImbalance *imbalance; // NULL without
    uint64_t n_samples;     // an epoch, expanded
    uint64_t n_batches;     // an epoch
    uint32_t n_each;        // POINTWISE: samples that an event makes; else 1
    RkNegatives *negatives; // NULL without
    gboolean in_batch;      // they come from the batch
    const RkHistory *history;
} RkBatchPlan;

// One thread's space to fill batches in.
typedef struct {
    uint32_t epoch, n;         // samples; the rest of B is padding
    uint64_t *at;              // [B] place in the stored order of samples
    uint32_t *sample;          // [B] number for draws
    uint32_t *row;             // [B]
    uint32_t *user, *item;     // [B]; the item is the negative's where it is one
    uint32_t *other;           // [B] POINTWISE: 0 for the event itself, j for its j-th negative
    uint32_t *place, *n_place; // SEQUENCES: [B, T + 1] and [B]: places in the history, newest first
    uint32_t *pool, n_pool;    // items of the batch, for in-batch negatives
    uint32_t *sort;            // for SORTED
} RkBatchWork;

RkBatchPlan *rk_batch_plan_new(const RkBatchOptions *options, GError **error);
void rk_batch_plan_free(RkBatchPlan *plan);
RkBatchWork *rk_batch_work_new(const RkBatchPlan *plan);
void rk_batch_work_free(RkBatchWork *work);

// Lists the samples of a plan whose other members are set: list, imbalance, weights, counts.
gboolean rk_batch_list(RkBatchPlan *plan, const RkBatchOptions *options, const RkParams *set,
                       GError **error);

// Finds which samples a batch has: row, user, item and the rest of `work`.
void rk_batch_choose(const RkBatchPlan *plan, RkBatchWork *work, uint32_t epoch, uint64_t batch);

// Fills memory [n_columns]. RK_ERROR_DATA when a ragged bag overflows.
gboolean rk_batch_fill(const RkBatchPlan *plan, RkBatchWork *work, void *const *memory,
                       GError **error);

// What to draw for: a sample of the batch.
RkNegativesFor rk_batch_drawing(const RkBatchWork *work, uint32_t i);

float rk_batch_label(const RkBatchPlan *plan, uint32_t row); // NaN when missing

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkBatchPlan, rk_batch_plan_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkBatchWork, rk_batch_work_free)
