// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/sql.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// What to do about a result code, by its primary part.
static const struct {
    int code;
    const char *advice;
} ADVICE[] = {
    {SQLITE_FULL, "Free space on that disk and try again."},
    {SQLITE_BUSY, "Another process is writing to it: wait for it to end and try again."},
    {SQLITE_LOCKED, "Another process is writing to it: wait for it to end and try again."},
    {SQLITE_CORRUPT, "The file is damaged: run rankine doctor on it."},
    {SQLITE_NOTADB, "Name another file with --db."},
    {SQLITE_READONLY, "Check the permissions of the file and its folder."},
    {SQLITE_PERM, "Check the permissions of the file and its folder."},
    {SQLITE_CANTOPEN, "Check that its folder exists and may be written to."},
    {SQLITE_IOERR, "Check the disk and its free space."},
    {SQLITE_NOMEM, "Close other programs and try again."},
    {SQLITE_TOOBIG, "A value is over 1 GB: leave the field out."},
};

gboolean
rk_sql_fail(sqlite3 *db, const char *path, int code, const char *call, GError **error)
{
    const char *advice = "Run rankine doctor on it.";
    for (size_t i = 0; i < G_N_ELEMENTS(ADVICE); i++)
        if ((code & 0xff) == ADVICE[i].code)
            advice = ADVICE[i].advice;
    const char *cause = db != NULL && sqlite3_extended_errcode(db) == code ? sqlite3_errmsg(db)
                                                                           : sqlite3_errstr(code);
    g_set_error(error, RK_ERROR, RK_ERROR_DATABASE, "%s failed on %s: %s (%d). %s", call, path,
                cause, code, advice);
    return FALSE;
}

static gboolean
fail(RkStore *store, int code, const char *call, GError **error)
{
    return rk_sql_fail(store->db, store->path, code, call, error);
}

// ---- statements ----------------------------------------------------------------------------

// A statement of the cache; or a fresh one when the cached is in use further up the stack.
static gboolean
prepare(RkRows *rows, const char *sql, GError **error)
{
    RkStore *store = rows->store;
    rows->stmt = g_hash_table_lookup(store->statements, sql);
    rows->owned = rows->stmt != NULL && sqlite3_stmt_busy(rows->stmt);
    if (rows->stmt != NULL && !rows->owned)
        return TRUE;
    int code = sqlite3_prepare_v3(store->db, sql, -1, rows->owned ? 0 : SQLITE_PREPARE_PERSISTENT,
                                  &rows->stmt, NULL);
    if (code != SQLITE_OK) {
        rows->stmt = NULL;
        return fail(store, code, "sqlite3_prepare_v3", error);
    }
    if (!rows->owned)
        g_hash_table_insert(store->statements, g_strdup(sql), rows->stmt);
    return TRUE;
}

static int
bind(sqlite3_stmt *stmt, const char *types, va_list arguments)
{
    int code = SQLITE_OK;
    for (int i = 1; code == SQLITE_OK && types[i - 1] != '\0'; i++) {
        const void *data = NULL;
        switch (types[i - 1]) {
        case 'i':
            code = sqlite3_bind_int64(stmt, i, va_arg(arguments, int64_t));
            break;
        case 'd':
            code = sqlite3_bind_double(stmt, i, va_arg(arguments, double));
            break;
        case 's':
            code = sqlite3_bind_text(stmt, i, va_arg(arguments, const char *), -1, SQLITE_STATIC);
            break;
        case 'b':
            data = va_arg(arguments, const void *);
            code = sqlite3_bind_blob64(stmt, i, data, va_arg(arguments, size_t), SQLITE_STATIC);
            break;
        default:
            g_error("sql: no binding for type %c", types[i - 1]);
        }
    }
    return code;
}

static gboolean
query_list(RkRows *rows, RkStore *store, GError **error, const char *sql, const char *types,
           va_list arguments)
{
    *rows = (RkRows){.store = store};
    g_rec_mutex_lock(&store->lock);
    if (!prepare(rows, sql, error)) {
        rk_rows_clear(rows);
        return FALSE;
    }
    int code = bind(rows->stmt, types, arguments);
    if (code == SQLITE_OK)
        return TRUE;
    fail(store, code, "sqlite3_bind", error);
    rk_rows_clear(rows);
    return FALSE;
}

gboolean
rk_rows_query(RkRows *rows, RkStore *store, GError **error, const char *sql, const char *types, ...)
{
    va_list arguments;
    va_start(arguments, types);
    gboolean started = query_list(rows, store, error, sql, types, arguments);
    va_end(arguments);
    return started;
}

int
rk_rows_next(RkRows *rows, GError **error)
{
    int code = sqlite3_step(rows->stmt);
    if (code == SQLITE_ROW)
        return 1;
    if (code == SQLITE_DONE)
        return 0;
    fail(rows->store, code, "sqlite3_step", error);
    return -1;
}

void
rk_rows_clear(RkRows *rows)
{
    if (rows->store == NULL)
        return;
    if (rows->stmt != NULL && rows->owned) {
        sqlite3_finalize(rows->stmt);
    } else if (rows->stmt != NULL) {
        sqlite3_reset(rows->stmt);
        sqlite3_clear_bindings(rows->stmt);
    }
    g_rec_mutex_unlock(&rows->store->lock);
    *rows = (RkRows){0};
}

gboolean
rk_sql_run(RkStore *store, GError **error, const char *sql, const char *types, ...)
{
    g_auto(RkRows) rows = {0};
    va_list arguments;
    va_start(arguments, types);
    gboolean started = query_list(&rows, store, error, sql, types, arguments);
    va_end(arguments);
    if (!started)
        return FALSE;
    int next = 1;
    while (next == 1)
        next = rk_rows_next(&rows, error);
    return next == 0;
}

gboolean
rk_sql_exec(RkStore *store, const char *sql, GError **error)
{
    g_rec_mutex_lock(&store->lock);
    int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        fail(store, code, "sqlite3_exec", error);
    g_rec_mutex_unlock(&store->lock);
    return code == SQLITE_OK;
}

gboolean
rk_sql_int(RkStore *store, int64_t *value, int64_t otherwise, GError **error, const char *sql,
           const char *types, ...)
{
    g_auto(RkRows) rows = {0};
    va_list arguments;
    va_start(arguments, types);
    gboolean started = query_list(&rows, store, error, sql, types, arguments);
    va_end(arguments);
    if (!started)
        return FALSE;
    int next = rk_rows_next(&rows, error);
    *value = next == 1 ? sqlite3_column_int64(rows.stmt, 0) : otherwise;
    return next >= 0;
}

// ---- transactions --------------------------------------------------------------------------

static gboolean
transaction_sql(RkStore *store, const char *outer, const char *nested, guint depth, GError **error)
{
    char sql[64];
    if (depth > 1)
        snprintf(sql, sizeof sql, nested, depth);
    return rk_sql_exec(store, depth > 1 ? sql : outer, error);
}

gboolean
rk_transaction_begin(RkTransaction *transaction, RkStore *store, GError **error)
{
    g_rec_mutex_lock(&store->lock);
    if (!transaction_sql(store, "BEGIN IMMEDIATE", "SAVEPOINT s%u", store->depth + 1, error)) {
        g_rec_mutex_unlock(&store->lock);
        *transaction = (RkTransaction){0};
        return FALSE;
    }
    *transaction = (RkTransaction){.store = store, .depth = ++store->depth};
    return TRUE;
}

gboolean
rk_transaction_commit(RkTransaction *transaction, GError **error)
{
    RkStore *store = transaction->store;
    g_assert(store != NULL && transaction->depth == store->depth);
    if (!transaction_sql(store, "COMMIT", "RELEASE s%u", store->depth, error)) {
        rk_transaction_clear(transaction);
        return FALSE;
    }
    store->depth--;
    g_rec_mutex_unlock(&store->lock);
    *transaction = (RkTransaction){0};
    return TRUE;
}

void
rk_transaction_clear(RkTransaction *transaction)
{
    RkStore *store = transaction->store;
    if (store == NULL)
        return;
    g_assert(transaction->depth == store->depth);
    // Some errors (a full disk) have already rolled everything back.
    if (!sqlite3_get_autocommit(store->db))
        transaction_sql(store, "ROLLBACK", "ROLLBACK TO s%1$u; RELEASE s%1$u", store->depth, NULL);
    store->depth--;
    g_rec_mutex_unlock(&store->lock);
    *transaction = (RkTransaction){0};
}
