// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/spread.h"

#include "base/json.h"

#include <math.h>
#include <string.h>

#define DIGIT_BITS 11u
#define N_DIGITS   (1u << DIGIT_BITS)
#define FEW        256u // below, insertion into order beats counting digits

static void
sort_few(uint64_t *values, uint64_t n)
{
    for (uint64_t i = 1; i < n; i++) {
        uint64_t value = values[i], to = i;
        for (; to > 0 && values[to - 1] > value; to--)
            values[to] = values[to - 1];
        values[to] = value;
    }
}

// One pass by the digit at `shift`, from `from` to `to`.
static void
sort_digit(const uint64_t *from, uint64_t *to, uint64_t n, unsigned shift)
{
    uint64_t begin[N_DIGITS + 1] = {0};
    for (uint64_t i = 0; i < n; i++)
        begin[((from[i] >> shift) & (N_DIGITS - 1)) + 1]++;
    for (uint32_t d = 0; d < N_DIGITS; d++)
        begin[d + 1] += begin[d];
    for (uint64_t i = 0; i < n; i++)
        to[begin[(from[i] >> shift) & (N_DIGITS - 1)]++] = from[i];
}

void
rk_sort_u64(uint64_t *values, uint64_t n)
{
    if (n < FEW) {
        sort_few(values, n);
        return;
    }
    uint64_t bits = 0;
    for (uint64_t i = 0; i < n; i++)
        bits |= values[i];
    g_autofree uint64_t *other = g_new(uint64_t, n);
    uint64_t *from = values, *to = other;
    for (unsigned shift = 0; shift < 64 && bits >> shift != 0; shift += DIGIT_BITS) {
        sort_digit(from, to, n, shift);
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != values)
        memcpy(values, from, n * sizeof *values);
}

uint64_t
rk_percentile(const uint64_t *sorted, uint64_t n, double p)
{
    return sorted[MIN((uint64_t)floor((double)n * p), n - 1)];
}

RkSpread
rk_spread_of(uint64_t *values, uint64_t n, double unit)
{
    if (n == 0)
        return (RkSpread){NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    rk_sort_u64(values, n);
    double sum = 0;
    for (uint64_t i = 0; i < n; i++)
        sum += (double)values[i];
    return (RkSpread){.mean = sum / (double)n / unit,
                      .p50 = (double)rk_percentile(values, n, 0.5) / unit,
                      .p90 = (double)rk_percentile(values, n, 0.9) / unit,
                      .p95 = (double)rk_percentile(values, n, 0.95) / unit,
                      .p99 = (double)rk_percentile(values, n, 0.99) / unit,
                      .p999 = (double)rk_percentile(values, n, 0.999) / unit,
                      .max = (double)values[n - 1] / unit};
}

void
rk_spread_to_json(const RkSpread *spread, const char *name, JsonBuilder *json)
{
    json_builder_set_member_name(json, name);
    json_builder_begin_object(json);
    rk_json_add_real(json, "mean", spread->mean);
    rk_json_add_real(json, "p50", spread->p50);
    rk_json_add_real(json, "p90", spread->p90);
    rk_json_add_real(json, "p95", spread->p95);
    rk_json_add_real(json, "p99", spread->p99);
    rk_json_add_real(json, "p99.9", spread->p999);
    rk_json_add_real(json, "max", spread->max);
    json_builder_end_object(json);
}
