// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/sensitivity.h"

#include "store/sql.h"

gboolean
rk_sensitivity_find(RkStore *store, const char *model, uint32_t version, const char *question,
                    char **answer, GError **error)
{
    g_auto(RkRows) rows = {0};
    *answer = NULL;
    if (!rk_rows_query(&rows, store, error,
                       "SELECT answer FROM sensitivity JOIN model ON model.id = model "
                       "WHERE name = ? AND version = ? AND question = ?",
                       "sis", model, (int64_t)version, question))
        return FALSE;
    int more = rk_rows_next(&rows, error);
    if (more == 1)
        *answer = g_strdup((const char *)sqlite3_column_text(rows.stmt, 0));
    return more >= 0;
}

gboolean
rk_sensitivity_keep(RkStore *store, const char *model, uint32_t version, const char *question,
                    const char *answer, GError **error)
{
    if (rk_sql_run(store, error,
                   "INSERT OR REPLACE INTO sensitivity (model, question, answer, created_s) "
                   "SELECT id, ?, ?, ? FROM model WHERE name = ? AND version = ?",
                   "ssisi", question, answer, g_get_real_time() / G_USEC_PER_SEC, model,
                   (int64_t)version))
        return TRUE;
    g_prefix_error(error, "Can't keep what was measured of %s: ", model);
    return FALSE;
}
