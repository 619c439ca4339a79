// SPDX-License-Identifier: GPL-3.0-or-later
//
// What each user had before: events in order of time, then of row. A row of a part sees events of
// its own part and of earlier ones (train, valid, test), so that nothing that is tested is trained
// on. Immutable once built; any thread reads.
#pragma once

#include "dataset/scan.h"
#include "dataset/split.h"

typedef struct {
    uint32_t n_users;
    uint64_t *first;    // [n_users + 1] into item
    uint32_t *item;     // events of a user in order
    uint32_t *had;      // the same items of each user, ascending
    uint32_t n_rows;    // of the part
    uint32_t *position; // [n_rows] events of its user before a row of the part, in table order
} RkHistory;

// Events without user or item count for nobody. Fails with RK_ERROR_USAGE when the event table has
// no user or no item. 24 bytes an event while it works, 8 afterwards.
RkHistory *rk_history_new(RkChunkSource *source, const RkSplit *split, RkPart part,
                          uint32_t n_users, GError **error);
void rk_history_free(RkHistory *history);

// The last items of a user before a row of the part, at most `longest`, oldest first; returns how
// many, 0 for a missing user.
uint32_t rk_history_before(const RkHistory *history, uint32_t user, uint32_t row, uint32_t longest,
                           const uint32_t **items);

// The last items of all that a user has: what the next event is ranked by.
uint32_t rk_history_all(const RkHistory *history, uint32_t user, uint32_t longest,
                        const uint32_t **items);

// Whether a user has an item, at whatever time.
gboolean rk_history_has(const RkHistory *history, uint32_t user, uint32_t item);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkHistory, rk_history_free)
