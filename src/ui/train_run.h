// SPDX-License-Identifier: GPL-3.0-or-later
//
// One run of training: how it goes while it is trained, with pause, stop and resume; its curves
// beside those of other runs; and what came of it. Main thread.
//
// Signal "again" (the name): the user wants another run like this one.
#pragma once

#include "ui/app_session.h"

#define RK_TYPE_TRAIN_RUN (rk_train_run_get_type())
G_DECLARE_FINAL_TYPE(RkTrainRun, rk_train_run, RK, TRAIN_RUN, AdwBin)

GtkWidget *rk_train_run_new(RkAppSession *session);

// Shows a run that is stored or being trained.
void rk_train_run_show(RkTrainRun *run, const char *name);
const char *rk_train_run_name(RkTrainRun *run);

// Stored runs whose curves are in the same chart; NULL-terminated, copied.
void rk_train_run_compare(RkTrainRun *run, const char *const *names);

// The running job of a run, or NULL.
RkJob *rk_train_run_job(RkAppSession *session, const char *name);
