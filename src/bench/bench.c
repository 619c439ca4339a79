// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/bench.h"

#include "base/json.h"
#include "bench/audit.h"
#include "bench/validity.h"
#include "bench/watch.h"

#include <math.h>

#define N_SAMPLES 64u // answers that are kept under load and asked again

typedef struct {
    const RkBenchOptions *options;
    RkTimer *timer;
    RkTimer *own_timer;
    RkLoadSchedule *schedule;
    RkLoadRun run;
    GArray *looks;
    uint64_t n_done;           // atomic
    RkLoadRecords *read_along; // atomic; of the measurement that runs
    RkBenchResult *result;
} Trial;

static void
clear_trial(Trial *t)
{
    rk_timer_free(t->own_timer);
    rk_load_schedule_free(t->schedule);
    rk_load_run_clear(&t->run);
    g_clear_pointer(&t->looks, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Trial, clear_trial)

static gboolean
fail_cancelled(GError **error)
{
    g_set_error(error, RK_ERROR, RK_ERROR_CANCELLED, "The benchmark was interrupted.");
    return FALSE;
}

static gboolean
is_cancelled(const Trial *t)
{
    return t->options->cancelled != NULL && g_atomic_int_get(t->options->cancelled);
}

// ---- running -------------------------------------------------------------------------------

static RkWatch *
watch(Trial *t, const char *what, uint64_t n)
{
    const RkWatchOptions options = {.n_done = &t->n_done,
                                    .n = n,
                                    .what = what,
                                    .progress = t->options->progress,
                                    .progress_data = t->options->progress_data};
    __atomic_store_n(&t->n_done, 0, __ATOMIC_SEQ_CST);
    return rk_watch_start(&options);
}

// Runs a schedule, watched.
static gboolean
run_schedule(Trial *t, const char *what, const RkLoadSchedule *schedule, double seconds,
             uint32_t n_samples, RkLoadRun *run, GArray **looks, GError **error)
{
    const RkLoadOptions options = {.system = t->options->system,
                                   .timer = t->timer,
                                   .schedule = schedule,
                                   .load = t->options->load,
                                   .seconds = seconds,
                                   .n_samples = n_samples,
                                   .cancelled = t->options->cancelled,
                                   .n_done = &t->n_done,
                                   .records = &t->read_along};
    RkWatch *watching = watch(t, what, schedule->n);
    const gboolean shown = t->options->live != NULL && schedule == t->schedule;
    t->read_along = NULL;
    RkLive *live =
        shown ? rk_live_start(&t->read_along, t->options->live, t->options->live_data) : NULL;
    gboolean done = rk_load_run(&options, run, error);
    rk_live_stop(live);
    *looks = rk_watch_stop(watching);
    return done;
}

static char *
take_counters(const Trial *t)
{
    if (t->options->system->class->counters == NULL)
        return NULL;
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    t->options->system->class->counters(t->options->system, json);
    json_builder_end_object(json);
    return rk_json_text(json, FALSE);
}

// An answer cache that is asked and never hit is a mistake of settings more often than not.
static void
note_useless_cache(RkBenchResult *to)
{
    g_autoptr(JsonNode) root =
        to->counters != NULL ? rk_json_parse(to->counters, "the counters", NULL) : NULL;
    JsonObject *caches = NULL, *answers = NULL;
    int64_t requests = 0, hits = 0;
    if (root != NULL && rk_json_object(json_node_get_object(root), "cache", &caches, NULL) &&
        rk_json_object(caches, "answers", &answers, NULL) &&
        rk_json_int(answers, "requests", &requests, NULL) &&
        rk_json_int(answers, "hits", &hits, NULL) && requests > 0 && hits == 0)
        g_ptr_array_add(to->notes,
                        g_strdup("No answer was in the answer cache: no query came twice. With "
                                 "cache.answers.key=user the user alone makes it the same."));
}

static gboolean
warm_up(Trial *t, GError **error)
{
    double seconds = rk_params_real(t->options->load, "warmup_s");
    g_autoptr(GArray) looks = NULL;
    g_auto(RkLoadRun) run = {0};
    if (seconds > 0) {
        g_autoptr(RkLoadSchedule) schedule =
            rk_load_schedule_new(t->options->load, t->options->traffic, t->options->seed,
                                 RK_PHASE_WARMUP, seconds, error);
        if (schedule == NULL ||
            !run_schedule(t, "warm up", schedule, seconds, 0, &run, &looks, error))
            return FALSE;
    }
    char *cold = take_counters(t); // apart: those of the warm-up are not counted
    if (seconds > 0)
        t->result->cold = g_steal_pointer(&cold);
    g_free(cold);
    return is_cancelled(t) ? fail_cancelled(error) : TRUE;
}

// ---- figures -------------------------------------------------------------------------------

static void
take_lateness(const Trial *t, uint64_t *work)
{
    const RkLoadRecords *r = t->run.records;
    for (uint64_t i = 0; i < r->n_issued; i++)
        work[i] = r->issued_ns[i] - r->scheduled_ns[i];
    t->result->lateness_us = rk_spread_of(work, r->n_issued, 1000);
}

static void
take_stages(const Trial *t, uint64_t *work)
{
    const RkLoadRecords *r = t->run.records;
    for (int s = 0; s < RK_N_STAGES; s++) {
        uint64_t n = 0;
        for (uint64_t i = 0; i < r->n_issued; i++)
            if (r->record[i].done_ns > 0 && !(r->record[i].flags & RK_ANSWER_FAILED))
                work[n++] = r->record[i].stage_ns[s];
        t->result->stages_us[s] = rk_spread_of(work, n, 1000);
    }
}

// What a hit of the answer cache takes, end to end, and what a miss.
static void
take_kinds(const Trial *t, uint64_t *work)
{
    const RkLoadRecords *r = t->run.records;
    for (int cached = 0; cached < 2; cached++) {
        uint64_t n = 0;
        for (uint64_t i = 0; i < r->n_issued; i++) {
            const RkLoadRecord *record = &r->record[i];
            if (record->done_ns > r->scheduled_ns[i] && !(record->flags & RK_ANSWER_FAILED) &&
                ((record->flags & RK_ANSWER_CACHED) != 0) == cached)
                work[n++] = record->done_ns - r->scheduled_ns[i];
        }
        *(cached ? &t->result->cached_ms : &t->result->computed_ms) = rk_spread_of(work, n, 1e6);
    }
}

static void
count_answers(const Trial *t)
{
    const RkLoadRecords *r = t->run.records;
    RkBenchResult *to = t->result;
    uint64_t n_computed = 0;
    double batches = 0;
    for (uint64_t i = 0; i < r->n_issued; i++) {
        const RkLoadRecord *record = &r->record[i];
        to->n_failed += record->done_ns == 0 || (record->flags & RK_ANSWER_FAILED) != 0;
        to->n_cached += (record->flags & RK_ANSWER_CACHED) != 0;
        n_computed += record->batch > 0;
        batches += record->batch;
    }
    to->mean_batch = n_computed > 0 ? batches / (double)n_computed : NAN;
    to->n_refused = t->run.n_refused;
    to->n_unissued = r->n - r->n_issued;
}

static void
describe_machine(const Trial *t)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    const RkMachineLook *first = &g_array_index(t->looks, RkMachineLook, 0);
    const RkMachineLook *last = &g_array_index(t->looks, RkMachineLook, t->looks->len - 1);
    json_builder_begin_object(json);
    rk_json_add_int(json, "processors", g_get_num_processors());
    rk_json_add_real(json, "clock_mhz", last->clock_mhz);
    rk_json_add_real(json, "load", last->load);
    rk_json_add_real(json, "others_share", rk_machine_others(first, last));
    json_builder_set_member_name(json, "realtime");
    json_builder_add_boolean_value(json, t->run.realtime);
    rk_json_add_int(json, "locked_bytes", (int64_t)t->run.records->n_locked_bytes);
    json_builder_end_object(json);
    t->result->machine = rk_json_text(json, FALSE);
}

static void
summarize(Trial *t)
{
    const RkLoadRecords *r = t->run.records;
    RkBenchResult *to = t->result;
    g_autofree uint64_t *work = g_new(uint64_t, r->n_issued + 1);
    g_autofree uint64_t *latency =
        rk_run_latencies(&t->run, rk_load_group(t->options->load), &to->n);
    to->latency_ms = rk_spread_of(latency, to->n, 1e6);
    take_lateness(t, work);
    take_stages(t, work);
    take_kinds(t, work);
    count_answers(t);
    uint64_t first = r->n_issued > 0 ? r->issued_ns[0] : 0;
    to->duration_s = (double)(t->run.end_ns - MIN(first, t->run.end_ns)) * 1e-9;
    to->offered_qps = t->schedule->offered_qps;
    to->throughput_qps =
        to->duration_s > 0 ? (double)(r->n_issued - to->n_failed) / to->duration_s : NAN;
    to->schedule_hash = g_strdup(t->schedule->hash);
    to->interrupted = t->run.cancelled;
    describe_machine(t);
    const RkJudged judged = {
        .load = t->options->load, .schedule = t->schedule, .run = &t->run, .looks = t->looks};
    rk_validity_judge(&judged, to);
}

// ---- audit and accuracy --------------------------------------------------------------------

static gboolean
audit(Trial *t, GError **error)
{
    const RkBenchOptions *o = t->options;
    const RkAuditOptions options = {.system = o->system,
                                    .timer = t->timer,
                                    .traffic = o->traffic,
                                    .load = o->load,
                                    .schedule = t->schedule,
                                    .run = &t->run,
                                    .seed = o->seed};
    if (!rk_params_bool(o->load, "audit") || t->result->n == 0)
        return TRUE;
    if (o->progress != NULL)
        o->progress(o->progress_data, "audit", 0, 0);
    return rk_audit_generator(o->load, t->schedule->offered_qps, o->seed, &t->result->audit,
                              error) &&
           rk_audit_answers(&options, &t->result->audit, error);
}

static gboolean
measure_quality(Trial *t, GError **error)
{
    const RkQualityOptions options = {.system = t->options->system,
                                      .timer = t->timer,
                                      .traffic = t->options->traffic,
                                      .load = t->options->load,
                                      .k = 10,
                                      .seed = t->options->seed,
                                      .cancelled = t->options->cancelled,
                                      .n_done = &t->n_done,
                                      .live = t->options->live_quality,
                                      .live_data = t->options->live_data};
    RkWatch *watching = watch(t, "quality", (uint64_t)rk_params_int(t->options->load, "quality.n"));
    gboolean done = rk_quality_measure(&options, t->result, error);
    g_array_unref(rk_watch_stop(watching));
    return done;
}

gboolean
rk_bench_run(const RkBenchOptions *options, RkBenchResult *result, GError **error)
{
    g_auto(Trial) t = {.options = options, .result = result};
    *result = (RkBenchResult){.scenario = g_strdup(rk_params_text(options->load, "scenario")),
                              .why_invalid = g_ptr_array_new_with_free_func(g_free),
                              .notes = g_ptr_array_new_with_free_func(g_free),
                              .quality = g_array_new(FALSE, FALSE, sizeof(RkQualityFigure)),
                              .bound_ms = NAN};
    if (options->timer == NULL)
        t.own_timer = rk_timer_new((uint64_t)rk_params_int(options->load, "spin_us") * 1000);
    t.timer = options->timer != NULL ? options->timer : t.own_timer;
    double seconds = rk_params_real(options->load, "duration_s");
    t.schedule = rk_load_schedule_new(options->load, options->traffic, options->seed,
                                      RK_PHASE_MEASURE, seconds, error);
    if (t.schedule == NULL || !warm_up(&t, error) ||
        !run_schedule(&t, "measure", t.schedule, seconds, N_SAMPLES, &t.run, &t.looks, error))
        return FALSE;
    summarize(&t);
    result->counters = take_counters(&t);
    note_useless_cache(result);
    gboolean done =
        !is_cancelled(&t) ? audit(&t, error) && measure_quality(&t, error) : fail_cancelled(error);
    result->interrupted |= is_cancelled(&t);
    result->records = g_steal_pointer(&t.run.records);
    return done;
}
