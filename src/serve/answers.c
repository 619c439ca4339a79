// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve/answers.h"

#include "base/clock.h"

#include <string.h>

typedef struct {
    uint64_t made_ns;
    uint32_t n;
    gboolean whole; // the answer is there, not only its key
} Entry;

struct RkAnswerCache {
    RkAnswerCacheOptions options;
    RkTracked cached;
    Entry *entry;    // [entries]
    uint32_t *items; // [entries, k]
    float *scores;   // [entries, k]
};

RkAnswerCache *
rk_answer_cache_new(const RkAnswerCacheOptions *o, GError **error)
{
    g_autoptr(RkAnswerCache) cache = g_new0(RkAnswerCache, 1);
    cache->options = *o;
    const RkTrackedOptions tracked = {.what = "answers",
                                      .policy = o->policy,
                                      .entries = strcmp(o->policy, "none") != 0 ? o->entries : 0,
                                      .entry_bytes = sizeof(Entry) + 8 * (size_t)o->k + 64,
                                      .set = o->set};
    if (!rk_tracked_init(&cache->cached, &tracked, error))
        return NULL;
    cache->options.set = NULL;
    size_t n = MAX(tracked.entries, 1);
    cache->entry = g_try_malloc0_n(n, sizeof *cache->entry);
    cache->items = g_try_malloc_n(n * o->k, sizeof *cache->items);
    cache->scores = g_try_malloc_n(n * o->k, sizeof *cache->scores);
    if (cache->entry != NULL && cache->items != NULL && cache->scores != NULL)
        return g_steal_pointer(&cache);
    g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                "Can't make the cache of answers: there is no memory for %zu of %u items. Lower "
                "cache.answers.entries.",
                n, o->k);
    return NULL;
}

void
rk_answer_cache_free(RkAnswerCache *cache)
{
    if (cache == NULL)
        return;
    rk_tracked_clear(&cache->cached);
    g_free(cache->entry);
    g_free(cache->items);
    g_free(cache->scores);
    g_free(cache);
}

// FNV-1a over words, with a rotation so that high bits come to matter too.
uint64_t
rk_answer_cache_key(const RkAnswerCache *cache, const RkQuery *query)
{
    if (cache->options.by_user)
        return query->user;
    uint64_t hash = 0xcbf29ce484222325u ^ query->user;
    for (uint32_t i = 0; i < query->n_candidates; i++) {
        hash = (hash ^ query->candidates[i]) * 0x100000001b3u;
        hash = hash << 29 | hash >> 35;
    }
    return hash;
}

gboolean
rk_answer_cache_get(RkAnswerCache *cache, uint64_t key, uint64_t now_ns, RkAnswer *answer)
{
    uint64_t start_ns = rk_clock_ns();
    RkCacheSlot slot;
    RkCacheOutcome outcome = rk_tracked_request(&cache->cached, key, &slot);
    if (outcome == RK_CACHE_ADMIT)
        cache->entry[slot.place].whole = FALSE;
    if (outcome != RK_CACHE_HIT)
        return FALSE;
    Entry *entry = &cache->entry[slot.place];
    uint64_t live_ns = cache->options.live_ns;
    if (entry->whole && live_ns > 0 && now_ns - entry->made_ns >= live_ns) {
        entry->whole = FALSE;
        cache->cached.expired++;
    }
    if (!entry->whole)
        return FALSE;
    answer->n = entry->n;
    answer->item = cache->items + (size_t)slot.place * cache->options.k;
    answer->score = cache->scores + (size_t)slot.place * cache->options.k;
    cache->cached.hits++;
    cache->cached.hit_ns += rk_clock_ns() - start_ns;
    return TRUE;
}

void
rk_answer_cache_put(RkAnswerCache *cache, uint64_t key, uint64_t now_ns, const RkAnswer *answer)
{
    uint32_t place = rk_cache_find(cache->cached.cache, key);
    if (place == RK_CACHE_NONE)
        return;
    size_t at = (size_t)place * cache->options.k;
    uint32_t n = MIN(answer->n, cache->options.k);
    cache->entry[place] = (Entry){now_ns, n, TRUE};
    memcpy(cache->items + at, answer->item, n * sizeof *cache->items);
    memcpy(cache->scores + at, answer->score, n * sizeof *cache->scores);
}

void
rk_answer_cache_to_json(RkAnswerCache *cache, JsonBuilder *json)
{
    rk_tracked_to_json(&cache->cached, json);
}
