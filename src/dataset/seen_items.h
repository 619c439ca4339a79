// SPDX-License-Identifier: GPL-3.0-or-later
//
// What each user has had: the distinct items, ascending. Negatives avoid them, full ranking masks
// them. 4 bytes a pair and 8 a user. Immutable once built; any thread reads.
#pragma once

#include "base/error.h"

#include <stdint.h>

typedef struct RkSeenItems RkSeenItems;

// The user and item of row i; FALSE leaves the row out.
typedef gboolean (*RkSeenPair)(const void *data, uint64_t row, uint32_t *user, uint32_t *item);

// Gathers the pairs of rows 0..n_rows, asked for twice in order; users and items outside n_users
// and n_items are left out. RK_ERROR_MEMORY when the lists don't fit.
RkSeenItems *rk_seen_items_new(uint32_t n_users, uint32_t n_items, uint64_t n_rows, RkSeenPair pair,
                               const void *data, GError **error);
void rk_seen_items_free(RkSeenItems *seen);

// The items of a user, ascending, [n]; owned by `seen`. A user outside has none.
const uint32_t *rk_seen_items_of(const RkSeenItems *seen, uint32_t user, uint32_t *n);
gboolean rk_seen_items_has(const RkSeenItems *seen, uint32_t user, uint32_t item);
uint32_t rk_seen_items_n_users(const RkSeenItems *seen);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkSeenItems, rk_seen_items_free)
