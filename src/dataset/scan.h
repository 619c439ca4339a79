// SPDX-License-Identifier: GPL-3.0-or-later
//
// Passing over a table chunk by chunk, in row order. The caller's thread.
#pragma once

#include "dataset/column.h"

// Told now and then how far a pass has come; `done` and `total` count rows. May be NULL.
typedef struct {
    void (*rows)(void *data, const char *what, uint64_t done, uint64_t total);
    void *data;
} RkPassProgress;

typedef gboolean (*RkScanFunc)(const RkChunk *chunk, void *data, GError **error);

// Reads every chunk of a table with the columns of columns[0..n_columns) (indices; a negative one
// is skipped; n_columns 0 with columns NULL reads all) and hands it over. Stops at the first FALSE.
gboolean rk_scan(RkChunkSource *source, uint32_t table, const int *columns, uint32_t n_columns,
                 RkScanFunc func, void *data, GError **error);

// The same, telling `progress` under the name `what`.
gboolean rk_scan_told(RkChunkSource *source, uint32_t table, const int *columns, uint32_t n_columns,
                      RkScanFunc func, void *data, const char *what, const RkPassProgress *progress,
                      GError **error);

// The event table of a schema, or an error; every dataset has it first.
const RkTable *rk_events_table(const RkSchema *schema);
