// SPDX-License-Identifier: GPL-3.0-or-later
//
// Several processes on one database: readers while one writes, one writer at a time.
#include "quick.h"

#include <gio/gio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define N_ROWS 200000u

static const char *program;

// ---- what the children do ------------------------------------------------------------------

// Reads one dataset again and again; names on the command line, one a pass.
static int
child_read(RkStore *store, int passes, GError **error)
{
    for (int pass = 0; pass < passes; pass++)
        if (!quick_check(store, "a", 1, N_ROWS, error))
            return 1;
    return 0;
}

static int
child_write(RkStore *store, int n, GError **error)
{
    for (int i = 0; i < n; i++) {
        g_autofree char *name = g_strdup_printf("w%d", i);
        if (!quick_write(store, name, (uint32_t)i, N_ROWS, error) ||
            (i % 2 == 0 && !rk_dataset_remove(store, name, error)))
            return 1;
    }
    return 0;
}

static int
run_child(char **argv)
{
    g_autoptr(GError) error = NULL;
    gboolean writes = strcmp(argv[1], "--write") == 0;
    g_autoptr(RkStore) store =
        rk_store_open(argv[2], writes ? RK_STORE_DEFAULT : RK_STORE_READ_ONLY, &error);
    int status =
        store == NULL ? 1 : (writes ? child_write : child_read)(store, atoi(argv[3]), &error);
    if (error != NULL)
        fprintf(stderr, "%s\n", error->message);
    return status;
}

static GSubprocess *
start(const char *what, const char *path, const char *n, GSubprocessFlags flags)
{
    g_autoptr(GError) error = NULL;
    GSubprocess *child = g_subprocess_new(flags, &error, program, what, path, n, NULL);
    g_assert_no_error(error);
    return child;
}

static void
expect_success(GSubprocess *child)
{
    g_autoptr(GError) error = NULL;
    g_subprocess_wait_check(child, NULL, &error);
    g_assert_no_error(error);
    g_object_unref(child);
}

// ---- tests ---------------------------------------------------------------------------------

static void
readers_and_a_writer(void)
{
    g_auto(Fixture) fixture = fixture_new();
    g_autoptr(RkStore) store = fixture_open(&fixture);
    g_autoptr(GError) error = NULL;
    g_assert_true(quick_write(store, "a", 1, N_ROWS, &error));
    GSubprocess *children[4];
    children[0] = start("--write", fixture.db, "12", G_SUBPROCESS_FLAGS_NONE);
    for (size_t i = 1; i < G_N_ELEMENTS(children); i++)
        children[i] = start("--read", fixture.db, "20", G_SUBPROCESS_FLAGS_NONE);
    for (size_t i = 0; i < G_N_ELEMENTS(children); i++)
        expect_success(children[i]);
    g_autoptr(GPtrArray) list = rk_dataset_list(store, &error);
    g_assert_cmpuint(list->len, ==, 7); // "a" and every second one of twelve
}

// While this process writes a dataset, another can't begin one and says why; small writes
// (metadata) go on.
static void
one_writer_at_a_time(void)
{
    g_auto(Fixture) fixture = fixture_new();
    g_autoptr(RkStore) store = fixture_open(&fixture);
    g_autoptr(RkSchema) schema = fixture_schema();
    g_autoptr(GError) error = NULL;
    g_assert_true(quick_write(store, "a", 1, 100, &error));
    g_autoptr(RkDatasetWriter) writer = rk_dataset_writer_new(store, "b", schema, NULL, &error);
    g_assert_true(fixture_write(rk_dataset_writer_rows(writer), 1, 0, 0, 70000, &error));
    GSubprocess *child = start("--write", fixture.db, "1", G_SUBPROCESS_FLAGS_STDERR_PIPE);
    g_autofree char *message = NULL;
    g_assert_true(g_subprocess_communicate_utf8(child, NULL, NULL, NULL, &message, &error));
    g_assert_cmpint(g_subprocess_get_exit_status(child), ==, 1);
    g_assert_nonnull(strstr(message, "another process is writing a dataset"));
    g_object_unref(child);
    g_autoptr(RkStore) other = fixture_open(&fixture);
    g_autoptr(RkDataset) dataset = rk_dataset_open(other, "a", &error);
    g_assert_true(rk_dataset_set_meta(dataset, "split", "{}", &error));
    g_assert_true(rk_dataset_writer_commit(writer, &error));
    g_clear_pointer(&writer, rk_dataset_writer_free);
    expect_success(start("--write", fixture.db, "2", G_SUBPROCESS_FLAGS_NONE));
}

// A dataset that is removed under a reader's feet gives an error that says so.
static void
removed_while_read(void)
{
    g_auto(Fixture) fixture = fixture_new();
    g_autoptr(RkStore) store = fixture_open(&fixture);
    g_autoptr(GError) error = NULL;
    g_assert_true(quick_write(store, "a", 1, N_ROWS, &error));
    g_autoptr(RkDataset) dataset = rk_dataset_open(store, "a", &error);
    g_autoptr(RkStore) other = fixture_open(&fixture);
    g_assert_true(rk_dataset_remove(other, "a", &error));
    RkChunkSource *source = rk_dataset_source(dataset);
    g_assert_null(source->read(source, 0, 1, NULL, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, "removed meanwhile"));
}

// Several processes that open a new database at once agree on who makes it.
static void
opened_for_the_first_time_at_once(void)
{
    for (int round = 0; round < 5; round++) {
        g_auto(Fixture) fixture = fixture_new();
        GSubprocess *children[6];
        for (size_t i = 0; i < G_N_ELEMENTS(children); i++)
            children[i] = start("--write", fixture.db, "0", G_SUBPROCESS_FLAGS_NONE);
        for (size_t i = 0; i < G_N_ELEMENTS(children); i++)
            expect_success(children[i]);
    }
}

int
main(int argc, char **argv)
{
    program = argv[0];
    if (argc == 4 && (strcmp(argv[1], "--write") == 0 || strcmp(argv[1], "--read") == 0))
        return run_child(argv);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/processes/readers see one whole dataset while another is written",
                    readers_and_a_writer);
    g_test_add_func("/store/processes/one writes datasets at a time", one_writer_at_a_time);
    g_test_add_func("/store/processes/a dataset removed while it is read", removed_while_read);
    g_test_add_func("/store/processes/a new database opened by many at once",
                    opened_for_the_first_time_at_once);
    return g_test_run();
}
