// SPDX-License-Identifier: GPL-3.0-or-later
//
// Importing files: finds out by their content which format each file has and what its columns
// mean, shows that as a schema to be edited, then reads all of them into a row sink. Formats are
// the rows of importers.def. An import belongs to one thread; rk_import_run() reads and splits on
// a thread of its own while the caller's feeds the sink.
#pragma once

#include "base/params.h"
#include "dataset/emit.h"
#include "dataset/pseudonym.h"
#include "dataset/rows.h"
#include "dataset/schema.h"
#include "dataset/split.h"

typedef struct RkImport RkImport;

// The settings of an import: header, separator, on-error and so on.
extern const RkParam rk_import_params[];
extern const size_t rk_n_import_params;

// Looks at files, folders and "-" (standard input) and makes a schema. `format` names an importer
// or is NULL to find it out; `settings` is copied, NULL for defaults. Fails with RK_ERROR_NOT_FOUND
// (no such file), RK_ERROR_DATA (empty, binary or not understood) or RK_ERROR_USAGE.
RkImport *rk_import_new(const char *const *paths, const char *format, const RkParams *settings,
                        GError **error);

// The same over one file in memory whose name is `name`.
RkImport *rk_import_new_bytes(const char *name, GBytes *bytes, const char *format,
                              const RkParams *settings, GError **error);
void rk_import_free(RkImport *import);

// What was found, the event table first. Owned by the import.
const RkSchema *rk_import_schema(const RkImport *import);

// Changes the schema by an assignment "FIELD.PROPERTY=value" or "TABLE.FIELD.PROPERTY=value" with
// the properties kind, separator, unit (s, ms, us, ns) and vocabulary, or "TABLE.role=value".
// RK_ERROR_USAGE names what there is.
gboolean rk_import_edit(RkImport *import, const char *assignment, GError **error);

// Whether an assignment's key ends in one of those properties, so is meant for rk_import_edit().
gboolean rk_import_is_edit(const char *assignment);

// One file that was looked at.
typedef struct {
    const char *name;        // as messages call it
    const char *format;      // "csv", or NULL when the file is left out
    const char *label;       // of the format
    const char *compression; // "gzip", "zstd" or NULL
    const char *why;         // why this format, or why it is left out
    int confidence;          // 0 .. 100
    uint32_t table;          // index into the schema
    RkPart part;             // of a split, by its name; else RK_PART_NONE
} RkImportFileInfo;

uint32_t rk_import_n_files(const RkImport *import);
RkImportFileInfo rk_import_file(const RkImport *import, uint32_t i);

// What happened. Clear with rk_import_report_clear().
typedef struct {
    uint64_t *n_rows; // of each table, taken by the sink
    uint32_t n_tables;
    uint64_t *file_rows; // of each file
    uint32_t n_files;
    RkSkipped skipped;
    GPtrArray *notes; // of char *: what else is worth knowing (fields that weren't in the schema)
} RkImportReport;

typedef struct {
    const RkPseudonym *pseudonym; // replaces ids, or NULL
    uint64_t max_rows;            // of each file, for a preview; 0 for all
    // Now and then: bytes of the files done and in all (0 if unknown) and rows so far. FALSE
    // cancels. May be NULL.
    gboolean (*progress)(gpointer data, uint64_t done_bytes, uint64_t all_bytes, uint64_t n_rows);
    gpointer progress_data;
} RkImportOptions;

// Reads all files into the sink. The schema must have its event table. The first bad row fails with
// RK_ERROR_DATA that names file, line and column, or is counted under on-error=skip. May run
// again unless it reads a pipe. `options` and `report` may be NULL.
gboolean rk_import_run(RkImport *import, RkRowSink *sink, const RkImportOptions *options,
                       RkImportReport *report, GError **error);
void rk_import_report_clear(RkImportReport *report);

// The split that the files' names gave the event table's rows in a run (NAME.train, NAME.test ...);
// NULL unless there is a part to train on and one to test or validate on.
RkSplit *rk_import_split(const RkImport *import, const RkImportReport *report);

// Members for an open object: "files", "tables" of what was found; "skipped", "skipped_first",
// "notes" of what happened.
void rk_import_to_json(const RkImport *import, JsonBuilder *builder);
void rk_import_report_to_json(const RkImportReport *report, JsonBuilder *builder);

// The formats as text for --help: name and label, a line each.
char *rk_import_formats_help(void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkImport, rk_import_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RkImportReport, rk_import_report_clear)
