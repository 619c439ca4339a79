// SPDX-License-Identifier: GPL-3.0-or-later
//
// Suites on a system that makes its measurements up, the same for the same trial and seed, so that
// what an interrupted suite ends with can be compared with what a whole one does.
#include "base/rng.h"
#include "bench/settings.h"
#include "job/suite_run.h"
#include "store/trial.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_REQUESTS 400u

static const char SUITE[] =
    "{\"rankine\": 1, \"name\": \"made up\", \"data\": {\"synth\": \"ctr\"},"
    " \"models\": [{\"model\": \"deepfm\"}], \"repeats\": 3,"
    " \"sweep\": {\"candidates.n\": [10, 100], \"streams\": [1, 2, 3]},"
    " \"load\": {\"scenario\": \"server\", \"qps\": 200, \"duration_s\": 2},"
    " \"gates\": {\"p99_ms\": 50, \"auc\": 0.5}}";

typedef struct {
    RkSuiteSystem system;
    GString *order; // "id/seed " a measurement
    uint32_t n_measured;
    uint32_t n_told, n_told_repeats; // results so far; their repeats together
    uint32_t cancel_after;           // measurements; 0: never
    gint cancelled;
    const char *fails; // trials with this many streams can't be measured
    double slow;       // latencies times this
    useconds_t takes_us;
    gint stopping;
    uint32_t stop_after; // measurements; 0: never
} MadeUp;

static RkLoadRecords *
records_new(const RkTrialSpec *spec, uint64_t seed, double slow)
{
    RkLoadRecords *records = rk_load_records_new(N_REQUESTS, NULL);
    const uint32_t stream = g_str_hash(spec->id);
    const double streams = rk_settings_find(spec->config, "streams")->number;
    for (uint32_t i = 0; i < N_REQUESTS; i++) {
        const double latency = 1e6 * streams * slow * (1 - log(1 - rk_rng_double(seed, stream, i)));
        records->scheduled_ns[i] = records->issued_ns[i] = i * 5000000u;
        records->record[i].done_ns = records->scheduled_ns[i] + (uint64_t)latency;
        records->record[i].batch = 1;
        records->record[i].stage_ns[RK_STAGE_GPU] = (uint32_t)latency;
    }
    records->n_issued = N_REQUESTS;
    return records;
}

static gboolean
measure(RkSuiteSystem *system, const RkTrialSpec *spec, uint64_t seed, const RkSuiteWatch *watch,
        RkBenchResult *result, RkServed *served, GError **error)
{
    MadeUp *made = (MadeUp *)system;
    const RkQualityFigure auc = {g_strdup("auc"), 0.8};
    g_usleep(made->takes_us);
    g_string_append_printf(made->order, "%s/%d ", spec->id, (int)seed);
    if (made->cancel_after > 0 && ++made->n_measured >= made->cancel_after)
        g_atomic_int_set(&made->cancelled, 1);
    if (made->stop_after > 0 && --made->stop_after == 0)
        g_atomic_int_set(&made->stopping, 1);
    if (made->fails != NULL &&
        strcmp(rk_settings_text(spec->config, "streams"), made->fails) == 0) {
        g_free(auc.name);
        g_set_error_literal(error, RK_ERROR, RK_ERROR_MEMORY, "Can't serve: no memory.");
        return FALSE;
    }
    *result = (RkBenchResult){.scenario = g_strdup("server"),
                              .valid = TRUE,
                              .why_invalid = g_ptr_array_new_with_free_func(g_free),
                              .notes = g_ptr_array_new_with_free_func(g_free),
                              .n = N_REQUESTS,
                              .duration_s = 2,
                              .throughput_qps = N_REQUESTS / 2.0,
                              .records = records_new(spec, seed, made->slow),
                              .counters = g_strdup("{\"cache\":{\"features\":{\"hit_rate\":0.5}}}"),
                              .quality = g_array_new(FALSE, FALSE, sizeof(RkQualityFigure)),
                              .schedule_hash = g_strdup("ff")};
    uint64_t ns[N_REQUESTS];
    for (uint32_t i = 0; i < N_REQUESTS; i++)
        ns[i] = result->records->record[i].done_ns - result->records->scheduled_ns[i];
    result->latency_ms = rk_spread_of(ns, N_REQUESTS, 1e6);
    g_array_append_val(result->quality, auc);
    served->model = "deepfm";
    served->source = "simulated";
    served->bytes = 1 << 20;
    return TRUE;
}

static void
told_so_far(void *data, const RkTrialResult *so_far)
{
    MadeUp *made = data;
    made->n_told++;
    made->n_told_repeats += so_far->repeats->len;
}

static MadeUp
made_up(void)
{
    return (MadeUp){.system = {.measure = measure}, .order = g_string_new(NULL), .slow = 1};
}

static void
made_up_clear(MadeUp *made)
{
    g_string_free(made->order, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MadeUp, made_up_clear)

static RkSuite *
suite_new(const char *text)
{
    const RkAxisTable table = {RK_PLACE_LOAD, rk_load_params, rk_n_load_params};
    g_autoptr(GError) error = NULL;
    RkSuite *suite = rk_suite_parse(text, "made-up.json", &table, 1, &error);
    g_assert_no_error(error);
    return suite;
}

typedef struct {
    char *folder, *db, *out;
} Place;

static Place
place_new(void)
{
    Place place = {.folder = g_dir_make_tmp("rankine-suite-XXXXXX", NULL)};
    place.db = g_build_filename(place.folder, "s.db", NULL);
    place.out = g_build_filename(place.folder, "out", NULL);
    return place;
}

static void
remove_all(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            remove_all(path);
        else
            g_unlink(path);
    }
    g_rmdir(folder);
}

static void
place_clear(Place *place)
{
    remove_all(place->folder);
    g_free(place->folder);
    g_free(place->db);
    g_free(place->out);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

static gboolean
run(const Place *place, const RkSuite *suite, MadeUp *made, gboolean resume, const char *out,
    const RkResults *baseline, RkResults **results, RkSuiteVerdict *verdict, GError **error)
{
    g_autoptr(RkStore) store = rk_store_open(place->db, RK_STORE_DEFAULT, error);
    const RkSuiteOptions options = {.store = store,
                                    .suite = suite,
                                    .system = &made->system,
                                    .out = out,
                                    .baseline = baseline,
                                    .baseline_name = "base.json",
                                    .resume = resume,
                                    .watch = {.cancelled = &made->cancelled, .data = made},
                                    .measured = told_so_far,
                                    .stopping = &made->stopping};
    return store != NULL && rk_suite_run(&options, results, verdict, error);
}

// What has to be the same however often it was interrupted: all but times of day.
static char *
essence(const RkResults *results)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < results->trials->len; i++) {
        const RkTrialResult *t = g_ptr_array_index(results->trials, i);
        g_string_append_printf(
            text, "%s %s %d %.17g %.17g %.17g\n", t->id, rk_trial_status_name(t->status), (int)t->n,
            t->latency_ms[RK_LATENCY_P99].value, t->latency_ms[RK_LATENCY_P99].low,
            t->latency_ms[RK_LATENCY_P99].high);
    }
    return g_string_free(text, FALSE);
}

static char *
whole(const RkSuite *suite)
{
    g_auto(Place) place = place_new();
    g_auto(MadeUp) made = made_up();
    g_autoptr(RkResults) results = NULL;
    g_autoptr(GError) error = NULL;
    RkSuiteVerdict verdict = RK_SUITE_FAILED;
    g_assert_true(run(&place, suite, &made, FALSE, NULL, NULL, &results, &verdict, &error));
    g_assert_cmpint(verdict, ==, RK_SUITE_PASSED);
    return essence(results);
}

static void
run_whole(void)
{
    g_auto(Place) place = place_new();
    g_auto(MadeUp) made = made_up();
    g_autoptr(RkSuite) suite = suite_new(SUITE);
    g_autoptr(RkResults) results = NULL;
    g_autoptr(GError) error = NULL;
    RkSuiteVerdict verdict = RK_SUITE_FAILED;
    run(&place, suite, &made, FALSE, place.out, NULL, &results, &verdict, &error);
    g_assert_no_error(error);
    g_assert_cmpint(verdict, ==, RK_SUITE_PASSED);
    g_assert_true(results->complete);
    g_assert_cmpuint(results->trials->len, ==, 6);
    const RkTrialResult *first = g_ptr_array_index(results->trials, 0);
    g_assert_cmpuint(first->n, ==, 3 * N_REQUESTS);
    g_assert_cmpuint(first->repeats->len, ==, 3);
    g_assert_cmpfloat(rk_nameds_find(first->cache, "features.hit_rate")->estimate.value, ==, 0.5);
    g_assert_cmpstr(first->source, ==, "simulated");
    const RkEstimate *p99 = &first->latency_ms[RK_LATENCY_P99];
    g_assert_true(p99->low <= p99->value && p99->value <= p99->high);
    g_assert_cmpfloat(p99->value, ==, first->quantiles.y[60]); // share 0.99
    g_assert_cmpstr(results->recommended.versus, ==, first->id);
    const char *const files[] = {"results.json", "results.csv", "junit.xml", "summary.md",
                                 "metrics.prom"};
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(place.out, files[i], NULL);
        g_assert_true(g_file_test(path, G_FILE_TEST_IS_REGULAR));
    }
    g_autofree char *raw = g_strdup_printf("%s/trials/%s-3.csv.gz", place.out, first->id);
    g_assert_true(g_file_test(raw, G_FILE_TEST_IS_REGULAR));
    g_autofree char *json = g_build_filename(place.out, "results.json", NULL);
    g_autoptr(RkResults) read = rk_results_read(json, &error);
    g_assert_no_error(error);
    g_autofree char *a = essence(results), *b = essence(read);
    g_assert_cmpstr(a, ==, b);
}

static uint32_t
count_files(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "trials", NULL);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    uint32_t n = 0;
    while (g_dir_read_name(dir) != NULL)
        n++;
    return n;
}

// A suite that goes on as another one writes its own raw records, and a file of an earlier run
// gives way to that of this one.
static void
raw_records_are_those_of_the_results(void)
{
    g_auto(Place) place = place_new();
    g_auto(MadeUp) made = made_up();
    g_autoptr(RkSuite) wide = suite_new(SUITE);
    g_autofree char *text = g_strdup(SUITE);
    char *streams = strstr(text, "[1, 2, 3]");
    memcpy(streams, "[2]      ", 9);
    g_autoptr(RkSuite) narrow = suite_new(text);
    g_autoptr(RkResults) first = NULL, second = NULL;
    RkSuiteVerdict verdict;
    g_assert_true(run(&place, wide, &made, FALSE, NULL, NULL, &first, &verdict, NULL));
    const gsize n_before = made.order->len;
    g_assert_true(run(&place, narrow, &made, TRUE, place.out, NULL, &second, &verdict, NULL));
    g_assert_cmpuint(second->trials->len, ==, 2);
    g_assert_cmpuint(made.order->len, ==, n_before); // all were there
    g_assert_cmpuint(count_files(place.out), ==, 2 * 3);
    const RkTrialResult *trial = g_ptr_array_index(second->trials, 0);
    g_autofree char *raw = g_strdup_printf("%s/trials/%s-1.csv.gz", place.out, trial->id);
    g_autoptr(RkResults) third = NULL;
    g_assert_true(g_file_set_contents(raw, "old", 3, NULL));
    g_assert_true(run(&place, narrow, &made, FALSE, place.out, NULL, &third, &verdict, NULL));
    g_autofree char *now = NULL;
    gsize n = 0;
    g_assert_true(g_file_get_contents(raw, &now, &n, NULL));
    g_assert_cmpuint(n, >, 3);
}

static void
interleaved(void)
{
    g_auto(Place) place = place_new();
    g_auto(MadeUp) made = made_up();
    g_autoptr(RkSuite) suite = suite_new(SUITE);
    g_autoptr(RkResults) results = NULL;
    RkSuiteVerdict verdict;
    g_assert_true(run(&place, suite, &made, FALSE, NULL, NULL, &results, &verdict, NULL));
    g_auto(GStrv) order = g_strsplit(g_strchomp(made.order->str), " ", -1);
    g_assert_cmpuint(g_strv_length(order), ==, 18);
    // After each measurement its trial is told, with the one, two, three repeats so far.
    g_assert_cmpuint(made.n_told, ==, 18);
    g_assert_cmpuint(made.n_told_repeats, ==, 6 * (1 + 2 + 3));
    for (guint i = 0; i < 6; i++) {
        g_assert_true(g_str_has_suffix(order[i], "/1"));
        g_assert_true(g_str_has_suffix(order[6 + i], "/2"));
        // The second round goes backwards.
        g_assert_true(strncmp(order[i], order[11 - i], 12) == 0);
        g_assert_true(strncmp(order[i], order[12 + i], 12) == 0);
    }
}

static void
interrupted(void)
{
    g_autoptr(RkSuite) suite = suite_new(SUITE);
    g_autofree char *expected = whole(suite);
    g_auto(Place) place = place_new();
    uint32_t n_runs = 0;
    g_autofree char *got = NULL;
    while (got == NULL) {
        g_auto(MadeUp) made = made_up();
        g_autoptr(RkResults) results = NULL;
        g_autoptr(GError) error = NULL;
        RkSuiteVerdict verdict;
        made.cancel_after = 5;
        if (run(&place, suite, &made, TRUE, place.out, NULL, &results, &verdict, &error)) {
            got = essence(results);
            continue;
        }
        g_assert_error(error, RK_ERROR, RK_ERROR_CANCELLED);
        g_assert_nonnull(strstr(error->message, "of 18 measurements are kept"));
        g_assert_nonnull(results); // what there is
        g_assert_false(results->complete);
        g_assert_cmpuint(++n_runs, <, 5);
    }
    g_assert_cmpuint(n_runs, ==, 3); // 5, 5, 5, then 3
    g_assert_cmpstr(got, ==, expected);
}

// What runs when it is asked to stop is measured to its end and kept, with what was found so far.
static void
stopped(void)
{
    g_autoptr(RkSuite) suite = suite_new(SUITE);
    g_auto(Place) place = place_new();
    g_auto(MadeUp) made = made_up();
    g_autoptr(RkResults) results = NULL;
    g_autoptr(GError) error = NULL;
    RkSuiteVerdict verdict;
    made.stop_after = 4;
    g_assert_false(run(&place, suite, &made, TRUE, NULL, NULL, &results, &verdict, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_CANCELLED);
    g_assert_nonnull(strstr(error->message, "4 of 18 measurements are kept"));
    g_clear_error(&error);
    g_autoptr(RkStore) store = rk_store_open(place.db, RK_STORE_DEFAULT, &error);
    g_autoptr(GPtrArray) runs = rk_trials_runs(store, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(runs->len, ==, 1);
    const RkStoredSuite *one = g_ptr_array_index(runs, 0);
    g_assert_cmpuint(one->n_repeats, ==, 4);
    g_assert_true(one->has_results && !one->complete);
    g_autofree char *json = rk_trials_run_results(store, one->id, &error);
    g_autoptr(RkResults) kept = rk_results_from_json(json, "kept", &error);
    g_assert_no_error(error);
    g_autofree char *a = essence(results), *b = essence(kept);
    g_assert_cmpstr(a, ==, b);
    g_autofree char *text = rk_trials_run_suite(store, one->id, &error);
    g_assert_cmpstr(text, ==, SUITE);
}

// Runs in a child that may be killed; 0 when it got to the end.
static void
child(const Place *place, const RkSuite *suite, rlim_t most_bytes)
{
    MadeUp made = made_up();
    RkResults *results = NULL;
    GError *error = NULL;
    RkSuiteVerdict verdict;
    made.takes_us = 2000;
    if (most_bytes > 0) {
        const struct rlimit limit = {most_bytes, most_bytes};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    gboolean done = run(place, suite, &made, TRUE, NULL, NULL, &results, &verdict, &error);
    _exit(done ? 0 : strstr(error->message, "--resume") != NULL ? 3 : 4);
}

static int
wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static void
killed(void)
{
    g_autoptr(RkSuite) suite = suite_new(SUITE);
    g_autofree char *expected = whole(suite);
    g_auto(Place) place = place_new();
    gboolean ended = FALSE;
    guint n_kills = 0;
    for (uint32_t i = 0; i < 40 && !ended; i++) {
        pid_t pid = fork();
        if (pid == 0)
            child(&place, suite, 0);
        // Anywhere from opening the database to the end, which takes some 60 ms.
        g_usleep(rk_rng_below(5, 0, i, 40000));
        kill(pid, SIGKILL);
        const int status = wait_for(pid);
        ended = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        n_kills += WIFSIGNALED(status);
    }
    g_test_message("killed %u times", n_kills);
    g_assert_cmpuint(n_kills, >, 0);
    g_auto(MadeUp) made = made_up();
    g_autoptr(RkResults) results = NULL;
    g_autoptr(GError) error = NULL;
    RkSuiteVerdict verdict;
    g_assert_true(run(&place, suite, &made, TRUE, NULL, NULL, &results, &verdict, &error));
    g_autofree char *got = essence(results);
    g_assert_cmpstr(got, ==, expected);
}

static void
disk_full(void)
{
    g_autoptr(RkSuite) suite = suite_new(SUITE);
    g_autofree char *expected = whole(suite);
    g_auto(Place) place = place_new();
    pid_t pid = fork();
    if (pid == 0)
        child(&place, suite, 400000); // the schema fits, not every trial
    const int status = wait_for(pid);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 3);
    g_auto(MadeUp) made = made_up();
    g_autoptr(RkResults) results = NULL;
    RkSuiteVerdict verdict;
    g_assert_true(run(&place, suite, &made, TRUE, NULL, NULL, &results, &verdict, NULL));
    g_autofree char *got = essence(results);
    g_assert_cmpstr(got, ==, expected);
    g_auto(GStrv) order = g_strsplit(g_strchomp(made.order->str), " ", -1);
    g_assert_cmpuint(g_strv_length(order), <, 18); // what was kept wasn't measured again
}

static void
failing(void)
{
    g_auto(Place) place = place_new();
    g_auto(MadeUp) made = made_up();
    g_autoptr(RkSuite) suite = suite_new(SUITE);
    g_autoptr(RkResults) results = NULL;
    RkSuiteVerdict verdict;
    made.fails = "2";
    g_assert_true(run(&place, suite, &made, FALSE, NULL, NULL, &results, &verdict, NULL));
    g_assert_cmpint(verdict, ==, RK_SUITE_FAILED);
    const RkTrialResult *second = g_ptr_array_index(results->trials, 1);
    g_assert_cmpint(second->status, ==, RK_TRIAL_FAILED);
    g_assert_cmpstr(second->why, ==, "Can't serve: no memory.");
    g_auto(GStrv) order = g_strsplit(g_strchomp(made.order->str), " ", -1);
    g_assert_cmpuint(g_strv_length(order), ==, 12 + 2); // not tried three times
}

static void
unwritable(void)
{
    g_auto(Place) place = place_new();
    g_auto(MadeUp) made = made_up();
    g_autoptr(RkSuite) suite = suite_new(SUITE);
    g_autoptr(RkResults) results = NULL;
    g_autoptr(GError) error = NULL;
    RkSuiteVerdict verdict;
    g_autofree char *file = g_build_filename(place.folder, "file", NULL);
    g_autofree char *out = g_build_filename(file, "out", NULL);
    g_file_set_contents(file, "x", 1, NULL);
    g_assert_false(run(&place, suite, &made, FALSE, out, NULL, &results, &verdict, &error));
    g_assert_nonnull(strstr(error->message, "Can't write"));
    g_assert_nonnull(strstr(error->message, "--out"));
    g_assert_cmpuint(made.order->len, ==, 0); // found out before measuring
}

static void
judged(void)
{
    g_auto(Place) place = place_new();
    g_autoptr(RkSuite) suite = suite_new(SUITE);
    g_autoptr(RkResults) before = NULL, same = NULL, slower = NULL, breached = NULL;
    RkSuiteVerdict verdict;
    g_auto(MadeUp) first = made_up(), second = made_up(), third = made_up(), fourth = made_up();
    g_assert_true(run(&place, suite, &first, FALSE, NULL, NULL, &before, &verdict, NULL));
    g_assert_true(run(&place, suite, &second, FALSE, NULL, before, &same, &verdict, NULL));
    g_assert_cmpint(verdict, ==, RK_SUITE_PASSED);
    third.slow = 1.5;
    g_assert_true(run(&place, suite, &third, FALSE, NULL, before, &slower, &verdict, NULL));
    g_assert_cmpint(verdict, ==, RK_SUITE_REGRESSED);
    fourth.slow = 30;
    g_assert_true(run(&place, suite, &fourth, FALSE, NULL, before, &breached, &verdict, NULL));
    g_assert_cmpint(verdict, ==, RK_SUITE_BREACHED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/job/suite/a whole run writes what was asked for", run_whole);
    g_test_add_func("/job/suite/raw records are those of the results",
                    raw_records_are_those_of_the_results);
    g_test_add_func("/job/suite/repeats take turns", interleaved);
    g_test_add_func("/job/suite/interrupted ones go on without measuring twice", interrupted);
    g_test_add_func("/job/suite/asked to stop it ends with the trial that runs", stopped);
    g_test_add_func("/job/suite/killed at any moment it ends with the same trials", killed);
    g_test_add_func("/job/suite/a full disk keeps what was measured", disk_full);
    g_test_add_func("/job/suite/a trial that fails is told and not tried again", failing);
    g_test_add_func("/job/suite/a folder that can't be written is found first", unwritable);
    g_test_add_func("/job/suite/gates and the baseline give the verdict", judged);
    return g_test_run();
}
