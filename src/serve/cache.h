// SPDX-License-Identifier: GPL-3.0-or-later
//
// A cache of numbered places for 64-bit keys under a policy that decides what stays. It holds no
// values: whoever owns the values keeps them by place. All memory is taken at creation; a request
// costs O(1) on the average and allocates nothing. A cache belongs to one thread.
#pragma once

#include "base/params.h"

#define RK_CACHE_NONE UINT32_MAX // no place

typedef struct RkCache RkCache;

// What happened since the cache was made or counted anew.
typedef struct {
    uint64_t requests;
    uint64_t hits;
    uint64_t unique;      // different keys asked for
    uint64_t unique_hits; // those of them that were found at least once
    uint64_t evictions;
    uint64_t refused; // misses that the policy didn't let in
} RkCacheCounts;

typedef enum {
    RK_CACHE_HIT,     // the key is at `place`
    RK_CACHE_ADMIT,   // the key got `place`; its value is to be put there
    RK_CACHE_REFUSED, // the key stays outside; place is RK_CACHE_NONE
} RkCacheOutcome;

typedef struct {
    uint32_t place;   // below the capacity
    gboolean evicted; // another key left that place (or, with REFUSED, never)
    uint64_t evicted_key;
} RkCacheSlot;

// "cache.policy" and "cache.entries", and what single policies are set by.
extern const RkParam rk_cache_params[];
extern const size_t rk_n_cache_params;

// The names of policies.def, "none" first, NULL last.
extern const char *const rk_cache_policies[];

// A cache of up to `capacity` keys (0 holds none). `policy` is one of the names; `set` a set of
// rk_cache_params (or of a table that contains them), read now only; NULL: all at their defaults.
// Fails with RK_ERROR_USAGE (an unknown policy, with the nearest) or RK_ERROR_MEMORY (with how
// many bytes it would take).
RkCache *rk_cache_new(const char *policy, uint32_t capacity, const RkParams *set, GError **error);
void rk_cache_free(RkCache *cache);

// Asks for a key and lets the policy learn from it. A miss that is admitted takes a place, and the
// key that had it is gone.
RkCacheOutcome rk_cache_request(RkCache *cache, uint64_t key, RkCacheSlot *slot);

// The place of a key without asking for it: nothing is counted or learned. RK_CACHE_NONE without.
uint32_t rk_cache_find(const RkCache *cache, uint64_t key);

// Forgets one key, which must be there: an answer that is too old.
void rk_cache_remove(RkCache *cache, uint64_t key);

uint32_t rk_cache_capacity(const RkCache *cache);
uint32_t rk_cache_size(const RkCache *cache);
uint64_t rk_cache_bytes(const RkCache *cache); // of its own memory
const char *rk_cache_policy(const RkCache *cache);

// `unique` and `unique_hits` are counted once rk_cache_count_unique() was called; it takes memory
// for `most` different keys, and stops counting at that many.
RkCacheCounts rk_cache_counts(const RkCache *cache);
void rk_cache_reset_counts(RkCache *cache);
gboolean rk_cache_count_unique(RkCache *cache, uint32_t most, GError **error);

// Hits of the best policy there can be on this trace, which knows what comes (Belady, IBM Systems
// Journal 5, 1966): a miss may also pass by the cache. Time O(n log n), 33 bytes a request.
uint64_t rk_cache_belady_hits(const uint64_t *keys, uint64_t n, uint32_t capacity);

// The same for a cache that isn't empty when the trace begins: of `before`, which was asked for
// until then, it has what serves best. `before` NULL: of all keys there are.
uint64_t rk_cache_belady_warm_hits(const uint64_t *keys, uint64_t n, uint32_t capacity,
                                   const uint64_t *before, uint64_t n_before);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkCache, rk_cache_free)
