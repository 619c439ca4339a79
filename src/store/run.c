// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/run.h"

#include <math.h>
#include <string.h>

#include "store/records.h"
#include "store/tensors-private.h"

#define COLUMNS                                                                                    \
    "id, name, kind, dataset, seed, device, driver, config, status, why, created_s, ended_s "      \
    "FROM run "

static const char *const STATUSES[] = {[RK_RUN_RUNNING] = "running",
                                       [RK_RUN_DONE] = "done",
                                       [RK_RUN_FAILED] = "failed",
                                       [RK_RUN_INTERRUPTED] = "interrupted"};

const char *
rk_run_status_name(RkRunStatus status)
{
    return STATUSES[status];
}

void
rk_stored_run_free(RkStoredRun *run)
{
    if (run == NULL)
        return;
    g_free(run->name);
    g_free(run->kind);
    g_free(run->dataset);
    g_free(run->device);
    g_free(run->driver);
    g_free(run->config);
    g_free(run->why);
    g_free(run);
}

// ---- runs ----------------------------------------------------------------------------------

static gboolean
start(RkStore *store, const RkStoredRun *run, int64_t *id, GError **error)
{
    g_auto(RkTransaction) transaction = {0};
    int64_t taken = 0;
    if (!rk_transaction_begin(&transaction, store, error) ||
        !rk_sql_int(store, &taken, 0, error, "SELECT 1 FROM run WHERE name = ?", "s", run->name))
        return FALSE;
    if (taken) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "there is a run of that name. Choose another with --as, go on with --resume, "
                    "or remove it with rankine remove.");
        return FALSE;
    }
    if (!rk_sql_run(store, error,
                    "INSERT INTO run (name, kind, dataset, seed, device, driver, config, "
                    "created_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    "sssisssi", run->name, run->kind, run->dataset, (int64_t)run->seed, run->device,
                    run->driver, run->config ? run->config : "{}",
                    g_get_real_time() / G_USEC_PER_SEC))
        return FALSE;
    *id = sqlite3_last_insert_rowid(store->db);
    return rk_transaction_commit(&transaction, error);
}

gboolean
rk_run_start(RkStore *store, const RkStoredRun *run, int64_t *id, GError **error)
{
    if (start(store, run, id, error))
        return TRUE;
    g_prefix_error(error, "Can't start the run %s: ", run->name);
    return FALSE;
}

gboolean
rk_run_set_status(RkStore *store, int64_t id, RkRunStatus status, const char *why, GError **error)
{
    int64_t now = status == RK_RUN_RUNNING ? 0 : g_get_real_time() / G_USEC_PER_SEC;
    if (rk_sql_run(store, error,
                   "UPDATE run SET status = ?, why = ?, ended_s = nullif(?, 0) WHERE id = ?",
                   "ssii", STATUSES[status], why, now, id))
        return TRUE;
    g_prefix_error(error, "Can't note that the run is %s: ", STATUSES[status]);
    return FALSE;
}

gboolean
rk_run_set_config(RkStore *store, int64_t id, const char *config, GError **error)
{
    if (rk_sql_run(store, error, "UPDATE run SET config = ? WHERE id = ?", "si", config, id))
        return TRUE;
    g_prefix_error(error, "Can't note the settings of a run: ");
    return FALSE;
}

static char *
text_at(const RkRows *rows, int column)
{
    return g_strdup((const char *)sqlite3_column_text(rows->stmt, column));
}

static RkStoredRun *
read_run(const RkRows *rows, GError **error)
{
    g_autoptr(RkStoredRun) run = g_new0(RkStoredRun, 1);
    run->id = sqlite3_column_int64(rows->stmt, 0);
    run->name = text_at(rows, 1);
    run->kind = text_at(rows, 2);
    run->dataset = text_at(rows, 3);
    run->seed = (uint64_t)sqlite3_column_int64(rows->stmt, 4);
    run->device = text_at(rows, 5);
    run->driver = text_at(rows, 6);
    run->config = text_at(rows, 7);
    run->why = text_at(rows, 9);
    run->created_s = sqlite3_column_int64(rows->stmt, 10);
    run->ended_s = sqlite3_column_int64(rows->stmt, 11);
    const char *status = (const char *)sqlite3_column_text(rows->stmt, 8);
    for (size_t i = 0; i < G_N_ELEMENTS(STATUSES); i++)
        if (g_strcmp0(status, STATUSES[i]) == 0) {
            run->status = (RkRunStatus)i;
            return g_steal_pointer(&run);
        }
    g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                "the run %s has the unknown status \"%s\". Update Rankine, or run rankine doctor.",
                run->name, status);
    return NULL;
}

static gboolean
fail_missing(const RkStore *store, GError **error)
{
    g_set_error(error, RK_ERROR, RK_ERROR_NOT_FOUND,
                "%s has no run of that name. List them with rankine runs.", rk_store_path(store));
    return FALSE;
}

RkStoredRun *
rk_run_open(RkStore *store, const char *name, GError **error)
{
    g_auto(RkRows) rows = {0};
    int next = -1;
    if (rk_rows_query(&rows, store, error, "SELECT " COLUMNS "WHERE name = ?", "s", name))
        next = rk_rows_next(&rows, error);
    if (next == 0)
        fail_missing(store, error);
    RkStoredRun *run = next == 1 ? read_run(&rows, error) : NULL;
    if (run == NULL)
        g_prefix_error(error, "Can't open the run %s: ", name);
    return run;
}

GPtrArray *
rk_run_list(RkStore *store, GError **error)
{
    g_auto(RkRows) rows = {0};
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)rk_stored_run_free);
    int next = -1;
    if (rk_rows_query(&rows, store, error, "SELECT " COLUMNS "ORDER BY created_s DESC, id DESC",
                      ""))
        while ((next = rk_rows_next(&rows, error)) == 1) {
            RkStoredRun *run = read_run(&rows, error);
            if (run == NULL) {
                next = -1;
                break;
            }
            g_ptr_array_add(list, run);
        }
    if (next == 0)
        return g_steal_pointer(&list);
    g_prefix_error(error, "Can't list the runs: ");
    return NULL;
}

gboolean
rk_run_remove(RkStore *store, const char *name, GError **error)
{
    g_autoptr(RkStoredRun) run = rk_run_open(store, name, error);
    if (run != NULL && rk_sql_run(store, error, "DELETE FROM run WHERE id = ?", "i", run->id) &&
        rk_records_give_space_back(store, error))
        return TRUE;
    g_prefix_error(error, "Can't remove the run %s: ", name);
    return FALSE;
}

// ---- measurements --------------------------------------------------------------------------

static gboolean
insert_measurement(RkStore *store, int64_t id, const RkMeasurement *m, GError **error)
{
    static const char SQL[] = "INSERT OR REPLACE INTO run_metric (run, name, step, epoch, value) "
                              "VALUES (?, ?, ?, ?, ?)";
    // SQLite stores NaN as NULL.
    return rk_sql_run(store, error, SQL, "isidd", id, m->name, (int64_t)m->step, m->epoch,
                      m->value);
}

gboolean
rk_run_measure(RkStore *store, int64_t id, const RkMeasurement *measurements, uint32_t n,
               GError **error)
{
    g_auto(RkTransaction) transaction = {0};
    gboolean done = rk_transaction_begin(&transaction, store, error);
    for (uint32_t i = 0; done && i < n; i++)
        done = insert_measurement(store, id, &measurements[i], error);
    if (done && rk_transaction_commit(&transaction, error))
        return TRUE;
    g_prefix_error(error, "Can't store the run's measurements: ");
    return FALSE;
}

GPtrArray *
rk_run_figures(RkStore *store, int64_t id, GError **error)
{
    g_auto(RkRows) rows = {0};
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    int next = -1;
    if (rk_rows_query(&rows, store, error,
                      "SELECT DISTINCT name FROM run_metric WHERE run = ? ORDER BY name", "i", id))
        while ((next = rk_rows_next(&rows, error)) == 1)
            g_ptr_array_add(names, g_strdup((const char *)sqlite3_column_text(rows.stmt, 0)));
    if (next == 0)
        return g_steal_pointer(&names);
    g_prefix_error(error, "Can't read what the run measured: ");
    return NULL;
}

GArray *
rk_run_measurements(RkStore *store, int64_t id, const char *name, GError **error)
{
    g_auto(RkRows) rows = {0};
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(RkMeasurement));
    int next = -1;
    if (rk_rows_query(&rows, store, error,
                      "SELECT step, epoch, value FROM run_metric WHERE run = ? AND name = ? "
                      "ORDER BY step",
                      "is", id, name))
        while ((next = rk_rows_next(&rows, error)) == 1) {
            gboolean defined = sqlite3_column_type(rows.stmt, 2) != SQLITE_NULL;
            const RkMeasurement m = {.step = (uint64_t)sqlite3_column_int64(rows.stmt, 0),
                                     .epoch = sqlite3_column_double(rows.stmt, 1),
                                     .value = defined ? sqlite3_column_double(rows.stmt, 2) : NAN};
            g_array_append_val(all, m);
        }
    if (next == 0)
        return g_steal_pointer(&all);
    g_prefix_error(error, "Can't read the run's measurements of %s: ", name);
    return NULL;
}

// ---- checkpoints ---------------------------------------------------------------------------

void
rk_checkpoint_free(RkCheckpoint *checkpoint)
{
    if (checkpoint == NULL)
        return;
    g_free(checkpoint->position);
    rk_tensor_list_free(checkpoint->tensors);
    g_free(checkpoint);
}

static gboolean
insert_checkpoint(RkStore *store, int64_t run, uint64_t step, const char *position,
                  const RkTensorSource *source, uint32_t n_keep, GError **error)
{
    return rk_sql_run(store, error, "DELETE FROM checkpoint WHERE run = ? AND step = ?", "ii", run,
                      (int64_t)step) &&
           rk_sql_run(store, error,
                      "INSERT INTO checkpoint (run, step, position, created_s) "
                      "VALUES (?, ?, ?, ?)",
                      "iisi", run, (int64_t)step, position, g_get_real_time() / G_USEC_PER_SEC) &&
           rk_tensors_insert(store, RK_OWNER_CHECKPOINT, sqlite3_last_insert_rowid(store->db),
                             source, error) &&
           rk_sql_run(store, error,
                      "DELETE FROM checkpoint WHERE run = ? AND id NOT IN (SELECT id FROM "
                      "checkpoint WHERE run = ? ORDER BY step DESC LIMIT ?)",
                      "iii", run, run, (int64_t)MAX(n_keep, 1));
}

gboolean
rk_run_checkpoint(RkStore *store, int64_t id, uint64_t step, const char *position,
                  const RkTensorSource *source, uint32_t n_keep, GError **error)
{
    g_auto(RkTransaction) transaction = {0};
    if (rk_transaction_begin(&transaction, store, error) &&
        insert_checkpoint(store, id, step, position, source, n_keep, error) &&
        rk_transaction_commit(&transaction, error))
        return TRUE;
    g_prefix_error(error, "Can't keep the checkpoint at step %" G_GUINT64_FORMAT ": ", step);
    return FALSE;
}

static RkCheckpoint *
find_checkpoint(RkStore *store, int64_t run, uint64_t step, GError **error)
{
    g_auto(RkRows) rows = {0};
    if (!rk_rows_query(&rows, store, error,
                       "SELECT id, step, position FROM checkpoint WHERE run = ? AND step <= ? "
                       "ORDER BY step DESC LIMIT 1",
                       "ii", run, (int64_t)MIN(step, (uint64_t)INT64_MAX)) ||
        rk_rows_next(&rows, error) != 1)
        return NULL;
    g_autoptr(RkCheckpoint) checkpoint = g_new0(RkCheckpoint, 1);
    checkpoint->step = (uint64_t)sqlite3_column_int64(rows.stmt, 1);
    checkpoint->position = text_at(&rows, 2);
    checkpoint->tensors =
        rk_tensors_list(store, RK_OWNER_CHECKPOINT, sqlite3_column_int64(rows.stmt, 0), error);
    return checkpoint->tensors != NULL ? g_steal_pointer(&checkpoint) : NULL;
}

RkCheckpoint *
rk_run_last_checkpoint(RkStore *store, int64_t id, uint64_t step, GError **error)
{
    g_autoptr(GError) failure = NULL;
    RkCheckpoint *checkpoint = find_checkpoint(store, id, step, &failure);
    if (failure != NULL)
        g_propagate_prefixed_error(error, g_steal_pointer(&failure),
                                   "Can't read the run's checkpoint: ");
    return checkpoint;
}
