// SPDX-License-Identifier: GPL-3.0-or-later
//
// The charts that a suite's results hold data for. Any thread.
#pragma once

#include "report/charts.h"
#include "report/results.h"

// Trials that a report shows one by one: the recommended, what it is compared with, then the front;
// at most `most`. Of const RkTrialResult, the results' own.
GPtrArray *rk_results_shown_trials(const RkResults *results, guint most);

// The p99 in ms that a gate or the plan asks for; NaN without one.
double rk_results_limit_ms(const RkResults *results);

// Charts [of RkChart] in the order of charts.def, each with its kind; those without data are left
// out. The array frees them.
GPtrArray *rk_results_charts(const RkResults *results);

// One of them; NULL when there is no data for it or no such word.
RkChart *rk_results_chart(const RkResults *results, const char *word);
