// SPDX-License-Identifier: GPL-3.0-or-later
//
// The charts that Rankine draws: each its own file, listed in charts.def. Every function takes
// plain arrays, copies what it needs and returns a chart with its axes, its sentence and no data
// lost; none ([0]) gives an empty chart that says what to do. Latencies come in ms and times in s,
// as results.h has them. Any thread; the chart is the caller's.
#pragma once

#include "report/chart.h"

// ---- latency over time ---------------------------------------------------------------------

// One window of a run. NaN where nothing was answered in it.
typedef struct {
    double t_s;
    double p50_ms, p90_ms, p99_ms;
    double qps;
} RkTimePoint;

// `limit_ms` NaN: none. Series: 0 the band p50 to p90, 1 the band p90 to p99, 2 p50, 3 p99 in the
// first panel and throughput in the second; a live chart appends to them.
RkChart *rk_chart_latency_time(const RkTimePoint *points, gsize n, double limit_ms);

// ---- latency distribution ------------------------------------------------------------------

typedef struct {
    const char *name;
    gsize n_quantiles;
    const double *share, *latency_ms; // [n_quantiles] ascending
    gsize n_bins;
    const double *bin_ms, *count; // [n_bins] upper ends, growing by a constant factor
} RkDistribution;

RkChart *rk_chart_distribution(const RkDistribution *distributions, gsize n, double limit_ms);

// ---- throughput against p99 ----------------------------------------------------------------

typedef struct {
    const char *setting; // a curve is made of the points of one
    double qps, p99_ms;
    gboolean valid;
} RkLoadPoint;

RkChart *rk_chart_throughput(const RkLoadPoint *points, gsize n, double limit_ms);

// ---- latency, throughput, accuracy ---------------------------------------------------------

typedef struct {
    const char *name;
    double p99_ms, qps, accuracy;
    gboolean valid, on_front, recommended;
} RkTradeoff;

// `metric` names the accuracy ("auc"); NULL: there is none, and throughput takes its axis.
RkChart *rk_chart_pareto(const RkTradeoff *points, gsize n, const char *metric, double limit_ms);

// ---- stages --------------------------------------------------------------------------------

typedef struct {
    const char *name; // of a setting
    gsize n_stages;
    const char *const *stage;
    const double *us; // [n_stages]
} RkStageBar;

RkChart *rk_chart_stages(const RkStageBar *bars, gsize n);

// ---- ops -----------------------------------------------------------------------------------

typedef struct {
    const char *name;
    double seconds, flops, bytes; // of one replay
} RkOpTime;

RkChart *rk_chart_ops(const RkOpTime *ops, gsize n);

// The device's measured ceilings: floating-point operations and bytes a second.
RkChart *rk_chart_roofline(const RkOpTime *ops, gsize n, double peak_flops, double peak_bytes);

// ---- caches --------------------------------------------------------------------------------

typedef struct {
    const char *policy;
    double entries;
    double hit_rate; // 0 .. 1
    gboolean bound;  // Belady's: what no policy passes
} RkCachePoint;

RkChart *rk_chart_cache(const RkCachePoint *points, gsize n);

// ---- training ------------------------------------------------------------------------------

typedef struct {
    const char *run;
    const char *figure; // "loss", "val.auc": those with "loss" in them share the upper panel
    gsize n;
    const double *step, *value; // [n]
} RkTrainingCurve;

RkChart *rk_chart_training(const RkTrainingCurve *curves, gsize n, const char *step_title);

// ---- model size ----------------------------------------------------------------------------

typedef struct {
    const char *name;
    const char *family; // what it was compressed by; points of one share a sign
    double bytes, accuracy;
    gboolean parent; // what the others are compared with
} RkSizePoint;

RkChart *rk_chart_size(const RkSizePoint *points, gsize n, const char *metric);

// ---- sensitivity ---------------------------------------------------------------------------

// value [n_rows, n_columns]: what of the metric is lost when a row's part is compressed by a
// column's amount; NaN where it wasn't measured.
RkChart *rk_chart_sensitivity(const char *const *rows, gsize n_rows, const char *const *columns,
                              gsize n_columns, const double *value, const char *metric);
