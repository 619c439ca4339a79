// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve/cache-private.h"

#include <string.h>

#define RK_POLICY(id) extern const RkPolicy rk_policy_##id;
#include "serve/policies.def"
#undef RK_POLICY

static const RkPolicy *const POLICIES[] = {
#define RK_POLICY(id) &rk_policy_##id,
#include "serve/policies.def"
#undef RK_POLICY
};

const char *const rk_cache_policies[] = {"none",    "lru",    "lfu",   "clock", "arc",
                                         "tinylfu", "s3fifo", "sieve", NULL};

const RkParam rk_cache_params[] = {
#include "serve/cache_params.def"
};
const size_t rk_n_cache_params = G_N_ELEMENTS(rk_cache_params);

// ---- keys ----------------------------------------------------------------------------------

// The finalizer of MurmurHash3 (public domain): every bit of the key reaches every bit.
uint64_t
rk_cache_hash(uint64_t key)
{
    key ^= key >> 33;
    key *= 0xff51afd7ed558ccdu;
    key ^= key >> 33;
    key *= 0xc4ceb9fe1a85ec53u;
    return key ^ key >> 33;
}

uint32_t
rk_cache_lookup(const RkCache *cache, uint64_t key)
{
    uint32_t at = cache->bucket[rk_cache_hash(key) & cache->mask];
    while (at != NIL && cache->entry[at].key != key)
        at = cache->entry[at].chain;
    return at;
}

static uint32_t
take(RkCache *cache, uint32_t *list, uint64_t key)
{
    uint32_t at = *list, *bucket = &cache->bucket[rk_cache_hash(key) & cache->mask];
    g_assert(at != NIL);
    *list = cache->entry[at].next;
    cache->entry[at] = (RkEntry){.key = key, .previous = NIL, .next = NIL, .chain = *bucket};
    *bucket = at;
    return at;
}

uint32_t
rk_cache_add(RkCache *cache, uint64_t key)
{
    cache->n++;
    return take(cache, &cache->free_place, key);
}

uint32_t
rk_cache_add_ghost(RkCache *cache, uint64_t key)
{
    return take(cache, &cache->free_ghost, key);
}

void
rk_cache_drop(RkCache *cache, uint32_t at)
{
    uint32_t *link = &cache->bucket[rk_cache_hash(cache->entry[at].key) & cache->mask];
    uint32_t *list = at < cache->capacity ? &cache->free_place : &cache->free_ghost;
    while (*link != at)
        link = &cache->entry[*link].chain;
    *link = cache->entry[at].chain;
    cache->entry[at].next = *list;
    *list = at;
    cache->n -= at < cache->capacity;
}

void
rk_cache_evict(RkCache *cache, uint32_t at, RkCacheSlot *slot)
{
    slot->evicted = TRUE;
    slot->evicted_key = cache->entry[at].key;
    cache->counts.evictions++;
    rk_cache_drop(cache, at);
}

// ---- a cache -------------------------------------------------------------------------------

static const RkPolicy *
find_policy(const char *name, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(POLICIES); i++)
        if (strcmp(POLICIES[i]->name, name) == 0)
            return POLICIES[i];
    const char *near = rk_nearest_word(name, rk_cache_policies, G_N_ELEMENTS(POLICIES));
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't make a cache: there is no policy %s%s%s%s",
                name, near != NULL ? ". Did you mean " : ". See cache.policy in the settings",
                near != NULL ? near : "", near != NULL ? "?" : ".");
    return NULL;
}

static uint32_t
buckets_for(uint64_t n)
{
    uint32_t buckets = 8;
    while (buckets < n && buckets < 1u << 31)
        buckets *= 2;
    return buckets;
}

static void
link_free(RkCache *cache, uint32_t *list, uint32_t begin, uint32_t end)
{
    *list = NIL;
    for (uint32_t at = end; at-- > begin;) {
        cache->entry[at].next = *list;
        *list = at;
    }
}

RkCache *
rk_cache_new(const char *policy, uint32_t capacity, const RkParams *set, GError **error)
{
    g_autoptr(RkCache) cache = g_new0(RkCache, 1);
    cache->policy = find_policy(policy, error);
    if (cache->policy == NULL)
        return NULL;
    cache->capacity = capacity;
    cache->n_ghosts = cache->policy->ghosts != NULL ? cache->policy->ghosts(capacity) : 0;
    uint64_t n = (uint64_t)capacity + cache->n_ghosts;
    uint32_t n_buckets = buckets_for(n);
    cache->mask = n_buckets - 1;
    cache->bytes = n * sizeof(RkEntry) + n_buckets * sizeof(uint32_t);
    cache->entry = g_try_malloc(MAX(n, 1) * sizeof(RkEntry));
    cache->bucket = g_try_malloc(n_buckets * sizeof(uint32_t));
    if (n >= NIL || cache->entry == NULL || cache->bucket == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                    "Can't make a cache of %u entries: %" G_GUINT64_FORMAT
                    " bytes are not to be had. Lower cache.entries.",
                    capacity, cache->bytes);
        return NULL;
    }
    memset(cache->bucket, 0xff, n_buckets * sizeof(uint32_t));
    link_free(cache, &cache->free_place, 0, capacity);
    link_free(cache, &cache->free_ghost, capacity, (uint32_t)n);
    if (cache->policy->init != NULL && !cache->policy->init(cache, set, error))
        return NULL;
    return g_steal_pointer(&cache);
}

void
rk_cache_free(RkCache *cache)
{
    if (cache == NULL)
        return;
    if (cache->policy != NULL && cache->policy->clear != NULL && cache->data != NULL)
        cache->policy->clear(cache);
    g_free(cache->entry);
    g_free(cache->bucket);
    g_free(cache->seen);
    g_free(cache);
}

// ---- counting ------------------------------------------------------------------------------

#define FOUND ((uint64_t)1 << 63) // of a key that was found once

static void
note_unique(RkCache *cache, uint64_t key, gboolean hit)
{
    uint32_t at = (uint32_t)rk_cache_hash(key) & cache->seen_mask;
    uint64_t kept = (key + 1) & ~FOUND;
    while (cache->seen[at] != 0 && (cache->seen[at] & ~FOUND) != kept)
        at = (at + 1) & cache->seen_mask;
    if (cache->seen[at] == 0) {
        if (cache->n_seen == cache->most_seen)
            return;
        cache->n_seen++;
        cache->seen[at] = kept;
        cache->counts.unique++;
    }
    if (hit && !(cache->seen[at] & FOUND)) {
        cache->seen[at] |= FOUND;
        cache->counts.unique_hits++;
    }
}

gboolean
rk_cache_count_unique(RkCache *cache, uint32_t most, GError **error)
{
    uint32_t n = buckets_for(2 * (uint64_t)most);
    uint64_t *seen = g_try_new0(uint64_t, n);
    if (seen == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                    "Can't count %u different keys of a cache: %zu bytes are not to be had.", most,
                    n * sizeof(uint64_t));
        return FALSE;
    }
    g_free(cache->seen);
    cache->seen = seen;
    cache->seen_mask = n - 1;
    cache->most_seen = most;
    cache->n_seen = 0;
    return TRUE;
}

RkCacheCounts
rk_cache_counts(const RkCache *cache)
{
    return cache->counts;
}

void
rk_cache_reset_counts(RkCache *cache)
{
    cache->counts = (RkCacheCounts){0};
    cache->n_seen = 0;
    if (cache->seen != NULL)
        memset(cache->seen, 0, ((size_t)cache->seen_mask + 1) * sizeof *cache->seen);
}

// ---- requests ------------------------------------------------------------------------------

RkCacheOutcome
rk_cache_request(RkCache *cache, uint64_t key, RkCacheSlot *slot)
{
    *slot = (RkCacheSlot){.place = RK_CACHE_NONE};
    RkCacheOutcome outcome = RK_CACHE_REFUSED;
    if (cache->capacity > 0)
        outcome = cache->policy->request(cache, key, rk_cache_lookup(cache, key), slot);
    cache->counts.requests++;
    cache->counts.hits += outcome == RK_CACHE_HIT;
    cache->counts.refused += outcome == RK_CACHE_REFUSED;
    if (cache->seen != NULL)
        note_unique(cache, key, outcome == RK_CACHE_HIT);
    return outcome;
}

uint32_t
rk_cache_find(const RkCache *cache, uint64_t key)
{
    uint32_t at = cache->capacity > 0 ? rk_cache_lookup(cache, key) : NIL;
    return at != NIL && at < cache->capacity ? at : RK_CACHE_NONE;
}

void
rk_cache_remove(RkCache *cache, uint64_t key)
{
    uint32_t at = rk_cache_find(cache, key);
    g_return_if_fail(at != RK_CACHE_NONE);
    cache->policy->remove(cache, at);
    rk_cache_drop(cache, at);
}

uint32_t
rk_cache_capacity(const RkCache *cache)
{
    return cache->capacity;
}

uint32_t
rk_cache_size(const RkCache *cache)
{
    return cache->n;
}

uint64_t
rk_cache_bytes(const RkCache *cache)
{
    return cache->bytes;
}

const char *
rk_cache_policy(const RkCache *cache)
{
    return cache->policy->name;
}
