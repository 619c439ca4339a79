// SPDX-License-Identifier: GPL-3.0-or-later
//
// Least recently used: a hit goes to the head, the tail makes room.
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

static RkCacheOutcome
request(RkCache *cache, uint64_t key, uint32_t at, RkCacheSlot *slot)
{
    RkQueue *queue = cache->data;
    if (at != NIL) {
        rk_queue_unlink(cache, queue, at);
        rk_queue_push(cache, queue, at);
        slot->place = at;
        return RK_CACHE_HIT;
    }
    if (cache->n == cache->capacity) {
        uint32_t last = queue->tail;
        rk_queue_unlink(cache, queue, last);
        rk_cache_evict(cache, last, slot);
    }
    slot->place = rk_cache_add(cache, key);
    rk_queue_push(cache, queue, slot->place);
    return RK_CACHE_ADMIT;
}

const RkPolicy rk_policy_lru = {
    .name = "lru", .init = init, .clear = clear, .request = request, .remove = forget};
