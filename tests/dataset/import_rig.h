// SPDX-License-Identifier: GPL-3.0-or-later
//
// For the tests of importing: texts in memory, or as files in a folder that goes with the test,
// imported into a sink that writes the rows down.
#pragma once

#include "dataset/import.h"

// What came out, one line a row: "table: cell | cell | cell", a missing cell as nothing.
typedef struct {
    RkImport *import; // NULL when it couldn't be made
    GString *rows;
    RkImportReport report;
    GError *error; // of making or running it
} Imported;

// Imports n bytes as a file called `name`. `assignments` are as for --set, separated by blanks, or
// NULL; schema changes among them go to rk_import_edit().
Imported import_text(const char *name, const char *text, size_t n, const char *format,
                     const char *assignments);
Imported import_paths(const char *const *paths, const char *format, const char *assignments,
                      const RkImportOptions *options);
void imported_clear(Imported *imported);

// The schema as text: "table(role): field kind, field kind\n" for each table.
char *schema_text(const RkSchema *schema);

// A folder for the test, and a file in it.
char *make_folder(void);
char *write_file(const char *folder, const char *name, const char *text, gssize n);
void remove_folder(char *folder);

// Compresses by "gzip" or "zstd".
GBytes *compress(const char *how, const char *text, size_t n);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Imported, imported_clear)

#define IMPORT(name, text, format, assignments)                                                    \
    import_text(name, text, sizeof text - 1, format, assignments)
