// SPDX-License-Identifier: GPL-3.0-or-later
//
// Hit rate against cache size, a line a policy, under the bound of Belady ("A study of replacement
// algorithms for a virtual-storage computer", 1966), which evicts what is needed last.
#include "report/charts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int
by_policy_and_size(const void *a, const void *b)
{
    const RkCachePoint *p = *(const RkCachePoint *const *)a, *q = *(const RkCachePoint *const *)b;
    if (p->bound != q->bound)
        return p->bound ? -1 : 1;
    int order = strcmp(p->policy, q->policy);
    if (order != 0)
        return order;
    return p->entries < q->entries ? -1 : p->entries > q->entries;
}

static double
bound_at(const RkCachePoint *points, gsize n, double entries)
{
    for (gsize i = 0; i < n; i++)
        if (points[i].bound && points[i].entries == entries)
            return points[i].hit_rate;
    return NAN;
}

static void
summarize(RkChart *chart, const RkCachePoint *points, gsize n)
{
    const RkCachePoint *best = NULL;
    for (gsize i = 0; i < n; i++)
        if (!points[i].bound && isfinite(points[i].hit_rate) &&
            (best == NULL || points[i].hit_rate > best->hit_rate))
            best = &points[i];
    if (best == NULL)
        return;
    g_autofree char *rate = rk_quantity(best->hit_rate, RK_UNIT_SHARE);
    g_autofree char *size = rk_quantity(best->entries, RK_UNIT_COUNT);
    g_autofree char *bound = rk_quantity(bound_at(points, n, best->entries), RK_UNIT_SHARE);
    if (isnan(bound_at(points, n, best->entries)))
        rk_chart_set_summary(chart, "%s reaches the highest hit rate, %s with %s entries.",
                             best->policy, rate, size);
    else
        rk_chart_set_summary(chart,
                             "%s reaches the highest hit rate, %s with %s entries, where no "
                             "policy can pass %s.",
                             best->policy, rate, size, bound);
}

RkChart *
rk_chart_cache(const RkCachePoint *points, gsize n)
{
    RkChart *chart = rk_chart_new("Hit rate against cache size");
    RkPanel *panel = rk_chart_panel(chart, 0);
    rk_axis_set(&chart->x, "Cache size in entries", RK_SCALE_LOG, RK_UNIT_COUNT);
    rk_axis_set(&panel->y, "Hit rate", RK_SCALE_LINEAR, RK_UNIT_SHARE);
    panel->y.from_zero = TRUE;
    g_autofree const RkCachePoint **order = g_new(const RkCachePoint *, MAX(n, 1));
    for (gsize i = 0; i < n; i++)
        order[i] = &points[i];
    qsort(order, n, sizeof *order, by_policy_and_size);
    RkSeries *line = NULL;
    for (gsize i = 0; i < n; i++) {
        const RkCachePoint *p = order[i];
        if (i == 0 || p->bound != order[i - 1]->bound ||
            strcmp(p->policy, order[i - 1]->policy) != 0) {
            line = rk_chart_series(chart, 0, p->policy, RK_SERIES_LINE);
            line->markers = !p->bound;
            line->dashed = p->bound;
            line->ink = p->bound ? RK_INK_NEUTRAL : RK_INK_NONE;
        }
        rk_series_add(line, p->entries, p->hit_rate);
    }
    summarize(chart, points, n);
    return chart;
}
