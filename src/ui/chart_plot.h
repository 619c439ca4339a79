// SPDX-License-Identifier: GPL-3.0-or-later
//
// The picture of a chart that takes pointer and keys; chart_view.h puts a title, a menu and the
// table around it. Axes and grid, settled data in chunks, the live tail and the marks are render
// nodes that are kept; only what changed is drawn again. Main thread.
//
// Signal "view-changed": the part that is shown, or which series are, changed.
#pragma once

#include "report/chart.h"

#include <adwaita.h>

#define RK_TYPE_CHART_PLOT (rk_chart_plot_get_type())
G_DECLARE_FINAL_TYPE(RkChartPlot, rk_chart_plot, RK, CHART_PLOT, GtkWidget)

GtkWidget *rk_chart_plot_new(void);

// Takes the chart, or NULL for none.
void rk_chart_plot_set_chart(RkChartPlot *plot, RkChart *chart);
RkChart *rk_chart_plot_chart(RkChartPlot *plot);

// After changing the chart; see rk_chart_view_changed().
void rk_chart_plot_changed(RkChartPlot *plot, gboolean only_appended);

// What is shown beside the cursor, a line a series; NULL for nothing.
const char *rk_chart_plot_tip(RkChartPlot *plot);

// ---- what is shown -------------------------------------------------------------------------

// Magnifies `factor` times (below 1: takes in more) around the cursor, else the middle.
void rk_chart_plot_zoom(RkChartPlot *plot, double factor);
void rk_chart_plot_reset(RkChartPlot *plot);
gboolean rk_chart_plot_is_zoomed(RkChartPlot *plot);

// Hides or shows every series of a style, which share a name.
void rk_chart_plot_set_hidden(RkChartPlot *plot, guint style, gboolean hidden);
gboolean rk_chart_plot_is_hidden(RkChartPlot *plot, guint style);

// The rest goes grey while some are pinned.
void rk_chart_plot_set_pinned(RkChartPlot *plot, guint style, gboolean pinned);
gboolean rk_chart_plot_is_pinned(RkChartPlot *plot, guint style);

// How often a layer was drawn so far; for tests and benches of what is kept.
typedef struct {
    guint64 n_grid, n_data, n_tail;
} RkChartPlotDraws;

RkChartPlotDraws rk_chart_plot_draws(RkChartPlot *plot);
