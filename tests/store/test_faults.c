// SPDX-License-Identifier: GPL-3.0-or-later
//
// Every call to the disk, and every allocation of SQLite's, fails in turn while a dataset is
// written. Each time the error is reported, what was there before is still whole, and the new
// dataset is whole or absent.
#include "quick.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "base/rng.h"
#include "faults.h"
#include "fixture.h"
#include "store/doctor.h"
#include "store/sql.h"

#define N_ROWS 140000u // three chunks, some 700 KiB

static void
expect_message(const GError *error)
{
    g_assert_nonnull(error);
    g_assert_true(g_str_has_prefix(error->message, "Can't "));
    g_assert_true(g_str_has_suffix(error->message, "."));
}

// Opens, writes and closes with the fault armed at call n. Returns whether it struck.
static gboolean
write_with_fault(const char *path, FaultKind kind, int n)
{
    g_autoptr(GError) error = NULL;
    gboolean done = FALSE;
    faults_arm(kind, n);
    {
        g_autoptr(RkStore) store = rk_store_open(path, RK_STORE_DEFAULT, &error);
        done = store != NULL && quick_write(store, "new", 2, N_ROWS, &error);
    }
    gboolean struck = faults_struck();
    faults_arm(FAULT_NONE, 0);
    if (!done)
        expect_message(error);
    g_assert_true(done || struck);
    return struck;
}

// What must hold after any fault: the database opens, the old dataset is whole, the new one too or
// absent, and doctor has nothing to say once it has swept.
static void
check_after(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = rk_store_open(path, RK_STORE_DEFAULT, &error);
    g_assert_no_error(error);
    quick_check(store, "old", 1, N_ROWS, &error);
    g_assert_no_error(error);
    if (rk_dataset_exists(store, "new")) {
        quick_check(store, "new", 2, N_ROWS, &error);
        g_assert_no_error(error);
        g_assert_true(rk_dataset_remove(store, "new", &error));
    }
    const RkDoctorOptions repair = {.repair = TRUE};
    g_autoptr(RkDoctorReport) report = rk_doctor_run(store, &repair, &error);
    g_assert_no_error(error);
    g_assert_true(rk_doctor_report_is_healthy(report));
    int64_t n_left = -1;
    g_assert_true(rk_sql_int(store, &n_left, -1, &error, "SELECT count(*) FROM column_chunk", ""));
    g_assert_cmpint(n_left, ==, 9);
}

// `step` skips calls by a growing random stride, so that the early ones (opening, migrating) are
// all met and the thousands of page writes are sampled.
static void
walk(FaultKind kind)
{
    g_auto(Fixture) fixture = fixture_new();
    g_autoptr(GError) error = NULL;
    {
        g_autoptr(RkStore) store = fixture_open(&fixture);
        g_assert_true(quick_write(store, "old", 1, N_ROWS, &error));
    }
    int n_tried = 0;
    for (int n = 0; write_with_fault(fixture.db, kind, n);
         n += 1 + (int)rk_rng_below(5, kind, (uint64_t)n, 1 + (uint32_t)n / 12)) {
        check_after(fixture.db);
        n_tried++;
    }
    g_test_message("%d faults", n_tried);
    g_assert_cmpint(n_tried, >, 20);
}

static void
one_call_fails(void)
{
    walk(FAULT_IO_ONCE);
}

static void
the_disk_goes_away(void)
{
    walk(FAULT_IO_ALWAYS);
}

static void
the_disk_fills_up(void)
{
    walk(FAULT_FULL);
}

static void
memory_runs_out(void)
{
    walk(FAULT_MEMORY);
}

// The same with a limit that the kernel sets: a file may not grow past some size.
static void
a_file_may_not_grow(void)
{
    g_auto(Fixture) fixture = fixture_new();
    g_autoptr(GError) error = NULL;
    {
        g_autoptr(RkStore) store = fixture_open(&fixture);
        g_assert_true(quick_write(store, "old", 1, N_ROWS, &error));
    }
    struct rlimit before;
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t limit = 20000; limit < 4000000; limit = limit * 3 / 2) {
        const struct rlimit small = {limit, before.rlim_max};
        g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
        g_autoptr(GError) failure = NULL;
        gboolean done = FALSE;
        {
            g_autoptr(RkStore) store = rk_store_open(fixture.db, RK_STORE_DEFAULT, &failure);
            done = store != NULL && quick_write(store, "new", 2, N_ROWS, &failure);
        }
        g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
        if (!done)
            expect_message(failure);
        check_after(fixture.db);
    }
}

// max_page_count is SQLite's own full disk; after it the file is no longer than before.
static void
a_full_database_shrinks_again(void)
{
    g_auto(Fixture) fixture = fixture_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = fixture_open(&fixture);
    g_assert_true(quick_write(store, "old", 1, N_ROWS, &error));
    int64_t n_pages = 0;
    int64_t n_after = 0;
    g_assert_true(rk_sql_int(store, &n_pages, 0, &error, "PRAGMA page_count", ""));
    g_autofree char *limit = g_strdup_printf("PRAGMA max_page_count = %d", (int)n_pages + 100);
    g_assert_true(rk_sql_exec(store, limit, &error));
    g_assert_false(quick_write(store, "new", 2, N_ROWS, &error));
    expect_message(error);
    g_assert_nonnull(strstr(error->message, "Free space"));
    g_clear_error(&error);
    g_assert_true(rk_sql_int(store, &n_after, 0, &error, "PRAGMA page_count", ""));
    g_assert_cmpint(n_after, <=, n_pages + 2);
    quick_check(store, "old", 1, N_ROWS, &error);
    g_assert_no_error(error);
}

int
main(int argc, char **argv)
{
    faults_install();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/faults/one call to the disk fails", one_call_fails);
    g_test_add_func("/store/faults/the disk goes away", the_disk_goes_away);
    g_test_add_func("/store/faults/the disk fills up", the_disk_fills_up);
    g_test_add_func("/store/faults/memory runs out", memory_runs_out);
    g_test_add_func("/store/faults/a file may not grow", a_file_may_not_grow);
    g_test_add_func("/store/faults/a full database shrinks again", a_full_database_shrinks_again);
    return g_test_run();
}
