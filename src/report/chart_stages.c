// SPDX-License-Identifier: GPL-3.0-or-later
//
// Where a request's time goes: a bar a setting, stacked from the stages in their order.
#include "report/charts.h"

#include <math.h>

static void
summarize(RkChart *chart, const RkStageBar *bars, gsize n)
{
    if (n == 0 || bars[0].n_stages == 0)
        return;
    gsize most = 0;
    double total = 0;
    for (gsize k = 0; k < bars[0].n_stages; k++) {
        double us = bars[0].us[k];
        total += isfinite(us) ? us : 0;
        most = us > bars[0].us[most] || isnan(bars[0].us[most]) ? k : most;
    }
    g_autofree char *time = rk_quantity(bars[0].us[most] * 1e-6, RK_UNIT_SECONDS);
    g_autofree char *share = rk_quantity(total > 0 ? bars[0].us[most] / total : NAN, RK_UNIT_SHARE);
    rk_chart_set_summary(chart, "%s: most time goes into %s, %s or %s of the stages' sum.",
                         bars[0].name, bars[0].stage[most], time, share);
}

RkChart *
rk_chart_stages(const RkStageBar *bars, gsize n)
{
    RkChart *chart = rk_chart_new("Where a request's time goes");
    RkPanel *panel = rk_chart_panel(chart, 0);
    rk_axis_set(&chart->x, "Median time of a request", RK_SCALE_LINEAR, RK_UNIT_SECONDS);
    chart->x.from_zero = TRUE;
    rk_axis_set(&panel->y, "", RK_SCALE_CATEGORY, RK_UNIT_NONE);
    chart->legend = RK_LEGEND_TOP;
    for (gsize i = 0; i < n; i++)
        rk_axis_category(&panel->y, bars[i].name);
    // Stages may differ from bar to bar; a series is a stage's name.
    g_autoptr(GHashTable) series = g_hash_table_new(g_str_hash, g_str_equal);
    for (gsize i = 0; i < n; i++) {
        double from = 0;
        for (gsize k = 0; k < bars[i].n_stages; k++) {
            double length = bars[i].us[k] * 1e-6;
            if (!(length > 0) || isinf(length))
                continue;
            RkSeries *s = g_hash_table_lookup(series, bars[i].stage[k]);
            if (s == NULL) {
                s = rk_chart_series(chart, 0, bars[i].stage[k], RK_SERIES_SPANS);
                g_hash_table_insert(series, (gpointer)bars[i].stage[k], s);
            }
            rk_series_add_low(s, from + length, from, i);
            from += length;
        }
    }
    summarize(chart, bars, n);
    return chart;
}
