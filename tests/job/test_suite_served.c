// SPDX-License-Identifier: GPL-3.0-or-later
//
// Suites over real models on a device, as the app runs them.
#include "job/suite_job.h"
#include "job/suite_passes.h"
#include "job/suite_served.h"

#include <string.h>

// Small throughout: some drivers take seconds to compile a kernel, and some machines are busy.
static const char SUITE[] =
    "{\"rankine\": 1, \"name\": \"served\", \"data\": {\"synth\": \"ratings\", \"rows\": 2000},"
    " \"models\": [{\"model\": \"mf\", \"set\": {\"epochs\": 1, \"dim\": 8, \"loss\": \"bpr\","
    " \"negatives\": \"uniform\"}}],"
    " \"sweep\": {\"precision\": [\"fp32\", \"int8\"], \"dim\": [8, 16]}, \"repeats\": 1,"
    " \"serve\": {\"batch.max\": 2, \"inflight\": 1},"
    " \"load\": {\"scenario\": \"multi\", \"streams\": 2, \"candidates.n\": 5,"
    " \"candidates.max\": 16, \"duration_s\": 30, \"queries\": 100, \"warmup_s\": 0,"
    " \"percentile\": 50, \"stable.within\": 10, \"late.share\": 10, \"audit\": false,"
    " \"quality.n\": 20, \"quality.candidates\": 16}}";

static const struct {
    const char *settings[4]; // name, value, ..
    const char *calls;
} PASSES[] = {
    {{"precision", "fp32"}, ""},
    {{"precision", "int8"}, "quantize:dense=i8,tables=i8"},
    {{"prune", "0", "prune.what", "dims"}, ""},
    {{"prune", "0.5", "prune.what", "dims"}, "prune:ratio=0.5,what=dims"},
    {{"prune.what", "rows"}, "prune:what=rows"},
    {{"precision", "int4", "prune", "0.25"}, "prune:ratio=0.25 quantize:dense=i4,tables=i4"},
    {{"precision", "int8", "distill.dim", "8"}, "distill:dim=8 quantize:dense=i8,tables=i8"},
    {{"distill.dim", "none"}, ""},
    {{"distill.dim", "none", "distill.loss", "kl"}, ""},
    {{"distill.dim", "none", "precision", "int8"}, "quantize:dense=i8,tables=i8"},
    {{"prune.ratio", "none"}, ""},
    {{"prune", "none", "prune.what", "dims"}, ""},
    {{"low-rank.rank", "none", "quantize.tables", "i4"}, "quantize:tables=i4"},
    {{"quantize.per", "none", "low-rank.rank", "8"}, "low-rank:rank=8"},
    {{"precision", "none", "quantize.per", "tensor"}, ""},
    {{"quantize.tables", "i4", "low-rank.rank", "8"}, "low-rank:rank=8 quantize:tables=i4"},
};

static void
passes(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(PASSES); i++) {
        g_autoptr(GArray) settings = rk_settings_new();
        for (size_t s = 0; s < 4 && PASSES[i].settings[s] != NULL; s += 2)
            rk_settings_add(settings, PASSES[i].settings[s], PASSES[i].settings[s + 1]);
        g_auto(GStrv) calls = rk_suite_passes(settings);
        g_autofree char *all = g_strjoinv(" ", calls);
        g_assert_cmpstr(all, ==, PASSES[i].calls);
    }
}

// Each axis goes to the table that has its name.
static void
tables(void)
{
    g_autoptr(RkSuiteTables) all = rk_suite_tables_new();
    static const struct {
        const char *axis;
        RkPlace place;
    } AXES[] = {{"\"batch.delay_us\": [0, 500]", RK_PLACE_SERVE},
                {"\"inflight\": [1, 2]", RK_PLACE_SERVE},
                {"\"cache.policy\": [\"none\", \"sieve\"]", RK_PLACE_SERVE},
                {"\"cache.entries\": [10]", RK_PLACE_SERVE},
                {"\"candidates\": [\"fixed\", \"lognormal\"]", RK_PLACE_LOAD},
                {"\"qps\": [5, 10]", RK_PLACE_LOAD},
                {"\"precision\": [\"fp16\"]", RK_PLACE_COMPRESS},
                {"\"prune\": [0.5]", RK_PLACE_COMPRESS},
                {"\"quantize.per\": [\"tensor\", \"none\"]", RK_PLACE_COMPRESS},
                {"\"distill.dim\": [null, 8, 16]", RK_PLACE_COMPRESS},
                {"\"distill.labels\": [\"none\", 0.5]", RK_PLACE_COMPRESS},
                {"\"low-rank.rank\": [null, 2]", RK_PLACE_COMPRESS},
                {"\"prune.ratio\": [\"none\", 0.25]", RK_PLACE_COMPRESS},
                {"\"device\": [\"0\"]", RK_PLACE_RUN},
                {"\"seed\": [1, 2]", RK_PLACE_RUN},
                {"\"dim\": [4, 8]", RK_PLACE_TRAIN}};
    for (size_t i = 0; i < G_N_ELEMENTS(AXES); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text =
            g_strdup_printf("{\"rankine\": 1, \"data\": {\"synth\": \"ctr\"}, \"models\": "
                            "[{\"model\": \"deepfm\"}], \"sweep\": {%s}}",
                            AXES[i].axis);
        g_auto(GStrv) parts = g_strsplit(AXES[i].axis, "\"", 3);
        g_autoptr(RkSuite) suite = rk_suite_parse(text, "axes.json", all->tables, all->n, &error);
        g_assert_no_error(error);
        g_assert_cmpint(rk_suite_axis(suite, parts[1])->place, ==, AXES[i].place);
    }
}

typedef struct {
    GMainLoop *loop;
    RkResults *results;
    RkJobState state;
    uint32_t n_points, n_measured;
    RkSuiteLive *live;
    RkJob *job;
    uint32_t cancel_at;
} Seen;

static void
ended(RkJob *job, const RkJobSnapshot *last, gpointer data)
{
    Seen *seen = data;
    seen->state = last->state;
    if (last->error != NULL)
        g_test_message("%s", last->error->message);
    for (guint i = 0; i < last->series->len; i++)
        seen->n_points += g_array_index(last->series, RkJobSeries, i).n;
    seen->results = rk_job_take_result(job);
    g_main_loop_quit(seen->loop);
}

static void
measured(gpointer data, const RkTrialResult *so_far)
{
    Seen *seen = data;
    if (so_far->status == RK_TRIAL_FAILED)
        g_error("trial %s failed: %s", so_far->id, so_far->why);
    g_assert_cmpuint(so_far->repeats->len, ==, 1);
    if (++seen->n_measured == seen->cancel_at)
        rk_job_cancel(seen->job);
}

static Seen
run(RkWorkspace *workspace, const RkSuite *suite, gboolean resume, uint32_t cancel_at)
{
    Seen seen = {.loop = g_main_loop_new(NULL, FALSE), .cancel_at = cancel_at};
    RkJobs *jobs = rk_jobs_new(NULL);
    seen.live = rk_suite_live_new();
    const RkSuiteJob asked = {
        .suite = suite, .resume = resume, .live = seen.live, .measured = measured, .data = &seen};
    RkJobSpec spec = rk_suite_job(workspace, &asked);
    spec.ended = ended;
    spec.ended_data = &seen;
    seen.job = rk_jobs_start(jobs, &spec);
    g_main_loop_run(seen.loop);
    g_main_loop_unref(seen.loop);
    rk_jobs_free(jobs);
    return seen;
}

static void
job(void)
{
    g_autofree char *folder = g_dir_make_tmp("rankine-served-XXXXXX", NULL);
    g_autofree char *db = g_build_filename(folder, "s.db", NULL);
    g_autoptr(RkSuiteTables) all = rk_suite_tables_new();
    g_autoptr(RkSuite) suite = rk_suite_parse(SUITE, "s.json", all->tables, all->n, NULL);
    RkWorkspace *workspace = rk_workspace_new(db);
    Seen first = run(workspace, suite, FALSE, 2);
    g_assert_cmpint(first.state, ==, RK_JOB_CANCELLED);
    g_assert_nonnull(first.results);
    g_assert_false(first.results->complete);
    Seen second = run(workspace, suite, TRUE, 0);
    g_assert_cmpint(second.state, ==, RK_JOB_DONE);
    g_assert_cmpuint(first.n_measured + second.n_measured, ==, 4); // none twice
    g_assert_cmpuint(second.n_points, ==, 3 * second.n_measured);
    g_autoptr(RkSuiteNews) news = rk_suite_live_take(second.live);
    g_assert_cmpuint(news->n_done, ==, 4);
    g_assert_cmpuint(news->trials->len, ==, second.n_measured);
    g_assert_cmpuint(news->samples->len, >, 0); // of the last one
    g_assert_cmpuint(g_array_index(news->samples, RkLiveSample, news->samples->len - 1).n_done, >,
                     0);
    g_assert_cmpstr(g_array_index(news->trials, RkSuiteNewsTrial, 0).metric, ==, "recall@10");
    g_assert_true(second.results->complete);
    g_assert_cmpuint(second.results->models->len, ==, 4); // two sizes, each also in int8
    for (guint i = 0; i < 4; i++) {
        const RkTrialResult *trial = g_ptr_array_index(second.results->trials, i);
        g_assert_cmpint(trial->status, ==, RK_TRIAL_OK);
        g_assert_nonnull(rk_nameds_find(trial->metrics, "ndcg@10"));
    }
    const RkTrialResult *fp32 = g_ptr_array_index(second.results->trials, 1);
    const RkTrialResult *int8 = g_ptr_array_index(second.results->trials, 3);
    g_assert_cmpstr(fp32->model, ==, "mf, dim=16");
    g_assert_cmpstr(int8->model, ==, "mf, dim=16, precision=int8");
    g_assert_cmpfloat(int8->model_bytes, <, 0.7 * fp32->model_bytes); // biases and scales stay f32
    g_assert_nonnull(rk_settings_text(second.results->environment, "device"));
    rk_suite_live_unref(first.live);
    rk_suite_live_unref(second.live);
    rk_results_free(first.results);
    rk_results_free(second.results);
    rk_workspace_unref(workspace);
    g_autofree char *command = g_strdup_printf("rm -r %s", folder);
    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/job/suite/settings become passes", passes);
    g_test_add_func("/job/suite/axes come from every table", tables);
    g_test_add_func("/job/suite/a job serves trained and compressed models, and resumes", job);
    return g_test_run();
}
