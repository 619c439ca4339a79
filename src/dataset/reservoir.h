// SPDX-License-Identifier: GPL-3.0-or-later
//
// A sample of bounded size from a stream of numbers (Vitter's algorithm R with counter-based
// draws): everything while it fits, then every number with the same chance. Same numbers in the
// same order and same seed, same sample. Quantiles and counts of values are read from it. One
// thread.
#pragma once

#include <glib.h>
#include <stdint.h>

// 2^20 numbers are 8 MiB, and put the standard error of a quantile's rank at 0.05 %.
#define RK_RESERVOIR_CAPACITY (1u << 20)

typedef struct {
    double *value; // [n]
    uint32_t n, capacity;
    uint64_t n_seen; // NaN left out
    uint64_t seed;
    gboolean sorted;
} RkReservoir;

void rk_reservoir_init(RkReservoir *reservoir, uint32_t capacity, uint64_t seed);
void rk_reservoir_clear(RkReservoir *reservoir);
void rk_reservoir_add(RkReservoir *reservoir, double value); // not after the first question

// The q-quantile by linear interpolation between order statistics (Hyndman and Fan's type 7, as
// NumPy and R have it). NaN when empty.
double rk_reservoir_quantile(RkReservoir *reservoir, double q);

// The most frequent value, the smallest of them under ties; NaN when empty.
double rk_reservoir_mode(RkReservoir *reservoir);

// value[0..n) in ascending order.
const double *rk_reservoir_sorted(RkReservoir *reservoir);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RkReservoir, rk_reservoir_clear)
