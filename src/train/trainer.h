// SPDX-License-Identifier: GPL-3.0-or-later
//
// Trains a model on a dataset: loader threads fill the mapped inputs of one plan while the other
// runs. Same seed, same device: same bits. Owner's thread, progress is called on it.
#pragma once

#include "train/features.h"
#include "train/settings.h"
#include "train/teacher.h"
#include "train/trained.h"

// "epochs", "samples", and what fit.c reads: "metric", "patience", "log.every", ..
extern const RkParam rk_trainer_params[];
extern const size_t rk_trainer_n_params;

// Where a training stands: what to go on from.
typedef struct {
    uint64_t step; // done since the beginning
    uint32_t epoch;
    uint64_t batch; // the next of that epoch
    uint64_t samples;
    double loss; // sum of the epoch's step losses so far
} RkTrainPosition;

typedef struct {
    uint32_t epoch, n_epochs;   // the epoch that this step is of, from 0
    uint64_t step, epoch_steps; // steps done in it
    uint64_t samples;           // since the beginning
    double loss;                // mean over the epoch so far
    double step_loss;           // of this step alone
    uint64_t total_step;        // steps done since the beginning
    gboolean last;              // of its epoch
    double seconds;             // since this trainer began
    double samples_per_s;       // of this trainer
} RkTrainProgress;

typedef struct {
    RkDevice *device;
    RkDataset *dataset;
    const RkSplit *split; // NULL: every row trains. Must outlive the trainer
    const RkModel *model;
    const RkTrainSettings *settings; // must outlive the trainer
    uint64_t seed;
    const RkTrained *from;     // weights to start from, by id; NULL: drawn
    const RkTrained *like;     // scale numbers as this one's were; NULL: as `from`'s
    const RkModelForm *form;   // how the model is compressed; NULL: as `from` is
    const RkWeights *initial;  // weights to start from, by name; what it lacks is drawn
    const RkTrainPosition *at; // go on from here; rk_trainer_state() then gets its weights
    const RkTeacher *teacher;  // whose scores are learned too; NULL: the labels alone
    gboolean profile;          // timestamps around every op, for rk_trainer_steps()
    gboolean history;          // its frame is asked for histories: to rank
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

// One step, or 0 after the last of all epochs; -1 is an error. A loss that is not finite stops it
// with RK_ERROR_DATA, naming the step, the op and the tensor where it began.
int rk_trainer_step(RkTrainer *trainer, RkTrainProgress *progress, GError **error);

// Computes the next step's loss without its updates. A loss that is not finite fails with
// RK_ERROR_DATA as a step does, but names the op among all of them where it began. For a step that
// is known to fail; nothing can follow.
gboolean rk_trainer_trace(RkTrainer *trainer, GError **error);

// The steps that are left of the epoch.
gboolean rk_trainer_epoch(RkTrainer *trainer, RkTrainProgress *progress, GError **error);

RkTrainPosition rk_trainer_position(const RkTrainer *trainer);

// Steps of learning rate `lr` instead of the schedule's; NaN goes back to it.
void rk_trainer_set_lr(RkTrainer *trainer, double lr);

// Weights and optimizer states, for checkpoints; the build's parameters are the weights.
RkState *rk_trainer_state(RkTrainer *trainer);
const RkModelBuild *rk_trainer_build(const RkTrainer *trainer);

// What the last step consisted of, op by op: GArray of RkPlanStep, the caller's; times with
// options.profile. Their texts live as long as the trainer.
GArray *rk_trainer_steps(RkTrainer *trainer, GError **error);

// Ids of the dataset that `from` has never seen: GArray of RkUnseen; NULL without `from`.
const GArray *rk_trainer_unseen(const RkTrainer *trainer);
const RkTrainFeatures *rk_trainer_features(const RkTrainer *trainer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkTrainer, rk_trainer_free)
