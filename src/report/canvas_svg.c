// SPDX-License-Identifier: GPL-3.0-or-later
//
// The canvas that writes SVG. Ink 3 is the class f3 as a fill and s3 as a stroke; text is text, so
// that it can be searched, read aloud and restyled.
#include "report/canvas.h"

#include <math.h>
#include <string.h>

void
rk_svg_number(GString *out, double value)
{
    char digits[32];
    g_ascii_formatd(digits, sizeof digits, "%.2f", CLAMP(value, -1e7, 1e7));
    char *end = digits + strlen(digits);
    while (end[-1] == '0')
        *--end = '\0';
    if (end[-1] == '.')
        *--end = '\0';
    g_string_append(out, strcmp(digits, "-0") == 0 ? "0" : digits);
}

static void
attribute(GString *out, const char *name, double value)
{
    g_string_append_printf(out, " %s=\"", name);
    rk_svg_number(out, value);
    g_string_append_c(out, '"');
}

static void
append_style(GString *out, const RkStyle *style)
{
    g_string_append(out, " class=\"");
    if (style->fill != RK_INK_NONE)
        g_string_append_printf(out, "f%d", style->fill);
    if (style->stroke != RK_INK_NONE)
        g_string_append_printf(out, "%ss%d", style->fill != RK_INK_NONE ? " " : "", style->stroke);
    g_string_append_c(out, '"');
    if (style->fill != RK_INK_NONE && style->fill_alpha > 0 && style->fill_alpha < 1)
        attribute(out, "fill-opacity", style->fill_alpha);
    if (style->stroke == RK_INK_NONE)
        return;
    if (style->width != 1)
        attribute(out, "stroke-width", style->width);
    int n = 0;
    const double *pattern = rk_dash_pattern(style->dash, &n);
    for (int i = 0; i < n; i++) {
        g_string_append(out, i == 0 ? " stroke-dasharray=\"" : " ");
        rk_svg_number(out, pattern[i] * MAX(style->width, 1));
    }
    if (n > 0)
        g_string_append_c(out, '"');
}

static void
append_point(GString *out, char command, double x, double y)
{
    g_string_append_c(out, command);
    rk_svg_number(out, x);
    g_string_append_c(out, ' ');
    rk_svg_number(out, y);
}

static void
svg_path(RkCanvas *base, const RkPoint *points, gsize n, gboolean closed, const RkStyle *style)
{
    GString *out = ((RkSvgCanvas *)base)->out;
    g_string_append(out, "<path");
    append_style(out, style);
    g_string_append(out, " d=\"");
    gboolean begun = FALSE;
    for (gsize i = 0; i < n; i++) {
        if (isnan(points[i].y)) {
            begun = FALSE;
            continue;
        }
        append_point(out, begun ? 'L' : 'M', points[i].x, points[i].y);
        begun = TRUE;
    }
    g_string_append(out, closed ? "Z\"/>" : "\"/>");
}

static void
svg_rect(RkCanvas *base, const RkRect *r, const RkStyle *style)
{
    GString *out = ((RkSvgCanvas *)base)->out;
    g_string_append(out, "<rect");
    append_style(out, style);
    attribute(out, "x", r->x);
    attribute(out, "y", r->y);
    attribute(out, "width", MAX(r->width, 0));
    attribute(out, "height", MAX(r->height, 0));
    g_string_append(out, "/>");
}

static void
svg_marker(RkCanvas *base, RkMarker marker, RkPoint at, double radius, const RkStyle *style)
{
    GString *out = ((RkSvgCanvas *)base)->out;
    gsize n = 0;
    gboolean open = FALSE;
    const RkPoint *shape = rk_marker_shape(marker, &n, &open);
    if (n == 0) {
        g_string_append(out, "<circle");
        append_style(out, style);
        attribute(out, "cx", at.x);
        attribute(out, "cy", at.y);
        attribute(out, "r", radius);
        g_string_append(out, "/>");
        return;
    }
    g_string_append(out, "<path");
    append_style(out, style);
    g_string_append(out, " d=\"");
    for (gsize i = 0; i < n; i++)
        append_point(out, i == 0 || (open && i % 2 == 0) ? 'M' : 'L', at.x + shape[i].x * radius,
                     at.y + shape[i].y * radius);
    g_string_append(out, open ? "\"/>" : "Z\"/>");
}

static void
svg_text(RkCanvas *base, RkPoint at, const char *text, const RkTextStyle *style)
{
    static const char *const ANCHORS[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
    GString *out = ((RkSvgCanvas *)base)->out;
    g_string_append_printf(out, "<text class=\"f%d%s\"", style->ink, style->halo ? " h" : "");
    attribute(out, "x", at.x);
    attribute(out, "y", at.y);
    attribute(out, "font-size", style->size * rk_measure_scale(base->measure));
    if (style->bold)
        g_string_append(out, " font-weight=\"bold\"");
    g_string_append(out, ANCHORS[style->anchor]);
    g_string_append_c(out, '>');
    rk_text_escape(out, text);
    g_string_append(out, "</text>");
}

// A nested viewport clips without an id, which would have to be unique in the page.
static void
svg_clip(RkCanvas *base, const RkRect *r)
{
    GString *out = ((RkSvgCanvas *)base)->out;
    g_string_append(out, "<svg");
    attribute(out, "x", r->x);
    attribute(out, "y", r->y);
    attribute(out, "width", r->width);
    attribute(out, "height", r->height);
    g_string_append(out, " viewBox=\"");
    const double box[] = {r->x, r->y, r->width, r->height};
    for (size_t i = 0; i < G_N_ELEMENTS(box); i++) {
        g_string_append(out, i > 0 ? " " : "");
        rk_svg_number(out, box[i]);
    }
    g_string_append(out, "\">");
}

static void
svg_unclip(RkCanvas *base)
{
    g_string_append(((RkSvgCanvas *)base)->out, "</svg>");
}

static void
svg_begin_tip(RkCanvas *base, const char *tip)
{
    GString *out = ((RkSvgCanvas *)base)->out;
    g_string_append(out, "<g><title>");
    rk_text_escape(out, tip);
    g_string_append(out, "</title>");
}

static void
svg_end_tip(RkCanvas *base)
{
    g_string_append(((RkSvgCanvas *)base)->out, "</g>");
}

static const RkCanvasClass SVG_CLASS = {
    .path = svg_path,
    .rect = svg_rect,
    .marker = svg_marker,
    .text = svg_text,
    .clip = svg_clip,
    .unclip = svg_unclip,
    .begin_tip = svg_begin_tip,
    .end_tip = svg_end_tip,
};

RkSvgCanvas
rk_svg_canvas(GString *out, RkMeasure *measure)
{
    return (RkSvgCanvas){{&SVG_CLASS, measure}, out};
}

static void
append_rule(GString *out, char kind, const char *property, guint ink, RkTheme theme,
            gboolean variables)
{
    g_string_append_printf(out, ".c .%c%u{%s:", kind, ink, property);
    if (variables)
        g_string_append_printf(out, "var(--k%u)}", ink);
    else
        g_string_append_printf(out, "#%06X}", rk_theme_color(theme, (RkInk)ink));
}

char *
rk_svg_style(RkTheme theme, gboolean variables)
{
    // Verdana has the widths of DejaVu Sans, for which charts are laid out.
    GString *out = g_string_new(".c text{font-family:\"DejaVu Sans\",Verdana,sans-serif}"
                                ".c path,.c rect,.c circle{fill:none;stroke-linejoin:round}"
                                ".c text.h{paint-order:stroke;stroke-width:3;stroke-opacity:.85;"
                                "stroke-linejoin:round}");
    for (guint ink = RK_INK_SURFACE; ink < RK_N_INKS; ink++) {
        append_rule(out, 'f', "fill", ink, theme, variables);
        append_rule(out, 's', "stroke", ink, theme, variables);
    }
    g_string_append(out, ".c .h{stroke:");
    if (variables)
        g_string_append(out, "var(--k1)}");
    else
        g_string_append_printf(out, "#%06X}", rk_theme_color(theme, RK_INK_SURFACE));
    return g_string_free(out, FALSE);
}

char *
rk_svg_variables(RkTheme theme)
{
    GString *out = g_string_new(NULL);
    for (guint ink = RK_INK_SURFACE; ink < RK_N_INKS; ink++)
        g_string_append_printf(out, "--k%u:#%06X;", ink, rk_theme_color(theme, (RkInk)ink));
    return g_string_free(out, FALSE);
}
