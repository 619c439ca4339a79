// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/trial.h"

#include "base/json.h"
#include "bench/statistics.h"

#include <math.h>
#include <string.h>

#define N_BLOCKS        10u  // of a repeat, for intervals
#define MAX_WINDOWS     60u  // of the repeat that is drawn over time
#define WINDOW_REQUESTS 100u // on average, at least: fewer have no p99
#define N_QUANTILES     120u
#define BIN_GROWTH      1.05 // of the histogram that is drawn
#define INTERVAL_SEED   1u

// ---- to the store --------------------------------------------------------------------------

char *
rk_trial_to_json(const RkBenchResult *result, const RkServed *served, uint64_t seed,
                 int64_t started_s)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    rk_json_add_text(json, "status", "measured");
    rk_json_add_text(json, "model", served->model);
    rk_json_add_text(json, "source", served->source);
    rk_json_add_real(json, "model_bytes", served->bytes);
    rk_json_add_real(json, "flops", served->flops);
    rk_json_add_int(json, "seed", (int64_t)seed);
    rk_json_add_int(json, "started_s", started_s);
    rk_json_add_text(json, "rankine", RK_VERSION);
    rk_bench_result_to_json(result, json);
    json_builder_end_object(json);
    return rk_json_text(json, FALSE);
}

char *
rk_trial_failure_to_json(const GError *cause, int64_t started_s)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    rk_json_add_text(json, "status", "failed");
    rk_json_add_text(json, "why", cause->message);
    rk_json_add_int(json, "started_s", started_s);
    rk_json_add_text(json, "rankine", RK_VERSION);
    json_builder_end_object(json);
    return rk_json_text(json, FALSE);
}

// ---- reading a stored result ---------------------------------------------------------------

static double
real_of(JsonObject *object, const char *name)
{
    double value = NAN;
    return object != NULL && rk_json_real(object, name, &value, NULL) ? value : NAN;
}

static gboolean
truth_of(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);
    return node != NULL && JSON_NODE_HOLDS_VALUE(node) &&
           json_node_get_value_type(node) == G_TYPE_BOOLEAN && json_node_get_boolean(node);
}

static char *
text_of(JsonObject *object, const char *name)
{
    const char *text = NULL;
    return rk_json_string(object, name, &text, NULL) ? g_strdup(text) : NULL;
}

static JsonObject *
object_of(JsonObject *object, const char *name)
{
    JsonObject *inner = NULL;
    return object != NULL && rk_json_object(object, name, &inner, NULL) ? inner : NULL;
}

static GStrv
texts_of(JsonObject *object, const char *name)
{
    JsonArray *array = NULL;
    g_autoptr(GPtrArray) texts = g_ptr_array_new();
    if (rk_json_array(object, name, &array, NULL))
        for (guint i = 0; i < json_array_get_length(array); i++)
            g_ptr_array_add(texts, g_strdup(json_array_get_string_element(array, i)));
    g_ptr_array_add(texts, NULL);
    return (GStrv)g_ptr_array_steal(texts, NULL);
}

static char *
iso_time(int64_t seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
    return time != NULL ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : NULL;
}

// Where a figure over repeats gathers its values.
typedef struct {
    GPtrArray *names; // of char *
    GPtrArray *lists; // of GArray of double
} Gathered;

static Gathered
gathered_new(void)
{
    return (Gathered){g_ptr_array_new_with_free_func(g_free),
                      g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref)};
}

static void
gather(Gathered *to, const char *name, double value)
{
    guint i = 0;
    if (!isfinite(value))
        return;
    while (i < to->names->len && strcmp(g_ptr_array_index(to->names, i), name) != 0)
        i++;
    if (i == to->names->len) {
        g_ptr_array_add(to->names, g_strdup(name));
        g_ptr_array_add(to->lists, g_array_new(FALSE, FALSE, sizeof(double)));
    }
    g_array_append_val((GArray *)g_ptr_array_index(to->lists, i), value);
}

// Numbers inside objects get names with dots: "features.hit_rate".
static void
gather_numbers(Gathered *to, const char *prefix, JsonObject *object)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *node;
    if (object == NULL || real_of(object, "requests") == 0) // a cache that was never asked
        return;
    json_object_iter_init_ordered(&iter, object);
    while (json_object_iter_next_ordered(&iter, &name, &node)) {
        g_autofree char *full =
            *prefix != '\0' ? g_strconcat(prefix, ".", name, NULL) : g_strdup(name);
        if (JSON_NODE_HOLDS_OBJECT(node))
            gather_numbers(to, full, json_node_get_object(node));
        else
            gather(to, full, real_of(object, name));
    }
}

// Means over repeats with their intervals; ends the gathering.
static void
settle(Gathered *from, GArray *to)
{
    for (guint i = 0; i < from->names->len; i++) {
        const GArray *list = g_ptr_array_index(from->lists, i);
        rk_nameds_add(
            to, g_ptr_array_index(from->names, i),
            rk_mean_interval((const double *)(const void *)list->data, list->len, INTERVAL_SEED));
    }
    g_ptr_array_unref(from->names);
    g_ptr_array_unref(from->lists);
}

// ---- latencies and windows -----------------------------------------------------------------

// The answered requests of a run by scheduled time, and their latencies.
typedef struct {
    uint64_t n;
    uint64_t *ns;   // [n]
    double *at_s;   // [n] when they were scheduled
    double begin_s; // of the first
    double end_s;   // of the last
} Answered;

static void
answered_clear(gpointer data)
{
    Answered *a = data;
    g_free(a->ns);
    g_free(a->at_s);
}

static Answered
answered_of(const RkTrialRun *run)
{
    Answered a = {.ns = g_new(uint64_t, MAX(run->n, 1)), .at_s = g_new(double, MAX(run->n, 1))};
    for (uint64_t i = 0; i < run->n; i++) {
        if (run->done_ns[i] <= 0 || (run->flags[i] & RK_ANSWER_FAILED) != 0)
            continue;
        a.at_s[a.n] = (double)run->scheduled_ns[i] * 1e-9;
        a.begin_s = a.n == 0 ? a.at_s[a.n] : MIN(a.begin_s, a.at_s[a.n]);
        a.end_s = a.n == 0 ? a.at_s[a.n] : MAX(a.end_s, a.at_s[a.n]);
        a.ns[a.n++] = (uint64_t)MAX(run->done_ns[i] - run->scheduled_ns[i], 1);
    }
    return a;
}

static RkTimeWindow
window_of(const uint64_t *ns, uint64_t n, double t_s, double seconds)
{
    RkTimeWindow window = {
        .t_s = t_s, .n = n, .qps = seconds > 0 ? (double)n / seconds : (double)NAN};
    window.p50_ms = window.p90_ms = window.p99_ms = window.max_ms = NAN;
    if (n == 0)
        return window;
    g_autofree uint64_t *sorted = g_memdup2(ns, n * sizeof *ns);
    rk_sort_u64(sorted, n);
    window.p50_ms = (double)rk_percentile(sorted, n, 0.5) * 1e-6;
    window.p90_ms = (double)rk_percentile(sorted, n, 0.9) * 1e-6;
    window.p99_ms = (double)rk_percentile(sorted, n, 0.99) * 1e-6;
    window.max_ms = (double)sorted[n - 1] * 1e-6;
    return window;
}

// Requests are scheduled in order, so a window is a run of them. Where all were scheduled at once
// (offline), windows have as many each, in the order they were asked.
static void
cut_windows(const Answered *a, uint32_t n_windows, GArray *windows, GArray *blocks, uint32_t repeat)
{
    const double all_s = a->end_s - a->begin_s;
    uint64_t first = 0;
    for (uint32_t w = 0; w < n_windows && a->n > 0; w++) {
        uint64_t end = a->n * (w + 1) / n_windows;
        const double from = a->begin_s + all_s * w / n_windows;
        if (all_s > 0) {
            const double until = a->begin_s + all_s * (w + 1) / n_windows;
            for (end = first; end < a->n && (w + 1 == n_windows || a->at_s[end] < until); end++)
                ;
        }
        const RkTimeWindow window =
            window_of(a->ns + first, end - first, from - a->begin_s, all_s / n_windows);
        g_array_append_val(windows, window);
        if (blocks != NULL && end > first) {
            const RkBlock block = {repeat, end - first, a->ns + first};
            g_array_append_val(blocks, block);
        }
        first = end;
    }
}

// ---- one repeat ----------------------------------------------------------------------------

static RkRepeat *
repeat_of(const RkTrialRun *run, JsonObject *object, const Answered *a, GArray *blocks)
{
    RkRepeat *repeat = rk_repeat_new();
    JsonObject *latency = object_of(object, "latency_ms");
    int64_t seed = 0, started_s = 0, n = 0;
    rk_json_int(object, "seed", &seed, NULL);
    rk_json_int(object, "started_s", &started_s, NULL);
    rk_json_int(object, "n", &n, NULL);
    repeat->repeat = run->repeat;
    repeat->seed = (uint64_t)seed;
    repeat->started = iso_time(started_s);
    repeat->valid = truth_of(object, "valid");
    g_strfreev(repeat->why_invalid);
    repeat->why_invalid = texts_of(object, "why_invalid");
    repeat->n = (uint64_t)MAX(n, 0);
    repeat->duration_s = real_of(object, "duration_s");
    repeat->throughput_qps = real_of(object, "throughput_qps");
    for (int s = 0; s < RK_N_LATENCIES; s++)
        repeat->latency_ms[s] = real_of(latency, rk_latency_stat_name(s));
    repeat->schedule_hash = text_of(object, "schedule_hash");
    cut_windows(a, N_BLOCKS, repeat->windows, blocks, run->repeat);
    return repeat;
}

static void
read_audit(JsonObject *object, RkResults *results)
{
    JsonObject *audit = object_of(object, "audit");
    if (audit == NULL || results == NULL || results->audit->len > 0)
        return;
    g_auto(GStrv) findings = texts_of(audit, "findings");
    rk_results_add_audit(
        results, (RkAudit){g_strdup("null"), TRUE,
                           g_strdup_printf("The generator sustains %.0f requests/s against a "
                                           "system that answers at once.",
                                           real_of(audit, "null_qps"))});
    rk_results_add_audit(
        results,
        (RkAudit){g_strdup("stall"), TRUE,
                  g_strdup_printf("A stall of %.1f ms put in on purpose was seen as a p99 of "
                                  "%.1f ms; the schedule tells %.1f ms.",
                                  real_of(audit, "stall_ms"), real_of(audit, "stall_p99_ms"),
                                  real_of(audit, "stall_expects_ms"))});
    rk_results_add_audit(
        results,
        (RkAudit){g_strdup("repeated"), TRUE,
                  g_strdup_printf("One query again and again takes %.3f ms, distinct ones "
                                  "%.3f ms.",
                                  real_of(audit, "repeated_ms"), real_of(audit, "distinct_ms"))});
    if (real_of(audit, "n_sampled") > 0)
        rk_results_add_audit(
            results,
            (RkAudit){g_strdup("sampled"), TRUE,
                      g_strdup_printf("%.4g %% of the items in %.0f answers sampled under load are "
                                      "what the model says at rest.",
                                      real_of(audit, "agreement") * 100,
                                      real_of(audit, "n_sampled"))});
    for (char **finding = findings; *finding != NULL; finding++)
        rk_results_add_audit(results, (RkAudit){g_strdup("finding"), FALSE, g_strdup(*finding)});
}

// ---- all of them ---------------------------------------------------------------------------

// Every reason once.
static GStrv
join_reasons(const GPtrArray *repeats)
{
    g_autoptr(GPtrArray) reasons = g_ptr_array_new();
    for (guint r = 0; r < repeats->len; r++)
        for (char **why = ((RkRepeat *)g_ptr_array_index(repeats, r))->why_invalid; *why; why++)
            if (!g_ptr_array_find_with_equal_func(reasons, *why, g_str_equal, NULL))
                g_ptr_array_add(reasons, *why);
    g_ptr_array_add(reasons, NULL);
    return g_strdupv((char **)reasons->pdata);
}

static gint
compare_p99(gconstpointer a, gconstpointer b)
{
    const double x = (*(RkRepeat *const *)a)->latency_ms[RK_LATENCY_P99];
    const double y = (*(RkRepeat *const *)b)->latency_ms[RK_LATENCY_P99];
    return (x > y) - (x < y);
}

static void
draw_windows(RkTrialResult *trial, const Answered *all, const RkTrialRun *runs, uint32_t n_runs)
{
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    for (guint i = 0; i < trial->repeats->len; i++)
        g_ptr_array_add(sorted, g_ptr_array_index(trial->repeats, i));
    if (sorted->len == 0)
        return;
    g_ptr_array_sort(sorted, compare_p99);
    const RkRepeat *middle = g_ptr_array_index(sorted, (sorted->len - 1) / 2);
    for (uint32_t r = 0; r < n_runs; r++)
        if (runs[r].repeat == middle->repeat) {
            const uint64_t n = all[r].n / WINDOW_REQUESTS;
            cut_windows(&all[r], (uint32_t)CLAMP(n, N_BLOCKS, MAX_WINDOWS), trial->windows, NULL,
                        0);
        }
}

// Shares that get denser towards 1: so many from 0 to 0.9, to 0.99, to 0.999, to 1.
static double
share_at(uint32_t i)
{
    const uint32_t part = N_QUANTILES / 4;
    const double from[] = {0, 0.9, 0.99, 0.999, 1};
    const uint32_t p = MIN(i / part, 3u);
    return from[p] + (from[p + 1] - from[p]) * (i - p * part) / part;
}

static void
draw_distribution(RkTrialResult *trial, const uint64_t *sorted, uint64_t n)
{
    RkCurve *q = rk_curve_new("share", N_QUANTILES + 1);
    for (uint32_t i = 0; i <= N_QUANTILES; i++) {
        q->x[i] = share_at(i);
        q->y[i] = (double)sorted[MIN((uint64_t)(q->x[i] * (double)n), n - 1)] * 1e-6;
    }
    trial->quantiles = *q;
    g_free(q);
    const double low = (double)sorted[0] * 1e-6, high = (double)sorted[n - 1] * 1e-6;
    const uint32_t n_bins = (uint32_t)(log(high / low) / log(BIN_GROWTH)) + 1;
    RkCurve *h = rk_curve_new("requests", n_bins);
    uint64_t i = 0;
    for (uint32_t b = 0; b < n_bins; b++) {
        h->x[b] = b + 1 == n_bins ? MAX(high, low * pow(BIN_GROWTH, b + 1))
                                  : low * pow(BIN_GROWTH, b + 1);
        for (; i < n && ((double)sorted[i] * 1e-6 < h->x[b] || b + 1 == n_bins); i++)
            h->y[b]++;
    }
    trial->histogram = *h;
    g_free(h);
}

static void
fill_latencies(RkTrialResult *trial, const Answered *all, uint32_t n_runs, const GArray *blocks,
               uint32_t n_repeats)
{
    uint64_t n = 0;
    for (uint32_t r = 0; r < n_runs; r++)
        n += all[r].n;
    if (n == 0)
        return;
    g_autofree uint64_t *merged = g_new(uint64_t, n);
    n = 0;
    for (uint32_t r = 0; r < n_runs; r++) {
        memcpy(merged + n, all[r].ns, all[r].n * sizeof *merged);
        n += all[r].n;
    }
    rk_block_intervals((const RkBlock *)(const void *)blocks->data, blocks->len, n_repeats,
                       INTERVAL_SEED, trial->latency_ms);
    const RkSpread spread = rk_spread_of(merged, n, 1e6); // sorts them
    const double values[RK_N_LATENCIES] = {spread.mean, spread.p50,  spread.p90, spread.p95,
                                           spread.p99,  spread.p999, spread.max};
    for (int s = 0; s < RK_N_LATENCIES; s++)
        trial->latency_ms[s].value = values[s];
    draw_distribution(trial, merged, n);
}

typedef struct {
    RkTrialResult *trial;
    Gathered stages, cache, lateness, metrics;
    GArray *blocks; // of RkBlock
    GArray *rates;  // of double
    double n, seconds;
    uint32_t n_repeats; // highest + 1
} Summary;

static void
add_figures(Summary *s, JsonObject *object)
{
    JsonObject *stages = object_of(object, "stages_us");
    for (int i = 0; i < RK_N_STAGES && stages != NULL; i++) {
        const char *name = rk_stage_name((RkStage)i);
        gather(&s->stages, name, real_of(object_of(stages, name), "p50"));
    }
    gather_numbers(&s->cache, "", object_of(object, "cache"));
    gather_numbers(&s->cache, "cold", object_of(object, "cache_cold"));
    gather(&s->cache, "answers.hit_p99_ms", real_of(object_of(object, "latency_cached_ms"), "p99"));
    gather(&s->cache, "answers.miss_p99_ms",
           real_of(object_of(object, "latency_computed_ms"), "p99"));
    gather(&s->cache, "answers.agreement", real_of(object_of(object, "audit"), "agreement"));
    gather_numbers(&s->lateness, "", object_of(object, "lateness_us"));
    gather_numbers(&s->metrics, "", object_of(object, "metrics"));
}

static gboolean
add_run(Summary *s, const RkTrialRun *run, Answered *answered, RkResults *audit, GError **error)
{
    RkTrialResult *trial = s->trial;
    g_autoptr(JsonNode) root = rk_json_parse(run->result, "a stored trial", error);
    if (root == NULL)
        return FALSE;
    JsonObject *object = json_node_get_object(root);
    g_autofree char *status = text_of(object, "status");
    if (g_strcmp0(status, "failed") == 0) {
        trial->status = RK_TRIAL_FAILED;
        g_free(trial->why);
        trial->why = text_of(object, "why");
        return TRUE;
    }
    *answered = answered_of(run);
    RkRepeat *repeat = repeat_of(run, object, answered, s->blocks);
    g_ptr_array_add(trial->repeats, repeat);
    if (trial->repeats->len == 1) {
        trial->model = text_of(object, "model");
        trial->scenario = text_of(object, "scenario");
        trial->source = text_of(object, "source");
        trial->model_bytes = real_of(object, "model_bytes");
        trial->flops = real_of(object, "flops");
        trial->schedule_hash = g_strdup(repeat->schedule_hash);
    }
    trial->saturated |= truth_of(object, "saturated");
    trial->n += repeat->n;
    s->n += repeat->throughput_qps * repeat->duration_s;
    s->seconds += repeat->duration_s;
    s->n_repeats = MAX(s->n_repeats, run->repeat + 1);
    g_array_append_val(s->rates, repeat->throughput_qps);
    add_figures(s, object);
    read_audit(object, audit);
    return TRUE;
}

// A failed repeat makes the trial failed, one that lacks leaves it pending.
static void
set_status(RkTrialResult *trial, uint32_t n_wanted)
{
    g_strfreev(trial->why_invalid);
    trial->why_invalid = join_reasons(trial->repeats);
    trial->valid = trial->repeats->len > 0 && trial->status != RK_TRIAL_FAILED;
    for (guint r = 0; r < trial->repeats->len; r++)
        trial->valid &= ((RkRepeat *)g_ptr_array_index(trial->repeats, r))->valid;
    if (trial->status == RK_TRIAL_FAILED)
        return;
    trial->status = trial->repeats->len < n_wanted ? RK_TRIAL_PENDING
                    : trial->valid                 ? RK_TRIAL_OK
                                                   : RK_TRIAL_INVALID;
    if (trial->status == RK_TRIAL_PENDING)
        trial->why = g_strdup_printf("%u of %u repeats were measured; --resume goes on.",
                                     trial->repeats->len, n_wanted);
}

RkTrialResult *
rk_trial_summarize(const RkTrialSpec *spec, const RkTrialRun *runs, uint32_t n_runs,
                   uint32_t n_wanted, RkResults *audit, GError **error)
{
    g_autoptr(RkTrialResult) trial = rk_trial_result_new();
    g_autoptr(GArray) all = g_array_new(FALSE, TRUE, sizeof(Answered));
    g_autoptr(GArray) blocks = g_array_new(FALSE, FALSE, sizeof(RkBlock));
    g_autoptr(GArray) rates = g_array_new(FALSE, FALSE, sizeof(double));
    g_array_set_clear_func(all, answered_clear);
    g_array_set_size(all, n_runs);
    Answered *answered = (Answered *)(void *)all->data;
    Summary s = {trial,          gathered_new(), gathered_new(), gathered_new(),
                 gathered_new(), blocks,         rates};
    trial->id = g_strdup(spec->id);
    trial->n_axes = spec->n_axes;
    for (guint i = 0; i < spec->config->len; i++) {
        const RkSetting *one = &g_array_index(spec->config, RkSetting, i);
        (one->kind == RK_SETTING_TEXT ? rk_settings_add_text
                                      : rk_settings_add)(trial->config, one->name, one->text);
    }
    gboolean read = TRUE;
    for (uint32_t r = 0; r < n_runs && read; r++)
        read = add_run(&s, &runs[r], &answered[r], audit, error);
    settle(&s.stages, trial->stages_us);
    settle(&s.cache, trial->cache);
    settle(&s.lateness, trial->lateness_us);
    settle(&s.metrics, trial->metrics);
    if (!read)
        return NULL;
    if (rates->len > 0) {
        trial->throughput_qps =
            rk_mean_interval((const double *)(const void *)rates->data, rates->len, INTERVAL_SEED);
        trial->throughput_qps.value = s.n / s.seconds;
    }
    fill_latencies(trial, answered, n_runs, blocks, s.n_repeats);
    draw_windows(trial, answered, runs, n_runs);
    set_status(trial, n_wanted);
    return g_steal_pointer(&trial);
}
