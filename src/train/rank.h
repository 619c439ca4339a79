// SPDX-License-Identifier: GPL-3.0-or-later
//
// Full ranking on the device: a user's wanted items among every item that the user hasn't had. A
// submit scores some users, hides what they had, counts who stands above each wanted item and
// picks the best k. Owner's thread.
#pragma once

#include "train/metric.h"
#include "train/scorer.h"

typedef struct {
    RkDevice *device;
    const RkModel *model; // one with candidates
    const RkParams *set;
    const RkTrainFeatures *features; // with history
    RkState *state;
    RkPart part;           // whose positive events are wanted; those of the other parts are hidden
    uint32_t k;            // of the lists, up to RK_TOPK_MAX; may be more than there are items
    const gint *cancelled; // may be NULL
    void (*progress)(void *data, uint64_t done, uint64_t total); // users; may be NULL
    void *progress_data;
} RkRankOptions;

// Users with a wanted item, in order of their codes.
typedef struct {
    uint32_t n, k;
    uint32_t *user;      // [n]
    uint32_t *ends;      // [n] as RkRankings has them
    RkRankCounts *ranks; // [ends[n - 1]]
    uint32_t *wanted;    // [ends[n - 1]] the items
    uint32_t *items;     // [n, k] the best, UINT32_MAX past the last that isn't hidden
} RkRanked;

// RK_ERROR_USAGE when the model can't rank or nobody wants anything.
RkRanked *rk_ranked_new(const RkRankOptions *options, GError **error);
void rk_ranked_free(RkRanked *ranked);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkRanked, rk_ranked_free)
