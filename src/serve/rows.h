// SPDX-License-Identifier: GPL-3.0-or-later
//
// Embedding tables larger than the device: their rows live in host memory or in a database on disk,
// the hot ones in places on the device that a cache policy gives out. A batch names its codes; each
// gets a row of the device's tables, fetched when it isn't there. A place that a batch in flight
// reads is never overwritten: what finds no place goes to rows of the batch's own. Rows are copied
// bit by bit, so scores are those of whole tables. The serving thread.
#pragma once

#include "plan/state.h"
#include "serve/tracked.h"

typedef struct RkRowCache RkRowCache;

typedef struct {
    const char *what;   // "rows of items"
    uint32_t n_codes;   // of the whole tables
    uint32_t room;      // places that the policy gives out
    uint32_t n_batches; // in flight at most
    uint32_t most;      // different codes of a batch at most
    const char *policy;
    gboolean in_database;
    uint32_t *next; // [n_codes] what likely follows each code; owned by the cache; NULL: unknown
    const RkParams *set;
} RkRowCacheOptions;

RkRowCache *rk_row_cache_new(const RkRowCacheOptions *options, GError **error);
void rk_row_cache_free(RkRowCache *cache);

// Rows that the device's tables must have.
uint32_t rk_row_cache_n_rows(const RkRowCache *cache);

// A table: its tensor on the device by name, [n_rows, ..], and all of its rows, packed, which are
// the cache's from now on. Again for a table that it has: other values.
void rk_row_cache_set_table(RkRowCache *cache, const char *name, uint32_t row_words, void *packed);

// Takes up the tables that were set; the device holds none of their rows. RK_ERROR_DATABASE.
gboolean rk_row_cache_start(RkRowCache *cache, RkState *state, GError **error);

// A batch (below n_batches) is filled: begin, place_all() of its codes, submit; end once it is
// done.
void rk_row_cache_begin(RkRowCache *cache, uint32_t batch);
gboolean rk_row_cache_place_all(RkRowCache *cache, const uint32_t *codes, uint32_t n,
                                uint32_t *rows,
                                GError **error); // UINT32_MAX stays what it is
void rk_row_cache_end(RkRowCache *cache, uint32_t batch);

// Fetches a code ahead of its use, where the policy gives it a place that nobody reads.
gboolean rk_row_cache_fetch_ahead(RkRowCache *cache, uint32_t code, GError **error);

// The same for what likely follows the codes that the last batch had to fetch.
gboolean rk_row_cache_fetch_next(RkRowCache *cache, GError **error);

// As rk_tracked_to_json(), with "lookups", "own_rows", "fetched_ahead" and "used_ahead".
void rk_row_cache_to_json(RkRowCache *cache, JsonBuilder *json);
const RkTracked *rk_row_cache_tracked(const RkRowCache *cache);
uint64_t rk_row_cache_bytes_moved(const RkRowCache *cache); // since the last of those

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkRowCache, rk_row_cache_free)
