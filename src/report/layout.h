// SPDX-License-Identifier: GPL-3.0-or-later
//
// Where everything of a chart goes, in px: plots, ticks, titles, legend, labels. Made from a fitted
// chart for one size; made again when size, range or names change. It refers to the chart, which
// must outlive it. Owner's thread.
#pragma once

#include "report/canvas.h"
#include "report/chart.h"

#define RK_TEXT_SMALL 11.0 // px: ticks, labels, legend
#define RK_TEXT_TITLE 14.0

typedef enum {
    RK_LAYOUT_TITLE = 1 << 0,   // the chart's title above it
    RK_LAYOUT_SQUEEZE = 1 << 1, // a live chart: room for labels is kept, so that plots don't jump
    RK_LAYOUT_LEGEND = 1 << 2   // names stand in a legend, to be clicked, and not at lines' ends
} RkLayoutFlags;

// A text with its place; x is at its anchor, y its baseline.
typedef struct {
    RkPoint at;
    char *text;
    RkAnchor anchor;
    RkInk ink;
    RkPoint from; // what it belongs to: a leader is drawn when it is apart; NaN for none
} RkPlaced;

typedef struct {
    RkPanel *panel;
    RkRect plot;
    GArray *ticks;   // of RkTick, on y
    GArray *labels;  // of RkPlaced: direct labels of lines, names of points, marks' texts
    char *title;     // y axis title with unit
    double baseline; // of the title
} RkPanelLayout;

typedef struct {
    const RkSeries *series;
    RkRect box; // swatch and name, for clicks too
    char *text;
    gboolean line; // the swatch shows a line
} RkLegendEntry;

typedef struct {
    RkChart *chart;
    RkMeasure *measure;
    double width, height;
    unsigned flags;
    char *title; // shortened to fit; NULL for none
    RkPoint title_at;
    GPtrArray *panels; // of RkPanelLayout
    GArray *x_ticks;   // of RkTick
    char *x_title;
    RkPoint x_title_at; // middle
    double x_label_y;   // baseline
    GArray *legend;     // of RkLegendEntry
    char *legend_more;  // "+ 9 more", or NULL
    RkPoint legend_more_at;
    GPtrArray *note; // lines of the note
    RkPoint note_at; // baseline of the first
} RkLayout;

// `measure` must outlive the layout. Sizes below 120 x 80 are laid out as that.
RkLayout *rk_layout_new(RkChart *chart, RkMeasure *measure, double width, double height,
                        unsigned flags);
void rk_layout_free(RkLayout *layout);

const RkPanelLayout *rk_layout_panel(const RkLayout *layout, guint i);

// The height that suits the chart at a width: rows of bars and cells need theirs.
double rk_layout_natural_height(const RkChart *chart, double width);

// Values to px in a panel; NaN where they can't be shown.
RkPoint rk_layout_point(const RkLayout *layout, const RkPanelLayout *panel, double x, double y);

// Radius in px of a point of a series.
double rk_layout_radius(const RkPanelLayout *panel, const RkSeries *series, gsize i);

double rk_layout_line_height(const RkLayout *layout);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkLayout, rk_layout_free)
