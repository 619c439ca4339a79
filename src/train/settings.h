// SPDX-License-Identifier: GPL-3.0-or-later
//
// All that can be set about training one model: its hyper-parameters and those of the objective,
// the optimizer, the schedule, the batches and the epochs, as one table, for `--set`, --help and
// the store. Owner's thread.
#pragma once

#include "models/model.h"

typedef struct {
    RkParam *table; // owned; the model's rows first
    size_t n;
    RkParams *values; // of `table`, owned
} RkTrainSettings;

RkTrainSettings *rk_train_settings_new(const RkModel *model);

// Whether events stand for choices, whatever their label says: with loss=bce and
// samples=pointwise, where each counts as 1 beside negatives of 0 (He et al., WWW 2017), unless
// label.binary tells otherwise.
gboolean rk_train_is_implicit(const RkParams *set);
void rk_train_settings_free(RkTrainSettings *settings);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkTrainSettings, rk_train_settings_free)
