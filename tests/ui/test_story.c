// SPDX-License-Identifier: GPL-3.0-or-later
//
// The whole story in one window: files become a dataset, a model is trained, pruned and quantized,
// batches and caches are swept, settings are compared, and a report is written.
#include "ui_test.h"

#include <string.h>

static void
import_data(RkUi *ui, const char *folder)
{
    rk_ui_page(ui, "data");
    rk_ui_see(ui, "No Data Yet");
    rk_ui_drop(ui, "RkDataPage", "No Data Yet", folder);
    rk_ui_see(ui, "Toy Story (1995)");
    rk_ui_press(ui, "Import");
    rk_ui_see(ui, "100004 rows");
}

static void
set_choice(RkUi *ui, const char *title, const char *value)
{
    AdwComboRow *row = ADW_COMBO_ROW(rk_ui_find(ui, ADW_TYPE_COMBO_ROW, title));
    GListModel *model = adw_combo_row_get_model(row);
    for (guint i = 0; i < g_list_model_get_n_items(model); i++) {
        g_autoptr(GtkStringObject) item = g_list_model_get_item(model, i);
        if (strcmp(gtk_string_object_get_string(item), value) == 0)
            adw_combo_row_set_selected(row, i);
    }
    rk_ui_idle(ui, 20);
}

static void
train(RkUi *ui)
{
    rk_ui_page(ui, "train");
    rk_ui_see(ui, "mf-1");
    rk_ui_type(ui, "Name of the new model", "story-mf");
    set_choice(ui, "Loss", "bpr");
    set_choice(ui, "Negatives", "uniform");
    rk_ui_type(ui, "Dim", "8");
    rk_ui_type(ui, "Batch", "2048");
    rk_ui_type(ui, "Epochs", "1");
    rk_ui_press(ui, "Start Training");
    rk_ui_see(ui, "The model is stored.");
    rk_ui_shot(ui, "story-trained");
}

// A row of a list that is searched first: "Add Axis", "Search axes", "prune".
static void
add(RkUi *ui, const char *button, const char *search, const char *name, const char *values)
{
    g_autofree char *most = g_strndup(name, strlen(name) - 1); // the row alone has all of it
    rk_ui_press(ui, button);
    rk_ui_type(ui, search, most);
    rk_ui_press(ui, name);
    if (values != NULL)
        rk_ui_type(ui, name, values);
}

static void
set_up_sweep(RkUi *ui)
{
    static const struct {
        const char *name, *values;
    } SETTINGS[] = {{"warmup_s", "0"},      {"percentile", "50"}, {"stable.within", "10"},
                    {"late.share", "10"},   {"audit", "false"},   {"quality.n", "50"},
                    {"candidates.n", "20"}, {"streams", "4"},     {"streams.next", "any"}};
    rk_ui_page(ui, "tune");
    rk_ui_see(ui, "Served as it was trained"); // the newest model is there to begin with
    rk_ui_type(ui, "Name of the sweep", "story");
    rk_ui_type(ui, "Repeats", "1");
    add(ui, "Add Axis", "Search axes", "prune", "0.5");
    add(ui, "Add Axis", "Search axes", "prune.what", "dims");
    add(ui, "Add Axis", "Search axes", "cache.answers.policy", "none, lru");
    rk_ui_type(ui, "scenario", "multi");
    rk_ui_type(ui, "duration_s", "0.3");
    for (size_t i = 0; i < G_N_ELEMENTS(SETTINGS); i++)
        add(ui, "Add Setting", "Search settings of the load", SETTINGS[i].name, SETTINGS[i].values);
    rk_ui_type(ui, "p99_ms", "60000");
    rk_ui_see(ui, "8 trials, measured once");
}

static void
run_sweep(RkUi *ui)
{
    rk_ui_press(ui, "Run");
    rk_ui_see(ui, "story: ");
    rk_ui_see(ui, "of 8, precision=");
    rk_ui_see(ui, "Waiting");
    rk_ui_shot(ui, "story-running");
    rk_ui_see_no(ui, "Waiting");
    rk_ui_see(ui, "Recommended: ");
    rk_ui_see(ui, "lru");
    rk_ui_see(ui, "int8");
    rk_ui_see_no(ui, "Failed");
    rk_ui_shot(ui, "story-results");
}

static void
compare(RkUi *ui)
{
    rk_ui_page(ui, "models");
    rk_ui_see(ui, "story-mf-"); // pruned and quantized
    rk_ui_page(ui, "compare");
    rk_ui_see(ui, "p99 against the base");
    rk_ui_see(ui, "int8");
    rk_ui_shot(ui, "story-compare");
}

static void
export_report(RkUi *ui)
{
    g_autofree char *path = g_build_filename(ui->folder, "story.html", NULL);
    g_autofree char *text = NULL;
    rk_ui_page(ui, "reports");
    rk_ui_see(ui, "Recommended: ");
    rk_ui_see(ui, "The first pages");
    GtkWidget *page = rk_ui_find(ui, g_type_from_name("RkReportsPage"), "The first pages");
    g_assert_true(gtk_widget_activate_action(page, "reports.export-to", "s", path));
    rk_ui_see(ui, "Wrote story.html");
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_nonnull(strstr(text, "Recommended"));
    g_assert_nonnull(strstr(text, "cache.answers.policy"));
    rk_ui_shot(ui, "story-report");
}

static void
test_story(void)
{
    g_autofree char *folder = rk_ui_movielens();
    if (folder == NULL)
        return;
    RkUi *ui = rk_ui_open(NULL);
    import_data(ui, folder);
    train(ui);
    set_up_sweep(ui);
    run_sweep(ui);
    compare(ui);
    export_report(ui);
    rk_ui_page(ui, "start");
    rk_ui_see(ui, "story");
    rk_ui_see(ui, "Sweep, ");
    rk_ui_shot(ui, "story-start");
    rk_ui_close(ui);
}

// A click on "Try" ends at a recommendation: data, model and sweep were made.
static void
test_sample(void)
{
    RkUi *ui = rk_ui_open(NULL);
    rk_ui_page(ui, "start");
    rk_ui_see(ui, "Try the sample");
    rk_ui_press(ui, "Try");
    rk_ui_see(ui, "sample: ");
    rk_ui_see(ui, "1 of 8, precision=fp32, batch.max=1");
    rk_ui_press(ui, "Stop After This One"); // the rest is as the first
    rk_ui_see(ui, "Not every trial was measured");
    rk_ui_page(ui, "data");
    rk_ui_see(ui, "sample-data-");
    rk_ui_page(ui, "models");
    rk_ui_see(ui, "sample-deepfm-");
    rk_ui_page(ui, "start");
    rk_ui_see(ui, "Unfinished sweep");
    rk_ui_close(ui);
}

static void
add_story_tests(void)
{
    g_test_add_func("/ui/story/from files to a report", test_story);
    g_test_add_func("/ui/story/the sample makes all there is", test_sample);
}

int
main(int argc, char **argv)
{
    return rk_ui_main(argc, argv, add_story_tests);
}
