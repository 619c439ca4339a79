// SPDX-License-Identifier: GPL-3.0-or-later
//
// The plot's parts: chart_plot.c keeps the nodes, chart_plot_shown.c says what is shown,
// chart_plot_input.c takes pointer and keys, chart_plot_tip.c shows what is under the cursor.
#pragma once

#include "report/draw.h"
#include "report/hit.h"
#include "ui/chart_plot.h"

struct _RkChartPlot {
    GtkWidget parent;
    RkChart *chart;
    RkMeasure *measure; // NULL after the text size changed
    RkTheme theme;
    RkLayout *layout;  // NULL when it has to be made again
    int width, height; // that the layout was made for
    gboolean live;     // points are being appended: ranges have room ahead
    gsize n_seen;      // points of all series, that the ranges take in

    GskRenderNode *settled, *tail, *marks; // NULL: to be drawn
    GPtrArray *chunks;                     // of GskRenderNode: of tails that settled since
    RkChartPlotDraws draws;

    RkHit hit;    // that the cursor is at; without series: nowhere
    GArray *hits; // of RkHit: the points of all lines there
    char *tip;    // text beside it; or NULL
    PangoLayout *tip_layout;
    guint tip_header; // lines of the tip that belong to no hit

    RkRect box; // being drawn by the pointer; width 0 for none
    gboolean panning;
    double start_x, start_y; // px, where a drag began
    double drag_x, drag_y;   // px, the last place of a drag
    double pinch;            // scale that was applied of a pinch
    double pointer_x, pointer_y;
    GHashTable *pinned; // styles
};

// Whatever is kept goes: the layout, or only how it looks.
void rk_chart_plot_invalidate(RkChartPlot *plot, gboolean layout_too);

// The ranges are fitted to the chart, and all is drawn again.
void rk_chart_plot_renew(RkChartPlot *plot);

typedef void (*RkSeriesFunc)(RkPanel *panel, RkSeries *series, gpointer data);
void rk_chart_plot_each(RkChart *chart, RkSeriesFunc func, gpointer data);

// The layout of the current size; NULL without a chart or a size.
RkLayout *rk_chart_plot_layout(RkChartPlot *plot);

// Puts the cursor on a point (series NULL: takes it away) and makes the tip.
void rk_chart_plot_point_at(RkChartPlot *plot, const RkHit *hit);
void rk_chart_plot_snapshot_tip(RkChartPlot *plot, GtkSnapshot *snapshot);

void rk_chart_plot_add_input(RkChartPlot *plot);
void rk_chart_plot_class_add_keys(GtkWidgetClass *class);
void rk_chart_plot_view_changed(RkChartPlot *plot);
