// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/encode.h"

#include "base/rng.h"
#include "dataset/forms.h"
#include "dataset/rechunk.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// A sink that keeps copies.
typedef struct {
    RkChunkSink sink;
    GPtrArray *chunks;
} Keep;

static gboolean
keep_chunk(RkChunkSink *sink, const RkChunk *chunk, GError **error)
{
    g_ptr_array_add(((Keep *)sink)->chunks, rk_chunk_copy(chunk));
    return TRUE;
}

static Keep
keep_new(void)
{
    return (Keep){{keep_chunk}, g_ptr_array_new_with_free_func((GDestroyNotify)rk_chunk_free)};
}

static RkSchema *
make_schema(void)
{
    RkSchema *schema = rk_schema_new();
    RkTable *table = rk_schema_add_table(schema, "events", RK_TABLE_EVENTS);
    rk_table_add_field(table, "user", RK_FIELD_USER);
    rk_table_add_field(table, "secret", RK_FIELD_IGNORE);
    rk_table_add_field(table, "item", RK_FIELD_ITEM);
    rk_table_add_field(table, "rating", RK_FIELD_LABEL);
    rk_table_add_field(table, "time", RK_FIELD_TIMESTAMP);
    rk_table_add_field(table, "genres", RK_FIELD_MULTI);
    rk_table_add_field(table, "note", RK_FIELD_TEXT);
    return schema;
}
enum { N_FIELDS = 7, N_STORED = 6 };

static const char *const ROWS[][N_FIELDS] = {
    {"1", "x", "0031", "2.5", "1260759144", "Action|Comedy", "hello"},
    {"1", "x", "31", "3.0", "1260759179", "Action", ""},
    {"2", "x", "0031", "", "", "", "caf\xc3\xa9 \"q\", x"},
    {"longer-than-8", "x", "", "4.25", "1260759144.5", "|Action||", "n"},
    {"", "x", "7", "1e1", "2009-12-14", "Drama|Comedy|Action", "-"},
};

static RkRowBatch
make_batch(const char *const (*rows)[N_FIELDS], uint32_t n, RkCell *cells, uint64_t *lines)
{
    for (uint32_t i = 0; i < n; i++) {
        lines[i] = 812 + i;
        for (uint32_t f = 0; f < N_FIELDS; f++)
            cells[i * N_FIELDS + f] = (RkCell){rows[i][f], (uint32_t)strlen(rows[i][f])};
    }
    return (RkRowBatch){
        .file = "a.csv", .n_rows = n, .n_fields = N_FIELDS, .cells = cells, .line = lines};
}

// The text of every stored cell, joined by tabs and newlines.
static char *
print_chunks(const GPtrArray *chunks, const RkSchema *stored, RkVocabularies *set)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < chunks->len; i++) {
        const RkChunk *chunk = g_ptr_array_index(chunks, i);
        const RkTable *table = rk_schema_table(stored, chunk->table);
        uint32_t odd[N_STORED] = {0};
        for (uint32_t row = 0; row < chunk->n_rows; row++)
            for (uint32_t c = 0; c < chunk->n_columns; c++) {
                const RkField *field = rk_table_field(table, c);
                rk_form_append_cell(field, &chunk->columns[c],
                                    field->vocabulary ? rk_vocabularies_get(set, field->vocabulary)
                                                      : NULL,
                                    row, &odd[c], out);
                g_string_append_c(out, c + 1 < chunk->n_columns ? '\t' : '\n');
            }
    }
    return g_string_free(out, FALSE);
}

static char *
print_rows(uint32_t n)
{
    GString *out = g_string_new(NULL);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t f = 0; f < N_FIELDS; f++)
            if (f != 1)
                g_string_append_printf(out, "%s%c", ROWS[i % G_N_ELEMENTS(ROWS)][f],
                                       f + 1 < N_FIELDS ? '\t' : '\n');
    return g_string_free(out, FALSE);
}

static void
cells_become_columns(void)
{
    g_autoptr(RkSchema) schema = make_schema();
    g_autoptr(RkVocabularies) set = rk_vocabularies_new();
    Keep keep = keep_new();
    g_autoptr(RkEncoder) encoder = rk_encoder_new(schema, set, &keep.sink);
    g_autoptr(GError) error = NULL;
    RkCell cells[G_N_ELEMENTS(ROWS) * N_FIELDS];
    uint64_t lines[G_N_ELEMENTS(ROWS)];
    RkRowBatch batch = make_batch(ROWS, G_N_ELEMENTS(ROWS), cells, lines);
    RkRowSink *sink = rk_encoder_rows(encoder);
    g_assert_true(sink->rows(sink, &batch, &error));
    g_assert_cmpuint(sink->n_taken, ==, 5);
    g_assert_true(rk_encoder_finish(encoder, &error));
    g_assert_cmpuint(keep.chunks->len, ==, 1);
    const RkChunk *chunk = g_ptr_array_index(keep.chunks, 0);
    g_assert_cmpuint(chunk->n_rows, ==, 5);
    g_assert_cmpuint(chunk->n_columns, ==, N_STORED);
    const uint32_t users[] = {0, 0, 1, 2, RK_CODE_MISSING};
    const uint32_t items[] = {0, 1, 0, RK_CODE_MISSING, 2};
    g_assert_cmpmem(chunk->columns[0].code, sizeof users, users, sizeof users);
    g_assert_cmpmem(chunk->columns[1].code, sizeof items, items, sizeof items);
    g_assert_true(isnan(chunk->columns[2].real[2]));
    g_assert_cmpfloat(chunk->columns[2].real[4], ==, 10);
    g_assert_true(chunk->columns[3].time[2] == INT64_MIN);
    g_assert_true(chunk->columns[3].time[3] == 1260759144);
    const uint32_t offsets[] = {0, 2, 3, 3, 4, 7};
    g_assert_cmpmem(chunk->columns[4].offset, sizeof offsets, offsets, sizeof offsets);
    g_autoptr(RkSchema) stored = rk_schema_copy_stored(schema);
    g_autofree char *got = print_chunks(keep.chunks, stored, set);
    g_autofree char *want = print_rows(5);
    g_assert_cmpstr(got, ==, want);
    g_ptr_array_unref(keep.chunks);
}

// 150,000 rows in batches of odd sizes: full chunks, one short one, the same text.
static void
chunks_are_full(void)
{
    enum { N = 150000, BATCH = 777 };
    g_autoptr(RkSchema) schema = make_schema();
    g_autoptr(RkSchema) stored = rk_schema_copy_stored(schema);
    g_autoptr(RkVocabularies) set = rk_vocabularies_new();
    Keep keep = keep_new();
    g_autoptr(RkEncoder) encoder = rk_encoder_new(schema, set, &keep.sink);
    g_autofree RkCell *cells = g_new(RkCell, BATCH * N_FIELDS);
    uint64_t lines[BATCH];
    RkRowSink *sink = rk_encoder_rows(encoder);
    g_autoptr(GError) error = NULL;
    for (uint32_t first = 0; first < N; first += BATCH) {
        uint32_t n = MIN(BATCH, N - first);
        const char *rows[BATCH][N_FIELDS];
        for (uint32_t i = 0; i < n; i++)
            memcpy(rows[i], ROWS[(first + i) % G_N_ELEMENTS(ROWS)], sizeof rows[i]);
        RkRowBatch batch = make_batch(rows, n, cells, lines);
        g_assert_true(sink->rows(sink, &batch, &error));
    }
    g_assert_true(rk_encoder_finish(encoder, &error));
    g_assert_cmpuint(keep.chunks->len, ==, 3);
    g_assert_cmpuint(((RkChunk *)keep.chunks->pdata[1])->n_rows, ==, RK_CHUNK_ROWS);
    g_assert_true(((RkChunk *)keep.chunks->pdata[2])->first_row == 2 * RK_CHUNK_ROWS);
    g_assert_true(rk_encoder_n_rows(encoder, 0) == N);
    g_autofree char *got = print_chunks(keep.chunks, stored, set);
    g_autofree char *want = print_rows(N);
    g_assert_cmpstr(got, ==, want);
    g_ptr_array_unref(keep.chunks);
}

static void
wrong_cells(void)
{
    static const char *const WRONG[][N_FIELDS] = {
        {"1", "x", "31", "2.5", "1260759144", "", ""},
        {"new-user", "x", "new-item", "2.5", "9223372036854775807", "new", ""},
        {"1", "x", "31", "oops", "1260759144", "", ""},
        {"3", "x", "32", "1.0", "1260759144", "", ""},
    };
    g_autoptr(RkSchema) schema = make_schema();
    g_autoptr(RkVocabularies) set = rk_vocabularies_new();
    Keep keep = keep_new();
    g_autoptr(RkEncoder) encoder = rk_encoder_new(schema, set, &keep.sink);
    RkCell cells[4 * N_FIELDS];
    uint64_t lines[4];
    RkRowBatch batch = make_batch(WRONG, 4, cells, lines);
    RkRowSink *sink = rk_encoder_rows(encoder);
    g_autoptr(GError) error = NULL;
    g_assert_false(sink->rows(sink, &batch, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_DATA);
    g_assert_cmpuint(sink->n_taken, ==, 1);
    g_assert_true(g_str_has_prefix(error->message, "Can't import a.csv: line 813, column 5 (time): "
                                                   "\"9223372036854775807\" lies outside"));
    g_clear_error(&error);
    // The way of on-error=skip: go on behind the wrong row.
    batch = make_batch(WRONG + 2, 2, cells, lines);
    g_assert_false(sink->rows(sink, &batch, &error));
    g_assert_cmpuint(sink->n_taken, ==, 0);
    g_assert_true(g_pattern_match_simple("*line 812, column 4 (rating): \"oops\" isn't a number*",
                                         error->message));
    g_clear_error(&error);
    batch = make_batch(WRONG + 3, 1, cells, lines);
    g_assert_true(sink->rows(sink, &batch, &error));
    g_assert_true(rk_encoder_finish(encoder, &error));
    g_assert_cmpuint(((RkChunk *)keep.chunks->pdata[0])->n_rows, ==, 2);
    g_assert_cmpuint(rk_vocabulary_size(rk_vocabularies_get(set, "user")), ==, 2);
    g_assert_cmpuint(rk_vocabulary_size(rk_vocabularies_get(set, "item")), ==, 2);
    g_assert_cmpuint(rk_vocabulary_size(rk_vocabularies_get(set, "events.genres")), ==, 0);
    g_ptr_array_unref(keep.chunks);
}

// Pieces of random sizes, rows picked at random, styles that differ from piece to piece: the joined
// chunks print the same rows in the same order.
static void
pieces_become_full_chunks(void)
{
    enum { N_PIECES = 60 };
    g_autoptr(RkSchema) schema = make_schema();
    g_autoptr(RkSchema) stored = rk_schema_copy_stored(schema);
    g_autoptr(RkVocabularies) set = rk_vocabularies_new();
    Keep pieces = keep_new();
    Keep joined = keep_new();
    g_autoptr(RkRechunk) rechunk = rk_rechunk_new(stored, &joined.sink);
    g_autoptr(GError) error = NULL;
    g_autofree RkCell *cells = g_new(RkCell, 4000 * N_FIELDS);
    g_autofree uint64_t *lines = g_new(uint64_t, 4000);
    for (uint32_t p = 0; p < N_PIECES; p++) {
        g_autoptr(RkEncoder) encoder = rk_encoder_new(schema, set, &pieces.sink);
        RkRowSink *sink = rk_encoder_rows(encoder);
        uint32_t n = 1 + rk_rng_below(3, 0, p, 3999);
        g_autofree const char *(*rows)[N_FIELDS] = g_malloc(n * sizeof *rows);
        for (uint32_t i = 0; i < n; i++) // a single row repeated gives the piece its own style
            memcpy(rows[i], ROWS[p % 3 == 0 ? i % G_N_ELEMENTS(ROWS) : p % G_N_ELEMENTS(ROWS)],
                   sizeof rows[i]);
        RkRowBatch batch = make_batch((const char *const(*)[N_FIELDS])rows, n, cells, lines);
        g_assert_true(sink->rows(sink, &batch, &error));
        g_assert_true(rk_encoder_finish(encoder, &error));
        RkChunk *piece = g_ptr_array_index(pieces.chunks, p);
        if (p % 2 == 0) {
            g_assert_true(rk_rechunk_sink(rechunk)->chunk(rk_rechunk_sink(rechunk), piece, &error));
            continue;
        }
        uint32_t picked[500];
        for (uint32_t i = 0; i < 500; i++)
            picked[i] = rk_rng_below(3, p, i, n);
        g_assert_true(rk_rechunk_add(rechunk, piece, picked, 500, &error));
        pieces.chunks->pdata[p] = rk_chunk_gather(piece, picked, 500);
        rk_chunk_free(piece);
    }
    g_assert_true(rk_rechunk_finish(rechunk, &error));
    for (guint i = 0; i < joined.chunks->len; i++) {
        const RkChunk *chunk = g_ptr_array_index(joined.chunks, i);
        g_assert_true(chunk->first_row == (uint64_t)i * RK_CHUNK_ROWS);
        g_assert_true(chunk->n_rows == RK_CHUNK_ROWS || i + 1 == joined.chunks->len);
    }
    g_autofree char *got = print_chunks(joined.chunks, stored, set);
    g_autofree char *want = print_chunks(pieces.chunks, stored, set);
    g_assert_cmpstr(got, ==, want);
    g_ptr_array_unref(pieces.chunks);
    g_ptr_array_unref(joined.chunks);
}

static void
schemas(void)
{
    g_autoptr(RkSchema) schema = make_schema();
    const RkTable *table = rk_schema_table(schema, 0);
    g_assert_cmpstr(rk_table_field(table, 0)->vocabulary, ==, "user");
    g_assert_cmpstr(rk_table_field(table, 5)->vocabulary, ==, "events.genres");
    g_assert_cmpint(rk_table_find(table, "time"), ==, 4);
    g_assert_cmpint(rk_table_find_kind(table, RK_FIELD_NUMBER), ==, -1);
    g_assert_cmpint(rk_schema_find_role(schema, RK_TABLE_ITEMS), ==, -1);
    g_autoptr(RkSchema) stored = rk_schema_copy_stored(schema);
    g_assert_cmpuint(rk_schema_table(stored, 0)->fields->len, ==, N_STORED);
    for (int k = 0; k < RK_N_FIELD_KINDS; k++) {
        RkFieldKind kind = RK_FIELD_IGNORE;
        g_assert_true(rk_field_kind_parse(rk_field_kind_name((RkFieldKind)k), &kind, NULL));
        g_assert_cmpint(kind, ==, k);
    }
    RkFieldKind kind;
    g_autoptr(GError) error = NULL;
    g_assert_false(rk_field_kind_parse("categorial", &kind, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "categorical"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dataset/schema/kinds, lookups and the stored copy", schemas);
    g_test_add_func("/dataset/encode/cells become typed columns and print back",
                    cells_become_columns);
    g_test_add_func("/dataset/encode/chunks are full but for the last", chunks_are_full);
    g_test_add_func("/dataset/encode/a wrong cell is named and adds nothing", wrong_cells);
    g_test_add_func("/dataset/rechunk/pieces of any size become full chunks",
                    pieces_become_full_chunks);
    return g_test_run();
}
