// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve/lookup.h"

#include "base/clock.h"
#include "store/scratch.h"

#include <string.h>

struct RkLookup {
    RkLookupOptions options;
    size_t bytes; // of a record
    RkTracked cached;
    uint32_t *kept; // [entries][words] by place
    RkScratch *scratch;
    gboolean direct; // nothing between the memory and who asks
};

RkLookup *
rk_lookup_new(const RkLookupOptions *o, GError **error)
{
    g_autoptr(RkLookup) lookup = g_new0(RkLookup, 1);
    lookup->options = *o;
    lookup->bytes = o->words * sizeof(uint32_t);
    gboolean cached = strcmp(o->policy, "none") != 0 && o->entries > 0;
    lookup->direct = !cached && !o->in_database;
    const RkTrackedOptions tracked = {.what = o->what,
                                      .policy = o->policy,
                                      .entries = cached ? o->entries : 0,
                                      .entry_bytes = lookup->bytes + 64,
                                      .set = o->set};
    if (!rk_tracked_init(&lookup->cached, &tracked, error))
        return NULL;
    lookup->options.set = NULL;
    lookup->kept = g_try_malloc_n(MAX(tracked.entries, 1), MAX(lookup->bytes, 1));
    if (lookup->kept == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                    "Can't make the cache of %s: there is no memory for %u entries. Lower its "
                    "entries.",
                    o->what, tracked.entries);
        return NULL;
    }
    if (o->in_database)
        lookup->scratch = rk_scratch_new(o->n, (uint32_t)lookup->bytes, o->fill, o->data, error);
    if (o->in_database && lookup->scratch == NULL) {
        g_prefix_error(error, "Can't put the %s on disk: ", o->what);
        return NULL;
    }
    return g_steal_pointer(&lookup);
}

void
rk_lookup_free(RkLookup *lookup)
{
    if (lookup == NULL)
        return;
    rk_tracked_clear(&lookup->cached);
    rk_scratch_free(lookup->scratch);
    g_free(lookup->kept);
    g_free(lookup);
}

static gboolean
fetch(RkLookup *l, uint32_t code, uint32_t *record, GError **error)
{
    l->cached.bytes += l->bytes;
    if (l->scratch != NULL && code < l->options.n)
        return rk_scratch_get(l->scratch, code, record, error);
    l->options.fill(l->options.data, code, record);
    return TRUE;
}

// One record through the cache; *missed_ns grows by the time of a miss.
static gboolean
get(RkLookup *l, uint32_t code, uint32_t *record, uint64_t *missed_ns, GError **error)
{
    RkCacheSlot slot;
    RkCacheOutcome outcome = rk_tracked_request(&l->cached, code, &slot);
    uint32_t *kept =
        outcome != RK_CACHE_REFUSED ? l->kept + (size_t)slot.place * l->options.words : NULL;
    if (outcome == RK_CACHE_HIT) {
        l->cached.hits++;
        memcpy(record, kept, l->bytes);
        return TRUE;
    }
    uint64_t start_ns = rk_clock_ns();
    if (!fetch(l, code, record, error)) {
        if (kept != NULL)
            rk_cache_remove(l->cached.cache, code);
        return FALSE;
    }
    if (kept != NULL)
        memcpy(kept, record, l->bytes);
    *missed_ns += rk_clock_ns() - start_ns;
    return TRUE;
}

gboolean
rk_lookup_get(RkLookup *l, const uint32_t *codes, uint32_t n, uint32_t *records, GError **error)
{
    uint32_t words = l->options.words;
    if (l->direct) {
        for (uint32_t i = 0; i < n; i++)
            l->options.fill(l->options.data, codes[i], records + (size_t)i * words);
        return TRUE;
    }
    uint64_t start_ns = rk_clock_ns(), missed_ns = 0;
    for (uint32_t i = 0; i < n; i++)
        if (!get(l, codes[i], records + (size_t)i * words, &missed_ns, error))
            return FALSE;
    l->cached.miss_ns += missed_ns;
    l->cached.hit_ns += rk_clock_ns() - start_ns - missed_ns;
    return TRUE;
}

uint32_t
rk_lookup_words(const RkLookup *lookup)
{
    return lookup->options.words;
}

void
rk_lookup_to_json(RkLookup *lookup, JsonBuilder *json)
{
    rk_tracked_to_json(&lookup->cached, json);
}

const RkTracked *
rk_lookup_tracked(const RkLookup *lookup)
{
    return &lookup->cached;
}
