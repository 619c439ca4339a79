// SPDX-License-Identifier: GPL-3.0-or-later
//
// Accuracy of a system's answers, through the path that serves them, caches as the load left them:
//   ranks   each test event's item among others that its user never had, drawn uniformly: recall,
//           ndcg, hr, precision and map at k, of the items that were answered
//   labels  each test event's own item alone: auc and logloss of the scores against the labels
//   auto    labels where the test events have labels 0 and 1, else ranks
// Owner's thread.
#pragma once

#include "bench/loadgen.h"
#include "bench/result.h"

// What the first events say, while the others are still asked.
typedef struct {
    uint64_t n, n_all;     // events asked
    const GArray *figures; // of RkQualityFigure
} RkLiveQuality;

// On a thread of its own, some 20 times a measurement and in bursts of 15 a second.
typedef void (*RkLiveQualityFunc)(void *data, const RkLiveQuality *quality);

typedef struct {
    RkSystem *system;
    RkTimer *timer;
    const RkTraffic *traffic;
    const RkParams *load; // quality, quality.n, quality.candidates
    uint32_t k;           // at most RK_SAMPLE_ITEMS
    uint64_t seed;        // chooses the events and the others
    const gint *cancelled;
    uint64_t *n_done;       // atomic, may be NULL
    RkLiveQualityFunc live; // may be NULL
    void *live_data;
} RkQualityOptions;

// Fills quality, protocol and n_quality; nothing when `quality` is none or nothing can be measured,
// which the notes say then.
gboolean rk_quality_measure(const RkQualityOptions *options, RkBenchResult *result, GError **error);
