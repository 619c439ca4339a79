// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"

static void
rows_come_back(void)
{
    g_auto(Fixture) fixture = fixture_new();
    g_autoptr(GError) error = NULL;
    {
        g_autoptr(RkStore) store = fixture_open(&fixture);
        g_assert_true(fixture_import(store, "ml", 1, 150000, &error));
        g_assert_no_error(error);
        g_assert_true(fixture_import(store, "empty", 1, 0, &error));
        g_assert_true(fixture_import(store, "one", 1, 1, &error));
    }
    g_autoptr(RkStore) store = fixture_open(&fixture);
    fixture_check(store, "ml", 1, 150000);
    fixture_check(store, "empty", 1, 0);
    fixture_check(store, "one", 1, 1);
    g_autoptr(GPtrArray) list = rk_dataset_list(store, &error);
    g_assert_cmpuint(list->len, ==, 3);
    const RkDatasetInfo *info = g_ptr_array_index(list, 1);
    g_assert_cmpstr(info->name, ==, "ml");
    g_assert_cmpuint(info->n_rows, ==, 150000);
    g_assert_cmpuint(info->n_users, ==, 3000);
    g_assert_cmpuint(info->n_tables, ==, 2);
    g_assert_cmpuint(info->stored_bytes, >, 100000);
}

static void
an_in_memory_store(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = rk_store_open(":memory:", RK_STORE_DEFAULT, &error);
    g_assert_no_error(error);
    g_assert_true(fixture_import(store, "a", 2, 70000, &error));
    fixture_check(store, "a", 2, 70000);
    g_assert_true(rk_dataset_remove(store, "a", &error));
    g_assert_false(rk_dataset_exists(store, "a"));
}

// Only the columns that are asked for are read.
static void
columns_by_choice(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = rk_store_open(":memory:", RK_STORE_DEFAULT, &error);
    g_assert_true(fixture_import(store, "a", 2, 1000, &error));
    g_autoptr(RkDataset) dataset = rk_dataset_open(store, "a", &error);
    RkChunkSource *source = rk_dataset_source(dataset);
    const gboolean columns[6] = {[1] = TRUE, [4] = TRUE};
    g_autoptr(RkChunk) chunk = source->read(source, 0, 0, columns, &error);
    g_assert_cmpuint(chunk->n_rows, ==, 1000);
    for (uint32_t c = 0; c < 6; c++)
        g_assert_cmpuint(chunk->columns[c].n_rows, ==, columns[c] ? 1000 : 0);
}

static void
names_are_checked(void)
{
    g_autoptr(RkStore) store = rk_store_open(":memory:", RK_STORE_DEFAULT, NULL);
    g_autoptr(RkSchema) schema = fixture_schema();
    g_autoptr(GError) error = NULL;
    g_assert_true(fixture_import(store, "movies", 2, 10, &error));
    static const char *const REFUSED[] = {"movies", "", "-x", "a/b", "a\nb", "\xff"};
    for (size_t i = 0; i < G_N_ELEMENTS(REFUSED); i++) {
        g_autoptr(GError) refusal = NULL;
        g_assert_null(rk_dataset_writer_new(store, REFUSED[i], schema, NULL, &refusal));
        g_assert_error(refusal, RK_ERROR, RK_ERROR_USAGE);
    }
    // Two writers of one name: the second commit fails and leaves nothing.
    RkDatasetWriter *a = rk_dataset_writer_new(store, "x", schema, NULL, &error);
    RkDatasetWriter *b = rk_dataset_writer_new(store, "x", schema, NULL, &error);
    g_assert_true(rk_dataset_writer_commit(a, &error));
    g_assert_false(rk_dataset_writer_commit(b, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
    rk_dataset_writer_free(a);
    rk_dataset_writer_free(b);
    g_clear_error(&error);
    g_assert_null(rk_dataset_open(store, "movie", &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, "Did you mean movies?"));
}

static void
an_abort_leaves_nothing(void)
{
    g_autoptr(RkStore) store = rk_store_open(":memory:", RK_STORE_DEFAULT, NULL);
    g_autoptr(RkSchema) schema = fixture_schema();
    g_autoptr(GError) error = NULL;
    {
        g_autoptr(RkDatasetWriter) writer = rk_dataset_writer_new(store, "a", schema, NULL, &error);
        g_assert_true(fixture_write(rk_dataset_writer_rows(writer), 1, 0, 0, 200000, &error));
        g_autoptr(GPtrArray) list = rk_dataset_list(store, &error);
        g_assert_cmpuint(list->len, ==, 0); // not seen before its commit
    }
    g_assert_true(fixture_import(store, "a", 1, 100, &error));
    fixture_check(store, "a", 1, 100);
}

// A pass over what is written, before it is published: rows are read back and every second one goes
// to another writer, with vocabularies shared.
static void
a_pass_before_publishing(void)
{
    g_autoptr(RkStore) store = rk_store_open(":memory:", RK_STORE_DEFAULT, NULL);
    g_autoptr(RkSchema) schema = fixture_schema();
    g_autoptr(GError) error = NULL;
    g_autoptr(RkDatasetWriter) raw = rk_dataset_writer_new(store, NULL, schema, NULL, &error);
    g_assert_true(fixture_write(rk_dataset_writer_rows(raw), 4, 0, 0, 140000, &error));
    g_autoptr(RkDataset) dataset = rk_dataset_writer_read(raw, &error);
    g_assert_no_error(error);
    RkChunkSource *source = rk_dataset_source(dataset);
    g_autoptr(RkDatasetWriter) half =
        rk_dataset_writer_new(store, "half", rk_dataset_schema(dataset), NULL, &error);
    RkVocabulary *item = rk_dataset_writer_vocabulary(raw, "item");
    rk_dataset_writer_set_vocabulary(half, "item", item);
    rk_dataset_writer_set_vocabulary(half, "user", rk_dataset_writer_vocabulary(raw, "user"));
    rk_dataset_writer_set_vocabulary(half, "events.tags",
                                     rk_dataset_writer_vocabulary(raw, "events.tags"));
    RkChunkSink *sink = rk_dataset_writer_chunks(half);
    g_autofree uint32_t *rows = g_new(uint32_t, RK_CHUNK_ROWS / 2);
    for (uint32_t i = 0; i < RK_CHUNK_ROWS / 2; i++)
        rows[i] = i * 2;
    for (uint32_t i = 0; i < 3; i++) {
        g_autoptr(RkChunk) chunk = source->read(source, 0, i, NULL, &error);
        g_autoptr(RkChunk) even = rk_chunk_gather(chunk, rows, chunk->n_rows / 2);
        g_assert_true(sink->chunk(sink, even, &error));
    }
    g_assert_true(rk_dataset_writer_commit(half, &error));
    g_assert_no_error(error);
    g_autoptr(RkDataset) stored = rk_dataset_open(store, "half", &error);
    g_assert_cmpuint(rk_dataset_n_rows(stored, 0), ==, 70000);
    g_assert_cmpuint(rk_dataset_vocabulary_size(stored, "item"), ==, rk_vocabulary_size(item));
}

static void
codes_need_their_vocabulary(void)
{
    g_autoptr(RkStore) store = rk_store_open(":memory:", RK_STORE_DEFAULT, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(RkSchema) schema = rk_schema_new();
    RkTable *table = rk_schema_add_table(schema, "events", RK_TABLE_EVENTS);
    rk_table_add_field(table, "user", RK_FIELD_USER);
    for (uint32_t n_users = 100; n_users <= 101; n_users++) {
        g_autoptr(RkDatasetWriter) writer =
            rk_dataset_writer_new(store, "ranges", schema, NULL, &error);
        g_autoptr(RkVocabulary) users = rk_vocabulary_new_range("u", 1, n_users);
        rk_dataset_writer_set_vocabulary(writer, "user", users);
        g_autoptr(RkChunk) chunk = rk_chunk_new(table, 0, 0, 101);
        for (uint32_t i = 0; i < 101; i++)
            chunk->columns[0].code[i] = i;
        RkChunkSink *sink = rk_dataset_writer_chunks(writer);
        g_assert_true(sink->chunk(sink, chunk, &error));
        g_assert_cmpint(rk_dataset_writer_commit(writer, &error), ==, n_users == 101);
        g_assert_true((error == NULL) == (n_users == 101));
        g_clear_error(&error);
    }
    g_autoptr(RkDataset) dataset = rk_dataset_open(store, "ranges", &error);
    const RkVocabulary *users = rk_dataset_vocabulary(dataset, "user", &error);
    char scratch[RK_VOCABULARY_SCRATCH];
    g_assert_cmpstr(rk_vocabulary_text(users, 41, scratch, NULL), ==, "u42");
    g_assert_null(rk_dataset_vocabulary(dataset, "nothing", &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_NOT_FOUND);
}

static void
metadata_and_blobs(void)
{
    g_auto(Fixture) fixture = fixture_new();
    g_autoptr(RkStore) store = fixture_open(&fixture);
    g_autoptr(GError) error = NULL;
    g_assert_true(fixture_import(store, "a", 2, 10, &error));
    g_autoptr(RkDataset) dataset = rk_dataset_open(store, "a", &error);
    g_autofree char *params = rk_dataset_meta(dataset, "params", &error);
    g_assert_cmpstr(params, ==, "{\"made\": \"by a test\"}");
    g_assert_null(rk_dataset_meta(dataset, "split", &error));
    g_assert_no_error(error);
    for (int pass = 0; pass < 2; pass++) {
        g_autofree char *json = g_strdup_printf("{\"pass\": %d}", pass);
        g_assert_true(rk_dataset_set_meta(dataset, "split", json, &error));
        g_autofree char *got = rk_dataset_meta(dataset, "split", &error);
        g_assert_cmpstr(got, ==, json);
    }
    g_assert_true(rk_dataset_set_meta(dataset, "split", NULL, &error));
    g_assert_null(rk_dataset_meta(dataset, "split", &error));
    g_autofree uint8_t *parts = g_malloc0(300000);
    for (uint32_t i = 0; i < 300000; i++)
        parts[i] = (uint8_t)rk_rng_below(1, 1, i, 3);
    for (uint32_t n = 0; n <= 300000; n += 100000) {
        g_autoptr(GBytes) bytes = g_bytes_new(parts, n);
        g_assert_true(rk_dataset_set_blob(dataset, "split/random", 3, bytes, &error));
        g_autoptr(GBytes) got = rk_dataset_blob(dataset, "split/random", 3, &error);
        g_assert_true(g_bytes_equal(bytes, got));
    }
    g_assert_null(rk_dataset_blob(dataset, "split/random", 2, &error));
    g_assert_no_error(error);
    g_assert_true(rk_dataset_set_blob(dataset, "split/random", 3, NULL, &error));
    g_assert_null(rk_dataset_blob(dataset, "split/random", 3, &error));
    g_assert_no_error(error);
}

typedef struct {
    RkDataset *dataset;
    uint64_t seed, n;
} Reading;

static gpointer
read_all(gpointer data)
{
    const Reading *reading = data;
    fixture_check_dataset(reading->dataset, reading->seed, reading->n);
    return NULL;
}

// Three threads read one dataset while a fourth writes another through the same store.
static void
threads_share_a_store(void)
{
    g_auto(Fixture) fixture = fixture_new();
    g_autoptr(RkStore) store = fixture_open(&fixture);
    g_autoptr(GError) error = NULL;
    g_assert_true(fixture_import(store, "a", 2, 70000, &error));
    g_autoptr(RkDataset) dataset = rk_dataset_open(store, "a", &error);
    Reading reading = {dataset, 2, 70000};
    GThread *threads[3];
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("reader", read_all, &reading);
    g_assert_true(fixture_import(store, "b", 3, 70000, &error));
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    fixture_check(store, "b", 3, 70000);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/dataset/rows come back as they were written", rows_come_back);
    g_test_add_func("/store/dataset/a store in memory does the same", an_in_memory_store);
    g_test_add_func("/store/dataset/columns are read by choice", columns_by_choice);
    g_test_add_func("/store/dataset/names are checked and suggested", names_are_checked);
    g_test_add_func("/store/dataset/an abort leaves nothing", an_abort_leaves_nothing);
    g_test_add_func("/store/dataset/a pass can read before publishing", a_pass_before_publishing);
    g_test_add_func("/store/dataset/codes need their vocabulary", codes_need_their_vocabulary);
    g_test_add_func("/store/dataset/metadata and blobs are set, replaced, removed",
                    metadata_and_blobs);
    g_test_add_func("/store/dataset/threads share a store", threads_share_a_store);
    return g_test_run();
}
