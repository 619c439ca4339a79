// SPDX-License-Identifier: GPL-3.0-or-later
//
// A chart on the screen: its title, a menu, the plot, and in its place the same in figures. Hover
// shows exact values; the wheel with Ctrl, a pinch, a drag or + and - magnify, a drag then moves, a
// double click or 0 shows all again; arrows move a cursor; a click in the legend hides or shows,
// with Ctrl it pins. Main thread.
//
// Actions, of the group "chart": zoom-in, zoom-out, reset, table (stateful), copy-picture,
// copy-table, save ("png", "svg", "csv"), series-N and pin-N (stateful, N a style).
#pragma once

#include "ui/chart_plot.h"

#define RK_TYPE_CHART_VIEW (rk_chart_view_get_type())
G_DECLARE_FINAL_TYPE(RkChartView, rk_chart_view, RK, CHART_VIEW, AdwBin)

GtkWidget *rk_chart_view_new(void);

// Takes the chart; NULL empties the view.
void rk_chart_view_set_chart(RkChartView *view, RkChart *chart);

// The chart, to change or to append to, and then to call rk_chart_view_changed(); the view's. NULL
// when there is none. The view says itself which points are settled and which ranges are shown.
RkChart *rk_chart_view_chart(RkChartView *view);

// Points were appended and nothing else (cheap: only the end is drawn again; ranges get room
// ahead), or anything changed: names, series, points that are gone. After the last points of a run
// call it once with FALSE, so that the ranges fit.
void rk_chart_view_changed(RkChartView *view, gboolean only_appended);

RkChartPlot *rk_chart_view_plot(RkChartView *view);

// Writes the chart as it is shown, by the ending of the path: png, svg or csv (all figures).
gboolean rk_chart_view_save(RkChartView *view, const char *path, GError **error);
