// SPDX-License-Identifier: GPL-3.0-or-later
//
// Reports as a user makes them: looked at, written, written again.
#include "results_db.h"
#include "ui_test.h"

#include <glib/gstdio.h>
#include <string.h>

static void
export_to(RkUi *ui, const char *path)
{
    GtkWidget *page = rk_ui_find(ui, g_type_from_name("RkReportsPage"), "The first pages");
    g_assert_nonnull(page);
    g_assert_true(gtk_widget_activate_action(page, "reports.export-to", "s", path));
}

static void
test_export(void)
{
    static const char *const FORMS[] = {"html", "pdf", "csv", "json", "md"};
    char *db = rk_ui_results_db_new(1);
    g_autofree char *folder = g_path_get_dirname(db);
    RkUi *ui = rk_ui_open(db);
    rk_ui_page(ui, "reports");
    rk_ui_see(ui, "Recommended: ");
    rk_ui_see(ui, "The first pages");
    rk_ui_idle(ui, 800);
    rk_ui_shot(ui, "reports");
    for (size_t i = 0; i < G_N_ELEMENTS(FORMS); i++) {
        g_autofree char *name = g_strdup_printf("made.%s", FORMS[i]);
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autofree char *toast = g_strdup_printf("Wrote made.%s", FORMS[i]);
        g_autofree char *text = NULL;
        export_to(ui, path);
        rk_ui_see(ui, i == 0 ? toast : name); // toasts stand in a queue, the list is there at once
        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        g_assert_cmpuint(strlen(text), >, 100);
        g_remove(path);
    }
    rk_ui_see(ui, "Earlier exports");
    rk_ui_see(ui, "made.html");
    rk_ui_press(ui, "Forget All");
    rk_ui_see_no(ui, "Earlier exports");
    rk_ui_close(ui);
    rk_ui_results_db_free(db);
}

static void
test_unwritable(void)
{
    char *db = rk_ui_results_db_new(1);
    RkUi *ui = rk_ui_open(db);
    rk_ui_page(ui, "reports");
    rk_ui_see(ui, "Recommended: ");
    export_to(ui, "/nowhere/at/all.html");
    rk_ui_see(ui, "/nowhere/at/all.html");
    export_to(ui, "/tmp/what.xyz");
    rk_ui_see(ui, "its ending names no form");
    rk_ui_close(ui);
    rk_ui_results_db_free(db);
}

static void
test_empty(void)
{
    RkUi *ui = rk_ui_open(NULL);
    rk_ui_page(ui, "reports");
    rk_ui_see(ui, "Nothing to Report on Yet");
    rk_ui_shot(ui, "reports-empty");
    rk_ui_close(ui);
}

static void
add_reports_tests(void)
{
    g_test_add_func("/ui/reports/it says how to begin", test_empty);
    g_test_add_func("/ui/reports/a report is shown and written in every form", test_export);
    g_test_add_func("/ui/reports/a file that can't be written is said", test_unwritable);
}

int
main(int argc, char **argv)
{
    return rk_ui_main(argc, argv, add_reports_tests);
}
