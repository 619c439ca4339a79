// SPDX-License-Identifier: GPL-3.0-or-later
//
// Running a suite: each trial in turns, kept in the store as it ends, judged at the end, written to
// a folder. What measures is a table of functions, so that the served models (suite_served.h) and a
// synthetic system run by the same rules. Caller's thread; whatever it calls back comes on it, but
// for the progress of a measurement.
#pragma once

#include "bench/live.h"
#include "bench/quality.h"
#include "bench/result.h"
#include "bench/sweep.h"
#include "bench/trial.h"
#include "store/store.h"

typedef struct RkSuiteSystem RkSuiteSystem;

// `what` is static or of the trial; `total` 0 when unknown.
typedef void (*RkSuiteProgress)(void *data, const char *what, uint64_t done, uint64_t total,
                                const char *unit);

typedef struct {
    RkSuiteProgress progress; // may be NULL; from any thread
    void *data;
    const gint *cancelled; // may be NULL
    RkLiveFunc live;       // of each measurement while it runs, from any thread; may be NULL
    RkLiveQualityFunc live_quality; // likewise
} RkSuiteWatch;

// What is measured; embedded as the first member of a system.
struct RkSuiteSystem {
    // Makes what the trials need (RkTrialSpec), once, before the first. May be NULL.
    gboolean (*prepare)(RkSuiteSystem *system, const RkSuite *suite, const GPtrArray *specs,
                        const RkSuiteWatch *watch, GError **error);
    // Measures one. RK_ERROR_CANCELLED ends the suite, another error the trial. The texts of
    // `served` are the system's.
    gboolean (*measure)(RkSuiteSystem *system, const RkTrialSpec *spec, uint64_t seed,
                        const RkSuiteWatch *watch, RkBenchResult *result, RkServed *served,
                        GError **error);
    // Adds the device to the environment, and the models. May be NULL.
    void (*describe)(RkSuiteSystem *system, RkResults *results);
};

typedef struct {
    RkStore *store;
    const RkSuite *suite;
    RkSuiteSystem *system;
    const char *out;           // folder, made if it isn't there; NULL writes nothing
    const RkResults *baseline; // NULL without
    const char *baseline_name;
    gboolean resume;
    RkSuiteWatch watch;
    const gint *stopping; // may be NULL; nonzero (atomic): ends, interrupted, before the next
                          // measurement, where watch.cancelled gives up the one that runs
    // Told before each measurement; may be NULL. From `n_done` and the seconds that the load takes.
    void (*trial)(void *data, const RkTrialSpec *spec, uint32_t repeat, uint32_t n_done,
                  uint32_t n_all, double left_s);
    // Told after each measurement: the trial with its repeats so far; may be NULL.
    void (*measured)(void *data, const RkTrialResult *so_far);
} RkSuiteOptions;

typedef enum {
    RK_SUITE_PASSED,
    RK_SUITE_FAILED,    // a trial couldn't be measured
    RK_SUITE_INVALID,   // a measurement isn't valid (saturation alone is a finding, not a fault)
    RK_SUITE_BREACHED,  // a gate
    RK_SUITE_REGRESSED, // against the baseline
} RkSuiteVerdict;

// *results is set whenever there is something to show, after an interruption too (its trials that
// lack are pending): then FALSE with RK_ERROR_CANCELLED, and RK_ERROR_DATABASE when nothing more
// can be kept (a full disk). What was measured stays in the store. RK_ERROR_FAILED when `out` can't
// be written, which is found before the first measurement.
gboolean rk_suite_run(const RkSuiteOptions *options, RkResults **results, RkSuiteVerdict *verdict,
                      GError **error);

// The trials of a suite as its search gives them at first: RkTrialSpec. Free it.
GPtrArray *rk_suite_trials(const RkSuite *suite);

// What one repeat of a trial takes by its load, in seconds, checks included; training left out.
double rk_suite_trial_seconds(const RkTrialSpec *spec);
