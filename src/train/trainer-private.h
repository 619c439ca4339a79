// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the parts of a trainer share: its graph, plans and steps (trainer.c), and what it reads of
// the data (trainer_data.c). Owner's thread.
#pragma once

#include "dataset/negatives.h"
#include "train/trainer.h"

// Features of the student, or of the teacher where that looks at more, in the student's form; the
// caller's.
RkTrainFeatures *rk_trainer_features_new(const RkTrainOptions *options, GError **error);

// Of rk_negatives_params, for loss=in-batch; free it.
RkParams *rk_trainer_in_batch_negatives(void);

// The same settings with every event's label 1 (rk_train_is_implicit()); free it.
RkParams *rk_trainer_implicit_settings(const RkParams *set);

RkSamples rk_trainer_samples(const RkParams *set); // as the settings say
