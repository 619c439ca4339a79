// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chart_plot-private.h"

#include <math.h>

#define LIVE_ROOM_X  0.25 // share of the range kept free ahead of a live line
#define LIVE_ROOM_Y  0.12 // and above and below it
#define CHUNK_PX     64.0 // of a tail, from which on it settles
#define MARKER_REACH 12.0 // px that a point's sign may stand out of its place
#define MIN_HEIGHT   180  // px

G_DEFINE_FINAL_TYPE(RkChartPlot, rk_chart_plot, GTK_TYPE_WIDGET)

static guint view_changed_signal;

// ---- what is kept --------------------------------------------------------------------------

static void
drop_node(GskRenderNode **node)
{
    g_clear_pointer(node, gsk_render_node_unref);
}

void
rk_chart_plot_invalidate(RkChartPlot *plot, gboolean layout_too)
{
    drop_node(&plot->settled);
    drop_node(&plot->tail);
    drop_node(&plot->marks);
    g_ptr_array_set_size(plot->chunks, 0);
    if (layout_too) {
        const RkHit nowhere = {0};
        rk_chart_plot_point_at(plot, &nowhere); // what it points at has moved
        g_clear_pointer(&plot->layout, rk_layout_free);
    }
    gtk_widget_queue_draw(GTK_WIDGET(plot));
}

static RkMeasure *
measure_of(RkChartPlot *plot)
{
    if (plot->measure != NULL)
        return plot->measure;
    PangoContext *context = gtk_widget_get_pango_context(GTK_WIDGET(plot));
    const PangoFontDescription *font = pango_context_get_font_description(context);
    int dpi = 96 * 1024;
    g_object_get(gtk_widget_get_settings(GTK_WIDGET(plot)), "gtk-xft-dpi", &dpi, NULL);
    const double scale = dpi > 0 ? CLAMP(dpi / (96.0 * 1024), 0.5, 4) : 1;
    plot->measure = rk_measure_new(pango_font_description_get_family(font), scale);
    return plot->measure;
}

RkLayout *
rk_chart_plot_layout(RkChartPlot *plot)
{
    const int width = gtk_widget_get_width(GTK_WIDGET(plot));
    const int height = gtk_widget_get_height(GTK_WIDGET(plot));
    if (plot->chart == NULL || width <= 0 || height <= 0)
        return NULL;
    if (plot->layout != NULL && (plot->width != width || plot->height != height))
        rk_chart_plot_invalidate(plot, TRUE);
    if (plot->layout == NULL) {
        plot->layout =
            rk_layout_new(plot->chart, measure_of(plot), width, height, RK_LAYOUT_LEGEND);
        plot->width = width;
        plot->height = height;
    }
    return plot->layout;
}

// ---- ranges --------------------------------------------------------------------------------

void
rk_chart_plot_each(RkChart *chart, RkSeriesFunc func, gpointer data)
{
    for (guint p = 0; p < chart->panels->len; p++) {
        RkPanel *panel = rk_chart_panel(chart, p);
        for (guint i = 0; i < panel->series->len; i++)
            func(panel, g_ptr_array_index(panel->series, i), data);
    }
}

static void
count_points(RkPanel *panel, RkSeries *series, gpointer n)
{
    *(gsize *)n += series->n;
}

static void
settle(RkPanel *panel, RkSeries *series, gpointer unused)
{
    rk_series_settle(series);
}

static gsize
n_points(RkChart *chart)
{
    gsize n = 0;
    rk_chart_plot_each(chart, count_points, &n);
    return n;
}

typedef struct {
    const RkChart *chart;
    gboolean inside, tail;
} Fits;

static gboolean
within(const RkChartAxis *axis, double value)
{
    return !rk_axis_can_show(axis, value) || (value >= axis->full_lo && value <= axis->full_hi);
}

// Whether what came after the settled points lies in the ranges that are.
static void
check_inside(RkPanel *panel, RkSeries *s, gpointer data)
{
    Fits *fits = data;
    if (s->hidden)
        return;
    const gboolean low_is_x = s->kind == RK_SERIES_BINS || s->kind == RK_SERIES_SPANS;
    for (gsize i = s->n_settled; i < s->n && fits->inside; i++) {
        fits->inside = within(&fits->chart->x, s->x[i]) && within(&panel->y, s->y[i]);
        if (s->low != NULL)
            fits->inside &= within(low_is_x ? &fits->chart->x : &panel->y, s->low[i]);
    }
}

static void
widen(RkChartAxis *axis, double below, double above)
{
    const gboolean zoomed = rk_axis_is_zoomed(axis);
    RkChartAxis whole = *axis;
    if (axis->fixed || axis->scale == RK_SCALE_CATEGORY || axis->scale == RK_SCALE_NINES)
        return;
    rk_axis_reset(&whole);
    if (!(axis->from_zero && axis->full_lo == 0))
        axis->full_lo = rk_axis_value(&whole, -below);
    axis->full_hi = rk_axis_value(&whole, 1 + above);
    if (!zoomed)
        rk_axis_reset(axis);
}

static void
fit(RkChartPlot *plot)
{
    rk_chart_fit(plot->chart);
    if (!plot->live)
        return;
    widen(&plot->chart->x, 0, LIVE_ROOM_X);
    for (guint i = 0; i < plot->chart->panels->len; i++)
        widen(&rk_chart_panel(plot->chart, i)->y, LIVE_ROOM_Y, LIVE_ROOM_Y);
}

void
rk_chart_plot_renew(RkChartPlot *plot)
{
    if (plot->chart != NULL) {
        fit(plot);
        rk_chart_plot_each(plot->chart, settle, NULL);
        plot->n_seen = n_points(plot->chart);
    }
    rk_chart_plot_invalidate(plot, TRUE);
}

void
rk_chart_plot_changed(RkChartPlot *plot, gboolean only_appended)
{
    if (plot->chart == NULL)
        return;
    const gsize n = n_points(plot->chart);
    Fits fits = {plot->chart, TRUE, FALSE};
    if (only_appended && n == plot->n_seen)
        return;
    // The first points come to an empty chart: all is new.
    if (!only_appended || n < plot->n_seen || plot->n_seen == 0 || !plot->live) {
        plot->live = only_appended;
        rk_chart_plot_renew(plot);
        gtk_widget_queue_resize(GTK_WIDGET(plot));
        return;
    }
    rk_chart_plot_each(plot->chart, check_inside, &fits);
    if (!fits.inside) {
        rk_chart_plot_renew(plot);
        return;
    }
    plot->n_seen = n;
    drop_node(&plot->tail);
    gtk_widget_queue_draw(GTK_WIDGET(plot));
}

void
rk_chart_plot_set_chart(RkChartPlot *plot, RkChart *chart)
{
    const RkHit nowhere = {0};
    rk_chart_plot_point_at(plot, &nowhere);
    g_clear_pointer(&plot->layout, rk_layout_free);
    g_clear_pointer(&plot->chart, rk_chart_free);
    g_hash_table_remove_all(plot->pinned);
    plot->chart = chart;
    plot->live = FALSE;
    rk_chart_plot_renew(plot);
    gtk_widget_queue_resize(GTK_WIDGET(plot));
    rk_chart_plot_view_changed(plot);
}

RkChart *
rk_chart_plot_chart(RkChartPlot *plot)
{
    return plot->chart;
}

RkChartPlotDraws
rk_chart_plot_draws(RkChartPlot *plot)
{
    return plot->draws;
}

// ---- drawing -------------------------------------------------------------------------------

static GskRenderNode *
node_at(const RkRect *box)
{
    return gsk_cairo_node_new(
        &GRAPHENE_RECT_INIT((float)box->x, (float)box->y, (float)box->width, (float)box->height));
}

static GskRenderNode *
draw(RkChartPlot *plot, const RkRect *box, unsigned layers)
{
    GskRenderNode *node = node_at(box);
    cairo_t *cr = gsk_cairo_node_get_draw_context(node);
    RkCairoCanvas canvas = rk_cairo_canvas(cr, plot->measure, plot->theme);
    rk_chart_draw(plot->layout, &canvas.base, layers);
    cairo_destroy(cr);
    return node;
}

// The same as a picture: a recording of dense lines would be filled anew in each frame that touches
// it (14 ms for 4 x 10,000 points), a picture is copied where the frame needs it.
static GskRenderNode *
draw_picture(RkChartPlot *plot, const RkRect *box, unsigned layers)
{
    const int scale = gtk_widget_get_scale_factor(GTK_WIDGET(plot));
    cairo_surface_t *surface = cairo_image_surface_create(
        CAIRO_FORMAT_ARGB32, (int)box->width * scale, (int)box->height * scale);
    cairo_surface_set_device_scale(surface, scale, scale);
    cairo_t *cr = cairo_create(surface);
    cairo_translate(cr, -box->x, -box->y);
    RkCairoCanvas canvas = rk_cairo_canvas(cr, plot->measure, plot->theme);
    rk_chart_draw(plot->layout, &canvas.base, layers);
    cairo_destroy(cr);
    GskRenderNode *node = node_at(box);
    cr = gsk_cairo_node_get_draw_context(node);
    cairo_set_source_surface(cr, surface, box->x, box->y);
    cairo_paint(cr);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    return node;
}

typedef struct {
    const RkChart *chart;
    double from, to; // places on x of what isn't settled
} Extent;

static void
take_extent(RkPanel *panel, RkSeries *s, gpointer data)
{
    Extent *extent = data;
    if (s->n == s->n_settled || s->hidden)
        return;
    for (gsize i = s->n_settled > 0 ? s->n_settled - 1 : 0; i < s->n; i++) {
        double place = rk_axis_place(&extent->chart->x, s->x[i]);
        if (isfinite(place)) {
            extent->from = MIN(extent->from, place);
            extent->to = MAX(extent->to, place);
        }
    }
}

static void
draw_tail(RkChartPlot *plot)
{
    const RkRect *place = &rk_layout_panel(plot->layout, 0)->plot;
    Extent extent = {plot->chart, INFINITY, -INFINITY};
    rk_chart_plot_each(plot->chart, take_extent, &extent);
    extent.from = MAX(extent.from, 0);
    extent.to = MIN(extent.to, 1);
    if (extent.from > extent.to) { // nothing new, or out of sight
        rk_chart_plot_each(plot->chart, settle, NULL);
        return;
    }
    const double left = floor(place->x + extent.from * place->width - MARKER_REACH);
    const double right = ceil(place->x + extent.to * place->width + MARKER_REACH);
    const RkRect box = {left, 0, right - left, plot->height};
    plot->tail = draw_picture(plot, &box, RK_LAYER_TAIL);
    plot->draws.n_tail++;
    if (right - left < CHUNK_PX)
        return;
    g_ptr_array_add(plot->chunks, g_steal_pointer(&plot->tail));
    rk_chart_plot_each(plot->chart, settle, NULL);
}

// Draws what isn't there.
static void
complete(RkChartPlot *plot)
{
    const RkRect all = {0, 0, plot->width, plot->height};
    if (plot->settled == NULL) {
        plot->settled = draw_picture(plot, &all, RK_LAYER_GRID | RK_LAYER_DATA);
        plot->draws.n_grid++;
        plot->draws.n_data++;
    }
    if (plot->tail == NULL)
        draw_tail(plot);
    if (plot->marks == NULL)
        plot->marks = draw(plot, &all, RK_LAYER_MARKS);
}

static void
plot_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    RkChartPlot *plot = RK_CHART_PLOT(widget);
    if (rk_chart_plot_layout(plot) == NULL)
        return;
    complete(plot);
    gtk_snapshot_append_node(snapshot, plot->settled);
    for (guint i = 0; i < plot->chunks->len; i++)
        gtk_snapshot_append_node(snapshot, g_ptr_array_index(plot->chunks, i));
    if (plot->tail != NULL)
        gtk_snapshot_append_node(snapshot, plot->tail);
    gtk_snapshot_append_node(snapshot, plot->marks);
    rk_chart_plot_snapshot_tip(plot, snapshot);
}

void
rk_chart_plot_view_changed(RkChartPlot *plot)
{
    g_signal_emit(plot, view_changed_signal, 0);
}

// ---- the class -----------------------------------------------------------------------------

static GtkSizeRequestMode
plot_request_mode(GtkWidget *widget)
{
    return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static gboolean
has_rows(const RkChart *chart)
{
    gboolean rows = FALSE;
    for (guint i = 0; i < chart->panels->len; i++)
        rows |= rk_chart_panel(chart, i)->y.scale == RK_SCALE_CATEGORY;
    return rows;
}

static void
plot_measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
             int *natural, int *minimum_baseline, int *natural_baseline)
{
    RkChartPlot *plot = RK_CHART_PLOT(widget);
    *minimum_baseline = *natural_baseline = -1;
    *minimum = 200;
    *natural = 640;
    if (orientation == GTK_ORIENTATION_HORIZONTAL)
        return;
    *minimum = *natural = MIN_HEIGHT;
    if (plot->chart == NULL)
        return;
    *natural = (int)ceil(rk_layout_natural_height(plot->chart, for_size > 0 ? for_size : 640));
    *natural = MAX(*natural, MIN_HEIGHT);
    if (has_rows(plot->chart))
        *minimum = *natural;
    else
        *minimum = MIN(*natural, MIN_HEIGHT + 90 * ((int)plot->chart->panels->len - 1));
}

static void
take_theme(RkChartPlot *plot)
{
    AdwStyleManager *style = adw_style_manager_get_default();
    const gboolean dark = adw_style_manager_get_dark(style);
    if (adw_style_manager_get_high_contrast(style))
        plot->theme = dark ? RK_THEME_DARK_CONTRAST : RK_THEME_LIGHT_CONTRAST;
    else
        plot->theme = dark ? RK_THEME_DARK : RK_THEME_LIGHT;
    rk_chart_plot_invalidate(plot, FALSE);
}

static void
scale_changed(RkChartPlot *plot)
{
    rk_chart_plot_invalidate(plot, FALSE);
}

static void
plot_system_setting_changed(GtkWidget *widget, GtkSystemSetting setting)
{
    RkChartPlot *plot = RK_CHART_PLOT(widget);
    GTK_WIDGET_CLASS(rk_chart_plot_parent_class)->system_setting_changed(widget, setting);
    rk_chart_plot_invalidate(plot, TRUE);
    g_clear_pointer(&plot->measure, rk_measure_free);
}

static void
plot_dispose(GObject *object)
{
    RkChartPlot *plot = RK_CHART_PLOT(object);
    GtkWidget *menu;
    while ((menu = gtk_widget_get_first_child(GTK_WIDGET(plot))) != NULL)
        gtk_widget_unparent(menu);
    rk_chart_plot_invalidate(plot, TRUE);
    g_clear_pointer(&plot->chart, rk_chart_free);
    G_OBJECT_CLASS(rk_chart_plot_parent_class)->dispose(object);
}

static void
plot_finalize(GObject *object)
{
    RkChartPlot *plot = RK_CHART_PLOT(object);
    rk_measure_free(plot->measure);
    g_array_unref(plot->hits);
    g_ptr_array_unref(plot->chunks);
    g_hash_table_unref(plot->pinned);
    G_OBJECT_CLASS(rk_chart_plot_parent_class)->finalize(object);
}

static void
rk_chart_plot_class_init(RkChartPlotClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = plot_dispose;
    G_OBJECT_CLASS(class)->finalize = plot_finalize;
    widget->snapshot = plot_snapshot;
    widget->measure = plot_measure;
    widget->get_request_mode = plot_request_mode;
    widget->system_setting_changed = plot_system_setting_changed;
    gtk_widget_class_set_css_name(widget, "chartplot");
    gtk_widget_class_set_accessible_role(widget, GTK_ACCESSIBLE_ROLE_IMG);
    view_changed_signal = g_signal_new("view-changed", RK_TYPE_CHART_PLOT, G_SIGNAL_RUN_LAST, 0,
                                       NULL, NULL, NULL, G_TYPE_NONE, 0);
    rk_chart_plot_class_add_keys(widget);
}

static void
rk_chart_plot_init(RkChartPlot *plot)
{
    AdwStyleManager *style = adw_style_manager_get_default();
    plot->chunks = g_ptr_array_new_with_free_func((GDestroyNotify)gsk_render_node_unref);
    plot->hits = g_array_new(FALSE, FALSE, sizeof(RkHit));
    plot->pinned = g_hash_table_new(NULL, NULL);
    gtk_widget_set_focusable(GTK_WIDGET(plot), TRUE);
    gtk_widget_set_overflow(GTK_WIDGET(plot), GTK_OVERFLOW_HIDDEN);
    g_signal_connect_object(style, "notify::dark", G_CALLBACK(take_theme), plot, G_CONNECT_SWAPPED);
    g_signal_connect_object(style, "notify::high-contrast", G_CALLBACK(take_theme), plot,
                            G_CONNECT_SWAPPED);
    g_signal_connect(plot, "notify::scale-factor", G_CALLBACK(scale_changed), NULL);
    take_theme(plot);
    rk_chart_plot_add_input(plot);
}

GtkWidget *
rk_chart_plot_new(void)
{
    return g_object_new(RK_TYPE_CHART_PLOT, NULL);
}
