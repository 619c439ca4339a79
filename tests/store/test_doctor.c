// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/doctor.h"

#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "fixture.h"
#include "quick.h"
#include "store/sql.h"

#define N_ROWS 140000u

static RkDoctorReport *
examine(RkStore *store, gboolean repair)
{
    g_autoptr(GError) error = NULL;
    const RkDoctorOptions options = {.repair = repair};
    RkDoctorReport *report = rk_doctor_run(store, &options, &error);
    g_assert_no_error(error);
    return report;
}

static const RkFinding *
only_finding(const RkDoctorReport *report)
{
    g_assert_cmpuint(report->findings->len, ==, 1);
    return g_ptr_array_index(report->findings, 0);
}

static void
sql(RkStore *store, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(rk_sql_exec(store, text, &error));
    g_assert_no_error(error);
}

static void
health(void)
{
    g_auto(Fixture) fixture = fixture_new();
    g_autoptr(RkStore) store = fixture_open(&fixture);
    g_autoptr(GError) error = NULL;
    g_assert_true(quick_write(store, "a", 1, N_ROWS, &error));
    g_assert_true(fixture_import(store, "b", 1, 1000, &error));
    g_autoptr(RkDoctorReport) report = examine(store, TRUE);
    g_assert_true(rk_doctor_report_is_healthy(report));
    g_assert_cmpuint(report->findings->len, ==, 0);
    g_assert_cmpuint(report->n_datasets, ==, 2);
    g_assert_cmpuint(report->n_blobs, ==, 9 + 6 + 3);
}

// A changed byte in any blob is noticed by whoever reads it and named by doctor; the other dataset
// is not touched by it, and salvage saves that one.
static void
damaged_blobs(void)
{
    static const struct {
        const char *damage;
        const char *finding;
    } ROWS[] = {
        {"UPDATE column_chunk SET data = zeroblob(length(data)) WHERE position = 1 AND field = "
         "(SELECT id FROM field WHERE name = 'item' LIMIT 1)",
         "*chunk 1 of events.item in the dataset a: its checksum is*"},
        {"UPDATE vocabulary_block SET data = substr(data, 2)",
         "*vocabulary item of the dataset a: its checksum is*"},
        {"DELETE FROM column_chunk WHERE position = 2 AND field = "
         "(SELECT id FROM field WHERE name = 'time' LIMIT 1)",
         "*chunk 2 of events.time in the dataset a: it isn't there*"},
        {"UPDATE column_chunk SET n_rows = 5 WHERE id = 1", "*5 rows instead of 65536*"},
        {"UPDATE dataset_blob SET data = x'00'", "*\"split/x\" part 0 of the dataset a*"},
        {"UPDATE field SET kind = 'wish' WHERE name = 'time'", "*field kind \"wish\"*"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RkStore) store = rk_store_open(":memory:", RK_STORE_DEFAULT, &error);
        g_assert_true(quick_write(store, "a", 1, N_ROWS, &error));
        g_autoptr(RkDataset) a = rk_dataset_open(store, "a", &error);
        g_autoptr(GBytes) bytes = g_bytes_new_static("parts", 5);
        g_assert_true(rk_dataset_set_blob(a, "split/x", 0, bytes, &error));
        sql(store, ROWS[i].damage);
        g_assert_true(fixture_import(store, "b", 1, 1000, &error));
        g_autoptr(RkDoctorReport) report = examine(store, TRUE);
        const RkFinding *finding = only_finding(report);
        g_assert_false(finding->repaired);
        if (!g_pattern_match_simple(ROWS[i].finding, finding->what))
            g_error("%s: %s", ROWS[i].finding, finding->what);
        g_assert_cmpuint(report->damaged->len, ==, 1);
        g_assert_cmpstr(g_ptr_array_index(report->damaged, 0), ==, "a");
        g_autoptr(RkStore) to = rk_store_open(":memory:", RK_STORE_DEFAULT, &error);
        g_autoptr(GPtrArray) salvaged = rk_doctor_salvage(store, to, &error);
        g_assert_false(((RkFinding *)g_ptr_array_index(salvaged, 0))->repaired);
        g_assert_true(((RkFinding *)g_ptr_array_index(salvaged, 1))->repaired);
        g_assert_false(rk_dataset_exists(to, "a"));
        fixture_check(to, "b", 1, 1000);
        g_autoptr(RkDataset) b = rk_dataset_open(to, "b", &error);
        g_autofree char *params = rk_dataset_meta(b, "params", &error);
        g_assert_cmpstr(params, ==, "{\"made\": \"by a test\"}");
    }
}

// What killed imports and lost references leave is swept, and the file gets smaller again.
static void
leftovers(void)
{
    g_auto(Fixture) fixture = fixture_new();
    g_autoptr(RkStore) store = fixture_open(&fixture);
    g_autoptr(GError) error = NULL;
    g_assert_true(quick_write(store, "a", 1, N_ROWS, &error));
    g_assert_true(quick_write(store, "b", 2, N_ROWS, &error));
    g_assert_true(quick_write(store, "c", 3, N_ROWS, &error));
    sql(store, "UPDATE dataset SET name = NULL WHERE name = 'b';"
               "PRAGMA foreign_keys = OFF; DELETE FROM field WHERE in_table IN (SELECT t.id FROM "
               "dataset_table t JOIN dataset d ON t.dataset = d.id WHERE d.name = 'c');"
               "DELETE FROM dataset WHERE name = 'c'; PRAGMA foreign_keys = ON;");
    g_autoptr(RkDoctorReport) look = examine(store, FALSE);
    g_assert_false(rk_doctor_report_is_healthy(look));
    g_assert_cmpuint(look->findings->len, ==, 2);
    g_autoptr(RkDoctorReport) report = examine(store, TRUE);
    g_assert_true(rk_doctor_report_is_healthy(report));
    g_assert_cmpuint(report->findings->len, ==, 2);
    g_assert_cmpuint(report->freed_bytes, >, 500000);
    g_autoptr(RkDoctorReport) again = examine(store, TRUE);
    g_assert_cmpuint(again->findings->len, ==, 0);
    quick_check(store, "a", 1, N_ROWS, &error);
    g_assert_no_error(error);
}

// An import that runs is not a leftover: doctor leaves it alone, even in another process's store.
static void
a_running_import_is_left_alone(void)
{
    g_auto(Fixture) fixture = fixture_new();
    g_autoptr(RkStore) store = fixture_open(&fixture);
    g_autoptr(RkStore) other = fixture_open(&fixture);
    g_autoptr(RkSchema) schema = fixture_schema();
    g_autoptr(GError) error = NULL;
    g_autoptr(RkDatasetWriter) writer = rk_dataset_writer_new(store, "a", schema, NULL, &error);
    g_assert_true(fixture_write(rk_dataset_writer_rows(writer), 1, 1, 0, 100, &error));
    g_assert_true(fixture_write(rk_dataset_writer_rows(writer), 1, 0, 0, 1000, &error));
    g_autoptr(RkDoctorReport) theirs = examine(other, TRUE);
    g_assert_cmpuint(theirs->findings->len, ==, 0);
    g_autoptr(RkDoctorReport) ours = examine(store, TRUE);
    g_assert_cmpuint(ours->findings->len, ==, 0);
    g_assert_true(rk_dataset_writer_commit(writer, &error));
    fixture_check(store, "a", 1, 1000);
}

// Bytes of the file itself are overwritten, page after page in turn: opening, reading and doctor
// report or go on, and nothing crashes (the sanitizer build watches). A damaged index is rebuilt.
static void
damaged_pages(void)
{
    g_auto(Fixture) fixture = fixture_new();
    g_autoptr(GError) error = NULL;
    {
        g_autoptr(RkStore) store = fixture_open(&fixture);
        g_assert_true(quick_write(store, "a", 1, 70000, &error));
        sql(store, "PRAGMA wal_checkpoint(TRUNCATE)");
    }
    g_autofree char *whole = NULL;
    gsize n_bytes = 0;
    g_assert_true(g_file_get_contents(fixture.db, &whole, &n_bytes, &error));
    guint n_noticed = 0;
    guint n_repaired = 0;
    enum { PAGE = 4096 };
    for (gsize page = 0; page < n_bytes / PAGE; page++) {
        if (page > 40 && page % 7 > 0) // the blobs' pages are alike
            continue;
        g_autofree char *damaged = g_memdup2(whole, n_bytes);
        for (uint32_t i = 0; i < 64; i++)
            damaged[page * PAGE + rk_rng_below(3, (uint32_t)page, i, PAGE)] = (char)(i * 37);
        g_assert_true(g_file_set_contents(fixture.db, damaged, (gssize)n_bytes, &error));
        g_autoptr(GError) refusal = NULL;
        g_autoptr(RkStore) store = rk_store_open(fixture.db, RK_STORE_DEFAULT, &refusal);
        const RkDoctorOptions options = {.repair = TRUE};
        g_autoptr(RkDoctorReport) report =
            store != NULL ? rk_doctor_run(store, &options, &refusal) : NULL;
        if (report == NULL) {
            g_assert_nonnull(refusal);
            n_noticed++;
            continue;
        }
        n_noticed += report->findings->len > 0;
        n_repaired += report->findings->len > 0 && rk_doctor_report_is_healthy(report);
        if (rk_doctor_report_is_healthy(report) && rk_dataset_exists(store, "a")) {
            quick_check(store, "a", 1, 70000, &error);
            g_assert_no_error(error);
        }
    }
    g_test_message("%u damaged pages noticed, %u repaired", n_noticed, n_repaired);
    g_assert_cmpuint(n_noticed, >, 20);
    g_assert_cmpuint(n_repaired, >, 0);
}

// A file cut short in the middle.
static void
a_truncated_file(void)
{
    g_auto(Fixture) fixture = fixture_new();
    g_autoptr(GError) error = NULL;
    {
        g_autoptr(RkStore) store = fixture_open(&fixture);
        g_assert_true(quick_write(store, "a", 1, 70000, &error));
    }
    g_autofree char *whole = NULL;
    gsize n_bytes = 0;
    g_assert_true(g_file_get_contents(fixture.db, &whole, &n_bytes, &error));
    g_assert_true(g_file_set_contents(fixture.db, whole, (gssize)n_bytes / 2, &error));
    g_autoptr(RkStore) store = rk_store_open(fixture.db, RK_STORE_DEFAULT, &error);
    if (store != NULL) {
        g_autoptr(RkDoctorReport) report = examine(store, TRUE);
        g_assert_false(rk_doctor_report_is_healthy(report));
    } else {
        g_assert_error(error, RK_ERROR, RK_ERROR_DATABASE);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/doctor/a healthy database has no findings", health);
    g_test_add_func("/store/doctor/damaged blobs are named and the rest is salvaged",
                    damaged_blobs);
    g_test_add_func("/store/doctor/leftovers are swept and space is given back", leftovers);
    g_test_add_func("/store/doctor/a running import is left alone", a_running_import_is_left_alone);
    g_test_add_func("/store/doctor/damaged pages are noticed, indices rebuilt", damaged_pages);
    g_test_add_func("/store/doctor/a truncated file is reported", a_truncated_file);
    return g_test_run();
}
