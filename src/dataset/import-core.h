// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the files of the import's core share; importers don't see it.
#pragma once

#include "dataset/import-private.h"

struct RkImport {
    GPtrArray *files; // of RkImportFile, owned; those left out too
    RkSchema *schema;
    RkParams *settings;
    gboolean ran; // standard input can be read once only
};

void rk_import_file_free(gpointer file);

// Adds a file unless it is there already; either way it is returned, the import's.
RkImportFile *rk_import_add_file(RkImport *import, const char *path, gboolean in_folder);

// Adds files, and the files of folders; "-" is standard input. RK_ERROR_USAGE when nothing is named
// or standard input twice, RK_ERROR_NOT_FOUND, or RK_ERROR_DATA for an empty folder.
gboolean rk_import_add_paths(RkImport *import, const char *const *paths, GError **error);

// Reads the file's head, up to n_head bytes, without a byte-order mark.
gboolean rk_import_peek(RkImportFile *file, size_t n_head, GError **error);

// Opens the file's source unless it is open.
gboolean rk_import_open(RkImportFile *file, GError **error);

// Closes it if it can be opened again: a pipe can't.
void rk_import_close(RkImportFile *file);

// Gathers the described files' tables into the import's schema: equal ones become one table, the
// event table comes first. `tables` [n files] of RkSchema with one table each, NULL for files that
// are left out.
void rk_import_merge(RkImport *import, RkSchema **tables);
