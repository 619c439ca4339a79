// SPDX-License-Identifier: GPL-3.0-or-later
//
// Files as they come in and go out: dragged from another program with the pointer, and named in the
// desktop's chooser, of which GTK has one of its own where there is no portal.
#include "chooser.h"
#include "hand.h"
#include "results_db.h"
#include "ui_test.h"

#include "ui/chart_view.h"
#include "ui/pages/compare_view.h"

#include <gdk/x11/gdkx.h>
#include <glib/gstdio.h>
#include <string.h>

// ---- dragging ------------------------------------------------------------------------------

#define SOURCE_X 1250 // px of the screen, where the main window isn't
#define SOURCE_Y 850

// Another program, as a file manager is: a window with a file to drag, until it is ended.
G_NORETURN static void
be_source(const char *path)
{
    gtk_init();
    g_autoptr(GFile) file = g_file_new_for_path(path);
    g_auto(GValue) list = G_VALUE_INIT;
    g_value_init(&list, GDK_TYPE_FILE_LIST);
    g_value_take_boxed(&list, gdk_file_list_new_from_array(&file, 1));
    g_autoptr(GdkContentProvider) content = gdk_content_provider_new_for_value(&list);
    GtkWidget *window = gtk_window_new();
    GtkWidget *label = gtk_label_new("A file");
    GtkDragSource *source = gtk_drag_source_new();
    gtk_drag_source_set_content(source, content);
    gtk_widget_add_controller(label, GTK_EVENT_CONTROLLER(source));
    gtk_window_set_decorated(GTK_WINDOW(window), FALSE);
    gtk_window_set_default_size(GTK_WINDOW(window), 120, 80);
    gtk_window_set_child(GTK_WINDOW(window), label);
    gtk_window_present(GTK_WINDOW(window));
    GdkSurface *surface = gtk_native_get_surface(GTK_NATIVE(window));
    XMoveWindow(gdk_x11_display_get_xdisplay(gdk_surface_get_display(surface)),
                gdk_x11_surface_get_xid(surface), SOURCE_X, SOURCE_Y);
    while (TRUE)
        g_main_context_iteration(NULL, TRUE);
}

static GSubprocess *
start_source(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    GSubprocess *source =
        g_subprocess_new(G_SUBPROCESS_FLAGS_NONE, &error, self, "--source", path, NULL);
    g_assert_no_error(error);
    rk_ui_idle(NULL, 1500); // its window is there
    return source;
}

static void
test_drag(void)
{
    if (!rk_hand_is_there())
        return;
    RkUi *ui = rk_ui_open(NULL);
    g_autofree char *path = g_build_filename(ui->folder, "watched.csv", NULL);
    GString *csv = g_string_new("user_id,item_id,rating,timestamp\n");
    for (int i = 0; i < 400; i++)
        g_string_append_printf(csv, "%d,%d,%d,%d\n", i % 40, i * 7 % 90, i % 5 + 1, 1500000 + i);
    g_assert_true(g_file_set_contents(path, csv->str, (gssize)csv->len, NULL));
    g_string_free(csv, TRUE);
    rk_ui_page(ui, "data");
    rk_ui_see(ui, "No Data Yet");
    g_autoptr(GSubprocess) source = start_source(path);
    GtkWidget *page = rk_ui_find(ui, g_type_from_name("RkDataPage"), "No Data Yet");
    rk_hand_carry(SOURCE_X + 40, SOURCE_Y + 40, page, 300, 200);
    rk_ui_shot(ui, "drag-over");
    rk_hand_release();
    rk_ui_see(ui, "Name of the dataset");
    rk_ui_see(ui, "timestamp");
    g_subprocess_force_exit(source);
    g_subprocess_wait(source, NULL, NULL);
    rk_hand_focus(GTK_WIDGET(gtk_widget_get_root(rk_ui_find(ui, GTK_TYPE_LABEL, "timestamp"))));
    rk_hand_key("Return"); // accepts
    rk_ui_see(ui, "watched");
    rk_ui_see(ui, "400 rows");
    rk_ui_close(ui);
}

// ---- choosing ------------------------------------------------------------------------------

// What was asked for is written in the background.
static void
assert_begins(const char *path, const char *with)
{
    g_autofree char *text = NULL;
    for (int i = 0; i < 500 && !g_file_test(path, G_FILE_TEST_EXISTS); i++)
        rk_ui_idle(NULL, 20);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_nonnull(g_strstr_len(text, 400, with));
    g_remove(path);
}

static void
test_import(void)
{
    RkUi *ui = rk_ui_open(NULL);
    g_autofree char *path = g_build_filename(ui->folder, "plays.csv", NULL);
    g_assert_true(g_file_set_contents(path, "user,item,rating\n1,2,3\n1,3,4\n2,2,5\n", -1, NULL));
    rk_ui_act(ui, "win.import-folder", NULL);
    GtkFileChooser *chooser = rk_chooser_of("Import a Folder");
    g_assert_cmpint(gtk_file_chooser_get_action(chooser), ==,
                    GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER);
    rk_ui_press(ui, "Cancel");
    rk_ui_act(ui, "win.import-files", NULL);
    chooser = rk_chooser_of("Import Files");
    g_assert_true(gtk_file_chooser_get_select_multiple(chooser));
    rk_ui_shot(ui, "chooser-import");
    rk_chooser_open(ui, chooser, path);
    rk_ui_see(ui, "Name of the dataset");
    rk_ui_see(ui, "rating");
    rk_ui_press(ui, "Cancel");
    rk_ui_see_no(ui, "Name of the dataset");
    rk_ui_close(ui);
}

static void
test_report(void)
{
    char *db = rk_ui_results_db_new(1);
    RkUi *ui = rk_ui_open(db);
    rk_ui_page(ui, "reports");
    rk_ui_see(ui, "The first pages");
    GtkWidget *page = rk_ui_find(ui, g_type_from_name("RkReportsPage"), "The first pages");
    g_assert_true(gtk_widget_activate_action(page, "reports.export", "s", "html"));
    GtkFileChooser *chooser = rk_chooser_of("Export the Report");
    rk_chooser_assert_kind(chooser, "HTML");
    g_autofree char *proposed = rk_chooser_save(ui, chooser, "Export", NULL);
    g_assert_true(g_str_has_suffix(proposed, "-report.html"));
    assert_begins(proposed, "<!DOCTYPE html>");
    g_assert_true(gtk_widget_activate_action(page, "reports.export", "s", "md"));
    g_autofree char *bare =
        rk_chooser_save(ui, rk_chooser_of("Export the Report"), "Export", "plain");
    g_autofree char *whole = g_strconcat(bare, ".md", NULL); // the form's ending was added
    assert_begins(whole, "# ");
    rk_ui_see(ui, "Earlier exports");
    rk_ui_see(ui, "plain.md");
    rk_ui_close(ui);
    rk_ui_results_db_free(db);
}

static void
test_chart(void)
{
    char *db = rk_ui_results_db_new(1);
    RkUi *ui = rk_ui_open(db);
    rk_ui_page(ui, "compare");
    rk_ui_see(ui, "p99 against the base");
    GtkWidget *compare = rk_ui_find_type(GTK_WIDGET(rk_ui_window(ui)), RK_TYPE_COMPARE_VIEW);
    g_assert_true(rk_compare_view_look_at(RK_COMPARE_VIEW(compare), "Where a request's time goes"));
    rk_ui_idle(ui, 300);
    GtkWidget *view = rk_ui_find_type(compare, RK_TYPE_CHART_VIEW);
    g_assert_true(gtk_widget_activate_action(view, "chart.save", "s", "svg"));
    GtkFileChooser *chooser = rk_chooser_of("Save the Chart");
    rk_chooser_assert_kind(chooser, "SVG");
    g_autofree char *path = rk_chooser_save(ui, chooser, "Save", NULL);
    rk_ui_see(ui, "Saved ");
    assert_begins(path, "<svg");
    g_assert_true(gtk_widget_activate_action(view, "chart.save", "s", "csv"));
    g_autofree char *other =
        rk_chooser_save(ui, rk_chooser_of("Save the Chart"), "Save", "figures.txt");
    g_autofree char *whole = g_strconcat(other, ".csv", NULL);
    assert_begins(whole, ",");
    rk_ui_close(ui);
    rk_ui_results_db_free(db);
}

static void
test_suite(void)
{
    char *db = rk_ui_results_db_new(1);
    RkUi *ui = rk_ui_open(db);
    rk_ui_page(ui, "tune");
    rk_ui_see(ui, "Name of the sweep");
    GtkWidget *page = rk_ui_find(ui, g_type_from_name("RkTunePage"), "Name of the sweep");
    rk_ui_type(ui, "Name of the sweep", "nightly/gpu");
    g_assert_true(gtk_widget_activate_action(page, "tune.save", NULL));
    GtkFileChooser *chooser = rk_chooser_of("Save the Suite");
    rk_chooser_assert_kind(chooser, "Suites (JSON)");
    g_autofree char *path = rk_chooser_save(ui, chooser, "Save", NULL);
    g_assert_true(g_str_has_suffix(path, "nightly-gpu.json"));
    rk_ui_see(ui, "The suite is saved");
    rk_ui_type(ui, "Name of the sweep", "another");
    g_assert_true(gtk_widget_activate_action(page, "tune.open", NULL));
    rk_chooser_open(ui, rk_chooser_of("Open a Suite"), path);
    rk_ui_see(ui, "nightly/gpu");
    assert_begins(path, "{");
    rk_ui_close(ui);
    rk_ui_results_db_free(db);
}

// Those of a model that was generated for and trained here.
static void
test_weights(void)
{
    RkUi *ui = rk_ui_open(NULL);
    rk_ui_generate(ui, "small", "2000");
    rk_ui_page(ui, "data");
    rk_ui_see(ui, "2000 rows");
    rk_ui_act(ui, "win.train", "mf");
    rk_ui_type(ui, "Name of the new model", "first");
    adw_combo_row_set_selected(ADW_COMBO_ROW(rk_ui_find(ui, ADW_TYPE_COMBO_ROW, "Loss")), 1); // mse
    rk_ui_type(ui, "Epochs", "1");
    rk_ui_press(ui, "Start Training");
    rk_ui_see(ui, "Test rmse");
    rk_ui_page(ui, "models");
    rk_ui_press(ui, "first");
    rk_ui_press(ui, "Export…");
    GtkFileChooser *chooser = rk_chooser_of("Export the Weights");
    rk_chooser_assert_kind(chooser, "NumPy archives and JSON");
    g_autofree char *proposed = gtk_file_chooser_get_current_name(chooser);
    g_assert_cmpstr(proposed, ==, "first.npz");
    g_autofree char *path = rk_chooser_save(ui, chooser, "Export", "weights");
    g_autofree char *whole = g_strconcat(path, ".npz", NULL); // the first form's ending
    for (int i = 0; i < 500 && !g_file_test(whole, G_FILE_TEST_EXISTS); i++)
        rk_ui_idle(ui, 20);
    g_assert_true(g_file_test(whole, G_FILE_TEST_EXISTS));
    rk_ui_close(ui);
}

static void
add_files_tests(void)
{
    g_test_add_func("/ui/files/one is dragged from another program", test_drag);
    g_test_add_func("/ui/files/what to import is chosen", test_import);
    g_test_add_func("/ui/files/a report's file is named", test_report);
    g_test_add_func("/ui/files/a chart's file is named", test_chart);
    g_test_add_func("/ui/files/a suite is saved and opened", test_suite);
    g_test_add_func("/ui/files/a model's weights are exported", test_weights);
}

int
main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--source") == 0)
        be_source(argv[2]);
    return rk_ui_main(argc, argv, add_files_tests);
}
