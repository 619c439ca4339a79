// SPDX-License-Identifier: GPL-3.0-or-later
//
// Results as plain texts that other programs read. Every text from data is escaped as its format
// asks; the same results give the same bytes. Free what is returned. Any thread.
#pragma once

#include "report/results.h"

// A line a trial after a header line: id, status, each setting, each figure with its interval.
// RFC 4180.
char *rk_export_csv(const RkResults *results);

// A test case a gate, a comparison and a trial: breached gates, regressions and failed trials are
// failures, trials that aren't valid are errors. The format that CI servers read.
char *rk_export_junit(const RkResults *results);

// A page in Markdown: the recommendation, the gates, the trials, the comparison.
char *rk_export_markdown(const RkResults *results);

// Gauges in Prometheus' text format, version 0.0.4.
char *rk_export_prometheus(const RkResults *results);
