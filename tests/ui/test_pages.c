// SPDX-License-Identifier: GPL-3.0-or-later
//
// Each page as a user sees it: what it says while it is empty, filled, narrow and in the dark.
#include "ui_test.h"

#include "ui/page.h"

#include <unistd.h>

// Generates a small dataset through the dialog.
static void
generate(RkUi *ui, const char *name, const char *rows)
{
    rk_ui_generate(ui, name, rows);
    rk_ui_page(ui, "data");
    rk_ui_see(ui, name);
}

static void
test_empty(void)
{
    RkUi *ui = rk_ui_open(NULL);
    rk_ui_see(ui, "Try the sample");
    rk_ui_see(ui, "Nothing yet. The sample is a good beginning.");
    rk_ui_shot(ui, "start-empty");
    rk_ui_page(ui, "data");
    rk_ui_see(ui, "No Data Yet");
    rk_ui_shot(ui, "data-empty");
    rk_ui_page(ui, "models");
    rk_ui_see(ui, "In the zoo");
    rk_ui_shot(ui, "models-empty");
    rk_ui_page(ui, "device");
    rk_ui_see(ui, "Measured ceilings");
    rk_ui_see(ui, "Not measured since the start");
    rk_ui_shot(ui, "device");
    rk_ui_close(ui);
}

static void
test_generate(void)
{
    RkUi *ui = rk_ui_open(NULL);
    rk_ui_act(ui, "win.generate", NULL);
    rk_ui_type(ui, "Name of the dataset", "");
    rk_ui_see(ui, "A dataset needs a name.");
    rk_ui_shot(ui, "generate");
    rk_ui_press(ui, "Cancel");
    generate(ui, "made-up", "5000");
    rk_ui_press(ui, "made-up");
    rk_ui_see(ui, "Overview");
    rk_ui_see(ui, "Events a user");
    rk_ui_shot(ui, "data-profile");
    rk_ui_page(ui, "start");
    rk_ui_see(ui, "made-up");
    rk_ui_shot(ui, "start");
    rk_ui_act(ui, "win.generate", NULL);
    rk_ui_type(ui, "Name of the dataset", "made-up");
    rk_ui_see(ui, "There is a dataset of that name already.");
    rk_ui_press(ui, "Cancel");
    rk_ui_close(ui);
}

// A name that no layout was made for, in 360 points, in the dark: every page still fits.
static void
test_narrow(void)
{
    static const char *const LONG =
        "a-name-that-is-much-longer-than-anyone-would-like-to-read-in-a-list-of-datasets-2026";
    RkUi *ui = rk_ui_open(NULL);
    GtkWindow *window = rk_ui_window(ui);
    generate(ui, LONG, "2000");
    adw_style_manager_set_color_scheme(adw_style_manager_get_default(),
                                       ADW_COLOR_SCHEME_FORCE_DARK);
    gtk_window_set_default_size(window, 360, 640);
    for (int i = 0; rk_pages[i].id != NULL; i++) {
        g_autofree char *name = g_strdup_printf("narrow-%s", rk_pages[i].id);
        rk_ui_page(ui, rk_pages[i].id);
        rk_ui_idle(ui, 300);
        rk_ui_shot(ui, name);
        g_assert_cmpint(gtk_widget_get_width(GTK_WIDGET(window)), <=, 360);
    }
    rk_ui_page(ui, "data");
    rk_ui_press(ui, LONG);
    rk_ui_see(ui, "Overview");
    rk_ui_shot(ui, "narrow-profile");
    rk_ui_act(ui, "win.generate", NULL);
    rk_ui_shot(ui, "narrow-generate");
    rk_ui_press(ui, "Cancel");
    rk_ui_act(ui, "win.back", NULL);
    rk_ui_see(ui, "Device");
    rk_ui_shot(ui, "narrow-sidebar");
    adw_style_manager_set_color_scheme(adw_style_manager_get_default(), ADW_COLOR_SCHEME_DEFAULT);
    rk_ui_close(ui);
}

static void
test_dark(void)
{
    RkUi *ui = rk_ui_open(NULL);
    generate(ui, "sample", "20000");
    rk_ui_act(ui, "win.appearance", "dark");
    for (int i = 0; rk_pages[i].id != NULL; i++) {
        g_autofree char *name = g_strdup_printf("dark-%s", rk_pages[i].id);
        rk_ui_page(ui, rk_pages[i].id);
        rk_ui_shot(ui, name);
    }
    rk_ui_page(ui, "data");
    rk_ui_press(ui, "sample");
    rk_ui_see(ui, "Overview");
    rk_ui_shot(ui, "dark-profile");
    rk_ui_act(ui, "win.appearance", "system");
    rk_ui_close(ui);
}

static void
test_search(void)
{
    RkUi *ui = rk_ui_open(NULL);
    rk_ui_page(ui, "models");
    rk_ui_see(ui, "DeepFM");
    rk_ui_type(ui, "Search models", "towers");
    rk_ui_see_no(ui, "DeepFM");
    rk_ui_see(ui, "Two towers");
    rk_ui_type(ui, "Search models", "no such model");
    rk_ui_see(ui, "No model has that in its name.");
    rk_ui_close(ui);
}

static void
test_switching(void)
{
    RkUi *ui = rk_ui_open(NULL);
    for (int i = 0; i < 400; i++) {
        int n = 0;
        while (rk_pages[n].id != NULL)
            n++;
        rk_ui_act(ui, "win.page", rk_pages[i % n].id);
    }
    rk_ui_page(ui, "start");
    rk_ui_see(ui, "Try the sample");
    rk_ui_close(ui);
}

// A database that isn't one: every page says so, and none fails.
static void
test_bad_database(void)
{
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "rankine-ui-bad.db", NULL);
    g_assert_true(
        g_file_set_contents(path, "this is no database, whatever its name says", -1, NULL));
    RkUi *ui = rk_ui_open(path);
    rk_ui_page(ui, "data");
    rk_ui_see(ui, "The database can't be opened");
    rk_ui_see(ui, "rankine-ui-bad.db");
    rk_ui_see(ui, "Copy Details");
    rk_ui_shot(ui, "database-error");
    rk_ui_page(ui, "models");
    rk_ui_see(ui, "The database can't be opened");
    rk_ui_close(ui);
    unlink(path);
}

static void
add_pages_tests(void)
{
    g_test_add_func("/ui/pages/an empty database is said on each page", test_empty);
    g_test_add_func("/ui/pages/a dataset is generated and profiled", test_generate);
    g_test_add_func("/ui/pages/every page fits 360 points, with long names", test_narrow);
    g_test_add_func("/ui/pages/every page is shown in the dark", test_dark);
    g_test_add_func("/ui/pages/a search hides the rest of a list", test_search);
    g_test_add_func("/ui/pages/pages are switched four hundred times", test_switching);
    g_test_add_func("/ui/pages/a file that is no database is said", test_bad_database);
}

int
main(int argc, char **argv)
{
    return rk_ui_main(argc, argv, add_pages_tests);
}
