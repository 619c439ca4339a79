// SPDX-License-Identifier: GPL-3.0-or-later
//
// Stored runs side by side, as a user sees them.
#include "results_db.h"
#include "ui_test.h"

#include "ui/pages/compare_view.h"
#include "ui/scene_view.h"

static void
look_at(RkUi *ui, const char *title)
{
    GtkWidget *view = rk_ui_find_type(GTK_WIDGET(rk_ui_window(ui)), RK_TYPE_COMPARE_VIEW);
    g_assert_nonnull(view);
    g_assert_true(rk_compare_view_look_at(RK_COMPARE_VIEW(view), title));
    rk_ui_idle(ui, 100);
}

static void
test_looks(void)
{
    char *db = rk_ui_results_db_new(2);
    RkUi *ui = rk_ui_open(db);
    rk_ui_page(ui, "compare");
    rk_ui_see(ui, "p99 against the base"); // the newest run is checked by itself
    rk_ui_see(ui, "base");
    rk_ui_shot(ui, "compare-table");
    look_at(ui, "What changed, in words");
    rk_ui_see(ui, "P99 latency went from");
    rk_ui_shot(ui, "compare-words");
    look_at(ui, "Where a request's time goes");
    rk_ui_shot(ui, "compare-stages");
    look_at(ui, "Latency distribution");
    rk_ui_shot(ui, "compare-distribution");
    rk_ui_close(ui);
    rk_ui_results_db_free(db);
}

static gboolean
press_key(GtkWidget *widget, guint key)
{
    g_autoptr(GListModel) controllers = gtk_widget_observe_controllers(widget);
    gboolean handled = FALSE;
    for (guint i = 0; i < g_list_model_get_n_items(controllers) && !handled; i++) {
        g_autoptr(GObject) one = g_list_model_get_item(controllers, i);
        if (GTK_IS_EVENT_CONTROLLER_KEY(one))
            g_signal_emit_by_name(one, "key-pressed", key, 0u, 0, &handled);
    }
    return handled;
}

static void
test_space(void)
{
    char *db = rk_ui_results_db_new(1);
    RkUi *ui = rk_ui_open(db);
    rk_ui_page(ui, "compare");
    rk_ui_see(ui, "p99 against the base");
    look_at(ui, "Trade-off space");
    RkSceneView *scene =
        RK_SCENE_VIEW(rk_ui_find_type(GTK_WIDGET(rk_ui_window(ui)), RK_TYPE_SCENE_VIEW));
    g_assert_nonnull(scene);
    g_assert_cmpuint(rk_scene_view_scene(scene)->points->len, >, 2);
    rk_ui_shot(ui, "compare-space");
    const RkCamera before = rk_scene_view_camera(scene);
    g_assert_true(press_key(GTK_WIDGET(scene), GDK_KEY_Right));
    g_assert_true(press_key(GTK_WIDGET(scene), GDK_KEY_Up));
    g_assert_true(press_key(GTK_WIDGET(scene), GDK_KEY_plus));
    const RkCamera after = rk_scene_view_camera(scene);
    g_assert_cmpfloat(after.yaw, >, before.yaw);
    g_assert_cmpfloat(after.pitch, >, before.pitch);
    g_assert_cmpfloat(after.zoom, >, before.zoom);
    g_assert_true(press_key(GTK_WIDGET(scene), GDK_KEY_Page_Down));
    rk_ui_see(ui, "p99 latency"); // exact values of the first point
    rk_ui_shot(ui, "compare-space-cursor");
    rk_ui_press(ui, "Reset View");
    rk_ui_idle(ui, 500);
    const RkCamera reset = rk_scene_view_camera(scene);
    g_assert_cmpfloat_with_epsilon(reset.zoom, 1, 1e-5);
    g_assert_true(press_key(GTK_WIDGET(scene), GDK_KEY_Page_Down));
    g_assert_true(press_key(GTK_WIDGET(scene), GDK_KEY_Return));
    rk_ui_see(ui, "From "); // what changed to that point
    rk_ui_close(ui);
    rk_ui_results_db_free(db);
}

static void
test_choose(void)
{
    char *db = rk_ui_results_db_new(2);
    RkUi *ui = rk_ui_open(db);
    rk_ui_page(ui, "compare");
    rk_ui_see(ui, "p99 against the base");
    rk_ui_type(ui, "Search runs and trials", "#1");
    rk_ui_see_no(ui, "#2");
    rk_ui_type(ui, "Search runs and trials", "");
    rk_ui_see(ui, "#2");
    // Both runs beside each other: labels say which is which.
    GtkWidget *list = rk_ui_find(ui, g_type_from_name("RkRunList"), "#1");
    GtkWidget *view = rk_ui_find_type(list, GTK_TYPE_LIST_VIEW);
    g_signal_emit_by_name(view, "activate", 1u);
    rk_ui_see(ui, "#1, ");
    rk_ui_shot(ui, "compare-two-runs");
    g_signal_emit_by_name(view, "activate", 0u);
    g_signal_emit_by_name(view, "activate", 1u);
    rk_ui_see(ui, "Check What to Compare");
    rk_ui_close(ui);
    rk_ui_results_db_free(db);
}

// In 360 points and in the dark: the list first, then what was chosen; nothing is wider.
static void
test_narrow(void)
{
    static const char *const LOOKS[] = {"Differences", "What changed, in words", "Trade-off space",
                                        "Latency distribution"};
    char *db = rk_ui_results_db_new(2);
    RkUi *ui = rk_ui_open(db);
    GtkWindow *window = rk_ui_window(ui);
    adw_style_manager_set_color_scheme(adw_style_manager_get_default(),
                                       ADW_COLOR_SCHEME_FORCE_DARK);
    gtk_window_set_default_size(window, 360, 640);
    rk_ui_page(ui, "compare");
    rk_ui_press(ui, "Show Side by Side");
    rk_ui_see(ui, "p99 against the base");
    for (size_t i = 0; i < G_N_ELEMENTS(LOOKS); i++) {
        g_autofree char *name = g_strdup_printf("narrow-compare-%zu", i);
        look_at(ui, LOOKS[i]);
        rk_ui_idle(ui, 300);
        rk_ui_shot(ui, name);
        g_assert_cmpint(gtk_widget_get_width(GTK_WIDGET(window)), <=, 360);
    }
    rk_ui_press(ui, "Choose Trials");
    rk_ui_see(ui, "#2");
    rk_ui_page(ui, "reports");
    rk_ui_press(ui, "Show the Report");
    rk_ui_see(ui, "Recommended: ");
    rk_ui_idle(ui, 800);
    rk_ui_shot(ui, "narrow-reports-shown");
    g_assert_cmpint(gtk_widget_get_width(GTK_WIDGET(window)), <=, 360);
    adw_style_manager_set_color_scheme(adw_style_manager_get_default(), ADW_COLOR_SCHEME_DEFAULT);
    rk_ui_close(ui);
    rk_ui_results_db_free(db);
}

static void
test_empty(void)
{
    RkUi *ui = rk_ui_open(NULL);
    rk_ui_page(ui, "compare");
    rk_ui_see(ui, "Nothing to Compare Yet");
    rk_ui_shot(ui, "compare-empty");
    rk_ui_close(ui);
}

static void
add_compare_tests(void)
{
    g_test_add_func("/ui/compare/it says how to begin", test_empty);
    g_test_add_func("/ui/compare/trials stand side by side, in words and in charts", test_looks);
    g_test_add_func("/ui/compare/the trade-off space orbits by keyboard", test_space);
    g_test_add_func("/ui/compare/runs are searched and checked", test_choose);
    g_test_add_func("/ui/compare/all of it fits 360 points", test_narrow);
}

int
main(int argc, char **argv)
{
    return rk_ui_main(argc, argv, add_compare_tests);
}
