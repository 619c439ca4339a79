// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/scratch.h"

#include "store/sql.h"

#include <string.h>

struct RkScratch {
    sqlite3 *db;
    sqlite3_stmt *get;
    uint32_t bytes;
};

static const char WHERE[] = "a temporary database";

static gboolean
run(RkScratch *s, const char *sql, GError **error)
{
    int code = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK || rk_sql_fail(s->db, WHERE, code, "sqlite3_exec", error);
}

static gboolean
put_all(RkScratch *s, uint32_t n, RkScratchFill fill, gconstpointer data, GError **error)
{
    sqlite3_stmt *put = NULL;
    g_autofree void *record = g_malloc0(MAX(s->bytes, 1));
    int code = sqlite3_prepare_v2(s->db, "INSERT INTO record VALUES (?, ?)", -1, &put, NULL);
    for (uint32_t key = 0; code == SQLITE_OK && key < n; key++) {
        fill(data, key, record);
        sqlite3_bind_int64(put, 1, key);
        sqlite3_bind_blob(put, 2, record, (int)s->bytes, SQLITE_STATIC);
        code = sqlite3_step(put) == SQLITE_DONE ? SQLITE_OK : sqlite3_extended_errcode(s->db);
        sqlite3_reset(put);
    }
    gboolean done = code == SQLITE_OK || rk_sql_fail(s->db, WHERE, code, "sqlite3_step", error);
    sqlite3_finalize(put);
    return done;
}

RkScratch *
rk_scratch_new(uint32_t n, uint32_t bytes, RkScratchFill fill, gconstpointer data, GError **error)
{
    g_autoptr(RkScratch) s = g_new0(RkScratch, 1);
    s->bytes = bytes;
    int code = sqlite3_open_v2("", &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    if (code != SQLITE_OK) {
        rk_sql_fail(s->db, WHERE, code, "sqlite3_open_v2", error);
        return NULL;
    }
    if (!run(s,
             "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;"
             "CREATE TABLE record (key INTEGER PRIMARY KEY, value BLOB) STRICT",
             error) ||
        !put_all(s, n, fill, data, error) || !run(s, "COMMIT", error))
        return NULL;
    code = sqlite3_prepare_v3(s->db, "SELECT value FROM record WHERE key = ?", -1,
                              SQLITE_PREPARE_PERSISTENT, &s->get, NULL);
    if (code != SQLITE_OK) {
        rk_sql_fail(s->db, WHERE, code, "sqlite3_prepare_v3", error);
        return NULL;
    }
    return g_steal_pointer(&s);
}

void
rk_scratch_free(RkScratch *scratch)
{
    if (scratch == NULL)
        return;
    sqlite3_finalize(scratch->get);
    sqlite3_close(scratch->db);
    g_free(scratch);
}

gboolean
rk_scratch_get(RkScratch *scratch, uint32_t key, void *record, GError **error)
{
    sqlite3_bind_int64(scratch->get, 1, key);
    int code = sqlite3_step(scratch->get);
    gboolean whole =
        code == SQLITE_ROW && (uint32_t)sqlite3_column_bytes(scratch->get, 0) == scratch->bytes;
    if (whole)
        memcpy(record, sqlite3_column_blob(scratch->get, 0), scratch->bytes);
    sqlite3_reset(scratch->get);
    return whole || rk_sql_fail(scratch->db, WHERE, code == SQLITE_ROW ? SQLITE_CORRUPT : code,
                                "sqlite3_step", error);
}
