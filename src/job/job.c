// SPDX-License-Identifier: GPL-3.0-or-later
#include "job/job.h"

#include "base/clock.h"

#include <math.h>
#include <string.h>

#define PUBLISH_NS 66666667u // 15 times a second

// A live line while it grows: chunks are shared with snapshots, which look no further than their n.
typedef struct {
    const char *name;
    uint32_t n;
    GPtrArray *chunks; // replaced by a copy when it grows, so that snapshots keep theirs
} Line;

struct RkJob {
    RkJobs *jobs;
    uint64_t id;
    char *title;
    RkJobSpec spec;
    GThread *thread;
    gint cancelled;

    // The job's thread alone.
    const char *phase;
    const char *unit;
    double from, to;
    double fraction, rate, left_s;
    uint64_t start_ns, phase_ns, published_ns;
    GArray *lines; // of Line
    gpointer result;
    GDestroyNotify free_result;

    GMutex lock; // of these
    RkJobSnapshot *snapshot;
    gboolean news; // not told yet
    // The registry's thread alone.
    gboolean told_end;
};

typedef struct {
    guint id;
    RkJobsFunc func;
    gpointer data;
} Watch;

struct RkJobs {
    GMainContext *context;
    GPtrArray *list; // of RkJob
    GArray *watches;
    guint next_watch;
    uint64_t next_id;
    GMutex lock; // of `source`
    GSource *source;
};

// ---- snapshots -----------------------------------------------------------------------------

RkJobSnapshot *
rk_job_snapshot_ref(RkJobSnapshot *snapshot)
{
    g_atomic_int_inc(&snapshot->refs);
    return snapshot;
}

static void
series_clear(gpointer data)
{
    g_ptr_array_unref((GPtrArray *)((RkJobSeries *)data)->chunks);
}

void
rk_job_snapshot_unref(RkJobSnapshot *snapshot)
{
    if (snapshot == NULL || !g_atomic_int_dec_and_test(&snapshot->refs))
        return;
    g_free((char *)snapshot->title);
    g_free(snapshot->phase);
    g_array_unref(snapshot->series);
    g_clear_error(&snapshot->error);
    g_free(snapshot);
}

static RkJobSnapshot *
snapshot_new(const RkJob *job, RkJobState state, const GError *error)
{
    RkJobSnapshot *snapshot = g_new0(RkJobSnapshot, 1);
    *snapshot = (RkJobSnapshot){
        .id = job->id,
        .title = g_strdup(job->title),
        .state = state,
        .phase = g_strdup(job->phase),
        .fraction = state == RK_JOB_DONE ? 1 : job->fraction,
        .rate = job->rate,
        .unit = job->unit,
        .left_s = state == RK_JOB_RUNNING ? job->left_s : (double)NAN,
        .seconds = (double)(rk_clock_ns() - job->start_ns) * 1e-9,
        .series = g_array_new(FALSE, FALSE, sizeof(RkJobSeries)),
        .error = error != NULL ? g_error_copy(error) : NULL,
        .refs = 1,
    };
    g_array_set_clear_func(snapshot->series, series_clear);
    for (guint i = 0; i < job->lines->len; i++) {
        const Line *line = &g_array_index(job->lines, Line, i);
        RkJobSeries series = {line->name, line->n, g_ptr_array_ref(line->chunks)};
        g_array_append_val(snapshot->series, series);
    }
    return snapshot;
}

// ---- telling -------------------------------------------------------------------------------

static void
tell(RkJobs *jobs, RkJob *job, const RkJobSnapshot *snapshot)
{
    g_autoptr(GArray) watches = g_array_copy(jobs->watches); // a watcher may leave meanwhile
    for (guint i = 0; i < watches->len; i++) {
        const Watch *watch = &g_array_index(watches, Watch, i);
        watch->func(jobs, job, snapshot, watch->data);
    }
}

static void
free_ended_data(RkJob *job)
{
    if (job->spec.free_ended_data != NULL)
        job->spec.free_ended_data(g_steal_pointer(&job->spec.ended_data));
    job->spec.free_ended_data = NULL;
}

static void
tell_end(RkJob *job, const RkJobSnapshot *snapshot)
{
    if (snapshot->state == RK_JOB_RUNNING || job->told_end)
        return;
    job->told_end = TRUE;
    g_thread_join(g_steal_pointer(&job->thread));
    if (job->spec.ended != NULL)
        job->spec.ended(job, snapshot, job->spec.ended_data);
    free_ended_data(job);
}

static gboolean
dispatch(gpointer data)
{
    RkJobs *jobs = data;
    g_mutex_lock(&jobs->lock);
    g_clear_pointer(&jobs->source, g_source_unref);
    g_mutex_unlock(&jobs->lock);
    // What is told may start further jobs: they stand behind.
    for (guint i = 0; i < jobs->list->len; i++) {
        RkJob *job = g_ptr_array_index(jobs->list, i);
        g_mutex_lock(&job->lock);
        gboolean news = job->news;
        job->news = FALSE;
        g_autoptr(RkJobSnapshot) snapshot = rk_job_snapshot_ref(job->snapshot);
        g_mutex_unlock(&job->lock);
        if (!news)
            continue;
        tell_end(job, snapshot);
        tell(jobs, job, snapshot);
    }
    for (guint i = jobs->list->len; i-- > 0;) { // nobody shall see the app's own errands pile up
        RkJob *job = g_ptr_array_index(jobs->list, i);
        if (job->told_end && job->spec.quiet)
            g_ptr_array_remove_index(jobs->list, i);
    }
    return G_SOURCE_REMOVE;
}

static void
publish(RkJob *job, RkJobSnapshot *snapshot)
{
    RkJobs *jobs = job->jobs;
    job->published_ns = rk_clock_ns();
    g_mutex_lock(&job->lock);
    g_clear_pointer(&job->snapshot, rk_job_snapshot_unref);
    job->snapshot = snapshot;
    job->news = TRUE;
    g_mutex_unlock(&job->lock);
    g_mutex_lock(&jobs->lock);
    if (jobs->source == NULL) {
        jobs->source = g_idle_source_new();
        g_source_set_priority(jobs->source, G_PRIORITY_DEFAULT);
        g_source_set_callback(jobs->source, dispatch, jobs, NULL);
        g_source_attach(jobs->source, jobs->context);
    }
    g_mutex_unlock(&jobs->lock);
}

static void
publish_now_and_then(RkJob *job)
{
    if (rk_clock_ns() - job->published_ns >= PUBLISH_NS)
        publish(job, snapshot_new(job, RK_JOB_RUNNING, NULL));
}

// ---- the registry --------------------------------------------------------------------------

static void
line_clear(gpointer data)
{
    g_ptr_array_unref(((Line *)data)->chunks);
}

static void
job_free(gpointer data)
{
    RkJob *job = data;
    g_clear_pointer(&job->thread, g_thread_join);
    if (job->result != NULL && job->free_result != NULL)
        job->free_result(job->result);
    if (job->spec.free_data != NULL)
        job->spec.free_data(job->spec.data);
    free_ended_data(job);
    rk_job_snapshot_unref(job->snapshot);
    g_array_unref(job->lines);
    g_mutex_clear(&job->lock);
    g_free(job->title);
    g_free(job);
}

RkJobs *
rk_jobs_new(GMainContext *context)
{
    RkJobs *jobs = g_new0(RkJobs, 1);
    jobs->context = g_main_context_ref(context != NULL ? context : g_main_context_default());
    jobs->list = g_ptr_array_new_with_free_func(job_free);
    jobs->watches = g_array_new(FALSE, FALSE, sizeof(Watch));
    g_mutex_init(&jobs->lock);
    return jobs;
}

void
rk_jobs_free(RkJobs *jobs)
{
    if (jobs == NULL)
        return;
    for (guint i = 0; i < jobs->list->len; i++)
        rk_job_cancel(g_ptr_array_index(jobs->list, i));
    g_ptr_array_unref(jobs->list); // joins each
    if (jobs->source != NULL) {
        g_source_destroy(jobs->source);
        g_source_unref(jobs->source);
    }
    g_array_unref(jobs->watches);
    g_main_context_unref(jobs->context);
    g_mutex_clear(&jobs->lock);
    g_free(jobs);
}

static gpointer
run(gpointer data)
{
    RkJob *job = data;
    g_autoptr(GError) error = NULL;
    RkJobState state = RK_JOB_DONE;
    if (!job->spec.run(job, job->spec.data, &error))
        state =
            g_error_matches(error, RK_ERROR, RK_ERROR_CANCELLED) ? RK_JOB_CANCELLED : RK_JOB_FAILED;
    publish(job, snapshot_new(job, state, state == RK_JOB_FAILED ? error : NULL));
    return NULL;
}

RkJob *
rk_jobs_start(RkJobs *jobs, const RkJobSpec *spec)
{
    RkJob *job = g_new0(RkJob, 1);
    job->jobs = jobs;
    job->id = ++jobs->next_id;
    job->title = g_strdup(spec->title);
    job->spec = *spec;
    job->fraction = -1;
    job->to = 1;
    job->rate = job->left_s = NAN;
    job->start_ns = job->phase_ns = rk_clock_ns();
    job->lines = g_array_new(FALSE, FALSE, sizeof(Line));
    g_array_set_clear_func(job->lines, line_clear);
    g_mutex_init(&job->lock);
    job->snapshot = snapshot_new(job, RK_JOB_RUNNING, NULL);
    g_ptr_array_add(jobs->list, job);
    tell(jobs, job, job->snapshot);
    job->thread = g_thread_new("rankine-job", run, job);
    return job;
}

guint
rk_jobs_watch(RkJobs *jobs, RkJobsFunc func, gpointer data)
{
    const Watch watch = {++jobs->next_watch, func, data};
    g_array_append_val(jobs->watches, watch);
    return watch.id;
}

void
rk_jobs_unwatch(RkJobs *jobs, guint id)
{
    for (guint i = 0; i < jobs->watches->len; i++)
        if (g_array_index(jobs->watches, Watch, i).id == id) {
            g_array_remove_index(jobs->watches, i);
            return;
        }
}

guint
rk_jobs_n(const RkJobs *jobs)
{
    return jobs->list->len;
}

RkJob *
rk_jobs_at(const RkJobs *jobs, guint i)
{
    return g_ptr_array_index(jobs->list, i);
}

guint
rk_jobs_n_running(const RkJobs *jobs)
{
    guint n = 0;
    for (guint i = 0; i < jobs->list->len; i++) {
        const RkJob *job = g_ptr_array_index(jobs->list, i);
        n += !job->told_end && !job->spec.quiet;
    }
    return n;
}

void
rk_jobs_forget_ended(RkJobs *jobs)
{
    for (guint i = jobs->list->len; i-- > 0;) {
        RkJob *job = g_ptr_array_index(jobs->list, i);
        if (!job->told_end)
            continue;
        tell(jobs, job, NULL);
        g_ptr_array_remove_index(jobs->list, i);
    }
}

// ---- one job -------------------------------------------------------------------------------

uint64_t
rk_job_id(const RkJob *job)
{
    return job->id;
}

const char *
rk_job_keeps(const RkJob *job)
{
    return job->spec.keeps;
}

gpointer
rk_job_data(const RkJob *job)
{
    return job->spec.data;
}

const char *
rk_job_about(const RkJob *job)
{
    return job->spec.about;
}

gboolean
rk_job_is_quiet(const RkJob *job)
{
    return job->spec.quiet;
}

RkJobSnapshot *
rk_job_snapshot(RkJob *job)
{
    g_mutex_lock(&job->lock);
    RkJobSnapshot *snapshot = rk_job_snapshot_ref(job->snapshot);
    g_mutex_unlock(&job->lock);
    return snapshot;
}

void
rk_job_cancel(RkJob *job)
{
    g_atomic_int_set(&job->cancelled, 1);
}

gpointer
rk_job_take_result(RkJob *job)
{
    return g_steal_pointer(&job->result);
}

const gint *
rk_job_cancelled(const RkJob *job)
{
    return &job->cancelled;
}

gboolean
rk_job_check(const RkJob *job, GError **error)
{
    if (!g_atomic_int_get(&job->cancelled))
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_CANCELLED, "%s was cancelled. %s", job->title,
                job->spec.keeps != NULL ? job->spec.keeps : "Nothing is left of it.");
    return FALSE;
}

void
rk_job_phase(RkJob *job, const char *phase, const char *unit, double from, double to)
{
    job->phase = phase;
    job->unit = unit;
    job->from = from;
    job->to = to;
    job->fraction = from > 0 ? from : job->fraction;
    job->rate = job->left_s = NAN;
    job->phase_ns = rk_clock_ns();
    publish(job, snapshot_new(job, RK_JOB_RUNNING, NULL));
}

void
rk_job_progress(RkJob *job, uint64_t done, uint64_t total)
{
    const uint64_t now = rk_clock_ns();
    const double seconds = (double)(now - job->phase_ns) * 1e-9;
    if (seconds > 0)
        job->rate = (double)done / seconds;
    if (total > 0) {
        double share = MIN(1.0, (double)done / (double)total);
        job->fraction = job->from + (job->to - job->from) * share;
        // By the job's own pace; before a twentieth it says nothing that holds.
        double all = (double)(now - job->start_ns) * 1e-9;
        job->left_s =
            job->fraction > 0.05 ? all * (1 - job->fraction) / job->fraction : (double)NAN;
    }
    publish_now_and_then(job);
}

void
rk_job_point(RkJob *job, const char *name, double x, double y)
{
    Line *line = NULL;
    for (guint i = 0; i < job->lines->len && line == NULL; i++)
        if (strcmp(g_array_index(job->lines, Line, i).name, name) == 0)
            line = &g_array_index(job->lines, Line, i);
    if (line == NULL) {
        const Line fresh = {
            .name = name,
            .chunks = g_ptr_array_new_with_free_func((GDestroyNotify)g_atomic_rc_box_release)};
        g_array_append_val(job->lines, fresh);
        line = &g_array_index(job->lines, Line, job->lines->len - 1);
    }
    if (line->n % RK_JOB_CHUNK == 0) {
        GPtrArray *more = g_ptr_array_new_with_free_func((GDestroyNotify)g_atomic_rc_box_release);
        for (guint i = 0; i < line->chunks->len; i++)
            g_ptr_array_add(more, g_atomic_rc_box_acquire(g_ptr_array_index(line->chunks, i)));
        g_ptr_array_add(more, g_atomic_rc_box_alloc(RK_JOB_CHUNK * sizeof(RkJobPoint)));
        g_ptr_array_unref(line->chunks);
        line->chunks = more;
    }
    RkJobPoint *chunk = g_ptr_array_index(line->chunks, line->n / RK_JOB_CHUNK);
    chunk[line->n++ % RK_JOB_CHUNK] = (RkJobPoint){x, y};
    publish_now_and_then(job);
}

void
rk_job_set_result(RkJob *job, gpointer result, GDestroyNotify free_result)
{
    job->result = result;
    job->free_result = free_result;
}

static void
pass_rows(void *data, const char *what, uint64_t done, uint64_t total)
{
    rk_job_progress(data, done, total);
}

RkPassProgress
rk_job_pass(RkJob *job)
{
    return (RkPassProgress){pass_rows, job};
}
