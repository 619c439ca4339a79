// SPDX-License-Identifier: GPL-3.0-or-later
//
// The window in high contrast, which libadwaita takes once from its surroundings: a program of its
// own.
#include "results_db.h"
#include "ui_test.h"

#include "ui/page.h"
#include "ui/pages/compare_view.h"

static void
show_all_pages(RkUi *ui, const char *how)
{
    for (int i = 0; rk_pages[i].id != NULL; i++) {
        g_autofree char *name = g_strdup_printf("%s-%s", how, rk_pages[i].id);
        rk_ui_page(ui, rk_pages[i].id);
        rk_ui_idle(ui, 300);
        rk_ui_shot(ui, name);
    }
}

static void
show_chart(RkUi *ui, const char *name)
{
    rk_ui_page(ui, "compare");
    rk_ui_see(ui, "p99 against the base");
    GtkWidget *view = rk_ui_find_type(GTK_WIDGET(rk_ui_window(ui)), RK_TYPE_COMPARE_VIEW);
    g_assert_true(rk_compare_view_look_at(RK_COMPARE_VIEW(view), "Latency distribution"));
    rk_ui_idle(ui, 300);
    rk_ui_shot(ui, name);
    g_assert_true(rk_compare_view_look_at(RK_COMPARE_VIEW(view), "Differences"));
}

// Nothing is missing and nothing is said on the log; whether it is good to look at is seen in the
// pictures.
static void
test_pages(void)
{
    char *db = rk_ui_results_db_new(1);
    AdwStyleManager *style = adw_style_manager_get_default();
    RkUi *ui = rk_ui_open(db);
    g_assert_true(adw_style_manager_get_high_contrast(style));
    show_all_pages(ui, "contrast");
    show_chart(ui, "contrast-chart");
    adw_style_manager_set_color_scheme(style, ADW_COLOR_SCHEME_FORCE_DARK);
    g_assert_true(adw_style_manager_get_dark(style));
    show_all_pages(ui, "contrast-dark");
    show_chart(ui, "contrast-dark-chart");
    adw_style_manager_set_color_scheme(style, ADW_COLOR_SCHEME_DEFAULT);
    rk_ui_close(ui);
    rk_ui_results_db_free(db);
}

static void
add_contrast_tests(void)
{
    g_test_add_func("/ui/contrast/every page, light and dark", test_pages);
}

int
main(int argc, char **argv)
{
    g_setenv("ADW_DEBUG_HIGH_CONTRAST", "1", TRUE);
    return rk_ui_main(argc, argv, add_contrast_tests);
}
