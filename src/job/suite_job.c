// SPDX-License-Identifier: GPL-3.0-or-later
#include "job/suite_job.h"

#include <glib/gi18n.h>

#include "bench/gate.h"
#include "job/suite_served.h"

typedef struct {
    RkWorkspace *workspace;
    RkSuiteJob asked; // its texts are owned
    RkJob *job;
    GThread *thread;
    double n_measured;
} Work;

static void
work_free(gpointer data)
{
    Work *work = data;
    rk_workspace_unref(work->workspace);
    rk_suite_live_unref(work->asked.live);
    if (work->asked.takes_suite)
        rk_suite_free((RkSuite *)work->asked.suite);
    g_free((char *)work->asked.out);
    g_free((char *)work->asked.device);
    g_free(work);
}

// Data and models are made on the job's thread; a measurement tells its own from another, which
// would say less than the number of trials does.
static void
show_progress(void *data, const char *what, uint64_t done, uint64_t total, const char *unit)
{
    const Work *work = data;
    if (work->asked.live != NULL)
        rk_suite_live_phase(work->asked.live, what);
    if (g_thread_self() == work->thread && work->n_measured == 0)
        rk_job_progress(work->job, done, total);
}

static void
show_trial(void *data, const RkTrialSpec *spec, uint32_t repeat, uint32_t n_done, uint32_t n_all,
           double left_s)
{
    Work *work = data;
    if (work->n_measured == 0)
        rk_job_phase(work->job, "Measuring", "trials", 0.2, 1);
    rk_job_progress(work->job, n_done, n_all);
    if (work->asked.live != NULL)
        rk_suite_live_begin(work->asked.live, spec, repeat, n_done, n_all, left_s);
}

static void
show_live(void *data, const RkLiveSample *sample)
{
    rk_suite_live_sample(((Work *)data)->asked.live, sample);
}

static void
show_quality(void *data, const RkLiveQuality *quality)
{
    const Work *work = data;
    rk_suite_live_quality(work->asked.live, quality, work->asked.suite->metric);
}

static void
show_measured(void *data, const RkTrialResult *so_far)
{
    Work *work = data;
    const RkNamed *metric = rk_trial_metric(so_far, work->asked.suite->metric);
    work->n_measured++;
    rk_job_point(work->job, "p99, ms", work->n_measured, so_far->latency_ms[RK_LATENCY_P99].value);
    rk_job_point(work->job, "queries/s", work->n_measured, so_far->throughput_qps.value);
    if (metric != NULL)
        rk_job_point(work->job, "accuracy", work->n_measured, metric->estimate.value);
    if (work->asked.live != NULL)
        rk_suite_live_end(work->asked.live, so_far, work->asked.suite->metric);
    if (work->asked.measured != NULL)
        work->asked.measured(work->asked.data, so_far);
}

static gboolean
run(RkJob *job, gpointer data, GError **error)
{
    Work *work = data;
    work->job = job;
    work->thread = g_thread_self();
    RkStore *store = rk_workspace_store(work->workspace, error);
    if (store == NULL || !rk_workspace_take_device(work->workspace, job, error))
        return FALSE;
    rk_job_phase(job, "Making data and models", NULL, 0, 0.2);
    RkSuiteSystem *system = rk_suite_served_new(store, work->asked.suite, work->asked.device);
    const RkSuiteOptions options = {
        .store = store,
        .suite = work->asked.suite,
        .system = system,
        .out = work->asked.out,
        .resume = work->asked.resume,
        .watch = {.progress = show_progress,
                  .data = work,
                  .cancelled = rk_job_cancelled(job),
                  .live = work->asked.live != NULL ? show_live : NULL,
                  .live_quality = work->asked.live != NULL ? show_quality : NULL},
        .stopping = work->asked.live != NULL ? rk_suite_live_stopping(work->asked.live) : NULL,
        .trial = show_trial,
        .measured = show_measured};
    RkResults *results = NULL;
    RkSuiteVerdict verdict;
    gboolean done = rk_suite_run(&options, &results, &verdict, error);
    rk_suite_served_free(system);
    rk_workspace_give_device(work->workspace);
    if (results != NULL)
        rk_job_set_result(job, results, (GDestroyNotify)rk_results_free);
    return done;
}

RkJobSpec
rk_suite_job(RkWorkspace *workspace, const RkSuiteJob *asked)
{
    Work *work = g_new0(Work, 1);
    work->workspace = rk_workspace_ref(workspace);
    work->asked = *asked;
    work->asked.out = g_strdup(asked->out);
    work->asked.device = g_strdup(asked->device);
    if (asked->live != NULL)
        rk_suite_live_ref(asked->live);
    return (RkJobSpec){.title = asked->suite->name,
                       .run = run,
                       .data = work,
                       .free_data = work_free,
                       .keeps = N_("Measured trials are kept; the sweep can be resumed.")};
}
