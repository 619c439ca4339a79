// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve/cache.h"

#include <stdlib.h>
#include <string.h>

#define NEVER UINT64_MAX

typedef struct {
    uint64_t key, at;
} Request;

static int
by_key_then_place(const void *left, const void *right)
{
    const Request *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

// next[i]: where the key of request i comes again. first[i]: whether it hadn't come before; NULL to
// leave it.
static uint64_t *
find_next(const uint64_t *keys, uint64_t n, uint8_t *first)
{
    g_autofree Request *sorted = g_new(Request, MAX(n, 1));
    uint64_t *next = g_new(uint64_t, MAX(n, 1));
    for (uint64_t i = 0; i < n; i++)
        sorted[i] = (Request){keys[i], i};
    qsort(sorted, n, sizeof *sorted, by_key_then_place);
    for (uint64_t i = 0; i < n; i++) {
        gboolean again = i + 1 < n && sorted[i + 1].key == sorted[i].key;
        next[sorted[i].at] = again ? sorted[i + 1].at : NEVER;
        if (first != NULL)
            first[sorted[i].at] = i == 0 || sorted[i - 1].key != sorted[i].key;
    }
    return next;
}

// A heap of what is kept, the one that comes last on top. An entry is the next use of a key; a hit
// makes it stale, as that use is over: it stays in the heap, at or below the present.
typedef struct {
    uint64_t *use;
    uint64_t n;
} Heap;

static void
heap_push(Heap *heap, uint64_t use)
{
    uint64_t i = heap->n++;
    for (; i > 0 && heap->use[(i - 1) / 2] < use; i = (i - 1) / 2)
        heap->use[i] = heap->use[(i - 1) / 2];
    heap->use[i] = use;
}

static uint64_t
heap_pop(Heap *heap)
{
    uint64_t top = heap->use[0], last = heap->use[--heap->n], i = 0;
    for (uint64_t child; (child = 2 * i + 1) < heap->n; i = child) {
        if (child + 1 < heap->n && heap->use[child + 1] > heap->use[child])
            child++;
        if (heap->use[child] <= last)
            break;
        heap->use[i] = heap->use[child];
    }
    if (heap->n > 0)
        heap->use[i] = last;
    return top;
}

// kept: by the place of the next use, what is there when the trace begins; no more than capacity.
static uint64_t
count_hits(const uint64_t *next, uint64_t n, uint32_t capacity, uint8_t *kept)
{
    Heap heap = {g_new(uint64_t, 2 * n + 1), 0};
    uint64_t hits = 0, n_kept = 0;
    for (uint64_t i = 0; i < n; i++)
        if (kept[i]) {
            heap_push(&heap, i);
            n_kept++;
        }
    for (uint64_t i = 0; i < n && capacity > 0; i++) {
        if (kept[i]) {
            hits++;
            n_kept--;
        }
        if (next[i] == NEVER)
            continue; // not worth a place
        kept[next[i]] = 1;
        heap_push(&heap, next[i]);
        if (++n_kept > capacity) {
            kept[heap_pop(&heap)] = 0; // what is on top lies ahead: stale ones are at most i
            n_kept--;
        }
    }
    g_free(heap.use);
    return hits;
}

uint64_t
rk_cache_belady_hits(const uint64_t *keys, uint64_t n, uint32_t capacity)
{
    g_autofree uint64_t *next = find_next(keys, n, NULL);
    g_autofree uint8_t *kept = g_malloc0(MAX(n, 1));
    return count_hits(next, n, capacity, kept);
}

static int
compare_keys(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

// What comes first is worth most, as it can be let go of soonest.
uint64_t
rk_cache_belady_warm_hits(const uint64_t *keys, uint64_t n, uint32_t capacity,
                          const uint64_t *before, uint64_t n_before)
{
    g_autofree uint8_t *kept = g_malloc0(MAX(n, 1));
    g_autofree uint64_t *next = find_next(keys, n, kept);
    g_autofree uint64_t *known = before != NULL ? g_memdup2(before, n_before * 8) : NULL;
    uint64_t n_kept = 0;
    if (known != NULL)
        qsort(known, n_before, sizeof *known, compare_keys);
    for (uint64_t i = 0; i < n; i++) {
        kept[i] = kept[i] && n_kept < capacity &&
                  (before == NULL || (known != NULL && bsearch(&keys[i], known, n_before,
                                                               sizeof *known, compare_keys)));
        n_kept += kept[i];
    }
    return count_hits(next, n, capacity, kept);
}
