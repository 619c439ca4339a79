// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/trial.h"

#include "store/codec.h"
#include "store/records.h"
#include "store/sql.h"

#include <string.h>

void
rk_stored_trial_free(RkStoredTrial *trial)
{
    if (trial == NULL)
        return;
    g_free(trial->trial);
    g_free(trial->result);
    g_free(trial);
}

gboolean
rk_trials_begin(RkStore *store, const char *recipe, const char *name, const char *suite,
                gboolean resume, int64_t *id, gboolean *resumed, GError **error)
{
    g_auto(RkTransaction) transaction = {0};
    *id = 0;
    gboolean done =
        rk_transaction_begin(&transaction, store, error) &&
        (!resume || rk_sql_int(store, id, 0, error,
                               "SELECT id FROM suite_run WHERE recipe = ? ORDER BY id DESC LIMIT 1",
                               "s", recipe));
    if (resumed != NULL)
        *resumed = *id != 0;
    if (done && *id == 0) {
        done = rk_sql_run(store, error,
                          "INSERT INTO suite_run (recipe, name, suite, created_s) "
                          "VALUES (?, ?, ?, ?)",
                          "sssi", recipe, name, suite, g_get_real_time() / G_USEC_PER_SEC);
        *id = sqlite3_last_insert_rowid(store->db);
    }
    if (done && rk_transaction_commit(&transaction, error))
        return TRUE;
    g_prefix_error(error, "Can't note the suite %s: ", name);
    return FALSE;
}

// ---- keeping -------------------------------------------------------------------------------

static gboolean
insert_field(RkStore *store, RkCodec *codec, int64_t of, const RkTrialField *field, uint64_t n,
             GError **error)
{
    for (uint64_t at = 0; at < n; at += RK_CHUNK_ROWS) {
        const uint32_t n_rows = (uint32_t)MIN(n - at, RK_CHUNK_ROWS);
        const RkColumn column = {.type = RK_COLUMN_TIME,
                                 .n_rows = n_rows,
                                 .time = (int64_t *)(uintptr_t)(field->values + at)}; // only read
        const RkEncoded encoded = rk_codec_column(codec, &column);
        if (!rk_sql_run(store, error,
                        "INSERT INTO trial_chunk (of, field, position, n, checksum, data) "
                        "VALUES (?, ?, ?, ?, ?, ?)",
                        "isiiib", of, field->name, (int64_t)(at / RK_CHUNK_ROWS), (int64_t)n_rows,
                        (int64_t)encoded.checksum, encoded.data->data, (size_t)encoded.data->len))
            return FALSE;
    }
    return TRUE;
}

static gboolean
insert_repeat(RkStore *store, int64_t run, const RkTrialRecord *record, GError **error)
{
    int64_t trial = 0;
    if (!rk_sql_run(store, error,
                    "INSERT INTO trial (suite_run, key, config) VALUES (?, ?, ?) "
                    "ON CONFLICT DO NOTHING",
                    "iss", run, record->trial, record->config) ||
        !rk_sql_int(store, &trial, 0, error, "SELECT id FROM trial WHERE suite_run = ? AND key = ?",
                    "is", run, record->trial) ||
        !rk_sql_run(store, error,
                    "INSERT INTO trial_repeat (trial, repeat, result, n, created_s) "
                    "VALUES (?, ?, ?, ?, ?)",
                    "iisii", trial, (int64_t)record->repeat, record->result, (int64_t)record->n,
                    g_get_real_time() / G_USEC_PER_SEC))
        return FALSE;
    const int64_t of = sqlite3_last_insert_rowid(store->db);
    g_autoptr(RkCodec) codec = rk_codec_new();
    for (uint32_t f = 0; f < record->n_fields; f++)
        if (!insert_field(store, codec, of, &record->fields[f], record->n, error))
            return FALSE;
    return TRUE;
}

gboolean
rk_trials_keep(RkStore *store, int64_t id, const RkTrialRecord *record, GError **error)
{
    g_auto(RkTransaction) transaction = {0};
    if (rk_transaction_begin(&transaction, store, error) &&
        insert_repeat(store, id, record, error) && rk_transaction_commit(&transaction, error))
        return TRUE;
    g_prefix_error(error, "Can't keep repeat %u of trial %s: ", record->repeat + 1, record->trial);
    return FALSE;
}

// ---- reading -------------------------------------------------------------------------------

#define SELECT_REPEATS                                                                             \
    "SELECT r.id, t.key, r.repeat, r.result, r.n FROM trial_repeat r "                             \
    "JOIN trial t ON r.trial = t.id WHERE t.suite_run = ? "

static GPtrArray *
read_repeats(RkRows *rows, GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)rk_stored_trial_free);
    int next = 0;
    while ((next = rk_rows_next(rows, error)) == 1) {
        RkStoredTrial *one = g_new0(RkStoredTrial, 1);
        one->id = sqlite3_column_int64(rows->stmt, 0);
        one->trial = g_strdup((const char *)sqlite3_column_text(rows->stmt, 1));
        one->repeat = (uint32_t)sqlite3_column_int64(rows->stmt, 2);
        one->result = g_strdup((const char *)sqlite3_column_text(rows->stmt, 3));
        one->n = (uint64_t)sqlite3_column_int64(rows->stmt, 4);
        g_ptr_array_add(all, one);
    }
    return next == 0 ? g_steal_pointer(&all) : NULL;
}

GPtrArray *
rk_trials_list(RkStore *store, int64_t id, GError **error)
{
    g_auto(RkRows) rows = {0};
    GPtrArray *all = rk_rows_query(&rows, store, error, SELECT_REPEATS "ORDER BY r.id", "i", id)
                         ? read_repeats(&rows, error)
                         : NULL;
    if (all == NULL)
        g_prefix_error(error, "Can't list the suite's trials: ");
    return all;
}

GPtrArray *
rk_trials_repeats(RkStore *store, int64_t id, const char *trial, GError **error)
{
    g_auto(RkRows) rows = {0};
    GPtrArray *own = rk_rows_query(&rows, store, error,
                                   SELECT_REPEATS "AND t.key = ? ORDER BY r.id", "is", id, trial)
                         ? read_repeats(&rows, error)
                         : NULL;
    if (own == NULL)
        g_prefix_error(error, "Can't list the repeats of trial %s: ", trial);
    return own;
}

static gboolean
read_chunk(const RkRows *rows, uint64_t room, int64_t *to, uint32_t *n, GError **error)
{
    const RkStored stored = {.data = sqlite3_column_blob(rows->stmt, 2),
                             .n_data = (size_t)sqlite3_column_bytes(rows->stmt, 2),
                             .checksum = (uint32_t)sqlite3_column_int64(rows->stmt, 1)};
    RkColumn column = {.type = RK_COLUMN_TIME};
    const int64_t n_rows = sqlite3_column_int64(rows->stmt, 0);
    if (n_rows < 1 || (uint64_t)n_rows > room || n_rows > RK_CHUNK_ROWS) {
        g_set_error_literal(error, RK_ERROR, RK_ERROR_DATA, "its length makes no sense");
        return FALSE;
    }
    *n = (uint32_t)n_rows;
    if (!rk_stored_check(&stored, error) || !rk_stored_column(&stored, *n, &column, error))
        return FALSE;
    memcpy(to, column.time, *n * sizeof *to);
    g_free(column.time);
    return TRUE;
}

static gboolean
read_field(RkStore *store, const RkStoredTrial *stored, const char *field, int64_t *values,
           GError **error)
{
    g_auto(RkRows) rows = {0};
    uint64_t at = 0;
    uint32_t n = 0;
    int next = -1;
    if (!rk_rows_query(&rows, store, error,
                       "SELECT n, checksum, data FROM trial_chunk WHERE of = ? AND field = ? "
                       "ORDER BY position",
                       "is", stored->id, field))
        return FALSE;
    while ((next = rk_rows_next(&rows, error)) == 1) {
        if (!read_chunk(&rows, stored->n - at, values + at, &n, error))
            return FALSE;
        at += n;
    }
    if (next == 0 && at < stored->n)
        g_set_error(error, RK_ERROR, at == 0 ? RK_ERROR_NOT_FOUND : RK_ERROR_DATA,
                    "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " records are there", at,
                    stored->n);
    return next == 0 && at == stored->n;
}

int64_t *
rk_trials_values(RkStore *store, const RkStoredTrial *stored, const char *field, GError **error)
{
    g_autofree int64_t *values = g_try_new(int64_t, MAX(stored->n, 1));
    if (values == NULL)
        g_set_error(error, RK_ERROR, RK_ERROR_MEMORY, "no memory for %" G_GUINT64_FORMAT " records",
                    stored->n);
    else if (read_field(store, stored, field, values, error))
        return g_steal_pointer(&values);
    g_prefix_error(error, "Can't read %s of repeat %u of trial %s: ", field, stored->repeat + 1,
                   stored->trial);
    return NULL;
}

// ---- runs ----------------------------------------------------------------------------------

gboolean
rk_trials_keep_results(RkStore *store, int64_t id, const char *results, gboolean complete,
                       GError **error)
{
    if (rk_sql_run(store, error, "UPDATE suite_run SET results = ?, complete = ? WHERE id = ?",
                   "sii", results, (int64_t)complete, id))
        return TRUE;
    g_prefix_error(error, "Can't keep what the suite found: ");
    return FALSE;
}

void
rk_stored_suite_free(RkStoredSuite *suite)
{
    if (suite == NULL)
        return;
    g_free(suite->recipe);
    g_free(suite->name);
    g_free(suite);
}

GPtrArray *
rk_trials_runs(RkStore *store, GError **error)
{
    g_auto(RkRows) rows = {0};
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)rk_stored_suite_free);
    int next = -1;
    if (rk_rows_query(&rows, store, error,
                      "SELECT s.id, s.recipe, s.name, s.created_s, s.results IS NOT NULL, "
                      "s.complete, (SELECT count(*) FROM trial WHERE suite_run = s.id), "
                      "(SELECT count(*) FROM trial t JOIN trial_repeat r ON r.trial = t.id "
                      "WHERE t.suite_run = s.id) FROM suite_run s ORDER BY s.id DESC",
                      ""))
        while ((next = rk_rows_next(&rows, error)) == 1) {
            RkStoredSuite *one = g_new0(RkStoredSuite, 1);
            one->id = sqlite3_column_int64(rows.stmt, 0);
            one->recipe = g_strdup((const char *)sqlite3_column_text(rows.stmt, 1));
            one->name = g_strdup((const char *)sqlite3_column_text(rows.stmt, 2));
            one->created_s = sqlite3_column_int64(rows.stmt, 3);
            one->has_results = sqlite3_column_int(rows.stmt, 4) != 0;
            one->complete = sqlite3_column_int(rows.stmt, 5) != 0;
            one->n_trials = (uint32_t)sqlite3_column_int64(rows.stmt, 6);
            one->n_repeats = (uint32_t)sqlite3_column_int64(rows.stmt, 7);
            g_ptr_array_add(all, one);
        }
    if (next == 0)
        return g_steal_pointer(&all);
    g_prefix_error(error, "Can't list the suites' runs: ");
    return NULL;
}

static char *
read_text(RkStore *store, int64_t id, const char *sql, const char *what, GError **error)
{
    g_auto(RkRows) rows = {0};
    char *text = NULL;
    int next = -1;
    if (rk_rows_query(&rows, store, error, sql, "i", id) &&
        (next = rk_rows_next(&rows, error)) == 1)
        text = g_strdup((const char *)sqlite3_column_text(rows.stmt, 0));
    if (text == NULL && next >= 0)
        g_set_error(error, RK_ERROR, RK_ERROR_NOT_FOUND,
                    "Can't read %s of the sweep %" G_GINT64_FORMAT ": %s.", what, id,
                    next == 0 ? "there is no such sweep" : "it hasn't ended yet. Go on with it");
    return text;
}

char *
rk_trials_run_suite(RkStore *store, int64_t id, GError **error)
{
    return read_text(store, id, "SELECT suite FROM suite_run WHERE id = ?", "the suite", error);
}

char *
rk_trials_run_results(RkStore *store, int64_t id, GError **error)
{
    return read_text(store, id, "SELECT results FROM suite_run WHERE id = ?", "the results", error);
}

gboolean
rk_trials_remove(RkStore *store, int64_t id, GError **error)
{
    if (rk_sql_run(store, error, "DELETE FROM suite_run WHERE id = ?", "i", id) &&
        rk_records_give_space_back(store, error))
        return TRUE;
    g_prefix_error(error, "Can't remove the suite's trials: ");
    return FALSE;
}
