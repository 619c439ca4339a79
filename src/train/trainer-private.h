// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the parts of a trainer share: its graph, plans and steps (trainer.c), what it reads of the
// data (trainer_data.c), and its first weights (trainer_weights.c). Owner's thread.
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

// A state of all tensors of the graph, with the weights to begin from; the caller's. `teacher` may
// be NULL. With options->from, *unseen is what rk_trained_load() says.
RkState *rk_trainer_weights(const RkTrainOptions *options, const RkModelBuild *build,
                            const RkModelBuild *teacher, const RkTrainFeatures *features,
                            GArray **unseen, GError **error);
