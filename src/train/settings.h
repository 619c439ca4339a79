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
void rk_train_settings_free(RkTrainSettings *settings);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkTrainSettings, rk_train_settings_free)
