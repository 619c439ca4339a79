// SPDX-License-Identifier: GPL-3.0-or-later
//
// What tells a difference from noise: rank tests, effect sizes and bootstrap intervals over blocks
// of time. Requests next to each other wait for the same batch and the same hiccup, so what is
// drawn again is a block, never a request. Any thread.
#pragma once

#include "report/results.h"

typedef struct {
    double u;     // pairs in which b is greater, ties as halves
    double p;     // two-sided
    double delta; // Cliff's: 2 u / (n_a n_b) - 1
} RkRankTest;

// Mann-Whitney's U (Annals of Mathematical Statistics 18, 1947) with ties: exact by counting all
// splits of the ranks up to 40 values, else normal with continuity and tie correction. NaN without
// a value on each side.
RkRankTest rk_mann_whitney(const double *a, uint32_t n_a, const double *b, uint32_t n_b);

// A block of time of one repeat. `ns` is the caller's.
typedef struct {
    uint32_t repeat; // below n_repeats
    uint64_t n;
    const uint64_t *ns; // [n] latencies, in any order
} RkBlock;

// 95 % intervals of the mean and the percentiles of latency, in ms: repeats are drawn with
// replacement, then as many blocks of each as it has (Efron and Tibshirani, 1993, ch. 13; repeats
// and blocks in turn as Davison and Hinkley, 1997, 3.8). Latencies are counted in bins that grow by
// 0.5 %, which is what an interval's ends are good for. Values must be there and stay as they are;
// low and high are NaN with fewer than two blocks.
void rk_block_intervals(const RkBlock *blocks, uint32_t n_blocks, uint32_t n_repeats, uint64_t seed,
                        RkEstimate latency_ms[RK_N_LATENCIES]);

// The 95 % interval of a mean of n values by the bootstrap; low and high NaN with fewer than two.
RkEstimate rk_mean_interval(const double *values, uint32_t n, uint64_t seed);

// A value of a window of time, and of which repeat it is.
typedef struct {
    double value;
    uint32_t repeat;
} RkWindowValue;

// The 95 % interval of median(after) / median(before) - 1 by the bootstrap: on each side repeats
// are drawn with replacement, then as many of the drawn one's windows as it has. Values stand
// together by repeat.
RkEstimate rk_ratio_interval(const RkWindowValue *before, uint32_t n_before,
                             const RkWindowValue *after, uint32_t n_after, uint64_t seed);
