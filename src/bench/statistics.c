// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/statistics.h"

#include "base/rng.h"

#include <math.h>
#include <string.h>

#define N_RESAMPLES   1000u
#define N_EXACT       40u   // values in all
#define BIN_GROWTH    1.005 // of latency bins
#define STREAM_BLOCKS 0x626c6f63u
#define STREAM_MEAN   0x6d65616eu
#define STREAM_RATIO  0x72617469u

static int
compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// ---- ranks ---------------------------------------------------------------------------------

typedef struct {
    double value;
    gboolean of_b;
    uint32_t twice_rank; // from 2; ties share the mean of theirs
} Ranked;

static int
compare_ranked(const void *a, const void *b)
{
    return compare_doubles(&((const Ranked *)a)->value, &((const Ranked *)b)->value);
}

// Returns the sum of t^3 - t over ties.
static double
rank(Ranked *all, uint32_t n)
{
    double ties = 0;
    qsort(all, n, sizeof *all, compare_ranked);
    for (uint32_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && all[end].value == all[i].value; end++)
            ;
        for (uint32_t j = i; j < end; j++)
            all[j].twice_rank = i + 1 + end;
        const double t = end - i;
        ties += t * t * t - t;
    }
    return ties;
}

// The share of all ways to choose n_b of the ranks whose sum is as far from its mean as this one.
static double
exact_p(const Ranked *all, uint32_t n, uint32_t n_b, uint64_t twice_sum)
{
    const uint32_t width = n * (n + 1) + 1;
    g_autofree double *ways = g_new0(double, (size_t)(n_b + 1) * width);
    ways[0] = 1;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = MIN(i + 1, n_b); k >= 1; k--)
            for (uint32_t s = width; s-- > all[i].twice_rank;)
                ways[(size_t)k * width + s] +=
                    ways[(size_t)(k - 1) * width + s - all[i].twice_rank];
    const double mean = (double)n_b * (n + 1);
    const double distance = fabs((double)twice_sum - mean);
    double extreme = 0, total = 0;
    for (uint32_t s = 0; s < width; s++) {
        total += ways[(size_t)n_b * width + s];
        if (fabs(s - mean) >= distance - 0.5) // sums are whole numbers
            extreme += ways[(size_t)n_b * width + s];
    }
    return extreme / total;
}

RkRankTest
rk_mann_whitney(const double *a, uint32_t n_a, const double *b, uint32_t n_b)
{
    const uint32_t n = n_a + n_b;
    if (n_a == 0 || n_b == 0)
        return (RkRankTest){NAN, NAN, NAN};
    g_autofree Ranked *all = g_new0(Ranked, n);
    for (uint32_t i = 0; i < n; i++)
        all[i] = (Ranked){i < n_a ? a[i] : b[i - n_a], i >= n_a, 0};
    const double ties = rank(all, n);
    uint64_t twice_sum = 0;
    for (uint32_t i = 0; i < n; i++)
        twice_sum += all[i].of_b ? all[i].twice_rank : 0;
    const double pairs = (double)n_a * n_b;
    RkRankTest test = {.u = (double)twice_sum / 2 - (double)n_b * (n_b + 1) / 2};
    test.delta = 2 * test.u / pairs - 1;
    if (n <= N_EXACT) {
        test.p = exact_p(all, n, n_b, twice_sum);
        return test;
    }
    const double variance = pairs / 12 * (n + 1 - ties / ((double)n * (n - 1)));
    const double z = MAX(fabs(test.u - pairs / 2) - 0.5, 0) / sqrt(variance);
    test.p = variance > 0 ? erfc(z / M_SQRT2) : 1;
    return test;
}

// ---- intervals -----------------------------------------------------------------------------

// The 2.5 % and 97.5 % points of resampled figures, which it sorts.
static void
take_ends(double *figures, uint32_t n, RkEstimate *estimate)
{
    qsort(figures, n, sizeof *figures, compare_doubles);
    estimate->low = figures[(uint32_t)(n * 0.025)];
    estimate->high = figures[MIN((uint32_t)(n * 0.975), n - 1)];
}

RkEstimate
rk_mean_interval(const double *values, uint32_t n, uint64_t seed)
{
    RkEstimate estimate = rk_estimate(0);
    for (uint32_t i = 0; i < n; i++)
        estimate.value += values[i] / n;
    if (n == 0)
        return rk_estimate(NAN);
    if (n < 2)
        return estimate;
    g_autofree double *means = g_new0(double, N_RESAMPLES);
    for (uint64_t r = 0; r < N_RESAMPLES; r++)
        for (uint32_t i = 0; i < n; i++)
            means[r] += values[rk_rng_below(seed, STREAM_MEAN, r * n + i, n)] / n;
    take_ends(means, N_RESAMPLES, &estimate);
    return estimate;
}

static double
median(double *values, uint32_t n)
{
    qsort(values, n, sizeof *values, compare_doubles);
    return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

// One side of a ratio: its windows, and where each repeat's begin.
typedef struct {
    const RkWindowValue *values;
    uint32_t n, n_repeats;
    uint32_t *first; // [n_repeats + 1]
    double *scratch; // [n_repeats * the longest repeat]
} Side;

static Side
side_new(const RkWindowValue *values, uint32_t n)
{
    Side side = {.values = values, .n = n, .first = g_new0(uint32_t, n + 1)};
    uint32_t longest = 0;
    for (uint32_t i = 0; i < n; i++)
        if (i == 0 || values[i].repeat != values[i - 1].repeat)
            side.first[side.n_repeats++] = i;
    side.first[side.n_repeats] = n;
    for (uint32_t r = 0; r < side.n_repeats; r++)
        longest = MAX(longest, side.first[r + 1] - side.first[r]);
    side.scratch = g_new(double, MAX((size_t)side.n_repeats * longest, n));
    return side;
}

static void
side_clear(Side *side)
{
    g_free(side->first);
    g_free(side->scratch);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Side, side_clear)

static double
median_of_all(const Side *side)
{
    for (uint32_t i = 0; i < side->n; i++)
        side->scratch[i] = side->values[i].value;
    return median(side->scratch, side->n);
}

static double
median_of_draw(const Side *side, uint64_t seed, uint64_t *draw)
{
    uint32_t n = 0;
    for (uint32_t r = 0; r < side->n_repeats; r++) {
        const uint32_t repeat = rk_rng_below(seed, STREAM_RATIO, (*draw)++, side->n_repeats);
        const uint32_t first = side->first[repeat], k = side->first[repeat + 1] - first;
        for (uint32_t j = 0; j < k; j++)
            side->scratch[n++] =
                side->values[first + rk_rng_below(seed, STREAM_RATIO, (*draw)++, k)].value;
    }
    return median(side->scratch, n);
}

RkEstimate
rk_ratio_interval(const RkWindowValue *before, uint32_t n_before, const RkWindowValue *after,
                  uint32_t n_after, uint64_t seed)
{
    if (n_before == 0 || n_after == 0)
        return rk_estimate(NAN);
    g_auto(Side) b = side_new(before, n_before);
    g_auto(Side) a = side_new(after, n_after);
    RkEstimate estimate = rk_estimate(median_of_all(&a) / median_of_all(&b) - 1);
    if (n_before < 2 || n_after < 2)
        return estimate;
    g_autofree double *ratios = g_new(double, N_RESAMPLES);
    uint64_t draw = 0;
    for (uint32_t r = 0; r < N_RESAMPLES; r++) {
        const double low = median_of_draw(&b, seed, &draw);
        ratios[r] = median_of_draw(&a, seed, &draw) / low - 1;
    }
    take_ends(ratios, N_RESAMPLES, &estimate);
    return estimate;
}

// ---- blocks of latencies -------------------------------------------------------------------

typedef struct {
    const RkBlock *blocks;
    uint32_t n_blocks, n_repeats;
    uint32_t *first; // [n_repeats + 1] into `order`
    uint32_t *order; // [n_blocks] blocks by repeat
    double low_ns;   // of the first bin
    uint32_t n_bins;
    uint32_t *counts; // [n_blocks, n_bins]
    double *sums;     // [n_blocks] of latencies
} Bins;

static void
bins_clear(Bins *bins)
{
    g_free(bins->first);
    g_free(bins->order);
    g_free(bins->counts);
    g_free(bins->sums);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Bins, bins_clear)

static void
order_blocks(Bins *bins)
{
    bins->first = g_new0(uint32_t, bins->n_repeats + 2);
    bins->order = g_new(uint32_t, MAX(bins->n_blocks, 1));
    uint32_t n = 0;
    for (uint32_t r = 0; r < bins->n_repeats; r++) {
        bins->first[r] = n;
        for (uint32_t b = 0; b < bins->n_blocks; b++)
            if (bins->blocks[b].repeat == r && bins->blocks[b].n > 0)
                bins->order[n++] = b;
    }
    bins->first[bins->n_repeats] = n;
}

static void
count(Bins *bins)
{
    double low = INFINITY, high = 1;
    for (uint32_t b = 0; b < bins->n_blocks; b++)
        for (uint64_t i = 0; i < bins->blocks[b].n; i++) {
            const double ns = MAX((double)bins->blocks[b].ns[i], 1);
            low = MIN(low, ns);
            high = MAX(high, ns);
        }
    bins->low_ns = isfinite(low) ? low : 1;
    const double scale = 1 / log(BIN_GROWTH);
    bins->n_bins = (uint32_t)(log(high / bins->low_ns) * scale) + 2;
    bins->counts = g_new0(uint32_t, (size_t)bins->n_blocks * bins->n_bins);
    bins->sums = g_new0(double, MAX(bins->n_blocks, 1));
    for (uint32_t b = 0; b < bins->n_blocks; b++)
        for (uint64_t i = 0; i < bins->blocks[b].n; i++) {
            const double ns = MAX((double)bins->blocks[b].ns[i], 1);
            bins->counts[(size_t)b * bins->n_bins + (uint32_t)(log(ns / bins->low_ns) * scale)]++;
            bins->sums[b] += ns;
        }
}

// The figures of one resample, ms.
static void
figures_of(const Bins *bins, const uint32_t *total, uint64_t n, double sum, double *figures)
{
    static const double SHARES[RK_N_LATENCIES] = {0, 0.5, 0.9, 0.95, 0.99, 0.999, 1};
    figures[RK_LATENCY_MEAN] = sum / (double)n * 1e-6;
    uint64_t below = 0;
    int s = RK_LATENCY_P50;
    for (uint32_t bin = 0; bin < bins->n_bins && s < RK_N_LATENCIES; bin++) {
        below += total[bin];
        const double ms = bins->low_ns * pow(BIN_GROWTH, bin + 0.5) * 1e-6;
        for (; s < RK_N_LATENCIES && below > MIN((uint64_t)(SHARES[s] * (double)n), n - 1); s++)
            figures[s] = ms;
    }
}

void
rk_block_intervals(const RkBlock *blocks, uint32_t n_blocks, uint32_t n_repeats, uint64_t seed,
                   RkEstimate latency_ms[RK_N_LATENCIES])
{
    g_auto(Bins) bins = {.blocks = blocks, .n_blocks = n_blocks, .n_repeats = n_repeats};
    for (int s = 0; s < RK_N_LATENCIES; s++)
        latency_ms[s].low = latency_ms[s].high = NAN;
    order_blocks(&bins);
    if (bins.first[n_repeats] < 2)
        return;
    count(&bins);
    g_autofree double *figures = g_new0(double, (size_t)N_RESAMPLES *RK_N_LATENCIES);
    g_autofree double *column = g_new(double, N_RESAMPLES);
    g_autofree uint32_t *total = g_new(uint32_t, bins.n_bins);
    uint64_t draw = 0;
    for (uint32_t r = 0; r < N_RESAMPLES; r++) {
        uint64_t n = 0;
        double sum = 0;
        memset(total, 0, bins.n_bins * sizeof *total);
        while (n == 0)
            for (uint32_t i = 0; i < n_repeats; i++) {
                const uint32_t repeat = rk_rng_below(seed, STREAM_BLOCKS, draw++, n_repeats);
                const uint32_t first = bins.first[repeat], k = bins.first[repeat + 1] - first;
                for (uint32_t j = 0; j < k; j++) {
                    const uint32_t b =
                        bins.order[first + rk_rng_below(seed, STREAM_BLOCKS, draw++, k)];
                    const uint32_t *counts = bins.counts + (size_t)b * bins.n_bins;
                    for (uint32_t bin = 0; bin < bins.n_bins; bin++)
                        total[bin] += counts[bin];
                    n += blocks[b].n;
                    sum += bins.sums[b];
                }
            }
        figures_of(&bins, total, n, sum, figures + (size_t)r * RK_N_LATENCIES);
    }
    for (int s = 0; s < RK_N_LATENCIES; s++) {
        for (uint32_t r = 0; r < N_RESAMPLES; r++)
            column[r] = figures[(size_t)r * RK_N_LATENCIES + s];
        take_ends(column, N_RESAMPLES, &latency_ms[s]);
    }
}
