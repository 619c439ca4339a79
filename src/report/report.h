// SPDX-License-Identifier: GPL-3.0-or-later
//
// The report on suites' results. It opens with the answer: the recommended setting and why, what it
// gains over the default, what it costs in accuracy; then gates, comparison, charts, every trial,
// and how all of it was measured. The same results give the same bytes on the same machine.
// Any thread.
#pragma once

#include "report/document.h"
#include "report/results.h"

// One document on n results, of which there is at least one; several are compared first.
RkDocument *rk_report_new(const RkResults *const *results, guint n);

// The answer alone, for a terminal: a few sentences. Free it.
char *rk_report_answer(const RkResults *results);

// A table of all trials: settings, figures, validity.
RkFigureTable *rk_report_trials(const RkResults *results);
