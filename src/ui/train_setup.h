// SPDX-License-Identifier: GPL-3.0-or-later
//
// What is to be trained: model, data, name and every setting, as a form that is made from the
// parameter tables of the chosen model. Main thread.
//
// Signal "start": the user asked for it, and all that the form holds is allowed.
#pragma once

#include "job/train_job.h"
#include "store/run.h"
#include "ui/app_session.h"

#define RK_TYPE_TRAIN_SETUP (rk_train_setup_get_type())
G_DECLARE_FINAL_TYPE(RkTrainSetup, rk_train_setup, RK, TRAIN_SETUP, AdwBin)

GtkWidget *rk_train_setup_new(RkAppSession *session);

// Chooses a model of the zoo, or a stored one (`from`, else NULL) to start with its weights.
void rk_train_setup_choose(RkTrainSetup *setup, const char *model, const char *from);

// Takes over what a run was started with.
void rk_train_setup_repeat(RkTrainSetup *setup, const RkStoredRun *run);

// The job of what the form holds. *name is the run's; free it.
RkJobSpec rk_train_setup_job(RkTrainSetup *setup, char **name);
