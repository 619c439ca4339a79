// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve/rows.h"

#include "base/clock.h"
#include "base/json.h"
#include "store/scratch.h"

#include <string.h>

#define NOBODY UINT32_MAX

typedef struct {
    char *name;
    uint32_t row_words;
    uint32_t *packed; // [n_codes, row_words]; NULL once it is in the database
    RkBuffer *buffer; // on the device
} Table;

// Where a code of the batch that is being filled went.
typedef struct {
    uint32_t code, row, batch_number;
} Known;

typedef struct {
    uint32_t *pinned; // [most] places that it reads
    uint32_t n_pinned;
    uint32_t n_own; // rows of its own in use
} Batch;

struct RkRowCache {
    RkRowCacheOptions options;
    RkTracked cached;
    GArray *tables; // of Table
    RkScratch *scratch;
    uint32_t row_words; // of all tables together
    uint32_t *row;      // [row_words] one of each
    uint32_t *owner;    // [room] the code whose rows are at a place, NOBODY for none
    uint32_t *readers;  // [room] bit of each batch that reads a place
    uint8_t *ahead;     // [room] fetched ahead and not yet used
    Batch *batch;       // [n_batches]
    uint32_t filling;   // the batch that is
    Known *known;       // [mask + 1]
    uint32_t mask, batch_number;
    uint32_t *missed; // [most] codes that the last batch fetched
    uint32_t n_missed;
    uint64_t n_lookups, n_own_rows, n_ahead, n_used_ahead;
};

// ---- making --------------------------------------------------------------------------------

RkRowCache *
rk_row_cache_new(const RkRowCacheOptions *o, GError **error)
{
    g_autoptr(RkRowCache) c = g_new0(RkRowCache, 1);
    c->options = *o;
    c->tables = g_array_new(FALSE, FALSE, sizeof(Table));
    const RkTrackedOptions tracked = {.what = o->what,
                                      .policy = o->policy,
                                      .entries = o->room,
                                      .entry_bytes = 64, // rows themselves are the device's
                                      .set = o->set};
    if (!rk_tracked_init(&c->cached, &tracked, error))
        return NULL;
    c->options.set = NULL;
    c->owner = g_new(uint32_t, MAX(o->room, 1));
    c->readers = g_new0(uint32_t, MAX(o->room, 1));
    c->ahead = g_new0(uint8_t, MAX(o->room, 1));
    c->batch = g_new0(Batch, o->n_batches);
    for (uint32_t i = 0; i < o->n_batches; i++)
        c->batch[i].pinned = g_new(uint32_t, o->most);
    for (c->mask = 1; c->mask < 2 * (uint64_t)o->most; c->mask = c->mask * 2 + 1)
        ;
    c->known = g_new0(Known, (size_t)c->mask + 1);
    c->missed = g_new(uint32_t, o->most);
    return g_steal_pointer(&c);
}

void
rk_row_cache_free(RkRowCache *cache)
{
    if (cache == NULL)
        return;
    for (guint i = 0; i < cache->tables->len; i++) {
        g_free(g_array_index(cache->tables, Table, i).name);
        g_free(g_array_index(cache->tables, Table, i).packed);
    }
    g_array_unref(cache->tables);
    for (uint32_t i = 0; cache->batch != NULL && i < cache->options.n_batches; i++)
        g_free(cache->batch[i].pinned);
    rk_tracked_clear(&cache->cached);
    rk_scratch_free(cache->scratch);
    g_free(cache->options.next);
    g_free(cache->row);
    g_free(cache->owner);
    g_free(cache->readers);
    g_free(cache->ahead);
    g_free(cache->batch);
    g_free(cache->known);
    g_free(cache->missed);
    g_free(cache);
}

uint32_t
rk_row_cache_n_rows(const RkRowCache *cache)
{
    return cache->options.room + cache->options.n_batches * cache->options.most;
}

void
rk_row_cache_set_table(RkRowCache *cache, const char *name, uint32_t row_words, void *packed)
{
    for (guint i = 0; i < cache->tables->len; i++) {
        Table *table = &g_array_index(cache->tables, Table, i);
        if (strcmp(table->name, name) != 0)
            continue;
        g_free(table->packed);
        table->packed = packed;
        return;
    }
    Table table = {.name = g_strdup(name), .row_words = row_words, .packed = packed};
    g_array_append_val(cache->tables, table);
}

// The rows of a code, table after table.
static void
gather(gconstpointer data, uint32_t code, void *record)
{
    const RkRowCache *c = data;
    uint32_t *to = record;
    for (guint i = 0; i < c->tables->len; i++) {
        const Table *table = &g_array_index(c->tables, Table, i);
        memcpy(to, table->packed + (size_t)code * table->row_words, table->row_words * sizeof *to);
        to += table->row_words;
    }
}

gboolean
rk_row_cache_start(RkRowCache *c, RkState *state, GError **error)
{
    c->row_words = 0;
    for (guint i = 0; i < c->tables->len; i++) {
        Table *table = &g_array_index(c->tables, Table, i);
        table->buffer = rk_state_buffer(state, table->name);
        c->row_words += table->row_words;
    }
    g_free(c->row);
    c->row = g_new0(uint32_t, MAX(c->row_words, 1));
    for (uint32_t i = 0; i < c->options.room; i++) {
        c->owner[i] = NOBODY;
        c->ahead[i] = FALSE;
    }
    if (!c->options.in_database)
        return TRUE;
    g_clear_pointer(&c->scratch, rk_scratch_free);
    c->scratch = rk_scratch_new(c->options.n_codes, c->row_words * (uint32_t)sizeof(uint32_t),
                                gather, c, error);
    for (guint i = 0; i < c->tables->len; i++)
        g_clear_pointer(&g_array_index(c->tables, Table, i).packed, g_free);
    if (c->scratch == NULL)
        g_prefix_error(error, "Can't put the %s on disk: ", c->options.what);
    return c->scratch != NULL;
}

// ---- rows ----------------------------------------------------------------------------------

// Copies a code's rows to row `at` of the device's tables, which nothing in flight reads. Mapped
// memory is written to beside what runs; other memory by staged copies, which wait for the device.
static gboolean
fetch(RkRowCache *c, uint32_t code, uint32_t at, GError **error)
{
    const uint32_t *from = c->row;
    if (c->scratch == NULL)
        gather(c, code, c->row);
    else if (!rk_scratch_get(c->scratch, code, c->row, error))
        return FALSE;
    for (guint i = 0; i < c->tables->len; i++) {
        const Table *table = &g_array_index(c->tables, Table, i);
        size_t bytes = table->row_words * sizeof *from;
        uint8_t *map = rk_buffer_map(table->buffer);
        if (map != NULL)
            memcpy(map + at * bytes, from, bytes);
        else if (!rk_buffer_write(table->buffer, at * bytes, from, bytes, error))
            return FALSE;
        from += table->row_words;
    }
    c->cached.bytes += c->row_words * sizeof *from;
    return TRUE;
}

static void
pin(RkRowCache *c, uint32_t place)
{
    Batch *batch = &c->batch[c->filling];
    if (c->readers[place] >> c->filling & 1)
        return;
    c->readers[place] |= 1u << c->filling;
    batch->pinned[batch->n_pinned++] = place;
}

// The row for a code that this batch hasn't named yet.
static gboolean
find_row(RkRowCache *c, uint32_t code, uint32_t *row, GError **error)
{
    RkCacheSlot slot;
    Batch *batch = &c->batch[c->filling];
    RkCacheOutcome outcome = rk_tracked_request(&c->cached, code, &slot);
    if (outcome == RK_CACHE_HIT && c->owner[slot.place] == code) {
        c->cached.hits++;
        c->n_used_ahead += c->ahead[slot.place];
        c->ahead[slot.place] = FALSE;
        *row = slot.place;
        pin(c, *row);
        return TRUE;
    }
    uint64_t start_ns = rk_clock_ns();
    if (outcome != RK_CACHE_REFUSED && c->readers[slot.place] == 0) {
        *row = slot.place;
        c->owner[*row] = NOBODY; // until it is there
        if (!fetch(c, code, *row, error))
            return FALSE;
        c->owner[*row] = code;
        c->ahead[*row] = FALSE;
        pin(c, *row);
    } else {
        *row = c->options.room + c->filling * c->options.most + batch->n_own++;
        c->n_own_rows++;
        if (!fetch(c, code, *row, error))
            return FALSE;
    }
    c->missed[c->n_missed++] = code;
    c->cached.miss_ns += rk_clock_ns() - start_ns;
    return TRUE;
}

void
rk_row_cache_begin(RkRowCache *cache, uint32_t batch)
{
    cache->filling = batch;
    cache->batch_number++;
    cache->n_missed = 0;
}

static gboolean
place(RkRowCache *c, uint32_t code, uint32_t *row, GError **error)
{
    g_assert(code < c->options.n_codes);
    uint32_t at = (code * 0x9e3779b1u) & c->mask; // Fibonacci hashing
    c->n_lookups++;
    while (c->known[at].batch_number == c->batch_number && c->known[at].code != code)
        at = (at + 1) & c->mask;
    Known *known = &c->known[at];
    if (known->batch_number != c->batch_number) {
        if (!find_row(c, code, row, error))
            return FALSE;
        *known = (Known){code, *row, c->batch_number};
    }
    *row = known->row;
    return TRUE;
}

gboolean
rk_row_cache_place_all(RkRowCache *c, const uint32_t *codes, uint32_t n, uint32_t *rows,
                       GError **error)
{
    uint64_t start_ns = rk_clock_ns(), missed_ns = c->cached.miss_ns;
    for (uint32_t i = 0; i < n; i++) {
        rows[i] = UINT32_MAX;
        if (codes[i] != UINT32_MAX && !place(c, codes[i], &rows[i], error))
            return FALSE;
    }
    // What isn't the misses': finding places, the same one twice in a batch included.
    c->cached.hit_ns += rk_clock_ns() - start_ns - (c->cached.miss_ns - missed_ns);
    return TRUE;
}

void
rk_row_cache_end(RkRowCache *cache, uint32_t which)
{
    Batch *batch = &cache->batch[which];
    for (uint32_t i = 0; i < batch->n_pinned; i++)
        cache->readers[batch->pinned[i]] &= ~(1u << which);
    batch->n_pinned = batch->n_own = 0;
}

gboolean
rk_row_cache_fetch_ahead(RkRowCache *c, uint32_t code, GError **error)
{
    RkCacheSlot slot;
    if (code >= c->options.n_codes || rk_cache_find(c->cached.cache, code) != RK_CACHE_NONE ||
        rk_cache_request(c->cached.cache, code, &slot) != RK_CACHE_ADMIT ||
        c->readers[slot.place] != 0)
        return TRUE;
    c->owner[slot.place] = NOBODY;
    c->cached.any_before = TRUE;
    if (!fetch(c, code, slot.place, error))
        return FALSE;
    c->owner[slot.place] = code;
    c->ahead[slot.place] = TRUE;
    c->n_ahead++;
    return TRUE;
}

gboolean
rk_row_cache_fetch_next(RkRowCache *c, GError **error)
{
    for (uint32_t i = 0; c->options.next != NULL && i < c->n_missed; i++)
        if (!rk_row_cache_fetch_ahead(c, c->options.next[c->missed[i]], error))
            return FALSE;
    c->n_missed = 0;
    return TRUE;
}

// ---- what is told --------------------------------------------------------------------------

uint64_t
rk_row_cache_bytes_moved(const RkRowCache *cache)
{
    return cache->cached.bytes;
}

const RkTracked *
rk_row_cache_tracked(const RkRowCache *cache)
{
    return &cache->cached;
}

void
rk_row_cache_to_json(RkRowCache *c, JsonBuilder *json)
{
    json_builder_begin_object(json);
    rk_json_add_int(json, "lookups", (int64_t)c->n_lookups);
    rk_json_add_int(json, "own_rows", (int64_t)c->n_own_rows);
    rk_json_add_int(json, "fetched_ahead", (int64_t)c->n_ahead);
    rk_json_add_int(json, "used_ahead", (int64_t)c->n_used_ahead);
    rk_tracked_add(&c->cached, json);
    json_builder_end_object(json);
    c->n_lookups = c->n_own_rows = c->n_ahead = c->n_used_ahead = 0;
}
