// SPDX-License-Identifier: GPL-3.0-or-later
//
// Lines and bands: decimated, and where they are dense filled instead of stroked.
#include "report/draw-private.h"

#include <math.h>

#define MAX_MARKERS 60 // points of a line that still get one

static GArray *
line_points(const RkStretch *st, const double *y)
{
    const RkRect *plot = &st->panel->plot;
    return rk_decimate_line(&st->layout->chart->x, &st->panel->panel->y, st->series->x + st->from,
                            y + st->from, st->to - st->from, plot->x, plot->y, plot->width,
                            plot->height);
}

// Across, then up.
static GArray *
steps(const GArray *points)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(RkPoint));
    for (guint i = 0; i < points->len; i++) {
        RkPoint p = g_array_index(points, RkPoint, i);
        if (i > 0 && !isnan(p.y) && !isnan(g_array_index(points, RkPoint, i - 1).y)) {
            RkPoint corner = {p.x, g_array_index(points, RkPoint, i - 1).y};
            g_array_append_val(out, corner);
        }
        g_array_append_val(out, p);
    }
    return out;
}

static void
draw_line_markers(const RkStretch *st)
{
    for (gsize i = st->from; i < st->to; i++) {
        const RkSeries *s = st->series;
        RkPoint p = rk_layout_point(st->layout, st->panel, s->x[i], s->y[i]);
        if (isnan(p.y))
            continue;
        rk_begin_tip(st, i);
        rk_draw_marker(st, p, 3.5, s->flags != NULL ? s->flags[i] : 0);
        rk_end_tip(st);
    }
}

static gboolean
is_alone(const GArray *points, guint i) // between gaps a line of one point would not be seen
{
    return !isnan(g_array_index(points, RkPoint, i).y) &&
           (i == 0 || isnan(g_array_index(points, RkPoint, i - 1).y)) &&
           (i + 1 == points->len || isnan(g_array_index(points, RkPoint, i + 1).y));
}

// Several points in each pixel column: a stroke would cover itself many times over, which costs
// hundreds of times what its outline does.
static gboolean
is_dense(const GArray *points)
{
    const guint FEW = 400;
    if (points->len < FEW)
        return FALSE;
    const RkPoint *p = (const RkPoint *)(const void *)points->data;
    return points->len > 1.5 * (p[points->len - 1].x - p[0].x);
}

// Fills the outline of the columns [of Column] and forgets them: to the right along the tops, back
// along the bottoms, all edges upright or level, which cairo fills as boxes.
typedef struct {
    double x, top, bottom;
} Column;

static void
fill_columns(const RkStretch *st, GArray *columns)
{
    const RkStyle style = {.fill = rk_series_ink(st->series)};
    const double half = 0.75; // of a line's width
    guint n = columns->len;
    g_autofree RkPoint *outline = g_new(RkPoint, 4 * (gsize)n + 1);
    for (guint i = 0; i < n; i++) {
        const Column *c = &g_array_index(columns, Column, i);
        gsize back = 4 * (gsize)n - 2 * (gsize)i;
        outline[2 * i] = (RkPoint){c->x, c->top - half};
        outline[2 * i + 1] = (RkPoint){c->x + 1, c->top - half};
        outline[back - 1] = (RkPoint){c->x, c->bottom + half};
        outline[back - 2] = (RkPoint){c->x + 1, c->bottom + half};
    }
    if (n > 0)
        st->canvas->class->path(st->canvas, outline, 4 * (gsize)n, TRUE, &style);
    g_array_set_size(columns, 0);
}

static void
draw_dense(const RkStretch *st, const GArray *points)
{
    g_autoptr(GArray) columns = g_array_new(FALSE, FALSE, sizeof(Column));
    double last = NAN; // y of the point before
    for (guint i = 0; i < points->len; i++) {
        RkPoint p = g_array_index(points, RkPoint, i);
        double x = floor(p.x);
        Column *c = columns->len > 0 ? &g_array_index(columns, Column, columns->len - 1) : NULL;
        gboolean full = c != NULL && c->x != x && columns->len == st->canvas->max_columns;
        if (isnan(p.y) || full || (c != NULL && x > c->x + 1)) {
            fill_columns(st, columns);
            c = NULL;
        }
        if (!isnan(p.y) && (c == NULL || c->x != x)) { // goes on from where the last column ended
            double from = isnan(last) ? p.y : last;
            Column fresh = {x, MIN(from, p.y), MAX(from, p.y)};
            g_array_append_val(columns, fresh);
        } else if (!isnan(p.y)) {
            c->top = MIN(c->top, p.y);
            c->bottom = MAX(c->bottom, p.y);
        }
        last = p.y;
    }
    fill_columns(st, columns);
}

void
rk_draw_line_series(const RkStretch *st)
{
    g_autoptr(GArray) points = line_points(st, st->series->y);
    if (!st->series->stepped && is_dense(points)) {
        draw_dense(st, points);
        return;
    }
    g_autoptr(GArray) stepped = st->series->stepped ? steps(points) : NULL;
    const GArray *shown = stepped != NULL ? stepped : points;
    const RkStyle style = rk_line_style(st->series);
    const RkPoint *data = (const RkPoint *)(const void *)shown->data;
    if (shown->len > 1)
        st->canvas->class->path(st->canvas, data, shown->len, FALSE, &style);
    const RkStyle dot = {.fill = rk_series_ink(st->series)};
    for (guint i = 0; i < points->len; i++)
        if (is_alone(points, i))
            st->canvas->class->marker(st->canvas, RK_MARKER_CIRCLE,
                                      g_array_index(points, RkPoint, i), 2.5, &dot);
    if (st->series->markers && st->series->n <= MAX_MARKERS)
        draw_line_markers(st);
}

// The highest of `y` (or the lowest) within each pixel column.
static gboolean
column_extreme(const RkStretch *st, const double *y, gsize from, gsize to, int sign, RkPoint *p)
{
    double best = -INFINITY;
    const RkChartAxis *axis = &st->panel->panel->y;
    gsize at = from;
    for (gsize i = from; i < to; i++)
        if (rk_axis_can_show(axis, y[i]) && sign * y[i] > best) {
            best = sign * y[i];
            at = i;
        }
    if (isinf(best))
        return FALSE;
    *p = rk_layout_point(st->layout, st->panel, st->series->x[at], y[at]);
    return !isnan(p->y);
}

static void
fill_band(const RkStretch *st, GArray *upper, GArray *lower)
{
    const RkStyle style = {.fill = rk_series_ink(st->series),
                           .fill_alpha = st->series->faint ? 0.14 : 0.26};
    for (guint i = lower->len; i-- > 0;)
        g_array_append_val(upper, g_array_index(lower, RkPoint, i));
    if (upper->len >= 3)
        st->canvas->class->path(st->canvas, (const RkPoint *)(const void *)upper->data, upper->len,
                                TRUE, &style);
    g_array_set_size(upper, 0);
    g_array_set_size(lower, 0);
}

void
rk_draw_band_series(const RkStretch *st)
{
    const RkSeries *s = st->series;
    const RkRect *plot = &st->panel->plot;
    RkColumns columns =
        rk_columns(&st->layout->chart->x, s->x + st->from, st->to - st->from, plot->x, plot->width);
    g_autoptr(GArray) upper = g_array_new(FALSE, FALSE, sizeof(RkPoint));
    g_autoptr(GArray) lower = g_array_new(FALSE, FALSE, sizeof(RkPoint));
    gsize from, to;
    while (rk_columns_next(&columns, &from, &to)) {
        RkPoint high, low;
        if (column_extreme(st, s->y, st->from + from, st->from + to, 1, &high) &&
            column_extreme(st, s->low, st->from + from, st->from + to, -1, &low)) {
            g_array_append_val(upper, high);
            g_array_append_val(lower, low);
        } else {
            fill_band(st, upper, lower);
        }
    }
    fill_band(st, upper, lower);
}
