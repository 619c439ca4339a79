// SPDX-License-Identifier: GPL-3.0-or-later
//
// Whether a run supports the figures that it gives, and if not, why, in words. Any thread.
#pragma once

#include "bench/loadgen.h"
#include "bench/result.h"

typedef struct {
    const RkParams *load;
    const RkLoadSchedule *schedule;
    const RkLoadRun *run;
    const GArray *looks; // of RkMachineLook; NULL: nobody watched
} RkJudged;

// Fills valid, why_invalid, notes, n_more, bound_ms and saturated of a result whose other figures
// of the run are there. Not valid: too few queries for `percentile` (early.h), failed queries, a
// late generator, a rate that can't be reached, halves of the run that differ (an exact
// Mann-Whitney test at 0.01 of eight windows against eight, medians and p90s), an interrupt.
void rk_validity_judge(const RkJudged *judged, RkBenchResult *result);

// Latencies of what was measured in ns, by time: a query each, or a group each as rk_load_group()
// says; failed ones left out. *n of them; free it.
uint64_t *rk_run_latencies(const RkLoadRun *run, uint32_t group, uint64_t *n);
