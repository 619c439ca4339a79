// SPDX-License-Identifier: GPL-3.0-or-later
//
// Throughput against p99: one curve a setting, from idle to saturated. What lies to the right and
// low is good; the limit tells how far a setting can be loaded.
#include "report/charts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// By setting as it came first, then by throughput: curves go from left to right.
typedef struct {
    const RkLoadPoint *point;
    gsize setting;
} Entry;

static int
compare(const void *a, const void *b)
{
    const Entry *p = a, *q = b;
    if (p->setting != q->setting)
        return p->setting < q->setting ? -1 : 1;
    return p->point->qps < q->point->qps ? -1 : p->point->qps > q->point->qps;
}

static gsize
setting_index(const RkLoadPoint *points, gsize i)
{
    for (gsize k = 0; k < i; k++)
        if (strcmp(points[k].setting, points[i].setting) == 0)
            return k;
    return i;
}

typedef struct {
    const char *name;
    double qps;
} Best;

// The highest valid rate of a setting under the limit.
static void
consider(GArray *bests, const RkLoadPoint *p, double limit_ms)
{
    Best *last = bests->len > 0 ? &g_array_index(bests, Best, bests->len - 1) : NULL;
    if (last == NULL || strcmp(last->name, p->setting) != 0) {
        Best fresh = {p->setting, 0};
        g_array_append_val(bests, fresh);
        last = &g_array_index(bests, Best, bests->len - 1);
    }
    if (p->valid && p->p99_ms <= limit_ms)
        last->qps = MAX(last->qps, p->qps);
}

static void
summarize(RkChart *chart, const GArray *bests, double limit_ms)
{
    const Best *best = NULL, *first = NULL;
    for (guint i = 0; i < bests->len; i++) {
        const Best *b = &g_array_index(bests, Best, i);
        first = i == 0 ? b : first;
        best = best == NULL || b->qps > best->qps ? b : best;
    }
    g_autofree char *limit = rk_quantity(limit_ms * 1e-3, RK_UNIT_SECONDS);
    if (best == NULL || !isfinite(limit_ms))
        return;
    if (best->qps == 0) {
        rk_chart_set_summary(chart, "No setting holds a p99 of %s at any rate that was measured.",
                             limit);
        return;
    }
    g_autofree char *qps = rk_quantity(best->qps, RK_UNIT_PER_SECOND);
    g_autofree char *change =
        rk_quantity_change(first->qps, best->qps, "as much as", "as little as");
    if (best == first || first->qps == 0)
        rk_chart_set_summary(chart, "%s holds a p99 of %s up to %s, the highest rate of all.",
                             best->name, limit, qps);
    else
        rk_chart_set_summary(chart, "%s holds a p99 of %s up to %s: %s %s.", best->name, limit, qps,
                             best->qps / first->qps >= 2 ? change : "more than", first->name);
}

RkChart *
rk_chart_throughput(const RkLoadPoint *points, gsize n, double limit_ms)
{
    RkChart *chart = rk_chart_new("Throughput against p99");
    rk_axis_set(&chart->x, "Throughput", RK_SCALE_LINEAR, RK_UNIT_PER_SECOND);
    chart->x.from_zero = TRUE;
    RkPanel *panel = rk_chart_panel(chart, 0);
    rk_axis_set(&panel->y, "p99 latency", RK_SCALE_LOG, RK_UNIT_SECONDS);
    g_autofree Entry *order = g_new(Entry, MAX(n, 1));
    for (gsize i = 0; i < n; i++)
        order[i] = (Entry){&points[i], setting_index(points, i)};
    qsort(order, n, sizeof *order, compare);
    g_autoptr(GArray) bests = g_array_new(FALSE, FALSE, sizeof(Best));
    RkSeries *series = NULL;
    gboolean hollow = FALSE;
    for (gsize i = 0; i < n; i++) {
        const RkLoadPoint *p = order[i].point;
        if (i == 0 || order[i].setting != order[i - 1].setting) {
            series = rk_chart_series(chart, 0, p->setting, RK_SERIES_LINE);
            series->markers = TRUE;
        }
        rk_series_add_point(series, p->qps, p->p99_ms * 1e-3, 0, p->valid ? 0 : RK_POINT_HOLLOW,
                            NULL);
        hollow |= !p->valid;
        consider(bests, p, limit_ms);
    }
    if (hollow)
        rk_chart_set_note(chart, "Hollow points: the measurement is not valid.");
    if (isfinite(limit_ms)) {
        g_autofree char *limit = rk_quantity(limit_ms * 1e-3, RK_UNIT_SECONDS);
        g_autofree char *label = g_strdup_printf("limit %s", limit);
        rk_chart_mark(chart, 0, FALSE, limit_ms * 1e-3, RK_INK_LIMIT, label);
    }
    summarize(chart, bests, limit_ms);
    return chart;
}
