// SPDX-License-Identifier: GPL-3.0-or-later
//
// A load worked out ahead: when each query comes, in whole nanoseconds, who asks and for which
// items. A pure function of settings, traffic, seed and phase, by integer arithmetic alone, so that
// it is the same on every machine; its hash says so. Immutable once built; any thread.
#pragma once

#include "base/params.h"
#include "bench/traffic.h"

// The two parts of a run draw different numbers from the same laws.
typedef enum { RK_PHASE_WARMUP, RK_PHASE_MEASURE } RkLoadPhase;

typedef struct {
    uint64_t at_ns; // after the start; 0 in closed loops and offline
    uint64_t first; // of its candidates
    uint32_t user;  // UINT32_MAX without users
    uint32_t n_candidates;
} RkArrival;

typedef struct {
    uint64_t n;
    RkArrival *arrival;  // [n] by time
    uint32_t *candidate; // the distinct items of each arrival, one after another
    uint64_t n_candidates;
    double offered_qps; // n over the time that they were scheduled for; NaN in closed loops
    char hash[65];      // SHA-256 of arrivals and candidates, hexadecimal
} RkLoadSchedule;

// `load` has the rows of rk_load_params; `seconds` is how long the phase lasts. Candidates of a
// query are distinct: what was drawn before is drawn again, or after some attempts replaced by the
// next item by code that is free. RK_ERROR_MEMORY when it takes over 4 GiB, RK_ERROR_USAGE when the
// data has nothing to replay.
RkLoadSchedule *rk_load_schedule_new(const RkParams *load, const RkTraffic *traffic, uint64_t seed,
                                     RkLoadPhase phase, double seconds, GError **error);
void rk_load_schedule_free(RkLoadSchedule *schedule);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkLoadSchedule, rk_load_schedule_free)
