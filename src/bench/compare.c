// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/compare.h"

#include "bench/gate.h"
#include "report/text.h"
#include "report/words.h"

#include <math.h>
#include <string.h>

// ---- merging -------------------------------------------------------------------------------

// Of a trial that borrows all but its id and its configuration.
static void
borrowed_free(gpointer trial)
{
    RkTrialResult *t = trial;
    g_free(t->id);
    g_array_unref(t->config);
    g_free(t);
}

static RkTrialResult *
borrow(const RkPick *pick, guint i, gboolean name_run)
{
    RkTrialResult *t = g_new(RkTrialResult, 1);
    *t = *pick->trial;
    t->id = g_strdup_printf("%u/%s", i, pick->trial->id);
    t->config = rk_settings_new();
    if (name_run) {
        rk_settings_add_text(t->config, "run", pick->run);
        t->n_axes++;
    }
    for (guint k = 0; k < pick->trial->config->len; k++) {
        const RkSetting *s = &g_array_index(pick->trial->config, RkSetting, k);
        rk_settings_add(t->config, s->name, s->text);
    }
    return t;
}

static gboolean
is_one_run(const RkPick *picks, guint n)
{
    for (guint i = 1; i < n; i++)
        if (picks[i].results != picks[0].results)
            return FALSE;
    return TRUE;
}

// The metric that most of the picks' runs choose by: the first run's, if any has it.
static const char *
metric_of(const RkPick *picks, guint n)
{
    for (guint i = 0; i < n; i++)
        if (picks[i].results->pareto_metric != NULL)
            return picks[i].results->pareto_metric;
    return NULL;
}

RkResults *
rk_compare_merge(const RkPick *picks, guint n)
{
    RkResults *merged = rk_results_new();
    const gboolean one = n > 0 && is_one_run(picks, n);
    g_ptr_array_set_free_func(merged->trials, borrowed_free);
    merged->suite = g_strdup(one ? picks[0].run : "Side by side");
    merged->complete = TRUE;
    for (guint i = 0; i < n; i++) {
        const RkRecommendation *r = &picks[i].results->recommended;
        RkTrialResult *t = borrow(&picks[i], i, !one);
        g_ptr_array_add(merged->trials, t);
        if (one && g_strcmp0(r->id, picks[i].trial->id) == 0)
            merged->recommended.id = g_strdup(t->id);
        if (one && g_strcmp0(r->versus, picks[i].trial->id) == 0)
            merged->recommended.versus = g_strdup(t->id);
    }
    for (guint g = 0; one && g < picks[0].results->gates->len; g++) {
        const RkGate *gate = &g_array_index(picks[0].results->gates, RkGate, g);
        rk_results_add_gate(merged, (RkGate){.name = g_strdup(gate->name),
                                             .limit = gate->limit,
                                             .value = gate->value,
                                             .pass = gate->pass});
    }
    rk_pareto(merged, metric_of(picks, n));
    return merged;
}

// ---- the table -----------------------------------------------------------------------------

typedef struct {
    guint p99, p99_change, qps, qps_change, metric, metric_change, bytes, status;
} Columns;

static guint
add_column(RkFigureTable *table, const char *title, RkUnit unit)
{
    rk_table_column(table, title, unit);
    return table->columns->len - 1;
}

static Columns
add_columns(RkFigureTable *table, const char *metric)
{
    Columns c = {0};
    rk_table_text_column(table, "Setting");
    c.p99 = add_column(table, "p99", RK_UNIT_SECONDS);
    c.p99_change = add_column(table, "p99 against the base", RK_UNIT_SHARE);
    c.qps = add_column(table, "Throughput", RK_UNIT_PER_SECOND);
    c.qps_change = add_column(table, "Throughput against the base", RK_UNIT_SHARE);
    if (metric != NULL) {
        g_autofree char *title = g_strdup_printf("%s against the base", metric);
        c.metric = add_column(table, metric, RK_UNIT_METRIC);
        c.metric_change = add_column(table, title, RK_UNIT_METRIC);
    }
    c.bytes = add_column(table, "Model", RK_UNIT_BYTES);
    rk_table_text_column(table, "Status");
    c.status = table->columns->len - 1;
    return c;
}

static gboolean
is_measured(const RkTrialResult *t)
{
    return t->status == RK_TRIAL_OK || t->status == RK_TRIAL_INVALID;
}

// Short, for a cell: "−31 % (−35 % to −27 %)".
static char *
change_text(RkEstimate e)
{
    g_autofree char *value = rk_quantity_difference(e.value, RK_UNIT_SHARE);
    if (!rk_estimate_has_interval(e))
        return g_strdup(value);
    g_autofree char *low = rk_quantity_difference(e.low, RK_UNIT_SHARE);
    g_autofree char *high = rk_quantity_difference(e.high, RK_UNIT_SHARE);
    return g_strdup_printf("%s (%s to %s)", value, low, high);
}

static void
set_change(RkFigureTable *table, guint column, const RkTrialResult *base, const RkTrialResult *t,
           const char *figure)
{
    if (t == base) {
        rk_table_set_figure(table, column, 0, "base");
        return;
    }
    if (!is_measured(base) || !is_measured(t))
        return;
    const RkEstimate change = rk_trial_change(base, t, figure, NULL, NULL);
    g_autofree char *text = change_text(change);
    rk_table_set_figure(table, column, change.value, text);
}

static void
set_metric(RkFigureTable *table, const Columns *c, const RkTrialResult *base,
           const RkTrialResult *t, const char *metric)
{
    const RkNamed *now = rk_nameds_find(t->metrics, metric);
    const RkNamed *then = rk_nameds_find(base->metrics, metric);
    if (now == NULL)
        return;
    rk_table_set(table, c->metric, now->estimate.value);
    if (t == base)
        rk_table_set_figure(table, c->metric_change, 0, "base");
    else if (then != NULL) {
        const double difference = now->estimate.value - then->estimate.value;
        g_autofree char *text = rk_quantity_difference(difference, RK_UNIT_METRIC);
        rk_table_set_figure(table, c->metric_change, difference, text);
    }
}

RkFigureTable *
rk_compare_table(const RkResults *merged, guint base)
{
    RkFigureTable *table = rk_table_new("Intervals hold with 95 % confidence");
    const char *metric = merged->pareto_metric;
    const Columns c = add_columns(table, metric);
    const RkTrialResult *against =
        base < merged->trials->len ? g_ptr_array_index(merged->trials, base) : NULL;
    for (guint i = 0; i < merged->trials->len; i++) {
        const RkTrialResult *t = g_ptr_array_index(merged->trials, i);
        g_autofree char *label = rk_trial_result_label(t);
        const RkEstimate p99 = t->latency_ms[RK_LATENCY_P99];
        g_autofree char *p99_text = rk_estimate_text(p99, 1e-3, RK_UNIT_SECONDS);
        g_autofree char *qps_text = rk_estimate_text(t->throughput_qps, 1, RK_UNIT_PER_SECOND);
        rk_table_row(table);
        rk_table_set_text(table, 0, label);
        rk_table_set_figure(table, c.p99, p99.value * 1e-3, p99_text);
        rk_table_set_figure(table, c.qps, t->throughput_qps.value, qps_text);
        rk_table_set(table, c.bytes, t->model_bytes);
        rk_table_set_text(table, c.status,
                          t->status == RK_TRIAL_OK ? "valid" : rk_trial_status_name(t->status));
        if (against == NULL)
            continue;
        set_change(table, c.p99_change, against, t, "p99_ms");
        set_change(table, c.qps_change, against, t, "throughput_qps");
        if (metric != NULL)
            set_metric(table, &c, against, t, metric);
    }
    table->marked = against != NULL ? base + 1 : 0;
    return table;
}

// ---- words ---------------------------------------------------------------------------------

// Takes the sentence, which can have texts from data in it.
static void
say(GPtrArray *words, char *sentence)
{
    g_ptr_array_add(words, rk_text_clean(sentence));
    g_free(sentence);
}

static void
say_settings(GPtrArray *words, const RkTrialResult *from, const RkTrialResult *to)
{
    for (guint i = 0; i < to->config->len; i++) {
        const RkSetting *now = &g_array_index(to->config, RkSetting, i);
        const RkSetting *then = rk_settings_find(from->config, now->name);
        if (then == NULL)
            say(words, g_strdup_printf("%s is %s; it wasn't set before.", now->name, now->text));
        else if (strcmp(then->text, now->text) != 0)
            say(words, g_strdup_printf("%s was %s and is %s.", now->name, then->text, now->text));
    }
    for (guint i = 0; i < from->config->len; i++) {
        const RkSetting *then = &g_array_index(from->config, RkSetting, i);
        if (rk_settings_find(to->config, then->name) == NULL)
            say(words,
                g_strdup_printf("%s was %s and isn't set any more.", then->name, then->text));
    }
    if (g_strcmp0(from->model, to->model) != 0 && from->model != NULL && to->model != NULL)
        say(words, g_strdup_printf("The served model was %s and is %s.", from->model, to->model));
    if (words->len == 0)
        say(words, g_strdup("The settings are the same."));
}

static void
say_environment(GPtrArray *words, const RkResults *from, const RkResults *to)
{
    static const char *const KEYS[] = {"device", "driver", "cpu"};
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        const char *then = rk_settings_text(from->environment, KEYS[i]);
        const char *now = rk_settings_text(to->environment, KEYS[i]);
        if (then != NULL && now != NULL && strcmp(then, now) != 0)
            say(words, g_strdup_printf("The %s was %s and is %s, so the difference isn't of the "
                                       "settings alone.",
                                       KEYS[i], then, now));
    }
}

// "P99 latency went from 10 ms to 7 ms: 31 % lower (..)"; a difference that noise could make is
// called that.
static void
say_figure(GPtrArray *words, const RkTrialResult *from, const RkTrialResult *to, const char *figure,
           double then, double now)
{
    g_autofree char *name = g_strdup(rk_figure_words(figure));
    const RkEstimate change = rk_trial_change(from, to, figure, NULL, NULL);
    if (!isfinite(change.value))
        return;
    g_autofree char *a = rk_figure_text(figure, then);
    g_autofree char *b = rk_figure_text(figure, now);
    g_autofree char *relative = rk_relative_text(change);
    name[0] = g_ascii_toupper(name[0]);
    say(words, g_strdup_printf("%s went from %s to %s: %s%s.", name, a, b, relative,
                               rk_estimate_is_noise(change) ? ", which is within noise" : ""));
}

static void
say_metrics(GPtrArray *words, const RkTrialResult *from, const RkTrialResult *to)
{
    for (guint i = 0; i < to->metrics->len; i++) {
        const RkNamed *now = &g_array_index(to->metrics, RkNamed, i);
        const RkNamed *then = rk_nameds_find(from->metrics, now->name);
        if (then == NULL || !isfinite(then->estimate.value) || !isfinite(now->estimate.value))
            continue;
        g_autofree char *a = rk_quantity(then->estimate.value, RK_UNIT_METRIC);
        g_autofree char *b = rk_quantity(now->estimate.value, RK_UNIT_METRIC);
        g_autofree char *difference =
            rk_quantity_difference(now->estimate.value - then->estimate.value, RK_UNIT_METRIC);
        if (strcmp(a, b) == 0)
            say(words, g_strdup_printf("%s stayed at %s.", now->name, a));
        else
            say(words, g_strdup_printf("%s went from %s to %s (%s).", now->name, a, b, difference));
    }
}

// The stage whose median moved most, if any moved by a tenth.
static void
say_stage(GPtrArray *words, const RkTrialResult *from, const RkTrialResult *to)
{
    const RkNamed *most = NULL, *before = NULL;
    for (guint i = 0; i < to->stages_us->len; i++) {
        const RkNamed *now = &g_array_index(to->stages_us, RkNamed, i);
        const RkNamed *then = rk_nameds_find(from->stages_us, now->name);
        if (then != NULL && isfinite(now->estimate.value) && isfinite(then->estimate.value) &&
            (most == NULL || fabs(now->estimate.value - then->estimate.value) >
                                 fabs(most->estimate.value - before->estimate.value))) {
            most = now;
            before = then;
        }
    }
    if (most == NULL ||
        fabs(most->estimate.value - before->estimate.value) < 0.1 * fabs(before->estimate.value))
        return;
    g_autofree char *a = rk_quantity(before->estimate.value * 1e-6, RK_UNIT_SECONDS);
    g_autofree char *b = rk_quantity(most->estimate.value * 1e-6, RK_UNIT_SECONDS);
    say(words, g_strdup_printf("Of a request's stages %s changed most: from %s to %s (median).",
                               most->name, a, b));
}

static void
say_size(GPtrArray *words, const RkTrialResult *from, const RkTrialResult *to)
{
    if (!(from->model_bytes > 0) || !(to->model_bytes > 0) || from->model_bytes == to->model_bytes)
        return;
    g_autofree char *a = rk_quantity(from->model_bytes, RK_UNIT_BYTES);
    g_autofree char *b = rk_quantity(to->model_bytes, RK_UNIT_BYTES);
    g_autofree char *change =
        rk_quantity_change(from->model_bytes, to->model_bytes, "larger", "smaller");
    say(words, g_strdup_printf("The model went from %s to %s: %s.", a, b, change));
}

static void
say_validity(GPtrArray *words, const char *which, const RkTrialResult *t)
{
    if (t->status != RK_TRIAL_OK)
        say(words, g_strdup_printf("The %s isn't a valid measurement (%s)%s%s", which,
                                   rk_trial_status_name(t->status), t->why != NULL ? ": " : ".",
                                   t->why != NULL ? t->why : ""));
}

GPtrArray *
rk_compare_words(const RkResults *from_of, const RkTrialResult *from, const RkResults *to_of,
                 const RkTrialResult *to)
{
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    say_settings(words, from, to);
    say_environment(words, from_of, to_of);
    say_validity(words, "first", from);
    say_validity(words, "second", to);
    if (!is_measured(from) || !is_measured(to))
        return words;
    say_figure(words, from, to, "p99_ms", from->latency_ms[RK_LATENCY_P99].value,
               to->latency_ms[RK_LATENCY_P99].value);
    say_figure(words, from, to, "p50_ms", from->latency_ms[RK_LATENCY_P50].value,
               to->latency_ms[RK_LATENCY_P50].value);
    say_figure(words, from, to, "throughput_qps", from->throughput_qps.value,
               to->throughput_qps.value);
    say_metrics(words, from, to);
    say_stage(words, from, to);
    say_size(words, from, to);
    return words;
}
