// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/axis.h"

#include "report/text.h"

#include <math.h>

#define HUGE_VALUE 8e307 // two of them still have a finite difference
#define MAX_NINES  9.0   // p99.9999999; doubles go no further than 15

void
rk_axis_init(RkChartAxis *axis, const char *title, RkScale scale, RkUnit unit)
{
    *axis = (RkChartAxis){.scale = scale, .unit = unit, .title = rk_text_clean(title), .hi = 1};
    axis->full_hi = 1;
    axis->pad = 0.04;
    if (scale == RK_SCALE_CATEGORY)
        axis->categories = g_ptr_array_new_with_free_func(g_free);
}

void
rk_axis_clear(RkChartAxis *axis)
{
    g_clear_pointer(&axis->title, g_free);
    g_clear_pointer(&axis->categories, g_ptr_array_unref);
}

void
rk_axis_set(RkChartAxis *axis, const char *title, RkScale scale, RkUnit unit)
{
    rk_axis_clear(axis);
    rk_axis_init(axis, title, scale, unit);
}

guint
rk_axis_category(RkChartAxis *axis, const char *name)
{
    g_return_val_if_fail(axis->categories != NULL, 0);
    g_ptr_array_add(axis->categories, rk_text_clean(name));
    return axis->categories->len - 1;
}

gboolean
rk_axis_can_show(const RkChartAxis *axis, double value)
{
    if (!isfinite(value))
        return FALSE;
    if (axis->scale == RK_SCALE_LOG)
        return value > 0;
    return axis->scale != RK_SCALE_NINES || value < 1;
}

// To the space where the scale is a straight line.
static double
straight(const RkChartAxis *axis, double value)
{
    if (axis->scale == RK_SCALE_LOG)
        return value > 0 ? log10(value) : NAN;
    if (axis->scale == RK_SCALE_NINES)
        return value < 1 ? -log10(1 - value) : MAX_NINES;
    return CLAMP(value, -HUGE_VALUE, HUGE_VALUE);
}

static double
curved(const RkChartAxis *axis, double at)
{
    if (axis->scale == RK_SCALE_LOG)
        return pow(10, at);
    if (axis->scale == RK_SCALE_NINES)
        return 1 - pow(10, -at);
    return at;
}

// Room around a single value, in straight space.
static double
margin_of_one(const RkChartAxis *axis, double at)
{
    if (axis->scale == RK_SCALE_LOG)
        return 0.3; // half to twice
    if (axis->scale == RK_SCALE_CATEGORY || at == 0)
        return 0.5;
    return MAX(fabs(at) * 0.1, 1e-300);
}

static void
show_all(RkChartAxis *axis)
{
    axis->lo = axis->full_lo;
    axis->hi = axis->full_hi;
}

void
rk_axis_fit(RkChartAxis *axis, double low, double high)
{
    gboolean zoomed = rk_axis_is_zoomed(axis);
    if (axis->fixed)
        return;
    if (axis->scale == RK_SCALE_CATEGORY) {
        axis->full_lo = -0.5;
        axis->full_hi = MAX(axis->categories->len, 1) - 0.5;
        if (!zoomed)
            show_all(axis);
        return;
    }
    if (!(low <= high)) { // nothing to show; any range serves
        low = axis->scale == RK_SCALE_LOG ? 1 : 0;
        high = axis->scale == RK_SCALE_LOG ? 10 : axis->scale == RK_SCALE_NINES ? 0.9 : 1;
    }
    if (axis->from_zero && (axis->scale == RK_SCALE_LINEAR || axis->scale == RK_SCALE_TIME)) {
        low = MIN(low, 0);
        high = MAX(high, 0);
    }
    if (axis->scale == RK_SCALE_LOG) { // 1e308 is as far as doubles go
        low = CLAMP(low, 1e-299, HUGE_VALUE / 1e3);
        high = CLAMP(high, low, HUGE_VALUE / 1e3);
    }
    double from = straight(axis, low), to = straight(axis, high);
    double room = to > from ? (to - from) * axis->pad : margin_of_one(axis, from);
    gboolean touches_zero = axis->from_zero && low == 0;
    axis->full_lo = curved(axis, touches_zero ? from : from - room);
    axis->full_hi = curved(axis, to + room);
    if (axis->scale == RK_SCALE_LOG) {
        axis->full_lo = MAX(axis->full_lo, 1e-300);
        axis->full_hi = MIN(axis->full_hi, HUGE_VALUE);
    }
    if (!zoomed)
        show_all(axis);
}

void
rk_axis_set_range(RkChartAxis *axis, double lo, double hi)
{
    g_return_if_fail(lo < hi && rk_axis_can_show(axis, lo));
    axis->full_lo = lo;
    axis->full_hi = hi;
    axis->fixed = TRUE;
    show_all(axis);
}

double
rk_axis_place(const RkChartAxis *axis, double value)
{
    if (isnan(value))
        return NAN;
    double from = straight(axis, axis->lo), to = straight(axis, axis->hi);
    return (straight(axis, value) - from) / (to - from);
}

double
rk_axis_value(const RkChartAxis *axis, double place)
{
    double from = straight(axis, axis->lo), to = straight(axis, axis->hi);
    return curved(axis, from + place * (to - from));
}

gboolean
rk_axis_is_zoomed(const RkChartAxis *axis)
{
    return axis->lo != axis->full_lo || axis->hi != axis->full_hi;
}

// Shows from..to of straight space, moved into the full range.
static void
show(RkChartAxis *axis, double from, double to)
{
    double first = straight(axis, axis->full_lo), last = straight(axis, axis->full_hi);
    double finest = MAX(fabs(first), fabs(last)) * 1e-12; // below it ticks would repeat
    double width = CLAMP(to - from, MAX((last - first) * 1e-9, finest), last - first);
    double middle = from + (to - from) / 2;
    from = CLAMP(middle - width / 2, first, last - width);
    axis->lo = curved(axis, from);
    axis->hi = curved(axis, from + width);
    if (width >= (last - first) * (1 - 1e-9))
        show_all(axis);
}

void
rk_axis_zoom(RkChartAxis *axis, double place, double factor)
{
    g_return_if_fail(factor > 0);
    double from = straight(axis, axis->lo), to = straight(axis, axis->hi);
    double at = from + place * (to - from);
    show(axis, at - (at - from) / factor, at + (to - at) / factor);
}

void
rk_axis_pan(RkChartAxis *axis, double places)
{
    double from = straight(axis, axis->lo), to = straight(axis, axis->hi);
    double by = places * (to - from);
    show(axis, from + by, to + by);
}

void
rk_axis_select(RkChartAxis *axis, double place, double other)
{
    double from = straight(axis, axis->lo), to = straight(axis, axis->hi);
    show(axis, from + MIN(place, other) * (to - from), from + MAX(place, other) * (to - from));
}

void
rk_axis_reset(RkChartAxis *axis)
{
    show_all(axis);
}
