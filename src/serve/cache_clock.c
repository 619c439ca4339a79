// SPDX-License-Identifier: GPL-3.0-or-later
//
// CLOCK (Corbato, 1968): a hit sets a bit; the hand gives a second chance to whom has it. With
// a queue for the circle, the hand stands at the tail.
#include "serve/cache-private.h"

static gboolean
init(RkCache *cache, const RkParams *set, GError **error)
{
    RkQueue *queue = cache->data = g_new(RkQueue, 1);
    *queue = rk_queue();
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
    rk_queue_unlink(cache, cache->data, at);
}

static void
make_room(RkCache *cache, RkQueue *queue, RkCacheSlot *slot)
{
    uint32_t at = queue->tail;
    while (cache->entry[at].count > 0) {
        cache->entry[at].count = 0;
        rk_queue_unlink(cache, queue, at);
        rk_queue_push(cache, queue, at);
        at = queue->tail;
    }
    rk_queue_unlink(cache, queue, at);
    rk_cache_evict(cache, at, slot);
}

static RkCacheOutcome
request(RkCache *cache, uint64_t key, uint32_t at, RkCacheSlot *slot)
{
    RkQueue *queue = cache->data;
    if (at != NIL) {
        cache->entry[at].count = 1;
        slot->place = at;
        return RK_CACHE_HIT;
    }
    if (cache->n == cache->capacity)
        make_room(cache, queue, slot);
    slot->place = rk_cache_add(cache, key);
    rk_queue_push(cache, queue, slot->place);
    return RK_CACHE_ADMIT;
}

const RkPolicy rk_policy_clock = {
    .name = "clock", .init = init, .clear = clear, .request = request, .remove = forget};
