// SPDX-License-Identifier: GPL-3.0-or-later
//
// Accuracy against model size: what compression costs.
#include "report/charts.h"

#include <math.h>
#include <string.h>

// The smallest model that loses at most this much of the parent's accuracy is worth a sentence.
#define SMALL_LOSS 0.002

static void
summarize(RkChart *chart, const RkSizePoint *points, gsize n, const char *metric)
{
    const RkSizePoint *parent = NULL, *smallest = NULL;
    for (gsize i = 0; i < n; i++)
        parent = points[i].parent ? &points[i] : parent;
    if (parent == NULL)
        return;
    for (gsize i = 0; i < n; i++)
        if (!points[i].parent && points[i].bytes > 0 &&
            points[i].accuracy >= parent->accuracy - SMALL_LOSS &&
            (smallest == NULL || points[i].bytes < smallest->bytes))
            smallest = &points[i];
    g_autofree char *full = rk_quantity(parent->bytes, RK_UNIT_BYTES);
    if (smallest == NULL) {
        rk_chart_set_summary(chart, "No compressed model stays within 0.002 of %s of %s (%s).",
                             metric, parent->name, full);
        return;
    }
    g_autofree char *size = rk_quantity(smallest->bytes, RK_UNIT_BYTES);
    g_autofree char *lost =
        rk_quantity_difference(smallest->accuracy - parent->accuracy, RK_UNIT_METRIC);
    rk_chart_set_summary(chart,
                         "%s is the smallest within 0.002 of %s of %s: %s instead of %s, "
                         "%s %s.",
                         smallest->name, metric, parent->name, size, full, metric, lost);
}

RkChart *
rk_chart_size(const RkSizePoint *points, gsize n, const char *metric)
{
    RkChart *chart = rk_chart_new("Accuracy against model size");
    RkPanel *panel = rk_chart_panel(chart, 0);
    rk_axis_set(&chart->x, "Model size", RK_SCALE_LOG, RK_UNIT_BYTES);
    rk_axis_set(&panel->y, metric, RK_SCALE_LINEAR, RK_UNIT_METRIC);
    chart->x.pad = panel->y.pad = 0.08;
    chart->legend = RK_LEGEND_TOP;
    g_autoptr(GHashTable) families = g_hash_table_new(g_str_hash, g_str_equal);
    for (gsize i = 0; i < n; i++) {
        const RkSizePoint *p = &points[i];
        RkSeries *s = g_hash_table_lookup(families, p->family);
        if (s == NULL) {
            s = rk_chart_series(chart, 0, p->family, RK_SERIES_POINTS);
            g_hash_table_insert(families, (gpointer)p->family, s);
        }
        rk_series_add_point(s, p->bytes, p->accuracy, 0,
                            RK_POINT_LABEL | (p->parent ? RK_POINT_OUTLINE : 0u), p->name);
        if (p->parent) {
            g_autofree char *label = g_strdup_printf("as %s", p->name);
            rk_chart_mark(chart, 0, FALSE, p->accuracy, RK_INK_NEUTRAL, label);
        }
    }
    summarize(chart, points, n, metric);
    return chart;
}
