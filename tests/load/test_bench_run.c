// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/json.h"
#include "bench/audit.h"
#include "bench/bench.h"
#include "bench/rate.h"
#include "bench/settings.h"
#include "bench/synthetic.h"
#include "bench/watch.h"

#include <math.h>
#include <string.h>

#define MOST 8

static RkParams *
settings(const char *const *assignments)
{
    static const char *const common[] = {"realtime=false", "audit=false", "quality=none",
                                         "warmup_s=0.1", "candidates.n=10"};
    RkParams *load = rk_params_new(rk_load_params, rk_n_load_params);
    g_autoptr(GError) error = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(common); i++)
        rk_params_assign(load, common[i], &error);
    for (; *assignments != NULL; assignments++)
        rk_params_assign(load, *assignments, &error);
    g_assert_no_error(error);
    return load;
}

// A trial on a simulated system.
static gboolean
run_trial(const RkSyntheticSpec *spec, const char *const *assignments, const gint *cancelled,
          RkBenchResult *result, GError **error)
{
    g_autoptr(RkParams) load = settings(assignments);
    g_autoptr(RkTraffic) traffic = rk_traffic_new_uniform(50, 200, 1000, 7);
    g_autoptr(RkSystem) system = rk_synthetic_new(spec);
    const RkBenchOptions options = {.system = system,
                                    .traffic = traffic,
                                    .load = load,
                                    .seed = 5,
                                    .timer = rk_synthetic_timer(system),
                                    .cancelled = cancelled};
    return rk_bench_run(&options, result, error);
}

static char *
reasons(const RkBenchResult *result)
{
    g_ptr_array_add(result->why_invalid, NULL);
    char *text = g_strjoinv(" ", (char **)result->why_invalid->pdata);
    g_ptr_array_remove_index(result->why_invalid, result->why_invalid->len - 1);
    return text;
}

// ---- valid and not -------------------------------------------------------------------------

static void
verdicts(void)
{
    static const struct {
        const char *assignments[MOST];
        RkSyntheticSpec spec;
        const char *why; // in why_invalid; NULL: valid
        uint64_t n_more;
    } rows[] = {
        {{"qps=1000", "duration_s=2", NULL}, {RK_SERVICE_CONSTANT, .mean_ns = 200000}, NULL, 0},
        {{"qps=1000", "arrivals=constant", "duration_s=0.3", NULL},
         {RK_SERVICE_CONSTANT, .mean_ns = 200000},
         "p99 needs 459 queries",
         159},
        {{"qps=10000", "duration_s=2", "backlog_s=0.3", NULL},
         {RK_SERVICE_CONSTANT, .mean_ns = 200000},
         "saturated",
         0},
        {{"qps=8000", "duration_s=1", NULL},
         {RK_SERVICE_CONSTANT, .mean_ns = 200000},
         "The rate can't be reached",
         0},
        {{"qps=1000", "duration_s=4", NULL}, // the warm-up's first query starts the clock
         {RK_SERVICE_CONSTANT, .mean_ns = 900000, .stall_at_ns = 2200000000, .stall_ns = 400000000},
         "It isn't stable",
         0},
        {{"scenario=single", "duration_s=2", NULL},
         {RK_SERVICE_EXPONENTIAL, .mean_ns = 1000000},
         NULL,
         0},
        {{"scenario=multi", "duration_s=2", "percentile=90", NULL},
         {RK_SERVICE_CONSTANT, .mean_ns = 1000000},
         NULL,
         0},
        {{"scenario=offline", "queries=50", NULL},
         {RK_SERVICE_CONSTANT, .mean_ns = 1000000},
         NULL,
         0},
        {{"scenario=replay", "qps=500", "duration_s=1.5", NULL},
         {RK_SERVICE_CONSTANT, .mean_ns = 1000000},
         NULL,
         0},
    };
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        g_autoptr(GError) error = NULL;
        g_auto(RkBenchResult) result = {0};
        RkSyntheticSpec spec = rows[r].spec;
        spec.simulated = TRUE;
        g_assert_true(run_trial(&spec, rows[r].assignments, NULL, &result, &error));
        g_assert_no_error(error);
        g_autofree char *why = reasons(&result);
        g_test_message("row %zu: n %" G_GUINT64_FORMAT " %s", r, result.n, why);
        if (rows[r].why == NULL)
            g_assert_cmpstr(why, ==, "");
        else
            g_assert_nonnull(strstr(why, rows[r].why));
        g_assert_cmpint(result.valid, ==, rows[r].why == NULL);
        g_assert_cmpuint(result.n_more, ==, rows[r].n_more);
        g_assert_nonnull(result.records);
    }
}

static void
a_breach_is_noted(void)
{
    static const char *const held[] = {"qps=1000", "duration_s=2", "slo_p99_ms=5", NULL};
    static const char *const broken[] = {"qps=1000", "duration_s=2", "slo_p99_ms=0.1", NULL};
    const RkSyntheticSpec spec = {RK_SERVICE_CONSTANT, .mean_ns = 200000, .simulated = TRUE};
    g_autoptr(GError) error = NULL;
    g_auto(RkBenchResult) a = {0}, b = {0};
    g_assert_true(run_trial(&spec, held, NULL, &a, &error));
    g_assert_true(run_trial(&spec, broken, NULL, &b, &error));
    g_assert_nonnull(strstr(g_ptr_array_index(a.notes, 0), "is within 5 ms"));
    g_assert_nonnull(strstr(g_ptr_array_index(b.notes, 0), "is over 0.1 ms"));
    g_assert_cmpfloat(a.bound_ms, >=, a.latency_ms.p99);
}

static void
an_interrupt(void)
{
    static const char *const all[] = {"qps=1000", NULL};
    const RkSyntheticSpec spec = {RK_SERVICE_CONSTANT, .mean_ns = 200000, .simulated = TRUE};
    g_autoptr(GError) error = NULL;
    g_auto(RkBenchResult) result = {0};
    gint cancelled = 1;
    g_assert_false(run_trial(&spec, all, &cancelled, &result, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_CANCELLED);
}

// A server of 200 us answers at most 5,000 a second. The wait of M/D/1 has p99 1.8 ms at a load of
// 0.79: its tail is about rho exp(-t w) in services w, where rho (exp(t) - 1) = t.
static void
the_highest_rate(void)
{
    static const char *const all[] = {"qps=100", "duration_s=10", "slo_p99_ms=2", NULL};
    g_autoptr(RkParams) load = settings(all);
    g_autoptr(RkTraffic) traffic = rk_traffic_new_uniform(50, 200, 1000, 7);
    const RkSyntheticSpec spec = {RK_SERVICE_CONSTANT, .mean_ns = 200000, .simulated = TRUE};
    g_autoptr(RkSystem) system = rk_synthetic_new(&spec);
    const RkBenchOptions options = {.system = system,
                                    .traffic = traffic,
                                    .load = load,
                                    .seed = 5,
                                    .timer = rk_synthetic_timer(system)};
    g_autoptr(GError) error = NULL;
    g_auto(RkRateSearch) search = {0};
    g_assert_true(rk_rate_search(&options, 3, &search, &error));
    g_assert_no_error(error);
    g_test_message("best %.0f of %.0f", search.best_qps, search.saturation_qps);
    g_assert_cmpfloat(search.best_qps, >, 0.7 * 5000);
    g_assert_cmpfloat(search.best_qps, <, 0.85 * 5000);
    g_assert_cmpfloat(fabs(search.saturation_qps - 5000), <, 50);
    for (guint i = 1; i < search.probes->len; i++)
        g_assert_cmpfloat(g_array_index(search.probes, RkRateProbe, i).qps, >,
                          g_array_index(search.probes, RkRateProbe, i - 1).qps);

    static const char *const none[] = {"qps=100", "slo_p99_ms=0.1", "duration_s=1", NULL};
    g_autoptr(RkParams) hard = settings(none);
    RkBenchOptions never = options;
    never.load = hard;
    g_auto(RkRateSearch) nothing = {0};
    g_assert_true(rk_rate_search(&never, 2, &nothing, &error));
    g_assert_cmpfloat(nothing.best_qps, ==, 0);
    static const char *const unlimited[] = {NULL};
    g_autoptr(RkParams) free_load = settings(unlimited);
    never.load = free_load;
    g_auto(RkRateSearch) refused = {0};
    g_assert_false(rk_rate_search(&never, 2, &refused, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
}

// ---- what the contract promises ------------------------------------------------------------

static void
the_json(void)
{
    static const char *const members[] = {"scenario",       "valid",      "why_invalid",  "n",
                                          "throughput_qps", "latency_ms", "stages_us",    "cache",
                                          "lateness_us",    "metrics",    "schedule_hash"};
    static const char *const percentiles[] = {"mean", "p50", "p90", "p95", "p99", "p99.9", "max"};
    static const char *const all[] = {"qps=1000", "duration_s=1", "quality=ranks", NULL};
    const RkSyntheticSpec spec = {RK_SERVICE_CONSTANT, .mean_ns = 200000, .simulated = TRUE};
    g_autoptr(GError) error = NULL;
    g_auto(RkBenchResult) result = {0};
    g_assert_true(run_trial(&spec, all, NULL, &result, &error));
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    rk_bench_result_to_json(&result, json);
    json_builder_end_object(json);
    g_autofree char *text = rk_json_text(json, TRUE);
    g_autoptr(JsonNode) root = rk_json_parse(text, "the result", &error);
    g_assert_no_error(error);
    JsonObject *object = json_node_get_object(root);
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
        g_assert_true(json_object_has_member(object, members[i]));
    JsonObject *latency = json_object_get_object_member(object, "latency_ms");
    for (size_t i = 0; i < G_N_ELEMENTS(percentiles); i++)
        g_assert_cmpfloat(json_object_get_double_member(latency, percentiles[i]), >=, 0.2);
    // The synthetic system answers with the candidates as they come, the wanted item first.
    JsonObject *metrics = json_object_get_object_member(object, "metrics");
    g_assert_cmpfloat(json_object_get_double_member(metrics, "recall@10"), ==, 1);
    g_assert_cmpfloat(json_object_get_double_member(metrics, "ndcg@10"), ==, 1);
    g_assert_cmpstr(json_object_get_string_member(object, "protocol"), ==, "sampled:99");
    g_assert_cmpint(json_object_get_int_member(object, "n_metrics"), ==, 500);
}

typedef struct {
    GArray *n; // uint64_t: events asked
    uint64_t n_all;
    char *name;
    double last;
} Told;

static void
tell(void *data, const RkLiveQuality *quality)
{
    Told *told = data;
    const RkQualityFigure *first = &g_array_index(quality->figures, RkQualityFigure, 0);
    g_array_append_val(told->n, quality->n);
    told->n_all = quality->n_all;
    g_free(told->name);
    told->name = g_strdup(first->name);
    told->last = first->value;
}

// Once the load has ended, in even steps, and the last one is what the result says.
static void
accuracy_is_told_while_it_is_measured(void)
{
    static const char *const all[] = {"qps=1000", "duration_s=1", "quality=ranks", "quality.n=50",
                                      NULL};
    g_autoptr(RkParams) load = settings(all);
    g_autoptr(RkTraffic) traffic = rk_traffic_new_uniform(50, 200, 1000, 7);
    const RkSyntheticSpec spec = {RK_SERVICE_CONSTANT, .mean_ns = 200000, .simulated = TRUE};
    g_autoptr(RkSystem) system = rk_synthetic_new(&spec);
    Told told = {.n = g_array_new(FALSE, FALSE, sizeof(uint64_t))};
    const RkBenchOptions options = {.system = system,
                                    .traffic = traffic,
                                    .load = load,
                                    .seed = 5,
                                    .timer = rk_synthetic_timer(system),
                                    .live_quality = tell,
                                    .live_data = &told};
    g_autoptr(GError) error = NULL;
    g_auto(RkBenchResult) result = {0};
    g_assert_true(rk_bench_run(&options, &result, &error));
    g_assert_cmpuint(told.n->len, ==, 20);
    for (guint i = 0; i < told.n->len; i++)
        g_assert_cmpuint(g_array_index(told.n, uint64_t, i), ==, (50 * (i + 1) + 19) / 20);
    g_assert_cmpuint(told.n_all, ==, 50);
    g_assert_cmpstr(told.name, ==, g_array_index(result.quality, RkQualityFigure, 0).name);
    g_assert_cmpfloat(told.last, ==, g_array_index(result.quality, RkQualityFigure, 0).value);
    g_array_unref(told.n);
    g_free(told.name);
}

static void
labels_are_scored(void)
{
    static const char *const all[] = {"qps=1000", "duration_s=1", "quality=auto", NULL};
    g_autoptr(RkParams) load = settings(all);
    g_autoptr(RkTraffic) traffic = rk_traffic_new_uniform(50, 200, 1000, 7);
    traffic->labelled = TRUE;
    for (uint64_t i = 0; i < traffic->n_events; i++)
        traffic->event[i].label = (float)(i % 2);
    const RkSyntheticSpec spec = {RK_SERVICE_CONSTANT, .mean_ns = 200000, .simulated = TRUE};
    g_autoptr(RkSystem) system = rk_synthetic_new(&spec);
    const RkBenchOptions options = {.system = system,
                                    .traffic = traffic,
                                    .load = load,
                                    .seed = 5,
                                    .timer = rk_synthetic_timer(system)};
    g_autoptr(GError) error = NULL;
    g_auto(RkBenchResult) result = {0};
    g_assert_true(rk_bench_run(&options, &result, &error));
    g_assert_cmpstr(result.protocol, ==, "predict");
    g_assert_cmpstr(g_array_index(result.quality, RkQualityFigure, 0).name, ==, "auc");
    // Every score is the same, so that the order of all is a tie.
    g_assert_cmpfloat(g_array_index(result.quality, RkQualityFigure, 0).value, ==, 0.5);
}

// ---- the audit -----------------------------------------------------------------------------

// In real time, so only what holds on any machine: a stall can't be hidden.
static void
the_generator_is_audited(void)
{
    static const char *const none[] = {NULL};
    g_autoptr(RkParams) load = settings(none);
    g_autoptr(GError) error = NULL;
    RkAuditResult audit = {0};
    g_assert_true(rk_audit_generator(load, 1000, 3, &audit, &error));
    g_assert_no_error(error);
    g_assert_true(audit.done);
    g_assert_cmpfloat(audit.null_qps, >, 0);
    g_assert_cmpfloat(audit.null_lateness.p99, >=, 0);
    // 30 queries of 300 meet the 30 ms: all but 3 of them wait for less than the p99.
    g_assert_cmpfloat(fabs(audit.stall_expects_ms - 28), <, 1.5);
    g_assert_cmpfloat(audit.stall_p99_ms, >=, 0.9 * audit.stall_expects_ms);
    g_ptr_array_unref(audit.findings);
}

static double
agreement_of(uint32_t forgets, char **finding)
{
    static const char *const all[] = {"qps=1000", "duration_s=1", "candidates.n=40", NULL};
    g_autoptr(RkParams) load = settings(all);
    g_autoptr(RkTraffic) traffic = rk_traffic_new_uniform(50, 200, 1000, 7);
    const RkSyntheticSpec spec = {RK_SERVICE_CONSTANT, .mean_ns = 200000, .forgets = forgets,
                                  .simulated = TRUE};
    g_autoptr(RkSystem) system = rk_synthetic_new(&spec);
    g_autoptr(GError) error = NULL;
    g_autoptr(RkLoadSchedule) schedule =
        rk_load_schedule_new(load, traffic, 5, RK_PHASE_MEASURE, 1, &error);
    const RkLoadOptions options = {.system = system,
                                   .timer = rk_synthetic_timer(system),
                                   .schedule = schedule,
                                   .load = load,
                                   .seconds = 1,
                                   .n_samples = 64};
    g_auto(RkLoadRun) run = {0};
    g_assert_true(rk_load_run(&options, &run, &error));
    const RkAuditOptions answers = {.system = system,
                                    .timer = options.timer,
                                    .traffic = traffic,
                                    .load = load,
                                    .schedule = schedule,
                                    .run = &run,
                                    .seed = 5};
    RkAuditResult audit = {0};
    g_assert_true(rk_audit_answers(&answers, &audit, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(audit.n_sampled, ==, 64);
    g_assert_cmpfloat(audit.repeated_ms, ==, audit.distinct_ms); // it caches nothing
    *finding = audit.findings->len > 0 ? g_strdup(g_ptr_array_index(audit.findings, 0)) : NULL;
    g_ptr_array_unref(audit.findings);
    return audit.agreement;
}

static void
stale_answers_are_found(void)
{
    g_autofree char *none = NULL, *some = NULL;
    g_assert_cmpfloat(agreement_of(0, &none), ==, 1);
    g_assert_null(none);
    g_assert_cmpfloat(agreement_of(1, &some), <, 0.5);
    g_assert_nonnull(strstr(some, "stale"));
}

static void
the_machine_is_watched(void)
{
    uint64_t n_done = 3;
    const RkWatchOptions options = {.n_done = &n_done, .n = 10, .what = "measure"};
    RkWatch *watch = rk_watch_start(&options);
    g_usleep(1000);
    g_autoptr(GArray) looks = rk_watch_stop(watch);
    g_assert_cmpuint(looks->len, >=, 2);
    const RkMachineLook *first = &g_array_index(looks, RkMachineLook, 0);
    const RkMachineLook *last = &g_array_index(looks, RkMachineLook, looks->len - 1);
    g_assert_cmpuint(last->at_ns, >, first->at_ns);
    g_assert_cmpfloat(last->own_s, >=, first->own_s);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/load/validity/runs are valid, or say why not", verdicts);
    g_test_add_func("/load/validity/a limit is confirmed or breached", a_breach_is_noted);
    g_test_add_func("/load/rate/the highest that holds a limit", the_highest_rate);
    g_test_add_func("/load/bench/an interrupt is an error", an_interrupt);
    g_test_add_func("/load/bench/the JSON has the contract's members", the_json);
    g_test_add_func("/load/bench/labels are scored", labels_are_scored);
    g_test_add_func("/load/bench/accuracy is told while it is measured",
                    accuracy_is_told_while_it_is_measured);
    g_test_add_func("/load/audit/the generator sees a stall", the_generator_is_audited);
    g_test_add_func("/load/audit/stale answers are found", stale_answers_are_found);
    g_test_add_func("/load/watch/sees time pass", the_machine_is_watched);
    return g_test_run();
}
