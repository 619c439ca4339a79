// SPDX-License-Identifier: GPL-3.0-or-later
//
// Each user's events in order of time (those of one second in row order), for histories of items
// and sequences. 13 bytes an event. Immutable once built; any thread reads.
#pragma once

#include "base/error.h"

#include <stdint.h>

typedef struct {
    uint32_t n_users;
    uint64_t *offset; // [n_users + 1]: where a user's events begin
    uint32_t *row;    // [n] of the event table
    uint32_t *item;   // [n]
    uint8_t *part;    // [n] RkPart
    uint32_t *before; // [n_rows]: how many of its user's events are strictly earlier than a row
} RkHistory;

// What a row is. An event that counts stands in its user's history; one that doesn't only asks
// for what came before it.
typedef struct {
    uint32_t user, item; // UINT32_MAX for none
    uint32_t time;       // any unit; only its order counts. Without times, 0 for all
    gboolean counts;
    uint8_t part;
} RkHistoryEvent;

// `event` tells row i. Without times (`timed` FALSE) earlier means an earlier row. An event without
// user, item or time (UINT32_MAX where timed) counts not, and without user or time has nothing
// before it. n_rows < 2^32 - 1. RK_ERROR_MEMORY when it doesn't fit.
RkHistory *rk_history_new(uint32_t n_users, uint32_t n_rows, gboolean timed,
                          RkHistoryEvent (*event)(const void *data, uint32_t row), const void *data,
                          GError **error);
void rk_history_free(RkHistory *history);

// The last items of a user, at most `longest`, the oldest first, of events in `parts` (bits
// 1 << RkPart) and, with a row, strictly before it; row UINT32_MAX takes all that there is: what
// the next event is ranked by. Returns how many; item has room for `longest`.
uint32_t rk_history_last(const RkHistory *history, uint32_t user, uint32_t row, unsigned parts,
                         uint32_t longest, uint32_t *item);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkHistory, rk_history_free)
