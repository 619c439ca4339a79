// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a suite found, as plain structs: the contract between whoever measures and whoever draws,
// exports or compares. results.json is this and nothing else (data/results.schema.json); writing
// and reading it gives the same structs. No database, device or widget is known here. Owner's
// thread; once built it is only read, by any thread.
#pragma once

#include "base/error.h"

#include <stdint.h>

#define RK_RESULTS_SCHEMA 1 // of results.json; fields may be added without a new number

// A figure and its 95 % interval; low and high are NaN where nothing tells them. NaN: not known.
typedef struct {
    double value;
    double low, high;
} RkEstimate;

// A named figure: a stage, a cache counter, a metric.
typedef struct {
    char *name; // "gpu", "features.hit_rate", "ndcg@10"
    RkEstimate estimate;
} RkNamed;

typedef enum { RK_SETTING_TEXT, RK_SETTING_NUMBER, RK_SETTING_BOOL } RkSettingKind;

// A key of a configuration or of the environment with its value.
typedef struct {
    char *name; // "batch.max"
    RkSettingKind kind;
    char *text;    // as a person types it: "16", "true", "lru"
    double number; // of NUMBER; BOOL 0 or 1; else NaN
} RkSetting;

typedef enum {
    RK_LATENCY_MEAN,
    RK_LATENCY_P50,
    RK_LATENCY_P90,
    RK_LATENCY_P95,
    RK_LATENCY_P99,
    RK_LATENCY_P99_9,
    RK_LATENCY_MAX,
    RK_N_LATENCIES,
} RkLatencyStat;

const char *rk_latency_stat_name(RkLatencyStat stat); // "p99.9"

typedef enum {
    RK_TRIAL_OK,
    RK_TRIAL_INVALID, // measured, but the rules of measurement don't hold: see why_invalid
    RK_TRIAL_FAILED,  // not measured: see why
    RK_TRIAL_PENDING, // not yet, or the suite was interrupted
    RK_N_TRIAL_STATUSES,
} RkTrialStatus;

const char *rk_trial_status_name(RkTrialStatus status); // "ok"

// One window of time of a run, from its scheduled arrivals.
typedef struct {
    double t_s; // its beginning, from the measurement's begin
    uint64_t n;
    double qps;
    double p50_ms, p90_ms, p99_ms, max_ms; // NaN without a request
} RkTimeWindow;

// A curve's points: x ascends.
typedef struct {
    char *name; // "loss", "share"
    uint32_t n;
    double *x, *y; // [n]
} RkCurve;

// One run of a trial. A trial has as many as the suite asks for, taken in turns with the others'.
typedef struct {
    uint32_t repeat; // from 0
    uint64_t seed;
    char *started; // ISO 8601, UTC
    gboolean valid;
    GStrv why_invalid; // sentences; empty when valid
    uint64_t n;        // requests that were measured
    double duration_s;
    double throughput_qps;
    double latency_ms[RK_N_LATENCIES];
    char *schedule_hash;
    GArray
        *windows; // of RkTimeWindow: ten blocks of time, which intervals and comparisons draw from
} RkRepeat;

// A configuration, measured. Figures are over all repeats: latencies from all raw records together.
typedef struct {
    char *id; // a hash of the configuration: the same in every run of the same suite
    RkTrialStatus status;
    char *why;          // of FAILED and PENDING, a sentence; else NULL
    GArray *config;     // of RkSetting, the sweep's axes first
    uint32_t n_axes;    // so many of them differ between trials of the suite
    char *model;        // that was served: "ncf", "ncf-int8"; NULL for what has none
    char *scenario;     // "server"
    char *source;       // "measured", "simulated", "imported"
    gboolean valid;     // every repeat was
    gboolean saturated; // the system couldn't keep up with the rate: no fault of the measurement
    GStrv why_invalid;  // sentences, each once
    uint64_t n;         // requests of all repeats
    RkEstimate throughput_qps;
    RkEstimate latency_ms[RK_N_LATENCIES];
    GArray *stages_us;   // of RkNamed: the median of each, in the order of a request's way
    GArray *cache;       // of RkNamed: "features.hit_rate", ..
    GArray *lateness_us; // of RkNamed: "p50", "p99", "max" of the generator itself
    GArray *metrics;     // of RkNamed: accuracy through the served path, "ndcg@10"
    double model_bytes;  // of the served weights on the device; NaN when not known
    double flops;        // a request, by the graph's cost; NaN when not known
    char *schedule_hash; // of the first repeat
    GPtrArray *repeats;  // of RkRepeat
    // For charts. Empty (n 0) while nothing was measured.
    RkCurve quantiles; // x: share of requests 0 .. 1, dense towards 1; y: ms
    RkCurve histogram; // x: upper end of each bin in ms, growing by a constant factor; y: requests
    GArray *windows;   // of RkTimeWindow, of the repeat whose p99 is the median one
} RkTrialResult;

// A model that the suite trained or made.
typedef struct {
    char *name;
    char *kind;        // of the zoo
    char *parent;      // what it was compressed from; or NULL
    char *how;         // "precision=int8, prune=0.5"; NULL for a trained one
    double bytes;      // NaN when not known
    double flops;      // a sample; NaN when not known
    GArray *metrics;   // of RkNamed, on the test part
    GPtrArray *curves; // of RkCurve: "loss" and figures over epochs
} RkModelResult;

typedef struct {
    char *name; // "p99_ms"
    double limit;
    double value; // of `trial`; NaN when it couldn't be measured
    gboolean pass;
    char *trial; // id of the judged trial; NULL when there was none to judge
    char *why;   // a sentence
} RkGate;

typedef enum {
    RK_VERDICT_SAME, // within noise
    RK_VERDICT_BETTER,
    RK_VERDICT_WORSE,
    RK_VERDICT_UNKNOWN, // too little to tell
    RK_N_VERDICTS,
} RkVerdict;

const char *rk_verdict_name(RkVerdict verdict); // "within noise"

// One figure of one trial beside the baseline's.
typedef struct {
    char *trial;
    char *figure; // "p99_ms", "throughput_qps", "ndcg@10"
    double before, after;
    RkEstimate change; // after / before - 1, with its interval
    double p;          // two-sided Mann-Whitney over windows of time; NaN for a single figure
    double effect;     // Cliff's delta, -1 .. 1: how often after is greater than before, less the
                       // opposite; NaN for a single figure
    RkVerdict verdict;
    char *why; // a sentence
} RkComparison;

// One of the checks of the measurement itself.
typedef struct {
    char *name; // "stall"
    gboolean pass;
    char *detail; // a sentence with figures
} RkAudit;

typedef struct {
    char *id;      // of a trial; NULL when none can be recommended
    char *why;     // a few sentences
    char *versus;  // id of the default: every axis at its first value; or NULL
    GArray *gains; // of RkNamed: relative change from the default, "p99_ms" -0.31; metrics
                   // ("auc") as plain differences
} RkRecommendation;

typedef struct {
    char *rankine;       // version
    char *suite;         // its name
    gboolean complete;   // no trial is pending
    GArray *environment; // of RkSetting: "device", "driver", "cpu", "seed", "started", ..
    GPtrArray *trials;   // of RkTrialResult, in the sweep's order
    GPtrArray *models;   // of RkModelResult
    GPtrArray *pareto;   // of char *, ids: fastest first
    char *pareto_metric; // the accuracy among latency, throughput and accuracy; or NULL
    RkRecommendation recommended;
    GArray *gates;        // of RkGate
    char *baseline;       // what was compared with; NULL without
    GArray *comparisons;  // of RkComparison
    GStrv baseline_notes; // sentences: another device, trials without a twin
    GArray *audit;        // of RkAudit
    char *plan;           // capacity plan as a JSON object; NULL without
} RkResults;

// ---- making --------------------------------------------------------------------------------

// Everything empty and not known; strings NULL.
RkResults *rk_results_new(void);
void rk_results_free(RkResults *results);
RkTrialResult *rk_trial_result_new(void);
void rk_trial_result_free(RkTrialResult *trial);
RkModelResult *rk_model_result_new(void);
void rk_model_result_free(RkModelResult *model);
RkRepeat *rk_repeat_new(void);
void rk_repeat_free(RkRepeat *repeat);
void rk_curve_clear(RkCurve *curve);
RkCurve *rk_curve_new(const char *name, uint32_t n); // points are 0
void rk_curve_free(RkCurve *curve);

// Arrays that free what their elements own.
GArray *rk_settings_new(void);
GArray *rk_nameds_new(void);

void rk_settings_add_text(GArray *settings, const char *name, const char *text);
void rk_settings_add_number(GArray *settings, const char *name, double number);

// A value as it is written in a configuration: a number, true or false, else a text.
void rk_settings_add(GArray *settings, const char *name, const char *text);
void rk_nameds_add(GArray *nameds, const char *name, RkEstimate estimate);
void rk_results_add_gate(RkResults *results, RkGate gate);                   // takes its strings
void rk_results_add_comparison(RkResults *results, RkComparison comparison); // likewise
void rk_results_add_audit(RkResults *results, RkAudit audit);                // likewise

static inline RkEstimate
rk_estimate(double value)
{
    return (RkEstimate){value, __builtin_nan(""), __builtin_nan("")};
}

// ---- looking up ----------------------------------------------------------------------------

const RkTrialResult *rk_results_trial(const RkResults *results, const char *id); // or NULL
const RkSetting *rk_settings_find(const GArray *settings, const char *name);     // or NULL
const char *rk_settings_text(const GArray *settings, const char *name);          // or NULL
const RkNamed *rk_nameds_find(const GArray *nameds, const char *name);           // or NULL

// What tells a trial from the others: "batch.max=16, precision=int8"; "default" without axes.
// Free it.
char *rk_trial_result_label(const RkTrialResult *trial);

// ---- results.json --------------------------------------------------------------------------

// The document, indented. Free it.
char *rk_results_to_json(const RkResults *results);

// Reads it; `what` names it in errors ("base/results.json"). Members that this version doesn't know
// are left out. RK_ERROR_DATA with the JSON path of what is missing or of another type, or when the
// document is of a newer schema.
RkResults *rk_results_from_json(const char *text, const char *what, GError **error);
RkResults *rk_results_read(const char *path, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkResults, rk_results_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkTrialResult, rk_trial_result_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkModelResult, rk_model_result_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkRepeat, rk_repeat_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkCurve, rk_curve_free)
