// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "dataset/forms.h"

#define BATCH 1000u

static const uint32_t N_FIELDS[] = {7, 3};
enum { SECRET = 4 }; // the ignored field of events

Fixture
fixture_new(void)
{
    g_autoptr(GError) error = NULL;
    Fixture fixture = {.folder = g_dir_make_tmp("rankine-store-XXXXXX", &error)};
    g_assert_no_error(error);
    fixture.db = g_build_filename(fixture.folder, "test.db", NULL);
    return fixture;
}

void
fixture_clear(Fixture *fixture)
{
    if (fixture->folder == NULL)
        return;
    g_autoptr(GDir) dir = g_dir_open(fixture->folder, 0, NULL);
    for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
        g_remove(path);
    }
    g_rmdir(fixture->folder);
    g_clear_pointer(&fixture->folder, g_free);
    g_clear_pointer(&fixture->db, g_free);
}

RkStore *
fixture_open(const Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    RkStore *store = rk_store_open(fixture->db, RK_STORE_DEFAULT, &error);
    g_assert_no_error(error);
    return store;
}

RkSchema *
fixture_schema(void)
{
    RkSchema *schema = rk_schema_new();
    RkTable *events = rk_schema_add_table(schema, "events", RK_TABLE_EVENTS);
    rk_table_add_field(events, "user", RK_FIELD_USER);
    rk_table_add_field(events, "item", RK_FIELD_ITEM);
    rk_table_add_field(events, "rating", RK_FIELD_LABEL);
    rk_table_add_field(events, "when", RK_FIELD_TIMESTAMP);
    rk_table_add_field(events, "secret", RK_FIELD_IGNORE);
    rk_table_add_field(events, "tags", RK_FIELD_MULTI);
    rk_table_add_field(events, "note", RK_FIELD_TEXT);
    RkTable *items = rk_schema_add_table(schema, "items", RK_TABLE_ITEMS);
    rk_table_add_field(items, "item", RK_FIELD_ITEM);
    rk_table_add_field(items, "title", RK_FIELD_TEXT);
    rk_table_add_field(items, "price", RK_FIELD_NUMBER);
    return schema;
}

// One cell: everyday values, and now and then an empty, odd or long one.
static void
append_cell(uint64_t seed, uint32_t table, uint64_t row, uint32_t field, GString *out)
{
    uint32_t x = rk_rng_u32(seed, table * 16 + field, row);
    uint32_t rare = x % 97;
    if (table == 0 && field == SECRET) {
        g_string_append(out, "hunter2");
    } else if (rare == 0) {
        return; // missing
    } else if (table == 0 && field == 0) {
        g_string_append_printf(out, "%" G_GUINT64_FORMAT, row / 50 + 1);
    } else if (field == (table == 0 ? 1u : 0u)) {
        g_string_append_printf(out, rare == 1 ? "00%u" : "%u", x % 3000);
    } else if (table == 0 && field == 2) {
        g_string_append_printf(out, rare == 1 ? "1e%u" : "%u.%u", x % 5, x % 2 * 5);
    } else if (table == 0 && field == 3) {
        g_string_append_printf(out, rare == 1 ? "%u.5" : "%u", 900000000 + x % 600000000);
    } else if (table == 0 && field == 5) {
        for (uint32_t i = 0; i < x % 4; i++)
            g_string_append_printf(out, "%stag %u", i > 0 || rare == 1 ? "|" : "", (x >> i) % 40);
    } else if (table == 1 && field == 2) {
        g_string_append_printf(out, rare == 1 ? "-%u" : "%u.%06u", x % 100, x / 7 % 1000000);
    } else {
        g_string_append_printf(out, "caf\xc3\xa9 %u", x);
        for (uint32_t i = 0; rare == 1 && i < 2000; i++)
            g_string_append_printf(out, ", %u", x * i);
    }
}

void
fixture_row(uint64_t seed, uint32_t table, uint64_t row, GString *out)
{
    for (uint32_t f = 0; f < N_FIELDS[table]; f++) {
        if (table == 0 && f == SECRET)
            continue;
        if (f > 0)
            g_string_append_c(out, '\t');
        append_cell(seed, table, row, f, out);
    }
}

gboolean
fixture_write(RkRowSink *sink, uint64_t seed, uint32_t table, uint64_t first, uint64_t n,
              GError **error)
{
    const uint32_t n_fields = N_FIELDS[table];
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree RkCell *cells = g_new(RkCell, BATCH * n_fields);
    g_autofree size_t *starts = g_new(size_t, BATCH * n_fields);
    uint64_t lines[BATCH];
    for (uint64_t done = 0; done < n; done += BATCH) {
        uint32_t n_here = (uint32_t)MIN(BATCH, n - done);
        g_string_truncate(text, 0);
        for (uint32_t c = 0; c < n_here * n_fields; c++) {
            starts[c] = text->len;
            append_cell(seed, table, first + done + c / n_fields, c % n_fields, text);
            cells[c].length = (uint32_t)(text->len - starts[c]);
        }
        for (uint32_t c = 0; c < n_here * n_fields; c++)
            cells[c].text = text->str + starts[c];
        for (uint32_t i = 0; i < n_here; i++)
            lines[i] = first + done + i + 1;
        RkRowBatch batch = {.file = "generated",
                            .table = table,
                            .n_rows = n_here,
                            .n_fields = n_fields,
                            .cells = cells,
                            .line = lines};
        if (!sink->rows(sink, &batch, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
fixture_import(RkStore *store, const char *name, uint64_t seed, uint64_t n, GError **error)
{
    g_autoptr(RkSchema) schema = fixture_schema();
    g_autoptr(RkDatasetWriter) writer =
        rk_dataset_writer_new(store, name, schema, "{\"made\": \"by a test\"}", error);
    return writer != NULL &&
           fixture_write(rk_dataset_writer_rows(writer), seed, 1, 0, n / 10, error) &&
           fixture_write(rk_dataset_writer_rows(writer), seed, 0, 0, n, error) &&
           rk_dataset_writer_commit(writer, error);
}

static void
check_chunk(RkDataset *dataset, const RkChunk *chunk, uint64_t seed)
{
    g_autoptr(GString) got = g_string_new(NULL);
    g_autoptr(GString) want = g_string_new(NULL);
    const RkTable *table = rk_schema_table(rk_dataset_schema(dataset), chunk->table);
    const RkVocabulary *vocabularies[8] = {NULL};
    uint32_t odd[8] = {0};
    for (uint32_t c = 0; c < chunk->n_columns; c++) {
        const char *name = rk_table_field(table, c)->vocabulary;
        if (name != NULL)
            vocabularies[c] = rk_dataset_vocabulary(dataset, name, NULL);
    }
    for (uint32_t row = 0; row < chunk->n_rows; row++) {
        g_string_truncate(got, 0);
        g_string_truncate(want, 0);
        for (uint32_t c = 0; c < chunk->n_columns; c++) {
            if (c > 0)
                g_string_append_c(got, '\t');
            rk_form_append_cell(rk_table_field(table, c), &chunk->columns[c], vocabularies[c], row,
                                &odd[c], got);
        }
        fixture_row(seed, chunk->table, chunk->first_row + row, want);
        g_assert_cmpstr(got->str, ==, want->str);
    }
}

void
fixture_check_dataset(RkDataset *dataset, uint64_t seed, uint64_t n)
{
    g_autoptr(GError) error = NULL;
    RkChunkSource *source = rk_dataset_source(dataset);
    g_assert_cmpuint(source->n_rows(source, 0), ==, n);
    g_assert_cmpuint(source->n_rows(source, 1), ==, n / 10);
    for (uint32_t t = 0; t < 2; t++)
        for (uint32_t i = 0; i < rk_n_chunks(source->n_rows(source, t)); i++) {
            g_autoptr(RkChunk) chunk = source->read(source, t, i, NULL, &error);
            g_assert_no_error(error);
            check_chunk(dataset, chunk, seed);
        }
}

void
fixture_check(RkStore *store, const char *name, uint64_t seed, uint64_t n)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkDataset) dataset = rk_dataset_open(store, name, &error);
    g_assert_no_error(error);
    fixture_check_dataset(dataset, seed, n);
}
