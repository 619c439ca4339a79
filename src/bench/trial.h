// SPDX-License-Identifier: GPL-3.0-or-later
//
// From the repeats of a trial, as they are stored, to its result: percentiles over all raw records
// together, intervals, windows of time, and the checks. Any thread.
#pragma once

#include "bench/result.h"
#include "bench/sweep.h"

// What is known of a served model beside its measurement.
typedef struct {
    const char *model;  // its name; NULL for what has none
    const char *source; // "measured", "simulated"
    double bytes;       // on the device; NaN when not known
    double flops;       // a request; NaN when not known
} RkServed;

// One repeat as JSON, for the store: rk_bench_result_to_json() with what produced it. Free it.
char *rk_trial_to_json(const RkBenchResult *result, const RkServed *served, uint64_t seed,
                       int64_t started_s);

// The same for a trial that could not be measured, with the reason.
char *rk_trial_failure_to_json(const GError *cause, int64_t started_s);

// One repeat as it was stored.
typedef struct {
    uint32_t repeat;
    const char *result; // JSON
    uint64_t n;
    const int64_t *scheduled_ns; // [n] from the begin
    const int64_t *done_ns;      // [n] 0 while not answered
    const int64_t *flags;        // [n] RkAnswerFlags
} RkTrialRun;

// The result of a trial; without a repeat it is pending. `audit` (may be NULL) receives the checks
// of the first repeat that had them, as RkAudit. RK_ERROR_DATA when a result can't be read.
RkTrialResult *rk_trial_summarize(const RkTrialSpec *spec, const RkTrialRun *runs, uint32_t n_runs,
                                  uint32_t n_wanted, RkResults *audit, GError **error);
