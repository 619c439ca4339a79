// SPDX-License-Identifier: GPL-3.0-or-later
//
// A run of training from a dataset to a stored model: trains, measures the validation part, keeps
// losses and checkpoints in the store, stops early, goes on after a kill, measures the test part
// and saves. A killed run that is resumed ends with the same bits as one that wasn't: weights,
// optimizer states and the place in the batches are in each checkpoint, all else follows from the
// seed. Owner's thread; callbacks come on it.
#pragma once

#include "store/run.h"
#include "train/evaluate.h"
#include "train/trainer.h"

typedef struct {
    RkStore *store;
    RkDevice *device;
    RkDataset *dataset;
    const RkModel *model;
    const RkTrainSettings *settings;
    const char *name; // of the model and of its run
    uint64_t seed;
    // Go on from the run's last checkpoint, or begin when there is none. With the same settings,
    // but that a failed run may go on with another learning rate, schedule or clipping.
    gboolean resume;
    const RkTrained *from; // fine-tune these weights; NULL: new ones
    gboolean update;       // save as the next version of `name`, which `from` is
    gboolean own_split;    // split as the settings say instead of as the dataset is stored
    void (*progress)(void *data, const RkTrainProgress *progress); // each step; may be NULL
    // After an epoch: its mean loss and, when it was measured, the validation figure (else NULL).
    void (*epoch)(void *data, const RkTrainProgress *progress, const RkFigure *figure,
                  gboolean is_best);
    void *data;
    const gint *cancelled; // may be NULL
    const gint *stop;      // nonzero (atomic): train no further, but measure and save; may be NULL
} RkFitOptions;

typedef struct {
    char *run;       // its name in the store; NULL when it never began
    uint32_t epochs; // that were trained
    uint64_t steps;
    double samples_per_s, seconds; // of this process, measuring left out
    double loss;                   // mean of the last epoch
    char *metric;                  // what told the best epoch; NULL when nothing was measured
    double best;
    uint32_t best_epoch; // from 1; the weights are of this one when patience is set
    RkEvaluation *test;  // of the test part; NULL when it has no event
    GArray *unseen;      // RkUnseen of `from`; NULL without
    uint32_t model_version;
} RkFitResult;

// RK_ERROR_CANCELLED leaves a checkpoint and the run "interrupted"; another error leaves the last
// good checkpoint (all numbers in one are finite) and the run "failed" with the reason.
gboolean rk_fit(const RkFitOptions *options, RkFitResult *result, GError **error);
void rk_fit_result_clear(RkFitResult *result);

// The split that settings ask for over a dataset: its own, or (`own_split`) as `split` and its kin
// say. NULL without an error when the dataset has none.
RkSplit *rk_fit_split(RkDataset *dataset, const RkParams *set, gboolean own_split, uint64_t seed,
                      GError **error);

// Training at growing learning rates, from `low` to `high` over n steps or until the loss blows up
// (Smith, WACV 2017, https://arxiv.org/abs/1506.01186). The losses are smoothed; `suggested` is a
// tenth of the rate where they were lowest. Nothing is kept.
typedef struct {
    double lr;
    double loss;
} RkLrPoint;
gboolean rk_find_lr(const RkFitOptions *options, double low, double high, uint32_t n,
                    GArray **points, double *suggested, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RkFitResult, rk_fit_result_clear)
