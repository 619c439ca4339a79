// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/migrate.h"

#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "/org/rankine/migrations"

static gint
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// The files in order. Their names start with their version, four digits.
static GPtrArray *
list_files(void)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) files = g_resources_enumerate_children(FOLDER, 0, &error);
    if (files == NULL)
        g_error("migrations: %s", error->message);
    for (char **file = files; *file != NULL; file++)
        g_ptr_array_add(names, g_strdup(*file));
    g_ptr_array_sort(names, compare_names);
    return names;
}

int
rk_migrate_latest(void)
{
    g_autoptr(GPtrArray) files = list_files();
    for (guint i = 0; i < files->len; i++)
        g_assert(atoi(g_ptr_array_index(files, i)) == (int)i + 1);
    return (int)files->len;
}

static gboolean
read_pragma(RkStore *store, const char *sql, int64_t *value, GError **error)
{
    return rk_sql_int(store, value, 0, error, sql, "");
}

// Whether the file is one of ours, or new.
static gboolean
check_owner(RkStore *store, GError **error)
{
    int64_t id = 0;
    int64_t n_objects = 0;
    if (!read_pragma(store, "PRAGMA application_id", &id, error) ||
        !read_pragma(store, "SELECT count(*) FROM sqlite_schema", &n_objects, error))
        return FALSE;
    if (id == RK_STORE_APPLICATION_ID || (id == 0 && n_objects == 0))
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_UNSUPPORTED,
                "it is the SQLite database of another program. Name another file with --db.");
    return FALSE;
}

static gboolean
apply(RkStore *store, const char *file, int version, GError **error)
{
    g_autofree char *path = g_strconcat(FOLDER "/", file, NULL);
    g_autoptr(GBytes) sql = g_resources_lookup_data(path, 0, error);
    if (sql == NULL)
        return FALSE;
    g_autofree char *text = g_strdup_printf(
        "%.*s;\nPRAGMA user_version = %d;\nPRAGMA application_id = %d;", (int)g_bytes_get_size(sql),
        (const char *)g_bytes_get_data(sql, NULL), version, RK_STORE_APPLICATION_ID);
    if (rk_sql_exec(store, text, error))
        return TRUE;
    g_prefix_error(error, "migration %s: ", file);
    return FALSE;
}

static gboolean
fail_newer(int version, int target, GError **error)
{
    g_set_error(error, RK_ERROR, RK_ERROR_UNSUPPORTED,
                "it has schema version %d and this Rankine knows versions up to %d. Update "
                "Rankine, or name another file with --db.",
                version, target);
    return FALSE;
}

gboolean
rk_migrate(RkStore *store, int target, GError **error)
{
    int64_t version = 0;
    if (!check_owner(store, error) || !read_pragma(store, "PRAGMA user_version", &version, error))
        return FALSE;
    if (version > target)
        return fail_newer((int)version, target, error);
    if (version == target)
        return TRUE;
    if (store->read_only) {
        g_set_error(error, RK_ERROR, RK_ERROR_UNSUPPORTED,
                    "it has the older schema version %d and is opened for reading only. Open it "
                    "once with a command that may write.",
                    (int)version);
        return FALSE;
    }
    g_auto(RkTransaction) transaction = {0};
    if (!rk_transaction_begin(&transaction, store, error) ||
        !read_pragma(store, "PRAGMA user_version", &version, error)) // another process may have
        return FALSE;                                                // migrated it meanwhile
    if (version > target)
        return fail_newer((int)version, target, error);
    g_autoptr(GPtrArray) files = list_files();
    for (; version < target; version++)
        if (!apply(store, g_ptr_array_index(files, version), (int)version + 1, error))
            return FALSE;
    return rk_transaction_commit(&transaction, error);
}
