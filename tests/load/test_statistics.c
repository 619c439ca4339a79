// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/rng.h"
#include "bench/statistics.h"

#include <math.h>

// Both sides: splits of the pooled values counted one by one.
static double
brute_force(const double *a, uint32_t n_a, const double *b, uint32_t n_b)
{
    const uint32_t n = n_a + n_b;
    double all[16];
    uint32_t extreme = 0, total = 0;
    const double mean = n_a * n_b / 2.0;
    double seen = 0;
    for (uint32_t i = 0; i < n; i++)
        all[i] = i < n_a ? a[i] : b[i - n_a];
    for (uint32_t i = 0; i < n_a; i++)
        for (uint32_t j = 0; j < n_b; j++)
            seen += b[j] > a[i] ? 1 : b[j] == a[i] ? 0.5 : 0;
    for (uint32_t set = 0; set < 1u << n; set++) {
        if ((uint32_t)__builtin_popcount(set) != n_b)
            continue;
        double u = 0;
        for (uint32_t i = 0; i < n; i++)
            for (uint32_t j = 0; j < n; j++)
                if (!(set >> i & 1) && (set >> j & 1))
                    u += all[j] > all[i] ? 1 : all[j] == all[i] ? 0.5 : 0;
        total++;
        extreme += fabs(u - mean) >= fabs(seen - mean) - 1e-9;
    }
    return (double)extreme / total;
}

static void
ranks(void)
{
    const double low[] = {1, 2, 3, 4, 5}, high[] = {6, 7, 8, 9, 10};
    const RkRankTest apart = rk_mann_whitney(low, 5, high, 5);
    g_assert_cmpfloat(apart.u, ==, 25);
    g_assert_cmpfloat(apart.delta, ==, 1);
    g_assert_cmpfloat_with_epsilon(apart.p, 2.0 / 252, 1e-12); // two of 10 over 5 splits
    const double tied[] = {1, 2, 2, 3, 5, 5}, other[] = {2, 3, 5, 5, 7};
    g_assert_cmpfloat_with_epsilon(rk_mann_whitney(tied, 6, other, 5).p,
                                   brute_force(tied, 6, other, 5), 1e-12);
    const double same[] = {4, 4, 4};
    g_assert_cmpfloat(rk_mann_whitney(same, 3, same, 3).p, ==, 1);
    g_assert_cmpfloat(rk_mann_whitney(same, 3, same, 3).delta, ==, 0);
    g_assert_true(isnan(rk_mann_whitney(same, 0, same, 3).p));
}

// At 40 values it is exact still, and the normal distribution is near.
static void
exact_meets_normal(void)
{
    double a[20], b[20];
    for (uint64_t seed = 0; seed < 5; seed++) {
        for (uint32_t i = 0; i < 20; i++) {
            a[i] = rk_rng_normal(seed, 0, i);
            b[i] = rk_rng_normal(seed, 1, i) + 0.2 * (double)seed;
        }
        const RkRankTest exact = rk_mann_whitney(a, 20, b, 20);
        const double z = (fabs(exact.u - 200) - 0.5) / sqrt(400 * 41 / 12.0);
        // The approximation's own error at this size.
        g_assert_cmpfloat_with_epsilon(exact.p, erfc(z / sqrt(2)), 0.005);
    }
}

// A known answer: 25 against 25, U = 312.5 less 0.5, sigma = sqrt(25 * 25 * 51 / 12).
static void
normal(void)
{
    double a[25], b[25];
    for (uint32_t i = 0; i < 25; i++) {
        a[i] = i;
        b[i] = i + 5.5;
    }
    const RkRankTest test = rk_mann_whitney(a, 25, b, 25);
    const double z = (test.u - 312.5 - 0.5) / sqrt(25 * 25 * 51 / 12.0);
    g_assert_cmpfloat_with_epsilon(test.u, 25 * 25 - 19 * 20 / 2.0, 1e-9); // pairs not below
    g_assert_cmpfloat_with_epsilon(test.p, erfc(z / sqrt(2)), 1e-12);
}

static void
means(void)
{
    double values[50];
    uint32_t n_covered = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        for (uint32_t i = 0; i < 50; i++)
            values[i] = 10 + rk_rng_normal(seed, 2, i);
        const RkEstimate e = rk_mean_interval(values, 50, seed);
        n_covered += e.low <= 10 && 10 <= e.high;
        g_assert_true(e.low < e.value && e.value < e.high);
    }
    // 95 of 100 are expected; fewer than 87 happen once in 1,000, and the seed is fixed.
    g_assert_cmpuint(n_covered, >=, 87);
    g_assert_true(isnan(rk_mean_interval(values, 1, 1).low));
    g_assert_true(isnan(rk_mean_interval(values, 0, 1).value));
}

static void
ratios(void)
{
    RkWindowValue before[30], after[30];
    for (uint32_t i = 0; i < 30; i++) {
        before[i] = (RkWindowValue){10 + 0.5 * rk_rng_normal(1, 3, i), i / 10};
        after[i] = (RkWindowValue){12 + 0.5 * rk_rng_normal(1, 4, i), i / 10};
    }
    const RkEstimate more = rk_ratio_interval(before, 30, after, 30, 1);
    g_assert_cmpfloat_with_epsilon(more.value, 0.2, 0.05);
    g_assert_true(more.low > 0.1 && more.high < 0.3);
    const RkEstimate none = rk_ratio_interval(before, 30, before, 30, 1);
    g_assert_true(none.low <= 0 && none.high >= 0);
    // A repeat that was slow as a whole widens it, as single windows wouldn't.
    for (uint32_t i = 20; i < 30; i++)
        after[i].value += 6;
    const RkEstimate drifted = rk_ratio_interval(before, 30, after, 30, 1);
    g_assert_cmpfloat(drifted.high, >, 0.6);
}

// Exponential latencies of mean 5 ms: the true percentiles lie in the intervals.
static void
blocks(void)
{
    enum { N_BLOCKS = 30, N = 2000 };
    g_autofree uint64_t *ns = g_new(uint64_t, N_BLOCKS * N);
    RkBlock block[N_BLOCKS];
    for (uint32_t i = 0; i < N_BLOCKS * N; i++)
        ns[i] = (uint64_t)(-5e6 * log(1 - rk_rng_double(9, 5, i))) + 1;
    for (uint32_t b = 0; b < N_BLOCKS; b++)
        block[b] = (RkBlock){b / 10, N, ns + (size_t)b * N};
    RkEstimate e[RK_N_LATENCIES];
    rk_block_intervals(block, N_BLOCKS, 3, 1, e);
    const double expected[] = {5,           5 * log(2),   5 * log(10),
                               5 * log(20), 5 * log(100), 5 * log(1000)};
    for (int s = 0; s < RK_LATENCY_MAX; s++) {
        // A bin is 0.5 % wide.
        g_assert_cmpfloat(e[s].low, <=, expected[s] * 1.005);
        g_assert_cmpfloat(e[s].high, >=, expected[s] * 0.995);
        g_assert_cmpfloat(e[s].high - e[s].low, <, 0.3 * expected[s]);
        g_assert_cmpfloat(e[s].low, <, e[s].high);
    }
    rk_block_intervals(block, 1, 1, 1, e);
    g_assert_true(isnan(e[RK_LATENCY_P99].low));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bench/statistics/Mann-Whitney is exact with ties", ranks);
    g_test_add_func("/bench/statistics/the exact test meets the normal one", exact_meets_normal);
    g_test_add_func("/bench/statistics/the normal test is as its formula says", normal);
    g_test_add_func("/bench/statistics/intervals of a mean cover it", means);
    g_test_add_func("/bench/statistics/intervals of a ratio leave zero out when it is", ratios);
    g_test_add_func("/bench/statistics/percentiles of blocks lie in their intervals", blocks);
    return g_test_run();
}
