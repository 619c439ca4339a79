// SPDX-License-Identifier: GPL-3.0-or-later
//
// A measurement that measures itself: the generator against a system that answers at once and one
// that stalls on purpose, and a system's answers against themselves. Owner's thread.
#pragma once

#include "bench/loadgen.h"
#include "bench/result.h"

// Of the generator: some 0.8 s. `qps` is the rate of the run; NaN for closed loops.
gboolean rk_audit_generator(const RkParams *load, double qps, uint64_t seed, RkAuditResult *audit,
                            GError **error);

// Of the answers, over the same path as the load: one query again and again against distinct ones,
// and what `run` sampled against fresh answers now. At most 2 s a check.
typedef struct {
    RkSystem *system;
    RkTimer *timer;
    const RkTraffic *traffic;
    const RkParams *load;
    const RkLoadSchedule *schedule; // that was run
    const RkLoadRun *run;
    uint64_t seed;
} RkAuditOptions;
gboolean rk_audit_answers(const RkAuditOptions *options, RkAuditResult *audit, GError **error);
