// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the app costs. `bench-ui trials [N]`: a list of N trials, filled and scrolled.
// `bench-ui sweep RANKINE [SUITE.json]`: the same suite in the app, with its live charts, and by
// --batch, in turns; the ratio of their throughputs against the bar of 0.97. `bench-ui db FILE`: a
// database of 1,000 runs, for start.sh. Needs Xvfb.
#include "screen.h"
#include "ui_test.h"

#include "store/run.h"
#include "store/trial.h"
#include "ui/pages/tune.h"
#include "ui/trial_table.h"

#include <math.h>
#include <string.h>

#define ROUNDS 3
#define BAR    0.97
#define N_RUNS 1000

static double
now_s(void)
{
    return (double)g_get_monotonic_time() * 1e-6;
}

// ---- a list of trials ----------------------------------------------------------------------

static RkSuite *
suite_of(guint n)
{
    g_autoptr(GString) seeds = g_string_new(NULL);
    g_autoptr(GString) dims = g_string_new(NULL);
    for (guint i = 1; i <= n / 100; i++)
        g_string_append_printf(seeds, "%s%u", i > 1 ? "," : "", i);
    for (guint i = 1; i <= 100; i++)
        g_string_append_printf(dims, "%s%u", i > 1 ? "," : "", i);
    g_autofree char *text = g_strdup_printf(
        "{\"rankine\":1,\"data\":{\"dataset\":\"x\"},\"models\":[{\"model\":\"mf\"}],"
        "\"sweep\":{\"seed\":[%s],\"dim\":[%s]}}",
        seeds->str, dims->str);
    g_autoptr(GError) error = NULL;
    RkSuite *suite = rk_suite_parse(text, "many", NULL, 0, &error);
    if (suite == NULL)
        g_error("%s", error->message);
    return suite;
}

static void
count_frame(GdkFrameClock *clock, guint *n)
{
    (*n)++;
}

static void
wait_frame(GtkWidget *widget, guint *n)
{
    const guint before = *n;
    gtk_widget_queue_draw(widget);
    while (*n == before)
        g_main_context_iteration(NULL, TRUE);
}

static void
bench_trials(guint n)
{
    g_autoptr(RkSuite) suite = suite_of(n);
    GtkWidget *window = gtk_window_new();
    GtkWidget *table = rk_trial_table_new();
    guint n_frames = 0;
    gtk_window_set_default_size(GTK_WINDOW(window), 1000, 700);
    gtk_window_set_child(GTK_WINDOW(window), table);
    gtk_window_present(GTK_WINDOW(window));
    g_signal_connect(gtk_widget_get_frame_clock(window), "after-paint", G_CALLBACK(count_frame),
                     &n_frames);
    wait_frame(table, &n_frames);
    const double start = now_s();
    g_autoptr(RkTrialList) list = rk_trial_list_new_for_suite(suite);
    rk_trial_table_set(RK_TRIAL_TABLE(table), list);
    wait_frame(table, &n_frames);
    printf("%u trials: filled and drawn in %.0f ms\n", rk_trial_list_n(list),
           (now_s() - start) * 1e3);
    GtkWidget *view = GTK_WIDGET(rk_trial_table_view(RK_TRIAL_TABLE(table)));
    GtkAdjustment *where = gtk_scrollable_get_vadjustment(GTK_SCROLLABLE(view));
    const double all = gtk_adjustment_get_upper(where) - gtk_adjustment_get_page_size(where);
    double longest = 0, sum = 0;
    for (int i = 0; i < 200; i++) {
        const double at = now_s();
        gtk_adjustment_set_value(where, all * ((i * 37) % 200) / 200); // far jumps
        wait_frame(table, &n_frames);
        sum += now_s() - at;
        longest = MAX(longest, now_s() - at);
    }
    printf("scrolling far: %.1f ms a frame, %.1f ms the longest\n", sum / 200 * 1e3, longest * 1e3);
    gtk_window_destroy(GTK_WINDOW(window));
}

// ---- a sweep in both ways ------------------------------------------------------------------

static const char SUITE[] =
    "{\"rankine\": 1, \"name\": \"cost\", \"data\": {\"synth\": \"ctr\", \"rows\": 20000},"
    " \"models\": [{\"name\": \"deepfm\", \"model\": \"deepfm\", \"set\": {\"epochs\": 1, \"dim\": "
    "8}}], \"sweep\": {\"batch.max\": [1, 16]}, \"repeats\": 1,"
    " \"load\": {\"scenario\": \"multi\", \"streams\": 8, \"streams.next\": \"any\","
    " \"candidates.n\": 20, \"duration_s\": 4, \"warmup_s\": 0.5, \"percentile\": 90,"
    " \"stable.within\": 10, \"late.share\": 10, \"audit\": false, \"quality.n\": 100}}";

static void
run_in_app(RkUi *ui, const char *path)
{
    g_autoptr(GError) error = NULL;
    rk_ui_page(ui, "tune");
    rk_ui_see(ui, "Set Up");
    RkTunePage *page = RK_TUNE_PAGE(rk_ui_find(ui, RK_TYPE_TUNE_PAGE, "Set Up"));
    if (!rk_tune_page_open_file(page, path, &error))
        g_error("%s", error->message);
    rk_ui_press(ui, "Run");
    rk_ui_see(ui, "Stop After This One");
    while (rk_ui_shows(ui, "Stop After This One"))
        rk_ui_idle(ui, 100);
}

static void
run_by_batch(RkUi *ui, const char *rankine, const char *path)
{
    g_autofree char *out = g_build_filename(ui->folder, "out", NULL);
    const char *const argv[] = {rankine, "--batch", path,      "--db", ui->db,
                                "--out", out,       "--quiet", NULL};
    g_autoptr(GError) error = NULL;
    if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL,
                      NULL, &error))
        g_error("%s", error->message);
}

// The geometric mean over the trials of a run.
static double
throughput_of(RkStore *store, int64_t id)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *json = rk_trials_run_results(store, id, &error);
    g_autoptr(RkResults) results = json != NULL ? rk_results_from_json(json, "run", &error) : NULL;
    if (results == NULL)
        g_error("%s", error->message);
    double sum = 0;
    for (guint i = 0; i < results->trials->len; i++)
        sum += log(((RkTrialResult *)results->trials->pdata[i])->throughput_qps.value);
    return exp(sum / results->trials->len);
}

static void
bench_sweep(const char *rankine, const char *given)
{
    RkUi *ui = rk_ui_open(NULL);
    g_autofree char *path = g_build_filename(ui->folder, "cost.json", NULL);
    g_autoptr(GError) error = NULL;
    g_file_set_contents(path, SUITE, -1, NULL);
    if (given != NULL)
        g_free(g_steal_pointer(&path)), path = g_strdup(given);
    run_by_batch(ui, rankine, path); // makes data and model, and warms up
    for (int round = 0; round < ROUNDS; round++) {
        run_in_app(ui, path);
        run_by_batch(ui, rankine, path);
    }
    g_autoptr(RkStore) store = rk_store_open(ui->db, RK_STORE_READ_ONLY, &error);
    g_autoptr(GPtrArray) runs = store != NULL ? rk_trials_runs(store, &error) : NULL;
    double ratios = 0;
    for (int round = 0; runs != NULL && round < ROUNDS; round++) { // the newest first
        const double batch = throughput_of(store, ((RkStoredSuite *)runs->pdata[2 * round])->id);
        const double app = throughput_of(store, ((RkStoredSuite *)runs->pdata[2 * round + 1])->id);
        printf("round %d: app %.1f qps, --batch %.1f qps, ratio %.3f\n", ROUNDS - round, app, batch,
               app / batch);
        ratios += log(app / batch);
    }
    printf("ratio %.3f, bar %.2f: %s\n", exp(ratios / ROUNDS), BAR,
           exp(ratios / ROUNDS) >= BAR ? "reached" : "not reached");
    rk_ui_close(ui);
}

// ---- a database ----------------------------------------------------------------------------

static void
make_db(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkStore) store = rk_store_open(path, RK_STORE_DEFAULT, &error);
    gboolean done = store != NULL;
    for (int i = 0; done && i < N_RUNS; i++) {
        g_autofree char *name = g_strdup_printf("run-%d", i);
        RkStoredRun run = {.name = name,
                           .kind = (char *)"mf",
                           .dataset = (char *)"made-up",
                           .device = (char *)"none",
                           .driver = (char *)"none",
                           .config = (char *)"{}"};
        int64_t id = 0, sweep = 0;
        done = rk_run_start(store, &run, &id, &error) &&
               rk_run_set_status(store, id, RK_RUN_DONE, NULL, &error) &&
               rk_trials_begin(store, name, name, "{}", FALSE, &sweep, NULL, &error) &&
               rk_trials_keep_results(store, sweep, "{}", TRUE, &error);
    }
    if (!done)
        g_error("%s", error->message);
}

static char **arguments;

static void
run(void)
{
    if (strcmp(arguments[1], "trials") == 0)
        bench_trials(arguments[2] != NULL ? (guint)g_ascii_strtoull(arguments[2], NULL, 10)
                                          : 100000);
    else
        bench_sweep(arguments[2], arguments[3]);
}

static void
add(void)
{
    g_test_add_func("/bench/ui", run);
}

int
main(int argc, char **argv)
{
    if (argc < 2 || (strcmp(argv[1], "trials") != 0 && argc < 3)) {
        fputs("bench-ui trials [N] | sweep RANKINE [SUITE.json] | db FILE\n", stderr);
        return 2;
    }
    if (strcmp(argv[1], "db") == 0) {
        make_db(argv[2]);
        return 0;
    }
    g_setenv("GTK_A11Y", "none", FALSE); // without a session bus its absence would be a warning
    char *own[] = {argv[0], NULL};
    arguments = argv;
    return rk_ui_main(1, own, add);
}
