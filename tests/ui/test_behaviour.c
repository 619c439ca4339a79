// SPDX-License-Identifier: GPL-3.0-or-later
//
// How the window behaves over time and where things are not as usual: no growth, databases that
// can't be read, large text, right to left.
#include "results_db.h"
#include "ui_test.h"

#include "ui/page.h"

#include <malloc.h>
#include <sqlite3.h>
#include <unistd.h>

#define N_SWITCHES 1000u
#define N_WARM_UP  200u
#define N_TRIES    3
// Growth that isn't ours: caches of glyphs, of layouts and of the allocator. A page that leaked a
// row of 500 bytes at each switch would be beyond it.
#define MOST_GROWTH (400u * 1024)

static void
settle(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static void
switch_pages(RkUi *ui, guint n)
{
    guint n_pages = 0;
    while (rk_pages[n_pages].id != NULL)
        n_pages++;
    for (guint i = 0; i < n; i++) {
        rk_window_show_page(RK_WINDOW(rk_ui_window(ui)), rk_pages[i % n_pages].id);
        settle();
    }
}

static void
gone(gpointer count, GObject *page)
{
    --*(guint *)count;
}

static void
test_switching(void)
{
    char *db = rk_ui_results_db_new(2);
    RkUi *ui = rk_ui_open(db);
    GtkSettings *settings = gtk_settings_get_default();
    guint n_alive = 0;
    g_object_set(settings, "gtk-enable-animations", FALSE, NULL);
    switch_pages(ui, N_WARM_UP);
    rk_ui_idle(ui, 1500); // what pages read and draw in the background is there
    switch_pages(ui, N_WARM_UP);
    // On a busy machine something may still come to be there; what leaks grows each time.
    ssize_t growth = G_MAXSSIZE;
    for (int i = 0; i < N_TRIES && growth >= (ssize_t)MOST_GROWTH; i++) {
        const size_t before = mallinfo2().uordblks;
        switch_pages(ui, N_SWITCHES);
        rk_ui_idle(ui, 200);
        const size_t after = mallinfo2().uordblks;
        growth = (ssize_t)(after - before);
        g_test_message("%zu bytes in use, %zd more than before", after, growth);
    }
    g_assert_cmpint(growth, <, (ssize_t)MOST_GROWTH);
    // No page outlives the window.
    rk_ui_page(ui, "reports");
    GtkWidget *stack =
        gtk_widget_get_parent(rk_ui_find(ui, g_type_from_name("RkReportsPage"), "The first pages"));
    g_assert_true(GTK_IS_STACK(stack));
    for (GtkWidget *page = gtk_widget_get_first_child(stack); page != NULL;
         page = gtk_widget_get_next_sibling(page), n_alive++)
        g_object_weak_ref(G_OBJECT(page), gone, &n_alive);
    g_object_set(settings, "gtk-enable-animations", TRUE, NULL);
    rk_ui_close(ui);
    g_assert_cmpuint(n_alive, ==, 0);
    rk_ui_results_db_free(db);
}

static void
test_newer_database(void)
{
    char *db = rk_ui_results_db_new(1);
    sqlite3 *file = NULL;
    g_assert_cmpint(sqlite3_open(db, &file), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(file, "PRAGMA user_version = 9999", NULL, NULL, NULL), ==,
                    SQLITE_OK);
    sqlite3_close(file);
    RkUi *ui = rk_ui_open(db);
    for (const char *const *id =
             (const char *const[]){"data", "models", "compare", "reports", NULL};
         *id != NULL; id++) {
        rk_ui_page(ui, *id);
        rk_ui_see(ui, "The database can't be opened");
        rk_ui_see(ui, "Update Rankine");
    }
    rk_ui_shot(ui, "database-newer");
    rk_ui_close(ui);
    rk_ui_results_db_free(db);
}

// Held by another program: said, and read as soon as it is free.
static void
test_locked_database(void)
{
    char *db = rk_ui_results_db_new(1);
    sqlite3 *file = NULL;
    g_assert_cmpint(sqlite3_open(db, &file), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(file,
                                 "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;"
                                 "UPDATE suite_run SET name = name;",
                                 NULL, NULL, NULL),
                    ==, SQLITE_OK);
    RkUi *ui = rk_ui_open(db);
    rk_ui_page(ui, "compare");
    rk_ui_see(ui, "The database can't be opened");
    rk_ui_see(ui, "Copy Details");
    rk_ui_shot(ui, "database-locked");
    sqlite3_exec(file, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(file);
    rk_ui_act(ui, "win.refresh", NULL);
    rk_ui_see(ui, "p99 against the base");
    rk_ui_close(ui);
    rk_ui_results_db_free(db);
}

// Every page with a way of looking that layouts are rarely tried with; GTK's warnings are fatal.
static void
show_all_pages(RkUi *ui, const char *how)
{
    for (int i = 0; rk_pages[i].id != NULL; i++) {
        g_autofree char *name = g_strdup_printf("%s-%s", how, rk_pages[i].id);
        rk_ui_page(ui, rk_pages[i].id);
        rk_ui_idle(ui, 400);
        rk_ui_shot(ui, name);
    }
}

static void
test_right_to_left(void)
{
    char *db = rk_ui_results_db_new(1);
    gtk_widget_set_default_direction(GTK_TEXT_DIR_RTL);
    RkUi *ui = rk_ui_open(db);
    show_all_pages(ui, "rtl");
    rk_ui_close(ui);
    gtk_widget_set_default_direction(GTK_TEXT_DIR_LTR);
    rk_ui_results_db_free(db);
}

static void
test_large_text(void)
{
    char *db = rk_ui_results_db_new(1);
    GtkSettings *settings = gtk_settings_get_default();
    int dpi = 0;
    RkUi *ui = rk_ui_open(db);
    g_object_get(settings, "gtk-xft-dpi", &dpi, NULL);
    g_object_set(settings, "gtk-xft-dpi", (dpi > 0 ? dpi : 96 * 1024) * 3 / 2, NULL);
    show_all_pages(ui, "large");
    g_object_set(settings, "gtk-xft-dpi", dpi, NULL);
    rk_ui_close(ui);
    rk_ui_results_db_free(db);
}

static void
test_preferences(void)
{
    RkUi *ui = rk_ui_open(NULL);
    AdwStyleManager *style = adw_style_manager_get_default();
    rk_ui_act(ui, "win.preferences", NULL);
    rk_ui_see(ui, "Notify when a job ends");
    rk_ui_see(ui, ui->db);
    rk_ui_shot(ui, "preferences");
    GtkWidget *row = rk_ui_find(ui, ADW_TYPE_COMBO_ROW, "Appearance");
    adw_combo_row_set_selected(ADW_COMBO_ROW(row), 2);
    g_assert_true(adw_style_manager_get_dark(style));
    adw_combo_row_set_selected(ADW_COMBO_ROW(row), 0);
    g_assert_cmpint(adw_style_manager_get_color_scheme(style), ==, ADW_COLOR_SCHEME_DEFAULT);
    gtk_window_close(GTK_WINDOW(gtk_widget_get_root(row)));
    rk_ui_idle(ui, 100);
    rk_ui_close(ui);
}

static void
add_behaviour_tests(void)
{
    g_test_add_func("/ui/behaviour/a thousand switches of pages leave nothing behind",
                    test_switching);
    g_test_add_func("/ui/behaviour/a database of a newer version is said", test_newer_database);
    g_test_add_func("/ui/behaviour/a locked database is said, and read when it is free",
                    test_locked_database);
    g_test_add_func("/ui/behaviour/every page reads from right to left", test_right_to_left);
    g_test_add_func("/ui/behaviour/every page holds large text", test_large_text);
    g_test_add_func("/ui/behaviour/preferences hold at once", test_preferences);
}

int
main(int argc, char **argv)
{
    return rk_ui_main(argc, argv, add_behaviour_tests);
}
