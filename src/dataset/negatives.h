// SPDX-License-Identifier: GPL-3.0-or-later
//
// Drawing negatives: items that a user didn't choose. A draw is a pure function of (seed, epoch,
// sample, number of the draw), so any thread draws the same. In-batch negatives depend on the
// items of their batch too. Immutable once built; any thread.
#pragma once

#include "base/params.h"
#include "dataset/column.h"
#include "dataset/seen_items.h"

// The settings `negatives`, `negatives.n`, `negatives.power`, `negatives.exclude`:
//   none        no negatives
//   uniform     every item alike
//   popularity  by (events in the training part)^negatives.power; an item without any never comes
//   in-batch    the items of other samples of the batch
//   file        the items that the data lists for a user and an item (an NCF .negative file)
// What is never drawn (negatives.exclude): nothing, the sample's own item (positive), or besides
// all that the user has had in the training part (train) or in any part (all). A file's items
// come as they are.
extern const RkParam rk_negatives_params[];
extern const size_t rk_n_negatives_params;

// Where draws start looking before they count through what is left: a user who has had 90 % of
// the mass gets there once in 850 draws.
#define RK_NEGATIVES_ATTEMPTS 64u

// Draws a sample may have: their number and the attempt share 32 bits.
#define RK_NEGATIVES_MAX_DRAWS (1u << 26)

typedef struct RkNegatives RkNegatives;

// Lists from a file: for each pair of user and item, items. Built once, any thread reads.
typedef struct RkNegativeLists RkNegativeLists;

// Reads the first table that names users, items and several items a row. RK_ERROR_USAGE when
// there is none. One of several rows of a pair counts, the first.
RkNegativeLists *rk_negative_lists_new(RkChunkSource *source, GError **error);
void rk_negative_lists_free(RkNegativeLists *lists);
// [n] items, owned by the lists; n 0 when the pair has none.
const uint32_t *rk_negative_lists_find(const RkNegativeLists *lists, uint32_t user, uint32_t item,
                                       uint32_t *n);

typedef struct {
    const RkParams *set; // has the rows of rk_negatives_params; NULL for the defaults
    uint64_t seed;
    uint32_t n_items;
    const uint64_t *count;        // [n_items] events in the training part; NULL unless needed
    const RkSeenItems *seen;      // what is excluded; NULL unless needed. Must outlive it
    const RkNegativeLists *lists; // NULL unless needed. Must outlive it
} RkNegativesOptions;

// What a set asks for, so that only that is gathered.
typedef struct {
    gboolean any, count, lists, batch;
    gboolean seen_train, seen_all;
} RkNegativesNeeds;
RkNegativesNeeds rk_negatives_needs(const RkParams *set);

// RK_ERROR_USAGE when nothing can be drawn (no items, no events).
RkNegatives *rk_negatives_new(const RkNegativesOptions *options, GError **error);
void rk_negatives_free(RkNegatives *negatives);

// One sample to draw for.
typedef struct {
    uint32_t epoch;
    uint32_t sample;     // number of the sample in its part: the same in every epoch
    uint32_t user, item; // UINT32_MAX for none
    const uint32_t *pool;
    uint32_t n_pool; // items of the batch, [n_pool], for in-batch; else NULL
} RkNegativesFor;

// Draw number n, an item; UINT32_MAX when no item is left (the user has had them all, the list is
// at its end, the batch has no other). n < RK_NEGATIVES_MAX_DRAWS.
uint32_t rk_negatives_draw(const RkNegatives *negatives, const RkNegativesFor *sample, uint32_t n);

// Log of how often an item is expected among n draws for a user, what sampled softmax subtracts
// from its logit (Bengio and Senécal, IEEE TNN 19, 2008; in-batch: Yi et al., RecSys 2019). Given
// exclusion, chances are those among the items that are left. An item that can't be drawn has the
// value that it would have if the user had not had it; one without any chance, and those of a
// file, have 0.
float rk_negatives_log_q(const RkNegatives *negatives, uint32_t user, uint32_t item, uint32_t n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkNegatives, rk_negatives_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkNegativeLists, rk_negative_lists_free)
