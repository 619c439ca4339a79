// SPDX-License-Identifier: GPL-3.0-or-later
//
// S3-FIFO (Yang et al., SOSP 2023): newcomers pass through a small queue; who was asked for more
// than once there goes on to the main one, the others are remembered as ghosts. A ghost that is
// asked for again goes straight to the main queue, which gives a chance for each count up to 3.
#include "serve/cache-private.h"

enum { SMALL, MAIN, GHOST };

typedef struct {
    RkQueue small, main, ghost;
    uint32_t n_small; // room of the small queue
} S3;

static uint32_t
ghosts(uint32_t capacity)
{
    return capacity;
}

static gboolean
init(RkCache *cache, const RkParams *set, GError **error)
{
    S3 *s = cache->data = g_new(S3, 1);
    double share = set != NULL ? rk_params_real(set, "cache.small") : 0.1;
    *s = (S3){rk_queue(), rk_queue(), rk_queue(), (uint32_t)(share * cache->capacity)};
    s->n_small = CLAMP(s->n_small, 1, cache->capacity);
    return TRUE;
}

static void
clear(RkCache *cache)
{
    g_free(cache->data);
}

static void
forget(RkCache *cache, uint32_t at)
{
    S3 *s = cache->data;
    rk_queue_unlink(cache, cache->entry[at].queue == SMALL ? &s->small : &s->main, at);
}

static void
put(RkCache *cache, RkQueue *queue, uint8_t name, uint32_t at)
{
    cache->entry[at].queue = name;
    rk_queue_push(cache, queue, at);
}

static void
remember(RkCache *cache, S3 *s, uint64_t key)
{
    if (s->ghost.n == cache->n_ghosts) {
        uint32_t oldest = s->ghost.tail;
        rk_queue_unlink(cache, &s->ghost, oldest);
        rk_cache_drop(cache, oldest);
    }
    put(cache, &s->ghost, GHOST, rk_cache_add_ghost(cache, key));
}

static void
evict_main(RkCache *cache, S3 *s, RkCacheSlot *slot)
{
    uint32_t at = s->main.tail;
    while (cache->entry[at].count > 0) {
        cache->entry[at].count--;
        rk_queue_unlink(cache, &s->main, at);
        rk_queue_push(cache, &s->main, at);
        at = s->main.tail;
    }
    rk_queue_unlink(cache, &s->main, at);
    rk_cache_evict(cache, at, slot);
}

// FALSE when every newcomer moved on and nothing left the cache.
static gboolean
evict_small(RkCache *cache, S3 *s, RkCacheSlot *slot)
{
    while (s->small.n > 0) {
        uint32_t at = s->small.tail;
        uint64_t key = cache->entry[at].key;
        rk_queue_unlink(cache, &s->small, at);
        if (cache->entry[at].count > 1) {
            cache->entry[at].count = 0;
            put(cache, &s->main, MAIN, at);
            continue;
        }
        rk_cache_evict(cache, at, slot);
        remember(cache, s, key);
        return TRUE;
    }
    return FALSE;
}

static RkCacheOutcome
request(RkCache *cache, uint64_t key, uint32_t at, RkCacheSlot *slot)
{
    S3 *s = cache->data;
    gboolean known = at != NIL;
    if (known && at < cache->capacity) {
        cache->entry[at].count = MIN(cache->entry[at].count + 1, 3);
        slot->place = at;
        return RK_CACHE_HIT;
    }
    if (known) {
        rk_queue_unlink(cache, &s->ghost, at);
        rk_cache_drop(cache, at);
    }
    if (cache->n == cache->capacity &&
        !((s->small.n >= s->n_small || s->main.n == 0) && evict_small(cache, s, slot)))
        evict_main(cache, s, slot);
    slot->place = rk_cache_add(cache, key);
    put(cache, known ? &s->main : &s->small, known ? MAIN : SMALL, slot->place);
    return RK_CACHE_ADMIT;
}

const RkPolicy rk_policy_s3fifo = {.name = "s3fifo",
                                   .ghosts = ghosts,
                                   .init = init,
                                   .clear = clear,
                                   .request = request,
                                   .remove = forget};
