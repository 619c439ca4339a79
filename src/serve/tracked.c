// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve/tracked.h"

#include "base/json.h"

#include <math.h>
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
    tracked->most_traced = (uint64_t)rk_params_int(o->set, "cache.trace");
    if (tracked->cache == NULL || tracked->most_traced == 0)
        return tracked->cache != NULL;
    tracked->trace = g_try_new(uint64_t, tracked->most_traced);
    if (tracked->trace == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                    "Can't keep %" G_GUINT64_FORMAT " requests of the cache of %s: there is not "
                    "enough memory. Lower cache.trace.",
                    tracked->most_traced, o->what);
        return FALSE;
    }
    return rk_cache_count_unique(tracked->cache, (uint32_t)MIN(tracked->most_traced, 1u << 26),
                                 error);
}

void
rk_tracked_clear(RkTracked *tracked)
{
    rk_cache_free(tracked->cache);
    g_free(tracked->trace);
    *tracked = (RkTracked){0};
}

RkCacheOutcome
rk_tracked_request(RkTracked *tracked, uint64_t key, RkCacheSlot *slot)
{
    tracked->requests++;
    if (tracked->n_traced < tracked->most_traced)
        tracked->trace[tracked->n_traced++] = key;
    return rk_cache_request(tracked->cache, key, slot);
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

void
rk_tracked_add(RkTracked *t, JsonBuilder *json)
{
    add_counts(t, json);
    if (t->most_traced > 0) {
        RkCacheCounts counts = rk_cache_counts(t->cache);
        uint32_t room = rk_cache_capacity(t->cache);
        rk_json_add_int(json, "unique", (int64_t)counts.unique);
        rk_json_add_real(json, "unique_hit_rate", share(counts.unique_hits, counts.unique));
        rk_json_add_int(json, "bound_requests", (int64_t)t->n_traced);
        rk_json_add_real(json, "bound_hit_rate",
                         share(rk_cache_belady_hits(t->trace, t->n_traced, room), t->n_traced));
    }
    rk_cache_reset_counts(t->cache);
    t->requests = t->hits = t->expired = t->hit_ns = t->miss_ns = t->bytes = t->n_traced = 0;
}

void
rk_tracked_to_json(RkTracked *tracked, JsonBuilder *json)
{
    json_builder_begin_object(json);
    rk_tracked_add(tracked, json);
    json_builder_end_object(json);
}
