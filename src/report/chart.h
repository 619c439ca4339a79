// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a chart shows, apart from how it is drawn: axes, series, marks, and the same in words and in
// figures. A chart has one to three panels above each other that share the x axis. Built once or
// appended to while a run goes on; layout.h places it, draw.h draws it, hit.h finds what is under
// the pointer. Owner's thread. Names from data are cleaned when they come in.
#pragma once

#include "report/axis.h"
#include "report/table.h"
#include "report/theme.h"

typedef enum {
    RK_SERIES_LINE,   // x, y; x ascends. NaN interrupts it
    RK_SERIES_BAND,   // between low and y over x; x ascends
    RK_SERIES_POINTS, // x, y and maybe a size
    RK_SERIES_BINS,   // bars from 0 to y, between low and x: a histogram
    RK_SERIES_SPANS,  // horizontal bars from low to x in row y: stacked when they meet
    RK_SERIES_CELLS,  // squares at column x, row y, coloured by size
} RkSeriesKind;

typedef enum {
    RK_POINT_HOLLOW = 1 << 0,  // not to be relied on (an invalid measurement), or not on the front
    RK_POINT_LABEL = 1 << 1,   // its name is shown where there is room
    RK_POINT_OUTLINE = 1 << 2, // stands out: the recommended one
} RkPointFlags;

typedef struct {
    char *name;
    RkSeriesKind kind;
    guint style;      // colour, dash and marker: 0, 1, 2 ...; the same name has the same
    RkInk ink;        // instead of the style's, or RK_INK_NONE
    gboolean stepped; // a line goes across, then up
    gboolean dashed;  // a bound or a guess, whatever the style
    gboolean faint;   // in the background
    gboolean quiet;   // not in the legend nor labelled
    gboolean hidden;  // by the user
    gboolean dimmed;  // others were pinned by the user: in grey, below them
    gboolean markers; // a line shows its points, when they are few
    gsize n, capacity;
    gsize n_settled;   // drawn in the data layer; the rest is the live tail
    double *x, *y;     // [n]
    double *low;       // [n] of bands, bins and spans, else NULL
    double *size;      // [n] of points and cells, or NULL
    guint8 *flags;     // [n] RkPointFlags, or NULL
    GPtrArray *labels; // [n] of names or NULL, or NULL
} RkSeries;

// A line across the whole plot.
typedef struct {
    gboolean vertical;
    double value;
    char *label; // "limit 20 ms"
    RkInk ink;   // RK_INK_LIMIT, RK_INK_NEUTRAL
} RkMark;

typedef struct {
    RkChartAxis y;
    GPtrArray *series; // of RkSeries
    GArray *marks;     // of RkMark
    double weight;     // share of the height
    RkUnit size_unit;  // of the series' sizes
    char *size_title;  // "Throughput"; NULL without sizes
} RkPanel;

typedef enum { RK_LEGEND_AUTO, RK_LEGEND_NONE, RK_LEGEND_TOP } RkLegend;

typedef struct {
    char *kind;    // "throughput": its word in charts.def; NULL for none
    char *title;   // "Throughput against p99"
    char *summary; // one sentence with what there is to see
    char *note;    // small print below the legend, or NULL
    char *empty;   // what to say when there is nothing to show
    RkChartAxis x;
    GPtrArray *panels; // of RkPanel
    RkLegend legend;
    GPtrArray *styles; // names, in the order of their styles
} RkChart;

// One panel to begin with: chart->panels[0].
RkChart *rk_chart_new(const char *title);
void rk_chart_free(RkChart *chart);

RkPanel *rk_chart_panel(const RkChart *chart, guint i);
RkPanel *rk_chart_add_panel(RkChart *chart, double weight);

void rk_chart_set_summary(RkChart *chart, const char *format, ...) G_GNUC_PRINTF(2, 3);
void rk_chart_set_note(RkChart *chart, const char *note);

// A new series; the chart's. The pointer holds as long as the chart.
RkSeries *rk_chart_series(RkChart *chart, guint panel, const char *name, RkSeriesKind kind);

void rk_series_add(RkSeries *series, double x, double y);
void rk_series_add_low(RkSeries *series, double x, double low, double y);
void rk_series_add_point(RkSeries *series, double x, double y, double size, unsigned flags,
                         const char *label);
void rk_series_drop_first(RkSeries *series, gsize n); // of a live window
void rk_series_settle(RkSeries *series);              // what there is needs no drawing again

void rk_chart_mark(RkChart *chart, guint panel, gboolean vertical, double value, RkInk ink,
                   const char *label);

// Fits every axis to the series that aren't hidden. After changing data and before layout.
void rk_chart_fit(RkChart *chart);

// Whether there is a point that could be drawn.
gboolean rk_chart_is_empty(const RkChart *chart);

RkInk rk_series_ink(const RkSeries *series);

// A point in words: "int8: p99 latency 1.25 ms, throughput 12.4 k/s". Free it.
char *rk_point_text(const RkChart *chart, const RkPanel *panel, const RkSeries *series, gsize i);

// The same in figures: a column for each series where they share x, else a row for each point; of
// at most `max_rows`, and it says how many were left out.
RkFigureTable *rk_chart_table(const RkChart *chart, gsize max_rows);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkChart, rk_chart_free)
