// SPDX-License-Identifier: GPL-3.0-or-later
//
// W-TinyLFU (Einziger, Friedman and Manes, ACM TOS 13, 2017): newcomers enter a small LRU window;
// whoever leaves it competes with the oldest on probation of a segmented LRU, and the one that was
// asked for more often lately stays. How often is estimated by a count-min sketch of 4-bit counters
// behind a doorkeeper (a Bloom filter for the first request), all halved after a sample of
// requests.
#include "serve/cache-private.h"

#include <string.h>

enum { WINDOW, PROBATION, PROTECTED, N_QUEUES };
#define DEPTH        4u  // rows of the sketch
#define SAMPLE       32u // requests an entry until the counts are halved; the authors take 10
#define MOST         15u // of a counter
#define PROTECTED_OF 0.8 // share of the main part, the authors'

typedef struct {
    RkQueue queue[N_QUEUES];
    uint32_t n_window, n_protected; // room
    uint8_t *count;                 // [DEPTH][mask + 1]
    uint64_t *door;                 // bits, [(mask + 1) * DOOR_BITS / 64]
    uint32_t mask;
    uint64_t n_counted, sample;
} Tiny;

static gboolean
init(RkCache *cache, const RkParams *set, GError **error)
{
    double share = set != NULL ? rk_params_real(set, "cache.window") : 0.01;
    Tiny *t = cache->data = g_new0(Tiny, 1);
    uint32_t width = 64;
    while (width < 2 * (uint64_t)cache->capacity && width < 1u << 30)
        width *= 2;
    for (int q = 0; q < N_QUEUES; q++)
        t->queue[q] = rk_queue();
    t->n_window = CLAMP((uint32_t)(share * cache->capacity), 1, cache->capacity);
    t->n_protected = (uint32_t)(PROTECTED_OF * (cache->capacity - t->n_window));
    t->mask = width - 1;
    t->sample = (uint64_t)SAMPLE * MAX(cache->capacity, 1);
    t->count = g_try_malloc0((size_t)DEPTH * width);
    t->door = g_try_malloc0((size_t)width);
    cache->bytes += (uint64_t)(DEPTH + 1) * width;
    if (t->count != NULL && t->door != NULL)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                "Can't make a cache of %u entries: its sketch takes %u bytes. Lower cache.entries.",
                cache->capacity, (DEPTH + 1) * width);
    return FALSE;
}

static void
clear(RkCache *cache)
{
    Tiny *t = cache->data;
    g_free(t->count);
    g_free(t->door);
    g_free(t);
}

// ---- how often -----------------------------------------------------------------------------

// Eight bits of the doorkeeper for each column of the sketch; two probes.
static gboolean
door(Tiny *t, uint64_t hash, gboolean set)
{
    uint64_t bits = ((uint64_t)t->mask + 1) * 8, n_set = 0;
    for (int probe = 0; probe < 2; probe++) {
        uint64_t bit = (probe == 0 ? hash : hash >> 29 ^ hash << 7) & (bits - 1);
        n_set += t->door[bit / 64] >> bit % 64 & 1;
        if (set)
            t->door[bit / 64] |= (uint64_t)1 << bit % 64;
    }
    return n_set == 2;
}

static uint8_t *
counter(const Tiny *t, uint64_t hash, uint32_t row)
{
    uint64_t mixed = hash * (2 * (uint64_t)row + 0x9e3779b97f4a7c15u);
    return &t->count[(size_t)row * (t->mask + 1) + ((mixed >> 32) & t->mask)];
}

static uint32_t
frequency(Tiny *t, uint64_t key)
{
    uint64_t hash = rk_cache_hash(key);
    uint32_t least = MOST;
    for (uint32_t row = 0; row < DEPTH; row++)
        least = MIN(least, *counter(t, hash, row));
    return least + (uint32_t)door(t, hash, FALSE);
}

static void
halve(Tiny *t)
{
    size_t n = (size_t)DEPTH * (t->mask + 1);
    for (size_t i = 0; i < n; i++)
        t->count[i] /= 2;
    memset(t->door, 0, (size_t)t->mask + 1);
    t->n_counted /= 2;
}

static void
count(Tiny *t, uint64_t key)
{
    uint64_t hash = rk_cache_hash(key);
    if (door(t, hash, TRUE)) {
        uint32_t least = MOST;
        for (uint32_t row = 0; row < DEPTH; row++)
            least = MIN(least, *counter(t, hash, row));
        for (uint32_t row = 0; least < MOST && row < DEPTH; row++) {
            uint8_t *c = counter(t, hash, row);
            *c += *c == least; // no more than is needed
        }
    }
    if (++t->n_counted >= t->sample)
        halve(t);
}

// ---- who stays -----------------------------------------------------------------------------

static void
move(RkCache *cache, uint32_t at, uint8_t queue)
{
    Tiny *t = cache->data;
    rk_queue_unlink(cache, &t->queue[cache->entry[at].queue], at);
    cache->entry[at].queue = queue;
    rk_queue_push(cache, &t->queue[queue], at);
}

static void
forget(RkCache *cache, uint32_t at)
{
    Tiny *t = cache->data;
    rk_queue_unlink(cache, &t->queue[cache->entry[at].queue], at);
}

static void
hit(RkCache *cache, uint32_t at)
{
    Tiny *t = cache->data;
    uint8_t queue = cache->entry[at].queue;
    move(cache, at, queue == WINDOW ? WINDOW : PROTECTED);
    if (t->queue[PROTECTED].n > t->n_protected)
        move(cache, t->queue[PROTECTED].tail, PROBATION);
}

// The cache is full: the window's oldest, or one of the main part, has to go.
static void
make_room(RkCache *cache, RkCacheSlot *slot)
{
    Tiny *t = cache->data;
    uint32_t newcomer = t->queue[WINDOW].tail, oldest = t->queue[PROBATION].tail;
    if (oldest == NIL)
        oldest = t->queue[PROTECTED].tail;
    uint32_t loser = oldest != NIL ? oldest : newcomer;
    if (t->queue[WINDOW].n >= t->n_window && oldest != NIL) {
        if (frequency(t, cache->entry[newcomer].key) > frequency(t, cache->entry[oldest].key))
            move(cache, newcomer, PROBATION);
        else
            loser = newcomer;
    }
    forget(cache, loser);
    rk_cache_evict(cache, loser, slot);
}

static RkCacheOutcome
request(RkCache *cache, uint64_t key, uint32_t at, RkCacheSlot *slot)
{
    Tiny *t = cache->data;
    count(t, key);
    if (at != NIL) {
        hit(cache, at);
        slot->place = at;
        return RK_CACHE_HIT;
    }
    if (cache->n == cache->capacity)
        make_room(cache, slot);
    else if (t->queue[WINDOW].n >= t->n_window) // still filling: nobody has to compete
        move(cache, t->queue[WINDOW].tail, PROBATION);
    slot->place = rk_cache_add(cache, key);
    cache->entry[slot->place].queue = WINDOW;
    rk_queue_push(cache, &t->queue[WINDOW], slot->place);
    return RK_CACHE_ADMIT;
}

const RkPolicy rk_policy_tinylfu = {
    .name = "tinylfu", .init = init, .clear = clear, .request = request, .remove = forget};
