// SPDX-License-Identifier: GPL-3.0-or-later
//
// A run's parts: tune_run.c has the widget, its job and what was found, tune_news.c shows what a
// running sweep tells. Main thread.
#pragma once

#include "ui/pages/tune_charts.h"
#include "ui/pages/tune_run.h"
#include "ui/trial_table.h"

struct _RkTuneRun {
    AdwBin parent;
    RkAppSession *session;
    GtkStack *stack;
    GtkWidget *progress, *stop, *cancel, *answer_box, *export_button, *over_time, *by_trial;
    GtkLabel *doing, *left, *answer_title, *answer;
    GtkProgressBar *bar;
    AdwBin *charts_bin, *table_bin;
    RkTuneCharts *charts;
    RkTrialTable *table;
    RkTrialList *list;
    // While a sweep runs.
    RkJob *job;
    RkSuiteLive *live;
    char *name;
    guint repeats, watch, look, running; // `running`: a row; G_MAXUINT
    guint n_ended;
    double began_s, trial_s; // monotonic, of the trial; what one takes
    RkLiveSample last;
    RkSuiteNewsQuality quality; // of the trial that runs, so far; without its name
    // What is shown once it ended.
    RkLoadedRun *loaded;
};

// Shows what the sweep told since the last time. While run->live is.
void rk_tune_run_take_news(RkTuneRun *run);
