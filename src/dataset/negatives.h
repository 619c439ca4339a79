// SPDX-License-Identifier: GPL-3.0-or-later
//
// Items that a user did not take, drawn for training and ranking. A draw follows from (seed, epoch,
// position, which), whatever thread makes it. Immutable once built; any thread.
#pragma once

#include "base/params.h"
#include "dataset/history.h"

// The settings negatives, negatives.count, negatives.power, negatives.exclude-seen:
//   none        no negatives
//   uniform     every item alike
//   popularity  by the training events of an item to a power
//   in-batch    items of the batch's other rows
//   file        as the dataset's table of negatives has them (the NCF files)
extern const RkParam rk_negative_params[];
extern const size_t rk_n_negative_params;

typedef struct RkNegatives RkNegatives;

// `history` (kept, not owned) says what a user has; needed when seen items are excluded, else NULL.
// "popularity" counts the rows of the split's training part; "file" reads the first table of role
// OTHER with a user, an item and a MULTI field of items.
RkNegatives *rk_negatives_new(const RkParams *params, RkChunkSource *source, const RkSplit *split,
                              const RkHistory *history, uint32_t n_items, uint64_t seed,
                              GError **error);
void rk_negatives_free(RkNegatives *negatives);

uint32_t rk_negatives_count(const RkNegatives *negatives); // of each row; 0 for none or NULL

// The rows of a batch, whose negatives are drawn together.
typedef struct {
    uint32_t epoch;
    uint64_t position; // of the first row in the epoch
    uint32_t n_rows;
    const uint32_t *user; // [n_rows], NULL where there are no users
    const uint32_t *item; // [n_rows]
} RkNegativeRows;

// item [n_rows, count]. Fails with RK_ERROR_DATA when a user has every item, or the file has too
// few for a row.
gboolean rk_negatives_draw(const RkNegatives *negatives, const RkNegativeRows *rows, uint32_t *item,
                           GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkNegatives, rk_negatives_free)
