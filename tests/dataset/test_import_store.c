// SPDX-License-Identifier: GPL-3.0-or-later
//
// From files to a stored dataset and back.
#include "import_rig.h"

#include "store/export.h"
#include "store/intake.h"

#include <glib/gstdio.h>
#include <string.h>

// ml-latest-small, or NULL after skipping the test.
static char *
movielens_folder(void)
{
    const char *source = g_getenv("RANKINE_TEST_SOURCE");
    char *folder =
        g_build_filename(source ? source : ".", "..", "shared", "data", "ml-latest-small", NULL);
    if (source != NULL && g_file_test(folder, G_FILE_TEST_IS_DIR))
        return folder;
    g_test_skip("ml-latest-small isn't beside the source folder (../shared/data)");
    g_free(folder);
    return NULL;
}

static RkDataset *
store_paths(RkStore *store, const char *const *paths, const char *assignments,
            RkIntakeReport *report)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkParams) settings = rk_params_new(rk_import_params, rk_n_import_params);
    g_autoptr(RkParams) clean = rk_params_new(rk_clean_params, rk_n_clean_params);
    g_autoptr(RkParams) split = rk_params_new(rk_split_params, rk_n_split_params);
    g_auto(GStrv) words = g_strsplit(assignments ? assignments : "", " ", -1);
    for (char **word = words; *word != NULL; word++) {
        RkParams *set = g_str_has_prefix(*word, "clean.")  ? clean
                        : g_str_has_prefix(*word, "split") ? split
                                                           : settings;
        g_assert_true(**word == '\0' || rk_params_assign(set, *word, &error));
    }
    g_autoptr(RkImport) import = rk_import_new(paths, NULL, settings, &error);
    g_assert_no_error(error);
    const RkIntakeOptions options = {.name = "d", .clean = clean, .split = split, .seed = 1};
    rk_intake_import(store, import, &options, report, &error);
    g_assert_no_error(error);
    RkDataset *dataset = rk_dataset_open(store, "d", &error);
    g_assert_no_error(error);
    return dataset;
}

static uint32_t
count_distinct(RkDataset *dataset, const char *field, uint32_t n_codes)
{
    RkChunkSource *source = rk_dataset_source(dataset);
    const RkTable *events = rk_schema_table(source->schema, 0);
    const int f = rk_table_find(events, field);
    g_autofree gboolean *met = g_new0(gboolean, n_codes);
    uint32_t n = 0;
    for (uint32_t i = 0; i < rk_n_chunks(source->n_rows(source, 0)); i++) {
        g_autoptr(RkChunk) chunk = source->read(source, 0, i, NULL, NULL);
        for (uint32_t row = 0; row < chunk->n_rows; row++) {
            const uint32_t code = chunk->columns[f].code[row];
            g_assert_cmpuint(code, <, n_codes);
            n += !met[code];
            met[code] = TRUE;
        }
    }
    return n;
}

// The genres of the movie with that id, joined by its key.
static char *
genres_of(RkDataset *dataset, const char *id)
{
    RkChunkSource *source = rk_dataset_source(dataset);
    const int t = rk_schema_find(source->schema, "movies");
    const RkTable *movies = rk_schema_table(source->schema, (uint32_t)t);
    const int key = rk_table_find_kind(movies, RK_FIELD_ITEM);
    const int genres = rk_table_find_kind(movies, RK_FIELD_MULTI);
    const RkVocabulary *items = rk_dataset_vocabulary(dataset, "item", NULL);
    const RkVocabulary *names =
        rk_dataset_vocabulary(dataset, rk_table_field(movies, (uint32_t)genres)->vocabulary, NULL);
    const uint32_t wanted = rk_vocabulary_find(items, id, (uint32_t)strlen(id));
    GString *text = g_string_new(NULL);
    for (uint32_t i = 0; i < rk_n_chunks(source->n_rows(source, (uint32_t)t)); i++) {
        g_autoptr(RkChunk) chunk = source->read(source, (uint32_t)t, i, NULL, NULL);
        const RkColumn *column = &chunk->columns[genres];
        for (uint32_t row = 0; row < chunk->n_rows; row++)
            for (uint32_t k = column->offset[row];
                 chunk->columns[key].code[row] == wanted && k < column->offset[row + 1]; k++) {
                char scratch[RK_VOCABULARY_SCRATCH];
                g_string_append_printf(text, "%s,",
                                       rk_vocabulary_text(names, column->codes[k], scratch, NULL));
            }
    }
    return g_string_free(text, FALSE);
}

static void
check_file_comes_back(RkDataset *dataset, const char *from, const char *to, const char *name,
                      gboolean header)
{
    g_autoptr(GError) error = NULL;
    const int t = rk_schema_find(rk_dataset_schema(dataset), name);
    g_autofree char *file = g_strconcat(name, ".csv", NULL);
    g_autofree char *before_path = g_build_filename(from, file, NULL);
    g_autofree char *after_path = g_build_filename(to, file, NULL);
    const RkExportOptions options = {.header = header, .separator = ','};
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    g_assert_cmpint(t, >=, 0);
    rk_export_table(dataset, (uint32_t)t, after_path, &options, &error);
    g_assert_no_error(error);
    g_file_get_contents(before_path, &before, NULL, &error);
    g_assert_no_error(error);
    g_file_get_contents(after_path, &after, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(strcmp(before, after) == 0); // not cmpstr, which would print megabytes
}

static void
movielens(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = movielens_folder();
    if (folder == NULL)
        return;
    const char *paths[] = {folder, NULL};
    g_auto(RkIntakeReport) report = {0};
    g_autoptr(RkStore) store = rk_store_open(":memory:", RK_STORE_DEFAULT, &error);
    g_autoptr(RkDataset) dataset = store_paths(store, paths, NULL, &report);
    g_assert_cmpuint(rk_dataset_n_rows(dataset, 0), ==, 100004);
    g_assert_cmpuint(count_distinct(dataset, "userId", 671), ==, 671);
    // The codes of rated items come first, since events are read first.
    g_assert_cmpuint(count_distinct(dataset, "movieId", 9066), ==, 9066);
    g_autofree char *genres = genres_of(dataset, "1");
    g_assert_cmpstr(genres, ==, "Adventure,Animation,Children,Comedy,Fantasy,");
    char *to = make_folder();
    check_file_comes_back(dataset, folder, to, "ratings", TRUE);
    check_file_comes_back(dataset, folder, to, "movies", TRUE);
    check_file_comes_back(dataset, folder, to, "tags", TRUE);
    check_file_comes_back(dataset, folder, to, "links", FALSE); // this copy lacks its header
    remove_folder(to);
}

// Rows of the events that are in a part of the stored split.
static uint64_t
rows_in_part(RkDataset *dataset, RkPart part)
{
    g_autofree char *json = rk_dataset_meta(dataset, "split", NULL);
    g_autoptr(GBytes) bytes = rk_dataset_blob(dataset, "split", 0, NULL);
    g_assert_nonnull(json);
    g_autoptr(RkSplit) split = rk_split_from_json(json, bytes, NULL);
    return rk_split_n(split, part);
}

static void
named_parts(void)
{
    g_autoptr(GError) error = NULL;
    char *folder = make_folder();
    g_autofree char *a = write_file(folder, "ml.train.rating", "0\t1\t5\t9\n0\t2\t4\t9\n", -1);
    g_autofree char *b = write_file(folder, "ml.test.rating", "0\t3\t5\t9\n", -1);
    g_autofree char *c = write_file(folder, "ml.test.negative", "(0,3)\t7\t8\n", -1);
    const char *paths[] = {folder, NULL};
    g_auto(RkIntakeReport) report = {0};
    g_autoptr(RkStore) store = rk_store_open(":memory:", RK_STORE_DEFAULT, &error);
    g_autoptr(RkDataset) dataset = store_paths(store, paths, NULL, &report);
    g_assert_cmpuint(rk_dataset_n_rows(dataset, 0), ==, 3);
    g_assert_cmpuint(rk_dataset_schema(dataset)->tables->len, ==, 2);
    g_assert_cmpuint(rows_in_part(dataset, RK_PART_TRAIN), ==, 2);
    g_assert_cmpuint(rows_in_part(dataset, RK_PART_TEST), ==, 1);
    remove_folder(folder);
}

static void
cleaned(void)
{
    g_autoptr(GError) error = NULL;
    char *folder = make_folder();
    g_autofree char *path =
        write_file(folder, "r.csv", "user,item,rating\n1,1,5\n1,1,5\n1,2,4\n2,1,3\n2,2,1\n", -1);
    const char *paths[] = {path, NULL};
    g_auto(RkIntakeReport) report = {0};
    g_autoptr(RkStore) store = rk_store_open(":memory:", RK_STORE_DEFAULT, &error);
    g_autoptr(RkDataset) dataset =
        store_paths(store, paths, "clean.duplicates=first split=leave-last", &report);
    g_assert_cmpuint(rk_dataset_n_rows(dataset, 0), ==, 4);
    g_assert_cmpuint(rows_in_part(dataset, RK_PART_TEST), ==, 2);
    g_assert_nonnull(report.clean_text);
    remove_folder(folder);
}

static void
nothing_left(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = rk_store_open(":memory:", RK_STORE_DEFAULT, &error);
    g_autoptr(GString) text = g_string_new("user,item,rating\n");
    for (int i = 0; i < 200000; i++) // some full chunks are stored before the bad row
        g_string_append_printf(text, "%d,%d,4\n", i % 1000, i);
    g_string_append(text, "7,8,bad\n");
    g_autoptr(GBytes) bytes = g_bytes_new(text->str, text->len);
    g_autoptr(RkImport) import = rk_import_new_bytes("r.csv", bytes, NULL, NULL, &error);
    g_assert_no_error(error);
    const RkIntakeOptions options = {.name = "d"};
    g_assert_false(rk_intake_import(store, import, &options, NULL, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_DATA);
    g_assert_nonnull(strstr(error->message, "line 200002, column 3 (rating)"));
    g_assert_false(rk_dataset_exists(store, "d"));
    g_autoptr(GPtrArray) all = rk_dataset_list(store, NULL);
    g_assert_cmpuint(all->len, ==, 0);
}

// ---- pseudonyms ----------------------------------------------------------------------------

#define SECRET "secret-of-"

// Whether a file of the folder holds the bytes of a raw id.
static void
check_no_secret_in_files(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    guint n = 0;
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
        if (!g_str_has_prefix(name, "store"))
            continue;
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autofree char *bytes = NULL;
        gsize n_bytes = 0;
        g_assert_true(g_file_get_contents(path, &bytes, &n_bytes, NULL));
        if (memmem(bytes, n_bytes, SECRET, strlen(SECRET)) != NULL)
            g_error("%s holds a raw id", name);
        n += n_bytes > 0;
    }
    g_assert_cmpuint(n, >=, 1);
}

// The same for what those files hold compressed: the words, texts and metadata of the dataset.
static void
check_no_secret_in_dataset(RkDataset *dataset)
{
    static const char *const VOCABULARIES[] = {"user", "item", "member"};
    static const char *const METAS[] = {"import", "params", "split"};
    char scratch[RK_VOCABULARY_SCRATCH];
    for (size_t v = 0; v < G_N_ELEMENTS(VOCABULARIES); v++) {
        const RkVocabulary *words = rk_dataset_vocabulary(dataset, VOCABULARIES[v], NULL);
        g_assert_nonnull(words);
        g_assert_cmpuint(rk_vocabulary_size(words), >, 0);
        for (uint32_t code = 0; code < rk_vocabulary_size(words); code++) {
            const char *text = rk_vocabulary_text(words, code, scratch, NULL);
            g_assert_null(strstr(text, SECRET));
            g_assert_true(v == 1 || strlen(text) == RK_PSEUDONYM_DIGITS);
        }
    }
    for (size_t m = 0; m < G_N_ELEMENTS(METAS); m++) {
        g_autofree char *text = rk_dataset_meta(dataset, METAS[m], NULL);
        g_assert_true(text == NULL || strstr(text, SECRET) == NULL);
    }
}

// Events whose users have friends and an inviter under another vocabulary's name, and a table of
// users that repeats one, which the stored report tells.
static void
write_secrets(const char *folder)
{
    g_autoptr(GString) events = g_string_new("user,item,friends,inviter,rating\n");
    g_autoptr(GString) users = g_string_new("user,age\n");
    for (int i = 0; i < 2000; i++) {
        g_string_append_printf(events, "%s%d,%d,%s%d|%s%d,%s%d,4\n", SECRET, i % 97, i % 31, SECRET,
                               i % 89, SECRET, i % 83, SECRET, i % 79);
        if (i < 97)
            g_string_append_printf(users, "%s%d,%d\n", SECRET, i, i);
    }
    g_string_append(users, SECRET "5,7\n");
    g_free(write_file(folder, "ratings.csv", events->str, -1));
    g_free(write_file(folder, "users.csv", users->str, -1));
}

static void
no_raw_ids(void)
{
    static const char KEY[] = "0123456789abcdef0123456789abcdef";
    static const char *const EDITS[] = {"friends.kind=multi",        "friends.separator=|",
                                        "friends.vocabulary=user",   "inviter.kind=user",
                                        "inviter.vocabulary=member", "users.role=users"};
    static const char *const CLEANS[] = {"clean.duplicates=keep", "clean.k-core.user=2"};
    for (size_t c = 0; c < G_N_ELEMENTS(CLEANS); c++) {
        g_autoptr(GError) error = NULL;
        char *folder = make_folder();
        write_secrets(folder);
        g_autofree char *database = g_build_filename(folder, "store.db", NULL);
        const char *paths[] = {folder, NULL};
        g_autoptr(RkParams) settings = rk_params_new(rk_import_params, rk_n_import_params);
        g_autoptr(RkParams) clean = rk_params_new(rk_clean_params, rk_n_clean_params);
        g_assert_true(rk_params_assign(settings, "on-error=skip", NULL));
        g_assert_true(rk_params_assign(clean, CLEANS[c], NULL));
        g_autoptr(RkImport) import = rk_import_new(paths, "csv", settings, &error);
        g_assert_no_error(error);
        for (size_t i = 0; i < G_N_ELEMENTS(EDITS); i++)
            if (!rk_import_edit(import, EDITS[i], &error))
                g_error("%s", error->message);
        g_autoptr(RkPseudonym) pseudonym = rk_pseudonym_new(KEY, strlen(KEY), "key", FALSE, NULL);
        g_autoptr(RkParams) split = rk_params_new(rk_split_params, rk_n_split_params);
        const RkIntakeOptions options = {
            .name = "d", .clean = clean, .split = split, .import = {.pseudonym = pseudonym}};
        g_auto(RkIntakeReport) report = {0};
        RkStore *store = rk_store_open(database, RK_STORE_DEFAULT, &error);
        g_assert_no_error(error);
        rk_intake_import(store, import, &options, &report, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(report.read.skipped.n_skipped, ==, 1);
        g_assert_null(strstr(g_ptr_array_index(report.read.skipped.examples, 0), SECRET));
        check_no_secret_in_files(folder); // with its write-ahead log, while it is open
        RkDataset *dataset = rk_dataset_open(store, "d", &error);
        g_assert_no_error(error);
        check_no_secret_in_dataset(dataset);
        g_clear_pointer(&dataset, rk_dataset_unref);
        g_clear_pointer(&store, rk_store_unref);
        check_no_secret_in_files(folder);
        remove_folder(folder);
    }
}

static void
no_ids_to_replace(void)
{
    static const char KEY[] = "0123456789abcdef";
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new_static("a,b\n1,2\n", 8);
    g_autoptr(RkImport) import = rk_import_new_bytes("r.csv", bytes, NULL, NULL, NULL);
    g_assert_true(rk_import_edit(import, "a.kind=number", NULL));
    g_autoptr(RkPseudonym) pseudonym = rk_pseudonym_new(KEY, strlen(KEY), "key", FALSE, NULL);
    g_autoptr(RkStore) store = rk_store_open(":memory:", RK_STORE_DEFAULT, NULL);
    const RkIntakeOptions options = {.name = "d", .import = {.pseudonym = pseudonym}};
    g_assert_false(rk_intake_import(store, import, &options, NULL, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "no field is the id of a user"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dataset/import-store/MovieLens comes in whole and back as the same bytes",
                    movielens);
    g_test_add_func("/dataset/import-store/files named train and test are a split", named_parts);
    g_test_add_func("/dataset/import-store/rows are cleaned and split as declared", cleaned);
    g_test_add_func("/dataset/import-store/a bad row late in a file leaves nothing", nothing_left);
    g_test_add_func("/dataset/import-store/no raw id is in the database, its log or its reports",
                    no_raw_ids);
    g_test_add_func("/dataset/import-store/pseudonyms without an id to replace are refused",
                    no_ids_to_replace);
    return g_test_run();
}
