// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which part of a plot is shown, and which series.
#include "ui/chart_plot-private.h"

gboolean
rk_chart_plot_is_zoomed(RkChartPlot *plot)
{
    gboolean zoomed = plot->chart != NULL && rk_axis_is_zoomed(&plot->chart->x);
    for (guint i = 0; plot->chart != NULL && i < plot->chart->panels->len; i++)
        zoomed |= rk_axis_is_zoomed(&rk_chart_panel(plot->chart, i)->y);
    return zoomed;
}

void
rk_chart_plot_reset(RkChartPlot *plot)
{
    if (!rk_chart_plot_is_zoomed(plot))
        return;
    rk_axis_reset(&plot->chart->x);
    for (guint i = 0; i < plot->chart->panels->len; i++)
        rk_axis_reset(&rk_chart_panel(plot->chart, i)->y);
    rk_chart_plot_renew(plot);
    rk_chart_plot_view_changed(plot);
}

static RkSeries *
find_style(RkChartPlot *plot, guint style)
{
    for (guint p = 0; plot->chart != NULL && p < plot->chart->panels->len; p++) {
        GPtrArray *series = rk_chart_panel(plot->chart, p)->series;
        for (guint i = 0; i < series->len; i++)
            if (((RkSeries *)g_ptr_array_index(series, i))->style == style)
                return g_ptr_array_index(series, i);
    }
    return NULL;
}

typedef struct {
    RkChartPlot *plot;
    guint style;
    gboolean hidden;
} Hide;

static void
hide_style(RkPanel *panel, RkSeries *s, gpointer data)
{
    const Hide *hide = data;
    if (s->style == hide->style)
        s->hidden = hide->hidden;
}

void
rk_chart_plot_set_hidden(RkChartPlot *plot, guint style, gboolean hidden)
{
    Hide hide = {plot, style, hidden};
    if (find_style(plot, style) == NULL)
        return;
    rk_chart_plot_each(plot->chart, hide_style, &hide);
    rk_chart_plot_renew(plot);
    rk_chart_plot_view_changed(plot);
}

gboolean
rk_chart_plot_is_hidden(RkChartPlot *plot, guint style)
{
    const RkSeries *series = find_style(plot, style);
    return series != NULL && series->hidden;
}

static void
dim(RkPanel *panel, RkSeries *s, gpointer data)
{
    GHashTable *pinned = ((RkChartPlot *)data)->pinned;
    s->dimmed =
        g_hash_table_size(pinned) > 0 && !g_hash_table_contains(pinned, GUINT_TO_POINTER(s->style));
}

void
rk_chart_plot_set_pinned(RkChartPlot *plot, guint style, gboolean pinned)
{
    if (find_style(plot, style) == NULL)
        return;
    if (pinned)
        g_hash_table_add(plot->pinned, GUINT_TO_POINTER(style));
    else
        g_hash_table_remove(plot->pinned, GUINT_TO_POINTER(style));
    rk_chart_plot_each(plot->chart, dim, plot);
    rk_chart_plot_invalidate(plot, TRUE);
    rk_chart_plot_view_changed(plot);
}

gboolean
rk_chart_plot_is_pinned(RkChartPlot *plot, guint style)
{
    return g_hash_table_contains(plot->pinned, GUINT_TO_POINTER(style));
}
