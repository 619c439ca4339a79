// SPDX-License-Identifier: GPL-3.0-or-later
//
// The stored runs of suites, and maybe their trials below them, with a check beside each. What is
// checked is read in the background; the newest run is checked at first. Main thread.
//
// Signal "changed": what is checked and read is another.
#pragma once

#include "job/results_jobs.h"
#include "ui/app_session.h"

#define RK_TYPE_RUN_LIST (rk_run_list_get_type())
G_DECLARE_FINAL_TYPE(RkRunList, rk_run_list, RK, RUN_LIST, AdwBin)

GtkWidget *rk_run_list_new(RkAppSession *session, gboolean trials);

// The checked trials in the list's order, at most `most`: GArray of RkRunTrial, whose runs are the
// list's. `n_more` counts those left out.
GArray *rk_run_list_trials(RkRunList *list, guint most, guint *n_more);

// The checked runs: GPtrArray of RkLoadedRun, each with a reference.
GPtrArray *rk_run_list_runs(RkRunList *list);

// Whether something that is checked is still being read.
gboolean rk_run_list_is_reading(RkRunList *list);

// How many runs there are; 0 before the database was read.
guint rk_run_list_n(RkRunList *list);
GtkWidget *rk_run_list_search(RkRunList *list); // the entry
