// SPDX-License-Identifier: GPL-3.0-or-later
//
// A stored model on a dataset, ready to score: opened, its split and features made, its weights on
// the device by id, in the form that compression gave it. What evaluates, serves, compares or
// compresses a stored model begins here. Owner's thread.
#pragma once

#include "train/trained.h"

typedef struct {
    RkTrained *trained;
    RkDataset *dataset;
    RkSplit *split; // NULL when the dataset has none
    RkTrainFeatures *features;
    RkModelBuild *build; // its own scores, to know the parameters by
    RkState *state;
    GArray *unseen; // RkUnseen
} RkOpened;

// `version` 0 is the newest; `dataset` NULL is what it was trained on. All is the result's. Fails
// as rk_trained_open(), rk_train_features_new() and rk_trained_load() do.
RkOpened *rk_opened_new(RkStore *store, RkDevice *device, const char *name, uint32_t version,
                        RkDataset *dataset, const gint *cancelled, GError **error);
void rk_opened_free(RkOpened *opened);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkOpened, rk_opened_free)
