// SPDX-License-Identifier: GPL-3.0-or-later
//
// One function for each kind of series. A series is told by colour, by dash and by marker.
#include "report/draw-private.h"

#include <math.h>

#define MAX_MARKERS 60   // points of a line that still get one
#define MAX_TIPS    400  // points of a series that show their values on hover
#define MANY_POINTS 4000 // from which on only one point a pixel is drawn

// A stretch of a series, with where it is drawn.
typedef struct {
    const RkLayout *layout;
    const RkPanelLayout *panel;
    const RkSeries *series;
    gsize from, to;
    RkCanvas *canvas;
} Stretch;

typedef void (*DrawKind)(const Stretch *stretch);

static RkDash
dash_of(const RkSeries *s)
{
    if (s->dashed)
        return RK_DASH_LONG;
    return s->ink != RK_INK_NONE ? RK_DASH_NONE : (RkDash)(s->style % RK_N_DASHES);
}

static RkMarker
marker_of(const RkSeries *s)
{
    return (RkMarker)(s->style % RK_N_MARKERS);
}

static RkStyle
line_style(const RkSeries *s)
{
    return (RkStyle){.stroke = rk_series_ink(s), .width = s->faint ? 1 : 2, .dash = dash_of(s)};
}

static RkStyle
marker_style(const RkSeries *s, unsigned flags)
{
    RkInk ink = rk_series_ink(s);
    gboolean hollow = (flags & RK_POINT_HOLLOW) != 0;
    return (RkStyle){.stroke = hollow ? ink : RK_INK_SURFACE,
                     .fill = hollow ? RK_INK_SURFACE : ink,
                     .width = hollow ? 1.5 : 1};
}

// Open markers have no inside to fill.
static RkStyle
open_style(const RkSeries *s)
{
    return (RkStyle){.stroke = rk_series_ink(s), .width = 2};
}

static void
draw_marker(const Stretch *st, RkPoint at, double radius, unsigned flags)
{
    RkMarker marker = marker_of(st->series);
    gboolean open = marker == RK_MARKER_PLUS || marker == RK_MARKER_CROSS;
    RkStyle style = open ? open_style(st->series) : marker_style(st->series, flags);
    const RkStyle ring = {.stroke = RK_INK_TEXT, .width = 1.5};
    st->canvas->class->marker(st->canvas, marker, at, radius, &style);
    if (flags & RK_POINT_OUTLINE)
        st->canvas->class->marker(st->canvas, RK_MARKER_CIRCLE, at, radius + 4, &ring);
}

static void
begin_tip(const Stretch *st, gsize i)
{
    if (st->canvas->class->begin_tip == NULL || st->series->n > MAX_TIPS)
        return;
    g_autofree char *tip = rk_point_text(st->layout->chart, st->panel->panel, st->series, i);
    st->canvas->class->begin_tip(st->canvas, tip);
}

static void
end_tip(const Stretch *st)
{
    if (st->canvas->class->end_tip != NULL && st->series->n <= MAX_TIPS)
        st->canvas->class->end_tip(st->canvas);
}

// ---- lines and bands -----------------------------------------------------------------------

static GArray *
line_points(const Stretch *st, const double *y)
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
draw_line_markers(const Stretch *st)
{
    for (gsize i = st->from; i < st->to; i++) {
        const RkSeries *s = st->series;
        RkPoint p = rk_layout_point(st->layout, st->panel, s->x[i], s->y[i]);
        if (isnan(p.y))
            continue;
        begin_tip(st, i);
        draw_marker(st, p, 3.5, s->flags != NULL ? s->flags[i] : 0);
        end_tip(st);
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
fill_columns(const Stretch *st, GArray *columns)
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
draw_dense(const Stretch *st, const GArray *points)
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

static void
draw_line(const Stretch *st)
{
    g_autoptr(GArray) points = line_points(st, st->series->y);
    if (!st->series->stepped && is_dense(points)) {
        draw_dense(st, points);
        return;
    }
    g_autoptr(GArray) stepped = st->series->stepped ? steps(points) : NULL;
    const GArray *shown = stepped != NULL ? stepped : points;
    const RkStyle style = line_style(st->series);
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
column_extreme(const Stretch *st, const double *y, gsize from, gsize to, int sign, RkPoint *p)
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
fill_band(const Stretch *st, GArray *upper, GArray *lower)
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

static void
draw_band(const Stretch *st)
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

// ---- points --------------------------------------------------------------------------------

static void
draw_point(const Stretch *st, gsize i)
{
    const RkSeries *s = st->series;
    RkPoint p = rk_layout_point(st->layout, st->panel, s->x[i], s->y[i]);
    if (isnan(p.y))
        return;
    begin_tip(st, i);
    draw_marker(st, p, rk_layout_radius(st->panel, s, i), s->flags != NULL ? s->flags[i] : 0);
    end_tip(st);
}

static void
draw_points(const Stretch *st)
{
    const RkSeries *s = st->series;
    const RkRect *plot = &st->panel->plot;
    if (st->to - st->from <= MANY_POINTS) {
        for (gsize i = st->from; i < st->to; i++)
            draw_point(st, i);
        return;
    }
    g_autoptr(GArray) kept =
        rk_decimate_points(&st->layout->chart->x, &st->panel->panel->y, s->x + st->from,
                           s->y + st->from, st->to - st->from, plot->width, plot->height);
    const RkStyle dot = {.fill = rk_series_ink(s), .fill_alpha = 0.6};
    for (guint k = 0; k < kept->len; k++) {
        gsize i = st->from + g_array_index(kept, guint32, k);
        RkPoint p = rk_layout_point(st->layout, st->panel, s->x[i], s->y[i]);
        st->canvas->class->rect(st->canvas, &(RkRect){p.x - 0.75, p.y - 0.75, 1.5, 1.5}, &dot);
    }
}

// ---- areas ---------------------------------------------------------------------------------

static void
draw_bins(const Stretch *st)
{
    const RkSeries *s = st->series;
    const RkRect *plot = &st->panel->plot;
    const RkStyle style = {.fill = rk_series_ink(s), .fill_alpha = 0.75};
    double ground = plot->y + plot->height;
    for (gsize i = st->from; i < st->to; i++) {
        RkPoint a = rk_layout_point(st->layout, st->panel, s->low[i], s->y[i]);
        RkPoint b = rk_layout_point(st->layout, st->panel, s->x[i], s->y[i]);
        if (isnan(a.y) || isnan(b.y) || s->y[i] == 0)
            continue;
        double gap = b.x - a.x > 4 ? 1 : 0;
        begin_tip(st, i);
        st->canvas->class->rect(
            st->canvas, &(RkRect){a.x, b.y, MAX(b.x - a.x - gap, 0.75), MAX(ground - b.y, 0)},
            &style);
        end_tip(st);
    }
}

// Slanted lines over a bar, so that neighbours differ without colour.
static void
hatch(const Stretch *st, const RkRect *r)
{
    static const double SPACING[] = {0, 7, 0, 4, 0, 9, 0, 5}; // px; every second has none
    double spacing = SPACING[st->series->style % G_N_ELEMENTS(SPACING)];
    const RkStyle style = {.stroke = RK_INK_SURFACE, .width = 1};
    if (spacing == 0 || r->width < 3)
        return;
    int slant = st->series->style / 2 % 2 == 0 ? 1 : -1;
    for (double x = r->x - r->height + spacing; x < r->x + r->width; x += spacing) {
        double from = MAX(x, r->x), to = MIN(x + r->height, r->x + r->width);
        double y0 = r->y + r->height - (from - x), y1 = r->y + r->height - (to - x);
        if (slant < 0) {
            y0 = 2 * r->y + r->height - y0;
            y1 = 2 * r->y + r->height - y1;
        }
        if (to > from)
            rk_draw_line(st->canvas, (RkPoint){from, y0}, (RkPoint){to, y1}, &style);
    }
}

// What fits into a bar or a cell, or nothing: half a number would be a lie.
static gboolean
text_inside(const Stretch *st, const RkRect *r, const char *text, RkInk ink)
{
    double size = RK_TEXT_SMALL - 0.5;
    double width = rk_measure_width(st->layout->measure, text, size, FALSE);
    if (width + 8 > r->width || r->height < size + 2)
        return FALSE;
    const RkTextStyle style = {.size = size, .ink = ink, .anchor = RK_ANCHOR_MIDDLE};
    st->canvas->class->text(st->canvas,
                            (RkPoint){r->x + r->width / 2, r->y + r->height / 2 + size * 0.36},
                            text, &style);
    return TRUE;
}

// Behind a bar too short for it, where nothing is stacked.
static void
text_behind(const Stretch *st, const RkRect *r, const char *text)
{
    double size = RK_TEXT_SMALL - 0.5;
    const RkTextStyle style = {.size = size, .ink = RK_INK_MUTED, .halo = TRUE};
    st->canvas->class->text(st->canvas,
                            (RkPoint){r->x + r->width + 4, r->y + r->height / 2 + size * 0.36},
                            text, &style);
}

static void
draw_spans(const Stretch *st)
{
    const RkSeries *s = st->series;
    const RkPanelLayout *p = st->panel;
    double row = p->plot.height / MAX(p->panel->y.hi - p->panel->y.lo, 1);
    const RkStyle style = {.fill = rk_series_ink(s)};
    for (gsize i = st->from; i < st->to; i++) {
        RkPoint a = rk_layout_point(st->layout, p, s->low[i], s->y[i]);
        RkPoint b = rk_layout_point(st->layout, p, s->x[i], s->y[i]);
        if (isnan(a.y) || isnan(b.y))
            continue;
        double height = MIN(row * 0.72, 26);
        RkRect bar = {MIN(a.x, b.x), a.y - height / 2, fabs(b.x - a.x), height};
        begin_tip(st, i);
        st->canvas->class->rect(st->canvas, &bar, &style);
        g_autofree char *text = rk_quantity(s->x[i] - s->low[i], st->layout->chart->x.unit);
        hatch(st, &bar);
        gboolean inside = FALSE;
        if (s->style % 2 == 0) // hatched ones have no calm ground for text
            inside = text_inside(st, &bar, text, RK_INK_ON_SERIES);
        if (!inside && p->panel->series->len == 1)
            text_behind(st, &bar, text);
        end_tip(st);
    }
}

typedef struct {
    double low, high;
} Span;

static Span
size_range(const RkSeries *s)
{
    Span span = {INFINITY, -INFINITY};
    for (gsize i = 0; i < s->n; i++)
        if (isfinite(s->size[i])) {
            span.low = MIN(span.low, s->size[i]);
            span.high = MAX(span.high, s->size[i]);
        }
    return span;
}

static void
draw_cells(const Stretch *st)
{
    const RkSeries *s = st->series;
    const RkPanelLayout *p = st->panel;
    const RkChartAxis *x = &st->layout->chart->x, *y = &p->panel->y;
    double width = p->plot.width / MAX(x->hi - x->lo, 1);
    double height = p->plot.height / MAX(y->hi - y->lo, 1);
    Span range = size_range(s);
    for (gsize i = st->from; i < st->to; i++) {
        RkPoint middle = rk_layout_point(st->layout, p, s->x[i], s->y[i]);
        if (isnan(middle.y))
            continue;
        RkRect cell = {middle.x - width / 2 + 0.5, middle.y - height / 2 + 0.5, MAX(width - 1, 1),
                       MAX(height - 1, 1)};
        gboolean known = isfinite(s->size[i]);
        double spread = range.high - range.low;
        RkInk ink = rk_heat_ink(spread > 0 ? (s->size[i] - range.low) / spread : 0);
        const RkStyle style =
            known ? (RkStyle){.fill = ink} : (RkStyle){.stroke = RK_INK_GRID, .width = 1};
        g_autofree char *text = rk_quantity(s->size[i], p->panel->size_unit);
        begin_tip(st, i);
        st->canvas->class->rect(st->canvas, &cell, &style);
        text_inside(st, &cell, text, known ? rk_heat_text_ink(ink) : RK_INK_MUTED);
        end_tip(st);
    }
}

// ---- all -----------------------------------------------------------------------------------

static const DrawKind KINDS[] = {
    [RK_SERIES_LINE] = draw_line, [RK_SERIES_BAND] = draw_band,   [RK_SERIES_POINTS] = draw_points,
    [RK_SERIES_BINS] = draw_bins, [RK_SERIES_SPANS] = draw_spans, [RK_SERIES_CELLS] = draw_cells,
};

void
rk_draw_series(const RkLayout *layout, const RkPanelLayout *panel, gboolean only_tail,
               gboolean with_tail, RkCanvas *canvas)
{
    // Markers at the edge may stand out of the plot; lines may not.
    RkRect box = {panel->plot.x, panel->plot.y - 1, panel->plot.width + 1, panel->plot.height + 2};
    gboolean zoomed = rk_axis_is_zoomed(&layout->chart->x) || rk_axis_is_zoomed(&panel->panel->y);
    if (!zoomed)
        box = (RkRect){box.x - 6, box.y - 6, box.width + 12, box.height + 12};
    canvas->class->clip(canvas, &box);
    const guint n = panel->panel->series->len;
    for (guint i = 0; i < 2 * n; i++) { // those in grey come first, below the others
        const RkSeries *s = g_ptr_array_index(panel->panel->series, i % n);
        Stretch stretch = {layout, panel, s, 0, with_tail ? s->n : s->n_settled, canvas};
        if (s->hidden || s->dimmed != (i < n) || (only_tail && s->n == s->n_settled))
            continue;
        if (only_tail) // joins on to the last settled point
            stretch.from = s->n_settled > 0 ? s->n_settled - 1 : 0;
        if (stretch.from < stretch.to)
            KINDS[s->kind](&stretch);
    }
    canvas->class->unclip(canvas);
}

void
rk_draw_swatch(const RkSeries *s, RkRect box, RkCanvas *canvas)
{
    RkPoint middle = {box.x + box.width / 2, box.y + box.height / 2};
    Stretch stretch = {.series = s, .canvas = canvas};
    const RkStyle line = line_style(s);
    const RkStyle area = {.fill = rk_series_ink(s),
                          .fill_alpha = s->kind != RK_SERIES_BAND ? 1
                                        : s->faint                ? 0.14
                                                                  : 0.26};
    RkRect block = {box.x + 5, box.y + 3, box.width - 10, box.height - 6};
    switch (s->kind) {
    case RK_SERIES_LINE:
        rk_draw_line(canvas, (RkPoint){box.x, middle.y}, (RkPoint){box.x + box.width, middle.y},
                     &line);
        if (s->markers)
            draw_marker(&stretch, middle, 3.5, 0);
        break;
    case RK_SERIES_POINTS:
        draw_marker(&stretch, middle, 4.5,
                    s->flags != NULL && s->n > 0 ? s->flags[0] & RK_POINT_HOLLOW : 0);
        break;
    default:
        canvas->class->rect(canvas, &block, &area);
        if (s->kind == RK_SERIES_SPANS)
            hatch(&stretch, &block);
    }
}
