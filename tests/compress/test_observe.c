// SPDX-License-Identifier: GPL-3.0-or-later
//
// Ranges and packed integers against references in double precision.
#include "compress/quantize_values.h"

#include "base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEED = 5 };

// Normal numbers, a few of them far out.
static float *
sample(uint32_t stream, uint64_t n)
{
    float *x = g_new(float, n);
    for (uint64_t i = 0; i < n; i++)
        x[i] = (float)(rk_rng_normal(SEED, stream, i) * (i % 500 == 7 ? 12 : 1) + 0.3);
    return x;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void
test_extremes(void)
{
    RkRangeOptions options = RK_RANGE_DEFAULTS, average = RK_RANGE_DEFAULTS;
    average.method = RK_RANGE_AVERAGE;
    average.momentum = 0.8;
    g_autoptr(RkObserver) all = rk_observer_new(&options);
    g_autoptr(RkObserver) moving = rk_observer_new(&average);
    double low = INFINITY, high = -INFINITY, mean_low = 0, mean_high = 0;
    g_autofree float *x = sample(1, 5000);
    for (int batch = 0; batch < 5; batch++) {
        double l = INFINITY, h = -INFINITY;
        for (int i = 0; i < 1000; i++) {
            l = MIN(l, (double)x[batch * 1000 + i]);
            h = MAX(h, (double)x[batch * 1000 + i]);
        }
        low = MIN(low, l);
        high = MAX(high, h);
        mean_low = batch == 0 ? l : 0.8 * mean_low + 0.2 * l;
        mean_high = batch == 0 ? h : 0.8 * mean_high + 0.2 * h;
        rk_observer_add(all, x + batch * 1000, 1000);
        rk_observer_add(moving, x + batch * 1000, 1000);
    }
    g_assert_cmpfloat(rk_observer_range(all).low, ==, low);
    g_assert_cmpfloat(rk_observer_range(all).high, ==, high);
    // The same doubles in another order of operations.
    g_assert_cmpfloat_with_epsilon(rk_observer_range(moving).low, mean_low, 1e-12);
    g_assert_cmpfloat_with_epsilon(rk_observer_range(moving).high, mean_high, 1e-12);
    g_assert_cmpfloat(rk_observer_range(all).low, <, rk_observer_range(moving).low);
}

static void
test_percentile(void)
{
    enum { N = 1001 }; // quantiles of thousandths are whole order statistics
    g_autofree float *x = sample(2, N);
    double sorted[N], magnitude[N];
    for (int i = 0; i < N; i++) {
        sorted[i] = (double)x[i];
        magnitude[i] = fabs(sorted[i]);
    }
    qsort(sorted, N, sizeof *sorted, compare);
    qsort(magnitude, N, sizeof *magnitude, compare);
    RkRangeOptions options = {.method = RK_RANGE_PERCENTILE, .bits = 8, .percentile = 0.98};
    RkRange range = rk_range_of(&options, x, N);
    // Within the rounding of 0.98 to binary.
    g_assert_cmpfloat_with_epsilon(range.low, sorted[10], 1e-9);
    g_assert_cmpfloat_with_epsilon(range.high, sorted[990], 1e-9);
    options.symmetric = TRUE;
    range = rk_range_of(&options, x, N);
    g_assert_cmpfloat_with_epsilon(range.high, magnitude[980], 1e-9);
    g_assert_cmpfloat(range.low, ==, -range.high);
}

// What integers make of x, in doubles, from the definition.
static double
error_of(const float *x, uint64_t n, double low, double high, uint32_t levels, gboolean symmetric)
{
    double sum = 0, scale = symmetric ? high / (levels / 2 - 1) : (high - low) / (levels - 1);
    for (uint64_t i = 0; i < n; i++) {
        double v = (double)x[i], clipped = CLAMP(v, low, high);
        double is =
            symmetric ? rint(clipped / scale) * scale : rint((clipped - low) / scale) * scale + low;
        sum += (is - v) * (is - v);
    }
    return sum;
}

static void
test_mse(void)
{
    enum { N = 3000 };
    g_autofree float *x = sample(3, N);
    for (int symmetric = 0; symmetric < 2; symmetric++)
        for (uint32_t bits = 4; bits <= 8; bits += 4) {
            RkRangeOptions options = {.method = RK_RANGE_MSE, .bits = bits, .symmetric = symmetric};
            RkRange found = rk_range_of(&options, x, N);
            options.method = RK_RANGE_MIN_MAX;
            RkRange widest = rk_range_of(&options, x, N);
            double most = MAX(fabs(widest.low), fabs(widest.high)), best = INFINITY;
            if (symmetric)
                widest = (RkRange){-most, most};
            // Every pair of ends of a grid, or every symmetric one.
            for (int l = 0; l < (symmetric ? 1 : 90); l++)
                for (int h = 0; h < (symmetric ? 180 : 90); h++) {
                    double cut = symmetric ? most * h / 200 : (widest.high - widest.low) * h / 200;
                    double low =
                        symmetric ? cut - most : widest.low + (widest.high - widest.low) * l / 200;
                    if (widest.high - cut > low)
                        best = MIN(best,
                                   error_of(x, N, low, widest.high - cut, 1u << bits, symmetric));
                }
            double error = error_of(x, N, found.low, found.high, 1u << bits, symmetric);
            // The greedy path sees 400 of those pairs: within a tenth of the best.
            g_assert_cmpfloat(error, <=, best * 1.1);
            g_assert_cmpfloat(error, <,
                              error_of(x, N, widest.low, widest.high, 1u << bits, symmetric));
        }
}

// The divergence of [first, last) by its definition, over distributions written out.
static double
divergence_of(const double *count, uint32_t n, uint32_t first, uint32_t last, uint32_t levels)
{
    g_autofree double *p = g_new0(double, n), *q = g_new0(double, n);
    double total = 0, inside = 0, sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        p[CLAMP(i, first, last - 1)] += count[i];
        total += count[i];
        inside += i >= first && i < last ? count[i] : 0;
    }
    for (uint32_t level = 0; level < levels; level++) {
        uint32_t from = first + level * (last - first) / levels;
        uint32_t to = first + (level + 1) * (last - first) / levels, filled = 0;
        double share = 0;
        for (uint32_t i = from; i < to; i++) {
            share += count[i];
            filled += count[i] > 0;
        }
        for (uint32_t i = from; i < to; i++)
            q[i] = count[i] > 0 ? share / filled : 1e-4;
    }
    for (uint32_t i = first; i < last; i++)
        if (p[i] > 0)
            sum += p[i] / total * log((p[i] / total) / (q[i] / inside));
    return sum;
}

static void
test_kl(void)
{
    enum { N = 20000, BINS = 2048 };
    g_autofree float *x = sample(4, N);
    RkRangeOptions options = {.method = RK_RANGE_KL, .bits = 8, .symmetric = TRUE};
    double count[BINS] = {0}, most = 0, best = INFINITY;
    for (int i = 0; i < N; i++)
        most = MAX(most, fabs((double)x[i]));
    for (int i = 0; i < N; i++)
        count[MIN((int)(fabs((double)x[i]) / (most / BINS)), BINS - 1)]++;
    for (uint32_t last = BINS; last >= 128; last -= 16) {
        double wanted = divergence_of(count, BINS, 0, last, 128);
        // The same sums in another order.
        g_assert_cmpfloat_with_epsilon(rk_range_divergence(count, BINS, 0, last, 128), wanted,
                                       1e-9);
        best = MIN(best, wanted);
    }
    RkRange range = rk_range_of(&options, x, N);
    uint32_t last = (uint32_t)lrint(range.high / (most / BINS));
    g_assert_cmpfloat_with_epsilon(divergence_of(count, BINS, 0, last, 128), best, 1e-9);
    g_assert_cmpuint(last, <, BINS); // the few far ones are clipped
    options.symmetric = FALSE;
    range = rk_range_of(&options, x, N);
    g_assert_cmpfloat(range.high - range.low, <, 2 * most);
    g_assert_cmpfloat(range.low, <, 0);
    g_assert_cmpfloat(range.high, >, 1);
}

static void
test_long_stream(void)
{
    enum { N = 1 << 20 };
    g_autofree float *x = sample(6, N);
    RkRangeOptions options = {.method = RK_RANGE_PERCENTILE, .bits = 8, .percentile = 0.9};
    g_autoptr(RkObserver) observer = rk_observer_new(&options);
    RkRange all = rk_range_of(&options, x, N);
    for (int at = 0; at < N; at += N / 64)
        rk_observer_add(observer, x + at, N / 64);
    RkRange kept = rk_observer_range(observer);
    // A quarter of the numbers: a quantile's standard error is about 0.004 here.
    g_assert_cmpfloat_with_epsilon(kept.low, all.low, 0.02);
    g_assert_cmpfloat_with_epsilon(kept.high, all.high, 0.02);
}

// ---- packed values -------------------------------------------------------------------------

typedef struct {
    RkDtype dtype;
    gboolean symmetric, per_tensor;
    uint32_t rows, cols, group;
} Case;

static const Case CASES[] = {
    {RK_I8, TRUE, FALSE, 7, 33, 0},   {RK_I8, FALSE, FALSE, 9, 16, 0},
    {RK_I8, TRUE, TRUE, 5, 10, 0},    {RK_I4, FALSE, FALSE, 11, 17, 0},
    {RK_I4, TRUE, FALSE, 6, 70, 32},  {RK_I4, FALSE, TRUE, 4, 9, 0},
    {RK_I4, TRUE, FALSE, 1, 1, 0},    {RK_I8, FALSE, FALSE, 0, 4, 0},
    {RK_I4, FALSE, FALSE, 3, 64, 32},
};

static void
check_case(const Case *c)
{
    uint64_t numel = (uint64_t)c->rows * c->cols;
    g_autofree float *x = sample(20 + c->rows, MAX(numel, 1));
    RkQuantizeOptions options = {.dtype = c->dtype,
                                 .range = {.method = RK_RANGE_MIN_MAX, .symmetric = c->symmetric},
                                 .group = c->group,
                                 .per_tensor = c->per_tensor};
    g_auto(RkQuantized) q;
    rk_quantize_values(&options, x, c->rows, c->cols, &q);
    g_autofree double *back = g_new0(double, MAX(numel, 1));
    rk_tensor_unpack(&q.type, q.packed, back);
    uint32_t bits = rk_dtype_bits(c->dtype), group = c->group > 0 ? c->group : c->cols;
    uint32_t n_groups = (c->cols + group - 1) / group;
    g_assert_cmpuint(q.n_scales, ==, c->per_tensor ? 1 : c->rows);
    g_assert_cmpuint(rk_tensor_bytes(&q.type), ==,
                     (uint64_t)c->rows * ((c->cols * bits + 31) / 32) * 4);
    double error = 0;
    for (uint64_t i = 0; i < numel; i++) {
        uint64_t row = i / c->cols, col = i % c->cols, first = row * c->cols, n = c->cols;
        if (c->group > 0) {
            first += col / group * group;
            n = MIN(group, c->cols - col / group * group);
        }
        if (c->per_tensor) {
            first = 0;
            n = numel;
        }
        double low = (double)x[first], high = low;
        for (uint64_t j = first; j < first + n; j++) {
            low = MIN(low, (double)x[j]);
            high = MAX(high, (double)x[j]);
        }
        double most = MAX(fabs(low), fabs(high)), half = 1 << (bits - 1);
        double scale = c->symmetric ? most / (half - 1) : (high - low) / (2 * half - 1);
        uint64_t at = c->per_tensor ? 0 : row * n_groups + col / group;
        // A scale is the nearest float.
        g_assert_cmpfloat_with_epsilon((double)q.scale[at], scale, scale * 1e-7);
        double is = back[i] * (double)q.scale[at] + (double)q.offset[at];
        error += (is - (double)x[i]) * (is - (double)x[i]);
        // Half a step, and the rounding of scale and offset to floats.
        g_assert_cmpfloat(fabs(is - (double)x[i]), <=, scale * 0.5 + 1e-4 * most);
    }
    g_assert_cmpfloat_with_epsilon(q.squared_error, error, 1e-9 + error * 1e-9);
}

static void
test_packed(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++)
        check_case(&CASES[i]);
}

static void
test_constant(void)
{
    float x[] = {0, 0, 0, 0, 2.5f, 2.5f, 2.5f, 2.5f};
    RkQuantizeOptions options = {.dtype = RK_I4, .range = {.method = RK_RANGE_MSE}};
    g_auto(RkQuantized) q;
    rk_quantize_values(&options, x, 2, 4, &q);
    g_assert_cmpfloat(q.squared_error, ==, 0);
    g_assert_cmpfloat((double)q.offset[1], ==, 2.5);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compress/observe/extremes, of all and moving averages", test_extremes);
    g_test_add_func("/compress/observe/percentiles are order statistics", test_percentile);
    g_test_add_func("/compress/observe/squared error is as a grid finds it", test_mse);
    g_test_add_func("/compress/observe/divergence is as defined", test_kl);
    g_test_add_func("/compress/observe/a long stream is sampled", test_long_stream);
    g_test_add_func("/compress/quantize_values/packed by rows, groups and tensors", test_packed);
    g_test_add_func("/compress/quantize_values/constant rows are exact", test_constant);
    return g_test_run();
}
