// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/dataset.h"

#include "store/sql.h"

void
rk_dataset_info_free(RkDatasetInfo *info)
{
    if (info == NULL)
        return;
    g_free(info->name);
    g_free(info);
}

GPtrArray *
rk_dataset_list(RkStore *store, GError **error)
{
    g_auto(RkRows) rows = {0};
    g_autoptr(GPtrArray) list =
        g_ptr_array_new_with_free_func((GDestroyNotify)rk_dataset_info_free);
    int next = -1;
    if (rk_rows_query(
            &rows, store, error,
            "SELECT d.name, d.created_s, (SELECT count(*) FROM dataset_table WHERE dataset = d.id),"
            " ifnull((SELECT n_rows FROM dataset_table WHERE dataset = d.id ORDER BY position "
            "LIMIT "
            "1), 0),"
            " ifnull((SELECT n_codes FROM vocabulary WHERE dataset = d.id AND name = 'user'), 0),"
            " ifnull((SELECT n_codes FROM vocabulary WHERE dataset = d.id AND name = 'item'), 0),"
            " d.stored_bytes FROM dataset d WHERE d.name IS NOT NULL ORDER BY d.name",
            ""))
        while ((next = rk_rows_next(&rows, error)) == 1) {
            RkDatasetInfo *info = g_new0(RkDatasetInfo, 1);
            info->name = g_strdup((const char *)sqlite3_column_text(rows.stmt, 0));
            info->created_s = sqlite3_column_int64(rows.stmt, 1);
            info->n_tables = (uint32_t)sqlite3_column_int64(rows.stmt, 2);
            info->n_rows = (uint64_t)sqlite3_column_int64(rows.stmt, 3);
            info->n_users = (uint32_t)sqlite3_column_int64(rows.stmt, 4);
            info->n_items = (uint32_t)sqlite3_column_int64(rows.stmt, 5);
            info->stored_bytes = (uint64_t)sqlite3_column_int64(rows.stmt, 6);
            g_ptr_array_add(list, info);
        }
    if (next == 0)
        return g_steal_pointer(&list);
    g_prefix_error(error, "Can't list the datasets: ");
    return NULL;
}

gboolean
rk_dataset_exists(RkStore *store, const char *name)
{
    int64_t found = 0;
    return rk_sql_int(store, &found, 0, NULL, "SELECT 1 FROM dataset WHERE name = ?", "s", name) &&
           found == 1;
}
