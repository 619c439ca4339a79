// SPDX-License-Identifier: GPL-3.0-or-later
//
// Jobs over datasets. Each *_job() gives a spec to start; what it takes as `char *` or `RkParams *`
// is copied. Where a job has a result, it says which; take it with rk_job_take_result().
#pragma once

#include "base/params.h"
#include "dataset/import.h"
#include "dataset/profile.h"
#include "job/workspace.h"

// Files looked at before they are imported: what was found and the first rows.
typedef struct {
    RkImport *import;
    GPtrArray **rows; // [n_tables] of GStrv, cells in the schema's order
    uint32_t n_tables;
    char *name; // suggested for the dataset
    char **paths;
} RkImportLook;

void rk_import_look_free(RkImportLook *look);

// Result: RkImportLook.
RkJobSpec rk_look_job(RkWorkspace *workspace, const char *const *paths);

// Imports what was looked at, as its schema now says. Takes the look over.
RkJobSpec rk_import_job(RkWorkspace *workspace, RkImportLook *look, const char *name,
                        const RkParams *clean, const RkParams *split, uint64_t seed);

// Generates `n_rows` rows of a kind (dataset/synth.h).
RkJobSpec rk_synth_job(RkWorkspace *workspace, const char *kind, const char *name, uint64_t n_rows,
                       const RkParams *params, uint64_t seed);

// Result: RkProfile.
RkJobSpec rk_profile_job(RkWorkspace *workspace, const char *name);

typedef enum { RK_KEPT_DATASET, RK_KEPT_MODEL } RkKeptKind;

// Removes a dataset or a model for good; whoever offers an undo starts it afterwards.
RkJobSpec rk_remove_job(RkWorkspace *workspace, RkKeptKind kind, const char *name);

// What the database holds.
typedef struct {
    GPtrArray *datasets; // of RkDatasetInfo
    GPtrArray *models;   // of RkStoredModel, without tensors
    GPtrArray *runs;     // of RkStoredRun
    GPtrArray *sweeps;   // of RkStoredSuite
} RkContents;

void rk_contents_free(RkContents *contents);

// Result: RkContents.
RkJobSpec rk_contents_job(RkWorkspace *workspace);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkImportLook, rk_import_look_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkContents, rk_contents_free)
