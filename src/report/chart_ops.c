// SPDX-License-Identifier: GPL-3.0-or-later
//
// The time of each op of a plan, the longest first.
#include "report/charts.h"

#include <math.h>
#include <stdlib.h>

#define MAX_ROWS 20 // the rest is one bar

static int
longer_first(const void *a, const void *b)
{
    const RkOpTime *p = *(const RkOpTime *const *)a, *q = *(const RkOpTime *const *)b;
    return p->seconds > q->seconds ? -1 : p->seconds < q->seconds;
}

RkChart *
rk_chart_ops(const RkOpTime *ops, gsize n)
{
    RkChart *chart = rk_chart_new("Time of each op");
    RkPanel *panel = rk_chart_panel(chart, 0);
    rk_axis_set(&chart->x, "Time of one replay", RK_SCALE_LINEAR, RK_UNIT_SECONDS);
    chart->x.from_zero = TRUE;
    rk_axis_set(&panel->y, "", RK_SCALE_CATEGORY, RK_UNIT_NONE);
    g_autofree const RkOpTime **order = g_new(const RkOpTime *, MAX(n, 1));
    gsize kept = 0;
    double total = 0, rest = 0;
    for (gsize i = 0; i < n; i++)
        if (isfinite(ops[i].seconds)) {
            order[kept++] = &ops[i];
            total += ops[i].seconds;
        }
    qsort(order, kept, sizeof *order, longer_first);
    RkSeries *bars = rk_chart_series(chart, 0, "time", RK_SERIES_SPANS);
    for (gsize i = 0; i < kept; i++) {
        if (i >= MAX_ROWS) {
            rest += order[i]->seconds;
            continue;
        }
        rk_series_add_low(bars, order[i]->seconds, 0, rk_axis_category(&panel->y, order[i]->name));
    }
    if (kept > MAX_ROWS) {
        g_autofree char *name = g_strdup_printf("%" G_GSIZE_FORMAT " others", kept - MAX_ROWS);
        rk_series_add_low(bars, rest, 0, rk_axis_category(&panel->y, name));
    }
    if (kept > 0 && total > 0) {
        g_autofree char *share = rk_quantity(order[0]->seconds / total, RK_UNIT_SHARE);
        g_autofree char *sum = rk_quantity(total, RK_UNIT_SECONDS);
        rk_chart_set_summary(chart, "%s takes %s of %s.", order[0]->name, share, sum);
    }
    return chart;
}
