// SPDX-License-Identifier: GPL-3.0-or-later
//
// Sweeps as a user meets them: set up, checked while typing, run, stopped, resumed, looked at.
#include "ui_test.h"

#include "job/suite_served.h"
#include "ui/chart_view.h"
#include "ui/pages/tune.h"
#include "ui/pages/tune_run-private.h"
#include "ui/trial_table.h"

#include <string.h>

// A second of measuring, on generated clicks.
static const char TINY[] =
    "{\"rankine\": 1, \"name\": \"tiny\", \"data\": {\"synth\": \"ctr\", \"rows\": 2000},"
    " \"models\": [{\"name\": \"deepfm\", \"model\": \"deepfm\", \"set\": {\"epochs\": 1, \"dim\": "
    "4}}],"
    " \"sweep\": {\"precision\": [\"fp32\", \"int8\"], \"batch.max\": [%s]}, \"repeats\": 1,"
    " \"load\": {\"scenario\": \"multi\", \"streams\": 2, \"streams.next\": \"any\", "
    "\"candidates.n\": 5, \"duration_s\": %s, \"warmup_s\": 0, \"percentile\": 50, "
    "\"stable.within\": 10, \"late.share\": 10, \"audit\": false, \"quality.n\": 20},"
    " \"gates\": {\"p99_ms\": 60000}}";

static RkTunePage *
tune_page(RkUi *ui)
{
    rk_ui_page(ui, "tune");
    rk_ui_see(ui, "Set Up");
    return RK_TUNE_PAGE(rk_ui_find(ui, RK_TYPE_TUNE_PAGE, "Set Up"));
}

static void
open_suite(RkUi *ui, const char *batches, const char *seconds)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(ui->folder, "tiny.json", NULL);
    g_autofree char *text = g_strdup_printf(TINY, batches, seconds);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_true(rk_tune_page_open_file(tune_page(ui), path, &error));
    g_assert_no_error(error);
}

static void
test_empty(void)
{
    RkUi *ui = rk_ui_open(NULL);
    rk_ui_page(ui, "tune");
    rk_ui_see(ui, "Add a model to serve.");
    rk_ui_see(ui, "batch.max");
    rk_ui_press(ui, "Results");
    rk_ui_see(ui, "Nothing Measured Yet");
    rk_ui_shot(ui, "tune-empty");
    rk_ui_press(ui, "Set Up");
    rk_ui_press(ui, "Add Model");
    rk_ui_type(ui, "Search models to serve", "deepf");
    rk_ui_shot(ui, "tune-add-model");
    rk_ui_press(ui, "DeepFM");
    rk_ui_see(ui, "Choose a dataset.");
    rk_ui_shot(ui, "tune-setup-empty");
    rk_ui_close(ui);
}

// The suites that are delivered are read, and show what they take.
static void
test_file(void)
{
    RkUi *ui = rk_ui_open(NULL);
    g_autoptr(GError) error = NULL;
    static const char *const FILES[] = {"quick.json", "sample.json", "movielens.json"};
    static const char *const SAYS[] = {"4 trials, each 2 times", "4 trials, each 2 times",
                                       "16 trials, each 2 times"};
    for (size_t i = 0; i < G_N_ELEMENTS(FILES); i++) {
        g_autofree char *path =
            g_build_filename(g_getenv("RANKINE_TEST_SOURCE"), "data", "suites", FILES[i], NULL);
        g_assert_true(rk_tune_page_open_file(tune_page(ui), path, &error));
        g_assert_no_error(error);
        rk_ui_see(ui, SAYS[i]);
    }
    rk_ui_shot(ui, "tune-setup");
    rk_ui_close(ui);
}

// Mistakes are told in the parser's words beside what was typed, and gone once it is mended.
static void
test_typing(void)
{
    RkUi *ui = rk_ui_open(NULL);
    open_suite(ui, "1, 4", "0.2");
    rk_ui_see(ui, "4 trials, measured once");
    rk_ui_type(ui, "batch.max", "1, none");
    rk_ui_see(ui, "sweep.batch.max[1] is wrong.");
    g_assert_false(gtk_widget_is_sensitive(rk_ui_find(ui, GTK_TYPE_BUTTON, "Run")));
    rk_ui_shot(ui, "tune-mistake");
    rk_ui_type(ui, "batch.max", "1, 2, 4");
    rk_ui_see_no(ui, "is wrong.");
    rk_ui_see(ui, "6 trials, measured once");
    rk_ui_press(ui, "Add Axis");
    rk_ui_type(ui, "Search axes", "submissions");
    rk_ui_press(ui, "inflight");
    rk_ui_type(ui, "inflight", "1, 2");
    rk_ui_see(ui, "12 trials, measured once");
    rk_ui_type(ui, "Repeats", "3");
    rk_ui_see(ui, "12 trials, each 3 times");
    rk_ui_press(ui, "Remove inflight");
    rk_ui_see(ui, "6 trials, each 3 times");
    rk_ui_type(ui, "deepfm", "dim=4, epochs=none");
    rk_ui_see(ui, "models[0].set.epochs is wrong.");
    rk_ui_press(ui, "Add Limit");
    rk_ui_press(ui, "auc_drop");
    rk_ui_type(ui, "deepfm", "dim=4, epochs=1");
    rk_ui_see(ui, "gates.auc_drop is not a number.");
    rk_ui_close(ui);
}

// From the first key to the recommendation; the run is kept and opened again.
static void
test_run(void)
{
    RkUi *ui = rk_ui_open(NULL);
    open_suite(ui, "1, 4", "0.4");
    rk_ui_press(ui, "Run");
    rk_ui_see(ui, "Stop After This One");
    rk_ui_see(ui, "of 4, precision=");
    rk_ui_see(ui, "Waiting");
    rk_ui_see(ui, "Measuring");
    rk_ui_shot(ui, "tune-running");
    rk_ui_see(ui, "Recommended: ");
    rk_ui_see(ui, "Export Report…");
    rk_ui_see(ui, "auc");
    rk_ui_see_no(ui, "Waiting");
    rk_ui_see_no(ui, "Stop After This One");
    rk_ui_shot(ui, "tune-results");
    rk_ui_press(ui, "Over Time");
    rk_ui_shot(ui, "tune-over-time");
    rk_ui_type(ui, "Search trials", "int8");
    rk_ui_see(ui, "2 trials");
    rk_ui_type(ui, "Search trials", "");
    rk_ui_see(ui, "4 trials");
    rk_ui_page(ui, "start");
    rk_ui_see(ui, "Sweep, ");
    rk_ui_page(ui, "start");
    rk_ui_press(ui, "tiny");
    rk_ui_see(ui, "Recommended: ");
    rk_ui_close(ui);
}

static void
test_stop(void)
{
    RkUi *ui = rk_ui_open(NULL);
    open_suite(ui, "1, 4", "0.5");
    rk_ui_press(ui, "Run");
    rk_ui_see(ui, "1 of 4, ");
    rk_ui_press(ui, "Stop After This One");
    rk_ui_see(ui, "Not every trial was measured");
    rk_ui_shot(ui, "tune-stopped");
    rk_ui_press(ui, "Set Up");
    rk_ui_see(ui, "of 4 measurements are there already.");
    rk_ui_press(ui, "Resume");
    rk_ui_see(ui, "Stop After This One");
    rk_ui_see_no(ui, "Stop After This One");
    rk_ui_see_no(ui, "Not every trial was measured");
    rk_ui_see(ui, "Recommended: ");
    rk_ui_press(ui, "Set Up");
    rk_ui_see_no(ui, "measurements are there already");
    rk_ui_press(ui, "Run");
    rk_ui_see(ui, "1 of 4, ");
    rk_ui_press(ui, "Cancel");
    rk_ui_see_no(ui, "Stop After This One");
    rk_ui_act(ui, "win.jobs", NULL);
    rk_ui_see(ui, "Cancelled. Measured trials are kept; the sweep can be resumed.");
    rk_ui_close(ui);
}

// A measurement as its job tells of it, until the test has seen it.
static gboolean
tell_accuracy(RkJob *job, gpointer data, GError **error)
{
    RkSuiteLive *live = data;
    const RkTrialSpec spec = {.point = 0};
    RkQualityFigure figures[] = {{"logloss", 0.7}, {"auc", 0.6125}};
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(RkQualityFigure));
    rk_suite_live_begin(live, &spec, 0, 0, 2, 60);
    rk_suite_live_phase(live, "quality");
    g_array_append_vals(all, figures, 2);
    for (uint64_t n = 50; !rk_suite_live_is_stopping(live); n = MIN(n + 50, 150)) {
        const RkLiveQuality quality = {n, 200, all};
        rk_suite_live_quality(live, &quality, "auc");
        g_usleep(20000);
    }
    return TRUE;
}

static void
test_accuracy(void)
{
    RkUi *ui = rk_ui_open(NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf(TINY, "1, 4", "1");
    g_autoptr(RkSuiteTables) tables = rk_suite_tables_new();
    g_autoptr(RkSuite) suite = rk_suite_parse(text, "tiny.json", tables->tables, tables->n, &error);
    g_autoptr(RkSuiteLive) live = rk_suite_live_new();
    g_assert_no_error(error);
    tune_page(ui);
    rk_ui_press(ui, "Results");
    RkTuneRun *run = RK_TUNE_RUN(rk_ui_find_type(GTK_WIDGET(rk_ui_window(ui)), RK_TYPE_TUNE_RUN));
    const RkJobSpec spec = {.title = "tiny", .run = tell_accuracy, .data = live};
    rk_tune_run_watch(run, suite, live, rk_jobs_start(rk_app_session_jobs(run->session), &spec));
    rk_ui_see(ui, "Measuring accuracy · auc 0.6125 after 150 of 200");
    rk_ui_shot(ui, "tune-accuracy");
    RkChartView *view = NULL;
    for (GtkWidget *one = gtk_widget_get_first_child(GTK_WIDGET(run->charts)); one != NULL;
         one = gtk_widget_get_next_sibling(one))
        view = RK_CHART_VIEW(one); // the last of the three
    const RkSeries *points =
        g_ptr_array_index(rk_chart_panel(rk_chart_view_chart(view), 0)->series, 0);
    g_assert_cmpuint(points->n, ==, 1);
    g_assert_cmpfloat(points->y[0], ==, 0.6125);
    rk_ui_press(ui, "Stop After This One"); // the job's own way to end
    rk_ui_see_no(ui, "Stop After This One");
    rk_ui_close(ui);
}

// A sweep that fails says why, where it was run.
static void
test_failure(void)
{
    RkUi *ui = rk_ui_open(NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(ui->folder, "gone.json", NULL);
    g_assert_true(g_file_set_contents(path,
                                      "{\"rankine\": 1, \"data\": {\"synth\": \"ctr\", \"rows\": "
                                      "1000}, \"models\": [{\"stored\": \"nobody\"}]}",
                                      -1, NULL));
    g_assert_true(rk_tune_page_open_file(tune_page(ui), path, &error));
    rk_ui_press(ui, "Run");
    rk_ui_see(ui, "The sweep failed");
    rk_ui_see(ui, "Can't serve the model nobody: there is none of that name.");
    g_assert_true(g_file_set_contents(path, "[1, 2", -1, NULL));
    g_assert_false(rk_tune_page_open_file(tune_page(ui), path, &error));
    g_assert_nonnull(strstr(error->message, "gone.json"));
    rk_ui_close(ui);
}

// A hundred thousand trials are in the list at once, sorted and searched.
static void
test_many(void)
{
    GString *axis = g_string_new(NULL);
    for (int i = 1; i <= 1000; i++)
        g_string_append_printf(axis, "%s%d", i > 1 ? ", " : "", i);
    g_autofree char *text = g_strdup_printf(
        "{\"rankine\": 1, \"name\": \"many\", \"data\": {\"dataset\": \"x\"}, \"models\": "
        "[{\"model\": \"mf\"}], \"sweep\": {\"seed\": [%s], \"dim\": [1,2,3,4,5,6,7,8,9,10,"
        "11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,"
        "41,42,43,44,45,46,47,48,49,50]}}",
        axis->str);
    g_autoptr(GError) error = NULL;
    g_autoptr(RkSuite) suite = rk_suite_parse(text, "many.json", NULL, 0, &error);
    g_assert_no_error(error);
    RkUi *ui = rk_ui_open(NULL);
    g_autoptr(RkTrialList) list = rk_trial_list_new_for_suite(suite);
    g_assert_cmpuint(rk_trial_list_n(list), ==, 50000);
    GtkWidget *window = gtk_window_new();
    GtkWidget *table = rk_trial_table_new();
    gtk_window_set_child(GTK_WINDOW(window), table);
    gtk_window_set_default_size(GTK_WINDOW(window), 800, 500);
    gtk_window_present(GTK_WINDOW(window));
    rk_trial_table_set(RK_TRIAL_TABLE(table), list);
    rk_ui_see(ui, "trials");
    rk_trial_list_row(list, 49999)->state = RK_ROW_MEASURED;
    rk_trial_list_row(list, 49999)->qps = 1234;
    rk_trial_list_changed(list, 49999);
    gtk_column_view_sort_by_column(
        rk_trial_table_view(RK_TRIAL_TABLE(table)),
        g_list_model_get_item(
            gtk_column_view_get_columns(rk_trial_table_view(RK_TRIAL_TABLE(table))), 5),
        GTK_SORT_ASCENDING);
    rk_ui_see(ui, "1.23 k/s"); // the only one that is known comes first
    rk_ui_type(ui, "Search trials", "seed=1000");
    rk_ui_see(ui, "50 trials");
    rk_ui_shot(ui, "trial-table");
    gtk_window_destroy(GTK_WINDOW(window));
    g_string_free(axis, TRUE);
    rk_ui_close(ui);
}

static gboolean
is_pinned(GtkWidget *table)
{
    gboolean pinned = FALSE;
    g_object_get(table, "pinned", &pinned, NULL);
    return pinned;
}

// Marks act on the selected trial, are told in its row, and stay its own.
static void
test_marks(void)
{
    static const char FOUR[] = "{\"rankine\": 1, \"data\": {\"dataset\": \"x\"}, \"models\": "
                               "[{\"model\": \"mf\"}], \"sweep\": {\"dim\": [4, 8, 16, 32]}}";
    g_autoptr(GError) error = NULL;
    g_autoptr(RkSuite) suite = rk_suite_parse(FOUR, "four.json", NULL, 0, &error);
    g_assert_no_error(error);
    RkUi *ui = rk_ui_open(NULL);
    g_autoptr(RkTrialList) list = rk_trial_list_new_for_suite(suite);
    GtkWidget *window = gtk_window_new();
    GtkWidget *table = rk_trial_table_new();
    gtk_window_set_child(GTK_WINDOW(window), table);
    gtk_window_set_default_size(GTK_WINDOW(window), 800, 300);
    gtk_window_present(GTK_WINDOW(window));
    rk_trial_table_set(RK_TRIAL_TABLE(table), list);
    rk_ui_see(ui, "4 trials");
    gtk_widget_activate_action(table, "trial.pin", NULL); // nothing is selected
    GtkSelectionModel *rows = gtk_column_view_get_model(rk_trial_table_view(RK_TRIAL_TABLE(table)));
    for (guint i = 0; i < 4; i++)
        g_assert_false(rk_trial_list_row(list, i)->pinned);
    gtk_selection_model_select_item(rows, 2, TRUE);
    rk_ui_press(ui, "Pin in the charts (P)");
    rk_ui_see(ui, "Pinned");
    g_assert_true(rk_trial_list_row(list, 2)->pinned);
    g_assert_cmpuint(rk_trial_table_selected(RK_TRIAL_TABLE(table)), ==, 2);
    rk_ui_press(ui, "Hide from the charts (H)");
    rk_ui_see(ui, "Pinned, hidden");
    g_assert_true(is_pinned(table));
    gtk_selection_model_select_item(rows, 0, TRUE);
    g_assert_false(is_pinned(table));
    gtk_selection_model_select_item(rows, 2, TRUE);
    rk_ui_press(ui, "Pin in the charts (P)");
    rk_ui_see_no(ui, "Pinned, hidden");
    rk_ui_see(ui, "Hidden");
    g_assert_false(rk_trial_list_row(list, 2)->pinned);
    g_assert_true(rk_trial_list_row(list, 2)->hidden);
    rk_ui_shot(ui, "trial-marks");
    gtk_window_destroy(GTK_WINDOW(window));
    rk_ui_close(ui);
}

static void
test_narrow(void)
{
    RkUi *ui = rk_ui_open(NULL);
    GtkWindow *window = rk_ui_window(ui);
    gtk_window_set_default_size(window, 360, 640);
    open_suite(ui, "1", "0.2");
    rk_ui_type(ui, "Name of the sweep", "a-name-that-is-longer-than-anyone-would-like-to-read");
    rk_ui_shot(ui, "narrow-tune-setup");
    rk_ui_press(ui, "Run");
    rk_ui_see(ui, "Stop After This One");
    rk_ui_shot(ui, "narrow-tune-running");
    rk_ui_see(ui, "Recommended: ");
    rk_ui_shot(ui, "narrow-tune-results");
    g_assert_cmpint(gtk_widget_get_width(GTK_WIDGET(window)), <=, 360);
    rk_ui_act(ui, "win.appearance", "dark");
    gtk_window_set_default_size(window, 1100, 760);
    rk_ui_shot(ui, "dark-tune-results");
    rk_ui_press(ui, "Set Up");
    rk_ui_shot(ui, "dark-tune-setup");
    rk_ui_act(ui, "win.appearance", "system");
    rk_ui_close(ui);
}

static void
add_tune_tests(void)
{
    g_test_add_func("/ui/tune/an empty page says what lacks", test_empty);
    g_test_add_func("/ui/tune/delivered suites are opened", test_file);
    g_test_add_func("/ui/tune/what is typed is checked at once", test_typing);
    g_test_add_func("/ui/tune/a sweep runs to a recommendation, and is kept", test_run);
    g_test_add_func("/ui/tune/a sweep is stopped, resumed and cancelled", test_stop);
    g_test_add_func("/ui/tune/a sweep that fails says why", test_failure);
    g_test_add_func("/ui/tune/very many trials are sorted and searched", test_many);
    g_test_add_func("/ui/tune/a trial is pinned and hidden", test_marks);
    g_test_add_func("/ui/tune/it fits 360 points and the dark", test_narrow);
    g_test_add_func("/ui/tune/accuracy moves within a trial", test_accuracy);
}

int
main(int argc, char **argv)
{
    return rk_ui_main(argc, argv, add_tune_tests);
}
