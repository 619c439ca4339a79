// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/scan.h"

gboolean
rk_scan_told(RkChunkSource *source, uint32_t table, const int *columns, uint32_t n_columns,
             RkScanFunc func, void *data, const char *what, const RkPassProgress *progress,
             GError **error)
{
    g_autofree gboolean *select = NULL;
    if (columns != NULL) {
        select = g_new0(gboolean, rk_schema_table(source->schema, table)->fields->len);
        for (uint32_t i = 0; i < n_columns; i++)
            if (columns[i] >= 0)
                select[columns[i]] = TRUE;
    }
    uint64_t n_rows = source->n_rows(source, table);
    uint32_t n_chunks = rk_n_chunks(n_rows);
    for (uint32_t i = 0; i < n_chunks; i++) {
        g_autoptr(RkChunk) chunk = source->read(source, table, i, select, error);
        if (chunk == NULL || !func(chunk, data, error))
            return FALSE;
        if (progress != NULL)
            progress->rows(progress->data, what, chunk->first_row + chunk->n_rows, n_rows);
    }
    return TRUE;
}

gboolean
rk_scan(RkChunkSource *source, uint32_t table, const int *columns, uint32_t n_columns,
        RkScanFunc func, void *data, GError **error)
{
    return rk_scan_told(source, table, columns, n_columns, func, data, NULL, NULL, error);
}

const RkTable *
rk_events_table(const RkSchema *schema)
{
    return rk_schema_table(schema, 0);
}
