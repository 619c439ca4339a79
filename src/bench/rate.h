// SPDX-License-Identifier: GPL-3.0-or-later
//
// The highest rate of an open loop whose percentile stays within a limit: doubled or halved from
// `qps` until it is bracketed, then bisected, and the two ends measured again in turns, so that a
// drift of the machine isn't taken for a difference between rates. Owner's thread.
#pragma once

#include "bench/bench.h"

typedef struct {
    double qps;
    double tail_ms;          // the percentile, over all runs at this rate
    double throughput_qps;   // the most of a run
    uint64_t n, n_over;      // queries, and those over the limit
    uint32_t n_runs, n_held; // runs, and those that held the limit
    gboolean saturated;      // a run was
} RkRateProbe;

typedef struct {
    double limit_ms;
    double best_qps;       // 0: not even the lowest rate tried
    gboolean confirmed;    // at best_qps, at confidence 0.99 over all its runs (early.h)
    double saturation_qps; // what the system answers when asked for all it can
    GArray *probes;        // of RkRateProbe, in order of rates
} RkRateSearch;

// `options` as for a trial, its load with slo_p99_ms and the `percentile` that it limits. A rate
// holds when most of its runs do. FALSE with RK_ERROR_USAGE without a limit, RK_ERROR_CANCELLED
// (the probes so far are there), or as a trial fails. rk_rate_search_clear() in any case.
gboolean rk_rate_search(const RkBenchOptions *options, uint32_t repeats, RkRateSearch *search,
                        GError **error);
void rk_rate_search_clear(RkRateSearch *search);

// {"limit_ms", "best_qps", "confirmed", "saturation_qps", "probes": [..]} into an open object.
void rk_rate_search_to_json(const RkRateSearch *search, JsonBuilder *json);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RkRateSearch, rk_rate_search_clear)
