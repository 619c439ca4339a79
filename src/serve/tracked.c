// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve/tracked.h"

#include "base/clock.h"
#include "base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static gboolean
check_memory(const RkTrackedOptions *o, GError **error)
{
    double there = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    double asked = (double)o->entries * (double)o->entry_bytes;
    if (asked <= there)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                "Can't make the cache of %s: %u entries of %zu bytes are %.1f GB, the machine has "
                "%.1f GB. Lower its entries.",
                o->what, o->entries, o->entry_bytes, asked * 1e-9, there * 1e-9);
    return FALSE;
}

gboolean
rk_tracked_init(RkTracked *tracked, const RkTrackedOptions *o, GError **error)
{
    *tracked = (RkTracked){0};
    if (!check_memory(o, error))
        return FALSE;
    tracked->cache = rk_cache_new(o->policy, o->entries, o->set, error);
    tracked->set = rk_params_copy(o->set);
    tracked->most_traced = (uint64_t)rk_params_int(o->set, "cache.trace");
    if (tracked->cache == NULL || tracked->most_traced == 0)
        return tracked->cache != NULL;
    tracked->trace = g_try_new(uint64_t, tracked->most_traced);
    tracked->found = g_try_new(uint8_t, tracked->most_traced);
    if (tracked->trace == NULL || tracked->found == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                    "Can't keep %" G_GUINT64_FORMAT " requests of the cache of %s: there is not "
                    "enough memory. Lower cache.trace.",
                    tracked->most_traced, o->what);
        return FALSE;
    }
    return TRUE;
}

void
rk_tracked_clear(RkTracked *tracked)
{
    rk_cache_free(tracked->cache);
    g_free(tracked->trace);
    g_free(tracked->found);
    g_free(tracked->before);
    g_clear_pointer(&tracked->set, rk_params_free);
    *tracked = (RkTracked){0};
}

RkCacheOutcome
rk_tracked_request(RkTracked *tracked, uint64_t key, RkCacheSlot *slot)
{
    tracked->requests++;
    RkCacheOutcome outcome = rk_cache_request(tracked->cache, key, slot);
    if (tracked->n_traced < tracked->most_traced) {
        tracked->found[tracked->n_traced] = outcome == RK_CACHE_HIT;
        tracked->trace[tracked->n_traced++] = key;
    }
    return outcome;
}

// ---- what is told --------------------------------------------------------------------------

typedef struct {
    uint64_t key;
    gboolean found;
} Asked;

static int
compare_keys(const void *a, const void *b)
{
    const Asked *x = a, *y = b;
    return (x->key > y->key) - (x->key < y->key);
}

// Different keys, and those of them that were found at least once.
static void
count_unique(const RkTracked *t, uint64_t *unique, uint64_t *hits)
{
    g_autofree Asked *asked = g_new(Asked, MAX(t->n_traced, 1));
    for (uint64_t i = 0; i < t->n_traced; i++)
        asked[i] = (Asked){t->trace[i], t->found[i]};
    qsort(asked, t->n_traced, sizeof *asked, compare_keys);
    *unique = *hits = 0;
    gboolean found = FALSE;
    for (uint64_t i = 0; i < t->n_traced; i++) {
        gboolean again = i > 0 && asked[i].key == asked[i - 1].key;
        *unique += !again;
        found = (again && found) || asked[i].found;
        if (i + 1 == t->n_traced || asked[i + 1].key != asked[i].key)
            *hits += found;
    }
}

// Time of a request of the policy alone, values apart: the trace again on a cache of the same kind
// and room that has seen it once. NaN without.
static double
policy_ns(const RkTracked *t)
{
    g_autoptr(RkCache) cache =
        rk_cache_new(rk_cache_policy(t->cache), rk_cache_capacity(t->cache), t->set, NULL);
    RkCacheSlot slot;
    uint64_t start_ns = 0;
    if (cache == NULL || t->n_traced == 0)
        return NAN;
    for (int pass = 0; pass < 2; pass++) {
        start_ns = rk_clock_ns();
        for (uint64_t i = 0; i < t->n_traced; i++)
            rk_cache_request(cache, t->trace[i], &slot);
    }
    return (double)(rk_clock_ns() - start_ns) / (double)t->n_traced;
}

static double
share(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0;
}

// Mean of times that were taken; NaN, not 0, where none was.
static double
mean_us(uint64_t ns, uint64_t n)
{
    return ns > 0 && n > 0 ? (double)ns / (double)n * 1e-3 : NAN;
}

static void
add_counts(const RkTracked *t, JsonBuilder *json)
{
    RkCacheCounts counts = rk_cache_counts(t->cache);
    rk_json_add_text(json, "policy", rk_cache_policy(t->cache));
    rk_json_add_int(json, "entries", rk_cache_capacity(t->cache));
    rk_json_add_int(json, "size", rk_cache_size(t->cache));
    rk_json_add_int(json, "requests", (int64_t)t->requests);
    rk_json_add_int(json, "hits", (int64_t)t->hits);
    rk_json_add_real(json, "hit_rate", share(t->hits, t->requests));
    rk_json_add_int(json, "expired", (int64_t)t->expired);
    rk_json_add_int(json, "evictions", (int64_t)counts.evictions);
    rk_json_add_int(json, "refused", (int64_t)counts.refused);
    rk_json_add_int(json, "bytes_moved", (int64_t)t->bytes);
    rk_json_add_real(json, "hit_us", mean_us(t->hit_ns, t->hits));
    rk_json_add_real(json, "miss_us", mean_us(t->miss_ns, t->requests - t->hits));
}

// Adds the trace to what was asked for before; beyond the room of a trace it isn't kept any more.
static void
remember(RkTracked *t)
{
    uint64_t n = t->n_before + t->n_traced;
    t->any_before |= t->n_traced < t->requests || n > t->most_traced;
    if (t->any_before) {
        g_clear_pointer(&t->before, g_free);
        t->n_before = 0;
    } else if (t->n_traced > 0) {
        t->before = g_renew(uint64_t, t->before, n);
        memcpy(t->before + t->n_before, t->trace, t->n_traced * sizeof *t->trace);
        t->n_before = n;
    }
}

void
rk_tracked_add(RkTracked *t, JsonBuilder *json)
{
    add_counts(t, json);
    if (t->n_traced > 0) {
        uint32_t room = rk_cache_capacity(t->cache);
        uint64_t unique = 0, unique_hits = 0;
        count_unique(t, &unique, &unique_hits);
        static const uint64_t nothing = 0;
        const uint64_t *before = t->before != NULL ? t->before : &nothing;
        uint64_t best = rk_cache_belady_warm_hits(t->trace, t->n_traced, room,
                                                  t->any_before ? NULL : before, t->n_before);
        rk_json_add_int(json, "unique", (int64_t)unique);
        rk_json_add_real(json, "unique_hit_rate", share(unique_hits, unique));
        rk_json_add_int(json, "bound_requests", (int64_t)t->n_traced);
        rk_json_add_real(json, "bound_hit_rate", share(best, t->n_traced));
        rk_json_add_real(json, "policy_ns", policy_ns(t));
    }
    rk_cache_reset_counts(t->cache);
    remember(t);
    t->requests = t->hits = t->expired = t->hit_ns = t->miss_ns = t->bytes = t->n_traced = 0;
}

void
rk_tracked_to_json(RkTracked *tracked, JsonBuilder *json)
{
    json_builder_begin_object(json);
    rk_tracked_add(tracked, json);
    json_builder_end_object(json);
}

void
rk_tracked_sum_to_json(const RkTracked *const *tracked, uint32_t n, JsonBuilder *json)
{
    uint64_t requests = 0, hits = 0, bytes = 0;
    for (uint32_t i = 0; i < n; i++) {
        requests += tracked[i]->requests;
        hits += tracked[i]->hits;
        bytes += tracked[i]->bytes;
    }
    json_builder_begin_object(json);
    rk_json_add_int(json, "requests", (int64_t)requests);
    rk_json_add_int(json, "hits", (int64_t)hits);
    rk_json_add_real(json, "hit_rate", share(hits, requests));
    rk_json_add_int(json, "bytes_moved", (int64_t)bytes);
    json_builder_end_object(json);
}
