// SPDX-License-Identifier: GPL-3.0-or-later
//
// Figures and what became of them, in words: what reports, tables and pages say alike. Texts are to
// be freed. Any thread.
#pragma once

#include "report/quantity.h"
#include "report/results.h"

// Whether a name ("p99_ms", "throughput_qps") is a figure of latency, rate or size; what isn't is a
// metric of accuracy.
gboolean rk_figure_is_known(const char *name);
const char *rk_figure_words(const char *name); // "p99 latency"; a metric is its own name

// A figure's value with its unit; of a metric four decimals.
char *rk_figure_text(const char *name, double value);

// Whether both ends are known and apart.
gboolean rk_estimate_has_interval(RkEstimate e);

// Whether a difference's interval leaves open that there is none.
gboolean rk_estimate_is_noise(RkEstimate difference);

// A relative change: "31 % lower (95 % interval −35 % to −27 %)"; what is neither is said, too.
char *rk_relative_text(RkEstimate e);

// A difference of a metric: "−0.0021 (95 % interval ..)".
char *rk_metric_difference_text(RkEstimate e);

// "12.5 ms (12.1 to 13 ms)"; `factor` brings it into the unit's base.
char *rk_estimate_text(RkEstimate e, double factor, RkUnit unit);
