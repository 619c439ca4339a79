// SPDX-License-Identifier: GPL-3.0-or-later
//
// Pointer, touch and keys. The wheel zooms with Ctrl, or when the plot has the focus, so that a
// page still scrolls under the pointer; a drag selects what to magnify, and moves it once it is.
#include "ui/chart_plot-private.h"

#include <math.h>

#define REACH     16.0 // px from the pointer to a point
#define WHEEL     1.25 // a notch
#define KEY_ZOOM  1.5
#define KEY_PAN   0.1 // of what is shown
#define SMALL_BOX 8.0 // px: a slip, or (its height) a choice of x alone

static const RkHit NOWHERE;

static gboolean
is_line(const RkSeries *s)
{
    return s->kind == RK_SERIES_LINE || s->kind == RK_SERIES_BAND;
}

// ---- the cursor ----------------------------------------------------------------------------

// The line nearest to the pointer among those with a point at its x.
static gboolean
nearest_line(const RkLayout *layout, guint panel, RkPoint px, RkHit *hit)
{
    g_autoptr(GArray) hits = rk_layout_hits_at_x(layout, panel, px.x);
    double best = INFINITY;
    for (guint i = 0; i < hits->len; i++) {
        const RkHit *each = &g_array_index(hits, RkHit, i);
        const double away = hypot(each->at.x - px.x, each->at.y - px.y);
        if (away < best && rk_layout_panel_at(layout, each->at) >= 0) {
            best = away;
            *hit = *each;
        }
    }
    return isfinite(best);
}

static void
point_at_pointer(RkChartPlot *plot, double x, double y)
{
    const RkLayout *layout = rk_chart_plot_layout(plot);
    const RkPoint px = {x, y};
    RkHit hit = {0}, line = {0};
    if (layout == NULL)
        return;
    const int panel = rk_layout_panel_at(layout, px);
    gboolean found = rk_layout_hit(layout, px, REACH, &hit);
    if (panel >= 0 && (!found || is_line(hit.series)) &&
        nearest_line(layout, (guint)panel, px, &line))
        hit = line;
    rk_chart_plot_point_at(plot, &hit);
}

static void
on_motion(GtkEventControllerMotion *motion, double x, double y, RkChartPlot *plot)
{
    const gboolean moved = x != plot->pointer_x || y != plot->pointer_y;
    plot->pointer_x = x;
    plot->pointer_y = y;
    // GTK also says so when the widget below the pointer changed; a cursor set by keys then stays.
    if (moved && !plot->panning && plot->box.width == 0)
        point_at_pointer(plot, x, y);
}

static void
on_leave(GtkEventControllerMotion *motion, RkChartPlot *plot)
{
    rk_chart_plot_point_at(plot, &NOWHERE);
}

// ---- what is shown -------------------------------------------------------------------------

static gboolean
lines_only(const RkPanel *panel)
{
    for (guint i = 0; i < panel->series->len; i++)
        if (!is_line(g_ptr_array_index(panel->series, i)))
            return FALSE;
    return TRUE;
}

static void
shown_changed(RkChartPlot *plot)
{
    rk_chart_plot_invalidate(plot, TRUE);
    rk_chart_plot_view_changed(plot);
}

// Of lines over x, x alone is magnified.
static void
zoom_at(RkChartPlot *plot, double x, double y, double factor)
{
    const RkLayout *layout = rk_chart_plot_layout(plot);
    if (layout == NULL || layout->panels->len == 0)
        return;
    const int at = rk_layout_panel_at(layout, (RkPoint){x, y});
    const RkPanelLayout *p = rk_layout_panel(layout, (guint)MAX(at, 0));
    RkChartAxis *axis = &p->panel->y;
    if (plot->chart->x.scale != RK_SCALE_CATEGORY)
        rk_axis_zoom(&plot->chart->x, CLAMP((x - p->plot.x) / p->plot.width, 0, 1), factor);
    if (axis->scale != RK_SCALE_CATEGORY && !lines_only(p->panel))
        rk_axis_zoom(axis, CLAMP(1 - (y - p->plot.y) / p->plot.height, 0, 1), factor);
    shown_changed(plot);
}

void
rk_chart_plot_zoom(RkChartPlot *plot, double factor)
{
    const RkLayout *layout = rk_chart_plot_layout(plot);
    if (layout == NULL)
        return;
    const RkRect *box = &rk_layout_panel(layout, 0)->plot;
    const RkPoint middle = {box->x + box->width / 2, box->y + box->height / 2};
    const RkPoint at = plot->hit.series != NULL ? plot->hit.at : middle;
    zoom_at(plot, at.x, at.y, factor);
}

static void
pan(RkChartPlot *plot, guint panel, double dx, double dy)
{
    RkChartAxis *y = &rk_chart_panel(plot->chart, panel)->y;
    if (!rk_chart_plot_is_zoomed(plot))
        return;
    if (rk_axis_is_zoomed(&plot->chart->x))
        rk_axis_pan(&plot->chart->x, dx);
    if (rk_axis_is_zoomed(y))
        rk_axis_pan(y, dy);
    shown_changed(plot);
}

static gboolean
on_scroll(GtkEventControllerScroll *scroll, double dx, double dy, RkChartPlot *plot)
{
    const GdkModifierType state =
        gtk_event_controller_get_current_event_state(GTK_EVENT_CONTROLLER(scroll));
    if (!(state & GDK_CONTROL_MASK) && !gtk_widget_has_focus(GTK_WIDGET(plot)))
        return FALSE;
    if (dx != 0)
        pan(plot, 0, dx * KEY_PAN, 0);
    if (dy != 0)
        zoom_at(plot, plot->pointer_x, plot->pointer_y, pow(WHEEL, -dy));
    return TRUE;
}

static void
on_pinch_begin(GtkGesture *gesture, GdkEventSequence *sequence, RkChartPlot *plot)
{
    plot->pinch = 1;
}

static void
on_pinch(GtkGestureZoom *gesture, double scale, RkChartPlot *plot)
{
    double x, y;
    if (!(scale > 0) || !gtk_gesture_get_bounding_box_center(GTK_GESTURE(gesture), &x, &y))
        return;
    zoom_at(plot, x, y, scale / plot->pinch);
    plot->pinch = scale;
}

// ---- dragging ------------------------------------------------------------------------------

static void
on_drag_begin(GtkGestureDrag *drag, double x, double y, RkChartPlot *plot)
{
    const RkLayout *layout = rk_chart_plot_layout(plot);
    const GdkModifierType state =
        gtk_event_controller_get_current_event_state(GTK_EVENT_CONTROLLER(drag));
    if (layout == NULL || rk_layout_panel_at(layout, (RkPoint){x, y}) < 0) {
        gtk_gesture_set_state(GTK_GESTURE(drag), GTK_EVENT_SEQUENCE_DENIED);
        return;
    }
    plot->panning = rk_chart_plot_is_zoomed(plot) && !(state & GDK_SHIFT_MASK);
    plot->start_x = plot->drag_x = x;
    plot->start_y = plot->drag_y = y;
}

static void
on_drag_update(GtkGestureDrag *drag, double offset_x, double offset_y, RkChartPlot *plot)
{
    const RkLayout *layout = rk_chart_plot_layout(plot);
    const double x = plot->start_x, y = plot->start_y;
    if (layout == NULL)
        return;
    const int panel = MAX(rk_layout_panel_at(layout, (RkPoint){x, y}), 0);
    const RkRect *box = &rk_layout_panel(layout, (guint)panel)->plot;
    if (plot->panning) {
        const double dx = x + offset_x - plot->drag_x, dy = y + offset_y - plot->drag_y;
        plot->drag_x += dx;
        plot->drag_y += dy;
        pan(plot, (guint)panel, -dx / box->width, dy / box->height);
        return;
    }
    const double to_x = CLAMP(x + offset_x, box->x, box->x + box->width);
    const double to_y = CLAMP(y + offset_y, box->y, box->y + box->height);
    plot->box = (RkRect){MIN(x, to_x), MIN(y, to_y), fabs(to_x - x), fabs(to_y - y)};
    if (plot->box.height < SMALL_BOX) { // x alone
        plot->box.y = box->y;
        plot->box.height = box->height;
    }
    if (plot->box.width >= SMALL_BOX)
        rk_chart_plot_point_at(plot, &NOWHERE);
    gtk_widget_queue_draw(GTK_WIDGET(plot));
}

static void
on_drag_end(GtkGestureDrag *drag, double offset_x, double offset_y, RkChartPlot *plot)
{
    const RkLayout *layout = rk_chart_plot_layout(plot);
    const RkRect chosen = plot->box;
    plot->box = (RkRect){0};
    gtk_widget_queue_draw(GTK_WIDGET(plot));
    if (plot->panning || layout == NULL || chosen.width < SMALL_BOX) {
        plot->panning = FALSE;
        return;
    }
    const RkPoint middle = {chosen.x + chosen.width / 2, chosen.y + chosen.height / 2};
    const int panel = MAX(rk_layout_panel_at(layout, middle), 0);
    const RkPanelLayout *p = rk_layout_panel(layout, (guint)panel);
    RkChartAxis *y = &p->panel->y;
    if (plot->chart->x.scale != RK_SCALE_CATEGORY)
        rk_axis_select(&plot->chart->x, (chosen.x - p->plot.x) / p->plot.width,
                       (chosen.x + chosen.width - p->plot.x) / p->plot.width);
    if (y->scale != RK_SCALE_CATEGORY && chosen.height < p->plot.height)
        rk_axis_select(y, 1 - (chosen.y - p->plot.y) / p->plot.height,
                       1 - (chosen.y + chosen.height - p->plot.y) / p->plot.height);
    shown_changed(plot);
}

// ---- the legend ----------------------------------------------------------------------------

static const RkSeries *
legend_at(RkChartPlot *plot, double x, double y)
{
    const RkLayout *layout = rk_chart_plot_layout(plot);
    for (guint i = 0; layout != NULL && i < layout->legend->len; i++) {
        const RkLegendEntry *entry = &g_array_index(layout->legend, RkLegendEntry, i);
        if (x >= entry->box.x - 4 && x <= entry->box.x + entry->box.width + 4 &&
            y >= entry->box.y && y <= entry->box.y + entry->box.height)
            return entry->series;
    }
    return NULL;
}

static void
on_press(GtkGestureClick *click, int n_press, double x, double y, RkChartPlot *plot)
{
    const GdkModifierType state =
        gtk_event_controller_get_current_event_state(GTK_EVENT_CONTROLLER(click));
    const RkSeries *series = legend_at(plot, x, y);
    gtk_widget_grab_focus(GTK_WIDGET(plot));
    if (series != NULL && (state & (GDK_SHIFT_MASK | GDK_CONTROL_MASK)))
        rk_chart_plot_set_pinned(plot, series->style,
                                 !rk_chart_plot_is_pinned(plot, series->style));
    else if (series != NULL)
        rk_chart_plot_set_hidden(plot, series->style, !series->hidden);
    else if (n_press == 2)
        rk_chart_plot_reset(plot);
}

// ---- keys ----------------------------------------------------------------------------------

static gboolean
key_step(GtkWidget *widget, GVariant *arguments, gpointer unused)
{
    RkChartPlot *plot = RK_CHART_PLOT(widget);
    const RkLayout *layout = rk_chart_plot_layout(plot);
    RkHit hit = plot->hit;
    int along, across;
    g_variant_get(arguments, "(ii)", &along, &across);
    if (layout == NULL)
        return FALSE;
    if (along != 0 ? rk_layout_step(layout, along, &hit)
                   : rk_layout_step_series(layout, across, &hit))
        rk_chart_plot_point_at(plot, &hit);
    return TRUE;
}

static gboolean
key_end(GtkWidget *widget, GVariant *arguments, gpointer unused)
{
    RkChartPlot *plot = RK_CHART_PLOT(widget);
    const RkLayout *layout = rk_chart_plot_layout(plot);
    RkHit hit = plot->hit;
    const int direction = g_variant_get_int32(arguments);
    if (layout == NULL || (hit.series == NULL && !rk_layout_step(layout, 1, &hit)))
        return FALSE;
    hit.index = direction > 0 ? hit.series->n : (gsize)-1; // one step before the end
    if (rk_layout_step(layout, -direction, &hit))
        rk_chart_plot_point_at(plot, &hit);
    return TRUE;
}

static gboolean
key_zoom(GtkWidget *widget, GVariant *arguments, gpointer unused)
{
    rk_chart_plot_zoom(RK_CHART_PLOT(widget),
                       g_variant_get_int32(arguments) > 0 ? KEY_ZOOM : 1 / KEY_ZOOM);
    return TRUE;
}

static gboolean
key_pan(GtkWidget *widget, GVariant *arguments, gpointer unused)
{
    RkChartPlot *plot = RK_CHART_PLOT(widget);
    int dx, dy;
    g_variant_get(arguments, "(ii)", &dx, &dy);
    if (plot->chart == NULL)
        return FALSE;
    pan(plot, plot->hit.series != NULL ? plot->hit.panel : 0, dx * KEY_PAN, dy * KEY_PAN);
    return TRUE;
}

static gboolean
key_reset(GtkWidget *widget, GVariant *arguments, gpointer unused)
{
    rk_chart_plot_reset(RK_CHART_PLOT(widget));
    return TRUE;
}

// Takes the cursor away; without one, the key is somebody else's.
static gboolean
key_escape(GtkWidget *widget, GVariant *arguments, gpointer unused)
{
    RkChartPlot *plot = RK_CHART_PLOT(widget);
    const gboolean shown = plot->hit.series != NULL;
    rk_chart_plot_point_at(plot, &NOWHERE);
    return shown;
}

void
rk_chart_plot_class_add_keys(GtkWidgetClass *class)
{
    static const struct {
        guint key;
        int x, y;
    } ARROWS[] = {
        {GDK_KEY_Left, -1, 0},    {GDK_KEY_KP_Left, -1, 0}, {GDK_KEY_Right, 1, 0},
        {GDK_KEY_KP_Right, 1, 0}, {GDK_KEY_Up, 0, -1},      {GDK_KEY_KP_Up, 0, -1},
        {GDK_KEY_Down, 0, 1},     {GDK_KEY_KP_Down, 0, 1},
    };
    static const struct {
        guint key;
        int way;
    } ZOOMS[] = {
        {GDK_KEY_plus, 1},   {GDK_KEY_equal, 1},        {GDK_KEY_KP_Add, 1},
        {GDK_KEY_minus, -1}, {GDK_KEY_KP_Subtract, -1},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(ARROWS); i++) {
        gtk_widget_class_add_binding(class, ARROWS[i].key, 0, key_step, "(ii)", ARROWS[i].x,
                                     ARROWS[i].y);
        gtk_widget_class_add_binding(class, ARROWS[i].key, GDK_SHIFT_MASK, key_pan, "(ii)",
                                     ARROWS[i].x, -ARROWS[i].y);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(ZOOMS); i++)
        gtk_widget_class_add_binding(class, ZOOMS[i].key, 0, key_zoom, "i", ZOOMS[i].way);
    gtk_widget_class_add_binding(class, GDK_KEY_plus, GDK_SHIFT_MASK, key_zoom, "i", 1);
    gtk_widget_class_add_binding(class, GDK_KEY_Home, 0, key_end, "i", -1);
    gtk_widget_class_add_binding(class, GDK_KEY_End, 0, key_end, "i", 1);
    gtk_widget_class_add_binding(class, GDK_KEY_0, 0, key_reset, NULL);
    gtk_widget_class_add_binding(class, GDK_KEY_KP_0, 0, key_reset, NULL);
    gtk_widget_class_add_binding(class, GDK_KEY_Escape, 0, key_escape, NULL);
}

void
rk_chart_plot_add_input(RkChartPlot *plot)
{
    GtkWidget *widget = GTK_WIDGET(plot);
    GtkEventController *motion = gtk_event_controller_motion_new();
    GtkEventController *scroll =
        gtk_event_controller_scroll_new(GTK_EVENT_CONTROLLER_SCROLL_BOTH_AXES);
    GtkGesture *pinch = gtk_gesture_zoom_new();
    GtkGesture *drag = gtk_gesture_drag_new();
    GtkGesture *click = gtk_gesture_click_new();
    g_signal_connect(motion, "enter", G_CALLBACK(on_motion), plot);
    g_signal_connect(motion, "motion", G_CALLBACK(on_motion), plot);
    g_signal_connect(motion, "leave", G_CALLBACK(on_leave), plot);
    g_signal_connect(scroll, "scroll", G_CALLBACK(on_scroll), plot);
    g_signal_connect(pinch, "begin", G_CALLBACK(on_pinch_begin), plot);
    g_signal_connect(pinch, "scale-changed", G_CALLBACK(on_pinch), plot);
    g_signal_connect(drag, "drag-begin", G_CALLBACK(on_drag_begin), plot);
    g_signal_connect(drag, "drag-update", G_CALLBACK(on_drag_update), plot);
    g_signal_connect(drag, "drag-end", G_CALLBACK(on_drag_end), plot);
    g_signal_connect(click, "pressed", G_CALLBACK(on_press), plot);
    gtk_widget_add_controller(widget, motion);
    gtk_widget_add_controller(widget, scroll);
    gtk_widget_add_controller(widget, GTK_EVENT_CONTROLLER(pinch));
    gtk_widget_add_controller(widget, GTK_EVENT_CONTROLLER(drag));
    gtk_widget_add_controller(widget, GTK_EVENT_CONTROLLER(click));
}
