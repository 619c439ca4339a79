// SPDX-License-Identifier: GPL-3.0-or-later
#include "hand.h"

#include <X11/extensions/XInput2.h>
#include <gdk/x11/gdkx.h>
#include <math.h>

#include "ui_test.h"

#define FRAMES_MS 60 // until events of an X server under load have come and were drawn
#define STEPS     6  // of a drag or a pinch

// ---- xdotool -------------------------------------------------------------------------------

gboolean
rk_hand_is_there(void)
{
    g_autofree char *path = g_find_program_in_path("xdotool");
    if (path == NULL)
        g_test_skip("The machine has no xdotool (Debian's package of that name).");
    return path != NULL;
}

static void
wait_frames(void)
{
    rk_ui_idle(NULL, FRAMES_MS);
}

static void
do_it(const char *first, ...)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    va_list rest;
    int status = 0;
    g_ptr_array_add(words, (gpointer) "xdotool");
    va_start(rest, first);
    for (const char *word = first; word != NULL; word = va_arg(rest, const char *))
        g_ptr_array_add(words, (gpointer)word);
    va_end(rest);
    g_ptr_array_add(words, NULL);
    g_spawn_sync(NULL, (char **)words->pdata, NULL,
                 G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status,
                 &error);
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 0);
    wait_frames();
}

static GdkSurface *
surface_of(GtkWidget *widget)
{
    return gtk_native_get_surface(gtk_widget_get_native(widget));
}

static void
window_words(GtkWidget *widget, double x, double y, char *window, char *at_x, char *at_y)
{
    GtkNative *native = gtk_widget_get_native(widget);
    double left, top, in_x = 0, in_y = 0;
    gtk_native_get_surface_transform(native, &left, &top);
    g_assert_true(gtk_widget_translate_coordinates(widget, GTK_WIDGET(native), x, y, &in_x, &in_y));
    const XID xid = gdk_x11_surface_get_xid(surface_of(widget));
    g_snprintf(window, 24, "%lu", (unsigned long)xid);
    g_snprintf(at_x, 24, "%.0f", in_x + left);
    g_snprintf(at_y, 24, "%.0f", in_y + top);
}

void
rk_hand_move(GtkWidget *widget, double x, double y)
{
    char window[24], at_x[24], at_y[24];
    window_words(widget, x, y, window, at_x, at_y);
    do_it("mousemove", "--window", window, at_x, at_y, NULL);
}

void
rk_hand_press(GtkWidget *widget, double x, double y)
{
    rk_hand_move(widget, x, y);
    do_it("mousedown", "1", NULL);
}

void
rk_hand_release(void)
{
    do_it("mouseup", "1", NULL);
}

void
rk_hand_click(GtkWidget *widget, double x, double y)
{
    rk_hand_press(widget, x, y);
    rk_hand_release();
}

void
rk_hand_drag(GtkWidget *widget, double x, double y, double dx, double dy, RkHandFunc between,
             gpointer data)
{
    rk_hand_press(widget, x, y);
    for (int i = 1; i <= STEPS; i++)
        rk_hand_move(widget, x + dx * i / STEPS, y + dy * i / STEPS);
    if (between != NULL)
        between(data);
    rk_hand_release();
}

static void
move_on_screen(int x, int y)
{
    char at_x[24], at_y[24];
    g_snprintf(at_x, sizeof at_x, "%d", x);
    g_snprintf(at_y, sizeof at_y, "%d", y);
    do_it("mousemove", at_x, at_y, NULL);
}

void
rk_hand_carry(int screen_x, int screen_y, GtkWidget *widget, double x, double y)
{
    move_on_screen(screen_x, screen_y);
    do_it("mousedown", "1", NULL);
    for (int i = 1; i <= STEPS; i++)
        move_on_screen(screen_x - 10 * i, screen_y - 10 * i);
    for (int i = STEPS; i-- > 0;)
        rk_hand_move(widget, x + 8 * i, y + 8 * i);
}

void
rk_hand_wheel(int notches, const char *held)
{
    if (held != NULL)
        do_it("keydown", held, NULL);
    for (int i = 0; i < ABS(notches); i++)
        do_it("click", notches > 0 ? "4" : "5", NULL);
    if (held != NULL)
        do_it("keyup", held, NULL);
}

void
rk_hand_focus(GtkWidget *widget)
{
    char window[24], at_x[24], at_y[24];
    window_words(widget, 0, 0, window, at_x, at_y);
    do_it("windowfocus", "--sync", window, NULL);
}

void
rk_hand_key(const char *key)
{
    do_it("key", "--clearmodifiers", key, NULL);
}

void
rk_hand_place_window(GtkWidget *widget, int x, int y)
{
    char window[24], at_x[24], at_y[24], to_x[24], to_y[24];
    window_words(widget, 0, 0, window, at_x, at_y);
    g_snprintf(to_x, sizeof to_x, "%d", x);
    g_snprintf(to_y, sizeof to_y, "%d", y);
    do_it("windowmove", window, to_x, to_y, NULL);
}

// ---- fingers -------------------------------------------------------------------------------

// Xlib copies the data of such an event as it is put back.
static void
finger(GtkWidget *widget, int kind, int which, double x, double y)
{
    static unsigned cookie = 1u << 30; // far from those that Xlib counts
    GdkDisplay *display = gtk_widget_get_display(widget);
    Display *xdisplay = gdk_x11_display_get_xdisplay(display);
    GdkDevice *pointer = gdk_seat_get_pointer(gdk_display_get_default_seat(display));
    GtkNative *native = gtk_widget_get_native(widget);
    int opcode, first_event, first_error;
    double left, top, in_x = 0, in_y = 0;
    g_assert_true(
        XQueryExtension(xdisplay, "XInputExtension", &opcode, &first_event, &first_error));
    gtk_native_get_surface_transform(native, &left, &top);
    g_assert_true(gtk_widget_translate_coordinates(widget, GTK_WIDGET(native), x, y, &in_x, &in_y));
    XIDeviceEvent touch = {
        .type = GenericEvent,
        .display = xdisplay,
        .extension = opcode,
        .evtype = kind,
        .time = (Time)(g_get_monotonic_time() / 1000),
        .deviceid = gdk_x11_device_get_id(pointer),
        .sourceid = gdk_x11_device_get_id(pointer),
        .detail = which,
        .root = gdk_x11_display_get_xrootwindow(display),
        .event = gdk_x11_surface_get_xid(surface_of(widget)),
        .event_x = in_x + left,
        .event_y = in_y + top,
        .root_x = in_x + left,
        .root_y = in_y + top,
    };
    XEvent event = {.xcookie = {.type = GenericEvent,
                                .display = xdisplay,
                                .extension = opcode,
                                .evtype = kind,
                                .cookie = cookie++,
                                .data = &touch}};
    XPutBackEvent(xdisplay, &event);
    wait_frames();
}

void
rk_hand_pinch(GtkWidget *widget, double x, double y, double from, double to)
{
    finger(widget, XI_TouchBegin, 1, x - from / 2, y);
    finger(widget, XI_TouchBegin, 2, x + from / 2, y);
    for (int i = 1; i <= STEPS; i++) {
        const double away = from + (to - from) * i / STEPS;
        finger(widget, XI_TouchUpdate, 1, x - away / 2, y);
        finger(widget, XI_TouchUpdate, 2, x + away / 2, y);
    }
    finger(widget, XI_TouchEnd, 1, x - to / 2, y);
    finger(widget, XI_TouchEnd, 2, x + to / 2, y);
}

void
rk_hand_swipe(GtkWidget *widget, double x, double y, double dx, double dy)
{
    finger(widget, XI_TouchBegin, 1, x, y);
    for (int i = 1; i <= STEPS; i++)
        finger(widget, XI_TouchUpdate, 1, x + dx * i / STEPS, y + dy * i / STEPS);
    finger(widget, XI_TouchEnd, 1, x + dx, y + dy);
}
