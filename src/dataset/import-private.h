// SPDX-License-Identifier: GPL-3.0-or-later
//
// What an importer is: one row of importers.def and one file import_x.c. An importer sees the
// beginning of a file, says whether it understands it, describes it as a table and splits its text
// into rows of that table. It opens nothing and stores nothing.
#pragma once

#include "dataset/import.h"
#include "dataset/records.h"
#include "dataset/split.h"

#include <stdarg.h>

#define RK_MAX_FIELDS 65536u // of a table; more is a sign of a wrong separator

typedef struct RkImporter RkImporter;

typedef struct {
    char *path;         // "-" for standard input; NULL for memory
    GBytes *bytes;      // memory
    char *name;         // as messages call it
    char *stem;         // "ratings" of "data/ratings.csv.gz"
    char *extension;    // "csv", lower case; "" without
    gboolean in_folder; // found there rather than named by the user
    RkSource *source;   // open while it is needed
    gboolean once;      // a pipe: stays open, can't be read again
    char *compression;  // "gzip", "zstd" or NULL
    uint64_t n_bytes;   // as stored; 0 if unknown
    const RkParams *settings;

    const char *head; // the first text, decompressed, without a byte-order mark
    size_t n_head;
    gboolean head_is_all;

    const RkImporter *importer; // NULL for a file that is left out
    int confidence;
    char *why;

    // Set by describe().
    uint32_t n_fields; // cells that split() fills in
    gboolean
        names_fields; // whether names come from the file, so that equal ones mean equal columns
    RkTextEncoding encoding;
    gpointer state; // the importer's, freed with free_state
    GDestroyNotify free_state;

    // Set by the import.
    const RkTable *target; // that rows go to, from start() on
    uint32_t table;        // its index
    RkPart part;           // of a split, as its name says; RK_PART_NONE when it doesn't
} RkImportFile;

struct RkImporter {
    const char *name;
    const char *label;
    // How sure it is that this is the format: 0 not at all .. 100 certain; *why a phrase, owned.
    int (*sniff)(const RkImportFile *file, char **why);
    // Adds the fields to the empty table, sets its role and may rename it (its name is the stem).
    gboolean (*describe)(RkImportFile *file, RkTable *table, GError **error);
    void (*start)(RkImportFile *file); // before the first block of a run; may be NULL
    RkSplitter split;                  // its state is the RkImportFile
    // What is worth knowing after a run, appended as char *; may be NULL.
    void (*finish)(RkImportFile *file, GPtrArray *notes);
};

#define RK_IMPORTER(id) extern const RkImporter rk_importer_##id;
#include "dataset/importers.def"
#undef RK_IMPORTER

// Adds a field with its reason.
RkField *rk_import_add(RkTable *table, const char *name, RkFieldKind kind, const char *why);

// The first line of the head (without its end), or as much as there is.
const char *rk_import_first_line(const RkImportFile *file, size_t *n);

// Rows of the head, split by an importer: `cells` [n_rows][n_fields] of a table.
typedef struct {
    uint32_t n_rows, n_fields;
    RkCell *cells;
    GPtrArray *batches; // of RkEmitBatch, keep the text
} RkSample;

// Splits the head of a file into rows of `table`, up to max_rows. A bad row is an error when
// `strict`, else passed over. The split's state is as in a run.
gboolean rk_sample_take(RkSample *sample, const RkImportFile *file, RkSplitter split,
                        gpointer state, const RkTable *table, uint32_t max_rows, gboolean strict,
                        GError **error);
void rk_sample_clear(RkSample *sample);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RkSample, rk_sample_clear)
