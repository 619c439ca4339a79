// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/forms.h"

#include "base/rng.h"
#include "dataset/cell.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static RkCell
cell_of(const char *text)
{
    return (RkCell){text, (uint32_t)strlen(text)};
}

static void
styles_of_numbers(void)
{
    static const struct {
        const char *text;
        uint8_t style;
    } ROWS[] = {
        {"", RK_STYLE_MISSING},
        {"3", 0},
        {"-3", 0},
        {"0", 0},
        {"3.5", 1},
        {"3.0", 1 | RK_STYLE_TRAILING},
        {"0.25", 2},
        {"-0.5", 1},
        {"1200.00", 2 | RK_STYLE_TRAILING},
        {"0.12345678901234568", 17},
        {"123456789012345678", RK_STYLE_ODD}, // not the shortest text of its double
        {"03", RK_STYLE_ODD},
        {"-0", RK_STYLE_ODD},
        {"-0.0", RK_STYLE_ODD},
        {".5", RK_STYLE_ODD},
        {"5.", RK_STYLE_ODD},
        {"+5", RK_STYLE_ODD},
        {"1e5", RK_STYLE_ODD},
        {"nan", RK_STYLE_ODD},
        {"0.10000000000000000555", RK_STYLE_ODD},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
        RkCell cell = cell_of(ROWS[i].text);
        double value = 0;
        g_assert_null(rk_cell_real(&cell, &value));
        uint8_t style = rk_form_of_real(&cell, value);
        if (style != ROWS[i].style)
            g_error("%s: style %u, expected %u", ROWS[i].text, style, ROWS[i].style);
        if (style >= RK_STYLE_MISSING)
            continue;
        char text[RK_FORM_TEXT];
        rk_real_print(value, style & (uint8_t)~RK_STYLE_TRAILING, text);
        g_assert_cmpstr(text, ==, ROWS[i].text);
    }
}

// What is printed reads back as the same double, over all magnitudes.
static void
printing_reads_back(void)
{
    for (uint32_t i = 0; i < 20000; i++) {
        uint64_t bits = rk_rng_u64(11, 0, i);
        double value = 0;
        memcpy(&value, &bits, sizeof value);
        if (i % 2 == 0) // everyday numbers too: up to 6 decimals
            value = (double)(int64_t)(bits >> 40) / pow(10, i % 7);
        if (!isfinite(value))
            continue;
        char text[RK_FORM_TEXT];
        uint32_t n = rk_real_print(value, i % 4, text);
        g_assert_cmpuint(n, ==, strlen(text));
        g_assert_cmpuint(n, <, RK_FORM_TEXT);
        if (g_ascii_strtod(text, NULL) != value)
            g_error("%a printed as %s", value, text);
    }
    static const struct {
        double value;
        uint8_t decimals;
        const char *text;
    } ROWS[] = {
        {NAN, 2, ""},
        {0, 0, "0"},
        {0, 2, "0.00"},
        {2.5, 0, "2.5"},
        {2.5, 2, "2.50"},
        {-17, 1, "-17.0"},
        {1e20, 0, "100000000000000000000"},
        {1e20, 2, "100000000000000000000.00"},
        {1.5e-10, 0, "0.00000000015"},
        {0.1 + 0.2, 0, "0.30000000000000004"},
        {123456789.123456789, 0, "123456789.12345679"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
        char text[RK_FORM_TEXT];
        rk_real_print(ROWS[i].value, ROWS[i].decimals, text);
        g_assert_cmpstr(text, ==, ROWS[i].text);
    }
}

static void
styles_of_times(void)
{
    static const struct {
        const char *text;
        uint32_t per_second;
        uint8_t style;
    } ROWS[] = {
        {"", 1, RK_STYLE_MISSING},
        {"1260759144", 1, RK_TIME_INTEGER},
        {"1260759144", 0, RK_TIME_INTEGER},
        {"0", 1, RK_TIME_INTEGER},
        {"-5", 1, RK_TIME_INTEGER},
        {"1260759144000", 1000, RK_TIME_INTEGER},
        {"1260759144001", 1000, RK_STYLE_ODD},
        {"1260759144.0", 1, RK_TIME_POINT_0},
        {"1260759144.5", 1, RK_STYLE_ODD},
        {"01260759144", 1, RK_STYLE_ODD},
        {"2009-12-14", 1, RK_TIME_DATE},
        {"2009-12-14 02:52:24", 1, RK_TIME_SPACE},
        {"2009-12-14T02:52:24", 1, RK_TIME_T},
        {"2009-12-14T02:52:24Z", 1, RK_TIME_T_Z},
        {"2009-12-14 02:52", 1, RK_STYLE_ODD},
        {"2009-12-14T02:52:24+02:00", 1, RK_STYLE_ODD},
        {"0001-01-01", 1, RK_TIME_DATE},
        {"1900-02-28", 1, RK_TIME_DATE},
        {"2000-02-29 23:59:59", 1, RK_TIME_SPACE},
        {"1969-12-31T23:59:59", 1, RK_TIME_T},
        {"9999-12-31T23:59:59Z", 1, RK_TIME_T_Z},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
        RkCell cell = cell_of(ROWS[i].text);
        int64_t value = 0;
        g_assert_null(rk_cell_time(&cell, ROWS[i].per_second, &value));
        uint8_t style = rk_form_of_time(&cell, ROWS[i].per_second, value);
        if (style != ROWS[i].style)
            g_error("%s: style %u, expected %u", ROWS[i].text, style, ROWS[i].style);
    }
}

static void
best_styles(void)
{
    uint32_t count[256] = {0};
    count[1] = 60;                     // 2.5
    count[1 | RK_STYLE_TRAILING] = 40; // 3.0
    g_assert_cmpuint(rk_form_best_real(count), ==, 1);
    count[1 | RK_STYLE_TRAILING] = 0;
    count[0] = 40; // 3
    g_assert_cmpuint(rk_form_best_real(count), ==, 0);
    count[2 | RK_STYLE_TRAILING] = 1000; // 3.50
    g_assert_cmpuint(rk_form_best_real(count), ==, 2);
    g_assert_true(rk_form_covers_real(2, 3));
    g_assert_false(rk_form_covers_real(2, 3 | RK_STYLE_TRAILING));
    g_assert_false(rk_form_covers_real(2, 1));
    g_assert_true(rk_form_covers_real(2, RK_STYLE_MISSING));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dataset/forms/the style of a number gives its text back", styles_of_numbers);
    g_test_add_func("/dataset/forms/printed numbers read back exactly", printing_reads_back);
    g_test_add_func("/dataset/forms/the style of a time is proven by printing", styles_of_times);
    g_test_add_func("/dataset/forms/the best style leaves the fewest odd cells", best_styles);
    return g_test_run();
}
