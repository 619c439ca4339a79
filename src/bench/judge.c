// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/gate.h"

#include "bench/statistics.h"
#include "report/words.h"
#include "train/metric.h"

#include <math.h>
#include <string.h>

#define SAME_RATE     0.02 // throughputs this near count as equal: repeats differ by as much
#define SIGNIFICANT   0.01 // p below
#define INTERVAL_SEED 1u

// ---- differences between two trials --------------------------------------------------------

static double
window_figure(const RkTimeWindow *window, const char *figure)
{
    return strcmp(figure, "p50_ms") == 0   ? window->p50_ms
           : strcmp(figure, "p99_ms") == 0 ? window->p99_ms
                                           : window->qps;
}

// A figure of every window of every repeat. Free it.
static RkWindowValue *
window_figures(const RkTrialResult *trial, const char *figure, uint32_t *n)
{
    g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(RkWindowValue));
    // Only closed loops have a rate in each window: an open loop's is the schedule's.
    const gboolean whole = strcmp(figure, "throughput_qps") == 0 &&
                           g_strcmp0(trial->scenario, "single") != 0 &&
                           g_strcmp0(trial->scenario, "multi") != 0;
    for (guint r = 0; r < trial->repeats->len; r++) {
        const RkRepeat *repeat = g_ptr_array_index(trial->repeats, r);
        RkWindowValue one = {repeat->throughput_qps, r};
        if (whole)
            g_array_append_val(values, one);
        for (guint w = 0; w < repeat->windows->len && !whole; w++) {
            one.value = window_figure(&g_array_index(repeat->windows, RkTimeWindow, w), figure);
            if (isfinite(one.value))
                g_array_append_val(values, one);
        }
    }
    *n = values->len;
    return (RkWindowValue *)(void *)g_array_free(g_steal_pointer(&values), FALSE);
}

static double *
plain(const RkWindowValue *values, uint32_t n)
{
    double *all = g_new(double, MAX(n, 1));
    for (uint32_t i = 0; i < n; i++)
        all[i] = values[i].value;
    return all;
}

static double
figure_of(const RkTrialResult *trial, const char *figure)
{
    return strcmp(figure, "p50_ms") == 0   ? trial->latency_ms[RK_LATENCY_P50].value
           : strcmp(figure, "p99_ms") == 0 ? trial->latency_ms[RK_LATENCY_P99].value
                                           : trial->throughput_qps.value;
}

RkEstimate
rk_trial_change(const RkTrialResult *before, const RkTrialResult *after, const char *figure,
                double *p, double *effect)
{
    uint32_t n_b = 0, n_a = 0;
    g_autofree RkWindowValue *b = window_figures(before, figure, &n_b);
    g_autofree RkWindowValue *a = window_figures(after, figure, &n_a);
    g_autofree double *plain_b = plain(b, n_b), *plain_a = plain(a, n_a);
    RkEstimate change = rk_ratio_interval(b, n_b, a, n_a, INTERVAL_SEED);
    const RkRankTest test = rk_mann_whitney(plain_b, n_b, plain_a, n_a);
    change.value = figure_of(after, figure) / figure_of(before, figure) - 1;
    // The interval is of windows, the value of all requests: it may lie just outside.
    change.low = fmin(change.low, change.value);
    change.high = fmax(change.high, change.value);
    if (p != NULL)
        *p = test.p;
    if (effect != NULL)
        *effect = test.delta;
    return change;
}

// ---- the recommendation --------------------------------------------------------------------

static gboolean
has_accuracy_gate(const RkJudgeOptions *o)
{
    for (uint32_t g = 0; g < o->n_gates; g++)
        if (!g_str_has_suffix(o->gates[g], "_ms") && strcmp(o->gates[g], "throughput_qps") != 0 &&
            strcmp(o->gates[g], "memory_mib") != 0)
            return TRUE;
    return FALSE;
}

static uint32_t
count_breaches(const RkJudgeOptions *o, const RkTrialResult *trial, const RkTrialResult *versus)
{
    uint32_t n = 0;
    for (uint32_t g = 0; g < o->n_gates; g++)
        n += !rk_gate_passes(o->gates[g], o->limits[g], rk_gate_value(o->gates[g], trial, versus));
    return n;
}

// Without a gate on accuracy: whether a trial costs more of it than is tolerated.
static gboolean
costs_accuracy(const RkJudgeOptions *o, const char *metric, const RkTrialResult *trial,
               const RkTrialResult *versus)
{
    if (metric == NULL || versus == NULL || has_accuracy_gate(o))
        return FALSE;
    g_autofree char *gate = g_strconcat(metric, "_drop", NULL);
    return rk_gate_value(gate, trial, versus) > o->metric_tolerance;
}

static gboolean
is_better(const RkTrialResult *a, const RkTrialResult *b, double best_qps)
{
    const gboolean fast_a = a->throughput_qps.value >= best_qps * (1 - SAME_RATE);
    const gboolean fast_b = b->throughput_qps.value >= best_qps * (1 - SAME_RATE);
    if (fast_a != fast_b)
        return fast_a;
    return a->latency_ms[RK_LATENCY_P99].value < b->latency_ms[RK_LATENCY_P99].value;
}

typedef struct {
    const RkTrialResult *best;    // meets every gate
    const RkTrialResult *nearest; // breaches the fewest
    uint32_t n_valid, n_meeting, n_costly;
    uint32_t n_alike; // as fast as the best, and whose p99 can't be told from its
    const RkTrialResult *alike;
} Choice;

static void
find_alike(Choice *c, const GPtrArray *meeting)
{
    for (guint i = 0; i < meeting->len; i++) {
        const RkTrialResult *trial = g_ptr_array_index(meeting, i);
        const double ratio = trial->throughput_qps.value / c->best->throughput_qps.value;
        if (trial == c->best || fabs(ratio - 1) > SAME_RATE)
            continue;
        const RkEstimate p99 = rk_trial_change(c->best, trial, "p99_ms", NULL, NULL);
        if (!rk_estimate_is_noise(p99))
            continue;
        c->alike = c->n_alike++ == 0 ? trial : c->alike;
    }
}

static Choice
choose(const RkResults *results, const RkJudgeOptions *o, const RkTrialResult *versus)
{
    Choice c = {0};
    double best_qps = 0;
    uint32_t fewest = UINT32_MAX;
    g_autoptr(GPtrArray) meeting = g_ptr_array_new();
    for (guint i = 0; i < results->trials->len; i++) {
        const RkTrialResult *trial = g_ptr_array_index(results->trials, i);
        if (trial->status != RK_TRIAL_OK)
            continue;
        c.n_valid++;
        const uint32_t n = count_breaches(o, trial, versus);
        if (c.nearest == NULL || n < fewest ||
            (n == fewest && trial->latency_ms[RK_LATENCY_P99].value <
                                c.nearest->latency_ms[RK_LATENCY_P99].value)) {
            c.nearest = trial;
            fewest = n;
        }
        if (n > 0)
            continue;
        c.n_meeting++;
        if (costs_accuracy(o, results->pareto_metric, trial, versus)) {
            c.n_costly++;
            continue;
        }
        g_ptr_array_add(meeting, (gpointer)trial);
        best_qps = MAX(best_qps, trial->throughput_qps.value);
    }
    for (guint i = 0; i < meeting->len; i++) {
        const RkTrialResult *trial = g_ptr_array_index(meeting, i);
        if (c.best == NULL || is_better(trial, c.best, best_qps))
            c.best = trial;
    }
    find_alike(&c, meeting);
    return c;
}

static void
append_change(GString *why, const char *what, const RkEstimate *change)
{
    g_string_append_printf(why, "%s %+.1f %%", what, change->value * 100);
    if (isfinite(change->low))
        g_string_append_printf(why, " (%+.1f to %+.1f)", change->low * 100, change->high * 100);
    if (rk_estimate_is_noise(*change))
        g_string_append(why, ", within noise");
}

// What it gains over the default, as figures and in words.
static void
tell_gains(RkResults *results, GString *why, const RkTrialResult *best, const RkTrialResult *versus)
{
    GArray *gains = results->recommended.gains;
    g_autofree char *label = rk_trial_result_label(versus);
    const RkEstimate p99 = rk_trial_change(versus, best, "p99_ms", NULL, NULL);
    const RkEstimate p50 = rk_trial_change(versus, best, "p50_ms", NULL, NULL);
    const RkEstimate rate = rk_trial_change(versus, best, "throughput_qps", NULL, NULL);
    rk_nameds_add(gains, "p99_ms", p99);
    rk_nameds_add(gains, "p50_ms", p50);
    rk_nameds_add(gains, "throughput_qps", rate);
    g_string_append_printf(why, " Against the default (%s)%s: ", label,
                           versus->status == RK_TRIAL_OK ? "" : ", whose measurement isn't valid");
    append_change(why, "p99", &p99);
    append_change(why, ", throughput", &rate);
    for (guint i = 0; i < best->metrics->len; i++) {
        const RkNamed *now = &g_array_index(best->metrics, RkNamed, i);
        const RkNamed *then = rk_nameds_find(versus->metrics, now->name);
        if (then == NULL)
            continue;
        const double difference = now->estimate.value - then->estimate.value;
        rk_nameds_add(gains, now->name, rk_estimate(difference));
        if (g_strcmp0(now->name, results->pareto_metric) == 0)
            g_string_append_printf(why, ", %s %+.4f", now->name, difference);
    }
    g_string_append_c(why, '.');
}

static void
tell_best(RkResults *results, const RkJudgeOptions *o, const Choice *c, const RkTrialResult *versus)
{
    g_autofree char *label = rk_trial_result_label(c->best);
    GString *why = g_string_new(NULL);
    g_string_append_printf(why, "%s: of %u valid trials", label, c->n_valid);
    if (o->n_gates > 0)
        g_string_append_printf(why, ", %u of which %s every gate", c->n_meeting,
                               c->n_meeting == 1 ? "meets" : "meet");
    g_string_append_printf(
        why, ", it has the lowest p99 (%.3g ms) at the highest throughput (%.4g queries/s).",
        c->best->latency_ms[RK_LATENCY_P99].value, c->best->throughput_qps.value);
    if (g_strcmp0(c->best->scenario, "server") == 0)
        g_string_append(why, " That rate is the load's, not the most that it can serve.");
    if (c->n_alike > 0) {
        g_autofree char *alike = rk_trial_result_label(c->alike);
        g_string_append_printf(why, " Its p99 is within noise of %s", alike);
        if (c->n_alike > 1)
            g_string_append_printf(why, " and %u more", c->n_alike - 1);
        g_string_append_c(why, '.');
    }
    if (c->n_costly > 0)
        g_string_append_printf(why, " Left out: %u that lose more than %g of %s.", c->n_costly,
                               o->metric_tolerance, results->pareto_metric);
    if (versus == c->best)
        g_string_append(why, " It is the default.");
    else if (versus != NULL && versus->repeats->len > 0)
        tell_gains(results, why, c->best, versus);
    results->recommended.id = g_strdup(c->best->id);
    results->recommended.why = g_string_free(why, FALSE);
}

static void
tell_none(RkResults *results, const Choice *c)
{
    if (c->nearest == NULL) {
        results->recommended.why =
            g_strdup("No trial has a valid measurement, so none can be recommended.");
        return;
    }
    g_autofree char *label = rk_trial_result_label(c->nearest);
    results->recommended.why = g_strdup_printf(
        c->n_meeting > 0
            ? "Every trial that meets the gates loses more accuracy than is tolerated. The nearest "
              "is %s."
            : "No trial meets every gate. The nearest is %s.",
        label);
}

static void
judge_gates(RkResults *results, const RkJudgeOptions *o, const RkTrialResult *trial,
            const RkTrialResult *versus)
{
    for (uint32_t g = 0; g < o->n_gates; g++) {
        RkGate gate = {.name = g_strdup(o->gates[g]), .limit = o->limits[g], .value = NAN};
        if (trial != NULL) {
            gate.value = rk_gate_value(gate.name, trial, versus);
            gate.trial = g_strdup(trial->id);
        }
        gate.pass = rk_gate_passes(gate.name, gate.limit, gate.value);
        gate.why = trial == NULL ? g_strdup("No trial has a valid measurement to judge.")
                   : isnan(gate.value)
                       ? g_strdup("It wasn't measured.")
                       : g_strdup_printf("%.4g against a limit of %.4g.", gate.value, gate.limit);
        rk_results_add_gate(results, gate);
    }
}

void
rk_judge(RkResults *results, const RkJudgeOptions *o)
{
    const RkTrialResult *versus = rk_results_trial(results, o->versus);
    rk_pareto(results, o->metric);
    const Choice c = choose(results, o, versus);
    results->recommended.versus = versus != NULL ? g_strdup(versus->id) : NULL;
    if (c.best != NULL)
        tell_best(results, o, &c, versus);
    else
        tell_none(results, &c);
    judge_gates(results, o, c.best != NULL ? c.best : c.nearest, versus);
}

// ---- the baseline --------------------------------------------------------------------------

static const struct {
    const char *figure;
    gboolean high_is_better;
    gboolean closed; // only where the load doesn't fix it
} FIGURES[] = {
    {"p50_ms", FALSE, FALSE},
    {"p99_ms", FALSE, FALSE},
    {"throughput_qps", TRUE, TRUE},
};

static gboolean
is_open_loop(const RkTrialResult *trial)
{
    return g_strcmp0(trial->scenario, "server") == 0 || g_strcmp0(trial->scenario, "replay") == 0;
}

static double
repeat_figure(const RkRepeat *repeat, const char *figure)
{
    return strcmp(figure, "p50_ms") == 0   ? repeat->latency_ms[RK_LATENCY_P50]
           : strcmp(figure, "p99_ms") == 0 ? repeat->latency_ms[RK_LATENCY_P99]
                                           : repeat->throughput_qps;
}

// Whether every repeat of one lies on the same side of every repeat of the other. Windows of a run
// share its luck, which their test doesn't know; repeats that overlap are no difference.
static gboolean
repeats_apart(const RkTrialResult *before, const RkTrialResult *after, const char *figure)
{
    gboolean above = TRUE, below = TRUE;
    for (guint b = 0; b < before->repeats->len; b++)
        for (guint a = 0; a < after->repeats->len; a++) {
            const double x = repeat_figure(g_ptr_array_index(before->repeats, b), figure);
            const double y = repeat_figure(g_ptr_array_index(after->repeats, a), figure);
            above &= y > x;
            below &= y < x;
        }
    return above || below;
}

static RkComparison
compare_figure(const RkTrialResult *before, const RkTrialResult *after, size_t f, double tolerance)
{
    RkComparison c = {.trial = g_strdup(after->id),
                      .figure = g_strdup(FIGURES[f].figure),
                      .before = figure_of(before, FIGURES[f].figure),
                      .after = figure_of(after, FIGURES[f].figure)};
    c.change = rk_trial_change(before, after, c.figure, &c.p, &c.effect);
    const gboolean told = isfinite(c.p) && isfinite(c.change.low);
    const gboolean sure = told && c.p < SIGNIFICANT && (c.change.low > 0 || c.change.high < 0) &&
                          repeats_apart(before, after, c.figure);
    const gboolean up = c.change.value > 0;
    c.verdict = !told || !isfinite(c.change.value)           ? RK_VERDICT_UNKNOWN
                : !sure || fabs(c.change.value) <= tolerance ? RK_VERDICT_SAME
                : up == FIGURES[f].high_is_better            ? RK_VERDICT_BETTER
                                                             : RK_VERDICT_WORSE;
    c.why = !told ? g_strdup("Too few repeats to tell; raise \"repeats\" or the duration.")
            : sure && c.verdict == RK_VERDICT_SAME
                ? g_strdup_printf("%+.1f %%, which is within the tolerance of %g %%.",
                                  c.change.value * 100, tolerance * 100)
                : g_strdup_printf("%+.1f %% (%+.1f to %+.1f), p = %.2g.", c.change.value * 100,
                                  c.change.low * 100, c.change.high * 100, c.p);
    return c;
}

static RkComparison
compare_metric(const RkTrialResult *after, const RkNamed *before, const RkNamed *now,
               double tolerance)
{
    uint32_t k = 0;
    const RkMetric *metric = rk_metric_find(now->name, &k, NULL);
    const double gain = (now->estimate.value - before->estimate.value) *
                        (metric != NULL && metric->better == RK_BETTER_LOW ? -1 : 1);
    RkComparison c = {.trial = g_strdup(after->id),
                      .figure = g_strdup(now->name),
                      .before = before->estimate.value,
                      .after = now->estimate.value,
                      .change = rk_estimate(now->estimate.value / before->estimate.value - 1),
                      .p = NAN,
                      .effect = NAN};
    c.verdict = isnan(gain)               ? RK_VERDICT_UNKNOWN
                : fabs(gain) <= tolerance ? RK_VERDICT_SAME
                : gain > 0                ? RK_VERDICT_BETTER
                                          : RK_VERDICT_WORSE;
    c.why = g_strdup_printf("%+.4f, tolerance %g.", now->estimate.value - before->estimate.value,
                            tolerance);
    return c;
}

static void
note_environment(const RkResults *now, const RkResults *then, GPtrArray *notes)
{
    static const char *const KEYS[] = {"device", "driver", "cpu", "os"};
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        const char *a = rk_settings_text(then->environment, KEYS[i]);
        const char *b = rk_settings_text(now->environment, KEYS[i]);
        if (a != NULL && b != NULL && strcmp(a, b) != 0)
            g_ptr_array_add(notes, g_strdup_printf("The %s was %s and is %s: differences are not "
                                                   "of the settings alone.",
                                                   KEYS[i], a, b));
    }
}

static gboolean
compare_trial(RkResults *results, const RkTrialResult *before, const RkTrialResult *after,
              double tolerance, double metric_tolerance)
{
    gboolean worse = FALSE;
    for (size_t f = 0; f < G_N_ELEMENTS(FIGURES); f++) {
        if (FIGURES[f].closed && is_open_loop(after))
            continue;
        const RkComparison c = compare_figure(before, after, f, tolerance);
        worse |= c.verdict == RK_VERDICT_WORSE;
        rk_results_add_comparison(results, c);
    }
    for (guint m = 0; m < after->metrics->len; m++) {
        const RkNamed *now = &g_array_index(after->metrics, RkNamed, m);
        const RkNamed *then = rk_nameds_find(before->metrics, now->name);
        if (then == NULL)
            continue;
        const RkComparison c = compare_metric(after, then, now, metric_tolerance);
        worse |= c.verdict == RK_VERDICT_WORSE;
        rk_results_add_comparison(results, c);
    }
    return worse;
}

gboolean
rk_compare_baseline(RkResults *results, const RkResults *baseline, const char *name,
                    double tolerance, double metric_tolerance)
{
    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
    gboolean worse = FALSE;
    uint32_t n_without = 0;
    g_free(results->baseline);
    results->baseline = g_strdup(name);
    note_environment(results, baseline, notes);
    for (guint i = 0; i < results->trials->len; i++) {
        const RkTrialResult *after = g_ptr_array_index(results->trials, i);
        const RkTrialResult *before = rk_results_trial(baseline, after->id);
        if (before == NULL || before->repeats->len == 0 || after->repeats->len == 0)
            n_without++;
        else
            worse |= compare_trial(results, before, after, tolerance, metric_tolerance);
    }
    if (n_without > 0)
        g_ptr_array_add(notes, g_strdup_printf("%u of %u trials have no measured twin in the "
                                               "baseline: nothing is said about them.",
                                               n_without, results->trials->len));
    g_ptr_array_add(notes, NULL);
    g_strfreev(results->baseline_notes);
    results->baseline_notes = (GStrv)g_ptr_array_steal(notes, NULL);
    return worse;
}
