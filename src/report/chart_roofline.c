// SPDX-License-Identifier: GPL-3.0-or-later
//
// The roofline of Williams, Waterman and Patterson (CACM 2009): what each op reaches beside what
// the device was measured to reach at that arithmetic intensity.
#include "report/charts.h"

#include <math.h>

static gboolean
is_known(const RkOpTime *op)
{
    return op->seconds > 0 && op->flops > 0 && op->bytes > 0 && isfinite(op->seconds) &&
           isfinite(op->flops) && isfinite(op->bytes);
}

static void
add_roof(RkChart *chart, double low, double high, double peak_flops, double peak_bytes)
{
    RkSeries *roof = rk_chart_series(chart, 0, "measured ceiling", RK_SERIES_LINE);
    roof->ink = RK_INK_NEUTRAL;
    double ridge = peak_flops / peak_bytes;
    low = MIN(low, ridge / 4);
    high = MAX(high, ridge * 4);
    rk_series_add(roof, low, low * peak_bytes);
    rk_series_add(roof, ridge, peak_flops);
    rk_series_add(roof, high, peak_flops);
}

RkChart *
rk_chart_roofline(const RkOpTime *ops, gsize n, double peak_flops, double peak_bytes)
{
    RkChart *chart = rk_chart_new("Roofline");
    RkPanel *panel = rk_chart_panel(chart, 0);
    rk_axis_set(&chart->x, "Operations a byte moved", RK_SCALE_LOG, RK_UNIT_FLOP_PER_BYTE);
    rk_axis_set(&panel->y, "Operations a second", RK_SCALE_LOG, RK_UNIT_FLOPS);
    chart->x.pad = panel->y.pad = 0.06;
    chart->legend = RK_LEGEND_TOP;
    gboolean roofed = peak_flops > 0 && peak_bytes > 0;
    double low = INFINITY, high = 0, total = 0, nearest = 0;
    const RkOpTime *longest = NULL;
    for (gsize i = 0; i < n; i++)
        if (is_known(&ops[i])) {
            low = MIN(low, ops[i].flops / ops[i].bytes);
            high = MAX(high, ops[i].flops / ops[i].bytes);
            total += ops[i].seconds;
            longest = longest == NULL || ops[i].seconds > longest->seconds ? &ops[i] : longest;
        }
    if (roofed)
        add_roof(chart, isinf(low) ? 0.1 : low, high, peak_flops, peak_bytes);
    RkSeries *points = rk_chart_series(chart, 0, "ops, by their time", RK_SERIES_POINTS);
    panel->size_title = g_strdup("Time");
    panel->size_unit = RK_UNIT_SECONDS;
    for (gsize i = 0; i < n; i++)
        if (is_known(&ops[i]))
            rk_series_add_point(points, ops[i].flops / ops[i].bytes, ops[i].flops / ops[i].seconds,
                                ops[i].seconds, ops[i].seconds > 0.02 * total ? RK_POINT_LABEL : 0,
                                ops[i].name);
    if (longest != NULL && roofed) {
        double intensity = longest->flops / longest->bytes;
        nearest = longest->flops / longest->seconds / MIN(peak_flops, intensity * peak_bytes);
        g_autofree char *share = rk_quantity(nearest, RK_UNIT_SHARE);
        rk_chart_set_summary(chart,
                             "%s, the longest, reaches %s of what the device can do there; "
                             "%s bounds it.",
                             longest->name, share,
                             intensity * peak_bytes < peak_flops ? "memory" : "arithmetic");
    }
    return chart;
}
