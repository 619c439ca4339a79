// SPDX-License-Identifier: GPL-3.0-or-later
//
// How a measured quantity spreads: its mean and its percentiles, sorted[floor(n * p)] of the raw
// values, as MLPerf LoadGen takes them. Percentiles are never averaged. Any thread.
#pragma once

#include <json-glib/json-glib.h>
#include <stdint.h>

// In the unit of what was measured; NaN without any value.
typedef struct {
    double mean, p50, p90, p95, p99, p999, max;
} RkSpread;

// Of n values in nanoseconds, each divided by `unit` (1e6 for ms). Sorts them.
RkSpread rk_spread_of(uint64_t *values_ns, uint64_t n, double unit);

// sorted[floor(n * p)], p in (0, 1); the last one at most. n >= 1.
uint64_t rk_percentile(const uint64_t *sorted, uint64_t n, double p);

// Ascending, by radix: ten million values take a third of a second.
void rk_sort_u64(uint64_t *values, uint64_t n);

// {"mean", "p50", "p90", "p95", "p99", "p99.9", "max"} under a name in an open object.
void rk_spread_to_json(const RkSpread *spread, const char *name, JsonBuilder *json);
