// SPDX-License-Identifier: GPL-3.0-or-later
//
// Latency over the time of a run: the median, and bands up to p90 and p99; throughput below.
#include "report/charts.h"

#include <math.h>

static void
summarize(RkChart *chart, const RkTimePoint *points, gsize n, double limit_ms)
{
    gsize worst = 0, n_over = 0, n_known = 0;
    for (gsize i = 0; i < n; i++) {
        if (!isfinite(points[i].p99_ms))
            continue;
        if (n_known++ == 0 || points[i].p99_ms > points[worst].p99_ms)
            worst = i;
        n_over += points[i].p99_ms > limit_ms;
    }
    if (n_known == 0)
        return;
    g_autofree char *peak = rk_quantity(points[worst].p99_ms * 1e-3, RK_UNIT_SECONDS);
    g_autofree char *when = rk_quantity(points[worst].t_s, RK_UNIT_SECONDS);
    g_autofree char *limit = rk_quantity(limit_ms * 1e-3, RK_UNIT_SECONDS);
    if (!isfinite(limit_ms))
        rk_chart_set_summary(chart, "p99 was highest at %s, with %s.", when, peak);
    else if (n_over == 0)
        rk_chart_set_summary(chart,
                             "p99 stayed under the limit of %s; it was highest at %s, "
                             "with %s.",
                             limit, when, peak);
    else
        rk_chart_set_summary(chart,
                             "p99 passed the limit of %s in %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
                             " windows, by most at %s, with %s.",
                             limit, n_over, n_known, when, peak);
}

RkChart *
rk_chart_latency_time(const RkTimePoint *points, gsize n, double limit_ms)
{
    RkChart *chart = rk_chart_new("Latency over time");
    rk_axis_set(&chart->x, "Time since the measurement began", RK_SCALE_TIME, RK_UNIT_SECONDS);
    chart->x.pad = 0;
    rk_axis_set(&rk_chart_panel(chart, 0)->y, "Latency", RK_SCALE_LOG, RK_UNIT_SECONDS);
    RkSeries *inner = rk_chart_series(chart, 0, "p50 to p90", RK_SERIES_BAND);
    RkSeries *outer = rk_chart_series(chart, 0, "p90 to p99", RK_SERIES_BAND);
    RkSeries *p50 = rk_chart_series(chart, 0, "p50", RK_SERIES_LINE);
    RkSeries *p99 = rk_chart_series(chart, 0, "p99", RK_SERIES_LINE);
    inner->ink = outer->ink = p50->ink = RK_INK_SERIES;
    p99->ink = RK_INK_SERIES + 1;
    p99->dashed = outer->faint = TRUE;
    RkPanel *below = rk_chart_add_panel(chart, 0.4);
    rk_axis_set(&below->y, "Throughput", RK_SCALE_LINEAR, RK_UNIT_PER_SECOND);
    below->y.from_zero = TRUE;
    RkSeries *rate = rk_chart_series(chart, 1, "throughput", RK_SERIES_LINE);
    rate->ink = RK_INK_SERIES + 2;
    rate->quiet = TRUE;
    for (gsize i = 0; i < n; i++) {
        const RkTimePoint *p = &points[i];
        rk_series_add_low(inner, p->t_s, p->p50_ms * 1e-3, p->p90_ms * 1e-3);
        rk_series_add_low(outer, p->t_s, p->p90_ms * 1e-3, p->p99_ms * 1e-3);
        rk_series_add(p50, p->t_s, p->p50_ms * 1e-3);
        rk_series_add(p99, p->t_s, p->p99_ms * 1e-3);
        rk_series_add(rate, p->t_s, p->qps);
    }
    if (isfinite(limit_ms)) {
        g_autofree char *limit = rk_quantity(limit_ms * 1e-3, RK_UNIT_SECONDS);
        g_autofree char *label = g_strdup_printf("limit %s", limit);
        rk_chart_mark(chart, 0, FALSE, limit_ms * 1e-3, RK_INK_LIMIT, label);
    }
    summarize(chart, points, n, limit_ms);
    return chart;
}
