// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a chart on the screen costs a frame: 4 series of 10,000 points, drawn whole, while points
// are appended, while the pointer moves, and not at all. A frame is the snapshot of the widget and
// the drawing of its nodes where something changed, in CPU time. Needs Xvfb.
#include "screen.h"

#include "ui/chart_plot.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#define N_SERIES 4
#define N_POINTS 10000
#define N_FRAMES 100
#define TAIL_PX  140 // the part of a live chart that changes in a frame, and its markers

static double
value(int series, int i)
{
    return (series + 2) * (1 + 0.3 * sin(i * 0.37 * (series + 1))) + (i % 997 == 0 ? 3 : 0);
}

static void
append(RkChart *chart, int from, int to)
{
    for (int s = 0; s < N_SERIES; s++)
        for (int i = from; i < to; i++)
            rk_series_add(g_ptr_array_index(rk_chart_panel(chart, 0)->series, s), i, value(s, i));
}

static RkChart *
new_chart(void)
{
    static const char *const NAMES[N_SERIES] = {"p50", "p90", "p99", "mean"};
    RkChart *chart = rk_chart_new("Latency");
    for (int s = 0; s < N_SERIES; s++)
        rk_chart_series(chart, 0, NAMES[s], RK_SERIES_LINE);
    append(chart, 0, N_POINTS);
    return chart;
}

typedef struct {
    double snapshot_ms, draw_ms;
} Frame;

// Of this thread, in us: other programs on the machine don't count.
static gint64
cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (gint64)t.tv_sec * G_USEC_PER_SEC + t.tv_nsec / 1000;
}

// One frame; only what lies between `left` and `right` is drawn.
static Frame
frame(GtkWidget *plot, cairo_t *cr, double left, double right)
{
    const int width = gtk_widget_get_width(plot), height = gtk_widget_get_height(plot);
    const gint64 begin = cpu_us();
    GtkSnapshot *snapshot = gtk_snapshot_new();
    GTK_WIDGET_GET_CLASS(plot)->snapshot(plot, snapshot);
    GskRenderNode *node = gtk_snapshot_free_to_node(snapshot);
    const gint64 made = cpu_us();
    cairo_save(cr);
    cairo_rectangle(cr, MAX(left, 0), 0, MIN(right, width) - MAX(left, 0), height);
    cairo_clip(cr);
    gsk_render_node_draw(node, cr);
    cairo_restore(cr);
    const gint64 end = cpu_us();
    gsk_render_node_unref(node);
    return (Frame){(double)(made - begin) * 1e-3, (double)(end - made) * 1e-3};
}

static void
say(const char *what, const Frame *frames, int n)
{
    Frame sum = {0}, most = {0};
    for (int i = 0; i < n; i++) {
        sum.snapshot_ms += frames[i].snapshot_ms / n;
        sum.draw_ms += frames[i].draw_ms / n;
        if (frames[i].snapshot_ms + frames[i].draw_ms > most.snapshot_ms + most.draw_ms)
            most = frames[i];
    }
    printf("%-34s snapshot %6.2f ms, drawing %6.2f ms; the longest %6.2f ms\n", what,
           sum.snapshot_ms, sum.draw_ms, most.snapshot_ms + most.draw_ms);
}

static void
settle(void)
{
    const gint64 end = g_get_monotonic_time() + 300000;
    while (g_get_monotonic_time() < end)
        g_main_context_iteration(NULL, FALSE);
}

static void
measure(RkChartPlot *plot, cairo_t *cr)
{
    GtkWidget *widget = GTK_WIDGET(plot);
    RkChart *chart = rk_chart_plot_chart(plot);
    Frame frames[N_FRAMES];
    const double width = gtk_widget_get_width(widget);
    for (int i = 0; i < 10; i++) {
        rk_chart_plot_changed(plot, FALSE);
        frames[i] = frame(widget, cr, 0, width);
    }
    say("drawn whole", frames, 10);
    for (int i = 0; i < N_FRAMES; i++)
        frames[i] = frame(widget, cr, 0, 0);
    say("nothing changed", frames, N_FRAMES);
    rk_chart_plot_changed(plot, TRUE);
    append(chart, N_POINTS, N_POINTS + 1);
    rk_chart_plot_changed(plot, TRUE); // ranges get their room ahead
    frame(widget, cr, 0, width);
    const double plot_px = width / 1.25; // the line ends there
    for (int i = 0; i < N_FRAMES; i++) {
        append(chart, N_POINTS + 1 + i * 10, N_POINTS + 11 + i * 10);
        rk_chart_plot_changed(plot, TRUE);
        const double end = plot_px * (1 + (double)i * 10 / N_POINTS);
        frames[i] = frame(widget, cr, end - TAIL_PX, end + TAIL_PX);
    }
    say("10 points a series appended", frames, N_FRAMES);
    const RkChartPlotDraws draws = rk_chart_plot_draws(plot);
    printf("drawn so far: the grid %" G_GUINT64_FORMAT " times, all data %" G_GUINT64_FORMAT
           ", the tail %" G_GUINT64_FORMAT "\n",
           draws.n_grid, draws.n_data, draws.n_tail);
}

int
main(void)
{
    const char *why;
    if (!rk_screen_start(1400, 700, &why) || !gtk_init_check()) {
        fprintf(stderr, "No screen: %s\n", why);
        return 1;
    }
    adw_init();
    GtkWidget *window = gtk_window_new(), *plot = rk_chart_plot_new();
    gtk_window_set_child(GTK_WINDOW(window), plot);
    gtk_window_set_default_size(GTK_WINDOW(window), 1200, 400);
    rk_chart_plot_set_chart(RK_CHART_PLOT(plot), new_chart());
    gtk_window_present(GTK_WINDOW(window));
    settle();
    printf("%d x %d points in %d x %d pixels\n", N_SERIES, N_POINTS, gtk_widget_get_width(plot),
           gtk_widget_get_height(plot));
    cairo_surface_t *surface = cairo_image_surface_create(
        CAIRO_FORMAT_ARGB32, gtk_widget_get_width(plot), gtk_widget_get_height(plot));
    cairo_t *cr = cairo_create(surface);
    measure(RK_CHART_PLOT(plot), cr);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    gtk_window_destroy(GTK_WINDOW(window));
    rk_screen_stop();
    return 0;
}
