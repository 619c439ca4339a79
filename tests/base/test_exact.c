// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/exact.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

static void
near_the_library(void)
{
    // 2 ulp is 4.4e-16; the C library itself is within 1.
    const double ULPS = 6.7e-16;
    for (uint64_t i = 0; i < 200000; i++) {
        double x = rk_rng_double(1, 1, i) * 1400 - 700;
        double e = exp(x);
        g_assert_cmpfloat(fabs(rk_exact_exp(x) - e), <=, ULPS * e);
        double y = exp(x * 0.5); // e^-350 to e^350
        g_assert_cmpfloat(fabs(rk_exact_log(y) - log(y)), <=, ULPS * fmax(fabs(log(y)), 0.01));
        double z = x / 30;
        double p = 1 / (1 + exp(-z));
        g_assert_cmpfloat(fabs(rk_exact_logistic(z) - p), <=, 2 * ULPS * p);
    }
    g_assert_cmpfloat(rk_exact_exp(0), ==, 1);
    g_assert_cmpfloat(rk_exact_log(1), ==, 0);
    g_assert_cmpfloat(rk_exact_exp(-746), ==, 0);
    g_assert_cmpfloat(rk_exact_exp(-740), >, 0); // subnormal
    g_assert_true(isinf(rk_exact_exp(710)));
    g_assert_cmpfloat(fabs(rk_exact_pow(10, -2.5) - pow(10, -2.5)), <, 1e-17);
}

static void
quantile_inverts_the_distribution(void)
{
    static const double TAILS[] = {1e-300, 1e-30, 1e-12, 1e-5, 0.01, 0.0749999, 0.3, 0.5};
    for (size_t i = 0; i < G_N_ELEMENTS(TAILS); i++) {
        double p = TAILS[i], z = rk_exact_normal_quantile(p);
        // d(log p)/dz is about |z|, so an error of 1e-15 in z shows |z|^2 times as large here.
        g_assert_cmpfloat(fabs(erfc(-z * M_SQRT1_2) / 2 / p - 1), <, 4e-15 * (1 + z * z));
        if (p >= 1e-5)
            g_assert_cmpfloat(fabs(rk_exact_normal_quantile(1 - p) + z), <, 1e-10);
    }
}

// Bits computed once and written down: a machine or compiler that differs fails here.
static void
same_bits(void)
{
    uint64_t hash = 0;
    for (uint64_t i = 0; i < 50000; i++) {
        double u = rk_rng_double(2, 1, i);
        double values[] = {rk_exact_exp(u * 60 - 30), rk_exact_log(u * 1e6 + 1e-9),
                           rk_exact_normal_quantile(u * 0.99999 + 1e-6),
                           rk_exact_logistic(u * 80 - 40)};
        for (size_t k = 0; k < G_N_ELEMENTS(values); k++) {
            uint64_t bits;
            memcpy(&bits, &values[k], sizeof bits);
            hash = (hash ^ bits) * 0x9E3779B97F4A7C15u;
            hash ^= hash >> 29;
        }
    }
    g_assert_cmphex(hash, ==, 0x7468c80df6b8641u);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/exact/exp and log agree with the C library", near_the_library);
    g_test_add_func("/base/exact/the normal quantile inverts the distribution",
                    quantile_inverts_the_distribution);
    g_test_add_func("/base/exact/results have the bits written here", same_bits);
    return g_test_run();
}
