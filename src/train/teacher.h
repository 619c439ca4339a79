// SPDX-License-Identifier: GPL-3.0-or-later
//
// Distillation (Hinton, Vinyals and Dean, https://arxiv.org/abs/1503.02531): the graph of a teacher
// beside its student's, on the same inputs, and the loss between the scores of both. The teacher's
// tensors are constants of that graph, in the form that compression gave them. Owner's thread.
#pragma once

#include "models/weights.h"
#include "train/objective.h"

typedef struct {
    const RkModel *model;
    const RkParams *set;      // of its settings
    const RkModelForm *form;  // how it is compressed; may be NULL
    const RkWeights *tensors; // by name, rows of tables by the codes of the data at hand
    gboolean kl;              // KL divergence, else squared error of the scores
    double temperature;       // of KL
    double labels;            // share of the labels' loss, 0 to 1; the rest is the teacher's
} RkTeacher;

// Before the names of its tensors in the graph.
#define RK_TEACHER_PREFIX "teacher:"

// The loss of `labels` [] and of the teacher together, f32 []. `data` (with teacher->form) must
// outlive *beside, the teacher's build, which must go before `student` does. KL is of each score's
// own probability where `scored` says that they stand apart, else of the row's.
RkRef rk_teacher_loss(const RkTeacher *teacher, RkModelBuild *student, const RkModelData *data,
                      const RkScored *scored, RkRef labels, RkModelBuild **beside, GError **error);
