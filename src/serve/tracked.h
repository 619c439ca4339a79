// SPDX-License-Identifier: GPL-3.0-or-later
//
// A cache together with what is told of it: hits and their times, bytes that misses moved, and the
// keys asked for, so that the best that any policy could have done is known. One thread.
#pragma once

#include "serve/cache.h"

typedef struct {
    RkCache *cache;
    uint64_t requests, hits; // found with a value that may be used
    uint64_t expired;        // found, but too old
    uint64_t hit_ns, miss_ns;
    uint64_t bytes;  // moved by misses
    uint64_t *trace; // [most_traced] the first keys that were asked for
    uint8_t *found;  // [most_traced] whether the cache had them
    uint64_t n_traced, most_traced;
    uint64_t *before; // [n_before] keys asked for before counting began anew
    uint64_t n_before;
    gboolean any_before; // not all of them are known, or others were put in ahead
    RkParams *set;       // as its own cache has it
} RkTracked;

typedef struct {
    const char *what;    // "answers", for messages
    const char *policy;  // as rk_cache_new() has it
    uint32_t entries;    // room
    size_t entry_bytes;  // what its owner keeps for each
    const RkParams *set; // of a table that has rk_cache_params, "cache.trace" and so on; not kept
} RkTrackedOptions;

// RK_ERROR_MEMORY when the entries would take more than the machine has, RK_ERROR_USAGE.
gboolean rk_tracked_init(RkTracked *tracked, const RkTrackedOptions *options, GError **error);
void rk_tracked_clear(RkTracked *tracked);

// Asks the cache for a key and notes it. The owner counts the hit, once it knows that it is one.
RkCacheOutcome rk_tracked_request(RkTracked *tracked, uint64_t key, RkCacheSlot *slot);

// Adds "policy", "entries", "size", "requests", "hits", "hit_rate", .. to an open object, and
// counts anew; or an object of them.
// With a trace: "unique" and "unique_hit_rate", the Belady bound, and "policy_ns", what the policy
// alone takes a request.
void rk_tracked_add(RkTracked *tracked, JsonBuilder *json);
void rk_tracked_to_json(RkTracked *tracked, JsonBuilder *json);

// Several caches together, before each is told: "requests", "hits", "hit_rate", "bytes_moved".
void rk_tracked_sum_to_json(const RkTracked *const *tracked, uint32_t n, JsonBuilder *json);
