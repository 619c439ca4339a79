// SPDX-License-Identifier: GPL-3.0-or-later
//
// What charts are drawn on: a cairo context (screen, PNG, PDF) or an SVG document whose text stays
// text and whose colours are named by role. Struct of functions, to be embedded as the first member
// of a canvas. Lengths are px. Owner's thread.
#pragma once

#include "report/decimate.h"
#include "report/text.h"
#include "report/theme.h"

#include <cairo.h>

typedef struct {
    double x, y, width, height;
} RkRect;

typedef enum { RK_DASH_NONE, RK_DASH_LONG, RK_DASH_DOT, RK_DASH_MIXED, RK_N_DASHES } RkDash;

typedef enum {
    RK_MARKER_CIRCLE,
    RK_MARKER_SQUARE,
    RK_MARKER_DIAMOND,
    RK_MARKER_UP,
    RK_MARKER_DOWN,
    RK_MARKER_PLUS,
    RK_MARKER_CROSS,
    RK_MARKER_HEXAGON,
    RK_N_MARKERS,
} RkMarker;

typedef struct {
    RkInk stroke, fill; // RK_INK_NONE: not at all
    double width;       // of the stroke
    RkDash dash;
    double fill_alpha; // 0 is read as 1
} RkStyle;

typedef enum { RK_ANCHOR_START, RK_ANCHOR_MIDDLE, RK_ANCHOR_END } RkAnchor;

typedef struct {
    double size;
    gboolean bold;
    RkInk ink;
    RkAnchor anchor;
    gboolean halo; // kept legible over lines by a rim of the surface's colour
} RkTextStyle;

typedef struct RkCanvas RkCanvas;

typedef struct {
    // A line through points [n]; NaN in y begins a new one. Closed ones are filled.
    void (*path)(RkCanvas *canvas, const RkPoint *points, gsize n, gboolean closed,
                 const RkStyle *style);
    void (*rect)(RkCanvas *canvas, const RkRect *rect, const RkStyle *style);
    void (*marker)(RkCanvas *canvas, RkMarker marker, RkPoint at, double radius,
                   const RkStyle *style);
    // On a baseline.
    void (*text)(RkCanvas *canvas, RkPoint at, const char *text, const RkTextStyle *style);
    void (*clip)(RkCanvas *canvas, const RkRect *rect); // until unclip(); not nested
    void (*unclip)(RkCanvas *canvas);
    // What is drawn until the end shows `tip` on hover, where the target can; may be NULL.
    void (*begin_tip)(RkCanvas *canvas, const char *tip);
    void (*end_tip)(RkCanvas *canvas);
} RkCanvasClass;

struct RkCanvas {
    const RkCanvasClass *class;
    RkMeasure *measure;
    guint max_columns; // px of a dense line's outline that one path should have; 0: all
};

typedef struct {
    RkCanvas base;
    cairo_t *cr;
    RkTheme theme;
} RkCairoCanvas;

// Draws with a theme's colours; nothing is owned, and there is nothing to free.
RkCairoCanvas rk_cairo_canvas(cairo_t *cr, RkMeasure *measure, RkTheme theme);

typedef struct {
    RkCanvas base;
    GString *out; // the elements so far, without an <svg> around them
} RkSvgCanvas;

// Appends to `out`, which stays the caller's.
RkSvgCanvas rk_svg_canvas(GString *out, RkMeasure *measure);

// The style sheet that elements of SVG canvases refer to. With `variables` colours are custom
// properties of the page ("var(--k3)"), else those of the theme.
char *rk_svg_style(RkTheme theme, gboolean variables);

// The custom properties themselves, "--k1:#FFFFFF;--k2:..". Free both.
char *rk_svg_variables(RkTheme theme);

// A coordinate with at most two decimals: "12.5". Appends.
void rk_svg_number(GString *out, double value);

// Corners of a marker around 0,0 with radius 1; n is 0 for a circle, and open markers are strokes
// of two points each.
const RkPoint *rk_marker_shape(RkMarker marker, gsize *n, gboolean *open);

// On and off lengths [n] of a dash, in widths of the line; n is 0 for none.
const double *rk_dash_pattern(RkDash dash, int *n);
