// SPDX-License-Identifier: GPL-3.0-or-later
//
// A chart as a user sees and touches it: values under the pointer, zoom, the legend, keys, the
// table, files, and that what hasn't changed isn't drawn again.
#include "lines.h"
#include "ui_test.h"

#include "ui/chart_view.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

typedef struct {
    RkUi ui;
    GtkWidget *window, *view;
    RkChartPlot *plot;
} Rig;

static Rig *
open_rig(RkChart *chart)
{
    Rig *rig = g_new0(Rig, 1);
    rig->window = gtk_window_new();
    rig->view = rk_chart_view_new();
    rig->plot = rk_chart_view_plot(RK_CHART_VIEW(rig->view));
    GtkWidget *overlay = adw_toast_overlay_new();
    g_object_set(rig->view, "margin-start", 12, "margin-end", 12, "margin-top", 12, "margin-bottom",
                 12, NULL);
    adw_toast_overlay_set_child(ADW_TOAST_OVERLAY(overlay), rig->view);
    gtk_window_set_child(GTK_WINDOW(rig->window), overlay);
    gtk_window_set_default_size(GTK_WINDOW(rig->window), 800, 480);
    rk_chart_view_set_chart(RK_CHART_VIEW(rig->view), chart);
    gtk_window_present(GTK_WINDOW(rig->window));
    rk_ui_idle(&rig->ui, 200);
    return rig;
}

static void
close_rig(Rig *rig)
{
    gtk_window_destroy(GTK_WINDOW(rig->window));
    rk_ui_idle(&rig->ui, 50);
    g_free(rig);
}

static gpointer
controller(Rig *rig, GType type, gboolean secondary)
{
    g_autoptr(GListModel) all = gtk_widget_observe_controllers(GTK_WIDGET(rig->plot));
    for (guint i = 0; i < g_list_model_get_n_items(all); i++) {
        g_autoptr(GObject) one = g_list_model_get_item(all, i);
        const gboolean is_secondary =
            GTK_IS_GESTURE_SINGLE(one) &&
            gtk_gesture_single_get_button(GTK_GESTURE_SINGLE(one)) == GDK_BUTTON_SECONDARY;
        if (G_TYPE_CHECK_INSTANCE_TYPE(one, type) && is_secondary == secondary)
            return one;
    }
    g_error("The plot has no %s.", g_type_name(type));
}

static void
move_to(Rig *rig, double x, double y)
{
    g_signal_emit_by_name(controller(rig, GTK_TYPE_EVENT_CONTROLLER_MOTION, FALSE), "motion", x, y);
    rk_ui_idle(&rig->ui, 30);
}

static void
drag(Rig *rig, double x, double y, double dx, double dy)
{
    gpointer gesture = controller(rig, GTK_TYPE_GESTURE_DRAG, FALSE);
    g_signal_emit_by_name(gesture, "drag-begin", x, y);
    g_signal_emit_by_name(gesture, "drag-update", dx, dy);
    rk_ui_shot(&rig->ui, "chart-drag");
    g_signal_emit_by_name(gesture, "drag-end", dx, dy);
    rk_ui_idle(&rig->ui, 30);
}

// As the keyboard does it, by the shortcuts of the widget's class.
static void
press(Rig *rig, guint key, GdkModifierType modifiers)
{
    g_autoptr(GListModel) all = gtk_widget_observe_controllers(GTK_WIDGET(rig->plot));
    g_autoptr(GtkShortcutTrigger) wanted = gtk_keyval_trigger_new(key, modifiers);
    for (guint c = 0; c < g_list_model_get_n_items(all); c++) {
        g_autoptr(GObject) one = g_list_model_get_item(all, c);
        for (guint i = 0;
             GTK_IS_SHORTCUT_CONTROLLER(one) && i < g_list_model_get_n_items(G_LIST_MODEL(one));
             i++) {
            g_autoptr(GtkShortcut) shortcut = g_list_model_get_item(G_LIST_MODEL(one), i);
            if (!gtk_shortcut_trigger_equal(gtk_shortcut_get_trigger(shortcut), wanted))
                continue;
            gtk_shortcut_action_activate(gtk_shortcut_get_action(shortcut), 0,
                                         GTK_WIDGET(rig->plot),
                                         gtk_shortcut_get_arguments(shortcut));
            rk_ui_idle(&rig->ui, 30);
            return;
        }
    }
    g_error("No shortcut takes the key %u.", key);
}

static void
act(Rig *rig, const char *action, const char *target)
{
    g_assert_true(gtk_widget_activate_action_variant(
        rig->view, action, target != NULL ? g_variant_new_string(target) : NULL));
    rk_ui_idle(&rig->ui, 30);
}

static RkChart *
chart_of(Rig *rig)
{
    return rk_chart_view_chart(RK_CHART_VIEW(rig->view));
}

static void
assert_tip(Rig *rig, const char *part)
{
    const char *tip = rk_chart_plot_tip(rig->plot);
    if (tip == NULL || strstr(tip, part) == NULL)
        g_error("The tip says \"%s\", without \"%s\".", tip != NULL ? tip : "(nothing)", part);
}

// ---- the tests -----------------------------------------------------------------------------

static void
test_hover(void)
{
    Rig *rig = open_rig(two_lines());
    rk_ui_see(&rig->ui, "Latency over time");
    g_assert_null(rk_chart_plot_tip(rig->plot));
    move_to(rig, 400, 200);
    assert_tip(rig, "Time 1"); // a minute and something
    assert_tip(rig, "float32: ");
    assert_tip(rig, "int8: ");
    assert_tip(rig, " ms");
    rk_ui_shot(&rig->ui, "chart-hover");
    g_signal_emit_by_name(controller(rig, GTK_TYPE_EVENT_CONTROLLER_MOTION, FALSE), "leave");
    g_assert_null(rk_chart_plot_tip(rig->plot));
    close_rig(rig);
}

static void
test_keys(void)
{
    Rig *rig = open_rig(two_lines());
    press(rig, GDK_KEY_Right, 0);
    assert_tip(rig, "Time 0 s");
    press(rig, GDK_KEY_Right, 0);
    assert_tip(rig, "Time 1 s");
    press(rig, GDK_KEY_End, 0);
    assert_tip(rig, "Time 3.32 min");
    press(rig, GDK_KEY_Left, 0);
    press(rig, GDK_KEY_Home, 0);
    assert_tip(rig, "Time 0 s");
    press(rig, GDK_KEY_Down, 0);
    assert_tip(rig, "int8: ");
    press(rig, GDK_KEY_plus, 0);
    g_assert_true(rk_chart_plot_is_zoomed(rig->plot));
    press(rig, GDK_KEY_Right, GDK_SHIFT_MASK);
    g_assert_cmpfloat(chart_of(rig)->x.lo, >, 0);
    press(rig, GDK_KEY_0, 0);
    g_assert_false(rk_chart_plot_is_zoomed(rig->plot));
    press(rig, GDK_KEY_Right, 0);
    press(rig, GDK_KEY_Escape, 0);
    g_assert_null(rk_chart_plot_tip(rig->plot));
    close_rig(rig);
}

static void
test_zoom(void)
{
    Rig *rig = open_rig(two_lines());
    rk_ui_see_no(&rig->ui, "no such thing");
    drag(rig, 300, 200, 100, 2); // nearly level: x alone
    g_assert_true(rk_chart_plot_is_zoomed(rig->plot));
    const RkChartAxis *x = &chart_of(rig)->x;
    g_assert_cmpfloat(x->hi - x->lo, <, N_LINE / 4.0);
    g_assert_false(rk_axis_is_zoomed(&rk_chart_panel(chart_of(rig), 0)->y));
    const double lo = x->lo;
    drag(rig, 300, 200, -100, 0); // zoomed: moves
    g_assert_cmpfloat(x->lo, >, lo);
    rk_ui_shot(&rig->ui, "chart-zoomed");
    rk_ui_press(&rig->ui, "Show all");
    g_assert_false(rk_chart_plot_is_zoomed(rig->plot));
    act(rig, "chart.zoom-in", NULL);
    g_assert_true(rk_chart_plot_is_zoomed(rig->plot));
    act(rig, "chart.zoom-out", NULL);
    g_assert_false(rk_chart_plot_is_zoomed(rig->plot));
    close_rig(rig);
}

static void
test_series(void)
{
    Rig *rig = open_rig(two_lines());
    gpointer click = controller(rig, GTK_TYPE_GESTURE_CLICK, FALSE);
    g_signal_emit_by_name(click, "pressed", 1, 20.0, 16.0); // the legend begins there
    g_assert_true(rk_chart_plot_is_hidden(rig->plot, 0));
    move_to(rig, 400, 200);
    g_assert_null(strstr(rk_chart_plot_tip(rig->plot), "float32"));
    rk_ui_shot(&rig->ui, "chart-hidden");
    act(rig, "chart.series-0", NULL);
    g_assert_false(rk_chart_plot_is_hidden(rig->plot, 0));
    act(rig, "chart.pin-1", NULL);
    g_assert_true(rk_chart_plot_is_pinned(rig->plot, 1));
    const RkSeries *other = g_ptr_array_index(rk_chart_panel(chart_of(rig), 0)->series, 0);
    g_assert_true(other->dimmed);
    rk_ui_shot(&rig->ui, "chart-pinned");
    act(rig, "chart.pin-1", NULL);
    g_assert_false(other->dimmed);
    close_rig(rig);
}

static void
test_table(void)
{
    Rig *rig = open_rig(two_lines());
    g_signal_emit_by_name(controller(rig, GTK_TYPE_GESTURE_CLICK, TRUE), "pressed", 1, 300.0,
                          150.0);
    rk_ui_see(&rig->ui, "Show as Table");
    rk_ui_shot(&rig->ui, "chart-menu");
    act(rig, "chart.table", NULL);
    rk_ui_see(&rig->ui, "float32");
    rk_ui_see(&rig->ui, "8 ms");
    rk_ui_shot(&rig->ui, "chart-table");
    act(rig, "chart.table", NULL);
    rk_ui_see_no(&rig->ui, "8 ms");
    close_rig(rig);
}

static void
assert_file(Rig *rig, const char *folder, const char *name, const char *begin)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    gsize size;
    g_assert_true(rk_chart_view_save(RK_CHART_VIEW(rig->view), path, &error));
    g_assert_no_error(error);
    g_assert_true(g_file_get_contents(path, &text, &size, NULL));
    g_assert_cmpuint(size, >, 500);
    g_assert_nonnull(g_strstr_len(text, 400, begin));
    g_unlink(path);
}

static void
read_text(GObject *clipboard, GAsyncResult *result, gpointer text)
{
    *(char **)text = gdk_clipboard_read_text_finish(GDK_CLIPBOARD(clipboard), result, NULL);
}

static void
test_files(void)
{
    Rig *rig = open_rig(two_lines());
    g_autofree char *folder = g_dir_make_tmp("rankine-chart-XXXXXX", NULL);
    g_autofree char *wrong = g_build_filename(folder, "chart.bmp", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    GdkClipboard *clipboard = gtk_widget_get_clipboard(rig->view);
    assert_file(rig, folder, "chart.png", "PNG");
    assert_file(rig, folder, "chart.svg", "<svg");
    assert_file(rig, folder, "chart.csv", "Time (s),float32 (s),int8 (s)");
    g_assert_false(rk_chart_view_save(RK_CHART_VIEW(rig->view), wrong, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
    act(rig, "chart.copy-picture", NULL);
    rk_ui_see(&rig->ui, "Copied the picture");
    act(rig, "chart.copy-table", NULL);
    gdk_clipboard_read_text_async(clipboard, NULL, read_text, &text);
    while (text == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_assert_nonnull(strstr(text, "float32"));
    g_rmdir(folder);
    close_rig(rig);
}

// While points come, only the end is drawn; ranges change seldom, as there is room ahead.
static void
test_live(void)
{
    Rig *rig = open_rig(two_lines());
    RkChart *chart = chart_of(rig);
    const RkChartPlotDraws before = rk_chart_plot_draws(rig->plot);
    for (int i = N_LINE; i < 2 * N_LINE; i++) {
        for (guint s = 0; s < 2; s++)
            rk_series_add(g_ptr_array_index(rk_chart_panel(chart, 0)->series, s), i,
                          0.004 * (2 - s) + 0.0005 * sin(i * 0.1));
        rk_chart_view_changed(RK_CHART_VIEW(rig->view), TRUE);
        if (i % 4 == 0)
            rk_ui_idle(&rig->ui, 20);
    }
    rk_ui_idle(&rig->ui, 50);
    const RkChartPlotDraws after = rk_chart_plot_draws(rig->plot);
    g_test_message("%" G_GUINT64_FORMAT " tails, %" G_GUINT64_FORMAT " times all",
                   after.n_tail - before.n_tail, after.n_data - before.n_data);
    g_assert_cmpuint(after.n_tail - before.n_tail, >=, 10);
    // From 200 to 400 points with a quarter more room each time: 200, 250, 312, 390.
    g_assert_cmpuint(after.n_data - before.n_data, <=, 5);
    g_assert_cmpfloat(chart->x.full_hi, >, 2 * N_LINE);
    rk_ui_shot(&rig->ui, "chart-live");
    rk_chart_view_changed(RK_CHART_VIEW(rig->view), FALSE);
    rk_ui_idle(&rig->ui, 50);
    g_assert_cmpfloat(chart->x.full_hi, <, 2 * N_LINE + 20);
    move_to(rig, 400, 200);
    const RkChartPlotDraws still = rk_chart_plot_draws(rig->plot);
    move_to(rig, 420, 210);
    move_to(rig, 440, 220);
    g_assert_cmpuint(rk_chart_plot_draws(rig->plot).n_grid, ==, still.n_grid);
    g_assert_cmpuint(rk_chart_plot_draws(rig->plot).n_data, ==, still.n_data);
    close_rig(rig);
}

// A name that no legend was made for, in the dark, in 360 points, with large text.
static void
test_narrow(void)
{
    RkChart *chart = two_lines();
    rk_chart_series(chart, 0, "a model that was factorized, pruned and then quantized to int4",
                    RK_SERIES_LINE);
    rk_series_add(g_ptr_array_index(rk_chart_panel(chart, 0)->series, 2), 20, 0.003);
    rk_series_add(g_ptr_array_index(rk_chart_panel(chart, 0)->series, 2), 150, 0.002);
    Rig *rig = open_rig(chart);
    int dpi = 0;
    GtkSettings *settings = gtk_widget_get_settings(rig->view);
    adw_style_manager_set_color_scheme(adw_style_manager_get_default(),
                                       ADW_COLOR_SCHEME_FORCE_DARK);
    gtk_window_set_default_size(GTK_WINDOW(rig->window), 360, 480);
    rk_ui_idle(&rig->ui, 300);
    move_to(rig, 200, 200);
    assert_tip(rig, "int8");
    rk_ui_shot(&rig->ui, "chart-narrow");
    g_assert_cmpint(gtk_widget_get_width(rig->window), <=, 360);
    g_object_get(settings, "gtk-xft-dpi", &dpi, NULL);
    g_object_set(settings, "gtk-xft-dpi", (int)(96 * 1024 * 1.5), NULL);
    rk_ui_idle(&rig->ui, 300);
    rk_ui_shot(&rig->ui, "chart-large-text");
    g_object_set(settings, "gtk-xft-dpi", dpi, NULL);
    adw_style_manager_set_color_scheme(adw_style_manager_get_default(), ADW_COLOR_SCHEME_DEFAULT);
    close_rig(rig);
}

static void
test_empty(void)
{
    Rig *rig = open_rig(NULL);
    RkChart *chart = rk_chart_new("Training");
    rk_chart_view_set_chart(RK_CHART_VIEW(rig->view), chart);
    rk_ui_see(&rig->ui, "Training");
    press(rig, GDK_KEY_Right, 0);
    act(rig, "chart.table", NULL);
    act(rig, "chart.table", NULL);
    RkSeries *loss = rk_chart_series(chart, 0, "loss", RK_SERIES_LINE);
    for (int i = 0; i < 10; i++) {
        rk_series_add(loss, i, 1.0 / (i + 1));
        rk_chart_view_changed(RK_CHART_VIEW(rig->view), TRUE);
    }
    rk_ui_idle(&rig->ui, 50);
    press(rig, GDK_KEY_Right, 0);
    assert_tip(rig, "loss: 1");
    rk_chart_view_set_chart(RK_CHART_VIEW(rig->view), NULL);
    rk_ui_see_no(&rig->ui, "Training");
    close_rig(rig);
}

static void
add_chart_tests(void)
{
    g_test_add_func("/ui/chart/the pointer shows exact values", test_hover);
    g_test_add_func("/ui/chart/the keyboard moves a cursor, zooms and pans", test_keys);
    g_test_add_func("/ui/chart/a drag magnifies, then moves", test_zoom);
    g_test_add_func("/ui/chart/series are hidden and pinned", test_series);
    g_test_add_func("/ui/chart/the same is seen as a table", test_table);
    g_test_add_func("/ui/chart/it is saved and copied", test_files);
    g_test_add_func("/ui/chart/only the end of a live line is drawn again", test_live);
    g_test_add_func("/ui/chart/it fits 360 points, in the dark, with large text", test_narrow);
    g_test_add_func("/ui/chart/an empty chart takes its first points", test_empty);
}

int
main(int argc, char **argv)
{
    return rk_ui_main(argc, argv, add_chart_tests);
}
