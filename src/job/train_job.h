// SPDX-License-Identifier: GPL-3.0-or-later
//
// Jobs over training: one that trains and keeps a model, and one that reads the curves of stored
// runs. What is handed over is copied.
#pragma once

#include "job/workspace.h"
#include "models/model.h"

typedef struct {
    const char *device; // as rk_device_open() takes it; NULL: the best
    const char *model;  // of the zoo
    const char *dataset;
    const char *name;               // of the new model and of its run
    const char *const *assignments; // "epochs=5", as --set has them; NULL-terminated, or NULL
    const char *from;               // a stored model whose weights it starts with; NULL: new ones
    uint64_t seed;
    gboolean resume; // go on with the run of that name; its model, data, seed and settings are used
} RkTrainOrder;

// Trains, measures and stores a model. Cancelled, it leaves a checkpoint and an interrupted run
// that `resume` goes on with, to the same bits. Lines of its snapshots, over steps: "loss", and for
// each measured epoch "valid.METRIC"; of a resumed run from its beginning on. rk_job_about() is
// "train:NAME".
RkJobSpec rk_train_job(RkWorkspace *workspace, const RkTrainOrder *order);

// The run that a job trains, or NULL when it isn't such a job.
const char *rk_train_job_run(const RkJob *job);

// Ends a training before its last step: the model is measured and stored as it is. Any thread.
void rk_train_job_stop(RkJob *job);

// One figure of a run over its steps.
typedef struct {
    char *run, *figure; // "loss", "valid.auc"
    GArray *step;       // of double
    GArray *value;      // of double
} RkRunCurve;

// The curves of runs (NULL-terminated names; those that are gone are left out). Result: GPtrArray
// of RkRunCurve.
RkJobSpec rk_curves_job(RkWorkspace *workspace, const char *const *runs);

// Removes a run with its measurements and checkpoints; a model that came of it stays.
RkJobSpec rk_run_remove_job(RkWorkspace *workspace, const char *run);
