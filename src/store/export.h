// SPDX-License-Identifier: GPL-3.0-or-later
//
// Datasets back to files: the rows in their original order, every cell as it was written. Any
// thread but the UI's.
#pragma once

#include "store/dataset.h"

typedef struct {
    char separator; // ','
    gboolean header;
    // Told now and then how many rows of how many are done; returns FALSE to stop. May be NULL.
    gboolean (*progress)(gpointer data, uint64_t done, uint64_t total);
    gpointer progress_data;
} RkExportOptions;

// The name of a table's file: "ratings.csv", or .tsv when tabs separate. Free it.
char *rk_export_file_name(const RkDataset *dataset, uint32_t table, const RkExportOptions *options);

// Writes one table, cells quoted only where needed. The file appears once it is whole; one of that
// name is replaced. RK_ERROR_CANCELLED when progress said so.
gboolean rk_export_table(RkDataset *dataset, uint32_t table, const char *path,
                         const RkExportOptions *options, GError **error);
