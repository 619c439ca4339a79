// SPDX-License-Identifier: GPL-3.0-or-later
//
// Trains a model on a dataset: loader threads fill the mapped inputs of one plan while the other
// runs. Same seed, same device: same bits. Owner's thread, progress is called on it.
#pragma once

#include "train/features.h"
#include "train/settings.h"

extern const RkParam rk_trainer_params[]; // "epochs", "samples"
extern const size_t rk_trainer_n_params;

typedef struct {
    uint32_t epoch, n_epochs;   // the epoch that this step is of, from 0
    uint64_t step, epoch_steps; // steps done in it
    uint64_t samples;           // since the beginning
    double loss;                // mean over the epoch so far
    double seconds;             // since the beginning
} RkTrainProgress;

typedef struct {
    RkDevice *device;
    RkDataset *dataset;
    const RkSplit *split; // NULL: every row trains. Must outlive the trainer
    const RkModel *model;
    const RkTrainSettings *settings; // must outlive the trainer
    uint64_t seed;
    void (*progress)(void *data, const RkTrainProgress *progress); // after each step; may be NULL
    void *progress_data;
    const gint *cancelled; // nonzero (atomic) stops; may be NULL
} RkTrainOptions;

typedef struct RkTrainer RkTrainer;

// Loads the data, builds and compiles the model, draws its first weights. Fails with
// RK_ERROR_USAGE (a model, an objective and a dataset that don't go together), RK_ERROR_MEMORY or
// a device error.
RkTrainer *rk_trainer_new(const RkTrainOptions *options, GError **error);
void rk_trainer_free(RkTrainer *trainer);

// One epoch. A loss that is not finite stops it with RK_ERROR_DATA, naming the step, the op and
// the tensor where it began.
gboolean rk_trainer_epoch(RkTrainer *trainer, RkTrainProgress *progress, GError **error);

// The scores of a part's samples in stored order beside their labels, negatives left out; arrays
// of `n`, the caller's to g_free(). Logits for bce, predictions for mse.
gboolean rk_trainer_scores(RkTrainer *trainer, RkPart part, float **scores, float **labels,
                           uint64_t *n, GError **error);

RkState *rk_trainer_state(RkTrainer *trainer);
const RkTrainFeatures *rk_trainer_features(const RkTrainer *trainer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkTrainer, rk_trainer_free)
