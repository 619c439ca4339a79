// SPDX-License-Identifier: GPL-3.0-or-later
//
// Names of series: at the right ends of lines where there is room, else in a legend above.
#include "report/layout-private.h"

#include <math.h>

#define PAD        8.0
#define GAP        16.0  // px between entries
#define NAME_WIDTH 220.0 // px that a name may take
#define MIN_DIRECT 460.0 // px of the chart's width, from which on names stand at lines' ends
#define MAX_DIRECT 8     // lines that still can be told apart by names at their ends
#define MAX_ROWS   4

static gboolean
is_named(const RkSeries *s)
{
    return !s->quiet && s->kind != RK_SERIES_CELLS && s->name[0] != '\0';
}

// A line that ends far from the right edge would be tied to its name by a long leader.
static gboolean
ends_at_right(const RkChart *chart, const RkSeries *s)
{
    RkChartAxis whole = chart->x;
    rk_axis_reset(&whole);
    return s->n == 0 || rk_axis_place(&whole, s->x[s->n - 1]) > 0.85;
}

gboolean
rk_layout_labels_lines(const RkLayout *layout)
{
    const RkChart *chart = layout->chart;
    if (chart->legend != RK_LEGEND_AUTO || layout->width < MIN_DIRECT ||
        (layout->flags & RK_LAYOUT_LEGEND))
        return FALSE;
    guint n = 0;
    for (guint p = 0; p < chart->panels->len; p++) {
        const RkPanel *panel = rk_chart_panel(chart, p);
        guint here = 0;
        for (guint i = 0; i < panel->series->len; i++) {
            const RkSeries *s = g_ptr_array_index(panel->series, i);
            if (!is_named(s))
                continue;
            if (s->kind != RK_SERIES_LINE || !ends_at_right(chart, s))
                return FALSE;
            here++;
        }
        n += here;
        if (here > MAX_DIRECT || here * rk_layout_line_height(layout) > layout->height * 0.6)
            return FALSE;
    }
    return n > 1;
}

double
rk_layout_label_width(const RkLayout *layout)
{
    double width = 0;
    for (guint p = 0; p < layout->chart->panels->len; p++) {
        const RkPanel *panel = rk_chart_panel(layout->chart, p);
        for (guint i = 0; i < panel->series->len; i++) {
            const RkSeries *s = g_ptr_array_index(panel->series, i);
            if (is_named(s))
                width =
                    MAX(width, rk_measure_width(layout->measure, s->name, RK_TEXT_SMALL, FALSE));
        }
    }
    return MIN(width + 8, layout->width * 0.28);
}

static gboolean
has_entry(const RkLayout *layout, const RkSeries *series)
{
    for (guint i = 0; i < layout->legend->len; i++)
        if (g_array_index(layout->legend, RkLegendEntry, i).series->style == series->style)
            return TRUE;
    return FALSE;
}

// Places one entry at *at or in the next row; FALSE when no row is left.
static gboolean
place(RkLayout *layout, const RkSeries *series, RkPoint *at, double first_row)
{
    double line = rk_layout_line_height(layout);
    double room = layout->width - 2 * PAD;
    char *text = rk_measure_fit(layout->measure, series->name, RK_TEXT_SMALL, FALSE,
                                MIN(NAME_WIDTH, room - RK_SWATCH_WIDTH - 6));
    double width =
        RK_SWATCH_WIDTH + 6 + rk_measure_width(layout->measure, text, RK_TEXT_SMALL, FALSE);
    if (at->x > PAD && at->x + width > layout->width - PAD)
        *at = (RkPoint){PAD, at->y + line + 2};
    if (at->y >= first_row + MAX_ROWS * (line + 2)) {
        g_free(text);
        return FALSE;
    }
    gboolean is_line = series->kind == RK_SERIES_LINE;
    RkLegendEntry entry = {series, {at->x, at->y, width, line}, text, is_line};
    g_array_append_val(layout->legend, entry);
    at->x += width + GAP;
    return TRUE;
}

double
rk_layout_legend(RkLayout *layout, double top)
{
    const RkChart *chart = layout->chart;
    if (chart->legend == RK_LEGEND_NONE || rk_layout_labels_lines(layout))
        return top;
    RkPoint at = {PAD, top};
    guint left_out = 0;
    for (guint p = 0; p < chart->panels->len; p++) {
        const RkPanel *panel = rk_chart_panel(chart, p);
        for (guint i = 0; i < panel->series->len; i++) {
            const RkSeries *s = g_ptr_array_index(panel->series, i);
            if (is_named(s) && !has_entry(layout, s) &&
                (left_out > 0 || !place(layout, s, &at, top)))
                left_out++;
        }
    }
    if (layout->legend->len == 0)
        return top;
    double line = rk_layout_line_height(layout);
    if (left_out > 0) {
        layout->legend_more = g_strdup_printf("+ %u more", left_out);
        layout->legend_more_at = (RkPoint){PAD, at.y + line * 0.75};
    }
    gboolean single = layout->legend->len == 1 && chart->legend == RK_LEGEND_AUTO;
    if (single) { // the axis title says it
        g_array_set_size(layout->legend, 0);
        return top;
    }
    return at.y + line + 6;
}
