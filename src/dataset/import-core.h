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

// Opens the file's source unless it is open.
gboolean rk_import_open(RkImportFile *file, GError **error);

// Closes it if it can be opened again: a pipe can't.
void rk_import_close(RkImportFile *file);

// Gathers the described files' tables into the import's schema: equal ones become one table, the
// event table comes first. `tables` [n files] of RkSchema with one table each, NULL for files that
// are left out.
void rk_import_merge(RkImport *import, RkSchema **tables);
