// SPDX-License-Identifier: GPL-3.0-or-later
//
// Background jobs: one thread a job, cancelled by a flag, seen through immutable snapshots that are
// published about 15 times a second. `RkJobs` lists those of one application and tells its watchers
// in the thread of a GMainContext. No widget and no terminal is known here.
#pragma once

#include "base/error.h"
#include "dataset/scan.h"

#include <stdint.h>

typedef struct RkJobs RkJobs;
typedef struct RkJob RkJob;

typedef enum {
    RK_JOB_RUNNING,
    RK_JOB_DONE,
    RK_JOB_FAILED,
    RK_JOB_CANCELLED,
} RkJobState;

typedef struct {
    double x, y;
} RkJobPoint;

// The points of one live line so far. Shared with later snapshots; the points never change.
typedef struct {
    const char *name; // "loss", of the job
    uint32_t n;
    const GPtrArray *chunks; // of RkJobPoint arrays, RK_JOB_CHUNK each
} RkJobSeries;

#define RK_JOB_CHUNK 512u // points

// What a job is at one moment. Immutable; any thread.
typedef struct {
    uint64_t id;
    const char *title;
    RkJobState state;
    char *phase;     // what it does now: "Reading"; or NULL
    double fraction; // of the whole job, 0 .. 1; negative while unknown
    double rate;     // `unit` a second; NaN while unknown
    const char *unit;
    double left_s;  // seconds; NaN while unknown
    double seconds; // since it started
    GArray *series; // of RkJobSeries
    GError *error;  // of a failed job; else NULL
    gint refs;
} RkJobSnapshot;

RkJobSnapshot *rk_job_snapshot_ref(RkJobSnapshot *snapshot);
void rk_job_snapshot_unref(RkJobSnapshot *snapshot);
static inline RkJobPoint
rk_job_series_point(const RkJobSeries *series, uint32_t i)
{
    return (
        (const RkJobPoint *)g_ptr_array_index(series->chunks, i / RK_JOB_CHUNK))[i % RK_JOB_CHUNK];
}

// The work, on the job's thread. FALSE with an error; RK_ERROR_CANCELLED is no failure.
typedef gboolean (*RkJobFunc)(RkJob *job, gpointer data, GError **error);

typedef struct {
    const char *title; // copied: "Importing ml-latest-small"
    RkJobFunc run;
    gpointer data; // handed to run
    GDestroyNotify free_data;
    const char *about; // what it works on, "train:mf-1", for whoever shows that; of `data`, or NULL
    const char *keeps; // what stays of it when it is cancelled, a sentence for people and static:
                       // "Measured trials are kept; ...". NULL: nothing does
    gboolean quiet;    // a short errand of the app's own: not shown, forgotten once it ended
    // In the context, once, after it ended; `job` has the result. May be NULL.
    void (*ended)(RkJob *job, const RkJobSnapshot *last, gpointer ended_data);
    gpointer ended_data;
    GDestroyNotify free_ended_data; // after that, or with the registry; may be NULL
} RkJobSpec;

// ---- the registry; its owner's thread, which runs `context` ------------------------------------

// `context` NULL is the default one.
RkJobs *rk_jobs_new(GMainContext *context);

// Cancels what runs, waits for it, and frees. Nothing is told any more.
void rk_jobs_free(RkJobs *jobs);

// Starts a job on a thread of its own. The job belongs to the registry.
RkJob *rk_jobs_start(RkJobs *jobs, const RkJobSpec *spec);

// Told in the context whenever a job has a new snapshot, and when one is gone (snapshot NULL).
typedef void (*RkJobsFunc)(RkJobs *jobs, RkJob *job, const RkJobSnapshot *snapshot, gpointer data);
guint rk_jobs_watch(RkJobs *jobs, RkJobsFunc func, gpointer data);
void rk_jobs_unwatch(RkJobs *jobs, guint watch);

guint rk_jobs_n(const RkJobs *jobs); // ended ones included, until they are forgotten
RkJob *rk_jobs_at(const RkJobs *jobs, guint i);
guint rk_jobs_n_running(const RkJobs *jobs); // quiet ones left out
void rk_jobs_forget_ended(RkJobs *jobs);

// ---- one job -----------------------------------------------------------------------------------

uint64_t rk_job_id(const RkJob *job);
gboolean rk_job_is_quiet(const RkJob *job);
const char *rk_job_keeps(const RkJob *job); // to translate; NULL: nothing stays of it
const char *rk_job_about(const RkJob *job); // NULL when its spec had none
gpointer rk_job_data(const RkJob *job);     // its spec's, for the module that made it
RkJobSnapshot *rk_job_snapshot(RkJob *job); // a new reference; any thread
void rk_job_cancel(RkJob *job);             // any thread

// What the work left behind; the caller's. NULL when there is none, or it was taken.
gpointer rk_job_take_result(RkJob *job);

// ---- for the work, on the job's thread ---------------------------------------------------------

const gint *rk_job_cancelled(const RkJob *job); // nonzero (atomic): stop

// RK_ERROR_CANCELLED when it was cancelled.
gboolean rk_job_check(const RkJob *job, GError **error);

// A new phase that covers the share `from` .. `to` of the job. `phase` and `unit` are static.
void rk_job_phase(RkJob *job, const char *phase, const char *unit, double from, double to);
void rk_job_progress(RkJob *job, uint64_t done, uint64_t total);       // total 0: unknown
void rk_job_point(RkJob *job, const char *series, double x, double y); // `series` is static
void rk_job_set_result(RkJob *job, gpointer result, GDestroyNotify free_result);

// Progress of passes over rows, into the phase that the job is in.
RkPassProgress rk_job_pass(RkJob *job);

// A source or a sink that fails with RK_ERROR_CANCELLED once the job is cancelled. The inner one
// must outlive it.
typedef struct {
    RkChunkSource source;
    RkChunkSource *inner;
    const RkJob *job;
} RkJobSource;

typedef struct {
    RkChunkSink sink;
    RkChunkSink *inner;
    const RkJob *job;
} RkJobSink;

RkJobSource rk_job_guard_source(const RkJob *job, RkChunkSource *inner);
RkJobSink rk_job_guard_sink(const RkJob *job, RkChunkSink *inner);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkJobSnapshot, rk_job_snapshot_unref)
