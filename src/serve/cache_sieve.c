// SPDX-License-Identifier: GPL-3.0-or-later
//
// SIEVE (Zhang et al., NSDI 2024): as CLOCK, but who is spared stays where it is and the hand moves
// on towards the head, so that newcomers are sifted quickly.
#include "serve/cache-private.h"

typedef struct {
    RkQueue queue;
    uint32_t hand; // where the search goes on; NIL: at the tail
} Sieve;

static gboolean
init(RkCache *cache, const RkParams *set, GError **error)
{
    Sieve *s = cache->data = g_new(Sieve, 1);
    *s = (Sieve){rk_queue(), NIL};
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
    Sieve *s = cache->data;
    if (s->hand == at)
        s->hand = cache->entry[at].previous;
    rk_queue_unlink(cache, &s->queue, at);
}

static RkCacheOutcome
request(RkCache *cache, uint64_t key, uint32_t at, RkCacheSlot *slot)
{
    Sieve *s = cache->data;
    if (at != NIL) {
        cache->entry[at].count = 1;
        slot->place = at;
        return RK_CACHE_HIT;
    }
    if (cache->n == cache->capacity) {
        at = s->hand != NIL ? s->hand : s->queue.tail;
        while (cache->entry[at].count > 0) {
            cache->entry[at].count = 0;
            at = cache->entry[at].previous != NIL ? cache->entry[at].previous : s->queue.tail;
        }
        s->hand = cache->entry[at].previous;
        rk_queue_unlink(cache, &s->queue, at);
        rk_cache_evict(cache, at, slot);
    }
    slot->place = rk_cache_add(cache, key);
    rk_queue_push(cache, &s->queue, slot->place);
    return RK_CACHE_ADMIT;
}

const RkPolicy rk_policy_sieve = {
    .name = "sieve", .init = init, .clear = clear, .request = request, .remove = forget};
