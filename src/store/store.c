// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "store/migrate.h"
#include "store/sql.h"
#include "store/writers.h"

#define BUSY_MS     20000 // another process's checkpoint of a slow disk can take some seconds
#define WAL_RETRIES 200   // of 10 ms: switching to WAL doesn't wait for the lock by itself

// Before the first table: pages given back by `incremental_vacuum`, so that removing a dataset
// makes the file smaller. They do nothing in a database that has tables.
static const char SET_UP[] = "PRAGMA auto_vacuum = INCREMENTAL;";

// For every connection. FAST overwrites what is deleted where that costs no extra write. A WAL of
// 4096 pages (16 MiB) is copied back at a time; larger leftovers are cut down to 32 MiB.
static const char CONNECTION[] = "PRAGMA foreign_keys = ON;"
                                 "PRAGMA trusted_schema = OFF;"
                                 "PRAGMA secure_delete = FAST;"
                                 "PRAGMA synchronous = NORMAL;"
                                 "PRAGMA cache_size = -16384;" // KiB
                                 "PRAGMA wal_autocheckpoint = 4096;"
                                 "PRAGMA journal_size_limit = 33554432;";

static gboolean
open_file(RkStore *store, RkStoreFlags flags, GError **error)
{
    gboolean exists = g_file_test(store->path, G_FILE_TEST_EXISTS);
    if (!exists && !store->in_memory && (flags & (RK_STORE_READ_ONLY | RK_STORE_EXISTING))) {
        g_set_error(error, RK_ERROR, RK_ERROR_NOT_FOUND,
                    "there is no such file. Import a dataset into it first, or name another file "
                    "with --db.");
        return FALSE;
    }
    int how = SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE;
    how |= store->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int code = sqlite3_open_v2(store->path, &store->db, how, NULL);
    if (code != SQLITE_OK)
        return rk_sql_fail(store->db, store->path, code, "sqlite3_open_v2", error);
    sqlite3_busy_timeout(store->db, BUSY_MS);
    return TRUE;
}

// Write-ahead logging, so that readers and the writer don't wait for each other. The mode stays in
// the file, so that only its first opening sets it.
static gboolean
set_wal(RkStore *store, GError **error)
{
    for (int retry = 0;; retry++) {
        g_autoptr(GError) cause = NULL;
        g_auto(RkRows) rows = {0};
        if (rk_rows_query(&rows, store, &cause, "PRAGMA journal_mode = WAL", "") &&
            rk_rows_next(&rows, &cause) == 1) {
            const char *mode = (const char *)sqlite3_column_text(rows.stmt, 0);
            if (g_strcmp0(mode, "wal") == 0)
                return TRUE;
            g_set_error(error, RK_ERROR, RK_ERROR_DATABASE,
                        "its file system doesn't allow write-ahead logging (journal mode %s). Keep "
                        "the database on a local disk.",
                        mode);
            return FALSE;
        }
        if ((sqlite3_errcode(store->db) & 0xff) != SQLITE_BUSY || retry == WAL_RETRIES) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        }
        rk_rows_clear(&rows);
        g_usleep(10000);
    }
}

static gboolean
set_up(RkStore *store, GError **error)
{
    if (!rk_sql_exec(store, store->read_only ? "PRAGMA foreign_keys = ON" : SET_UP, error))
        return FALSE;
    if (!store->read_only && !store->in_memory && !set_wal(store, error))
        return FALSE;
    return (store->read_only || rk_sql_exec(store, CONNECTION, error)) &&
           rk_migrate(store, rk_migrate_latest(), error);
}

static void
finalize(gpointer stmt)
{
    sqlite3_finalize(stmt);
}

RkStore *
rk_store_open(const char *path, RkStoreFlags flags, GError **error)
{
    g_autoptr(RkStore) store = g_new0(RkStore, 1);
    store->refs = 1;
    store->path = g_strdup(path);
    store->in_memory = strcmp(path, ":memory:") == 0;
    store->read_only = (flags & RK_STORE_READ_ONLY) && !store->in_memory;
    store->writer_fd = -1;
    g_rec_mutex_init(&store->lock);
    store->statements = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, finalize);
    if (open_file(store, flags, error) && set_up(store, error))
        return g_steal_pointer(&store);
    g_prefix_error(error, "Can't open the database %s: ", path);
    return NULL;
}

RkStore *
rk_store_ref(RkStore *store)
{
    g_atomic_int_inc(&store->refs);
    return store;
}

void
rk_store_unref(RkStore *store)
{
    if (store == NULL || !g_atomic_int_dec_and_test(&store->refs))
        return;
    g_assert(store->n_writers == 0 && store->depth == 0);
    g_hash_table_unref(store->statements);
    sqlite3_close(store->db);
    g_rec_mutex_clear(&store->lock);
    g_free(store->path);
    g_free(store);
}

const char *
rk_store_path(const RkStore *store)
{
    return store->path;
}

// ---- the right to write datasets -----------------------------------------------------------

// A lock on a file of its own: the kernel gives it back when its holder dies, however it dies. It
// is named by the path as SQLite resolved it, so that symbolic links and other folders agree.
static gboolean
lock_file(RkStore *store, gboolean *busy, GError **error)
{
    g_autofree char *path = g_strconcat(sqlite3_db_filename(store->db, "main"), "-writer", NULL);
    *busy = FALSE;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        store->writer_fd = fd;
        return TRUE;
    }
    int cause = errno;
    *busy = fd >= 0 && cause == EWOULDBLOCK;
    if (fd >= 0)
        close(fd);
    if (*busy)
        g_set_error(error, RK_ERROR, RK_ERROR_DATABASE,
                    "another process is writing a dataset to %s. Wait for it to end, or name "
                    "another file with --db.",
                    store->path);
    else
        g_set_error(error, RK_ERROR, RK_ERROR_DATABASE,
                    "the lock file %s can't be taken: %s. Check the permissions of its folder.",
                    path, g_strerror(cause));
    return FALSE;
}

gboolean
rk_writers_enter(RkStore *store, gboolean *first, gboolean *busy, GError **error)
{
    g_rec_mutex_lock(&store->lock);
    *busy = FALSE;
    *first = store->n_writers == 0;
    gboolean entered = !*first || store->in_memory || lock_file(store, busy, error);
    store->n_writers += entered;
    g_rec_mutex_unlock(&store->lock);
    return entered;
}

void
rk_writers_leave(RkStore *store)
{
    g_rec_mutex_lock(&store->lock);
    g_assert(store->n_writers > 0);
    if (--store->n_writers == 0 && store->writer_fd >= 0) {
        close(store->writer_fd);
        store->writer_fd = -1;
    }
    g_rec_mutex_unlock(&store->lock);
}
