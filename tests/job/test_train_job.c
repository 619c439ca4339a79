// SPDX-License-Identifier: GPL-3.0-or-later
//
// Training, compressing and measuring as the app runs them: what a job shows while it runs, and
// what it leaves.
#include "dataset/synth.h"
#include "job/data_jobs.h"
#include "job/model_jobs.h"
#include "job/train_job.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    char *folder;
    RkWorkspace *workspace;
    RkJobs *jobs;
    RkJobSnapshot *last;
    gpointer result;
    gint stop_after;   // points of the loss, then it is cancelled; 0 never
    gboolean ask_only; // then it is asked to end instead
} Rig;

static void
ended(RkJob *job, const RkJobSnapshot *last, gpointer data)
{
    Rig *rig = data;
    rig->last = rk_job_snapshot_ref((RkJobSnapshot *)last);
    rig->result = rk_job_take_result(job);
}

static void
watched(RkJobs *jobs, RkJob *job, const RkJobSnapshot *snapshot, gpointer data)
{
    const Rig *rig = data;
    for (guint i = 0; snapshot != NULL && i < snapshot->series->len; i++)
        if (rig->stop_after > 0 &&
            (gint)g_array_index(snapshot->series, RkJobSeries, i).n >= rig->stop_after) {
            if (rig->ask_only)
                rk_train_job_stop(job);
            else
                rk_job_cancel(job);
        }
}

// Runs it to its end; the result is the caller's.
static gpointer
run(Rig *rig, RkJobSpec spec)
{
    g_clear_pointer(&rig->last, rk_job_snapshot_unref);
    spec.ended = ended;
    spec.ended_data = rig;
    rk_jobs_start(rig->jobs, &spec);
    while (rig->last == NULL)
        g_main_context_iteration(NULL, TRUE);
    return rig->result;
}

static void
assert_done(const Rig *rig)
{
    g_assert_no_error(rig->last->error);
    g_assert_cmpint(rig->last->state, ==, RK_JOB_DONE);
}

static Rig
rig_new(void)
{
    Rig rig = {.folder = g_dir_make_tmp("rankine-job-XXXXXX", NULL)};
    g_autofree char *path = g_build_filename(rig.folder, "test.db", NULL);
    rig.workspace = rk_workspace_new(path);
    rig.jobs = rk_jobs_new(NULL);
    return rig;
}

static void
rig_clear(Rig *rig)
{
    g_clear_pointer(&rig->last, rk_job_snapshot_unref);
    rk_jobs_free(rig->jobs);
    rk_workspace_unref(rig->workspace);
    g_autofree char *command = g_strdup_printf("rm -r '%s'", rig->folder);
    g_assert_cmpint(system(command), ==, 0);
    g_free(rig->folder);
}

static const RkJobSeries *
line(const RkJobSnapshot *snapshot, const char *name)
{
    for (guint i = 0; i < snapshot->series->len; i++) {
        const RkJobSeries *series = &g_array_index(snapshot->series, RkJobSeries, i);
        if (strcmp(series->name, name) == 0)
            return series;
    }
    return NULL;
}

static RkTrainOrder
order(const char *name, gboolean resume)
{
    static const char *const SETTINGS[] = {"epochs=3",    "batch=64", "dim=4",
                                           "log.every=1", "loss=mse", NULL};
    return (RkTrainOrder){.model = "mf",
                          .dataset = "small",
                          .name = name,
                          .assignments = SETTINGS,
                          .seed = 7,
                          .resume = resume};
}

static void
generate(Rig *rig)
{
    const RkParam *table;
    size_t n;
    rk_synth_kind("ratings", &table, &n, NULL, NULL, NULL);
    g_autoptr(RkParams) params = rk_params_new(table, n);
    run(rig, rk_synth_job(rig->workspace, "ratings", "small", 3000, params, 1));
    assert_done(rig);
}

static double
loss_at(const Rig *rig, uint32_t i)
{
    const RkJobSeries *loss = line(rig->last, "loss");
    g_assert_nonnull(loss);
    g_assert_cmpuint(i, <, loss->n);
    return rk_job_series_point(loss, i).y;
}

// A run that was stopped and gone on with shows the whole line, to the same bits.
static void
test_resume(void)
{
    Rig rig = rig_new();
    rk_jobs_watch(rig.jobs, watched, &rig);
    generate(&rig);
    RkTrainOrder whole = order("whole", FALSE), stopped = order("stopped", FALSE),
                 resumed = order("stopped", TRUE);
    run(&rig, rk_train_job(rig.workspace, &whole));
    assert_done(&rig);
    const uint32_t n = line(rig.last, "loss")->n;
    g_autofree double *losses = g_new(double, n);
    for (uint32_t i = 0; i < n; i++)
        losses[i] = loss_at(&rig, i);
    g_assert_nonnull(line(rig.last, "valid.rmse"));
    g_assert_cmpuint(line(rig.last, "valid.rmse")->n, ==, 3);

    rig.stop_after = 5;
    run(&rig, rk_train_job(rig.workspace, &stopped));
    rig.stop_after = 0;
    if (rig.last->state == RK_JOB_DONE) { // a fast machine is through before it is told
        g_test_message("The run ended before it could be stopped.");
        rig_clear(&rig);
        return;
    }
    g_assert_cmpint(rig.last->state, ==, RK_JOB_CANCELLED);
    run(&rig, rk_train_job(rig.workspace, &resumed));
    assert_done(&rig);
    g_assert_cmpuint(line(rig.last, "loss")->n, ==, n);
    for (uint32_t i = 0; i < n; i++)
        g_assert_cmpfloat(loss_at(&rig, i), ==, losses[i]);

    const char *const NAMES[] = {"whole", "no such run", "stopped", NULL};
    GPtrArray *curves = run(&rig, rk_curves_job(rig.workspace, NAMES));
    assert_done(&rig);
    g_assert_cmpuint(curves->len, ==, 4); // the loss and the metric of each
    const RkRunCurve *first = g_ptr_array_index(curves, 0);
    g_assert_cmpstr(first->run, ==, "whole");
    g_assert_cmpstr(first->figure, ==, "loss");
    g_assert_cmpuint(first->step->len, ==, n);
    g_ptr_array_unref(curves);
    run(&rig, rk_run_remove_job(rig.workspace, "stopped"));
    assert_done(&rig);
    rig_clear(&rig);
}

// Ended early, the model is stored as it is.
static void
test_stop(void)
{
    Rig rig = rig_new();
    rk_jobs_watch(rig.jobs, watched, &rig);
    generate(&rig);
    RkTrainOrder short_one = order("short", FALSE);
    rig.stop_after = 5;
    rig.ask_only = TRUE;
    run(&rig, rk_train_job(rig.workspace, &short_one));
    assert_done(&rig);
    const char *const NAMES[] = {"short", NULL};
    GPtrArray *curves = run(&rig, rk_curves_job(rig.workspace, NAMES));
    assert_done(&rig);
    g_assert_cmpuint(curves->len, >=, 1);
    const RkRunCurve *loss = g_ptr_array_index(curves, 0);
    g_test_message("It ended after %u of 114 steps.", loss->step->len);
    g_assert_cmpuint(loss->step->len, >=, 5);
    g_ptr_array_unref(curves);
    RkMeasuredModel *measured =
        run(&rig, rk_evaluate_job(rig.workspace, NULL, "short", NULL, "test", "auto", 10, 1));
    assert_done(&rig);
    rk_measured_model_free(measured);
    rig_clear(&rig);
}

static void
test_model(void)
{
    Rig rig = rig_new();
    generate(&rig);
    RkTrainOrder first = order("first", FALSE);
    run(&rig, rk_train_job(rig.workspace, &first));
    assert_done(&rig);

    const char *const PASSES[] = {"quantize:tables=i8,dense=i8", NULL};
    RkCompressResult *result =
        run(&rig, rk_compress_job(rig.workspace, NULL, "first", "smaller", PASSES, 1));
    assert_done(&rig);
    g_assert_cmpuint(result->after.size.bytes, <, result->before.size.bytes);
    g_assert_nonnull(result->after.evaluation);
    rk_compress_job_result_free(result);

    RkMeasuredModel *measured =
        run(&rig, rk_evaluate_job(rig.workspace, NULL, "smaller", NULL, "test", "auto", 10, 1));
    assert_done(&rig);
    g_assert_cmpstr(measured->dataset, ==, "small");
    g_assert_nonnull(rk_evaluation_find(measured->evaluation, "rmse"));
    rk_measured_model_free(measured);

    g_autofree char *path = g_build_filename(rig.folder, "weights.npz", NULL);
    run(&rig, rk_save_weights_job(rig.workspace, "first", path));
    assert_done(&rig);
    g_assert_true(g_file_test(path, G_FILE_TEST_IS_REGULAR));

    RkTrainOrder taken = order("first", FALSE);
    run(&rig, rk_train_job(rig.workspace, &taken));
    g_assert_cmpint(rig.last->state, ==, RK_JOB_FAILED);
    g_assert_nonnull(strstr(rig.last->error->message, "there is a model of that name"));
    rig_clear(&rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/job/train-job/a stopped run goes on to the same bits", test_resume);
    g_test_add_func("/job/train-job/a training ends early and keeps its model", test_stop);
    g_test_add_func("/job/train-job/a model is compressed, measured and saved", test_model);
    return g_test_run();
}
