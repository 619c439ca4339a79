// SPDX-License-Identifier: GPL-3.0-or-later
#include "ops/divide.h"

#include "base/rng.h"

#define SEED 7u

// As shaders/lib/divide.glsl.
static uint32_t
quotient(uint32_t n, const uint32_t words[3])
{
    uint32_t high = (uint32_t)((uint64_t)n * words[1] >> 32);
    return (high + ((n - high) >> (words[2] & 255))) >> (words[2] >> 8);
}

static void
check(uint32_t by)
{
    uint32_t words[3];
    rk_divisor_words(by, words);
    const uint32_t dividends[] = {0,
                                  1,
                                  by - 1,
                                  by,
                                  by + 1,
                                  2 * by - 1,
                                  2 * by,
                                  0x7fffffff,
                                  0x80000000,
                                  0xfffffffe,
                                  0xffffffff,
                                  0xffffffff / by * by,
                                  0xffffffff / by * by - 1};
    for (size_t i = 0; i < G_N_ELEMENTS(dividends); i++)
        g_assert_cmpuint(quotient(dividends[i], words), ==, dividends[i] / by);
    for (uint32_t i = 0; i < 200; i++) {
        uint32_t n = rk_rng_u32(SEED, by, i);
        g_assert_cmpuint(quotient(n, words), ==, n / by);
    }
}

static void
quotients_are_exact(void)
{
    for (uint32_t by = 1; by < 3000; by++)
        check(by);
    for (uint32_t i = 0; i < 3000; i++)
        check(rk_rng_u32(SEED, 0, i) | 1);
    for (uint32_t bit = 0; bit < 32; bit++) {
        check(1u << bit);
        check((1u << bit) + 1);
        check(0xffffffffu - (1u << bit) + 1);
    }
}

static void
nothing_counts_as_one(void)
{
    uint32_t words[3];
    rk_divisor_words(0, words);
    g_assert_cmpuint(quotient(12345, words), ==, 12345);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ops/divide/quotients are exact", quotients_are_exact);
    g_test_add_func("/ops/divide/a divisor of nothing counts as one", nothing_counts_as_one);
    return g_test_run();
}
