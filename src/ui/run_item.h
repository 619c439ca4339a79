// SPDX-License-Identifier: GPL-3.0-or-later
//
// A row of the list of runs: a run of a suite, or one of its trials. Main thread.
#pragma once

#include "job/results_jobs.h"

#include <gio/gio.h>

#define RK_TYPE_RUN_ITEM (rk_run_item_get_type())
G_DECLARE_FINAL_TYPE(RkRunItem, rk_run_item, RK, RUN_ITEM, GObject)

// Properties "picked" (gboolean), "title" and "detail" (strings). Signal "opened": its trials are
// to be seen.
struct _RkRunItem {
    GObject parent_instance;
    int64_t id;           // of the run
    guint trial;          // index, or G_MAXUINT: the run itself
    RkRunItem *of;        // a trial's run; not referenced, it holds the trial
    GListStore *children; // of a run: its trials, once read
    RkLoadedRun *run;     // of a run, once read
    gboolean reading;
    gboolean readable; // it came to an end
    gboolean picked;
    char *title, *detail;
};

RkRunItem *rk_run_item_new(int64_t id, guint trial, const char *title, const char *detail);
void rk_run_item_set_picked(RkRunItem *item, gboolean picked);
void rk_run_item_set_detail(RkRunItem *item, const char *detail);
void rk_run_item_open(RkRunItem *item); // emits "opened"
