// SPDX-License-Identifier: GPL-3.0-or-later
//
// Shapes that both canvases share, and the one on cairo.
#include "report/canvas.h"

#include <math.h>
#include <pango/pangocairo.h>

static const RkPoint SQUARE[] = {{-0.85, -0.85}, {0.85, -0.85}, {0.85, 0.85}, {-0.85, 0.85}};
static const RkPoint DIAMOND[] = {{0, -1.25}, {1.1, 0}, {0, 1.25}, {-1.1, 0}};
static const RkPoint UP[] = {{0, -1.15}, {1.1, 0.85}, {-1.1, 0.85}};
static const RkPoint DOWN[] = {{0, 1.15}, {1.1, -0.85}, {-1.1, -0.85}};
static const RkPoint PLUS[] = {{-1.15, 0}, {1.15, 0}, {0, -1.15}, {0, 1.15}};
static const RkPoint CROSS[] = {{-0.9, -0.9}, {0.9, 0.9}, {-0.9, 0.9}, {0.9, -0.9}};
static const RkPoint HEXAGON[] = {{-1.1, 0}, {-0.55, -0.95}, {0.55, -0.95},
                                  {1.1, 0},  {0.55, 0.95},   {-0.55, 0.95}};

static const struct {
    const RkPoint *points;
    gsize n;
} SHAPES[RK_N_MARKERS] = {
    [RK_MARKER_CIRCLE] = {NULL, 0},
    [RK_MARKER_SQUARE] = {SQUARE, G_N_ELEMENTS(SQUARE)},
    [RK_MARKER_DIAMOND] = {DIAMOND, G_N_ELEMENTS(DIAMOND)},
    [RK_MARKER_UP] = {UP, G_N_ELEMENTS(UP)},
    [RK_MARKER_DOWN] = {DOWN, G_N_ELEMENTS(DOWN)},
    [RK_MARKER_PLUS] = {PLUS, G_N_ELEMENTS(PLUS)},
    [RK_MARKER_CROSS] = {CROSS, G_N_ELEMENTS(CROSS)},
    [RK_MARKER_HEXAGON] = {HEXAGON, G_N_ELEMENTS(HEXAGON)},
};

const RkPoint *
rk_marker_shape(RkMarker marker, gsize *n, gboolean *open)
{
    *n = SHAPES[marker].n;
    *open = marker == RK_MARKER_PLUS || marker == RK_MARKER_CROSS;
    return SHAPES[marker].points;
}

const double *
rk_dash_pattern(RkDash dash, int *n)
{
    static const double LONG[] = {4, 2}, DOT[] = {1.2, 1.8}, MIXED[] = {5, 2, 1.2, 2};
    static const double *const PATTERNS[RK_N_DASHES] = {NULL, LONG, DOT, MIXED};
    static const int LENGTHS[RK_N_DASHES] = {0, 2, 2, 4};
    *n = LENGTHS[dash];
    return PATTERNS[dash];
}

// ---- cairo ---------------------------------------------------------------------------------

static void
set_ink(const RkCairoCanvas *canvas, RkInk ink, double alpha)
{
    guint32 c = rk_theme_color(canvas->theme, ink);
    cairo_set_source_rgba(canvas->cr, (c >> 16) / 255., (c >> 8 & 255) / 255., (c & 255) / 255.,
                          alpha);
}

static void
set_dash(cairo_t *cr, const RkStyle *style)
{
    double lengths[8];
    int n = 0;
    const double *pattern = rk_dash_pattern(style->dash, &n);
    for (int i = 0; i < n; i++)
        lengths[i] = pattern[i] * MAX(style->width, 1);
    cairo_set_dash(cr, lengths, n, 0);
}

// Fills and strokes the current path.
static void
finish(const RkCairoCanvas *canvas, const RkStyle *style)
{
    cairo_t *cr = canvas->cr;
    if (style->fill != RK_INK_NONE) {
        set_ink(canvas, style->fill, style->fill_alpha > 0 ? style->fill_alpha : 1);
        cairo_fill_preserve(cr);
    }
    if (style->stroke != RK_INK_NONE) {
        set_ink(canvas, style->stroke, 1);
        cairo_set_line_width(cr, style->width);
        cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
        set_dash(cr, style);
        cairo_stroke_preserve(cr);
    }
    cairo_new_path(cr);
}

static void
cairo_path(RkCanvas *base, const RkPoint *points, gsize n, gboolean closed, const RkStyle *style)
{
    RkCairoCanvas *canvas = (RkCairoCanvas *)base;
    gboolean begun = FALSE;
    cairo_new_path(canvas->cr);
    for (gsize i = 0; i < n; i++) {
        if (isnan(points[i].y)) {
            begun = FALSE;
            continue;
        }
        if (begun)
            cairo_line_to(canvas->cr, points[i].x, points[i].y);
        else
            cairo_move_to(canvas->cr, points[i].x, points[i].y);
        begun = TRUE;
    }
    if (closed)
        cairo_close_path(canvas->cr);
    finish(canvas, style);
}

static void
cairo_rect(RkCanvas *base, const RkRect *r, const RkStyle *style)
{
    RkCairoCanvas *canvas = (RkCairoCanvas *)base;
    cairo_new_path(canvas->cr);
    cairo_rectangle(canvas->cr, r->x, r->y, r->width, r->height);
    finish(canvas, style);
}

static void
cairo_marker(RkCanvas *base, RkMarker marker, RkPoint at, double radius, const RkStyle *style)
{
    RkCairoCanvas *canvas = (RkCairoCanvas *)base;
    cairo_t *cr = canvas->cr;
    gsize n = 0;
    gboolean open = FALSE;
    const RkPoint *shape = rk_marker_shape(marker, &n, &open);
    cairo_new_path(cr);
    if (n == 0)
        cairo_arc(cr, at.x, at.y, radius, 0, 2 * G_PI);
    for (gsize i = 0; i < n; i++) {
        double x = at.x + shape[i].x * radius, y = at.y + shape[i].y * radius;
        if (i == 0 || (open && i % 2 == 0))
            cairo_move_to(cr, x, y);
        else
            cairo_line_to(cr, x, y);
    }
    if (n > 0 && !open)
        cairo_close_path(cr);
    finish(canvas, style);
}

static void
cairo_text(RkCanvas *base, RkPoint at, const char *text, const RkTextStyle *style)
{
    RkCairoCanvas *canvas = (RkCairoCanvas *)base;
    cairo_t *cr = canvas->cr;
    PangoLayout *layout = rk_measure_layout(base->measure, text, style->size, style->bold);
    int width = 0;
    pango_layout_get_size(layout, &width, NULL);
    double shift = style->anchor == RK_ANCHOR_START    ? 0
                   : style->anchor == RK_ANCHOR_MIDDLE ? width / 2. / PANGO_SCALE
                                                       : (double)width / PANGO_SCALE;
    PangoLayoutLine *line = pango_layout_get_line_readonly(layout, 0);
    cairo_move_to(cr, at.x - shift, at.y);
    if (style->halo) {
        pango_cairo_layout_line_path(cr, line);
        set_ink(canvas, RK_INK_SURFACE, 0.85);
        cairo_set_line_width(cr, 3);
        cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
        cairo_set_dash(cr, NULL, 0, 0);
        cairo_stroke(cr);
        cairo_move_to(cr, at.x - shift, at.y);
    }
    set_ink(canvas, style->ink, 1);
    pango_cairo_show_layout_line(cr, line);
    cairo_new_path(cr);
}

static void
cairo_clip_to(RkCanvas *base, const RkRect *r)
{
    cairo_t *cr = ((RkCairoCanvas *)base)->cr;
    cairo_save(cr);
    cairo_rectangle(cr, r->x, r->y, r->width, r->height);
    cairo_clip(cr);
}

static void
cairo_unclip(RkCanvas *base)
{
    cairo_restore(((RkCairoCanvas *)base)->cr);
}

static const RkCanvasClass CAIRO_CLASS = {
    .path = cairo_path,
    .rect = cairo_rect,
    .marker = cairo_marker,
    .text = cairo_text,
    .clip = cairo_clip_to,
    .unclip = cairo_unclip,
};

// Filling pixels, cairo stops at each corner's height and looks at all edges there, so time grows
// with the square of a path's columns: 4 x 960 of them took 8 ms as 4 paths, 2.3 ms by fours. Their
// sides lie on whole pixels, so nothing shows between them; a page that is scaled would show it.
#define COLUMNS_OF_PIXELS 4

RkCairoCanvas
rk_cairo_canvas(cairo_t *cr, RkMeasure *measure, RkTheme theme)
{
    const gboolean pixels =
        cairo_surface_get_type(cairo_get_target(cr)) == CAIRO_SURFACE_TYPE_IMAGE;
    return (RkCairoCanvas){{&CAIRO_CLASS, measure, pixels ? COLUMNS_OF_PIXELS : 0}, cr, theme};
}
