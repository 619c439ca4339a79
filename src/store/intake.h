// SPDX-License-Identifier: GPL-3.0-or-later
//
// From files or a generator to a stored dataset: an import's rows are written, cleaned as declared,
// split, and published in one commit, or nothing is left. With cleaning the raw rows wait in a
// scratch dataset first. Any thread but the UI's.
#pragma once

#include "dataset/clean.h"
#include "dataset/import.h"
#include "dataset/split.h"
#include "dataset/synth.h"
#include "store/dataset.h"

typedef struct {
    const char *name;      // of the dataset
    const RkParams *clean; // of rk_clean_params, or NULL
    const RkParams *split; // of rk_split_params; NULL (not with clean) leaves rows unsplit
    uint64_t seed;
    const char *params_json;             // what made it, kept as "params"; may be NULL
    RkImportOptions import;              // pseudonym, progress of the reading
    const RkPassProgress *progress;      // of cleaning and splitting; may be NULL
    void (*reading_done)(gpointer data); // from here on it can't be cancelled; may be NULL
    gpointer reading_done_data;
} RkIntakeOptions;

typedef struct {
    RkImportReport read;
    uint64_t *n_rows; // of each table, stored
    uint32_t n_tables;
    char *clean_json, *clean_text; // what cleaning did; NULL without
    char *split_json, *split_text; // NULL without a split
} RkIntakeReport;

// Runs the import into the store. `report` may be NULL; else clear it, after an error too.
gboolean rk_intake_import(RkStore *store, RkImport *import, const RkIntakeOptions *options,
                          RkIntakeReport *report, GError **error);
// Writes a generated dataset's vocabularies, rows, split and best reachable metrics (`ceiling`, as
// rk_synth_ceiling() has them; NULL leaves them out); the commit is the caller's. `sink` is what
// stands before rk_dataset_writer_chunks(writer), or that itself. `pass` may be NULL.
gboolean rk_intake_synth(RkDatasetWriter *writer, RkChunkSink *sink, RkSynth *synth,
                         const RkSplit *split, const char *ceiling, uint32_t n_threads,
                         const RkPassProgress *pass, GError **error);

void rk_intake_report_clear(RkIntakeReport *report);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RkIntakeReport, rk_intake_report_clear)
