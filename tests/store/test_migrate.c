// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/migrate.h"

#include <string.h>

#include "fixture.h"

// A database at an older version, made by the migrations up to there with plain SQLite.
static void
make_version(const char *path, int version)
{
    g_autoptr(GError) error = NULL;
    RkStore raw = {.path = (char *)path, .writer_fd = -1};
    g_rec_mutex_init(&raw.lock);
    raw.statements = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_assert_cmpint(sqlite3_open(path, &raw.db), ==, SQLITE_OK);
    g_assert_true(rk_migrate(&raw, version, &error));
    g_assert_no_error(error);
    if (version >= 1)
        g_assert_true(rk_sql_exec(&raw,
                                  "INSERT INTO dataset (name, created_s) VALUES ('old', 7);"
                                  "INSERT INTO dataset_meta VALUES (1, 'params', '{\"a\": 1}');",
                                  &error));
    GHashTableIter iter;
    gpointer stmt = NULL;
    g_hash_table_iter_init(&iter, raw.statements);
    while (g_hash_table_iter_next(&iter, NULL, &stmt))
        sqlite3_finalize(stmt);
    g_hash_table_unref(raw.statements);
    g_assert_cmpint(sqlite3_close(raw.db), ==, SQLITE_OK);
    g_rec_mutex_clear(&raw.lock);
}

static void
every_older_version(void)
{
    for (int version = 0; version <= rk_migrate_latest(); version++) {
        g_auto(Fixture) fixture = fixture_new();
        g_autoptr(GError) error = NULL;
        make_version(fixture.db, version);
        g_autoptr(RkStore) store = fixture_open(&fixture);
        int64_t now = 0;
        g_assert_true(rk_sql_int(store, &now, 0, &error, "PRAGMA user_version", ""));
        g_assert_cmpint((int)now, ==, rk_migrate_latest());
        if (version >= 1) {
            g_autoptr(RkDataset) old = rk_dataset_open(store, "old", &error);
            g_assert_no_error(error);
            g_autofree char *params = rk_dataset_meta(old, "params", &error);
            g_assert_cmpstr(params, ==, "{\"a\": 1}");
        }
        g_assert_true(fixture_import(store, "new", 1, 100, &error)); // and it works
        fixture_check(store, "new", 1, 100);
    }
}

static void
expect_refusal(const char *path, RkStoreFlags flags, int code, const char *pattern)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(rk_store_open(path, flags, &error));
    g_assert_error(error, RK_ERROR, code);
    if (!g_pattern_match_simple(pattern, error->message))
        g_error("\"%s\" isn't like \"%s\"", error->message, pattern);
}

static void
run_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
}

static void
what_is_refused(void)
{
    g_auto(Fixture) fixture = fixture_new();
    g_autoptr(GError) error = NULL;
    expect_refusal(fixture.db, RK_STORE_EXISTING, RK_ERROR_NOT_FOUND, "*no such file*--db*");
    expect_refusal(fixture.db, RK_STORE_READ_ONLY, RK_ERROR_NOT_FOUND, "*no such file*");
    g_assert_false(g_file_test(fixture.db, G_FILE_TEST_EXISTS));
    expect_refusal("/nowhere/at/all.db", RK_STORE_DEFAULT, RK_ERROR_DATABASE,
                   "*sqlite3_open_v2*folder exists*");

    run_sql(fixture.db, "CREATE TABLE contacts (name TEXT)");
    expect_refusal(fixture.db, RK_STORE_DEFAULT, RK_ERROR_UNSUPPORTED, "*another program*--db*");

    g_autofree char *text = g_build_filename(fixture.folder, "ratings.csv", NULL);
    g_assert_true(g_file_set_contents(text, "userId,movieId,rating\n1,2,3\n", -1, &error));
    expect_refusal(text, RK_STORE_DEFAULT, RK_ERROR_DATABASE, "*file is not a database*--db*");

    g_autofree char *newer = g_build_filename(fixture.folder, "newer.db", NULL);
    rk_store_unref(rk_store_open(newer, RK_STORE_DEFAULT, &error));
    run_sql(newer, "PRAGMA user_version = 9999");
    expect_refusal(newer, RK_STORE_DEFAULT, RK_ERROR_UNSUPPORTED,
                   "*schema version 9999*Update Rankine*");
    expect_refusal(newer, RK_STORE_READ_ONLY, RK_ERROR_UNSUPPORTED, "*schema version 9999*");

    g_autofree char *older = g_build_filename(fixture.folder, "older.db", NULL);
    make_version(older, rk_migrate_latest() - 1);
    if (rk_migrate_latest() > 1)
        expect_refusal(older, RK_STORE_READ_ONLY, RK_ERROR_UNSUPPORTED, "*older schema version*");
}

static void
modes_of_the_file(void)
{
    static const struct {
        const char *pragma;
        int64_t value;
    } ROWS[] = {{"PRAGMA foreign_keys", 1},
                {"PRAGMA auto_vacuum", 2},
                {"PRAGMA synchronous", 1},
                {"PRAGMA application_id", RK_STORE_APPLICATION_ID}};
    g_auto(Fixture) fixture = fixture_new();
    g_autoptr(RkStore) store = fixture_open(&fixture);
    g_autoptr(GError) error = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
        int64_t value = -1;
        g_assert_true(rk_sql_int(store, &value, -1, &error, ROWS[i].pragma, ""));
        g_assert_cmpint(value, ==, ROWS[i].value);
    }
    g_assert_true(fixture_import(store, "a", 1, 100, &error));
    g_autoptr(RkStore) reader = rk_store_open(fixture.db, RK_STORE_READ_ONLY, &error);
    g_assert_no_error(error);
    fixture_check(reader, "a", 1, 100);
    g_assert_false(rk_dataset_remove(reader, "a", &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_DATABASE);
}

// A savepoint's rollback leaves the outer transaction; the outer one's leaves nothing.
static void
transactions_nest(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = rk_store_open(":memory:", RK_STORE_DEFAULT, &error);
    const char *insert = "INSERT INTO dataset (name, created_s) VALUES (?, 1)";
    for (int commit = 0; commit < 2; commit++) {
        g_auto(RkTransaction) outer = {0};
        g_assert_true(rk_transaction_begin(&outer, store, &error));
        g_assert_true(rk_sql_run(store, &error, insert, "s", "outer"));
        for (int keep = 0; keep < 2; keep++) {
            g_auto(RkTransaction) inner = {0};
            g_assert_true(rk_transaction_begin(&inner, store, &error));
            g_assert_true(rk_sql_run(store, &error, insert, "s", keep ? "kept" : "dropped"));
            if (keep)
                g_assert_true(rk_transaction_commit(&inner, &error));
        }
        g_assert_true(rk_dataset_exists(store, "kept"));
        if (commit)
            g_assert_true(rk_transaction_commit(&outer, &error));
        else
            rk_transaction_clear(&outer);
        g_assert_cmpint(rk_dataset_exists(store, "outer"), ==, commit);
        g_assert_cmpint(rk_dataset_exists(store, "kept"), ==, commit);
        g_assert_false(rk_dataset_exists(store, "dropped"));
    }
    g_assert_false(rk_sql_run(store, &error, insert, "s", "kept")); // the name is taken
    g_assert_error(error, RK_ERROR, RK_ERROR_DATABASE);
    g_assert_nonnull(strstr(error->message, "UNIQUE"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/migrate/every older version is brought up to date",
                    every_older_version);
    g_test_add_func("/store/migrate/what is newer or not ours is refused", what_is_refused);
    g_test_add_func("/store/store/the file's modes are set and reading only is that",
                    modes_of_the_file);
    g_test_add_func("/store/sql/transactions nest", transactions_nest);
    return g_test_run();
}
