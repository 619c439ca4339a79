// SPDX-License-Identifier: GPL-3.0-or-later
//
// Caches against plain ones: lists searched from end to end, written from the papers' words. The
// same keys must be found, and the same ones must leave, whatever the trace.
#include "serve/cache.h"

#include "base/rng.h"

#include <math.h>
#include <string.h>

enum { SEED = 11 };

// ---- plain caches --------------------------------------------------------------------------

// A list of keys, the newest first, each with a count.
typedef struct {
    uint64_t key[512];
    uint32_t count[512];
    uint32_t n;
} List;

static int
place_of(const List *list, uint64_t key)
{
    for (uint32_t i = 0; i < list->n; i++)
        if (list->key[i] == key)
            return (int)i;
    return -1;
}

static uint64_t
cut(List *list, uint32_t at, uint32_t *count)
{
    uint64_t key = list->key[at];
    *count = list->count[at];
    list->n--;
    memmove(list->key + at, list->key + at + 1, (list->n - at) * sizeof *list->key);
    memmove(list->count + at, list->count + at + 1, (list->n - at) * sizeof *list->count);
    return key;
}

static void
put(List *list, uint64_t key, uint32_t count)
{
    g_assert_cmpuint(list->n, <, G_N_ELEMENTS(list->key));
    memmove(list->key + 1, list->key, list->n * sizeof *list->key);
    memmove(list->count + 1, list->count, list->n * sizeof *list->count);
    list->key[0] = key;
    list->count[0] = count;
    list->n++;
}

typedef struct {
    uint32_t capacity;
    List list[4];
    int hand;        // sieve: index from the tail's side is kept as a key
    uint64_t at_key; // sieve: where the hand stands
    gboolean has_hand;
    double target; // arc
} Plain;

// Each returns whether the key was there; `gone` receives a key that left, or UINT64_MAX.
typedef gboolean (*PlainRequest)(Plain *p, uint64_t key, uint64_t *gone);

static gboolean
plain_lru(Plain *p, uint64_t key, uint64_t *gone)
{
    uint32_t count;
    int at = place_of(p->list, key);
    if (at >= 0)
        cut(p->list, (uint32_t)at, &count);
    else if (p->list->n == p->capacity)
        *gone = cut(p->list, p->list->n - 1, &count);
    put(p->list, key, 0);
    return at >= 0;
}

static gboolean
plain_lfu(Plain *p, uint64_t key, uint64_t *gone)
{
    uint32_t count = 0, lowest = UINT32_MAX, victim = 0, dropped;
    int at = place_of(p->list, key);
    if (at >= 0) {
        cut(p->list, (uint32_t)at, &count);
        put(p->list, key, MIN(count + 1, 255));
        return TRUE;
    }
    if (p->list->n == p->capacity) {
        for (uint32_t i = 0; i < p->list->n; i++) // the oldest use among the lowest counts
            if (p->list->count[i] <= lowest) {
                lowest = p->list->count[i];
                victim = i;
            }
        *gone = cut(p->list, victim, &dropped);
    }
    put(p->list, key, 1);
    return FALSE;
}

static gboolean
plain_clock(Plain *p, uint64_t key, uint64_t *gone)
{
    uint32_t count;
    int at = place_of(p->list, key);
    if (at >= 0) {
        p->list->count[at] = 1;
        return TRUE;
    }
    while (p->list->n == p->capacity) {
        uint64_t last = cut(p->list, p->list->n - 1, &count);
        if (count > 0)
            put(p->list, last, 0);
        else
            *gone = last;
    }
    put(p->list, key, 0);
    return FALSE;
}

static gboolean
plain_sieve(Plain *p, uint64_t key, uint64_t *gone)
{
    uint32_t count;
    int at = place_of(p->list, key);
    if (at >= 0) {
        p->list->count[at] = 1;
        return TRUE;
    }
    if (p->list->n == p->capacity) {
        int hand = p->has_hand ? place_of(p->list, p->at_key) : (int)p->list->n - 1;
        while (p->list->count[hand] > 0) {
            p->list->count[hand] = 0;
            hand = hand > 0 ? hand - 1 : (int)p->list->n - 1;
        }
        p->has_hand = hand > 0;
        if (hand > 0)
            p->at_key = p->list->key[hand - 1];
        *gone = cut(p->list, (uint32_t)hand, &count);
    }
    put(p->list, key, 0);
    return FALSE;
}

enum { SMALL, MAIN, GHOST };

static void
plain_s3_room(Plain *p, uint64_t *gone)
{
    uint32_t n_small = MAX(p->capacity / 10, 1), count;
    if (p->list[SMALL].n >= n_small || p->list[MAIN].n == 0)
        while (p->list[SMALL].n > 0) {
            uint64_t key = cut(&p->list[SMALL], p->list[SMALL].n - 1, &count);
            if (count > 1) {
                put(&p->list[MAIN], key, 0);
                continue;
            }
            if (p->list[GHOST].n == p->capacity)
                cut(&p->list[GHOST], p->list[GHOST].n - 1, &count);
            put(&p->list[GHOST], key, 0);
            *gone = key;
            return;
        }
    while (*gone == UINT64_MAX) {
        uint64_t key = cut(&p->list[MAIN], p->list[MAIN].n - 1, &count);
        if (count > 0)
            put(&p->list[MAIN], key, count - 1);
        else
            *gone = key;
    }
}

static gboolean
plain_s3fifo(Plain *p, uint64_t key, uint64_t *gone)
{
    uint32_t count;
    for (int q = SMALL; q <= MAIN; q++) {
        int at = place_of(&p->list[q], key);
        if (at >= 0) {
            p->list[q].count[at] = MIN(p->list[q].count[at] + 1, 3);
            return TRUE;
        }
    }
    int ghost = place_of(&p->list[GHOST], key);
    if (ghost >= 0)
        cut(&p->list[GHOST], (uint32_t)ghost, &count);
    if (p->list[SMALL].n + p->list[MAIN].n == p->capacity)
        plain_s3_room(p, gone);
    put(&p->list[ghost >= 0 ? MAIN : SMALL], key, 0);
    return FALSE;
}

enum { T1, T2, B1, B2 };

static uint64_t
cut_last(List *list)
{
    uint32_t count;
    return cut(list, list->n - 1, &count);
}

// REPLACE of figure 4 in the paper.
static uint64_t
plain_arc_replace(Plain *p, gboolean in_b2)
{
    List *l = p->list;
    gboolean first = l[T1].n >= 1 && ((in_b2 && l[T1].n == p->target) || l[T1].n > p->target);
    if (l[T2].n == 0)
        first = TRUE;
    uint64_t key = cut_last(&l[first ? T1 : T2]);
    put(&l[first ? B1 : B2], key, 0);
    return key;
}

static gboolean
plain_arc(Plain *p, uint64_t key, uint64_t *gone)
{
    List *l = p->list;
    uint32_t c = p->capacity, count;
    for (int q = T1; q <= T2; q++) {
        int at = place_of(&l[q], key);
        if (at < 0)
            continue;
        cut(&l[q], (uint32_t)at, &count);
        put(&l[T2], key, 0);
        return TRUE;
    }
    for (int q = B1; q <= B2; q++) {
        int at = place_of(&l[q], key);
        if (at < 0)
            continue;
        uint32_t b1 = l[B1].n, b2 = l[B2].n;
        if (q == B1)
            p->target = MIN(p->target + MAX(b2 / MAX(b1, 1), 1), c);
        else
            p->target = MAX(p->target - MAX(b1 / MAX(b2, 1), 1), 0);
        cut(&l[q], (uint32_t)at, &count);
        if (l[T1].n + l[T2].n == c)
            *gone = plain_arc_replace(p, q == B2);
        put(&l[T2], key, 0);
        return FALSE;
    }
    uint32_t l1 = l[T1].n + l[B1].n, all = l1 + l[T2].n + l[B2].n;
    if (l1 == c) {
        if (l[T1].n < c) {
            cut_last(&l[B1]);
            if (l[T1].n + l[T2].n == c)
                *gone = plain_arc_replace(p, FALSE);
        } else {
            *gone = cut_last(&l[T1]);
        }
    } else if (all >= c) {
        if (all == 2 * c)
            cut_last(&l[B2]);
        if (l[T1].n + l[T2].n == c)
            *gone = plain_arc_replace(p, FALSE);
    }
    put(&l[T1], key, 0);
    return FALSE;
}

static const struct {
    const char *policy;
    PlainRequest request;
} PLAIN[] = {
    {"lru", plain_lru},     {"lfu", plain_lfu},       {"clock", plain_clock},
    {"sieve", plain_sieve}, {"s3fifo", plain_s3fifo}, {"arc", plain_arc},
};

// ---- traces --------------------------------------------------------------------------------

typedef struct {
    const char *name;
    uint64_t (*key)(uint64_t i);
} Trace;

static uint64_t
uniform(uint64_t i)
{
    return rk_rng_below(SEED, 1, i, 120);
}

static uint64_t
skewed(uint64_t i)
{
    double u = rk_rng_double(SEED, 2, i);
    return (uint64_t)(200 * u * u * u * u);
}

static uint64_t
loop(uint64_t i) // one more than fits in the largest: the worst for LRU
{
    return i % 101;
}

static uint64_t
scans(uint64_t i) // something popular, and long runs of what comes once
{
    return i % 100 < 60 ? skewed(i) : 100000 + i;
}

static uint64_t
shift(uint64_t i) // what is popular changes
{
    return skewed(i) + i / 2000 * 50;
}

static const Trace TRACES[] = {
    {"uniform", uniform}, {"skewed", skewed}, {"a loop", loop}, {"scans", scans}, {"shift", shift}};
static const uint32_t CAPACITIES[] = {1, 2, 3, 10, 33, 100};

static void
finds_what_the_plain_one_finds(gconstpointer data)
{
    size_t which = GPOINTER_TO_SIZE(data);
    for (size_t t = 0; t < G_N_ELEMENTS(TRACES); t++)
        for (size_t c = 0; c < G_N_ELEMENTS(CAPACITIES); c++) {
            g_autoptr(RkCache) cache = rk_cache_new(PLAIN[which].policy, CAPACITIES[c], NULL, NULL);
            g_autofree Plain *plain = g_new0(Plain, 1);
            plain->capacity = CAPACITIES[c];
            for (uint64_t i = 0; i < 8000; i++) {
                uint64_t key = TRACES[t].key(i), gone = UINT64_MAX;
                RkCacheSlot slot;
                gboolean hit = rk_cache_request(cache, key, &slot) == RK_CACHE_HIT;
                gboolean expected = PLAIN[which].request(plain, key, &gone);
                if (hit != expected || slot.evicted != (gone != UINT64_MAX) ||
                    (slot.evicted && slot.evicted_key != gone))
                    g_error("%s of %u on %s: request %" G_GUINT64_FORMAT " differs",
                            PLAIN[which].policy, CAPACITIES[c], TRACES[t].name, i);
            }
        }
}

// Who is where, kept from what the cache told.
static void
tells_what_it_holds(gconstpointer data)
{
    const char *policy = data;
    for (size_t t = 0; t < G_N_ELEMENTS(TRACES); t++)
        for (size_t c = 0; c < G_N_ELEMENTS(CAPACITIES); c++) {
            uint32_t capacity = CAPACITIES[c];
            g_autoptr(RkCache) cache = rk_cache_new(policy, capacity, NULL, NULL);
            g_autofree uint64_t *at = g_new(uint64_t, capacity); // key of a place
            memset(at, 0xff, capacity * sizeof *at);
            uint32_t n = 0;
            for (uint64_t i = 0; i < 6000; i++) {
                uint64_t key = TRACES[t].key(i);
                uint32_t was = rk_cache_find(cache, key);
                RkCacheSlot slot;
                RkCacheOutcome outcome = rk_cache_request(cache, key, &slot);
                g_assert_true((outcome == RK_CACHE_HIT) == (was != RK_CACHE_NONE));
                if (outcome == RK_CACHE_HIT)
                    g_assert_true(slot.place == was && at[was] == key && !slot.evicted);
                if (slot.evicted) {
                    uint32_t left = 0;
                    while (left < capacity && at[left] != slot.evicted_key)
                        left++;
                    g_assert_cmpuint(left, <, capacity);
                    at[left] = UINT64_MAX;
                    n--;
                }
                if (outcome == RK_CACHE_ADMIT) {
                    g_assert_cmpuint(slot.place, <, capacity);
                    g_assert_true(at[slot.place] == UINT64_MAX);
                    at[slot.place] = key;
                    n++;
                }
                if (rk_rng_below(SEED, 3, i, 10) == 0 && rk_cache_find(cache, key) < capacity) {
                    at[rk_cache_find(cache, key)] = UINT64_MAX;
                    rk_cache_remove(cache, key);
                    g_assert_cmpuint(rk_cache_find(cache, key), ==, RK_CACHE_NONE);
                    n--;
                }
                g_assert_cmpuint(rk_cache_size(cache), ==, n);
                g_assert_cmpuint(n, <=, capacity);
            }
            for (uint32_t i = 0; i < capacity; i++)
                if (at[i] != UINT64_MAX)
                    g_assert_cmpuint(rk_cache_find(cache, at[i]), ==, i);
        }
}

static void
no_policy_beats_belady(gconstpointer data)
{
    const char *policy = data;
    enum { N = 20000 };
    g_autofree uint64_t *keys = g_new(uint64_t, N);
    for (size_t t = 0; t < G_N_ELEMENTS(TRACES); t++)
        for (size_t c = 0; c < G_N_ELEMENTS(CAPACITIES); c++) {
            g_autoptr(RkCache) cache = rk_cache_new(policy, CAPACITIES[c], NULL, NULL);
            for (uint64_t i = 0; i < N; i++) {
                RkCacheSlot slot;
                keys[i] = TRACES[t].key(i);
                rk_cache_request(cache, keys[i], &slot);
            }
            g_assert_cmpuint(rk_cache_counts(cache).hits, <=,
                             rk_cache_belady_hits(keys, N, CAPACITIES[c]));
        }
}

// The most hits by trying every choice of what to keep.
static uint32_t
best_of_all(const uint64_t *keys, uint32_t n, uint32_t kept)
{
    if (n == 0)
        return 0;
    uint32_t bit = 1u << keys[0], hit = (kept & bit) != 0, best;
    best = hit + best_of_all(keys + 1, n - 1, kept); // as it is
    if (hit)
        return best;
    if (__builtin_popcount(kept) < 2)
        return MAX(best, best_of_all(keys + 1, n - 1, kept | bit));
    for (uint32_t out = 0; out < 5; out++)
        if (kept & 1u << out)
            best = MAX(best, best_of_all(keys + 1, n - 1, (kept & ~(1u << out)) | bit));
    return best;
}

static void
belady_is_the_best_of_all_choices(void)
{
    for (uint64_t trial = 0; trial < 60; trial++) {
        uint64_t keys[10];
        for (uint32_t i = 0; i < 10; i++)
            keys[i] = rk_rng_below(SEED, 5, 10 * trial + i, 5);
        g_assert_cmpuint(rk_cache_belady_hits(keys, 10, 2), ==, best_of_all(keys, 10, 0));
    }
    g_assert_cmpuint(rk_cache_belady_hits(NULL, 0, 4), ==, 0);
    g_assert_cmpuint(rk_cache_belady_warm_hits(NULL, 0, 4, NULL, 0), ==, 0);
    g_assert_cmpuint(rk_cache_belady_hits((uint64_t[]){1, 1, 1}, 3, 0), ==, 0);
}

// The paper's claim in small: what is popular stays although others pass by once.
static void
tinylfu_keeps_the_popular_in_a_scan(void)
{
    g_autoptr(RkCache) tiny = rk_cache_new("tinylfu", 100, NULL, NULL);
    g_autoptr(RkCache) lru = rk_cache_new("lru", 100, NULL, NULL);
    for (uint64_t i = 0; i < 200000; i++) {
        RkCacheSlot slot;
        uint64_t key = i % 2 == 0 ? rk_rng_below(SEED, 6, i, 80) : 1000 + i;
        rk_cache_request(tiny, key, &slot);
        rk_cache_request(lru, key, &slot);
    }
    double kept = 2.0 * (double)rk_cache_counts(tiny).hits / 200000;
    double lost = 2.0 * (double)rk_cache_counts(lru).hits / 200000;
    g_test_message("of the popular: tinylfu %.3f, lru %.3f", kept, lost);
    g_assert_cmpfloat(kept, >, 0.97);
    g_assert_cmpfloat(lost, <, 0.6);
}

static void
unique_keys_are_counted(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkCache) cache = rk_cache_new("lru", 2, NULL, &error);
    g_assert_true(rk_cache_count_unique(cache, 100, &error));
    const uint64_t keys[] = {0, 1, 0, 2, 1, 1, UINT64_MAX / 2 - 1, 0};
    RkCacheSlot slot;
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        rk_cache_request(cache, keys[i], &slot);
    RkCacheCounts counts = rk_cache_counts(cache);
    g_assert_cmpuint(counts.requests, ==, 8);
    g_assert_cmpuint(counts.hits, ==, 2); // the second 0, the third 1
    g_assert_cmpuint(counts.unique, ==, 4);
    g_assert_cmpuint(counts.unique_hits, ==, 2);
    rk_cache_reset_counts(cache);
    g_assert_cmpuint(rk_cache_counts(cache).requests, ==, 0);
    rk_cache_request(cache, 0, &slot);
    g_assert_cmpuint(rk_cache_counts(cache).unique, ==, 1);
}

static void
nothing_fits_in_no_room(void)
{
    for (int i = 0; rk_cache_policies[i] != NULL; i++) {
        g_autoptr(RkCache) cache = rk_cache_new(rk_cache_policies[i], 0, NULL, NULL);
        RkCacheSlot slot;
        for (uint64_t k = 0; k < 10; k++)
            g_assert_cmpint(rk_cache_request(cache, k % 2, &slot), ==, RK_CACHE_REFUSED);
        g_assert_cmpuint(rk_cache_size(cache), ==, 0);
        g_assert_cmpuint(rk_cache_counts(cache).refused, ==, 10);
    }
}

static void
an_unknown_policy_names_the_nearest(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(rk_cache_new("s3fif", 10, NULL, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "s3fifo"));
}

// A cache that was warm when counting began may find what an empty one can't; nothing beats the
// bound for that either.
static void
a_warm_cache_has_its_own_bound(void)
{
    enum { N = 20000 };
    g_autofree uint64_t *keys = g_new(uint64_t, N);
    for (uint32_t i = 0; i < N; i++) {
        uint32_t wide = rk_rng_below(11, 1, i, 400) + 1;
        keys[i] = rk_rng_below(11, 2, i, wide);
    }
    g_assert_cmpuint(rk_cache_belady_warm_hits((uint64_t[]){7, 8, 7}, 3, 1, NULL, 0), ==, 2);
    g_assert_cmpuint(rk_cache_belady_hits((uint64_t[]){7, 8, 7}, 3, 1), ==, 1);
    g_assert_cmpuint(rk_cache_belady_warm_hits((uint64_t[]){1, 2, 3}, 3, 0, NULL, 0), ==, 0);
    // 3 was never asked for before: it cannot be there.
    g_assert_cmpuint(
        rk_cache_belady_warm_hits((uint64_t[]){1, 2, 3}, 3, 9, (uint64_t[]){2, 5, 1}, 3), ==, 2);
    g_assert_cmpuint(rk_cache_belady_warm_hits(keys, N, 400, NULL, 0), ==, N);
    for (uint32_t capacity = 1; capacity < 200; capacity *= 3) {
        uint64_t half = N / 2,
                 warm = rk_cache_belady_warm_hits(keys + half, half, capacity, keys, half);
        g_assert_cmpuint(warm, >=, rk_cache_belady_hits(keys + half, half, capacity));
        g_assert_cmpuint(warm, <=, rk_cache_belady_hits(keys + half, half, capacity) + capacity);
        for (int p = 0; rk_cache_policies[p] != NULL; p++) {
            g_autoptr(RkCache) cache = rk_cache_new(rk_cache_policies[p], capacity, NULL, NULL);
            RkCacheSlot slot;
            for (uint64_t i = 0; i < N; i++) {
                if (i == half)
                    rk_cache_reset_counts(cache);
                rk_cache_request(cache, keys[i], &slot);
            }
            g_assert_cmpuint(rk_cache_counts(cache).hits, <=, warm);
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(PLAIN); i++) {
        g_autofree char *path =
            g_strdup_printf("/serve/cache/%s finds what the plain one finds", PLAIN[i].policy);
        g_test_add_data_func(path, GSIZE_TO_POINTER(i), finds_what_the_plain_one_finds);
    }
    for (int i = 0; rk_cache_policies[i] != NULL; i++) {
        const char *name = rk_cache_policies[i];
        g_autofree char *holds = g_strdup_printf("/serve/cache/%s tells what it holds", name);
        g_autofree char *bound = g_strdup_printf("/serve/cache/%s doesn't beat Belady", name);
        g_test_add_data_func(holds, name, tells_what_it_holds);
        g_test_add_data_func(bound, name, no_policy_beats_belady);
    }
    g_test_add_func("/serve/cache/Belady is the best of all choices",
                    belady_is_the_best_of_all_choices);
    g_test_add_func("/serve/cache/a warm cache has its own bound", a_warm_cache_has_its_own_bound);
    g_test_add_func("/serve/cache/tinylfu keeps the popular in a scan",
                    tinylfu_keeps_the_popular_in_a_scan);
    g_test_add_func("/serve/cache/unique keys are counted", unique_keys_are_counted);
    g_test_add_func("/serve/cache/nothing fits in no room", nothing_fits_in_no_room);
    g_test_add_func("/serve/cache/an unknown policy names the nearest",
                    an_unknown_policy_names_the_nearest);
    return g_test_run();
}
