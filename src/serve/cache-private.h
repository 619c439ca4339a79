// SPDX-License-Identifier: GPL-3.0-or-later
//
// What policies are made of: entries with links in one array, queues through them, a table from
// keys to entries. An entry below the capacity is a place of the cache; those behind are ghosts,
// keys that a policy remembers without a value. Only serve/cache*.c include this.
#pragma once

#include "serve/cache.h"

#define NIL UINT32_MAX

typedef struct {
    uint64_t key;
    uint32_t previous, next; // in its queue: towards the head, towards the tail
    uint32_t chain;          // the next entry of its bucket
    uint8_t queue;           // the policy's number of the queue that it is in
    uint8_t count;           // the policy's own: frequency or reference bit
    uint16_t unused;
} RkEntry;

// Doubly linked: new ones at the head, old ones at the tail.
typedef struct {
    uint32_t head, tail, n;
} RkQueue;

typedef struct RkPolicy RkPolicy;

struct RkCache {
    const RkPolicy *policy;
    uint32_t capacity, n_ghosts; // entries [0, capacity) are places, [capacity, + n_ghosts) ghosts
    RkEntry *entry;
    uint32_t *bucket; // [mask + 1] first entries of chains
    uint32_t mask;
    uint32_t free_place, free_ghost; // lists through `next`
    uint32_t n;                      // places in use
    uint64_t bytes;
    RkCacheCounts counts;
    uint64_t *seen; // [seen_mask + 1] keys + 1 that were asked for, its top bit: found once
    uint32_t seen_mask, n_seen, most_seen;
    void *data; // the policy's own
};

struct RkPolicy {
    const char *name;
    // Ghost entries for a capacity; NULL: none.
    uint32_t (*ghosts)(uint32_t capacity);
    // Makes cache->data; NULL when there is none. `set` may be NULL.
    gboolean (*init)(RkCache *cache, const RkParams *set, GError **error);
    void (*clear)(RkCache *cache);
    // A request of the key of entry `at`, a place or a ghost, or of a key that isn't known (NIL).
    // Returns as rk_cache_request() does; evicts by rk_cache_evict().
    RkCacheOutcome (*request)(RkCache *cache, uint64_t key, uint32_t at, RkCacheSlot *slot);
    // Takes an entry out of the policy's queues before it is freed.
    void (*remove)(RkCache *cache, uint32_t at);
};

// ---- keys and entries ----------------------------------------------------------------------

uint64_t rk_cache_hash(uint64_t key);
uint32_t rk_cache_lookup(const RkCache *cache, uint64_t key); // a place or a ghost; NIL

// A free place with a key, to be put into a queue. There must be one.
uint32_t rk_cache_add(RkCache *cache, uint64_t key);
uint32_t rk_cache_add_ghost(RkCache *cache, uint64_t key);
void rk_cache_drop(RkCache *cache, uint32_t at); // back to the free ones; out of queues already

// The same for a place that makes room, told in `slot`.
void rk_cache_evict(RkCache *cache, uint32_t at, RkCacheSlot *slot);

// ---- queues --------------------------------------------------------------------------------

static inline RkQueue
rk_queue(void)
{
    return (RkQueue){NIL, NIL, 0};
}

static inline void
rk_queue_push(RkCache *cache, RkQueue *queue, uint32_t at)
{
    RkEntry *e = &cache->entry[at];
    e->previous = NIL;
    e->next = queue->head;
    if (queue->head != NIL)
        cache->entry[queue->head].previous = at;
    else
        queue->tail = at;
    queue->head = at;
    queue->n++;
}

static inline void
rk_queue_unlink(RkCache *cache, RkQueue *queue, uint32_t at)
{
    RkEntry *e = &cache->entry[at];
    if (e->previous != NIL)
        cache->entry[e->previous].next = e->next;
    else
        queue->head = e->next;
    if (e->next != NIL)
        cache->entry[e->next].previous = e->previous;
    else
        queue->tail = e->previous;
    queue->n--;
}
