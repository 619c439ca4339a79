// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the load generator itself can do: against a system that answers within the call, and against
// one with the session's queue and a serving thread that gathers batches and computes nothing.
//   bench-load [ROUNDS]
#include "base/clock.h"
#include "bench/loadgen.h"
#include "bench/settings.h"
#include "bench/spread.h"
#include "bench/synthetic.h"
#include "serve/queue.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BATCH 64u // queries that the serving thread gathers

// ---- a served null system ------------------------------------------------------------------

typedef struct {
    RkSystem base;
    RkQueryQueue queue;
    GThread *thread;
    uint64_t n_issued;
    _Atomic uint64_t n_answered;
    _Atomic int stop;
    uint64_t n_batches;
} Served;

static void
answer_batch(Served *s, const RkQueued *batch, uint32_t n)
{
    uint64_t now = rk_clock_ns();
    for (uint32_t i = 0; i < n; i++) {
        const float score = 0;
        const RkAnswer answer = {
            .id = batch[i].query.id,
            .done_ns = now,
            .stage_ns = {[RK_STAGE_WAIT] = (uint32_t)(now - batch[i].issued_ns)},
            .batch = n,
            .n = 1,
            .item = batch[i].query.candidates,
            .score = &score};
        s->base.answered(s->base.answered_data, &answer);
    }
    s->n_batches++;
    atomic_fetch_add(&s->n_answered, n);
}

static gpointer
serve(gpointer data)
{
    Served *s = data;
    RkQueued batch[BATCH];
    while (!atomic_load(&s->stop)) {
        uint32_t n = 0;
        while (n < BATCH && rk_query_queue_pop(&s->queue, &batch[n]))
            n++;
        if (n > 0) {
            answer_batch(s, batch, n);
            continue;
        }
        rk_query_queue_announce(&s->queue);
        rk_query_queue_sleep(&s->queue, rk_clock_ns() + 10000000);
    }
    return NULL;
}

static uint32_t
issue(RkSystem *system, const RkQuery *queries, uint32_t n)
{
    Served *s = (Served *)system;
    uint32_t taken = rk_query_queue_push(&s->queue, queries, n);
    s->n_issued += taken;
    return taken;
}

static gboolean
flush(RkSystem *system, GError **error)
{
    Served *s = (Served *)system;
    while (atomic_load(&s->n_answered) < s->n_issued)
        g_usleep(50);
    return TRUE;
}

static void
free_served(RkSystem *system)
{
    Served *s = (Served *)system;
    atomic_store(&s->stop, 1);
    rk_query_queue_wake(&s->queue);
    g_thread_join(s->thread);
    rk_query_queue_clear(&s->queue);
    g_aligned_free(s);
}

static const RkSystemClass SERVED = {
    .name = "null", .issue = issue, .flush = flush, .free = free_served};

static RkSystem *
served_new(void)
{
    Served *s = g_aligned_alloc0(1, sizeof *s, 64); // the queue has cache lines of its own
    g_autoptr(GError) error = NULL;
    s->base.class = &SERVED;
    if (!rk_query_queue_init(&s->queue, 65536, &error))
        g_error("%s", error->message);
    s->thread = g_thread_new("serve", serve, s);
    return &s->base;
}

// ---- measuring -----------------------------------------------------------------------------

static double
cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

// bar_qps, bar_us: what is to be reached, the rate and the p99 of lateness; 0 for none.
static void
measure(const char *what, RkSystem *system, const char *const *assignments, double seconds,
        double bar_qps, double bar_us)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkParams) load = rk_params_new(rk_load_params, rk_n_load_params);
    for (; *assignments != NULL; assignments++)
        if (!rk_params_assign(load, *assignments, &error))
            g_error("%s", error->message);
    g_autoptr(RkTraffic) traffic = rk_traffic_new_uniform(1000, 1000, 1000, 1);
    g_autoptr(RkLoadSchedule) schedule =
        rk_load_schedule_new(load, traffic, 1, RK_PHASE_MEASURE, seconds, &error);
    g_autoptr(RkTimer) timer = rk_timer_new((uint64_t)rk_params_int(load, "spin_us") * 1000);
    if (schedule == NULL)
        g_error("%s", error->message);
    const RkLoadOptions options = {
        .system = system, .timer = timer, .schedule = schedule, .load = load, .seconds = 1000};
    g_auto(RkLoadRun) run = {0};
    double cpu = cpu_seconds();
    if (!rk_load_run(&options, &run, &error))
        g_error("%s", error->message);
    cpu = cpu_seconds() - cpu;
    const RkLoadRecords *r = run.records;
    g_autofree uint64_t *late = g_new(uint64_t, r->n_issued + 1);
    g_autofree uint64_t *latency = g_new(uint64_t, r->n_issued + 1);
    for (uint64_t i = 0; i < r->n_issued; i++) {
        late[i] = r->issued_ns[i] - r->scheduled_ns[i];
        latency[i] = r->record[i].done_ns - r->scheduled_ns[i];
    }
    RkSpread lateness = rk_spread_of(late, r->n_issued, 1000);
    RkSpread took = rk_spread_of(latency, r->n_issued, 1000);
    printf("%-31s %8" G_GUINT64_FORMAT " queries %9.0f/s, CPU %.0f ns each%s%s\n", what,
           r->n_issued, (double)r->n_issued * 1e9 / (double)run.end_ns,
           cpu * 1e9 / (double)r->n_issued, run.saturated ? ", saturated" : "",
           run.realtime ? "" : ", at normal priority");
    if (isfinite(schedule->offered_qps)) // offline, all of them are due at once
        printf("%31s lateness p50 %.2f p99 %.2f p99.9 %.2f us, latency p50 %.1f p99 %.1f us\n", "",
               lateness.p50, lateness.p99, lateness.p999, took.p50, took.p99);
    const double qps = (double)r->n_issued * 1e9 / (double)run.end_ns;
    if (bar_qps > 0)
        printf("%31s at least %.0f/s: %s\n", "bar:", bar_qps,
               qps >= bar_qps ? "reached" : "not reached");
    if (bar_us > 0)
        printf("%31s p99 lateness under %.0f us: %s\n", "bar:", bar_us,
               lateness.p99 < bar_us ? "reached" : "not reached");
    fflush(stdout);
}

int
main(int argc, char **argv)
{
    static const char *const offline[] = {"scenario=offline", "queries=4000000", "candidates.n=1",
                                          NULL};
    static const char *const million[] = {"qps=1000000", "candidates.n=1", "backlog_s=0.5", NULL};
    static const char *const paced[] = {"qps=10000", "candidates.n=10", NULL};
    int rounds = argc > 1 ? atoi(argv[1]) : 3;
    for (int round = 0; round < rounds; round++) {
        RkSystem *at_once = rk_synthetic_new(&(RkSyntheticSpec){.law = RK_SERVICE_INSTANT});
        RkSystem *served = served_new();
        measure("at once, offline", at_once, offline, 1, 0, 0);
        measure("queue and batches, offline", served, offline, 1, 1e6, 0);
        measure("queue and batches, 1,000,000/s", served, million, 2, 0, 0);
        measure("queue and batches, 10,000/s", served, paced, 5, 0, 100);
        rk_system_free(at_once);
        rk_system_free(served);
    }
    return 0;
}
