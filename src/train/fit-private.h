// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the parts of a run share: starting (fit_start.c), checkpoints (fit_checkpoint.c), the loop
// and the end (fit.c), where a NaN began (fit_trace.c), models that are counted (fit_counted.c),
// the learning-rate finder (find_lr.c). Owner's thread.
#pragma once

#include "train/fit.h"

typedef struct {
    const RkFitOptions *options;
    const RkParams *set;
    RkFitResult *result;
    RkSplit *split;
    RkWeights *initial;
    RkTrainer *trainer; // NULL for models that are counted
    RkTrainFeatures *own_features;
    RkModelBuild *own_build;
    RkState *own_state;
    const RkTrainFeatures *features; // the trainer's or its own, as what follows
    const RkModelBuild *build;
    RkState *state;
    RkTrainPosition at;
    int64_t run; // id
    char *run_name;
    gboolean has_valid;
    const RkMetric *metric;
    double best;
    uint32_t best_epoch, n_bad;
    RkWeights *best_weights;  // with patience
    RkCheckpoint *checkpoint; // to go on from
    GTimer *since_checkpoint;
    double measuring_s; // time that measuring took
} Fit;

void rk_fit_clear(Fit *f);

// Reads what the settings name and checks what can be checked before the data is.
gboolean rk_fit_prepare(Fit *f, GError **error);
RkTrainOptions rk_fit_trainer_options(const Fit *f);

// The run is noted once its data and graph are there, so that what was refused leaves no trace.
gboolean rk_fit_begin(Fit *f, GError **error);

// A model that is counted: its data, its graph and its tensors, all zeros; then the counting.
gboolean rk_fit_begin_counted(Fit *f, GError **error);
gboolean rk_fit_count(Fit *f, GError **error);

// Says in *error where a loss that isn't finite began; nothing can follow.
void rk_fit_trace(Fit *f, GError **error);

// Weights, optimizer states, the best weights so far and the place in the batches, into the store
// and back: the place first, as the trainer is made to go on from it, then the tensors into it.
gboolean rk_fit_write_checkpoint(Fit *f, GError **error);
gboolean rk_fit_read_position(Fit *f, GError **error);
gboolean rk_fit_restore_tensors(Fit *f, GError **error);
