// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/scene_view.h"

#include <glib/gi18n.h>
#include <math.h>

#define RADIANS_PER_PX 0.008
#define KEY_STEP       0.0872665 // radians, 5 degrees; a fifth of it with Ctrl
#define ZOOM_STEP      1.15
#define REACH          14.0 // px around a point
#define RESET_MS       300
#define CLICK_PX       4.0 // a press that moves less is a click

struct _RkSceneView {
    GtkWidget parent;
    RkScene *scene;
    RkCamera camera, from; // `from`: when the drag, the pinch or the reset began
    int cursor;
    GtkWidget *tip;
    AdwAnimation *animation;
    double drag_x, drag_y;
};

G_DEFINE_FINAL_TYPE(RkSceneView, rk_scene_view, GTK_TYPE_WIDGET)

static guint activated_signal;

// ---- showing -------------------------------------------------------------------------------

static RkTheme
current_theme(void)
{
    AdwStyleManager *style = adw_style_manager_get_default();
    const gboolean dark = adw_style_manager_get_dark(style);
    if (adw_style_manager_get_high_contrast(style))
        return dark ? RK_THEME_DARK_CONTRAST : RK_THEME_LIGHT_CONTRAST;
    return dark ? RK_THEME_DARK : RK_THEME_LIGHT;
}

// Of the user's text size to the usual one.
static double
text_scale(GtkWidget *widget)
{
    int dpi = -1;
    g_object_get(gtk_widget_get_settings(widget), "gtk-xft-dpi", &dpi, NULL);
    return dpi > 0 ? CLAMP(dpi / 1024. / 96, 0.5, 3) : 1;
}

static RkView
current_view(RkSceneView *view)
{
    GtkWidget *widget = GTK_WIDGET(view);
    return rk_view_new(&view->camera, gtk_widget_get_width(widget), gtk_widget_get_height(widget));
}

static void
snapshot(GtkWidget *widget, GtkSnapshot *to)
{
    RkSceneView *view = RK_SCENE_VIEW(widget);
    const int width = gtk_widget_get_width(widget), height = gtk_widget_get_height(widget);
    if (view->scene != NULL && width > 0 && height > 0) {
        const RkView seen = current_view(view);
        g_autoptr(RkMeasure) measure = rk_measure_new(NULL, text_scale(widget));
        cairo_t *cr =
            gtk_snapshot_append_cairo(to, &GRAPHENE_RECT_INIT(0, 0, (float)width, (float)height));
        RkCairoCanvas canvas = rk_cairo_canvas(cr, measure, current_theme());
        rk_scene_draw(view->scene, &seen, view->cursor, &canvas.base);
        cairo_destroy(cr);
    }
    if (gtk_widget_has_visible_focus(widget))
        gtk_snapshot_render_focus(to, gtk_widget_get_style_context(widget), 1, 1, width - 2,
                                  height - 2);
    gtk_widget_snapshot_child(widget, view->tip, to);
}

static void
describe(RkSceneView *view)
{
    g_autofree char *at = view->scene != NULL && view->cursor >= 0
                              ? rk_scene_point_text(view->scene, (guint)view->cursor)
                              : NULL;
    const char *summary = view->scene != NULL ? view->scene->summary : "";
    gtk_accessible_update_property(GTK_ACCESSIBLE(view), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                   at != NULL ? at : summary, -1);
    gtk_label_set_text(GTK_LABEL(view->tip), at != NULL ? at : "");
    gtk_widget_set_visible(view->tip, at != NULL);
}

static void
set_cursor(RkSceneView *view, int cursor)
{
    if (view->cursor == cursor)
        return;
    view->cursor = cursor;
    describe(view);
    gtk_widget_queue_resize(GTK_WIDGET(view)); // the tip has another size
}

static void
measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
        int *minimum_baseline, int *natural_baseline)
{
    const gboolean across = orientation == GTK_ORIENTATION_HORIZONTAL;
    *minimum = across ? 200 : 260;
    *natural = across ? 640 : 480;
}

// The tip lies along the lower edge, where it hides no point of a box that is seen whole.
static void
size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
    RkSceneView *view = RK_SCENE_VIEW(widget);
    int wide = 0, high = 0;
    if (!gtk_widget_should_layout(view->tip))
        return;
    gtk_widget_measure(view->tip, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &wide, NULL, NULL);
    wide = MIN(wide, MAX(width - 16, 1));
    gtk_widget_measure(view->tip, GTK_ORIENTATION_VERTICAL, wide, NULL, &high, NULL, NULL);
    GskTransform *place = gsk_transform_translate(
        NULL, &GRAPHENE_POINT_INIT((float)(width - wide) / 2, (float)(height - high - 8)));
    gtk_widget_allocate(view->tip, wide, high, -1, place);
}

static void
turned(RkSceneView *view)
{
    gtk_widget_queue_draw(GTK_WIDGET(view));
}

// ---- pointer -------------------------------------------------------------------------------

static void
stop_animation(RkSceneView *view)
{
    if (view->animation != NULL)
        adw_animation_reset(view->animation);
    g_clear_object(&view->animation);
}

static void
drag_begin(GtkGestureDrag *drag, double x, double y, RkSceneView *view)
{
    const RkCamera now = view->camera;
    stop_animation(view);
    view->camera = view->from = now;
    view->drag_x = x;
    view->drag_y = y;
    gtk_widget_grab_focus(GTK_WIDGET(view));
    gtk_widget_set_cursor_from_name(GTK_WIDGET(view), "grabbing");
}

static void
drag_update(GtkGestureDrag *drag, double dx, double dy, RkSceneView *view)
{
    if (hypot(dx, dy) < CLICK_PX)
        return;
    view->camera = view->from;
    rk_camera_orbit(&view->camera, -dx * RADIANS_PER_PX, dy * RADIANS_PER_PX);
    turned(view);
}

static void
drag_end(GtkGestureDrag *drag, double dx, double dy, RkSceneView *view)
{
    gtk_widget_set_cursor_from_name(GTK_WIDGET(view), NULL);
    if (hypot(dx, dy) >= CLICK_PX || view->scene == NULL)
        return;
    const RkView seen = current_view(view);
    const int hit = rk_scene_hit(view->scene, &seen, view->drag_x, view->drag_y, REACH);
    set_cursor(view, hit);
    if (hit >= 0)
        g_signal_emit(view, activated_signal, 0, (guint)hit);
}

static gboolean
scrolled(GtkEventControllerScroll *scroll, double dx, double dy, RkSceneView *view)
{
    rk_camera_zoom(&view->camera, pow(ZOOM_STEP, -dy));
    turned(view);
    return GDK_EVENT_STOP;
}

static void
pinch_begin(GtkGesture *gesture, GdkEventSequence *sequence, RkSceneView *view)
{
    view->from = view->camera;
}

static void
pinched(GtkGestureZoom *zoom, double scale, RkSceneView *view)
{
    view->camera.zoom = view->from.zoom;
    rk_camera_zoom(&view->camera, scale);
    turned(view);
}

static void
moved(GtkEventControllerMotion *motion, double x, double y, RkSceneView *view)
{
    if (view->scene == NULL)
        return;
    const RkView seen = current_view(view);
    set_cursor(view, rk_scene_hit(view->scene, &seen, x, y, REACH));
}

static void
left(GtkEventControllerMotion *motion, RkSceneView *view)
{
    set_cursor(view, -1);
}

// ---- keys ----------------------------------------------------------------------------------

static void
step(RkSceneView *view, int direction)
{
    const int n = view->scene != NULL ? (int)view->scene->points->len : 0;
    if (n > 0)
        set_cursor(view, view->cursor < 0 ? (direction > 0 ? 0 : n - 1)
                                          : (view->cursor + direction + n) % n);
}

static gboolean
orbit_key(RkSceneView *view, guint key, double by)
{
    switch (key) {
    case GDK_KEY_Left:
    case GDK_KEY_KP_Left:
        rk_camera_orbit(&view->camera, -by, 0);
        return TRUE;
    case GDK_KEY_Right:
    case GDK_KEY_KP_Right:
        rk_camera_orbit(&view->camera, by, 0);
        return TRUE;
    case GDK_KEY_Up:
    case GDK_KEY_KP_Up:
        rk_camera_orbit(&view->camera, 0, by);
        return TRUE;
    case GDK_KEY_Down:
    case GDK_KEY_KP_Down:
        rk_camera_orbit(&view->camera, 0, -by);
        return TRUE;
    case GDK_KEY_plus:
    case GDK_KEY_equal:
    case GDK_KEY_KP_Add:
        rk_camera_zoom(&view->camera, ZOOM_STEP);
        return TRUE;
    case GDK_KEY_minus:
    case GDK_KEY_KP_Subtract:
        rk_camera_zoom(&view->camera, 1 / ZOOM_STEP);
        return TRUE;
    default:
        return FALSE;
    }
}

static gboolean
key_pressed(GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state,
            RkSceneView *view)
{
    if (state & GDK_ALT_MASK)
        return GDK_EVENT_PROPAGATE;
    if (orbit_key(view, key, state & GDK_CONTROL_MASK ? KEY_STEP / 5 : KEY_STEP)) {
        turned(view);
        return GDK_EVENT_STOP;
    }
    switch (key) {
    case GDK_KEY_Home:
    case GDK_KEY_0:
    case GDK_KEY_KP_0:
        rk_scene_view_reset(view);
        return GDK_EVENT_STOP;
    case GDK_KEY_Page_Down:
        step(view, 1);
        return GDK_EVENT_STOP;
    case GDK_KEY_Page_Up:
        step(view, -1);
        return GDK_EVENT_STOP;
    case GDK_KEY_Return:
    case GDK_KEY_KP_Enter:
        if (view->cursor >= 0)
            g_signal_emit(view, activated_signal, 0, (guint)view->cursor);
        return view->cursor >= 0;
    case GDK_KEY_Escape:
        if (view->cursor < 0)
            return GDK_EVENT_PROPAGATE;
        set_cursor(view, -1);
        return GDK_EVENT_STOP;
    default:
        return GDK_EVENT_PROPAGATE;
    }
}

// ---- the public side -----------------------------------------------------------------------

void
rk_scene_view_set_scene(RkSceneView *view, RkScene *scene)
{
    g_clear_pointer(&view->scene, rk_scene_free);
    view->scene = scene;
    view->cursor = -1;
    describe(view);
    gtk_widget_queue_resize(GTK_WIDGET(view));
}

const RkScene *
rk_scene_view_scene(RkSceneView *view)
{
    return view->scene;
}

RkCamera
rk_scene_view_camera(RkSceneView *view)
{
    return view->camera;
}

int
rk_scene_view_cursor(RkSceneView *view)
{
    return view->cursor;
}

static void
animate(double share, gpointer data)
{
    RkSceneView *view = data;
    const RkCamera to = rk_camera_default();
    view->camera = rk_camera_between(&view->from, &to, share);
    turned(view);
}

// An animation that the system's wish for less motion skips.
void
rk_scene_view_reset(RkSceneView *view)
{
    stop_animation(view);
    view->from = view->camera;
    view->animation = adw_timed_animation_new(
        GTK_WIDGET(view), 0, 1, RESET_MS, adw_callback_animation_target_new(animate, view, NULL));
    g_object_ref_sink(view->animation);
    adw_animation_play(view->animation);
}

// ---- the class -----------------------------------------------------------------------------

static void
add_controllers(RkSceneView *view)
{
    GtkWidget *widget = GTK_WIDGET(view);
    GtkGesture *drag = gtk_gesture_drag_new();
    GtkGesture *pinch = gtk_gesture_zoom_new();
    GtkEventController *scroll =
        gtk_event_controller_scroll_new(GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
    GtkEventController *motion = gtk_event_controller_motion_new();
    GtkEventController *keys = gtk_event_controller_key_new();
    g_signal_connect(drag, "drag-begin", G_CALLBACK(drag_begin), view);
    g_signal_connect(drag, "drag-update", G_CALLBACK(drag_update), view);
    g_signal_connect(drag, "drag-end", G_CALLBACK(drag_end), view);
    g_signal_connect(pinch, "begin", G_CALLBACK(pinch_begin), view);
    g_signal_connect(pinch, "scale-changed", G_CALLBACK(pinched), view);
    g_signal_connect(scroll, "scroll", G_CALLBACK(scrolled), view);
    g_signal_connect(motion, "motion", G_CALLBACK(moved), view);
    g_signal_connect(motion, "leave", G_CALLBACK(left), view);
    g_signal_connect(keys, "key-pressed", G_CALLBACK(key_pressed), view);
    gtk_widget_add_controller(widget, GTK_EVENT_CONTROLLER(drag));
    gtk_widget_add_controller(widget, GTK_EVENT_CONTROLLER(pinch));
    gtk_widget_add_controller(widget, scroll);
    gtk_widget_add_controller(widget, motion);
    gtk_widget_add_controller(widget, keys);
}

static void
view_dispose(GObject *object)
{
    RkSceneView *view = RK_SCENE_VIEW(object);
    stop_animation(view);
    g_clear_pointer(&view->scene, rk_scene_free);
    g_clear_pointer(&view->tip, gtk_widget_unparent);
    G_OBJECT_CLASS(rk_scene_view_parent_class)->dispose(object);
}

static void
rk_scene_view_class_init(RkSceneViewClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = view_dispose;
    widget->snapshot = snapshot;
    widget->measure = measure;
    widget->size_allocate = size_allocate;
    gtk_widget_class_set_accessible_role(widget, GTK_ACCESSIBLE_ROLE_IMG);
    gtk_widget_class_set_css_name(widget, "scene");
    activated_signal = g_signal_new("activated", RK_TYPE_SCENE_VIEW, G_SIGNAL_RUN_LAST, 0, NULL,
                                    NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
}

static void
rk_scene_view_init(RkSceneView *view)
{
    GtkWidget *widget = GTK_WIDGET(view);
    view->camera = rk_camera_default();
    view->cursor = -1;
    view->tip = gtk_label_new(NULL);
    gtk_label_set_wrap(GTK_LABEL(view->tip), TRUE);
    gtk_label_set_natural_wrap_mode(GTK_LABEL(view->tip), GTK_NATURAL_WRAP_NONE);
    gtk_widget_add_css_class(view->tip, "scene-tip");
    gtk_widget_set_visible(view->tip, FALSE);
    gtk_widget_set_parent(view->tip, widget);
    gtk_widget_set_focusable(widget, TRUE);
    gtk_widget_set_overflow(widget, GTK_OVERFLOW_HIDDEN);
    gtk_accessible_update_property(GTK_ACCESSIBLE(view), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _("Trade-off space"), -1);
    add_controllers(view);
    g_signal_connect_object(adw_style_manager_get_default(), "notify::dark",
                            G_CALLBACK(gtk_widget_queue_draw), view, G_CONNECT_SWAPPED);
    g_signal_connect_object(adw_style_manager_get_default(), "notify::high-contrast",
                            G_CALLBACK(gtk_widget_queue_draw), view, G_CONNECT_SWAPPED);
}

GtkWidget *
rk_scene_view_new(void)
{
    return g_object_new(RK_TYPE_SCENE_VIEW, NULL);
}
