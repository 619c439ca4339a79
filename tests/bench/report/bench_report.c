// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a report of 500 trials and a chart of a million points cost.
#include "report/draw.h"
#include "report/report.h"
#include "results_rig.h"

#include <cairo.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <glib/gstdio.h>

static double
seconds(void)
{
    return (double)g_get_monotonic_time() * 1e-6;
}

static void
report(guint n_trials)
{
    g_autoptr(RkResults) results = results_rig_new(n_trials);
    const RkResults *const all[] = {results};
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "rankine-bench-report.pdf", NULL);
    double begin = seconds();
    g_autoptr(RkDocument) document = rk_report_new(all, 1);
    g_autofree char *html = rk_document_to_html(document);
    double html_s = seconds() - begin;
    if (!rk_document_to_pdf(document, path, &error))
        g_error("%s", error->message);
    printf("%u trials: HTML %.0f ms (%zu KiB), PDF %.0f ms\n", n_trials, html_s * 1e3,
           strlen(html) / 1024, (seconds() - begin - html_s) * 1e3);
    g_unlink(path);
}

static void
lines(guint n_series, gsize n_points)
{
    g_autoptr(RkMeasure) measure = rk_measure_new(NULL, 1);
    g_autoptr(RkChart) chart = rk_chart_new("Latency");
    for (guint s = 0; s < n_series; s++) {
        g_autofree char *name = g_strdup_printf("series %u", s);
        RkSeries *series = rk_chart_series(chart, 0, name, RK_SERIES_LINE);
        for (gsize i = 0; i < n_points; i++)
            rk_series_add(series, (double)i, (s + 2) * (1 + 0.3 * sin((double)i * 0.37 * (s + 1))));
    }
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 1200, 400);
    cairo_t *cr = cairo_create(surface);
    RkCairoCanvas canvas = rk_cairo_canvas(cr, measure, RK_THEME_LIGHT);
    rk_chart_fit(chart);
    g_autoptr(RkLayout) layout = rk_layout_new(chart, measure, 1200, 400, 0);
    const RkRect *plot = &rk_layout_panel(layout, 0)->plot;
    const int RUNS = 20;
    double begin = seconds();
    guint kept = 0;
    for (int r = 0; r < RUNS; r++)
        for (guint s = 0; s < n_series; s++) {
            const RkSeries *series = g_ptr_array_index(rk_chart_panel(chart, 0)->series, s);
            g_autoptr(GArray) points =
                rk_decimate_line(&chart->x, &rk_chart_panel(chart, 0)->y, series->x, series->y,
                                 series->n, plot->x, plot->y, plot->width, plot->height);
            kept = points->len;
        }
    double decimate_s = (seconds() - begin) / RUNS;
    begin = seconds();
    for (int r = 0; r < RUNS; r++)
        rk_chart_draw(layout, &canvas.base, RK_LAYER_DATA | RK_LAYER_TAIL);
    printf("%u x %zu points: decimated to %u each in %.2f ms, drawn in %.2f ms\n", n_series,
           n_points, kept, decimate_s * 1e3, (seconds() - begin) / RUNS * 1e3);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
}

int
main(void)
{
    report(500);
    lines(4, 10000);
    lines(1, 1000000);
    return 0;
}
