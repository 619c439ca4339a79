// SPDX-License-Identifier: GPL-3.0-or-later
//
// A sweep while it runs and what it found: progress, three live charts, the table of trials, and at
// the end the recommended setting in words. Main thread.
#pragma once

#include "job/results_jobs.h"
#include "job/suite_live.h"
#include "ui/app_session.h"

#define RK_TYPE_TUNE_RUN (rk_tune_run_get_type())
G_DECLARE_FINAL_TYPE(RkTuneRun, rk_tune_run, RK, TUNE_RUN, AdwBin)

GtkWidget *rk_tune_run_new(RkAppSession *session);

// Watches a job of a suite until it ends. The suite is only read now; `live` is referenced.
void rk_tune_run_watch(RkTuneRun *run, const RkSuite *suite, RkSuiteLive *live, RkJob *job);
gboolean rk_tune_run_is_running(RkTuneRun *run);

// Shows what a stored run found; referenced.
void rk_tune_run_show(RkTuneRun *run, RkLoadedRun *loaded);

// What Ctrl+F goes to.
GtkWidget *rk_tune_run_search(RkTuneRun *run);
