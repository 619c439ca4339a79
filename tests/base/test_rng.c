// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/rng.h"

#include <math.h>
#include <string.h>

// Known answers of the Random123 distribution's kat_vectors file for philox4x32-10.
static void
known_answers(void)
{
    static const struct {
        uint32_t counter[4], key[2], expected[4];
    } rows[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        RkRng4 r = rk_rng_philox(rows[i].counter, rows[i].key);
        g_assert_cmpmem(r.v, sizeof r.v, rows[i].expected, sizeof rows[i].expected);
    }
}

static void
moments(void)
{
    const int N = 200000;
    double sum = 0, sum2 = 0, normal = 0, normal2 = 0;
    for (int i = 0; i < N; i++) {
        double u = rk_rng_float(7, 3, (uint64_t)i);
        g_assert_true(u >= 0 && u < 1);
        sum += u;
        sum2 += u * u;
        double z = rk_rng_normal(7, 4, (uint64_t)i);
        normal += z;
        normal2 += z * z;
    }
    // Five standard errors of each estimate.
    g_assert_cmpfloat(fabs(sum / N - 0.5), <, 5 * sqrt(1.0 / 12 / N));
    g_assert_cmpfloat(fabs(sum2 / N - 1.0 / 3), <, 5 * sqrt(4.0 / 45 / N));
    g_assert_cmpfloat(fabs(normal / N), <, 5 * sqrt(1.0 / N));
    g_assert_cmpfloat(fabs(normal2 / N - 1), <, 5 * sqrt(2.0 / N));
}

static void
permutation_is_a_bijection(void)
{
    static const uint64_t sizes[] = {1, 2, 3, 5, 64, 1000, 4097};
    for (size_t s = 0; s < G_N_ELEMENTS(sizes); s++) {
        uint64_t n = sizes[s], moved = 0;
        g_autofree uint8_t *seen = g_new0(uint8_t, n);
        for (uint64_t i = 0; i < n; i++) {
            uint64_t j = rk_rng_permute(11, 2, n, i);
            g_assert_cmpuint(j, <, n);
            g_assert_cmpuint(seen[j], ==, 0);
            seen[j] = 1;
            moved += j != i;
        }
        if (n >= 64)
            g_assert_cmpuint(moved, >, n * 9 / 10);
    }
}

static void
many_are_the_same(void)
{
    static const uint64_t sizes[] = {1, 2, 3, 9, 64, 1000, 5000000, 1ull << 40};
    for (size_t s = 0; s < G_N_ELEMENTS(sizes); s++)
        for (uint32_t count = 0; count <= MIN(sizes[s], 40); count++) {
            uint64_t first = (sizes[s] - count) / 2, out[40];
            rk_rng_permute_many(5, 1, sizes[s], first, count, out);
            for (uint32_t i = 0; i < count; i++)
                g_assert_cmpuint(out[i], ==, rk_rng_permute(5, 1, sizes[s], first + i));
        }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/rng/philox gives the published answers", known_answers);
    g_test_add_func("/base/rng/uniform and normal have their moments", moments);
    g_test_add_func("/base/rng/permute is a bijection at every size", permutation_is_a_bijection);
    g_test_add_func("/base/rng/many permuted at once are the same", many_are_the_same);
    return g_test_run();
}
