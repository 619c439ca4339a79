// SPDX-License-Identifier: GPL-3.0-or-later
//
// The three live charts of a sweep: latency, throughput, accuracy. Over time within the trial that
// runs, beside the pinned ones; or a point a trial. Main thread.
#pragma once

#include "bench/live.h"
#include "ui/trial_list.h"

#include <adwaita.h>

#define RK_TYPE_TUNE_CHARTS (rk_tune_charts_get_type())
G_DECLARE_FINAL_TYPE(RkTuneCharts, rk_tune_charts, RK, TUNE_CHARTS, GtkWidget)

GtkWidget *rk_tune_charts_new(void);

// The trials that are shown; referenced. `limit_ms` of p99, NaN without one. What was there goes.
void rk_tune_charts_set(RkTuneCharts *charts, RkTrialList *list, double limit_ms);

// A point a trial, or over the time of one.
void rk_tune_charts_set_by_trial(RkTuneCharts *charts, gboolean by_trial);

// Keeps what a trial looked like over time, without showing it.
void rk_tune_charts_keep(RkTuneCharts *charts, guint row, const RkLiveSample *samples, guint n);

void rk_tune_charts_begin(RkTuneCharts *charts, guint row); // a measurement of it begins
void rk_tune_charts_sample(RkTuneCharts *charts, const RkLiveSample *samples, guint n);
void rk_tune_charts_accuracy(RkTuneCharts *charts, guint row); // that of a running trial moved
void rk_tune_charts_end(RkTuneCharts *charts);                 // trials ended
void rk_tune_charts_settle(RkTuneCharts *charts);              // nothing runs any more

// Shows a trial's curve, where one was kept. G_MAXUINT: none.
void rk_tune_charts_show(RkTuneCharts *charts, guint row);

// Trials were pinned or hidden.
void rk_tune_charts_marked(RkTuneCharts *charts);
