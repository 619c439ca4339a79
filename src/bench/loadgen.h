// SPDX-License-Identifier: GPL-3.0-or-later
//
// The load generator: issues a schedule's queries to a system, in the calling thread, and keeps a
// raw record of each. It never waits for the system but for room in its queue, which is counted
// and makes it late; latency counts from the scheduled time, so that a system that stalls is
// charged for all that came meanwhile (Tene, "How NOT to Measure Latency", 2013).
#pragma once

#include "bench/records.h"
#include "bench/schedule.h"
#include "bench/timer.h"

#define RK_SAMPLE_ITEMS 16u // of an answer that is kept

// The answer to one of the queries, kept to be compared.
typedef struct {
    uint64_t query;
    uint32_t n;      // items kept; 0: failed, or not answered
    uint8_t is_kept; // the rest is written; atomic while a load runs
    uint32_t item[RK_SAMPLE_ITEMS];
    float score[RK_SAMPLE_ITEMS];
} RkAnswerSample;

typedef struct {
    RkSystem *system;
    RkTimer *timer;
    const RkLoadSchedule *schedule;
    const RkParams *load;  // scenario, streams, streams.next, backlog_s, realtime
    double seconds;        // closed loops and offline stop issuing then
    uint32_t n_samples;    // answers to keep, spread evenly; 0: none
    unsigned flags;        // RkQueryFlags of every query
    const gint *cancelled; // may be NULL
    uint64_t *n_done;      // atomic; counts answers for whoever watches; may be NULL
    // Where the records are put before the first query, for whoever reads along (live.h): atomic;
    // may be NULL. They are the run's all the same.
    RkLoadRecords **records;
    RkAnswerSample **samples; // the same of the answers that are kept (follow.h)
} RkLoadOptions;

typedef struct {
    RkLoadRecords *records; // owned; n_issued of n
    RkAnswerSample *sample; // [n_samples], owned
    uint32_t n_samples;
    uint64_t n_refused; // times that the queue was full
    uint64_t end_ns;    // of the last answer, after the start
    gboolean saturated; // issuing stopped: backlog_s
    gboolean cancelled;
    gboolean realtime; // the issuer had real-time priority
    char *failure;     // what the system says went wrong; NULL
} RkLoadRun;

// Issues, waits for the answers and fills `run`, which rk_load_run_clear() frees. FALSE when there
// is no memory for the records.
gboolean rk_load_run(const RkLoadOptions *options, RkLoadRun *run, GError **error);
void rk_load_run_clear(RkLoadRun *run);

// Queries that are issued together and answered together count as one: multi with streams.next=all.
uint32_t rk_load_group(const RkParams *load);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RkLoadRun, rk_load_run_clear)
