// SPDX-License-Identifier: GPL-3.0-or-later
//
// One trial: a load on a system, its result, whether that is valid, the audit and the accuracy of
// what was served. What `rankine bench`, sweeps and the app run. Owner's thread.
#pragma once

#include "bench/live.h"
#include "bench/quality.h"
#include "bench/result.h"
#include "bench/timer.h"
#include "bench/traffic.h"

typedef struct {
    RkSystem *system;         // the caller's; idle, and idle again afterwards
    const RkTraffic *traffic; // whose users, items and events are asked for
    const RkParams *load;     // has the rows of rk_load_params
    uint64_t seed;
    RkTimer *timer;        // NULL: the machine's clock
    const gint *cancelled; // may be NULL
    // Now and then, from another thread while the caller's one issues; may be NULL. `what` is
    // static: "warm up", "measure", "audit", "quality".
    void (*progress)(void *data, const char *what, uint64_t done, uint64_t total);
    void *progress_data;
    // What the measurement looks like while it runs, from a thread of its own; may be NULL.
    RkLiveFunc live;
    RkLiveQualityFunc live_quality; // the same of the accuracy, which comes after it; may be NULL
    void *live_data;                // of both
} RkBenchOptions;

// Runs a trial. A result that isn't valid is still a result: TRUE, and why_invalid says why. FALSE
// when there is none (a load that can't be, no memory) and, with RK_ERROR_CANCELLED, when it was
// interrupted: then `result` has what was measured if its n is not 0, marked as interrupted. The
// caller clears `result` in any case.
gboolean rk_bench_run(const RkBenchOptions *options, RkBenchResult *result, GError **error);
