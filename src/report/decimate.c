// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/decimate.h"

#include <math.h>

// The first index in [from, to) whose x is at least `value`.
static gsize
lower_bound(const double *x, gsize from, gsize to, double value)
{
    while (from < to) {
        gsize middle = from + (to - from) / 2;
        if (x[middle] < value)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

RkColumns
rk_columns(const RkChartAxis *axis, const double *x, gsize n, double left, double width)
{
    gsize from = lower_bound(x, 0, n, axis->lo);
    gsize to = lower_bound(x, from, n, axis->hi);
    while (to < n && x[to] == axis->hi)
        to++;
    return (RkColumns){axis, x, n, left, width, from > 0 ? from - 1 : 0, MIN(n, to + 1)};
}

gboolean
rk_columns_next(RkColumns *c, gsize *from, gsize *to)
{
    if (c->at >= c->end)
        return FALSE;
    *from = c->at;
    double pixel = floor(rk_axis_place(c->axis, c->x[c->at]) * c->width);
    // NaN: a value that the axis can't show stands alone.
    double edge = isfinite(pixel) ? rk_axis_value(c->axis, (pixel + 1) / c->width) : -INFINITY;
    // Columns are short against the whole, so the search doubles its reach first.
    gsize reach = 1;
    while (c->at + reach < c->end && c->x[c->at + reach] < edge)
        reach *= 2;
    *to = lower_bound(c->x, c->at + 1, MIN(c->at + reach, c->end), edge);
    c->at = *to;
    return TRUE;
}

typedef struct {
    const RkChartAxis *x_axis, *y_axis;
    const double *x, *y;
    double left, top, width, height;
    GArray *out;
} Line;

static double
clamp_px(double px) // far outside values must not overflow whoever draws
{
    return CLAMP(px, -1e6, 1e6);
}

static void
put(Line *line, gsize i)
{
    RkPoint p = {
        line->left + clamp_px(rk_axis_place(line->x_axis, line->x[i]) * line->width),
        line->top + line->height - clamp_px(rk_axis_place(line->y_axis, line->y[i]) * line->height),
    };
    g_array_append_val(line->out, p);
}

static void
interrupt(Line *line)
{
    RkPoint gap = {0, NAN};
    guint n = line->out->len;
    if (n > 0 && !isnan(g_array_index(line->out, RkPoint, n - 1).y))
        g_array_append_val(line->out, gap);
}

// First, lowest, highest and last of x[from .. to), all of which can be shown.
static void
put_extremes(Line *line, gsize from, gsize to)
{
    gsize low = from, high = from;
    for (gsize i = from + 1; i < to; i++) {
        if (line->y[i] < line->y[low])
            low = i;
        if (line->y[i] > line->y[high])
            high = i;
    }
    gsize inner[2] = {MIN(low, high), MAX(low, high)};
    put(line, from);
    for (int k = 0; k < 2; k++)
        if (inner[k] != from && inner[k] != to - 1 && (k == 0 || inner[1] != inner[0]))
            put(line, inner[k]);
    if (to - 1 != from)
        put(line, to - 1);
}

GArray *
rk_decimate_line(const RkChartAxis *x_axis, const RkChartAxis *y_axis, const double *x,
                 const double *y, gsize n, double left, double top, double width, double height)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(RkPoint));
    Line line = {x_axis, y_axis, x, y, left, top, width, height, out};
    RkColumns columns = rk_columns(x_axis, x, n, left, width);
    gsize from, to;
    while (rk_columns_next(&columns, &from, &to)) {
        gboolean x_shows = rk_axis_can_show(x_axis, x[from]);
        while (from < to) { // stretches without a gap
            gsize end = from;
            while (end < to && x_shows && rk_axis_can_show(y_axis, y[end]))
                end++;
            if (end > from)
                put_extremes(&line, from, end);
            else
                interrupt(&line);
            from = MAX(end, from + (end == from));
        }
    }
    return out;
}

GArray *
rk_decimate_points(const RkChartAxis *x_axis, const RkChartAxis *y_axis, const double *x,
                   const double *y, gsize n, double width, double height)
{
    GArray *kept = g_array_new(FALSE, FALSE, sizeof(guint32));
    gsize columns = (gsize)MAX(width, 0) + 1, rows = (gsize)MAX(height, 0) + 1;
    g_autofree guint8 *taken = g_new0(guint8, columns * rows);
    for (gsize i = 0; i < n; i++) {
        double at = rk_axis_place(x_axis, x[i]), up = rk_axis_place(y_axis, y[i]);
        if (!rk_axis_can_show(x_axis, x[i]) || !rk_axis_can_show(y_axis, y[i]) ||
            !(at >= 0 && at <= 1 && up >= 0 && up <= 1))
            continue;
        gsize pixel = (gsize)(up * height) * columns + (gsize)(at * width);
        if (taken[pixel])
            continue;
        taken[pixel] = 1;
        guint32 index = (guint32)i;
        g_array_append_val(kept, index);
    }
    return kept;
}
