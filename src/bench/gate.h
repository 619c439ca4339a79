// SPDX-License-Identifier: GPL-3.0-or-later
//
// Judging a suite's results: the Pareto front, the gates, the recommendation, the comparison with a
// baseline. All work on results alone, whatever measured them. Any thread.
#pragma once

#include "report/results.h"

// Gates by name: MEAN_ms .. p99.9_ms and max_ms, at most; throughput_qps, at least; memory_mib of
// the served model, at most; METRIC ("auc", "ndcg@10"), at least, or at most where lower is better;
// METRIC_drop, how much worse than the default, at most. RK_ERROR_USAGE names the nearest.
gboolean rk_gate_check_name(const char *name, GError **error);

// The value of a gate for a trial, NaN where it wasn't measured; whether it passes. `versus` is the
// default, which drops count from; NULL for none.
double rk_gate_value(const char *name, const RkTrialResult *trial, const RkTrialResult *versus);
gboolean rk_gate_passes(const char *name, double limit, double value);

// A trial's accuracy as far as there is one: by name, or the first.
const RkNamed *rk_trial_metric(const RkTrialResult *trial, const char *name);

// Which trials are on the front over p99 (low), throughput (high) and the metric of that name
// (NULL: the first one measured), among the valid: fills results->pareto, fastest first.
void rk_pareto(RkResults *results, const char *metric);

typedef struct {
    const char *const *gates; // [n_gates]
    const double *limits;     // [n_gates]
    uint32_t n_gates;
    const char *metric;      // of accuracy; NULL: the first one measured
    double metric_tolerance; // without a gate on accuracy: worse than the default by more is out
    const char *versus;      // id of the default; NULL without
} RkJudgeOptions;

// Recommends, among the valid trials that meet every gate, the one with the highest throughput;
// where several are within 2 % of it, the one with the lowest p99. Then judges the gates on it, or
// where none can be recommended on the trial that breaches the fewest.
void rk_judge(RkResults *results, const RkJudgeOptions *options);

// Compares each trial with its twin of the baseline (latencies p50 and p99, throughput where the
// load doesn't fix it, accuracy). Worse means: a two-sided rank test over windows of time with
// p < 0.01, an interval that leaves out zero, repeats that don't overlap, and a change beyond the
// tolerance. `name` is the
// baseline's file. Returns whether anything is worse.
gboolean rk_compare_baseline(RkResults *results, const RkResults *baseline, const char *name,
                             double tolerance, double metric_tolerance);

// The change of one figure ("p50_ms", "p99_ms", "throughput_qps") between two trials, relative;
// with its test in *p and *effect, which may be NULL.
RkEstimate rk_trial_change(const RkTrialResult *before, const RkTrialResult *after,
                           const char *figure, double *p, double *effect);
