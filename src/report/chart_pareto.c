// SPDX-License-Identifier: GPL-3.0-or-later
//
// Latency, throughput and accuracy in one picture: p99 across, accuracy up, throughput as the area
// of a point. Settings that no other beats in all three are full and joined; the rest is hollow.
#include "report/canvas.h"
#include "report/charts.h"

#include <math.h>

#define MAX_NAMES 12 // on the front; more would be a thicket

// The front as a staircase: the best accuracy that a latency buys.
static void
add_stairs(RkChart *chart, const RkTradeoff *points, gsize n, gboolean accuracy)
{
    RkSeries *line = rk_chart_series(chart, 0, "best at this latency", RK_SERIES_LINE);
    line->ink = RK_INK_NEUTRAL;
    line->stepped = line->dashed = line->faint = line->quiet = TRUE;
    double below = -INFINITY, best = -INFINITY;
    for (;;) { // the next in latency; fronts are short
        const RkTradeoff *next = NULL;
        for (gsize i = 0; i < n; i++)
            if (points[i].on_front && points[i].p99_ms > below &&
                (next == NULL || points[i].p99_ms < next->p99_ms))
                next = &points[i];
        if (next == NULL)
            return;
        below = next->p99_ms;
        double value = accuracy ? next->accuracy : next->qps;
        if (value > best)
            rk_series_add(line, next->p99_ms * 1e-3, best = value);
    }
}

static void
summarize(RkChart *chart, const RkTradeoff *points, gsize n, const char *metric)
{
    const RkTradeoff *chosen = NULL;
    gsize n_front = 0;
    for (gsize i = 0; i < n; i++) {
        n_front += points[i].on_front;
        chosen = points[i].recommended ? &points[i] : chosen;
    }
    if (n == 0)
        return;
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_printf(text,
                    "%" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " settings are beaten by no other",
                    n_front, n);
    if (chosen != NULL) {
        g_autofree char *p99 = rk_quantity(chosen->p99_ms * 1e-3, RK_UNIT_SECONDS);
        g_autofree char *qps = rk_quantity(chosen->qps, RK_UNIT_PER_SECOND);
        g_string_append_printf(text, "; %s, the recommended one, has a p99 of %s at %s",
                               chosen->name, p99, qps);
        g_autofree char *accuracy = rk_quantity(chosen->accuracy, RK_UNIT_METRIC);
        if (metric != NULL)
            g_string_append_printf(text, " and %s %s", metric, accuracy);
    }
    rk_chart_set_summary(chart, "%s.", text->str);
}

RkChart *
rk_chart_pareto(const RkTradeoff *points, gsize n, const char *metric, double limit_ms)
{
    g_autofree char *title = metric != NULL ? g_strdup_printf("Latency, throughput and %s", metric)
                                            : g_strdup("Latency and throughput");
    RkChart *chart = rk_chart_new(title);
    RkPanel *panel = rk_chart_panel(chart, 0);
    rk_axis_set(&chart->x, "p99 latency", RK_SCALE_LOG, RK_UNIT_SECONDS);
    rk_axis_set(&panel->y, metric != NULL ? metric : "Throughput", RK_SCALE_LINEAR,
                metric != NULL ? RK_UNIT_METRIC : RK_UNIT_PER_SECOND);
    chart->x.pad = panel->y.pad = 0.08;
    chart->legend = RK_LEGEND_TOP;
    if (metric != NULL) {
        panel->size_title = g_strdup("Throughput");
        panel->size_unit = RK_UNIT_PER_SECOND;
    }
    add_stairs(chart, points, n, metric != NULL);
    RkSeries *rest = rk_chart_series(chart, 0, "beaten by another", RK_SERIES_POINTS);
    RkSeries *front = rk_chart_series(chart, 0, "beaten by none", RK_SERIES_POINTS);
    rest->ink = RK_INK_NEUTRAL;
    front->ink = RK_INK_SERIES;
    rest->style = RK_N_MARKERS; // the same marker, a circle: full or hollow tells them apart
    front->style = 2 * RK_N_MARKERS;
    gsize n_named = 0, n_invalid = 0;
    for (gsize i = 0; i < n; i++) {
        const RkTradeoff *p = &points[i];
        gboolean named = p->recommended || (p->on_front && n_named++ < MAX_NAMES);
        unsigned flags = (p->on_front ? 0u : RK_POINT_HOLLOW) | (named ? RK_POINT_LABEL : 0u) |
                         (p->recommended ? RK_POINT_OUTLINE : 0u);
        n_invalid += !p->valid;
        rk_series_add_point(p->on_front ? front : rest, p->p99_ms * 1e-3,
                            metric != NULL ? p->accuracy : p->qps, p->qps, flags, p->name);
    }
    g_autofree char *note =
        g_strdup_printf("%sA ring marks the recommended setting.%s",
                        metric != NULL ? "The area of a point is its throughput. " : "",
                        n_invalid > 0 ? " Some measurements are not valid; see the table." : "");
    rk_chart_set_note(chart, note);
    if (isfinite(limit_ms)) {
        g_autofree char *limit = rk_quantity(limit_ms * 1e-3, RK_UNIT_SECONDS);
        g_autofree char *label = g_strdup_printf("limit %s", limit);
        rk_chart_mark(chart, 0, TRUE, limit_ms * 1e-3, RK_INK_LIMIT, label);
    }
    summarize(chart, points, n, metric);
    return chart;
}
