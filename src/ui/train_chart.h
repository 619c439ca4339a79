// SPDX-License-Identifier: GPL-3.0-or-later
//
// The chart of a training: its lines while it runs or from the store, beside those of stored runs.
// Main thread.
#pragma once

#include "job/job.h"
#include "ui/chart_view.h"

typedef struct RkTrainChart RkTrainChart;

// Draws on `view`, which must outlive all calls but the last, rk_train_chart_free().
RkTrainChart *rk_train_chart_new(RkChartView *view);
void rk_train_chart_free(RkTrainChart *chart); // may be NULL

// The curves of a stored run: GPtrArray of RkRunCurve, taken over. They aren't drawn by that.
void rk_train_chart_keep(RkTrainChart *chart, const char *run, GPtrArray *curves);
gboolean rk_train_chart_has(const RkTrainChart *chart, const char *run);
void rk_train_chart_forget(RkTrainChart *chart, const char *run);

// Draws a run and, of those in `compared` (NULL-terminated or NULL), what is kept. `job` is the
// run's last snapshot, NULL for a stored one.
void rk_train_chart_make(RkTrainChart *chart, const char *run, const RkJobSnapshot *job,
                         const char *const *compared);

// Adds what came since to the lines; FALSE when the job has a line that the chart doesn't.
gboolean rk_train_chart_append(RkTrainChart *chart, const RkJobSnapshot *job);
