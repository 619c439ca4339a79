// SPDX-License-Identifier: GPL-3.0-or-later
//
// Cleaning as declared, reported in numbers. A plan passes over the raw rows and decides which stay
// and what replaces which cells; writing then gives the clean rows, with vocabularies of what is
// left. Nothing changes in place: importing again with other settings is the way back, so the
// settings and the report are kept with the dataset.
//
// Order: label, missing (drop), duplicates, k-core; then the split; then, fitted on the training
// part alone, outliers, missing (fill), rare categories. Owner's thread.
#pragma once

#include "base/params.h"
#include "dataset/scan.h"
#include "dataset/split.h"
#include "dataset/vocabulary.h"

extern const RkParam rk_clean_params[]; // clean.duplicates, clean.missing, ...
extern const size_t rk_n_clean_params;

// Whether any setting asks for something; if not, rows can be stored as they come.
gboolean rk_clean_wanted(const RkParams *clean);

typedef struct {
    RkChunkSource *source;
    const RkParams *clean; // of rk_clean_params
    const RkParams *split; // of rk_split_params; NULL where `given` says the parts
    const RkSplit *given;  // given files: the parts of the raw rows; or NULL
    uint64_t seed;
    // The vocabulary that codes of `source` refer to; NULL with an error when it can't be had.
    const RkVocabulary *(*vocabulary)(void *data, const char *name, GError **error);
    void *data;
    const RkPassProgress *progress; // may be NULL
} RkCleanInput;

// One thing that cleaning did, in numbers.
typedef struct {
    char *step;  // "duplicates", "missing", "k-core", "label", "outliers", "rare"
    char *field; // "ratings.age", or NULL for whole rows
    uint64_t n_rows_removed;
    uint64_t n_cells_changed;
    char *detail; // "filled with the median 31", a phrase
} RkCleanStep;

typedef struct {
    uint64_t n_rows_in, n_rows_out; // of the event table
    uint32_t n_users_in, n_users_out;
    uint32_t n_items_in, n_items_out; // with at least one event
    GPtrArray *steps;                 // of RkCleanStep, in order
} RkCleanReport;

typedef struct RkClean RkClean;

// Decides. The input's pointers must outlive the plan. Fails with RK_ERROR_USAGE when a setting
// names a field that isn't there or doesn't fit it, with RK_ERROR_DATA when no row would be left.
RkClean *rk_clean_plan(const RkCleanInput *input, GError **error);
void rk_clean_free(RkClean *clean);

// Writes every table to `out` in row order. `vocabulary` gives the vocabulary to intern into by
// name (rk_vocabularies_get, rk_dataset_writer_vocabulary). Once.
gboolean rk_clean_write(RkClean *clean, RkChunkSink *out,
                        RkVocabulary *(*vocabulary)(void *data, const char *name), void *data,
                        GError **error);

// The split of the rows that are written; owned by the plan.
const RkSplit *rk_clean_split(const RkClean *clean);

// What was done; complete after writing. Owned by the plan.
const RkCleanReport *rk_clean_report(const RkClean *clean);

// {"rows_in", "rows_out", "users_in", ..., "steps": [{"step", "field", "rows_removed",
// "cells_changed", "detail"}], "settings": {}}
char *rk_clean_to_json(const RkClean *clean);
char *rk_clean_to_text(const RkClean *clean); // some lines for people

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkClean, rk_clean_free)
