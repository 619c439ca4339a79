// SPDX-License-Identifier: GPL-3.0-or-later
//
// Stored runs of training: what was asked for, what was measured step by step, and checkpoints to
// go on from. Measurements are kept as they come, so that a run that fails loses none; a checkpoint
// is written in one transaction, whole or not at all. Any thread but the UI's.
#pragma once

#include "store/tensors.h"

typedef enum { RK_RUN_RUNNING, RK_RUN_DONE, RK_RUN_FAILED, RK_RUN_INTERRUPTED } RkRunStatus;

const char *rk_run_status_name(RkRunStatus status); // "running"

typedef struct {
    int64_t id; // given by starting
    char *name;
    char *kind; // of the zoo
    char *dataset;
    uint64_t seed;
    char *device;
    char *driver;
    char *config; // JSON object: every setting
    RkRunStatus status;
    char *why;         // it failed; or NULL
    int64_t created_s; // seconds since 1970 UTC
    int64_t ended_s;   // 0 while it runs
} RkStoredRun;

void rk_stored_run_free(RkStoredRun *run);

// Starts a run; its status is "running" until it is told otherwise. A run that was killed stays
// "running": whoever resumes it says so. RK_ERROR_USAGE when the name is taken.
gboolean rk_run_start(RkStore *store, const RkStoredRun *run, int64_t *id, GError **error);
// Other settings than it was started with.
gboolean rk_run_set_config(RkStore *store, int64_t id, const char *config, GError **error);
gboolean rk_run_set_status(RkStore *store, int64_t id, RkRunStatus status, const char *why,
                           GError **error);

RkStoredRun *rk_run_open(RkStore *store, const char *name, GError **error);
GPtrArray *rk_run_list(RkStore *store, GError **error); // RkStoredRun, the newest first

// With its measurements and checkpoints; models that came of it stay.
gboolean rk_run_remove(RkStore *store, const char *name, GError **error);

// ---- measurements --------------------------------------------------------------------------

typedef struct {
    const char *name; // "loss", "val.auc"
    uint64_t step;
    double epoch;
    double value; // NaN where it isn't defined
} RkMeasurement;

// Keeps some at once. One of the same name and step replaces the older, as going on from a
// checkpoint measures some steps again.
gboolean rk_run_measure(RkStore *store, int64_t id, const RkMeasurement *measurements, uint32_t n,
                        GError **error);

// The names of what was measured, in order: GPtrArray of char *.
GPtrArray *rk_run_figures(RkStore *store, int64_t id, GError **error);

// GArray of RkMeasurement by step; `name` is NULL in each.
GArray *rk_run_measurements(RkStore *store, int64_t id, const char *name, GError **error);

// ---- checkpoints ---------------------------------------------------------------------------

typedef struct {
    uint64_t step;
    char *position;        // JSON object: epoch, counters of random streams, best metric so far
    RkTensorList *tensors; // weights, and the optimizer's state
} RkCheckpoint;

void rk_checkpoint_free(RkCheckpoint *checkpoint);

// Keeps a checkpoint and, in the same transaction, drops all but the newest `n_keep` (at least 1).
// One of the same step is replaced.
gboolean rk_run_checkpoint(RkStore *store, int64_t id, uint64_t step, const char *position,
                           const RkTensorSource *source, uint32_t n_keep, GError **error);

// The newest checkpoint at or before `step` (UINT64_MAX: of all). NULL without an error when there
// is none.
RkCheckpoint *rk_run_last_checkpoint(RkStore *store, int64_t id, uint64_t step, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkStoredRun, rk_stored_run_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkCheckpoint, rk_checkpoint_free)
