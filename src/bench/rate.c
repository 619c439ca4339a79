// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/rate.h"

#include "base/json.h"
#include "bench/early.h"

#include <math.h>

#define WITHIN   1.05 // of each other: the ends of the bracket at last
#define LEAST    0.1  // queries a second that are worth trying
#define MOST     1e8
#define MAX_DOWN 6u // steps down when neither end holds on repetition

typedef struct {
    const RkBenchOptions *options;
    RkParams *load;
    double p, limit_ms;
    RkRateSearch *to;
} Search;

static gboolean
holds(const RkRateProbe *probe)
{
    return 2 * probe->n_held > probe->n_runs;
}

// The probe of a rate; the list stays in order of rates.
static RkRateProbe *
probe_of(Search *s, double qps)
{
    guint at = 0;
    GArray *probes = s->to->probes;
    while (at < probes->len && g_array_index(probes, RkRateProbe, at).qps < qps)
        at++;
    if (at == probes->len || g_array_index(probes, RkRateProbe, at).qps > qps) {
        const RkRateProbe probe = {.qps = qps, .tail_ms = NAN};
        g_array_insert_val(probes, at, probe);
    }
    return &g_array_index(probes, RkRateProbe, at);
}

static void
count(const Search *s, const RkBenchResult *result, RkRateProbe *probe)
{
    const RkLoadRecords *r = result->records;
    g_autofree uint64_t *latency = g_new(uint64_t, r->n_issued + 1);
    uint64_t n_over = 0;
    for (uint64_t i = 0; i < r->n_issued; i++) {
        gboolean failed = r->record[i].done_ns == 0 || (r->record[i].flags & RK_ANSWER_FAILED);
        latency[i] = failed ? UINT64_MAX / 2 : r->record[i].done_ns - r->scheduled_ns[i];
        n_over += (double)latency[i] > s->limit_ms * 1e6;
    }
    rk_sort_u64(latency, r->n_issued);
    double tail = r->n_issued > 0 ? (double)rk_percentile(latency, r->n_issued, s->p) * 1e-6 : NAN;
    probe->tail_ms = probe->n_runs > 0 ? MAX(probe->tail_ms, tail) : tail;
    probe->throughput_qps = MAX(probe->throughput_qps, result->throughput_qps);
    probe->n += r->n_issued;
    probe->n_over += n_over;
    probe->n_runs++;
    probe->saturated |= result->saturated;
    probe->n_held += r->n_issued > 0 && !result->saturated && tail <= s->limit_ms;
}

static gboolean
run(Search *s, const char *scenario, double qps, RkBenchResult *result, GError **error)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    g_ascii_dtostr(text, sizeof text, qps);
    RkBenchOptions options = *s->options;
    options.load = s->load;
    return rk_params_set(s->load, "scenario", scenario, error) &&
           rk_params_set(s->load, "qps", text, error) && rk_bench_run(&options, result, error);
}

static gboolean
run_once(Search *s, double qps, gboolean *held, GError **error)
{
    g_auto(RkBenchResult) result = {0};
    if (!run(s, "server", qps, &result, error))
        return FALSE;
    RkRateProbe *probe = probe_of(s, qps);
    count(s, &result, probe);
    *held = holds(probe);
    return TRUE;
}

// Two runs that agree, of three at most: one alone may have met a busy machine. What saturates the
// system needs no second opinion.
static gboolean
try_rate(Search *s, double qps, gboolean *held, GError **error)
{
    const RkRateProbe *probe;
    do {
        if (!run_once(s, qps, held, error))
            return FALSE;
        probe = probe_of(s, qps);
    } while (!probe->saturated && probe->n_held < 2 && probe->n_runs - probe->n_held < 2);
    return TRUE;
}

// From the rate that was asked for: *low holds (or is 0), *high doesn't (or is MOST).
static gboolean
bracket(Search *s, double *low, double *high, GError **error)
{
    double qps = rk_params_real(s->options->load, "qps");
    gboolean held = FALSE;
    if (!try_rate(s, qps, &held, error))
        return FALSE;
    double factor = held ? 2 : 0.5;
    gboolean first = held;
    *low = held ? qps : 0;
    *high = held ? MOST : qps;
    while (held == first && qps * factor >= LEAST && qps * factor <= MOST) {
        qps *= factor;
        if (!try_rate(s, qps, &held, error))
            return FALSE;
        if (held)
            *low = qps;
        else
            *high = qps;
    }
    return TRUE;
}

static gboolean
bisect(Search *s, double *low, double *high, GError **error)
{
    while (*low > 0 && *high<MOST && * high> * low * WITHIN) {
        gboolean held = FALSE;
        double middle = sqrt(*low * *high);
        if (!try_rate(s, middle, &held, error))
            return FALSE;
        if (held)
            *low = middle;
        else
            *high = middle;
    }
    return TRUE;
}

// Both ends again, in turns; when the lower one doesn't hold any more, further down.
static gboolean
repeat(Search *s, uint32_t repeats, double low, double high, GError **error)
{
    for (uint32_t down = 0; down < MAX_DOWN && low > 0; down++) {
        gboolean low_held = TRUE, high_held = FALSE;
        for (uint32_t r = 1; r < repeats; r++)
            if (!run_once(s, low, &low_held, error) ||
                (high < MOST && !run_once(s, high, &high_held, error)))
                return FALSE;
        if (high_held || low_held) {
            s->to->best_qps = high_held ? high : low;
            return TRUE;
        }
        high = low;
        low /= WITHIN;
        if (!try_rate(s, low, &low_held, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
find_saturation(Search *s, GError **error)
{
    g_auto(RkBenchResult) result = {0};
    if (!run(s, "offline", 1, &result, error))
        return FALSE;
    s->to->saturation_qps = result.throughput_qps;
    for (guint i = 0; i < s->to->probes->len; i++)
        s->to->saturation_qps = fmax(s->to->saturation_qps,
                                     g_array_index(s->to->probes, RkRateProbe, i).throughput_qps);
    return TRUE;
}

gboolean
rk_rate_search(const RkBenchOptions *options, uint32_t repeats, RkRateSearch *search,
               GError **error)
{
    Search s = {.options = options,
                .p = rk_params_real(options->load, "percentile") / 100,
                .limit_ms = rk_params_real(options->load, "slo_p99_ms"),
                .to = search};
    *search = (RkRateSearch){.limit_ms = s.limit_ms,
                             .probes = g_array_new(FALSE, FALSE, sizeof(RkRateProbe))};
    if (s.limit_ms <= 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't search the highest rate: it needs a limit of latency. Give one with "
                    "--set slo_p99_ms=20.");
        return FALSE;
    }
    s.load = rk_params_copy(options->load);
    double low = 0, high = 0;
    gboolean done = rk_params_set(s.load, "audit", "false", error) &&
                    rk_params_set(s.load, "quality", "none", error) &&
                    bracket(&s, &low, &high, error) && bisect(&s, &low, &high, error) &&
                    repeat(&s, repeats, low, high, error) && find_saturation(&s, error);
    rk_params_free(s.load);
    if (search->best_qps > 0) {
        const RkRateProbe *best = probe_of(&s, search->best_qps);
        search->confirmed = best->n > 0 && rk_early_needed(s.p, best->n_over) <= best->n;
    }
    return done;
}

void
rk_rate_search_clear(RkRateSearch *search)
{
    g_clear_pointer(&search->probes, g_array_unref);
}

void
rk_rate_search_to_json(const RkRateSearch *search, JsonBuilder *json)
{
    rk_json_add_real(json, "limit_ms", search->limit_ms);
    rk_json_add_real(json, "best_qps", search->best_qps);
    json_builder_set_member_name(json, "confirmed");
    json_builder_add_boolean_value(json, search->confirmed);
    rk_json_add_real(json, "saturation_qps", search->saturation_qps);
    json_builder_set_member_name(json, "probes");
    json_builder_begin_array(json);
    for (guint i = 0; i < search->probes->len; i++) {
        const RkRateProbe *probe = &g_array_index(search->probes, RkRateProbe, i);
        json_builder_begin_object(json);
        rk_json_add_real(json, "qps", probe->qps);
        rk_json_add_real(json, "tail_ms", probe->tail_ms);
        rk_json_add_real(json, "throughput_qps", probe->throughput_qps);
        rk_json_add_int(json, "n", (int64_t)probe->n);
        rk_json_add_int(json, "n_over", (int64_t)probe->n_over);
        rk_json_add_int(json, "runs", probe->n_runs);
        rk_json_add_int(json, "held", probe->n_held);
        json_builder_set_member_name(json, "saturated");
        json_builder_add_boolean_value(json, probe->saturated);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}
