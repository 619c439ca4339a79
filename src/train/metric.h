// SPDX-License-Identifier: GPL-3.0-or-later
//
// Evaluation in plain C: a table of metrics over what a model answered. Three kinds of answers:
// a prediction a sample (click-through, ratings), ranks of the wanted items a query, and the lists
// that were shown. Every metric weighs each sample or query by how often it counts, which is all
// that slices and the bootstrap need. Any thread; what is evaluated is only read.
#pragma once

#include "base/error.h"

#include <stdint.h>

// ---- what is evaluated ---------------------------------------------------------------------

// One prediction a sample. The arrays are the caller's and outlive it.
typedef struct {
    uint32_t n;
    const float *predicted; // [n] logits, or ratings; NaN sorts below everything
    const float *expected;  // [n] labels 0 or 1, or ratings
    const uint32_t *group;  // [n] the user of each, below n_groups; NULL without
    uint32_t n_groups;
    uint32_t *order;    // [n] samples by prediction, lowest first; owned
    uint32_t *by_group; // [n] the same within each group, group after group; owned, or NULL
    uint32_t *ends;     // [n_groups] where each group ends in by_group; owned, or NULL
} RkPredictions;

RkPredictions *rk_predictions_new(uint32_t n, const float *predicted, const float *expected,
                                  const uint32_t *group, uint32_t n_groups);
void rk_predictions_free(RkPredictions *predictions);

// Where a wanted item stands among a query's candidates, as rk_rank_counts() gives it.
typedef struct {
    uint32_t greater; // candidates with a greater score
    uint32_t equal;   // other candidates with the same score
} RkRankCounts;

// Queries (users) with their wanted items, which must all have been candidates. Queries without a
// wanted item are left out of every mean.
typedef struct {
    uint32_t n;
    const uint32_t *ends;      // [n] query q has ranks[ends[q - 1] (0 for the first)] to ends[q]
    const RkRankCounts *ranks; // [ends[n - 1]]
} RkRankings;

// The best k items of each query, best first, and how popular items are.
typedef struct {
    uint32_t n;
    uint32_t k;
    const uint32_t *items;  // [n, k], UINT32_MAX for none
    uint32_t n_items;       // of the catalogue
    const uint32_t *counts; // [n_items] interactions of each in the training part
    uint32_t n_users;       // of the training part
} RkLists;

// How the order among equal scores is taken: its mean over every order is the figure to report.
typedef enum { RK_TIES_EXPECTED, RK_TIES_OPTIMISTIC, RK_TIES_PESSIMISTIC } RkTies;

// What a metric may ask for; NULL where there is none.
typedef struct {
    const RkPredictions *predictions;
    const RkRankings *rankings;
    const RkLists *lists;
    const uint32_t *times; // [n] how often each sample or query counts; NULL: once each
    RkTies ties;           // of rankings
    double threshold;      // a logit: samples at or above it are predicted positive
} RkAnswers;

// ---- the table -----------------------------------------------------------------------------

typedef enum { RK_BETTER_HIGH, RK_BETTER_LOW, RK_BETTER_NEAR_ONE, RK_BETTER_NEITHER } RkBetter;

typedef enum {
    RK_METRIC_LABELS = 1 << 0,    // predictions as logits, labels 0 or 1
    RK_METRIC_RATINGS = 1 << 1,   // predictions as ratings
    RK_METRIC_GROUPS = 1 << 2,    // predictions with groups
    RK_METRIC_RANKS = 1 << 3,     // rankings
    RK_METRIC_LISTS = 1 << 4,     // lists of items
    RK_METRIC_THRESHOLD = 1 << 5, // a threshold, chosen on validation
    RK_METRIC_DISTINCT = 1 << 6,  // not a need: lists that come twice add nothing new to it
} RkMetricNeeds;

typedef struct {
    const char *name; // "ndcg"; with k: "ndcg@10"
    const char *title;
    gboolean at_k;
    RkBetter better;
    const char *unit; // NULL for a share or a ratio
    unsigned needs;   // RkMetricNeeds
    // NaN where it isn't defined (no sample, one class only).
    double (*value)(const RkAnswers *answers, uint32_t k);
} RkMetric;

extern const RkMetric rk_metrics[];
extern const size_t rk_n_metrics;

// A metric from its written name, "auc" or "recall@20". Fails with RK_ERROR_USAGE, naming the
// nearest or saying how k is written. *k becomes 0 for a metric without.
const RkMetric *rk_metric_find(const char *text, uint32_t *k, GError **error);
char *rk_metric_text(const RkMetric *metric, uint32_t k); // "recall@20"; free it

// The figure; RK_ERROR_DATA through a false return when the answers lack what it needs.
gboolean rk_metric_value(const RkMetric *metric, uint32_t k, const RkAnswers *answers,
                         double *value, GError **error);

// Whether a is better than b; NaN is worse than every number. FALSE of RK_BETTER_NEITHER.
gboolean rk_metric_is_better(const RkMetric *metric, double a, double b);

// ---- beyond one figure ---------------------------------------------------------------------

// Area under the ROC curve within each group, weighed by its samples (Zhu et al., "Optimized Cost
// per Click in Taobao Display Advertising", KDD 2017). Groups with one class have none and are
// left out: *n_left_out counts those that have samples; may be NULL.
double rk_grouped_auc(const RkAnswers *answers, uint32_t *n_left_out);

// The logit at or above which to predict a click, chosen for the best F1 (or accuracy) on these
// samples; the highest such, half-way to the next lower prediction. Infinity for "never".
typedef enum { RK_THRESHOLD_F1, RK_THRESHOLD_ACCURACY } RkThresholdGoal;
double rk_choose_threshold(const RkAnswers *answers, RkThresholdGoal goal);

// The metric within each slice of the samples or queries.
typedef struct {
    uint32_t n_slices;
    double *value; // [n_slices] NaN where undefined or under min_n
    uint64_t *n;   // [n_slices] samples or queries
    uint32_t best; // the two that the gap lies between; UINT32_MAX when fewer than two count
    uint32_t worst;
    double gap; // |value[best] - value[worst]|, NaN when fewer than two count
} RkSlices;

// `slice` [n] says which slice each sample or query is in, UINT32_MAX for none. Slices of fewer
// than min_n are not judged. Takes n steps a slice, so fold rare ones before.
RkSlices *rk_metric_slices(const RkMetric *metric, uint32_t k, const RkAnswers *answers,
                           const uint32_t *slice, uint32_t n_slices, uint32_t min_n,
                           GError **error);
void rk_slices_free(RkSlices *slices);

typedef struct {
    double difference;    // a - b
    double low, high;     // percentile interval
    double p;             // twice the smaller share of resamples on either side of zero, at most 1
    uint32_t n_undefined; // resamples in which a figure wasn't defined; not in the interval
} RkInterval;

// Whether the interval of a difference holds 0, or isn't known.
gboolean rk_interval_is_noise(const RkInterval *interval);

typedef struct {
    uint32_t n_resamples; // 1000 is usual
    double level;         // 0.95
    uint64_t seed;
    const uint32_t *unit; // [n] what is drawn together, such as a user; NULL: samples or queries
    uint32_t n_units;
} RkBootstrapOptions;

// Paired percentile bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, ch.
// 13) of the difference between two models on the same samples or queries: both see the same
// draws. A seed gives the same interval on every machine. A draw has only some 63 % of the lists,
// so that RK_METRIC_DISTINCT figures of draws lie off the figure of all: such an interval's middle
// is moved by that bias, and says how far the difference would vary over as many other users.
gboolean rk_bootstrap(const RkMetric *metric, uint32_t k, const RkAnswers *a, const RkAnswers *b,
                      const RkBootstrapOptions *options, RkInterval *interval, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkPredictions, rk_predictions_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkSlices, rk_slices_free)
