// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a load looks like while it runs: a thread of its own reads the raw records fifteen times a
// second and tells percentiles of what was answered lately. Whoever issues and whoever answers do
// nothing for it; figures that are kept come from the records at the end, never from here.
#pragma once

#include "bench/records.h"

typedef struct {
    double t_s;            // since the load began
    uint64_t n_done;       // answers so far
    double qps;            // answers a second, of the last second
    double p50_ms, p99_ms; // of those answers, within 2 %; NaN without any
} RkLiveSample;

// On the looking thread.
typedef void (*RkLiveFunc)(void *data, const RkLiveSample *sample);

typedef struct RkLive RkLive;

// `records` is where the load generator puts the records that it makes (atomic; NULL until then).
// They must stay until rk_live_stop(), which waits for the thread.
RkLive *rk_live_start(RkLoadRecords *const *records, RkLiveFunc func, void *data);
void rk_live_stop(RkLive *live);
