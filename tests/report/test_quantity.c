// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/quantity.h"

#include <float.h>
#include <math.h>

static void
numbers_that_a_person_reads(void)
{
    static const struct {
        double value;
        RkUnit unit;
        const char *text;
    } CASES[] = {
        {1.25e-3, RK_UNIT_SECONDS, "1.25 ms"},   {0.02, RK_UNIT_SECONDS, "20 ms"},
        {999.6e-6, RK_UNIT_SECONDS, "1 ms"}, // rounds up into the next step
        {999.4e-6, RK_UNIT_SECONDS, "999 µs"},   {2.5e-7, RK_UNIT_SECONDS, "250 ns"},
        {90, RK_UNIT_SECONDS, "1.5 min"},        {0, RK_UNIT_SECONDS, "0 s"},
        {12400, RK_UNIT_PER_SECOND, "12.4 k/s"}, {640, RK_UNIT_PER_SECOND, "640/s"},
        {9600, RK_UNIT_COUNT, "9600"},           {12400, RK_UNIT_COUNT, "12.4 k"},
        {1572864, RK_UNIT_BYTES, "1.5 MiB"},     {1023, RK_UNIT_BYTES, "1023 B"},
        {0.474, RK_UNIT_SHARE, "47.4 %"},        {1, RK_UNIT_SHARE, "100 %"},
        {0.9996, RK_UNIT_SHARE, "99.96 %"}, // not quite all
        {0.0012, RK_UNIT_SHARE, "0.12 %"},       {0.81234, RK_UNIT_METRIC, "0.8123"},
        {0, RK_UNIT_METRIC, "0.0000"},           {-0.0021, RK_UNIT_METRIC, "−0.0021"},
        {3.2e9, RK_UNIT_FLOPS, "3.2 GFLOP/s"},   {96e9, RK_UNIT_BYTES_PER_SECOND, "96 GB/s"},
        {-5e-3, RK_UNIT_SECONDS, "−5 ms"},       {NAN, RK_UNIT_SECONDS, "–"},
        {INFINITY, RK_UNIT_COUNT, "∞"},          {-INFINITY, RK_UNIT_SHARE, "−∞"},
        {1e300, RK_UNIT_BYTES, "9.09e+287 TiB"}, {1e-20, RK_UNIT_SECONDS, "1e-11 ns"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autofree char *text = rk_quantity(CASES[i].value, CASES[i].unit);
        g_assert_cmpstr(text, ==, CASES[i].text);
    }
}

static void
every_unit_takes_every_double(void)
{
    static const double VALUES[] = {0,       -0.0,     DBL_MIN,  5e-324, DBL_MAX, -DBL_MAX, 1,
                                    0.99999, 999.9999, 999999.9, 1e15,   -1e-9,   INFINITY, NAN};
    for (RkUnit unit = 0; unit < RK_N_UNITS; unit++)
        for (size_t i = 0; i < G_N_ELEMENTS(VALUES); i++) {
            g_autofree char *text = rk_quantity(VALUES[i], unit);
            g_autofree char *range = rk_quantity_range(VALUES[i], 2, unit);
            g_autofree char *change = rk_quantity_change(VALUES[i], 3, "more", "less");
            g_assert_cmpuint(g_utf8_strlen(text, -1), >, 0);
            g_assert_cmpuint(g_utf8_strlen(text, -1), <, 24);
            g_assert_nonnull(range);
            g_assert_nonnull(change);
        }
}

static void
ranges_and_changes(void)
{
    g_autofree char *range = rk_quantity_range(1.2e-3, 1.4e-3, RK_UNIT_SECONDS);
    g_assert_cmpstr(range, ==, "1.2 to 1.4 ms");
    g_autofree char *half = rk_quantity_change(2, 1, "as high", "lower");
    g_assert_cmpstr(half, ==, "2 times lower");
    g_autofree char *less = rk_quantity_change(100, 88, "higher", "lower");
    g_assert_cmpstr(less, ==, "12 % lower");
    g_autofree char *same = rk_quantity_change(100, 100.01, "higher", "lower");
    g_assert_cmpstr(same, ==, "the same");
    g_autofree char *never = rk_quantity_change(0, 1, "higher", "lower");
    g_assert_cmpstr(never, ==, "not comparable");
    g_autofree char *plus = rk_quantity_difference(1.5e-3, RK_UNIT_SECONDS);
    g_assert_cmpstr(plus, ==, "+1.5 ms");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/report/quantity/numbers that a person reads", numbers_that_a_person_reads);
    g_test_add_func("/report/quantity/every unit takes every double",
                    every_unit_takes_every_double);
    g_test_add_func("/report/quantity/ranges and changes in words", ranges_and_changes);
    return g_test_run();
}
