// SPDX-License-Identifier: GPL-3.0-or-later
#include "job/data_jobs.h"
#include "dataset/clean.h"
#include "dataset/synth.h"
#include "store/dataset.h"

#include <glib/gstdio.h>

typedef struct {
    GMainContext *context;
    RkJobs *jobs;
    RkJobSnapshot *last;
    guint n_told;
    gboolean ended;
    gpointer result;
    RkJobSnapshot *end;
} Rig;

static void
told(RkJobs *jobs, RkJob *job, const RkJobSnapshot *snapshot, gpointer data)
{
    Rig *rig = data;
    rig->n_told++;
    g_clear_pointer(&rig->last, rk_job_snapshot_unref);
    if (snapshot != NULL)
        rig->last = rk_job_snapshot_ref((RkJobSnapshot *)snapshot);
}

static void
rig_ended(RkJob *job, const RkJobSnapshot *last, gpointer data)
{
    Rig *rig = data;
    rig->ended = TRUE;
    rig->result = rk_job_take_result(job);
    g_clear_pointer(&rig->end, rk_job_snapshot_unref);
    rig->end = rk_job_snapshot_ref((RkJobSnapshot *)last);
}

static void
set_up(Rig *rig, gconstpointer unused)
{
    rig->context = g_main_context_new();
    rig->jobs = rk_jobs_new(rig->context);
    rk_jobs_watch(rig->jobs, told, rig);
}

static void
tear_down(Rig *rig, gconstpointer unused)
{
    rk_jobs_free(rig->jobs);
    g_clear_pointer(&rig->last, rk_job_snapshot_unref);
    g_clear_pointer(&rig->end, rk_job_snapshot_unref);
    g_main_context_unref(rig->context);
}

// Runs a job to its end: its last snapshot in rig->last, its result to the caller.
static gpointer
run_to_end(Rig *rig, RkJobSpec spec)
{
    spec.ended = rig_ended;
    spec.ended_data = rig;
    rig->ended = FALSE;
    rk_jobs_start(rig->jobs, &spec);
    while (!rig->ended)
        g_main_context_iteration(rig->context, TRUE);
    g_clear_pointer(&rig->last, rk_job_snapshot_unref);
    rig->last = rk_job_snapshot_ref(rig->end);
    return rig->result;
}

// ---- the frame -----------------------------------------------------------------------------

static gboolean
draw_line(RkJob *job, gpointer data, GError **error)
{
    rk_job_phase(job, "Drawing", "points", 0, 1);
    for (int i = 0; i < 2000; i++) {
        rk_job_point(job, "loss", i, 1.0 / (1 + i));
        rk_job_progress(job, (uint64_t)i + 1, 2000);
    }
    rk_job_set_result(job, g_strdup("drawn"), g_free);
    return TRUE;
}

static void
line_is_seen(Rig *rig, gconstpointer unused)
{
    g_autofree char *result = run_to_end(rig, (RkJobSpec){.title = "A line", .run = draw_line});
    g_assert_cmpstr(result, ==, "drawn");
    g_assert_cmpint(rig->last->state, ==, RK_JOB_DONE);
    g_assert_cmpstr(rig->last->title, ==, "A line");
    g_assert_cmpfloat(rig->last->fraction, ==, 1);
    g_assert_cmpuint(rig->last->series->len, ==, 1);
    const RkJobSeries *series = &g_array_index(rig->last->series, RkJobSeries, 0);
    g_assert_cmpuint(series->n, ==, 2000);
    for (uint32_t i = 0; i < series->n; i++)
        g_assert_cmpfloat(rk_job_series_point(series, i).y, ==, 1.0 / (1 + i));
}

static gboolean
wait_for_cancel(RkJob *job, gpointer data, GError **error)
{
    while (rk_job_check(job, error))
        g_usleep(1000);
    return FALSE;
}

static void
cancel_ends_without_failure(Rig *rig, gconstpointer unused)
{
    RkJobSpec spec = {
        .title = "Endless", .run = wait_for_cancel, .ended = rig_ended, .ended_data = rig};
    RkJob *job = rk_jobs_start(rig->jobs, &spec);
    g_assert_cmpuint(rk_jobs_n_running(rig->jobs), ==, 1);
    rk_job_cancel(job);
    while (!rig->ended)
        g_main_context_iteration(rig->context, TRUE);
    g_autoptr(RkJobSnapshot) last = rk_job_snapshot(job);
    g_assert_cmpint(last->state, ==, RK_JOB_CANCELLED);
    g_assert_null(last->error);
    g_assert_cmpuint(rk_jobs_n_running(rig->jobs), ==, 0);
    rk_jobs_forget_ended(rig->jobs);
    g_assert_cmpuint(rk_jobs_n(rig->jobs), ==, 0);
}

static void
count_free(gpointer n)
{
    (*(int *)n)++;
}

// What was given for the end is freed once: after it, or with jobs that nobody waits for.
static void
data_for_the_end_is_freed(Rig *rig, gconstpointer unused)
{
    int n = 0;
    RkJobSpec spec = {.title = "Endless",
                      .run = wait_for_cancel,
                      .ended_data = &n,
                      .free_ended_data = count_free};
    rk_job_cancel(rk_jobs_start(rig->jobs, &spec));
    while (rk_jobs_n_running(rig->jobs) > 0)
        g_main_context_iteration(rig->context, TRUE);
    g_assert_cmpint(n, ==, 1);
    g_clear_pointer(&rig->jobs, rk_jobs_free);
    g_assert_cmpint(n, ==, 1);
    rig->jobs = rk_jobs_new(rig->context);
    rk_jobs_start(rig->jobs, &spec);
    g_clear_pointer(&rig->jobs, rk_jobs_free);
    g_assert_cmpint(n, ==, 2);
}

static gboolean
fail(RkJob *job, gpointer data, GError **error)
{
    g_set_error_literal(error, RK_ERROR, RK_ERROR_DATA, "Can't do it: because.");
    return FALSE;
}

static void
failure_keeps_its_error(Rig *rig, gconstpointer unused)
{
    run_to_end(rig, (RkJobSpec){.title = "Doomed", .run = fail});
    g_assert_cmpint(rig->last->state, ==, RK_JOB_FAILED);
    g_assert_error(rig->last->error, RK_ERROR, RK_ERROR_DATA);
}

static gboolean
publish_much(RkJob *job, gpointer data, GError **error)
{
    for (uint64_t i = 0; i < 200000; i++)
        rk_job_progress(job, i, 200000);
    return TRUE;
}

static void
many_steps_are_few_snapshots(Rig *rig, gconstpointer unused)
{
    const gint64 start = g_get_monotonic_time();
    run_to_end(rig, (RkJobSpec){.title = "Fast", .run = publish_much});
    // 15 a second, and the first and the last.
    const double seconds = (double)(g_get_monotonic_time() - start) * 1e-6;
    g_assert_cmpuint(rig->n_told, <=, 4 + (guint)(seconds * 15));
}

static void
free_cancels_what_runs(Rig *rig, gconstpointer unused)
{
    RkJobSpec spec = {.title = "Endless", .run = wait_for_cancel};
    rk_jobs_start(rig->jobs, &spec);
    rk_jobs_start(rig->jobs, &spec); // tear_down() frees, and would hang
}

// ---- data ----------------------------------------------------------------------------------

static RkJobSpec
small_ratings(RkWorkspace *workspace, const char *name, uint64_t n_rows)
{
    const RkParam *table;
    size_t n;
    g_assert_true(rk_synth_kind("ratings", &table, &n, NULL, NULL, NULL));
    g_autoptr(RkParams) params = rk_params_new(table, n);
    return rk_synth_job(workspace, "ratings", name, n_rows, params, 7);
}

static void
generate_profile_remove(Rig *rig, gconstpointer unused)
{
    g_autoptr(RkWorkspace) workspace = rk_workspace_new(":memory:");
    run_to_end(rig, small_ratings(workspace, "made", 5000));
    g_assert_cmpint(rig->last->state, ==, RK_JOB_DONE);

    g_autoptr(RkProfile) profile = run_to_end(rig, rk_profile_job(workspace, "made"));
    g_assert_nonnull(profile);
    g_assert_cmpuint(profile->n_rows, ==, 5000);
    g_assert_true(profile->has_split);

    RkContents *contents = run_to_end(rig, rk_contents_job(workspace));
    g_assert_cmpuint(contents->datasets->len, ==, 1);
    rk_contents_free(contents);

    run_to_end(rig, rk_remove_job(workspace, RK_KEPT_DATASET, "made"));
    g_assert_cmpint(rig->last->state, ==, RK_JOB_DONE);
    run_to_end(rig, rk_remove_job(workspace, RK_KEPT_DATASET, "made"));
    g_assert_error(rig->last->error, RK_ERROR, RK_ERROR_NOT_FOUND);
}

static void
cancelled_generation_leaves_nothing(Rig *rig, gconstpointer unused)
{
    g_autoptr(RkWorkspace) workspace = rk_workspace_new(":memory:");
    RkJobSpec spec = small_ratings(workspace, "half", 2000000);
    spec.ended = rig_ended;
    spec.ended_data = rig;
    RkJob *job = rk_jobs_start(rig->jobs, &spec);
    while (rig->last == NULL || rig->last->fraction <= 0)
        g_main_context_iteration(rig->context, TRUE);
    rk_job_cancel(job);
    while (!rig->ended)
        g_main_context_iteration(rig->context, TRUE);
    g_autoptr(RkJobSnapshot) last = rk_job_snapshot(job);
    g_assert_cmpint(last->state, ==, RK_JOB_CANCELLED);
    g_assert_false(rk_dataset_exists(rk_workspace_store(workspace, NULL), "half"));
}

static void
look_then_import(Rig *rig, gconstpointer unused)
{
    g_autofree char *folder = g_dir_make_tmp("rankine-job-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "clicks.csv", NULL);
    const char *const paths[] = {path, NULL};
    GString *text = g_string_new("user_id,item_id,rating,timestamp\n");
    for (int i = 0; i < 500; i++)
        g_string_append_printf(text, "u%d,i%d,%d,%d\n", i % 37, i % 53, 1 + i % 5,
                               1500000000 + i * 60);
    g_assert_true(g_file_set_contents(path, text->str, (gssize)text->len, NULL));
    g_string_free(text, TRUE);

    g_autoptr(RkWorkspace) workspace = rk_workspace_new(":memory:");
    RkImportLook *look = run_to_end(rig, rk_look_job(workspace, paths));
    g_assert_no_error(rig->last->error);
    g_assert_cmpstr(look->name, ==, "clicks");
    g_assert_cmpuint(look->rows[0]->len, ==, 5);
    g_assert_cmpstr(((GStrv)g_ptr_array_index(look->rows[0], 0))[0], ==, "u0");

    g_autoptr(RkParams) clean = rk_params_new(rk_clean_params, rk_n_clean_params);
    g_autoptr(RkParams) split = rk_params_new(rk_split_params, rk_n_split_params);
    run_to_end(rig, rk_import_job(workspace, look, "clicks", clean, split, 1));
    g_assert_no_error(rig->last->error);
    RkStore *store = rk_workspace_store(workspace, NULL);
    g_autoptr(RkDataset) dataset = rk_dataset_open(store, "clicks", NULL);
    g_assert_nonnull(dataset);
    g_assert_cmpuint(rk_dataset_n_rows(dataset, 0), ==, 500);
    g_unlink(path);
    g_rmdir(folder);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, func) g_test_add("/job/job/" path, Rig, NULL, set_up, func, tear_down)
    ADD("a live line and a result are seen", line_is_seen);
    ADD("cancelling ends a job without a failure", cancel_ends_without_failure);
    ADD("data for the end is freed", data_for_the_end_is_freed);
    ADD("a failure keeps its error", failure_keeps_its_error);
    ADD("many steps are few snapshots", many_steps_are_few_snapshots);
    ADD("freeing cancels what runs", free_cancels_what_runs);
    ADD("generate, profile, list, remove", generate_profile_remove);
    ADD("a cancelled generation leaves nothing", cancelled_generation_leaves_nothing);
    ADD("look at files, then import them", look_then_import);
#undef ADD
    return g_test_run();
}
