// SPDX-License-Identifier: GPL-3.0-or-later
#include "compress/observe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 1 << 18 }; // numbers of a stream, 1 MiB

struct RkObserver {
    RkRangeOptions options;
    RkRange extremes, average;
    uint64_t n_batches, n_seen;
    uint64_t stride; // every so many-th number is kept
    float *kept;
    uint32_t n_kept;
};

static const char *const NAMES[RK_N_RANGE_METHODS] = {
    [RK_RANGE_MIN_MAX] = "min-max",
    [RK_RANGE_AVERAGE] = "average",
    [RK_RANGE_PERCENTILE] = "percentile",
    [RK_RANGE_KL] = "kl",
    [RK_RANGE_MSE] = "mse",
};

const char *
rk_range_method_name(RkRangeMethod method)
{
    return NAMES[method];
}

RkRangeMethod
rk_range_method_find(const char *name)
{
    int method = 0;
    while (strcmp(NAMES[method], name) != 0)
        g_assert(++method < RK_N_RANGE_METHODS);
    return (RkRangeMethod)method;
}

// ---- integers ------------------------------------------------------------------------------

RkQuantizer
rk_quantizer_of(const RkRangeOptions *options, RkRange range)
{
    int32_t half = 1 << (options->bits - 1);
    if (options->symmetric) {
        double most = MAX(fabs(range.low), fabs(range.high));
        return (RkQuantizer){
            .scale = (float)(most / (half - 1)), .least = 1 - half, .most = half - 1};
    }
    double scale = (range.high - range.low) / (2 * half - 1);
    return (RkQuantizer){.scale = (float)scale,
                         .offset = (float)(range.low + half * (double)(float)scale),
                         .least = -half,
                         .most = half - 1};
}

int32_t
rk_quantizer_encode(const RkQuantizer *quantizer, float value)
{
    if (!(quantizer->scale > 0))
        return 0;
    double q = rint(((double)value - (double)quantizer->offset) / (double)quantizer->scale);
    return (int32_t)CLAMP(q, quantizer->least, quantizer->most);
}

double
rk_quantizer_error(const RkQuantizer *quantizer, const float *values, uint64_t n)
{
    double sum = 0;
    for (uint64_t i = 0; i < n; i++) {
        double is = (double)rk_quantizer_encode(quantizer, values[i]) * (double)quantizer->scale +
                    (double)quantizer->offset;
        sum += (is - (double)values[i]) * (is - (double)values[i]);
    }
    return sum;
}

// ---- the methods ---------------------------------------------------------------------------

static RkRange
extremes_of(const float *values, uint64_t n)
{
    RkRange range = {0, 0};
    if (n > 0)
        range.low = range.high = (double)values[0];
    for (uint64_t i = 1; i < n; i++) {
        range.low = MIN(range.low, (double)values[i]);
        range.high = MAX(range.high, (double)values[i]);
    }
    return range;
}

static RkRange
search_nothing(const RkRangeOptions *options, RkRange extremes, const float *values, uint64_t n)
{
    (void)options, (void)values, (void)n;
    return extremes;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Quantiles by linear interpolation (Hyndman and Fan's type 7), of magnitudes when symmetric.
static RkRange
search_percentile(const RkRangeOptions *options, RkRange extremes, const float *values, uint64_t n)
{
    (void)extremes;
    g_autofree double *sorted = g_new(double, n);
    for (uint64_t i = 0; i < n; i++)
        sorted[i] = options->symmetric ? fabs((double)values[i]) : (double)values[i];
    qsort(sorted, n, sizeof *sorted, compare);
    double tail = options->symmetric ? 1 - options->percentile : (1 - options->percentile) / 2;
    double at[2] = {tail * (double)(n - 1), (1 - tail) * (double)(n - 1)}, value[2];
    for (int i = 0; i < 2; i++) {
        uint64_t below = (uint64_t)at[i], above = MIN(below + 1, n - 1);
        value[i] = sorted[below] + (at[i] - (double)below) * (sorted[above] - sorted[below]);
    }
    return options->symmetric ? (RkRange){-value[1], value[1]} : (RkRange){value[0], value[1]};
}

double
rk_range_divergence(const double *count, uint32_t n_bins, uint32_t first, uint32_t last,
                    uint32_t levels)
{
    const double NEVER = 1e-4; // counts of a bin that quantizing leaves empty and clipping fills
    double below = 0, above = 0, inside = 0, total = 0, divergence = 0;
    uint32_t n = last - first;
    for (uint32_t i = 0; i < n_bins; i++) {
        total += count[i];
        *(i < first ? &below : i >= last ? &above : &inside) += count[i];
    }
    for (uint32_t level = 0; level < levels; level++) {
        uint32_t from = first + (uint32_t)((uint64_t)level * n / levels);
        uint32_t to = first + (uint32_t)((uint64_t)(level + 1) * n / levels);
        double sum = 0, n_filled = 0;
        for (uint32_t i = from; i < to; i++) {
            sum += count[i];
            n_filled += count[i] > 0;
        }
        for (uint32_t i = from; i < to; i++) {
            double p = count[i] + (i == first ? below : 0) + (i == last - 1 ? above : 0);
            double q = count[i] > 0 ? sum / n_filled : NEVER;
            if (p > 0)
                divergence += p / total * log(p / total / (q / MAX(inside, 1)));
        }
    }
    return divergence;
}

static RkRange
search_kl(const RkRangeOptions *options, RkRange extremes, const float *values, uint64_t n)
{
    gboolean one_sided = options->symmetric;
    double low = one_sided ? 0 : extremes.low;
    double high = one_sided ? MAX(fabs(extremes.low), fabs(extremes.high)) : extremes.high;
    uint32_t levels = one_sided ? 1u << (options->bits - 1) : 1u << options->bits;
    double width = (high - low) / RK_RANGE_BINS, best = INFINITY;
    if (!(width > 0))
        return extremes;
    g_autofree double *count = g_new0(double, RK_RANGE_BINS);
    for (uint64_t i = 0; i < n; i++) {
        double x = one_sided ? fabs((double)values[i]) : (double)values[i];
        count[MIN((uint32_t)(MAX(x - low, 0) / width), RK_RANGE_BINS - 1)]++;
    }
    // Windows from all bins down to as many as there are levels, the emptier end going first.
    uint32_t first = 0, last = RK_RANGE_BINS, step = MAX(levels / 8, 1u), from = 0, to = last;
    while (last - first >= levels) {
        double d = rk_range_divergence(count, RK_RANGE_BINS, first, last, levels);
        double left = 0, right = 0;
        if (d < best) {
            best = d;
            from = first;
            to = last;
        }
        if (last - first < levels + step)
            break;
        for (uint32_t i = 0; i < step; i++) {
            left += count[first + i];
            right += count[last - 1 - i];
        }
        *(one_sided || right <= left ? &last : &first) += one_sided || right <= left ? -step : step;
    }
    high = low + to * width;
    low += from * width;
    return one_sided ? (RkRange){-high, high} : (RkRange){low, high};
}

static double
range_error(const RkRangeOptions *options, RkRange range, const float *values, uint64_t n)
{
    RkQuantizer quantizer = rk_quantizer_of(options, range);
    return rk_quantizer_error(&quantizer, values, n);
}

// Symmetric: hundredths of the largest magnitude. Asymmetric: 200 steps, each moving the end whose
// move costs less, down to 16 % of the range.
static RkRange
search_mse(const RkRangeOptions *options, RkRange extremes, const float *values, uint64_t n)
{
    RkRange best = extremes, at = extremes;
    double least = range_error(options, best, values, n);
    if (options->symmetric) {
        double most = MAX(fabs(extremes.low), fabs(extremes.high));
        for (int percent = 10; percent < 100; percent++) {
            RkRange range = {-most * percent / 100, most * percent / 100};
            double error = range_error(options, range, values, n);
            if (error < least) {
                least = error;
                best = range;
            }
        }
        return best;
    }
    double step = (extremes.high - extremes.low) / 200;
    for (int i = 0; i < 168 && step > 0; i++) {
        RkRange low = {at.low + step, at.high}, high = {at.low, at.high - step};
        double of_low = range_error(options, low, values, n);
        double of_high = range_error(options, high, values, n);
        at = of_low < of_high ? low : high;
        if (MIN(of_low, of_high) < least) {
            least = MIN(of_low, of_high);
            best = at;
        }
    }
    return best;
}

static RkRange (*const SEARCH[RK_N_RANGE_METHODS])(const RkRangeOptions *options, RkRange extremes,
                                                   const float *values, uint64_t n) = {
    [RK_RANGE_MIN_MAX] = search_nothing,
    [RK_RANGE_AVERAGE] = search_nothing,
    [RK_RANGE_PERCENTILE] = search_percentile,
    [RK_RANGE_KL] = search_kl,
    [RK_RANGE_MSE] = search_mse,
};

RkRange
rk_range_of(const RkRangeOptions *options, const float *values, uint64_t n)
{
    if (n == 0)
        return (RkRange){0, 0};
    return SEARCH[options->method](options, extremes_of(values, n), values, n);
}

// ---- streams -------------------------------------------------------------------------------

RkObserver *
rk_observer_new(const RkRangeOptions *options)
{
    RkObserver *observer = g_new0(RkObserver, 1);
    observer->options = *options;
    observer->stride = 1;
    observer->kept = g_new(float, KEPT);
    return observer;
}

void
rk_observer_free(RkObserver *observer)
{
    if (observer == NULL)
        return;
    g_free(observer->kept);
    g_free(observer);
}

static void
keep(RkObserver *o, float value)
{
    if (o->n_seen++ % o->stride != 0)
        return;
    if (o->n_kept == KEPT) { // half of them go, and half of what comes
        for (uint32_t i = 0; i < KEPT / 2; i++)
            o->kept[i] = o->kept[2 * i];
        o->n_kept = KEPT / 2;
        o->stride *= 2;
    }
    if ((o->n_seen - 1) % o->stride == 0)
        o->kept[o->n_kept++] = value;
}

void
rk_observer_add(RkObserver *observer, const float *values, uint64_t n)
{
    RkObserver *o = observer;
    if (n == 0)
        return;
    RkRange batch = extremes_of(values, n);
    double old = o->n_batches > 0 ? o->options.momentum : 0;
    o->average.low = old * o->average.low + (1 - old) * batch.low;
    o->average.high = old * o->average.high + (1 - old) * batch.high;
    o->extremes.low = o->n_batches > 0 ? MIN(o->extremes.low, batch.low) : batch.low;
    o->extremes.high = o->n_batches > 0 ? MAX(o->extremes.high, batch.high) : batch.high;
    o->n_batches++;
    for (uint64_t i = 0; i < n; i++)
        keep(o, values[i]);
}

RkRange
rk_observer_range(const RkObserver *observer)
{
    const RkObserver *o = observer;
    if (o->n_kept == 0)
        return (RkRange){0, 0};
    if (o->options.method == RK_RANGE_AVERAGE)
        return o->average;
    return SEARCH[o->options.method](&o->options, o->extremes, o->kept, o->n_kept);
}
