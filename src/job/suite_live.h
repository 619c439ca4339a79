// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a running suite shows beside its job's snapshot: which trial is measured, what the
// measurement looks like while it runs, and each trial as it ends. The job writes, one watcher
// takes what is new; and the watcher may ask it to stop after the measurement that runs. Any
// thread.
#pragma once

#include "bench/live.h"
#include "bench/quality.h"
#include "bench/sweep.h"

typedef struct RkSuiteLive RkSuiteLive;

// A trial that was measured, with all its repeats so far.
typedef struct {
    uint64_t point; // of the sweep's grid
    uint32_t n_repeats;
    RkTrialStatus status;
    gboolean saturated;
    double p50_ms, p99_ms, qps;
    double accuracy; // by the suite's metric; NaN without
    char *metric;    // its name, or NULL
    char *why;       // it isn't valid, or failed; or NULL
} RkSuiteNewsTrial;

// The accuracy of the trial that is measured, as far as it is known.
typedef struct {
    uint64_t n, n_all; // test events asked
    double value;      // by the suite's metric
    char *metric;      // its name
} RkSuiteNewsQuality;

// What is new since the last time. Free it.
typedef struct {
    gboolean began;         // `samples` are of another measurement than those before
    uint64_t point;         // of the trial that is measured; UINT64_MAX before the first
    uint32_t repeat;        // from 0
    uint32_t n_done, n_all; // measurements
    double left_s;          // by the load's duration and what was measured; NaN before the first
    char *phase;            // "warm up"; what happens now
    GArray *samples;        // of RkLiveSample, the oldest first
    GArray *quality;        // of RkSuiteNewsQuality, the same
    GArray *trials;         // of RkSuiteNewsTrial, in the order they ended
} RkSuiteNews;

RkSuiteLive *rk_suite_live_new(void);
RkSuiteLive *rk_suite_live_ref(RkSuiteLive *live);
void rk_suite_live_unref(RkSuiteLive *live);

// The watcher's.
RkSuiteNews *rk_suite_live_take(RkSuiteLive *live);
void rk_suite_news_free(RkSuiteNews *news);
void rk_suite_live_stop(RkSuiteLive *live); // after the measurement that runs
gboolean rk_suite_live_is_stopping(RkSuiteLive *live);

// The job's.
const gint *rk_suite_live_stopping(const RkSuiteLive *live); // as RkSuiteOptions has it
void rk_suite_live_begin(RkSuiteLive *live, const RkTrialSpec *spec, uint32_t repeat,
                         uint32_t n_done, uint32_t n_all, double left_s);
void rk_suite_live_phase(RkSuiteLive *live, const char *phase);
void rk_suite_live_sample(RkSuiteLive *live, const RkLiveSample *sample);
void rk_suite_live_quality(RkSuiteLive *live, const RkLiveQuality *quality, const char *metric);
void rk_suite_live_end(RkSuiteLive *live, const RkTrialResult *trial, const char *metric);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkSuiteLive, rk_suite_live_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkSuiteNews, rk_suite_news_free)
