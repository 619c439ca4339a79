// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/cell.h"

#include <math.h>
#include <string.h>

static RkCell
cell(const char *text)
{
    return (RkCell){.text = text, .length = (uint32_t)strlen(text)};
}

static void
numbers(void)
{
    static const char *const TEXTS[] = {
        "0",
        "-0",
        "4",
        "4.5",
        "-0.5",
        ".5",
        "5.",
        "0.1",
        "123456789.25",
        "1e-3",
        "2.5E+4",
        "+7",
        "1e22",
        "1e-22",
        "00012",
        "3.0",
        "0.3",
        "9007199254740993",
        "0.1234567890123456789",
        "179769313486231570000000000000",
        "4.9e-324",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(TEXTS); i++) {
        RkCell c = cell(TEXTS[i]);
        double value = -1;
        g_assert_cmpstr(rk_cell_real(&c, &value), ==, NULL);
        g_assert_cmpfloat(value, ==, g_ascii_strtod(TEXTS[i], NULL)); // both round correctly
    }
    double value = 0;
    g_assert_null(rk_cell_real(&(RkCell){.text = NULL}, &value));
    g_assert_true(isnan(value));
    RkCell nan = cell("NaN");
    g_assert_null(rk_cell_real(&nan, &value));
    g_assert_true(isnan(value));
}

static void
not_numbers(void)
{
    static const char *const TEXTS[] = {"-",   ".",    "+",    "four",  "4 ",
                                        " 4",  "4,5",  "0x10", "e5",    "1e5x",
                                        "inf", "1..2", "--1",  "1e999", "123abc456789012345"};
    for (size_t i = 0; i < G_N_ELEMENTS(TEXTS); i++) {
        RkCell c = cell(TEXTS[i]);
        double value = 0;
        if (rk_cell_real(&c, &value) == NULL)
            g_error("\"%s\" was read as %g", TEXTS[i], value);
    }
    g_autofree char *digits = g_strnfill(1000, '7');
    RkCell c = cell(digits);
    double value = 0;
    g_assert_nonnull(rk_cell_real(&c, &value));
}

static void
times(void)
{
    static const struct {
        const char *text;
        uint32_t per_second;
        int64_t seconds;
    } ROWS[] = {
        {"1260759144", 0, 1260759144},
        {"1260759144", 1, 1260759144},
        {"-1", 1, -1},
        {"1260759144999", 1000, 1260759144},
        {"-1", 1000, -1}, // rounded down, not towards zero
        {"1260759144000001", 1000000, 1260759144},
        {"1474848887999999999", 1000000000, 1474848887},
        {"1260759144.75", 1, 1260759144},
        {"1.260759144e9", 1, 1260759144},
        {"1970-01-01", 1, 0},
        {"2016-02-29", 1, 1456704000},
        {"2000-02-29 12:30", 1, 951827400},
        {"2016-10-16T17:57:24", 1, 1476640644},
        {"2016-10-16 17:57:24.125Z", 1, 1476640644},
        {"2016-10-16T19:57:24+02:00", 1, 1476640644},
        {"2016-10-16T12:27:24-0530", 1, 1476640644},
        {"0001-01-01", 1, -62135596800},
        {"9999-12-31 23:59:59", 1, 253402300799},
        {"", 1, INT64_MIN},
        {"nan", 1, INT64_MIN},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
        RkCell c = cell(ROWS[i].text);
        int64_t seconds = 7;
        const char *wrong = rk_cell_time(&c, ROWS[i].per_second, &seconds);
        if (wrong != NULL || seconds != ROWS[i].seconds)
            g_error("\"%s\": %" G_GINT64_FORMAT " %s", ROWS[i].text, seconds, wrong ? wrong : "");
    }
}

static void
not_times(void)
{
    static const char *const TEXTS[] = {"9223372036854775807", // the year 292277026596
                                        "-9223372036854775808",
                                        "253402300800",
                                        "99999999999999999999",
                                        "2015-02-29",
                                        "2016-13-01",
                                        "2016-00-10",
                                        "2016-10-32",
                                        "2016-10-16 24:00",
                                        "2016-10-16T",
                                        "2016-10-16 1:00",
                                        "2016-10-16 10:00:00+",
                                        "2016-10-16 10:00:00Zx",
                                        "16/10/2016",
                                        "yesterday",
                                        "0000-01-01"};
    for (size_t i = 0; i < G_N_ELEMENTS(TEXTS); i++) {
        RkCell c = cell(TEXTS[i]);
        int64_t seconds = 0;
        if (rk_cell_time(&c, 1, &seconds) == NULL)
            g_error("\"%s\" was read as %" G_GINT64_FORMAT, TEXTS[i], seconds);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dataset/cell/numbers are read correctly rounded", numbers);
    g_test_add_func("/dataset/cell/what isn't a finite number is refused", not_numbers);
    g_test_add_func("/dataset/cell/times are read from numbers and dates", times);
    g_test_add_func("/dataset/cell/impossible dates and far years are refused", not_times);
    return g_test_run();
}
