// SPDX-License-Identifier: GPL-3.0-or-later
//
// A chart to SVG, PNG and PDF.
#include "report/draw.h"

#include "base/error.h"

#include <cairo-pdf.h>

static void
append_label(GString *out, const RkChart *chart)
{
    g_string_append(out, " role=\"img\" aria-label=\"");
    rk_text_escape(out, chart->title);
    if (chart->summary[0] != '\0') {
        g_string_append(out, ". ");
        rk_text_escape(out, chart->summary);
    }
    g_string_append_c(out, '"');
}

static void
append_svg(RkChart *chart, RkMeasure *measure, double width, double height, unsigned flags,
           const char *attributes, const char *style, GString *out)
{
    rk_chart_fit(chart);
    g_autoptr(RkLayout) layout = rk_layout_new(chart, measure, width, height, flags);
    RkSvgCanvas canvas = rk_svg_canvas(out, measure);
    g_string_append_printf(out, "<svg %s viewBox=\"0 0 ", attributes);
    rk_svg_number(out, layout->width);
    g_string_append_c(out, ' ');
    rk_svg_number(out, layout->height);
    g_string_append_c(out, '"');
    append_label(out, chart);
    g_string_append_printf(out, ">%s", style);
    rk_chart_draw(layout, &canvas.base, RK_LAYER_ALL);
    g_string_append(out, "</svg>\n");
}

char *
rk_chart_to_svg(RkChart *chart, RkMeasure *measure, RkTheme theme, double width, double height)
{
    GString *out = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    g_autofree char *rules = rk_svg_style(theme, FALSE);
    g_autofree char *style = g_strdup_printf("<style>%s</style>\n", rules);
    g_autofree char *attributes =
        g_strdup_printf("xmlns=\"http://www.w3.org/2000/svg\" class=\"c\" width=\"%d\" "
                        "height=\"%d\"",
                        (int)width, (int)height);
    append_svg(chart, measure, width, height, RK_LAYOUT_TITLE, attributes, style, out);
    return g_string_free(out, FALSE);
}

void
rk_chart_to_inline_svg(RkChart *chart, RkMeasure *measure, double width, double height,
                       const char *class, GString *out)
{
    g_autofree char *attributes = g_strdup_printf("class=\"c %s\"", class);
    append_svg(chart, measure, width, height, 0, attributes, "", out);
}

static void
draw_on(cairo_surface_t *surface, RkChart *chart, RkMeasure *measure, RkTheme theme, double width,
        double height, double scale)
{
    cairo_t *cr = cairo_create(surface);
    cairo_scale(cr, scale, scale);
    rk_chart_fit(chart);
    g_autoptr(RkLayout) layout = rk_layout_new(chart, measure, width, height, RK_LAYOUT_TITLE);
    RkCairoCanvas canvas = rk_cairo_canvas(cr, measure, theme);
    rk_chart_draw(layout, &canvas.base, RK_LAYER_ALL);
    cairo_destroy(cr);
}

static gboolean
check(cairo_status_t status, const char *path, GError **error)
{
    if (status == CAIRO_STATUS_SUCCESS)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_FAILED,
                "Can't write the chart to %s: %s. Check that the folder is there and has room.",
                path, cairo_status_to_string(status));
    return FALSE;
}

cairo_surface_t *
rk_chart_to_image(RkChart *chart, RkMeasure *measure, RkTheme theme, double width, double height,
                  double scale)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, (int)(width * scale),
                                                          (int)(height * scale));
    draw_on(surface, chart, measure, theme, width, height, scale);
    cairo_surface_flush(surface);
    return surface;
}

gboolean
rk_chart_to_png(RkChart *chart, RkMeasure *measure, RkTheme theme, double width, double height,
                double scale, const char *path, GError **error)
{
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(width * scale), (int)(height * scale));
    draw_on(surface, chart, measure, theme, width, height, scale);
    cairo_status_t status = cairo_surface_write_to_png(surface, path);
    cairo_surface_destroy(surface);
    return check(status, path, error);
}

gboolean
rk_chart_to_pdf(RkChart *chart, RkMeasure *measure, RkTheme theme, double width, double height,
                const char *path, GError **error)
{
    cairo_surface_t *surface = cairo_pdf_surface_create(path, width, height);
    // The same chart gives the same bytes, so that no date is written.
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, chart->title);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, "2000-01-01T00:00:00Z");
    draw_on(surface, chart, measure, theme, width, height, 1);
    cairo_surface_finish(surface);
    cairo_status_t status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    return check(status, path, error);
}
