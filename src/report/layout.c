// SPDX-License-Identifier: GPL-3.0-or-later
//
// From outside to inside: title and legend above, x labels below, then each panel's height, its
// ticks and what their labels need on the left, at last the plots.
#include "report/layout-private.h"

#include <math.h>

#define PAD          8.0  // px around the chart and between a tick label and the plot
#define PANEL_GAP    14.0 // px between panels
#define ROW_HEIGHT   24.0 // px of a bar or a row of cells
#define X_TICK_ROOM  76.0 // px between labels on x, to begin with
#define Y_TICK_ROOM  38.0
#define MAX_RADIUS   15.0 // px of the largest point
#define POINT_RADIUS 4.5

static void
placed_clear(gpointer placed)
{
    g_free(((RkPlaced *)placed)->text);
}

static void
entry_clear(gpointer entry)
{
    g_free(((RkLegendEntry *)entry)->text);
}

static void
panel_layout_free(gpointer data)
{
    RkPanelLayout *panel = data;
    g_clear_pointer(&panel->ticks, g_array_unref);
    g_array_unref(panel->labels);
    g_free(panel->title);
    g_free(panel);
}

void
rk_layout_free(RkLayout *layout)
{
    if (layout == NULL)
        return;
    g_free(layout->title);
    g_ptr_array_unref(layout->panels);
    g_clear_pointer(&layout->x_ticks, g_array_unref);
    g_free(layout->x_title);
    g_array_unref(layout->legend);
    g_free(layout->legend_more);
    g_ptr_array_unref(layout->note);
    g_free(layout);
}

double
rk_layout_line_height(const RkLayout *layout)
{
    return RK_TEXT_SMALL * 1.4 * rk_measure_scale(layout->measure);
}

const RkPanelLayout *
rk_layout_panel(const RkLayout *layout, guint i)
{
    return g_ptr_array_index(layout->panels, i);
}

static double
small_width(const RkLayout *layout, const char *text)
{
    return rk_measure_width(layout->measure, text, RK_TEXT_SMALL, FALSE);
}

// ---- y -------------------------------------------------------------------------------------

static double
widest_tick(const RkLayout *layout, const GArray *ticks)
{
    double width = 0;
    for (guint i = 0; i < ticks->len; i++) {
        const char *label = g_array_index(ticks, RkTick, i).label;
        if (label != NULL)
            width = MAX(width, small_width(layout, label));
    }
    return width;
}

// Names of categories are shortened to a share of the width; numbers never are.
static void
fit_names(const RkLayout *layout, GArray *ticks, double width)
{
    for (guint i = 0; i < ticks->len; i++) {
        RkTick *tick = &g_array_index(ticks, RkTick, i);
        if (tick->label == NULL)
            continue;
        char *fitted = rk_measure_fit(layout->measure, tick->label, RK_TEXT_SMALL, FALSE, width);
        g_free(tick->label);
        tick->label = fitted;
    }
}

// Lays out the panels between top and bottom; returns the width of the widest label on y.
static double
lay_out_heights(RkLayout *layout, double top, double bottom)
{
    double line = rk_layout_line_height(layout), weights = 0, width = 0;
    guint n = layout->panels->len;
    for (guint i = 0; i < n; i++)
        weights += rk_layout_panel(layout, i)->panel->weight;
    double free = MAX(bottom - top - n * (line + 8) - (n - 1) * PANEL_GAP, 20.0 * n);
    for (guint i = 0; i < n; i++) {
        RkPanelLayout *p = g_ptr_array_index(layout->panels, i);
        const RkChartAxis *y = &p->panel->y;
        gboolean titled = y->title[0] != '\0';
        p->baseline = top + line * 0.75;
        p->plot.y = top + (titled ? line + 8 : 8);
        p->plot.height = free * p->panel->weight / weights + (titled ? 0 : line);
        top = p->plot.y + p->plot.height + PANEL_GAP;
        double room = y->scale == RK_SCALE_CATEGORY ? line : Y_TICK_ROOM;
        p->ticks = rk_axis_ticks(y, MAX(p->plot.height / room, 2));
        if (y->scale == RK_SCALE_CATEGORY)
            fit_names(layout, p->ticks, layout->width * 0.34);
        width = MAX(width, widest_tick(layout, p->ticks));
    }
    return width;
}

// ---- x -------------------------------------------------------------------------------------

// Whether labels on x come closer to each other than a space's width.
static gboolean
labels_touch(const RkLayout *layout, const GArray *ticks, double width)
{
    double end = -INFINITY;
    for (guint i = 0; i < ticks->len; i++) {
        const RkTick *tick = &g_array_index(ticks, RkTick, i);
        if (tick->label == NULL)
            continue;
        double at = rk_axis_place(&layout->chart->x, tick->value) * width;
        double half = small_width(layout, tick->label) / 2;
        if (at - half < end + 8)
            return TRUE;
        end = at + half;
    }
    return FALSE;
}

static void
lay_out_x(RkLayout *layout, double width)
{
    const RkChartAxis *x = &layout->chart->x;
    double n = MAX(width / X_TICK_ROOM, 2);
    if (x->scale == RK_SCALE_CATEGORY) {
        double each = width / MAX(x->hi - x->lo, 1);
        layout->x_ticks = rk_axis_ticks(x, MAX(width / 30, 1));
        fit_names(layout, layout->x_ticks, MAX(each, 30) - 8);
        return;
    }
    for (int attempt = 0; attempt < 6; attempt++, n *= 0.7) {
        g_clear_pointer(&layout->x_ticks, g_array_unref);
        layout->x_ticks = rk_axis_ticks(x, n);
        if (!labels_touch(layout, layout->x_ticks, width))
            return;
    }
    // What is left over: unlabel every second one.
    for (guint i = 1; i < layout->x_ticks->len; i += 2)
        g_clear_pointer(&g_array_index(layout->x_ticks, RkTick, i).label, g_free);
}

// ---- the whole -----------------------------------------------------------------------------

static double
lay_out_title(RkLayout *layout, unsigned flags)
{
    if (!(flags & RK_LAYOUT_TITLE))
        return PAD;
    double size = RK_TEXT_TITLE * rk_measure_scale(layout->measure);
    layout->title = rk_measure_fit(layout->measure, layout->chart->title, RK_TEXT_TITLE, TRUE,
                                   layout->width - 2 * PAD);
    layout->title_at = (RkPoint){PAD, PAD + size};
    return PAD + size * 1.6;
}

// Breaks the note into lines of the chart's width.
static double
lay_out_note(RkLayout *layout, double bottom)
{
    const char *note = layout->chart->note;
    if (note == NULL || note[0] == '\0')
        return bottom;
    g_auto(GStrv) words = g_strsplit(note, " ", -1);
    g_autoptr(GString) line = g_string_new(NULL);
    for (char **word = words; *word != NULL; word++) {
        g_autofree char *longer =
            g_strdup_printf("%s%s%s", line->str, line->len > 0 ? " " : "", *word);
        if (line->len > 0 && small_width(layout, longer) > layout->width - 2 * PAD) {
            g_ptr_array_add(layout->note, g_strdup(line->str));
            g_string_assign(line, *word);
        } else {
            g_string_assign(line, longer);
        }
    }
    g_ptr_array_add(layout->note, g_strdup(line->str));
    double height = layout->note->len * rk_layout_line_height(layout);
    layout->note_at = (RkPoint){PAD, bottom - height + rk_layout_line_height(layout) * 0.75};
    return bottom - height - 4;
}

static double
lay_out_bottom(RkLayout *layout)
{
    double line = rk_layout_line_height(layout);
    double bottom = lay_out_note(layout, layout->height - PAD / 2);
    if (layout->x_title[0] != '\0') {
        layout->x_title_at.y = bottom - line * 0.3;
        bottom -= line;
    }
    layout->x_label_y = bottom - line * 0.3;
    return bottom - line - 4;
}

static void
lay_out_plots(RkLayout *layout, double left, double right)
{
    double width = MAX(right - left, 20);
    for (guint i = 0; i < layout->panels->len; i++) {
        RkPanelLayout *p = g_ptr_array_index(layout->panels, i);
        g_autofree char *title = rk_axis_full_title(&p->panel->y);
        p->plot.x = left;
        p->plot.width = width;
        p->title =
            rk_measure_fit(layout->measure, title, RK_TEXT_SMALL, FALSE, layout->width - 2 * PAD);
    }
    layout->x_title_at.x = left + width / 2;
    g_autofree char *whole = g_steal_pointer(&layout->x_title);
    layout->x_title =
        rk_measure_fit(layout->measure, whole, RK_TEXT_SMALL, FALSE, layout->width - 2 * PAD);
    double half = MIN(layout->x_title_at.x, layout->width - layout->x_title_at.x) - PAD;
    if (small_width(layout, layout->x_title) / 2 > half)
        layout->x_title_at.x = layout->width / 2;
    lay_out_x(layout, width);
}

RkLayout *
rk_layout_new(RkChart *chart, RkMeasure *measure, double width, double height, unsigned flags)
{
    RkLayout *layout = g_new0(RkLayout, 1);
    layout->chart = chart;
    layout->measure = measure;
    layout->width = MAX(width, 120);
    layout->height = MAX(height, 80);
    layout->flags = flags;
    layout->panels = g_ptr_array_new_with_free_func(panel_layout_free);
    layout->legend = g_array_new(FALSE, FALSE, sizeof(RkLegendEntry));
    g_array_set_clear_func(layout->legend, entry_clear);
    layout->note = g_ptr_array_new_with_free_func(g_free);
    layout->x_title = rk_axis_full_title(&chart->x);
    for (guint i = 0; i < chart->panels->len; i++) {
        RkPanelLayout *p = g_new0(RkPanelLayout, 1);
        p->panel = rk_chart_panel(chart, i);
        p->labels = g_array_new(FALSE, FALSE, sizeof(RkPlaced));
        g_array_set_clear_func(p->labels, placed_clear);
        g_ptr_array_add(layout->panels, p);
    }
    double top = rk_layout_legend(layout, lay_out_title(layout, flags));
    double label_width = lay_out_heights(layout, top, lay_out_bottom(layout));
    double right = rk_layout_labels_lines(layout) ? rk_layout_label_width(layout) + 12 : 14;
    lay_out_plots(layout, PAD + label_width + (label_width > 0 ? PAD : 0), layout->width - right);
    rk_layout_labels(layout);
    return layout;
}

double
rk_layout_natural_height(const RkChart *chart, double width)
{
    guint rows = 0;
    for (guint i = 0; i < chart->panels->len; i++) {
        const RkChartAxis *y = &rk_chart_panel(chart, i)->y;
        rows += y->scale == RK_SCALE_CATEGORY ? y->categories->len : 0;
    }
    double legend = (width < 480 ? 2 : 1) * 18.0 + (chart->note != NULL ? 32 : 0);
    if (rows > 0)
        return 72 + legend + MAX(rows, 2) * ROW_HEIGHT;
    double one = CLAMP(width * 0.46, 250, 340);
    return one * (1 + 0.62 * (chart->panels->len - 1)) + (chart->note != NULL ? 16 : 0);
}

// ---- places --------------------------------------------------------------------------------

RkPoint
rk_layout_point(const RkLayout *layout, const RkPanelLayout *panel, double x, double y)
{
    if (!rk_axis_can_show(&layout->chart->x, x) || !rk_axis_can_show(&panel->panel->y, y))
        return (RkPoint){NAN, NAN};
    const double FAR = 1e4; // plots away; further out differences would overflow
    double across = CLAMP(rk_axis_place(&layout->chart->x, x), -FAR, FAR);
    double up = CLAMP(rk_axis_place(&panel->panel->y, y), -FAR, FAR);
    if (panel->panel->y.scale == RK_SCALE_CATEGORY)
        up = 1 - up; // rows read from top to bottom
    return (RkPoint){
        panel->plot.x + across * panel->plot.width,
        panel->plot.y + (1 - up) * panel->plot.height,
    };
}

static double
largest_size(const RkPanel *panel)
{
    double largest = 0;
    for (guint i = 0; i < panel->series->len; i++) {
        const RkSeries *s = g_ptr_array_index(panel->series, i);
        for (gsize k = 0; s->size != NULL && k < s->n; k++)
            if (isfinite(s->size[k]))
                largest = MAX(largest, s->size[k]);
    }
    return largest;
}

// The area of a point goes with its size.
double
rk_layout_radius(const RkPanelLayout *panel, const RkSeries *series, gsize i)
{
    if (series->size == NULL || panel->panel->size_title == NULL)
        return POINT_RADIUS;
    double largest = largest_size(panel->panel);
    if (!(largest > 0) || !(series->size[i] > 0))
        return 2.5;
    double most = CLAMP(panel->plot.width / 32, 7, MAX_RADIUS);
    return MAX(2.5, most * sqrt(MIN(series->size[i] / largest, 1)));
}
