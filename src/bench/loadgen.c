// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/loadgen.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>

#define BURST       64u        // queries of one call
#define LOOK_NS     100000000u // how long a wait may take before the interrupt is looked at
#define FULL_NS     200000u    // .. for room in the system's queue
#define CHECK_EVERY 256u       // queries between looks at the backlog
#define LEAST_BACK  1000u      // waiting queries that are no backlog

typedef struct {
    const RkLoadOptions *options;
    RkLoadRun *run;
    RkLoadRecords *records;
    RkTimer *timer;
    uint64_t n;      // scheduled
    uint64_t next;   // the first that isn't issued
    uint64_t stride; // between samples
    uint64_t end_ns; // when closed loops end
    uint64_t own_done;
    uint64_t *n_done; // atomic
} Issuer;

// ---- answers -------------------------------------------------------------------------------

static void
keep_sample(Issuer *i, const RkAnswer *answer)
{
    uint64_t at = answer->id / i->stride;
    if (i->run->n_samples == 0 || answer->id % i->stride != 0 || at >= i->run->n_samples)
        return;
    RkAnswerSample *sample = &i->run->sample[at];
    sample->query = answer->id;
    sample->n = answer->flags & RK_ANSWER_FAILED ? 0 : MIN(answer->n, RK_SAMPLE_ITEMS);
    memcpy(sample->item, answer->item, sample->n * sizeof *sample->item);
    memcpy(sample->score, answer->score, sample->n * sizeof *sample->score);
    __atomic_store_n(&sample->is_kept, 1, __ATOMIC_RELEASE);
}

static void
answered(gpointer data, const RkAnswer *answer)
{
    Issuer *i = data;
    g_return_if_fail(answer->id < i->n);
    RkLoadRecord *record = &i->records->record[answer->id];
    uint64_t start = i->records->start_ns;
    const uint64_t done = answer->done_ns > start ? answer->done_ns - start : 1;
    __atomic_store_n(&record->done_ns, done, __ATOMIC_RELEASE);
    memcpy(record->stage_ns, answer->stage_ns, sizeof record->stage_ns);
    record->batch = answer->batch;
    record->flags = answer->flags;
    keep_sample(i, answer);
    __atomic_add_fetch(i->n_done, 1, __ATOMIC_SEQ_CST);
    i->timer->told(i->timer);
}

// ---- issuing -------------------------------------------------------------------------------

static gboolean
is_cancelled(Issuer *i)
{
    if (i->options->cancelled != NULL && g_atomic_int_get(i->options->cancelled))
        i->run->cancelled = TRUE;
    return i->run->cancelled;
}

static uint64_t
n_done(const Issuer *i)
{
    return __atomic_load_n(i->n_done, __ATOMIC_SEQ_CST);
}

static uint64_t
now(const Issuer *i)
{
    return i->timer->now(i->timer) - i->records->start_ns;
}

static void
sleep_until(const Issuer *i, uint64_t ns)
{
    i->timer->sleep_until(i->timer, i->records->start_ns + ns);
}

static void
await(const Issuer *i, uint64_t wanted, uint64_t ns)
{
    i->timer->await(i->timer, i->n_done, wanted, i->records->start_ns + ns);
}

// Issues up to m of the next ones at time `at`; what the queue has no room for stays.
static uint32_t
issue(Issuer *i, uint32_t m, uint64_t at)
{
    const RkLoadSchedule *s = i->options->schedule;
    RkQuery queries[BURST];
    m = MIN(m, BURST);
    for (uint32_t q = 0; q < m; q++) {
        const RkArrival *arrival = &s->arrival[i->next + q];
        queries[q] = (RkQuery){.id = i->next + q,
                               .user = arrival->user,
                               .n_candidates = arrival->n_candidates,
                               .candidates = s->candidate + arrival->first,
                               .flags = i->options->flags};
        i->records->issued_ns[i->next + q] = at;
    }
    uint32_t taken = i->options->system->class->issue(i->options->system, queries, m);
    i->run->n_refused += taken < m;
    i->next += taken;
    __atomic_store_n(&i->records->n_issued, i->next, __ATOMIC_RELEASE);
    return taken;
}

// Waits until there may be room again.
static void
wait_for_room(Issuer *i)
{
    await(i, n_done(i) + 1, now(i) + FULL_NS);
}

// ---- scenarios -----------------------------------------------------------------------------

// Whether the system can't keep up: what waits, or the lateness, is worth backlog_s of the load.
static gboolean
is_behind(Issuer *i, uint64_t at)
{
    const RkLoadSchedule *s = i->options->schedule;
    double seconds = rk_params_real(i->options->load, "backlog_s");
    double waiting = (double)(i->next - n_done(i));
    double late = i->next < i->n ? (double)at - (double)s->arrival[i->next].at_ns : 0;
    i->run->saturated = waiting > MAX(seconds * s->offered_qps, LEAST_BACK) || late > seconds * 1e9;
    return i->run->saturated;
}

static void
run_open(Issuer *i)
{
    const RkArrival *arrival = i->options->schedule->arrival;
    for (uint64_t k = 0; k < i->n; k++)
        i->records->scheduled_ns[k] = arrival[k].at_ns;
    uint64_t check = CHECK_EVERY;
    while (i->next < i->n && !is_cancelled(i)) {
        uint64_t at = now(i), due = arrival[i->next].at_ns;
        if (at < due) {
            sleep_until(i, MIN(due, at + LOOK_NS));
            continue;
        }
        uint32_t m = 1;
        while (m < BURST && i->next + m < i->n && arrival[i->next + m].at_ns <= at)
            m++;
        gboolean full = issue(i, m, at) < m;
        if ((full || i->next >= check) && is_behind(i, at))
            return;
        if (i->next >= check)
            check = i->next + CHECK_EVERY;
        if (full)
            wait_for_room(i);
    }
}

// `streams` at a time; the next ones when all, or any, are answered.
static void
run_closed(Issuer *i, uint32_t streams, gboolean together)
{
    while (i->next < i->n && !is_cancelled(i) && now(i) < i->end_ns) {
        uint64_t done = n_done(i),
                 wanted = together ? i->next : i->next + 1 - MIN(streams, i->next + 1);
        if (done < wanted) {
            await(i, wanted, now(i) + LOOK_NS);
            continue;
        }
        uint64_t room = together ? streams : done + streams - i->next;
        uint64_t last = i->next + MIN(room, i->n - i->next), at = now(i);
        for (uint64_t k = i->next; k < last; k++)
            i->records->scheduled_ns[k] = at;
        while (i->next < last && !is_cancelled(i))
            if (issue(i, (uint32_t)MIN(last - i->next, BURST), now(i)) == 0)
                wait_for_room(i);
    }
}

static void
run_single(Issuer *i)
{
    run_closed(i, 1, TRUE);
}

static void
run_multi(Issuer *i)
{
    const RkParams *load = i->options->load;
    run_closed(i, (uint32_t)rk_params_int(load, "streams"),
               strcmp(rk_params_text(load, "streams.next"), "all") == 0);
}

static void
run_offline(Issuer *i)
{
    while (i->next < i->n && !is_cancelled(i) && now(i) < i->end_ns)
        if (issue(i, (uint32_t)MIN(i->n - i->next, BURST), now(i)) == 0)
            wait_for_room(i);
}

static const struct {
    const char *name;
    void (*run)(Issuer *i);
} SCENARIOS[] = {{"single", run_single},
                 {"multi", run_multi},
                 {"server", run_open},
                 {"replay", run_open},
                 {"offline", run_offline}};

uint32_t
rk_load_group(const RkParams *load)
{
    gboolean groups = strcmp(rk_params_text(load, "scenario"), "multi") == 0 &&
                      strcmp(rk_params_text(load, "streams.next"), "all") == 0;
    return groups ? (uint32_t)rk_params_int(load, "streams") : 1;
}

// ---- the thread ----------------------------------------------------------------------------

typedef struct {
    int policy;
    struct sched_param param;
    int slack_ns;
    gboolean raised;
} Priority;

// Exact wake-ups, and before other programs where the system lets us.
static Priority
raise_priority(gboolean realtime)
{
    Priority p = {.slack_ns = prctl(PR_GET_TIMERSLACK)};
    const struct sched_param lowest = {.sched_priority = sched_get_priority_min(SCHED_RR)};
    prctl(PR_SET_TIMERSLACK, 1);
    pthread_getschedparam(pthread_self(), &p.policy, &p.param);
    p.raised = realtime && pthread_setschedparam(pthread_self(), SCHED_RR, &lowest) == 0;
    return p;
}

static void
restore_priority(const Priority *p)
{
    if (p->raised)
        pthread_setschedparam(pthread_self(), p->policy, &p->param);
    prctl(PR_SET_TIMERSLACK, p->slack_ns);
}

static void
find_end(RkLoadRun *run)
{
    for (uint64_t k = 0; k < run->records->n_issued; k++)
        run->end_ns = MAX(run->end_ns, run->records->record[k].done_ns);
}

gboolean
rk_load_run(const RkLoadOptions *options, RkLoadRun *run, GError **error)
{
    Issuer i = {.options = options,
                .run = run,
                .timer = options->timer,
                .n = options->schedule->n,
                .end_ns = (uint64_t)(options->seconds * 1e9)};
    *run = (RkLoadRun){.records = rk_load_records_new(i.n, error)};
    if (run->records == NULL)
        return FALSE;
    i.records = run->records;
    i.n_done = options->n_done != NULL ? options->n_done : &i.own_done;
    *i.n_done = 0;
    run->n_samples = (uint32_t)MIN(options->n_samples, i.n);
    run->sample = g_new0(RkAnswerSample, MAX(run->n_samples, 1));
    i.stride = run->n_samples > 0 ? i.n / run->n_samples : 1;
    options->system->answered = answered;
    options->system->answered_data = &i;

    Priority priority = raise_priority(rk_params_bool(options->load, "realtime"));
    run->realtime = priority.raised;
    run->records->start_ns = options->timer->now(options->timer);
    if (options->records != NULL)
        __atomic_store_n(options->records, run->records, __ATOMIC_RELEASE);
    if (options->samples != NULL)
        __atomic_store_n(options->samples, run->sample, __ATOMIC_RELEASE);
    const char *scenario = rk_params_text(options->load, "scenario");
    for (size_t s = 0; s < G_N_ELEMENTS(SCENARIOS); s++)
        if (strcmp(SCENARIOS[s].name, scenario) == 0)
            SCENARIOS[s].run(&i);
    restore_priority(&priority);

    g_autoptr(GError) failure = NULL;
    if (!options->system->class->flush(options->system, &failure))
        run->failure = g_strdup(failure->message);
    run->records->n_issued = i.next;
    find_end(run);
    return TRUE;
}

void
rk_load_run_clear(RkLoadRun *run)
{
    g_clear_pointer(&run->records, rk_load_records_free);
    g_clear_pointer(&run->sample, g_free);
    g_clear_pointer(&run->failure, g_free);
}
