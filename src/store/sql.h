// SPDX-License-Identifier: GPL-3.0-or-later
//
// SQLite for the files of this folder: one helper for errors, one for statements, one for
// transactions. Nothing outside src/store includes it. Any thread: the store's lock is held from
// a query to its end and from a transaction's begin to its end.
#pragma once

#include "store/store.h"

#include <sqlite3.h>
#include <stdint.h>

struct RkStore {
    gint refs;
    char *path;
    sqlite3 *db;
    GRecMutex lock;
    GHashTable *statements; // SQL text -> sqlite3_stmt, prepared once
    guint depth;            // open transactions, the outermost included
    gboolean in_memory;
    gboolean read_only;
    int writer_fd; // of the lock file while dataset writers are open, else -1
    guint n_writers;
};

// Sets an error that names the call, the file and the cause, and says what to do about it; the
// caller prefixes what it was doing. Returns FALSE.
gboolean rk_sql_fail(sqlite3 *db, const char *path, int code, const char *call, GError **error);

// ---- statements ----------------------------------------------------------------------------

// Rows of a query. Cleared by rk_rows_clear(), also through g_auto(RkRows).
typedef struct {
    RkStore *store;
    sqlite3_stmt *stmt;
    gboolean owned; // not from the cache
} RkRows;

// Starts a query. `types` has a letter an argument: i int64_t, d double, s const char * (may be
// NULL), b const void * and size_t (NULL pointer binds NULL). Texts and blobs must stay until the
// rows are cleared.
gboolean rk_rows_query(RkRows *rows, RkStore *store, GError **error, const char *sql,
                       const char *types, ...);

// The next row: 1 when there is one, 0 at the end, -1 on an error.
int rk_rows_next(RkRows *rows, GError **error);
void rk_rows_clear(RkRows *rows);

// A statement that gives no rows.
gboolean rk_sql_run(RkStore *store, GError **error, const char *sql, const char *types, ...);

// Statements without arguments, separated by semicolons; not cached.
gboolean rk_sql_exec(RkStore *store, const char *sql, GError **error);

// The first column of the first row as an integer; `otherwise` when there is no row. FALSE only on
// an error.
gboolean rk_sql_int(RkStore *store, int64_t *value, int64_t otherwise, GError **error,
                    const char *sql, const char *types, ...);

// ---- transactions --------------------------------------------------------------------------

// Nested ones are savepoints. Ends by commit, or rolls back when cleared (g_auto(RkTransaction)).
typedef struct {
    RkStore *store;
    guint depth;
} RkTransaction;

gboolean rk_transaction_begin(RkTransaction *transaction, RkStore *store, GError **error);
gboolean rk_transaction_commit(RkTransaction *transaction, GError **error);
void rk_transaction_clear(RkTransaction *transaction);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RkRows, rk_rows_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RkTransaction, rk_transaction_clear)
