// SPDX-License-Identifier: GPL-3.0-or-later
//
// Duplicates: of the events of one user and item, or of equal rows, the first or last in time
// stays. One hash table of times, two passes.
#include "dataset/clean-private.h"

#include <string.h>

// Key to the time of the event that stays, by linear probing. 16 bytes an entry, at most two in
// three in use.
typedef struct {
    uint64_t key; // 0 is an empty entry
    int64_t time;
} Entry;

typedef struct {
    RkClean *clean;
    gboolean whole_row, last;
    Entry *entry;
    uint64_t mask;
    gboolean emitting; // second pass
    uint64_t n_removed;
} DuplicatePass;

static uint64_t
mix(uint64_t h) // the finalizer of MurmurHash3, a bijection
{
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdu;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53u;
    return h ^ (h >> 33);
}

static uint64_t
hash_cell(const RkColumn *column, uint32_t row, uint64_t h)
{
    if (column->offset == NULL) {
        uint64_t bits =
            column->type == RK_COLUMN_CODE ? column->code[row] : (uint64_t)column->time[row];
        return mix(h ^ bits) + 0x9E3779B97F4A7C15u;
    }
    size_t size = column->type == RK_COLUMN_TEXT ? 1 : sizeof(uint32_t);
    const uint8_t *bytes = (const uint8_t *)column->text;
    for (size_t i = column->offset[row] * size; i < column->offset[row + 1] * size; i++)
        h = (h ^ bytes[i]) * 0x100000001b3u;
    return mix(h ^ (column->offset[row + 1] - column->offset[row])) + 0x9E3779B97F4A7C15u;
}

// A pair is its own key. A whole row is hashed to 64 bits: among 100 million rows that differ, two
// share a key with a chance of 0.03 %.
static uint64_t
key_of(const DuplicatePass *p, const RkChunk *chunk, uint32_t row)
{
    uint64_t key = 0;
    if (p->whole_row) {
        for (uint32_t c = 0; c < chunk->n_columns; c++)
            key = hash_cell(&chunk->columns[c], row, key);
    } else {
        key = mix(((uint64_t)chunk->columns[p->clean->user].code[row] << 32) |
                  chunk->columns[p->clean->item].code[row]);
    }
    return key != 0 ? key : 1;
}

static gboolean
names_pair(const DuplicatePass *p, const RkChunk *chunk, uint32_t row)
{
    return chunk->columns[p->clean->user].code[row] != RK_CODE_MISSING &&
           chunk->columns[p->clean->item].code[row] != RK_CODE_MISSING;
}

// Whether a row stays.
static gboolean
see_row(DuplicatePass *p, const RkChunk *chunk, uint32_t i, int64_t time)
{
    if (!p->whole_row && !names_pair(p, chunk, i))
        return TRUE;
    uint64_t key = key_of(p, chunk, i);
    uint64_t at = key & p->mask;
    while (p->entry[at].key != 0 && p->entry[at].key != key)
        at = (at + 1) & p->mask;
    Entry *entry = &p->entry[at];
    if (p->emitting) {
        gboolean stays = entry->key != 0 && entry->time == time;
        if (stays)
            entry->time = INT64_MAX; // a second one of the same time goes
        return stays;
    }
    if (entry->key == 0)
        *entry = (Entry){key, time};
    else
        entry->time = p->last ? MAX(entry->time, time) : MIN(entry->time, time);
    return TRUE;
}

// Rows are seen in order for "first" and backwards for "last", so that ties in time go by row.
static void
see_chunk(DuplicatePass *p, const RkChunk *chunk)
{
    uint8_t *keep = p->clean->keep[0];
    int time = p->clean->time;
    for (uint32_t k = 0; k < chunk->n_rows; k++) {
        uint32_t i = p->last ? chunk->n_rows - 1 - k : k;
        if (!rk_kept(keep, chunk->first_row + i))
            continue;
        if (!see_row(p, chunk, i, time >= 0 ? chunk->columns[time].time[i] : 0)) {
            rk_remove(keep, chunk->first_row + i);
            p->n_removed++;
        }
    }
}

static gboolean
duplicate_passes(DuplicatePass *p, GError **error)
{
    RkChunkSource *source = p->clean->input.source;
    g_autofree gboolean *select = NULL;
    if (!p->whole_row) {
        select = g_new0(gboolean, rk_events_table(p->clean->schema)->fields->len);
        select[p->clean->user] = select[p->clean->item] = TRUE;
        if (p->clean->time >= 0)
            select[p->clean->time] = TRUE;
    }
    uint32_t n_chunks = rk_n_chunks(source->n_rows(source, 0));
    for (int round = 0; round < 2; round++) {
        p->emitting = round == 1;
        for (uint32_t k = 0; k < n_chunks; k++) {
            g_autoptr(RkChunk) chunk =
                source->read(source, 0, p->last ? n_chunks - 1 - k : k, select, error);
            if (chunk == NULL)
                return FALSE;
            see_chunk(p, chunk);
        }
    }
    return TRUE;
}

gboolean
rk_clean_duplicates(RkClean *clean, GError **error)
{
    const char *how = rk_params_text(clean->input.clean, "clean.duplicates");
    if (strcmp(how, "keep") == 0)
        return TRUE;
    gboolean whole_row =
        strcmp(rk_params_text(clean->input.clean, "clean.duplicates.by"), "row") == 0;
    if (!whole_row && (clean->user < 0 || clean->item < 0)) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't find duplicates by user and item: the events name no %s. Compare whole "
                    "rows with --set clean.duplicates.by=row.",
                    clean->user < 0 ? "user" : "item");
        return FALSE;
    }
    uint64_t n_rows = clean->input.source->n_rows(clean->input.source, 0), n_entries = 16;
    while (n_entries < n_rows + n_rows / 2)
        n_entries *= 2;
    DuplicatePass p = {.clean = clean,
                       .whole_row = whole_row,
                       .last = strcmp(how, "last") == 0,
                       .mask = n_entries - 1};
    p.entry = g_try_new0(Entry, n_entries);
    if (p.entry == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                    "Can't find duplicates among %" G_GUINT64_FORMAT
                    " rows: it takes %.1f GiB of memory. Remove them beforehand, or set "
                    "clean.duplicates=keep.",
                    n_rows, (double)n_entries * sizeof(Entry) / (1 << 30));
        return FALSE;
    }
    gboolean done = duplicate_passes(&p, error);
    g_free(p.entry);
    rk_clean_add_step(clean, "duplicates", NULL, p.n_removed, 0,
                      g_strdup_printf("the %s %s stays", how,
                                      whole_row ? "of equal rows" : "event of a user and item"));
    return done;
}
