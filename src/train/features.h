// SPDX-License-Identifier: GPL-3.0-or-later
//
// A dataset in a model's terms: which fields are its features, and which columns of a batch feed
// which inputs of its graph. Owner's thread.
#pragma once

#include "dataset/loader.h"
#include "models/model.h"
#include "plan/plan.h"
#include "store/dataset.h"

typedef struct RkTrained RkTrained; // train/trained.h

typedef struct {
    RkModelData data;         // its features are owned here
    GPtrArray *names;         // of the features, owned
    GPtrArray *vocabulary_of; // [n_features] names of vocabularies, the schema's; NULL without one
    RkFeatures *fitted;       // owned; NULL for models of candidates
    RkFrame *frame;           // owned
    RkDataset *dataset;       // referenced
} RkTrainFeatures;

// Reads what the model can use: user and item for models of candidates, every categorical,
// multi-valued and number field of the events and the joined tables for the others, numbers, times
// and counts as the dataset's fitted features give them (fitted now when it has none).
typedef struct {
    RkDataset *dataset;
    const RkSplit *split; // NULL: every row trains. Must outlive the features
    const RkModel *model;
    const RkParams *set;   // of RkTrainSettings: how long a history the model takes
    const RkTrained *like; // scale numbers as this model's were; NULL: as the dataset's own
    gboolean history;      // histories will be asked for, whatever the model needs
    double positive_from;  // as in RkFrameOptions
    const gint *cancelled; // may be NULL
} RkTrainFeaturesOptions;

RkTrainFeatures *rk_train_features_new(const RkTrainFeaturesOptions *options, GError **error);
void rk_train_features_free(RkTrainFeatures *features);

// The columns that feed a plan's live inputs, those of the model and of its objective; "hyper",
// "rng" and "items" are left to the trainer, as are inputs behind the first n_nodes nodes.
// inputs[i] is what columns[i] feeds. GArray of RkBatchColumn and of RkRef, the caller's.
// RK_ERROR_USAGE names an input that nothing feeds.
gboolean rk_train_features_columns(const RkTrainFeatures *features, const RkGraph *graph,
                                   uint32_t n_nodes, RkPlan *plan, GArray **columns,
                                   GArray **inputs, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkTrainFeatures, rk_train_features_free)
