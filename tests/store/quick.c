// SPDX-License-Identifier: GPL-3.0-or-later
#include "quick.h"

#include <stdio.h>

#define N_USERS 5000u
#define N_ITEMS 700u

static uint32_t
mix(uint32_t seed, uint64_t row)
{
    uint64_t x = (row + 1) * 0x9e3779b97f4a7c15u + seed;
    return (uint32_t)((x ^ (x >> 29)) * 0xbf58476d1ce4e5b9u >> 32);
}

static void
fill(RkChunk *chunk, uint32_t seed)
{
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        uint32_t x = mix(seed, chunk->first_row + i);
        chunk->columns[0].code[i] = x % N_USERS;
        chunk->columns[1].code[i] = x / N_USERS % N_ITEMS;
        chunk->columns[2].time[i] = (int64_t)x;
    }
}

gboolean
quick_write(RkStore *store, const char *name, uint32_t seed, uint64_t n, GError **error)
{
    g_autoptr(RkSchema) schema = rk_schema_new();
    RkTable *table = rk_schema_add_table(schema, "events", RK_TABLE_EVENTS);
    rk_table_add_field(table, "user", RK_FIELD_USER);
    rk_table_add_field(table, "item", RK_FIELD_ITEM);
    rk_table_add_field(table, "time", RK_FIELD_TIMESTAMP);
    g_autoptr(RkDatasetWriter) writer = rk_dataset_writer_new(store, name, schema, "{}", error);
    if (writer == NULL)
        return FALSE;
    g_autoptr(RkVocabulary) users = rk_vocabulary_new_range("u", 0, N_USERS);
    rk_dataset_writer_set_vocabulary(writer, "user", users);
    RkVocabulary *items = rk_dataset_writer_vocabulary(writer, "item");
    for (uint32_t i = 0; i < N_ITEMS; i++) {
        char text[32];
        int length = snprintf(text, sizeof text, "item %u of %u", i, seed);
        rk_vocabulary_intern(items, text, (uint32_t)length);
    }
    RkChunkSink *sink = rk_dataset_writer_chunks(writer);
    for (uint64_t row = 0; row < n; row += RK_CHUNK_ROWS) {
        g_autoptr(RkChunk) chunk =
            rk_chunk_new(table, 0, row, (uint32_t)MIN(RK_CHUNK_ROWS, n - row));
        fill(chunk, seed);
        if (!sink->chunk(sink, chunk, error))
            return FALSE;
    }
    return rk_dataset_writer_commit(writer, error);
}

gboolean
quick_check(RkStore *store, const char *name, uint32_t seed, uint64_t n, GError **error)
{
    g_autoptr(RkDataset) dataset = rk_dataset_open(store, name, error);
    const RkVocabulary *items =
        dataset != NULL ? rk_dataset_vocabulary(dataset, "item", error) : NULL;
    if (items == NULL)
        return FALSE;
    RkChunkSource *source = rk_dataset_source(dataset);
    g_assert_cmpuint(source->n_rows(source, 0), ==, n);
    g_assert_cmpuint(rk_vocabulary_size(items), ==, N_ITEMS);
    char scratch[RK_VOCABULARY_SCRATCH];
    g_autofree char *last = g_strdup_printf("item %u of %u", N_ITEMS - 1, seed);
    g_assert_cmpstr(rk_vocabulary_text(items, N_ITEMS - 1, scratch, NULL), ==, last);
    for (uint32_t i = 0; i < rk_n_chunks(n); i++) {
        g_autoptr(RkChunk) got = source->read(source, 0, i, NULL, error);
        if (got == NULL)
            return FALSE;
        g_autoptr(RkChunk) want =
            rk_chunk_new(rk_schema_table(source->schema, 0), 0, got->first_row, got->n_rows);
        fill(want, seed);
        for (uint32_t c = 0; c < 3; c++) {
            size_t bytes = got->n_rows * rk_column_value_bytes(got->columns[c].type);
            g_assert_cmpmem(got->columns[c].code, bytes, want->columns[c].code, bytes);
        }
    }
    return TRUE;
}
