// SPDX-License-Identifier: GPL-3.0-or-later
//
// One function for each kind of series; lines and bands are in draw_lines.c. A series is told by
// colour, by dash and by marker.
#include "report/draw-private.h"

#include <math.h>

#define MAX_TIPS    400  // points of a series that show their values on hover
#define MANY_POINTS 4000 // from which on only one point a pixel is drawn

typedef void (*DrawKind)(const RkStretch *stretch);

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

RkStyle
rk_line_style(const RkSeries *s)
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

void
rk_draw_marker(const RkStretch *st, RkPoint at, double radius, unsigned flags)
{
    RkMarker marker = marker_of(st->series);
    gboolean open = marker == RK_MARKER_PLUS || marker == RK_MARKER_CROSS;
    RkStyle style = open ? open_style(st->series) : marker_style(st->series, flags);
    const RkStyle ring = {.stroke = RK_INK_TEXT, .width = 1.5};
    st->canvas->class->marker(st->canvas, marker, at, radius, &style);
    if (flags & RK_POINT_OUTLINE)
        st->canvas->class->marker(st->canvas, RK_MARKER_CIRCLE, at, radius + 4, &ring);
}

void
rk_begin_tip(const RkStretch *st, gsize i)
{
    if (st->canvas->class->begin_tip == NULL || st->series->n > MAX_TIPS)
        return;
    g_autofree char *tip = rk_point_text(st->layout->chart, st->panel->panel, st->series, i);
    st->canvas->class->begin_tip(st->canvas, tip);
}

void
rk_end_tip(const RkStretch *st)
{
    if (st->canvas->class->end_tip != NULL && st->series->n <= MAX_TIPS)
        st->canvas->class->end_tip(st->canvas);
}

// ---- points --------------------------------------------------------------------------------

static void
draw_point(const RkStretch *st, gsize i)
{
    const RkSeries *s = st->series;
    RkPoint p = rk_layout_point(st->layout, st->panel, s->x[i], s->y[i]);
    if (isnan(p.y))
        return;
    rk_begin_tip(st, i);
    rk_draw_marker(st, p, rk_layout_radius(st->panel, s, i), s->flags != NULL ? s->flags[i] : 0);
    rk_end_tip(st);
}

static void
draw_points(const RkStretch *st)
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
draw_bins(const RkStretch *st)
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
        rk_begin_tip(st, i);
        st->canvas->class->rect(
            st->canvas, &(RkRect){a.x, b.y, MAX(b.x - a.x - gap, 0.75), MAX(ground - b.y, 0)},
            &style);
        rk_end_tip(st);
    }
}

// Slanted lines over a bar, so that neighbours differ without colour.
static void
hatch(const RkStretch *st, const RkRect *r)
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
text_inside(const RkStretch *st, const RkRect *r, const char *text, RkInk ink)
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
text_behind(const RkStretch *st, const RkRect *r, const char *text)
{
    double size = RK_TEXT_SMALL - 0.5;
    const RkTextStyle style = {.size = size, .ink = RK_INK_MUTED, .halo = TRUE};
    st->canvas->class->text(st->canvas,
                            (RkPoint){r->x + r->width + 4, r->y + r->height / 2 + size * 0.36},
                            text, &style);
}

static void
draw_spans(const RkStretch *st)
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
        rk_begin_tip(st, i);
        st->canvas->class->rect(st->canvas, &bar, &style);
        g_autofree char *text = rk_quantity(s->x[i] - s->low[i], st->layout->chart->x.unit);
        hatch(st, &bar);
        gboolean inside = FALSE;
        if (s->style % 2 == 0) // hatched ones have no calm ground for text
            inside = text_inside(st, &bar, text, RK_INK_ON_SERIES);
        if (!inside && p->panel->series->len == 1)
            text_behind(st, &bar, text);
        rk_end_tip(st);
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
draw_cells(const RkStretch *st)
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
        rk_begin_tip(st, i);
        st->canvas->class->rect(st->canvas, &cell, &style);
        text_inside(st, &cell, text, known ? rk_heat_text_ink(ink) : RK_INK_MUTED);
        rk_end_tip(st);
    }
}

// ---- all -----------------------------------------------------------------------------------

static const DrawKind KINDS[] = {
    [RK_SERIES_LINE] = rk_draw_line_series, [RK_SERIES_BAND] = rk_draw_band_series,
    [RK_SERIES_POINTS] = draw_points,       [RK_SERIES_BINS] = draw_bins,
    [RK_SERIES_SPANS] = draw_spans,         [RK_SERIES_CELLS] = draw_cells,
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
        RkStretch stretch = {layout, panel, s, 0, with_tail ? s->n : s->n_settled, canvas};
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
    RkStretch stretch = {.series = s, .canvas = canvas};
    const RkStyle line = rk_line_style(s);
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
            rk_draw_marker(&stretch, middle, 3.5, 0);
        break;
    case RK_SERIES_POINTS:
        rk_draw_marker(&stretch, middle, 4.5,
                       s->flags != NULL && s->n > 0 ? s->flags[0] & RK_POINT_HOLLOW : 0);
        break;
    default:
        canvas->class->rect(canvas, &block, &area);
        if (s->kind == RK_SERIES_SPANS)
            hatch(&stretch, &block);
    }
}
