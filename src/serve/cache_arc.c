// SPDX-License-Identifier: GPL-3.0-or-later
//
// ARC (Megiddo and Modha, FAST 2003): what was asked for once (t1) and more often (t2) share the
// room; ghosts of either (b1, b2) that are asked for again tell which share was too small.
#include "serve/cache-private.h"

enum { T1, T2, B1, B2, N_QUEUES };

typedef struct {
    RkQueue queue[N_QUEUES];
    uint32_t target; // of t1
} Arc;

static uint32_t
ghosts(uint32_t capacity)
{
    return capacity;
}

static gboolean
init(RkCache *cache, const RkParams *set, GError **error)
{
    Arc *a = cache->data = g_new(Arc, 1);
    *a = (Arc){{rk_queue(), rk_queue(), rk_queue(), rk_queue()}, 0};
    return TRUE;
}

static void
clear(RkCache *cache)
{
    g_free(cache->data);
}

static void
unlink_entry(RkCache *cache, uint32_t at)
{
    Arc *a = cache->data;
    rk_queue_unlink(cache, &a->queue[cache->entry[at].queue], at);
}

static void
put(RkCache *cache, uint8_t queue, uint32_t at)
{
    Arc *a = cache->data;
    cache->entry[at].queue = queue;
    rk_queue_push(cache, &a->queue[queue], at);
}

static void
drop_oldest(RkCache *cache, uint8_t queue)
{
    Arc *a = cache->data;
    uint32_t at = a->queue[queue].tail;
    rk_queue_unlink(cache, &a->queue[queue], at);
    rk_cache_drop(cache, at);
}

// The paper's REPLACE: the oldest of t1 or t2 becomes a ghost.
static void
make_room(RkCache *cache, gboolean was_b2, RkCacheSlot *slot)
{
    Arc *a = cache->data;
    uint32_t n = a->queue[T1].n;
    gboolean first = n > 0 && (n > a->target || (was_b2 && n == a->target) || a->queue[T2].n == 0);
    uint32_t at = a->queue[first ? T1 : T2].tail;
    uint64_t key = cache->entry[at].key;
    unlink_entry(cache, at);
    rk_cache_evict(cache, at, slot);
    if (a->queue[B1].n + a->queue[B2].n == cache->n_ghosts)
        drop_oldest(cache, a->queue[B2].n > 0 && !first ? B2 : a->queue[B1].n > 0 ? B1 : B2);
    put(cache, first ? B1 : B2, rk_cache_add_ghost(cache, key));
}

static void
adapt(RkCache *cache, uint8_t ghost)
{
    Arc *a = cache->data;
    uint32_t b1 = MAX(a->queue[B1].n, 1), b2 = MAX(a->queue[B2].n, 1);
    if (ghost == B1)
        a->target = MIN(a->target + MAX(b2 / b1, 1), cache->capacity);
    else
        a->target -= MIN(a->target, MAX(b1 / b2, 1));
}

static RkCacheOutcome
bring_back(RkCache *cache, uint64_t key, uint32_t at, RkCacheSlot *slot)
{
    uint8_t ghost = cache->entry[at].queue;
    adapt(cache, ghost);
    unlink_entry(cache, at);
    rk_cache_drop(cache, at);
    if (cache->n == cache->capacity)
        make_room(cache, ghost == B2, slot);
    slot->place = rk_cache_add(cache, key);
    put(cache, T2, slot->place);
    return RK_CACHE_ADMIT;
}

static RkCacheOutcome
request(RkCache *cache, uint64_t key, uint32_t at, RkCacheSlot *slot)
{
    Arc *a = cache->data;
    if (at != NIL && at < cache->capacity) {
        unlink_entry(cache, at);
        put(cache, T2, at);
        slot->place = at;
        return RK_CACHE_HIT;
    }
    if (at != NIL)
        return bring_back(cache, key, at, slot);
    uint32_t c = cache->capacity, n1 = a->queue[T1].n + a->queue[B1].n;
    uint32_t all = n1 + a->queue[T2].n + a->queue[B2].n;
    if (n1 >= c && a->queue[B1].n == 0) { // t1 alone fills the room: no ghost of its oldest
        uint32_t oldest = a->queue[T1].tail;
        unlink_entry(cache, oldest);
        rk_cache_evict(cache, oldest, slot);
    } else {
        if (n1 >= c)
            drop_oldest(cache, B1);
        else if (all >= 2 * (uint64_t)c && a->queue[B2].n > 0)
            drop_oldest(cache, B2);
        if (cache->n == c)
            make_room(cache, FALSE, slot);
    }
    slot->place = rk_cache_add(cache, key);
    put(cache, T1, slot->place);
    return RK_CACHE_ADMIT;
}

const RkPolicy rk_policy_arc = {.name = "arc",
                                .ghosts = ghosts,
                                .init = init,
                                .clear = clear,
                                .request = request,
                                .remove = unlink_entry};
