// SPDX-License-Identifier: GPL-3.0-or-later
//
// The best of scored candidates, and how far two lists of the best agree. Any thread.
#pragma once

#include "base/error.h"

#include <stdint.h>

// The k largest of n scores, the largest first; equal ones in their order, NaN after everything
// else. place [k] are positions, best [k] their scores. Returns how many: the lesser of k and n.
uint32_t rk_select_top(const float *score, uint32_t n, uint32_t k, uint32_t *place, float *best);

// What a list that was served is worth beside the list that would be served now.
typedef struct {
    double overlap; // share of the items of the new one that the served one has
    double ndcg;    // of the served one when the i-th of n items of the new one is worth n - i
    gboolean same_first;
} RkAgreement;

RkAgreement rk_lists_agree(const uint32_t *served, uint32_t n_served, const uint32_t *now,
                           uint32_t n_now);
