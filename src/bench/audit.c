// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/audit.h"

#include "bench/settings.h"
#include "bench/synthetic.h"
#include "bench/validity.h"

#include <math.h>
#include <string.h>

#define NULL_QUERIES "200000"
#define MOST_QPS     10000
#define LEAST_QPS    1000 // so that a stall of 30 ms meets enough queries
#define STALL_NS     30000000u
#define CHECKS       "64" // queries of the repeated-sample check
#define CHECK_S      1.0
#define HIDDEN_CACHE 0.5 // repeated over distinct time below which something must cache

static RkParams *
settings_like(const RkParams *load, const char *const *assignments)
{
    RkParams *set =
        load != NULL ? rk_params_copy(load) : rk_params_new(rk_load_params, rk_n_load_params);
    for (; *assignments != NULL; assignments++) {
        g_autoptr(GError) error = NULL;
        if (!rk_params_assign(set, *assignments, &error))
            g_error("audit: %s", error->message);
    }
    return set;
}

static void G_GNUC_PRINTF(2, 3) find(RkAuditResult *audit, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_ptr_array_add(audit->findings, g_strdup_vprintf(format, args));
    va_end(args);
}

static double
p99_ms(const RkLoadRun *run)
{
    uint64_t n = 0;
    g_autofree uint64_t *latency = rk_run_latencies(run, 1, &n);
    return rk_spread_of(latency, n, 1e6).p99;
}

static double
median_ms(const RkLoadRun *run)
{
    uint64_t n = 0;
    g_autofree uint64_t *latency = rk_run_latencies(run, 1, &n);
    return rk_spread_of(latency, n, 1e6).p50;
}

static RkSpread
lateness_us(const RkLoadRun *run)
{
    const RkLoadRecords *r = run->records;
    g_autofree uint64_t *late = g_new(uint64_t, r->n_issued + 1);
    for (uint64_t i = 0; i < r->n_issued; i++)
        late[i] = r->issued_ns[i] - r->scheduled_ns[i];
    return rk_spread_of(late, r->n_issued, 1000);
}

// ---- the generator -------------------------------------------------------------------------

// A load of one user, one item a query, on a synthetic system.
static gboolean
run_synthetic(const RkSyntheticSpec *spec, const RkParams *load, double seconds, uint64_t seed,
              RkLoadRun *run, GError **error)
{
    g_autoptr(RkTraffic) traffic = rk_traffic_new_uniform(1, 1, 1, seed);
    g_autoptr(RkLoadSchedule) schedule =
        rk_load_schedule_new(load, traffic, seed, RK_PHASE_MEASURE, seconds, error);
    if (schedule == NULL)
        return FALSE;
    g_autoptr(RkSystem) system = rk_synthetic_new(spec);
    g_autoptr(RkTimer) timer =
        spec->simulated ? NULL : rk_timer_new((uint64_t)rk_params_int(load, "spin_us") * 1000);
    const RkLoadOptions options = {.system = system,
                                   .timer = timer != NULL ? timer : rk_synthetic_timer(system),
                                   .schedule = schedule,
                                   .load = load,
                                   .seconds = seconds};
    return rk_load_run(&options, run, error);
}

static gboolean
audit_null(const RkParams *like, double qps, uint64_t seed, RkAuditResult *audit, GError **error)
{
    const RkSyntheticSpec at_once = {.law = RK_SERVICE_INSTANT};
    static const char *const offline[] = {"scenario=offline", "queries=" NULL_QUERIES,
                                          "candidates=fixed", "candidates.n=1", NULL};
    g_autoptr(RkParams) all = settings_like(like, offline);
    g_auto(RkLoadRun) fast = {0};
    if (!run_synthetic(&at_once, all, CHECK_S, seed, &fast, error))
        return FALSE;
    audit->null_qps = (double)fast.records->n_issued * 1e9 / (double)MAX(fast.end_ns, 1);

    g_autofree char *rate = g_strdup_printf("qps=%.6f", qps);
    const char *const paced[] = {
        "scenario=server", "arrivals=poisson", "candidates=fixed", "candidates.n=1", rate, NULL};
    g_autoptr(RkParams) server = settings_like(like, paced);
    g_auto(RkLoadRun) run = {0};
    if (!run_synthetic(&at_once, server, 0.3, seed, &run, error))
        return FALSE;
    audit->null_lateness = lateness_us(&run);
    return TRUE;
}

// What a stall must look like comes from the same schedule in simulated time.
static gboolean
audit_stall(const RkParams *like, double qps, uint64_t seed, RkAuditResult *audit, GError **error)
{
    g_autofree char *rate = g_strdup_printf("qps=%.6f", qps);
    const char *const paced[] = {
        "scenario=server", "arrivals=constant", "candidates=fixed", "candidates.n=1", rate, NULL};
    g_autoptr(RkParams) load = settings_like(like, paced);
    RkSyntheticSpec spec = {.law = RK_SERVICE_CONSTANT,
                            .mean_ns = 1000,
                            .stall_at_ns = 100000000,
                            .stall_ns = STALL_NS};
    g_auto(RkLoadRun) real = {0}, simulated = {0};
    if (!run_synthetic(&spec, load, 0.3, seed, &real, error))
        return FALSE;
    spec.simulated = TRUE;
    if (!run_synthetic(&spec, load, 0.3, seed, &simulated, error))
        return FALSE;
    audit->stall_ms = STALL_NS * 1e-6;
    audit->stall_p99_ms = p99_ms(&real);
    audit->stall_expects_ms = p99_ms(&simulated);
    if (audit->stall_p99_ms < 0.9 * audit->stall_expects_ms)
        find(audit, "A stall of %.0f ms raised p99 to %.3g ms only, where its schedule tells %.3g.",
             audit->stall_ms, audit->stall_p99_ms, audit->stall_expects_ms);
    return TRUE;
}

gboolean
rk_audit_generator(const RkParams *load, double qps, uint64_t seed, RkAuditResult *audit,
                   GError **error)
{
    if (audit->findings == NULL)
        audit->findings = g_ptr_array_new_with_free_func(g_free);
    double rate = isnan(qps) ? LEAST_QPS : MIN(qps, MOST_QPS);
    if (!audit_null(load, MAX(rate, 100), seed, audit, error) ||
        !audit_stall(load, MAX(rate, LEAST_QPS), seed, audit, error))
        return FALSE;
    if (audit->null_qps < 2 * qps)
        find(audit, "The generator itself sustains only %.3g queries/s.", audit->null_qps);
    audit->done = TRUE;
    return TRUE;
}

// ---- the answers ---------------------------------------------------------------------------

static gboolean
run_queries(const RkAuditOptions *o, const RkParams *load, const RkLoadSchedule *schedule,
            uint32_t n_samples, unsigned flags, RkLoadRun *run, GError **error)
{
    const RkLoadOptions options = {.system = o->system,
                                   .timer = o->timer,
                                   .schedule = schedule,
                                   .load = load,
                                   .seconds = CHECK_S,
                                   .n_samples = n_samples,
                                   .flags = flags};
    return rk_load_run(&options, run, error);
}

static gboolean
audit_repeated(const RkAuditOptions *o, RkAuditResult *audit, GError **error)
{
    static const char *const single[] = {"scenario=single", "queries=" CHECKS, "candidates=fixed",
                                         NULL};
    g_autoptr(RkParams) load = settings_like(o->load, single);
    g_autoptr(RkLoadSchedule) schedule =
        rk_load_schedule_new(load, o->traffic, o->seed + 1, RK_PHASE_MEASURE, CHECK_S, error);
    g_auto(RkLoadRun) distinct = {0}, repeated = {0};
    if (schedule == NULL || !run_queries(o, load, schedule, 0, 0, &distinct, error))
        return FALSE;
    for (uint64_t i = 1; i < schedule->n; i++)
        schedule->arrival[i] = schedule->arrival[0];
    if (!run_queries(o, load, schedule, 0, 0, &repeated, error))
        return FALSE;
    audit->distinct_ms = median_ms(&distinct);
    audit->repeated_ms = median_ms(&repeated);
    uint64_t n_cached = 0;
    for (uint64_t i = 0; i < repeated.records->n_issued; i++)
        n_cached += (repeated.records->record[i].flags & RK_ANSWER_CACHED) != 0;
    if (n_cached == 0 && audit->repeated_ms < HIDDEN_CACHE * audit->distinct_ms)
        find(audit,
             "One query again and again takes %.3g ms, distinct ones %.3g, and no answer says that "
             "it was cached.",
             audit->repeated_ms, audit->distinct_ms);
    return TRUE;
}

static double
overlap(const RkAnswerSample *a, const RkAnswerSample *b)
{
    uint32_t both = 0;
    for (uint32_t i = 0; i < a->n; i++)
        for (uint32_t k = 0; k < b->n; k++)
            both += a->item[i] == b->item[k];
    return (double)both / (double)MAX(MAX(a->n, b->n), 1);
}

// The sampled queries once more, fresh.
static gboolean
audit_sampled(const RkAuditOptions *o, RkAuditResult *audit, GError **error)
{
    static const char *const single[] = {"scenario=single", "queries=0", NULL};
    g_autoptr(RkParams) load = settings_like(o->load, single);
    g_autofree RkArrival *arrival = g_new0(RkArrival, MAX(o->run->n_samples, 1));
    g_autofree uint32_t *from = g_new(uint32_t, MAX(o->run->n_samples, 1));
    RkLoadSchedule again = {.arrival = arrival, .candidate = o->schedule->candidate};
    for (uint32_t i = 0; i < o->run->n_samples; i++)
        if (o->run->sample[i].n > 0) {
            from[again.n] = i;
            arrival[again.n++] = o->schedule->arrival[o->run->sample[i].query];
        }
    g_auto(RkLoadRun) fresh = {0};
    audit->agreement = NAN;
    if (again.n == 0)
        return TRUE;
    if (!run_queries(o, load, &again, (uint32_t)again.n, RK_QUERY_FRESH, &fresh, error))
        return FALSE;
    double sum = 0;
    for (uint32_t i = 0; i < fresh.n_samples; i++)
        if (fresh.sample[i].n > 0) {
            sum += overlap(&o->run->sample[from[i]], &fresh.sample[i]);
            audit->n_sampled++;
        }
    audit->agreement = audit->n_sampled > 0 ? sum / audit->n_sampled : NAN;
    if (audit->agreement < 0.999)
        find(audit,
             "Of the items served under load, %.1f %% are among those that the model says now: "
             "answers were stale, or depend on the load.",
             audit->agreement * 100);
    return TRUE;
}

gboolean
rk_audit_answers(const RkAuditOptions *options, RkAuditResult *audit, GError **error)
{
    if (audit->findings == NULL)
        audit->findings = g_ptr_array_new_with_free_func(g_free);
    return audit_sampled(options, audit, error) && audit_repeated(options, audit, error);
}
