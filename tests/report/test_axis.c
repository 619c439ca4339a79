// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/rng.h"
#include "report/axis.h"

#include <float.h>
#include <math.h>

static RkChartAxis
axis_of(RkScale scale, RkUnit unit, double low, double high)
{
    RkChartAxis axis;
    rk_axis_init(&axis, "Value", scale, unit);
    axis.pad = 0;
    rk_axis_fit(&axis, low, high);
    return axis;
}

static char *
labels(const RkChartAxis *axis, double n)
{
    g_autoptr(GArray) ticks = rk_axis_ticks(axis, n);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < ticks->len; i++) {
        const char *label = g_array_index(ticks, RkTick, i).label;
        if (label != NULL)
            g_string_append_printf(out, "%s%s", out->len > 0 ? "|" : "", label);
    }
    return g_string_free(out, FALSE);
}

static void
ticks_fall_on_round_numbers(void)
{
    static const struct {
        RkScale scale;
        RkUnit unit;
        double low, high, n;
        const char *labels;
        const char *title;
    } CASES[] = {
        {RK_SCALE_LINEAR, RK_UNIT_NONE, 0, 10, 5, "0|2|4|6|8|10", "Value"},
        {RK_SCALE_LINEAR, RK_UNIT_SECONDS, 0, 0.02, 4, "0|5|10|15|20", "Value (ms)"},
        {RK_SCALE_LINEAR, RK_UNIT_PER_SECOND, 0, 2400, 5, "0.0|0.5|1.0|1.5|2.0", "Value (k/s)"},
        {RK_SCALE_LINEAR, RK_UNIT_SHARE, 0, 1, 4, "0|50|100", "Value (%)"},
        {RK_SCALE_LINEAR, RK_UNIT_METRIC, 0.795, 0.812, 4, "0.795|0.800|0.805|0.810", "Value"},
        {RK_SCALE_LOG, RK_UNIT_SECONDS, 1e-4, 1, 6, "100 µs|1 ms|10 ms|100 ms|1 s",
         "Value (log scale)"},
        {RK_SCALE_LOG, RK_UNIT_SECONDS, 1e-3, 2e-2, 8, "1 ms|2 ms|5 ms|10 ms|20 ms",
         "Value (log scale)"},
        {RK_SCALE_LOG, RK_UNIT_BYTES, 4194304, 33554432, 6, "4 MiB|8 MiB|16 MiB|32 MiB",
         "Value (log scale)"},
        {RK_SCALE_LOG, RK_UNIT_COUNT, 1, 1e12, 4, "1|1000|1 M|1 G|1 T", "Value (log scale)"},
        {RK_SCALE_TIME, RK_UNIT_SECONDS, 0, 60, 6, "0|10|20|30|40|50|60", "Value (s)"},
        {RK_SCALE_TIME, RK_UNIT_SECONDS, 0, 600, 5, "0:00|2:00|4:00|6:00|8:00|10:00",
         "Value (min:s)"},
        {RK_SCALE_TIME, RK_UNIT_SECONDS, 0, 36000, 5, "0:00|2:00|4:00|6:00|8:00|10:00",
         "Value (h:min)"},
        {RK_SCALE_NINES, RK_UNIT_SHARE, 0, 0.999, 5, "p0|p50|p90|p99|p99.9", "Value"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        RkChartAxis axis = axis_of(CASES[i].scale, CASES[i].unit, CASES[i].low, CASES[i].high);
        g_autofree char *got = labels(&axis, CASES[i].n);
        g_autofree char *title = rk_axis_full_title(&axis);
        g_assert_cmpstr(got, ==, CASES[i].labels);
        g_assert_cmpstr(title, ==, CASES[i].title);
        rk_axis_clear(&axis);
    }
}

// Whatever the range: finite, ascending, inside, no two labels alike.
static void
ticks_of_any_range(void)
{
    static const double ENDS[][2] = {{0, 0},
                                     {5, 5},
                                     {-3, -3},
                                     {1e-300, 1e300},
                                     {-1e308, 1e308},
                                     {5e-324, 5e-324},
                                     {1, 1 + 1e-15},
                                     {1e15, 1e15 + 1},
                                     {INFINITY, -INFINITY},
                                     {-1e-9, 1e-9},
                                     {0.123456, 0.123457},
                                     {1e9, 1e9 + 10}};
    for (RkScale scale = 0; scale < RK_SCALE_CATEGORY; scale++)
        for (size_t i = 0; i < G_N_ELEMENTS(ENDS); i++) {
            double low = ENDS[i][0], high = ENDS[i][1];
            if (scale == RK_SCALE_LOG && low <= 0)
                low = high = INFINITY, low = INFINITY, high = -INFINITY;
            if (scale == RK_SCALE_NINES && !(high < 1))
                low = 0, high = 0.99;
            RkChartAxis axis = axis_of(scale, RK_UNIT_SECONDS, low, high);
            g_assert_cmpfloat(axis.lo, <, axis.hi);
            g_assert_true(isfinite(axis.lo) && isfinite(axis.hi));
            g_autoptr(GArray) ticks = rk_axis_ticks(&axis, 6);
            g_assert_cmpuint(ticks->len, <, 500);
            const char *last = NULL;
            for (guint k = 0; k < ticks->len; k++) {
                const RkTick *tick = &g_array_index(ticks, RkTick, k);
                double place = rk_axis_place(&axis, tick->value);
                g_assert_cmpfloat(place, >=, -1e-6);
                g_assert_cmpfloat(place, <=, 1 + 1e-6);
                if (k > 0)
                    g_assert_cmpfloat(tick->value, >, g_array_index(ticks, RkTick, k - 1).value);
                if (tick->label != NULL && last != NULL)
                    g_assert_cmpstr(tick->label, !=, last);
                last = tick->label != NULL ? tick->label : last;
            }
            rk_axis_clear(&axis);
        }
}

static void
places_and_back(void)
{
    static const RkScale SCALES[] = {RK_SCALE_LINEAR, RK_SCALE_LOG, RK_SCALE_NINES};
    for (size_t s = 0; s < G_N_ELEMENTS(SCALES); s++) {
        RkChartAxis axis = axis_of(SCALES[s], RK_UNIT_NONE, 0.02, 0.98);
        for (guint64 i = 0; i < 1000; i++) {
            double place = rk_rng_double(1, 1, i);
            double value = rk_axis_value(&axis, place);
            // A few roundings of log10 and pow.
            g_assert_cmpfloat(fabs(rk_axis_place(&axis, value) - place), <, 1e-12);
        }
        rk_axis_clear(&axis);
    }
}

static void
zooming_stays_within_the_data(void)
{
    RkChartAxis axis = axis_of(RK_SCALE_LOG, RK_UNIT_SECONDS, 1e-3, 1);
    double under = rk_axis_value(&axis, 0.3);
    rk_axis_zoom(&axis, 0.3, 4);
    g_assert_true(rk_axis_is_zoomed(&axis));
    g_assert_cmpfloat(fabs(rk_axis_place(&axis, under) - 0.3), <, 1e-9); // stays under the pointer
    rk_axis_pan(&axis, 100);
    g_assert_cmpfloat(fabs(axis.hi - 1), <, 1e-9);
    rk_axis_zoom(&axis, 0.5, 1e-6);
    g_assert_false(rk_axis_is_zoomed(&axis));
    for (int i = 0; i < 200; i++)
        rk_axis_zoom(&axis, 0.7, 3);
    g_assert_cmpfloat(axis.lo, <, axis.hi); // not deeper than doubles go
    rk_axis_reset(&axis);
    rk_axis_select(&axis, 0.75, 0.25);
    g_assert_cmpfloat(fabs(rk_axis_place(&axis, rk_axis_value(&axis, 0.5)) - 0.5), <, 1e-9);
    double lo = axis.lo;
    rk_axis_fit(&axis, 1e-4, 2); // more data came: what is shown stays
    g_assert_cmpfloat(axis.lo, ==, lo);
    rk_axis_clear(&axis);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/report/axis/ticks fall on round numbers", ticks_fall_on_round_numbers);
    g_test_add_func("/report/axis/ticks of any range", ticks_of_any_range);
    g_test_add_func("/report/axis/places and back", places_and_back);
    g_test_add_func("/report/axis/zooming stays within the data", zooming_stays_within_the_data);
    return g_test_run();
}
