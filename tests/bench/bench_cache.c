// SPDX-License-Identifier: GPL-3.0-or-later
//
// Hit rates and costs of the cache policies: Zipf 0.99 over 500,000 keys, 7.5 million requests,
// room for 0.1 % of the keys; beside them the bound of Belady and what a bare look into the table
// costs. bench-cache [ENTRIES [REQUESTS]].
#include "base/clock.h"
#include "base/rng.h"
#include "serve/cache.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 500000 };
#define EXPONENT 0.99

// What is to be reached at 500 entries and 7.5 million requests: hits in percent within half a
// point, and the time of a request. The published hits are of the trace by Gray et al., whose Zipf
// is a little steeper: on the exact one every policy and the bound of Belady lose about a point
// alike.
#define WITHIN 0.5
#define BAR_NS 300
static const struct {
    const char *policy;
    double hits;
} BARS[] = {
    {"sieve", 47.42}, {"tinylfu", 47.38}, {"s3fifo", 47.18}, {"clock", 37.34}, {"lru", 36.59}};

// Exact, by the cumulative distribution.
static uint64_t *
zipf_trace(uint64_t n)
{
    g_autofree double *below = g_new(double, KEYS);
    uint64_t *keys = g_new(uint64_t, n);
    double sum = 0;
    for (uint32_t i = 0; i < KEYS; i++)
        below[i] = sum += pow(i + 1.0, -EXPONENT);
    for (uint64_t i = 0; i < n; i++) {
        double u = rk_rng_double(1, 0, i) * sum;
        uint32_t low = 0, high = KEYS - 1;
        while (low < high) {
            uint32_t middle = (low + high) / 2;
            if (below[middle] > u)
                high = middle;
            else
                low = middle + 1;
        }
        keys[i] = low;
    }
    return keys;
}

static uint64_t *
quick_zipf_trace(uint64_t n)
{
    uint64_t *keys = g_new(uint64_t, n);
    double zeta = 0, two = 1 + pow(0.5, EXPONENT), alpha = 1 / (1 - EXPONENT);
    for (uint32_t i = 1; i <= KEYS; i++)
        zeta += pow(i, -EXPONENT);
    double eta = (1 - pow(2.0 / KEYS, 1 - EXPONENT)) / (1 - two / zeta);
    for (uint64_t i = 0; i < n; i++) {
        double u = rk_rng_double(1, 0, i);
        keys[i] = u * zeta < 1     ? 0
                  : u * zeta < two ? 1
                                   : (uint64_t)(KEYS * pow(eta * u - eta + 1, alpha));
    }
    return keys;
}

static void
print_bars(const char *policy, double hits, double ns, gboolean published)
{
    printf("          %.0f ns a request against %d: %s", ns, BAR_NS,
           ns < BAR_NS ? "reached" : "not reached");
    for (size_t i = 0; published && i < G_N_ELEMENTS(BARS); i++)
        if (strcmp(BARS[i].policy, policy) == 0)
            printf("; hits %.2f %% against %.2f, %+.2f points: %s", hits, BARS[i].hits,
                   hits - BARS[i].hits,
                   fabs(hits - BARS[i].hits) <= WITHIN ? "reached" : "not reached");
    putchar('\n');
}

static void
measure(const char *policy, const uint64_t *keys, uint64_t n, uint32_t entries, gboolean published)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkCache) cache = rk_cache_new(policy, entries, NULL, &error);
    if (cache == NULL) {
        fprintf(stderr, "%s\n", error->message);
        exit(1);
    }
    uint64_t start = rk_clock_ns(), places = 0;
    RkCacheSlot slot;
    for (uint64_t i = 0; i < n; i++) {
        rk_cache_request(cache, keys[i], &slot);
        places += slot.place;
    }
    double ns = (double)(rk_clock_ns() - start) / (double)n;
    start = rk_clock_ns();
    for (uint64_t i = 0; i < n; i++)
        places += rk_cache_find(cache, keys[i]);
    double look = (double)(rk_clock_ns() - start) / (double)n;
    RkCacheCounts counts = rk_cache_counts(cache);
    printf(
        "%-8s  hits %6.2f %%  misses %6.2f %%  %6.1f ns a request (a look %5.1f ns)  %7.1f KiB%s\n",
        policy, 100.0 * (double)counts.hits / (double)n,
        100.0 - 100.0 * (double)counts.hits / (double)n, ns, look,
        (double)rk_cache_bytes(cache) / 1024, places == 0 ? " " : "");
    if (entries == KEYS / 1000 && n == 7500000)
        print_bars(policy, 100.0 * (double)counts.hits / (double)n, ns, published);
}

int
main(int argc, char **argv)
{
    uint32_t entries = argc > 1 ? (uint32_t)atoi(argv[1]) : KEYS / 1000;
    uint64_t n = argc > 2 ? (uint64_t)atoll(argv[2]) : 7500000;
    static const struct {
        const char *name;
        uint64_t *(*make)(uint64_t n);
    } TRACES[] = {{"exact", zipf_trace}, {"by Gray et al.", quick_zipf_trace}};
    for (size_t t = 0; t < G_N_ELEMENTS(TRACES); t++) {
        g_autofree uint64_t *keys = TRACES[t].make(n);
        printf("Zipf %.2f %s, %d keys, %" G_GUINT64_FORMAT " requests, %u entries\n", EXPONENT,
               TRACES[t].name, KEYS, n, entries);
        for (int i = 0; rk_cache_policies[i] != NULL; i++)
            measure(rk_cache_policies[i], keys, n, entries, t == 1);
        uint64_t best = rk_cache_belady_hits(keys, n, entries);
        printf("%-8s  hits %6.2f %%\n", "belady", 100.0 * (double)best / (double)n);
    }
    return 0;
}
