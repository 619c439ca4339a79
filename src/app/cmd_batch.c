// SPDX-License-Identifier: GPL-3.0-or-later
//
// `rankine --batch SUITE.json`: a suite without a display, for scripts and CI.
#include "app/cli_store.h"

#include "base/json.h"
#include "job/suite_making.h"
#include "job/suite_served.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    RkCli *cli;
    char *path, *out, *baseline_path;
    gboolean resume, dry_run;
    RkSuiteTables *tables;
    RkSuite *suite;
    RkResults *baseline;
    RkStore *store;
    RkSuiteSystem *system;
    GMutex lock; // progress comes from any thread
} Command;

static void
command_clear(Command *c)
{
    rk_suite_served_free(c->system);
    g_clear_pointer(&c->store, rk_store_unref);
    rk_results_free(c->baseline);
    rk_suite_free(c->suite);
    rk_suite_tables_free(c->tables);
    g_free(c->path);
    g_free(c->out);
    g_free(c->baseline_path);
    g_mutex_clear(&c->lock);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Command, command_clear)

static gboolean
read_command_line(Command *c, int argc, char **argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"batch", 0, 0, G_OPTION_ARG_FILENAME, &c->path, "The suite to run", "SUITE.json"},
        {"out", 0, 0, G_OPTION_ARG_FILENAME, &c->out,
         "Folder for results.json, reports and raw records (default: NAME-results)", "DIR"},
        {"baseline", 0, 0, G_OPTION_ARG_FILENAME, &c->baseline_path,
         "Compare with an earlier results.json; exit 4 on a regression", "RESULTS.json"},
        {"resume", 0, 0, G_OPTION_ARG_NONE, &c->resume,
         "Go on with what an interrupted run of this suite measured", NULL},
        {"dry-run", 0, 0, G_OPTION_ARG_NONE, &c->dry_run,
         "Print the trials, what must be made first and a time estimate; measure nothing", NULL},
        G_OPTION_ENTRY_NULL};
    if (!rk_cli_parse(c->cli, &argc, &argv, entries, "- run a suite without a display", NULL,
                      error))
        return FALSE;
    if (argc > 1 || c->path == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't run a suite: %s%s. See rankine --batch "
                    "--help.",
                    c->path == NULL ? "name its file" : "it takes no argument ",
                    c->path == NULL ? "" : argv[1]);
        return FALSE;
    }
    c->tables = rk_suite_tables_new();
    c->suite = rk_suite_read(c->path, c->tables->tables, c->tables->n, error);
    if (c->suite == NULL)
        return FALSE;
    if (c->cli->seed != 1)
        c->suite->seed = (uint64_t)c->cli->seed;
    if (c->out == NULL) {
        c->out = g_strconcat(c->suite->name, "-results", NULL);
        g_strdelimit(c->out, "/ ", '-');
    }
    if (c->baseline_path != NULL)
        c->baseline = rk_results_read(c->baseline_path, error);
    return c->baseline_path == NULL || c->baseline != NULL;
}

// ---- a dry run -----------------------------------------------------------------------------

static char *
label_of(const RkTrialSpec *spec)
{
    GString *label = g_string_new(NULL);
    for (guint i = 0; i < spec->n_axes; i++)
        g_string_append_printf(label, "%s%s=%s", i > 0 ? ", " : "",
                               g_array_index(spec->config, RkSetting, i).name,
                               g_array_index(spec->config, RkSetting, i).text);
    return g_string_free(label, FALSE);
}

static void
print_dry_run_json(const Command *c, const GPtrArray *specs, double seconds,
                   const RkSuiteMaking *making)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    rk_json_add_text(json, "suite", c->suite->name);
    rk_json_add_int(json, "repeats", c->suite->repeats);
    json_builder_set_member_name(json, "trials");
    json_builder_begin_array(json);
    for (guint i = 0; i < specs->len; i++) {
        const RkTrialSpec *spec = g_ptr_array_index(specs, i);
        g_autofree char *label = label_of(spec);
        json_builder_begin_object(json);
        rk_json_add_text(json, "id", spec->id);
        rk_json_add_text(json, "label", label);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    rk_json_add_real(json, "measuring_s", seconds);
    rk_json_add_int(json, "datasets_to_make", making->data);
    rk_json_add_int(json, "models_to_train", making->n_train);
    rk_json_add_int(json, "models_to_compress", making->n_compress);
    rk_json_add_int(json, "trainings_timed", making->n_timed);
    rk_json_add_real(json, "training_s", making->n_timed > 0 ? making->seconds : NAN);
    rk_json_add_texts(json, "untimed", (const char *const *)making->untimed->pdata,
                      making->untimed->len);
    json_builder_end_object(json);
    g_autofree char *text = rk_json_text(json, TRUE);
    puts(text);
}

static void
print_making(const RkSuiteMaking *making)
{
    if (!making->data && making->n_train == 0 && making->n_compress == 0) {
        puts("The data and the models are there already.");
        return;
    }
    printf("First come%s%u model%s to train and %u to compress.\n",
           making->data ? " the dataset, " : " ", making->n_train, making->n_train == 1 ? "" : "s",
           making->n_compress);
    if (making->n_timed > 0)
        printf("Training %u of them takes some %.0f s, by this database's earlier runs of the same "
               "kind: an order of magnitude.\n",
               making->n_timed, making->seconds);
    for (guint i = 0; i < making->untimed->len; i++)
        printf("%s%s", i == 0 ? "Not known, and not counted, is the time to train " : ", ",
               (char *)g_ptr_array_index(making->untimed, i));
    if (making->untimed->len > 0)
        puts(": no earlier run tells.");
    if (making->data || making->n_compress > 0)
        printf("%s not counted either.\n", !making->data             ? "Compressing is"
                                           : making->n_compress == 0 ? "Making the dataset is"
                                                                     : "Making the dataset and "
                                                                       "compressing are");
}

// What is there already in the database, which is neither made nor changed.
static gboolean
find_making(const Command *c, const GPtrArray *specs, RkSuiteMaking *making, GError **error)
{
    g_autofree char *path = rk_cli_db_path(c->cli, error);
    if (path == NULL)
        return FALSE;
    const gboolean there = g_file_test(path, G_FILE_TEST_EXISTS);
    g_autoptr(RkStore) store = there ? rk_store_open(path, RK_STORE_READ_ONLY, error) : NULL;
    return (store != NULL || !there) && rk_suite_making(store, c->suite, specs, making, error);
}

static void
print_dry_run(const Command *c, const GPtrArray *specs, double seconds, const RkSuiteMaking *making)
{
    printf("Suite %s: %u trials, %u repeats each\n", c->suite->name, specs->len, c->suite->repeats);
    for (guint i = 0; i < specs->len; i++) {
        const RkTrialSpec *spec = g_ptr_array_index(specs, i);
        g_autofree char *label = label_of(spec);
        printf("  %s  %s\n", spec->id, *label != '\0' ? label : "default");
    }
    printf("About %.0f s (%.1f min) of measuring\n", seconds, seconds / 60);
    print_making(making);
}

static gboolean
dry_run(const Command *c, GError **error)
{
    g_autoptr(GPtrArray) specs = rk_suite_trials(c->suite);
    g_auto(RkSuiteMaking) making = {0};
    double seconds = 0;
    if (!find_making(c, specs, &making, error))
        return FALSE;
    for (guint i = 0; i < specs->len; i++)
        seconds += rk_suite_trial_seconds(g_ptr_array_index(specs, i)) * c->suite->repeats;
    (c->cli->json ? print_dry_run_json : print_dry_run)(c, specs, seconds, &making);
    return TRUE;
}

// ---- running -------------------------------------------------------------------------------

static void
show_progress(void *data, const char *what, uint64_t done, uint64_t total, const char *unit)
{
    Command *c = data;
    if (g_mutex_trylock(&c->lock)) { // progress that comes meanwhile is left out
        rk_cli_progress(c->cli, what, done, total, unit);
        g_mutex_unlock(&c->lock);
    }
}

static void
show_trial(void *data, const RkTrialSpec *spec, uint32_t repeat, uint32_t n_done, uint32_t n_all,
           double left_s)
{
    Command *c = data;
    g_autofree char *label = label_of(spec);
    if (c->cli->quiet)
        return;
    rk_cli_progress_clear(c->cli);
    fprintf(stderr, "%u of %u, about %.0f s left: %s, repeat %u\n", n_done + 1, n_all, left_s,
            *label != '\0' ? label : "default", repeat + 1);
}

static void
print_trial(const RkResults *results, const RkTrialResult *trial)
{
    g_autofree char *label = rk_trial_result_label(trial);
    const RkNamed *metric = results->pareto_metric != NULL
                                ? rk_nameds_find(trial->metrics, results->pareto_metric)
                                : NULL;
    const gboolean front =
        g_ptr_array_find_with_equal_func(results->pareto, trial->id, g_str_equal, NULL);
    printf("%-8s %10.4g %10.4g %12.5g ", rk_trial_status_name(trial->status),
           trial->latency_ms[RK_LATENCY_P50].value, trial->latency_ms[RK_LATENCY_P99].value,
           trial->throughput_qps.value);
    if (metric != NULL)
        printf("%9.4f", metric->estimate.value);
    else
        printf("%9s", "-");
    printf(" %c %s\n", front ? '*' : ' ', label);
    for (char **why = trial->why_invalid; *why != NULL; why++)
        printf("           not valid: %s\n", *why);
    if (trial->why != NULL)
        printf("           %s\n", trial->why);
}

static void
print_comparisons(const RkResults *results)
{
    for (char **note = results->baseline_notes; *note != NULL; note++)
        printf("Baseline: %s\n", *note);
    for (guint i = 0; i < results->comparisons->len; i++) {
        const RkComparison *c = &g_array_index(results->comparisons, RkComparison, i);
        if (c->verdict == RK_VERDICT_WORSE || c->verdict == RK_VERDICT_BETTER)
            printf("Baseline: %s of %s is %s: %s\n", c->figure, c->trial,
                   rk_verdict_name(c->verdict), c->why);
    }
}

// `written`: whether the folder has them.
static void
print_results(const Command *c, const RkResults *results, gboolean written)
{
    if (c->cli->json) {
        g_autofree char *json = rk_results_to_json(results);
        puts(json);
        return;
    }
    printf("%-8s %10s %10s %12s %9s * on the Pareto front\n", "status", "p50 ms", "p99 ms",
           "queries/s", results->pareto_metric != NULL ? results->pareto_metric : "accuracy");
    for (guint i = 0; i < results->trials->len; i++)
        print_trial(results, g_ptr_array_index(results->trials, i));
    print_comparisons(results);
    for (guint g = 0; g < results->gates->len; g++) {
        const RkGate *gate = &g_array_index(results->gates, RkGate, g);
        printf("Gate %s: %s, %s\n", gate->name, gate->pass ? "pass" : "BREACHED", gate->why);
    }
    if (results->recommended.why != NULL)
        printf("%s%s\n", results->recommended.id != NULL ? "Recommended: " : "",
               results->recommended.why);
    if (written)
        printf("Results are in %s\n", c->out);
    fflush(stdout); // before what standard error says
}

static const int EXIT_OF[] = {
    [RK_SUITE_PASSED] = 0,   [RK_SUITE_FAILED] = 1,    [RK_SUITE_INVALID] = 5,
    [RK_SUITE_BREACHED] = 3, [RK_SUITE_REGRESSED] = 4,
};

gboolean
rk_command_batch(RkCli *cli, int argc, char **argv, GError **error)
{
    g_auto(Command) c = {.cli = cli};
    g_mutex_init(&c.lock);
    if (!read_command_line(&c, argc, argv, error))
        return FALSE;
    if (c.suite->plan != NULL && !cli->quiet)
        fputs("The suite's \"plan\" is left out: this Rankine doesn't plan capacity yet.\n",
              stderr);
    if (c.dry_run)
        return dry_run(&c, error);
    c.store = rk_cli_store(cli, RK_STORE_DEFAULT, error);
    if (c.store == NULL)
        return FALSE;
    c.system = rk_suite_served_new(c.store, c.suite, cli->device);
    const RkSuiteOptions options = {
        .store = c.store,
        .suite = c.suite,
        .system = c.system,
        .out = c.out,
        .baseline = c.baseline,
        .baseline_name = c.baseline_path,
        .resume = c.resume,
        .watch = {.progress = show_progress, .data = &c, .cancelled = rk_cli_catch_interrupts()},
        .trial = show_trial};
    g_autoptr(RkResults) results = NULL;
    RkSuiteVerdict verdict = RK_SUITE_FAILED;
    gboolean done = rk_suite_run(&options, &results, &verdict, error);
    rk_cli_progress_end(cli);
    const gboolean interrupted =
        !done && error != NULL && g_error_matches(*error, RK_ERROR, RK_ERROR_CANCELLED);
    if (results != NULL)
        print_results(&c, results, done || interrupted);
    cli->exit_status = EXIT_OF[verdict];
    return done;
}
