// SPDX-License-Identifier: GPL-3.0-or-later
//
// Charts under a real pointer, wheel, keyboard and two fingers: what events of the X server do,
// from the server to what is shown.
#include "hand.h"
#include "lines.h"
#include "ui_test.h"

#include "ui/chart_view.h"

#include <string.h>

typedef struct {
    GtkWidget *window, *scrolled, *view;
    GtkWidget *plot;
} Rig;

// On a page that scrolls, as charts are.
static Rig *
open_rig(void)
{
    Rig *rig = g_new0(Rig, 1);
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
    GtkWidget *below = gtk_button_new_with_label("Below");
    rig->window = gtk_window_new();
    rig->scrolled = gtk_scrolled_window_new();
    rig->view = rk_chart_view_new();
    rig->plot = GTK_WIDGET(rk_chart_view_plot(RK_CHART_VIEW(rig->view)));
    gtk_widget_set_size_request(rig->view, -1, 400);
    gtk_widget_set_size_request(below, -1, 400);
    gtk_box_append(GTK_BOX(box), rig->view);
    gtk_box_append(GTK_BOX(box), below);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(rig->scrolled), box);
    gtk_window_set_child(GTK_WINDOW(rig->window), rig->scrolled);
    gtk_window_set_default_size(GTK_WINDOW(rig->window), 800, 480);
    rk_chart_view_set_chart(RK_CHART_VIEW(rig->view), two_lines());
    gtk_window_present(GTK_WINDOW(rig->window));
    rk_ui_idle(NULL, 250);
    rk_hand_focus(rig->window);
    return rig;
}

static void
close_rig(Rig *rig)
{
    gtk_window_destroy(GTK_WINDOW(rig->window));
    rk_ui_idle(NULL, 50);
    g_free(rig);
}

static const RkChartAxis *
x_axis(const Rig *rig)
{
    return &rk_chart_view_chart(RK_CHART_VIEW(rig->view))->x;
}

static double
shown(const Rig *rig)
{
    return x_axis(rig)->hi - x_axis(rig)->lo;
}

static double
scrolled_by(const Rig *rig)
{
    return gtk_adjustment_get_value(
        gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(rig->scrolled)));
}

static const char *
tip(const Rig *rig)
{
    return rk_chart_plot_tip(RK_CHART_PLOT(rig->plot));
}

static gboolean
is_zoomed(const Rig *rig)
{
    return rk_chart_plot_is_zoomed(RK_CHART_PLOT(rig->plot));
}

// ---- the tests -----------------------------------------------------------------------------

static void
test_hover(void)
{
    if (!rk_hand_is_there())
        return;
    Rig *rig = open_rig();
    rk_hand_move(rig->plot, 400, 180);
    g_assert_nonnull(tip(rig));
    g_assert_nonnull(strstr(tip(rig), "float32: "));
    g_assert_nonnull(strstr(tip(rig), "int8: "));
    g_autofree char *first = g_strdup(tip(rig));
    rk_hand_move(rig->plot, 500, 180);
    g_assert_cmpstr(tip(rig), !=, first);
    rk_hand_move(rig->window, 400, 470); // the button below
    g_assert_null(tip(rig));
    close_rig(rig);
}

static void
test_wheel(void)
{
    if (!rk_hand_is_there())
        return;
    Rig *rig = open_rig();
    const double all = shown(rig);
    rk_hand_move(rig->plot, 400, 180);
    rk_hand_wheel(-1, NULL); // nothing was clicked: the page scrolls
    g_assert_false(is_zoomed(rig));
    g_assert_cmpfloat(scrolled_by(rig), >, 0);
    rk_hand_wheel(3, NULL);
    rk_ui_idle(NULL, 200);
    g_assert_cmpfloat(scrolled_by(rig), ==, 0);
    rk_hand_move(rig->plot, 400, 180);
    rk_hand_wheel(2, "ctrl");
    g_assert_true(is_zoomed(rig));
    // Two notches of 1.25 around a place within.
    g_assert_cmpfloat_with_epsilon(shown(rig), all / (1.25 * 1.25), all * 1e-6);
    g_assert_cmpfloat(x_axis(rig)->lo, >, x_axis(rig)->full_lo);
    g_assert_cmpfloat(x_axis(rig)->hi, <, x_axis(rig)->full_hi);
    rk_hand_wheel(-3, "ctrl");
    g_assert_false(is_zoomed(rig));
    g_assert_cmpfloat(scrolled_by(rig), ==, 0);
    rk_hand_click(rig->plot, 400, 180); // it has the focus: no key is needed
    rk_hand_wheel(1, NULL);
    g_assert_true(is_zoomed(rig));
    g_assert_cmpfloat(scrolled_by(rig), ==, 0);
    close_rig(rig);
}

static void
take_shot(gpointer name)
{
    rk_ui_shot(NULL, name);
}

static void
test_drag(void)
{
    if (!rk_hand_is_there())
        return;
    Rig *rig = open_rig();
    const double all = shown(rig);
    rk_hand_drag(rig->plot, 300, 180, 200, 2, NULL, NULL); // nearly level: x alone
    g_assert_true(is_zoomed(rig));
    g_assert_cmpfloat(shown(rig), <, all * 0.4);
    g_assert_cmpfloat(shown(rig), >, all * 0.15);
    const double lo = x_axis(rig)->lo, width = shown(rig);
    rk_hand_drag(rig->plot, 500, 180, -200, 0, NULL, NULL); // zoomed: what is shown moves
    g_assert_cmpfloat(x_axis(rig)->lo, >, lo + width * 0.1);
    g_assert_cmpfloat_with_epsilon(shown(rig), width, width * 1e-6);
    // Nothing is left of the drag: the pointer shows values again.
    rk_hand_move(rig->plot, 350, 200);
    g_assert_nonnull(tip(rig));
    rk_hand_click(rig->plot, 350, 200);
    rk_hand_click(rig->plot, 350, 200); // twice within the double click's time
    g_assert_false(is_zoomed(rig));
    // A drag that ends outside the plot holds to its edge.
    rk_hand_drag(rig->plot, 400, 100, 900, 100, take_shot, (gpointer) "gesture-box");
    g_assert_true(is_zoomed(rig));
    g_assert_cmpfloat(x_axis(rig)->hi, <=, x_axis(rig)->full_hi);
    close_rig(rig);
}

static void
test_keys(void)
{
    if (!rk_hand_is_there())
        return;
    Rig *rig = open_rig();
    gtk_widget_grab_focus(rig->plot);
    rk_hand_key("Right");
    g_assert_nonnull(strstr(tip(rig), "Time 0 s"));
    rk_hand_key("Right");
    g_assert_nonnull(strstr(tip(rig), "Time 1 s"));
    rk_hand_key("End");
    g_assert_nonnull(strstr(tip(rig), "Time 3.32 min"));
    rk_hand_key("plus");
    rk_hand_key("KP_Add");
    g_assert_true(is_zoomed(rig));
    const double lo = x_axis(rig)->lo;
    rk_hand_key("shift+Left");
    g_assert_cmpfloat(x_axis(rig)->lo, <, lo);
    rk_hand_key("minus");
    rk_hand_key("0");
    g_assert_false(is_zoomed(rig));
    rk_hand_key("Home");
    g_assert_nonnull(strstr(tip(rig), "Time 0 s"));
    rk_hand_key("Escape");
    g_assert_null(tip(rig));
    rk_hand_key("Tab"); // the keyboard isn't caught
    g_assert_false(gtk_widget_has_focus(rig->plot));
    close_rig(rig);
}

static void
test_pinch(void)
{
    if (!rk_hand_is_there())
        return;
    Rig *rig = open_rig();
    const double all = shown(rig);
    rk_hand_pinch(rig->plot, 400, 180, 100, 200);
    g_assert_true(is_zoomed(rig));
    g_assert_cmpfloat_with_epsilon(shown(rig), all / 2, all * 0.02); // fingers go in steps
    rk_hand_pinch(rig->plot, 400, 180, 200, 60);
    g_assert_false(is_zoomed(rig));
    g_assert_cmpfloat(scrolled_by(rig), ==, 0); // the page stayed
    close_rig(rig);
}

// A finger that goes up scrolls the page, as everywhere; one that goes sideways chooses.
static void
test_finger(void)
{
    if (!rk_hand_is_there())
        return;
    Rig *rig = open_rig();
    const double all = shown(rig);
    rk_hand_swipe(rig->plot, 300, 180, 200, 3);
    g_assert_true(is_zoomed(rig));
    g_assert_cmpfloat(shown(rig), <, all * 0.4);
    g_assert_cmpfloat(scrolled_by(rig), ==, 0);
    const double lo = x_axis(rig)->lo;
    rk_hand_swipe(rig->plot, 400, 300, -8, -150);
    rk_ui_idle(NULL, 300);
    g_assert_cmpfloat(scrolled_by(rig), >, 20);
    g_assert_cmpfloat_with_epsilon(x_axis(rig)->lo, lo, all * 0.01); // a finger isn't exact
    close_rig(rig);
}

static void
add_gesture_tests(void)
{
    g_test_add_func("/ui/gestures/the pointer shows exact values", test_hover);
    g_test_add_func("/ui/gestures/the wheel scrolls the page, or magnifies", test_wheel);
    g_test_add_func("/ui/gestures/a drag chooses, then moves, a double click takes it back",
                    test_drag);
    g_test_add_func("/ui/gestures/keys move a cursor, zoom and pan", test_keys);
    g_test_add_func("/ui/gestures/two fingers magnify and take in", test_pinch);
    g_test_add_func("/ui/gestures/one finger scrolls the page, or chooses", test_finger);
}

int
main(int argc, char **argv)
{
    return rk_ui_main(argc, argv, add_gesture_tests);
}
