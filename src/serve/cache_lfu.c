// SPDX-License-Identifier: GPL-3.0-or-later
//
// Least frequently used, in O(1) (Shah, Mitra and Matani, 2010): a queue for each count, the oldest
// of the lowest count makes room. Counts belong to what is in the cache and go with it; those
// above the highest queue stay there, in order of use.
#include "serve/cache-private.h"

#define COUNTS 255u

typedef struct {
    RkQueue queue[COUNTS + 1]; // by count, from 1
    uint32_t least;            // no queue below has an entry
} Lfu;

static gboolean
init(RkCache *cache, const RkParams *set, GError **error)
{
    Lfu *l = cache->data = g_new(Lfu, 1);
    for (uint32_t i = 0; i <= COUNTS; i++)
        l->queue[i] = rk_queue();
    l->least = 1;
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
    Lfu *l = cache->data;
    rk_queue_unlink(cache, &l->queue[cache->entry[at].count], at);
}

static RkCacheOutcome
request(RkCache *cache, uint64_t key, uint32_t at, RkCacheSlot *slot)
{
    Lfu *l = cache->data;
    if (at != NIL) {
        RkEntry *e = &cache->entry[at];
        rk_queue_unlink(cache, &l->queue[e->count], at);
        e->count = (uint8_t)MIN(e->count + 1u, COUNTS);
        rk_queue_push(cache, &l->queue[e->count], at);
        slot->place = at;
        return RK_CACHE_HIT;
    }
    if (cache->n == cache->capacity) {
        while (l->queue[l->least].n == 0)
            l->least++;
        uint32_t oldest = l->queue[l->least].tail;
        rk_queue_unlink(cache, &l->queue[l->least], oldest);
        rk_cache_evict(cache, oldest, slot);
    }
    slot->place = rk_cache_add(cache, key);
    cache->entry[slot->place].count = 1;
    rk_queue_push(cache, &l->queue[1], slot->place);
    l->least = 1;
    return RK_CACHE_ADMIT;
}

const RkPolicy rk_policy_lfu = {
    .name = "lfu", .init = init, .clear = clear, .request = request, .remove = forget};
