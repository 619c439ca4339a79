// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/report.h"

#include "report/result_charts.h"
#include "report/words.h"

#include <math.h>
#include <string.h>

static const RkTrialResult *
trial_of(const RkResults *results, const char *id)
{
    return id != NULL ? rk_results_trial(results, id) : NULL;
}

static char *
label_of(const RkResults *results, const char *id)
{
    const RkTrialResult *trial = trial_of(results, id);
    return trial != NULL ? rk_trial_result_label(trial) : g_strdup(id != NULL ? id : "–");
}

// ---- the answer ----------------------------------------------------------------------------

// One sentence for each gain, accuracy last as the price.
static void
add_gains(const RkResults *results, GPtrArray *sentences)
{
    const RkRecommendation *r = &results->recommended;
    if (r->versus == NULL || g_strcmp0(r->versus, r->id) == 0) {
        g_ptr_array_add(sentences, g_strdup("It is the default setting: nothing that was tried is "
                                            "worth a change."));
        return;
    }
    const RkTrialResult *default_trial = rk_results_trial(results, r->versus);
    const gboolean valid = default_trial == NULL || default_trial->status == RK_TRIAL_OK;
    g_autofree char *versus = label_of(results, r->versus);
    g_autoptr(GString) gains = g_string_new(NULL);
    g_autoptr(GString) costs = g_string_new(NULL);
    for (guint i = 0; i < r->gains->len; i++) {
        const RkNamed *gain = &g_array_index(r->gains, RkNamed, i);
        gboolean metric = !rk_figure_is_known(gain->name);
        g_autofree char *text =
            metric ? rk_metric_difference_text(gain->estimate) : rk_relative_text(gain->estimate);
        GString *to = metric ? costs : gains;
        g_string_append_printf(to, "%s%s %s%s", to->len > 0 ? "; " : "",
                               rk_figure_words(gain->name), text,
                               rk_estimate_is_noise(gain->estimate) ? ", within noise" : "");
    }
    if (gains->len > 0)
        g_ptr_array_add(sentences, g_strdup_printf("Against the default (%s)%s: %s.", versus,
                                                   valid ? "" : ", whose measurement isn't valid",
                                                   gains->str));
    if (costs->len > 0)
        g_ptr_array_add(sentences, g_strdup_printf("Change in accuracy: %s.", costs->str));
}

static void
add_verdicts(const RkResults *results, GPtrArray *sentences)
{
    guint n_failed = 0, n_worse = 0;
    for (guint i = 0; i < results->gates->len; i++)
        n_failed += !g_array_index(results->gates, RkGate, i).pass;
    for (guint i = 0; i < results->comparisons->len; i++)
        n_worse += g_array_index(results->comparisons, RkComparison, i).verdict == RK_VERDICT_WORSE;
    if (results->gates->len == 1)
        g_ptr_array_add(sentences,
                        g_strdup(n_failed == 0 ? "The gate is held." : "The gate is breached."));
    else if (results->gates->len > 0)
        g_ptr_array_add(sentences, n_failed == 0 ? g_strdup_printf("All %u gates are held.",
                                                                   results->gates->len)
                                                 : g_strdup_printf("%u of %u gates breached.",
                                                                   n_failed, results->gates->len));
    if (results->comparisons->len > 0)
        g_ptr_array_add(sentences,
                        n_worse == 0 ? g_strdup("Nothing is worse than the baseline.")
                                     : g_strdup_printf("Worse than the baseline: %u of %u figures.",
                                                       n_worse, results->comparisons->len));
    if (!results->complete)
        g_ptr_array_add(sentences, g_strdup("The suite is not complete: trials are pending, and "
                                            "the answer may change."));
}

// Why a setting is recommended, without its name before and the gains after: the report says both
// itself, in words. NULL when nothing is left.
static char *
reason_of(const char *why, const char *label)
{
    static const char *const AFTER[] = {" Against the default (", " It is the default."};
    g_autofree char *before = g_strdup_printf("%s: ", label);
    if (why == NULL)
        return NULL;
    g_autofree char *reason = g_strdup(g_str_has_prefix(why, before) ? why + strlen(before) : why);
    for (size_t i = 0; i < G_N_ELEMENTS(AFTER); i++) {
        char *at = strstr(reason, AFTER[i]);
        if (at != NULL)
            *at = '\0';
    }
    reason[0] = g_ascii_toupper(reason[0]);
    return *reason != '\0' ? g_steal_pointer(&reason) : NULL;
}

// The headline first.
static GPtrArray *
answer_of(const RkResults *results)
{
    GPtrArray *sentences = g_ptr_array_new_with_free_func(g_free);
    const RkRecommendation *r = &results->recommended;
    if (r->id == NULL) {
        g_ptr_array_add(sentences,
                        g_strdup(results->trials->len == 0 ? "There are no trials to choose from."
                                                           : "No setting can be recommended."));
        if (r->why != NULL)
            g_ptr_array_add(sentences, g_strdup(r->why));
    } else {
        g_autofree char *label = label_of(results, r->id);
        char *why = reason_of(r->why, label);
        g_ptr_array_add(sentences, g_strdup_printf("Recommended: %s", label));
        if (why != NULL)
            g_ptr_array_add(sentences, why);
        add_gains(results, sentences);
    }
    add_verdicts(results, sentences);
    return sentences;
}

char *
rk_report_answer(const RkResults *results)
{
    g_autoptr(GPtrArray) sentences = answer_of(results);
    g_ptr_array_add(sentences, NULL);
    char *text = g_strjoinv("\n", (char **)sentences->pdata);
    return text;
}

static void
add_headline_figures(RkDocument *document, const RkResults *results)
{
    const RkTrialResult *t = trial_of(results, results->recommended.id);
    if (t == NULL)
        return;
    static const RkLatencyStat STATS[] = {RK_LATENCY_P50, RK_LATENCY_P99};
    RkBlock *block = rk_document_block(document, RK_BLOCK_FIGURES, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(STATS); i++) {
        RkEstimate e = t->latency_ms[STATS[i]];
        g_autofree char *name = g_strdup_printf("%s latency", rk_latency_stat_name(STATS[i]));
        g_autofree char *value = rk_quantity(e.value * 1e-3, RK_UNIT_SECONDS);
        g_autofree char *range =
            rk_estimate_has_interval(e)
                ? rk_quantity_range(e.low * 1e-3, e.high * 1e-3, RK_UNIT_SECONDS)
                : NULL;
        rk_block_item(block, name, value, range);
    }
    g_autofree char *qps = rk_quantity(t->throughput_qps.value, RK_UNIT_PER_SECOND);
    g_autofree char *qps_range =
        rk_estimate_has_interval(t->throughput_qps)
            ? rk_quantity_range(t->throughput_qps.low, t->throughput_qps.high, RK_UNIT_PER_SECOND)
            : NULL;
    rk_block_item(block, "throughput", qps, qps_range);
    const RkNamed *metric =
        results->pareto_metric != NULL ? rk_nameds_find(t->metrics, results->pareto_metric) : NULL;
    if (metric != NULL) {
        g_autofree char *value = rk_quantity(metric->estimate.value, RK_UNIT_METRIC);
        rk_block_item(block, metric->name, value, "through the served path");
    }
}

static void
add_answer(RkDocument *document, const RkResults *results)
{
    g_autoptr(GPtrArray) sentences = answer_of(results);
    RkBlock *block = rk_document_block(document, RK_BLOCK_ANSWER, g_ptr_array_index(sentences, 0));
    for (guint i = 1; i < sentences->len; i++)
        rk_block_item(block, g_ptr_array_index(sentences, i), NULL, NULL);
    add_headline_figures(document, results);
}

// ---- judgements ----------------------------------------------------------------------------

// What a gate looks at: "p99 latency", "loss of auc".
static char *
gate_words(const char *name)
{
    const size_t n = strlen(name) - (g_str_has_suffix(name, "_drop") ? strlen("_drop") : 0);
    return name[n] != '\0' ? g_strdup_printf("loss of %.*s", (int)n, name)
                           : g_strdup(rk_figure_words(name));
}

static void
add_gates(RkDocument *document, const RkResults *results)
{
    if (results->gates->len == 0)
        return;
    static const char *const TITLES[] = {"Gate", "Limit", "Measured", "Verdict", "Trial", "Why"};
    RkFigureTable *table = rk_table_new("");
    gboolean measured = TRUE; // then limit and value say all
    for (guint i = 0; i < results->gates->len; i++)
        measured &= isfinite(g_array_index(results->gates, RkGate, i).value);
    const guint n = G_N_ELEMENTS(TITLES) - (measured ? 1 : 0);
    for (guint k = 0; k < n; k++)
        rk_table_text_column(table, TITLES[k]);
    for (guint i = 0; i < results->gates->len; i++) {
        const RkGate *gate = &g_array_index(results->gates, RkGate, i);
        g_autofree char *words = gate_words(gate->name);
        g_autofree char *limit = rk_figure_text(gate->name, gate->limit);
        g_autofree char *value = rk_figure_text(gate->name, gate->value);
        g_autofree char *trial = label_of(results, gate->trial);
        const char *const cells[] = {words, limit,    value, gate->pass ? "held" : "breached",
                                     trial, gate->why};
        rk_table_row(table);
        for (guint k = 0; k < n; k++)
            rk_table_set_text(table, k, cells[k]);
    }
    rk_document_heading(document, 2, "Gates");
    rk_document_table(document, table);
}

static void
add_baseline(RkDocument *document, const RkResults *results)
{
    if (results->baseline == NULL)
        return;
    rk_document_heading(document, 2, "Against the baseline");
    rk_document_text(document, "Compared with %s.", results->baseline);
    for (guint i = 0; results->baseline_notes != NULL && results->baseline_notes[i] != NULL; i++)
        rk_document_text(document, "%s", results->baseline_notes[i]);
    static const char *const TITLES[] = {"Trial",  "Figure",  "Before",     "After",
                                         "Change", "Verdict", "Effect (p)", "Why"};
    RkFigureTable *table = rk_table_new("");
    for (size_t k = 0; k < G_N_ELEMENTS(TITLES); k++)
        rk_table_text_column(table, TITLES[k]);
    for (guint i = 0; i < results->comparisons->len; i++) {
        const RkComparison *c = &g_array_index(results->comparisons, RkComparison, i);
        g_autofree char *trial = label_of(results, c->trial);
        g_autofree char *before = rk_figure_text(c->figure, c->before);
        g_autofree char *after = rk_figure_text(c->figure, c->after);
        g_autofree char *change = rk_relative_text(c->change);
        g_autofree char *effect = rk_quantity(c->effect, RK_UNIT_NONE);
        g_autofree char *p = rk_quantity(c->p, RK_UNIT_NONE);
        g_autofree char *both = g_strdup_printf("%s (%s)", effect, p);
        const char *const cells[] = {trial,  rk_figure_words(c->figure),  before, after,
                                     change, rk_verdict_name(c->verdict), both,   c->why};
        rk_table_row(table);
        for (guint k = 0; k < G_N_ELEMENTS(cells); k++)
            rk_table_set_text(table, k, cells[k]);
    }
    rk_document_table(document, table);
}

// ---- trials --------------------------------------------------------------------------------

typedef struct {
    guint axes, p50, p99, qps, metric, bytes, status; // columns; metric 0: none
} TrialColumns;

static TrialColumns
trial_columns(RkFigureTable *table, const RkResults *results)
{
    TrialColumns c = {0};
    rk_table_text_column(table, "Setting");
    c.p50 = table->columns->len;
    rk_table_column(table, "p50", RK_UNIT_SECONDS);
    rk_table_column(table, "p99", RK_UNIT_SECONDS);
    rk_table_column(table, "p99.9", RK_UNIT_SECONDS);
    c.qps = table->columns->len;
    rk_table_column(table, "Throughput", RK_UNIT_PER_SECOND);
    if (results->pareto_metric != NULL) {
        c.metric = table->columns->len;
        rk_table_column(table, results->pareto_metric, RK_UNIT_METRIC);
    }
    c.bytes = table->columns->len;
    rk_table_column(table, "Model", RK_UNIT_BYTES);
    rk_table_column(table, "Requests", RK_UNIT_COUNT);
    c.status = table->columns->len;
    rk_table_text_column(table, "Status");
    return c;
}

static const char *
status_text(const RkTrialResult *t)
{
    return t->status == RK_TRIAL_OK ? "valid" : rk_trial_status_name(t->status);
}

RkFigureTable *
rk_report_trials(const RkResults *results)
{
    RkFigureTable *table = rk_table_new("");
    TrialColumns c = trial_columns(table, results);
    for (guint i = 0; i < results->trials->len; i++) {
        const RkTrialResult *t = g_ptr_array_index(results->trials, i);
        g_autofree char *label = rk_trial_result_label(t);
        rk_table_row(table);
        rk_table_set_text(table, 0, label);
        rk_table_set(table, c.p50, t->latency_ms[RK_LATENCY_P50].value * 1e-3);
        rk_table_set(table, c.p50 + 1, t->latency_ms[RK_LATENCY_P99].value * 1e-3);
        rk_table_set(table, c.p50 + 2, t->latency_ms[RK_LATENCY_P99_9].value * 1e-3);
        rk_table_set(table, c.qps, t->throughput_qps.value);
        const RkNamed *metric =
            c.metric > 0 ? rk_nameds_find(t->metrics, results->pareto_metric) : NULL;
        if (c.metric > 0)
            rk_table_set(table, c.metric, metric != NULL ? metric->estimate.value : NAN);
        rk_table_set(table, c.bytes, t->model_bytes);
        rk_table_set(table, c.bytes + 1, (double)t->n);
        rk_table_set_text(table, c.status, status_text(t));
        if (g_strcmp0(results->recommended.id, t->id) == 0)
            table->marked = i + 1;
    }
    return table;
}

static void
add_nameds(RkBlock *block, const char *prefix, const GArray *nameds, double factor, RkUnit unit)
{
    for (guint i = 0; i < nameds->len; i++) {
        const RkNamed *named = &g_array_index(nameds, RkNamed, i);
        g_autofree char *name = g_strdup_printf("%s%s", prefix, named->name);
        gboolean share = g_str_has_suffix(named->name, "rate");
        g_autofree char *text =
            rk_estimate_text(named->estimate, share ? 1 : factor, share ? RK_UNIT_SHARE : unit);
        rk_block_item(block, name, text, NULL);
    }
}

// Figures of caches that were asked at all: of one that is off they are all zero. Names are
// borrowed.
static GArray *
used_caches(const GArray *cache)
{
    GArray *used = g_array_new(FALSE, FALSE, sizeof(RkNamed));
    for (guint i = 0; i < cache->len; i++) {
        const RkNamed *one = &g_array_index(cache, RkNamed, i);
        const char *dot = strchr(one->name, '.');
        g_autofree char *asked =
            g_strdup_printf("%.*s.requests", dot != NULL ? (int)(dot - one->name) : 0, one->name);
        const RkNamed *requests = rk_nameds_find(cache, asked);
        if (requests == NULL || requests->estimate.value > 0)
            g_array_append_val(used, *one);
    }
    return used;
}

static void
add_trial(RkDocument *document, const RkTrialResult *t)
{
    g_autofree char *label = rk_trial_result_label(t);
    g_autofree char *title = g_strdup_printf("%s: %s", label, status_text(t));
    RkBlock *block = rk_document_block(document, RK_BLOCK_DETAIL, title);
    for (guint i = t->n_axes; i < t->config->len; i++) {
        const RkSetting *s = &g_array_index(t->config, RkSetting, i);
        rk_block_item(block, s->name, s->text, NULL);
    }
    for (int i = 0; i < RK_N_LATENCIES && t->n > 0; i++) {
        g_autofree char *text = rk_estimate_text(t->latency_ms[i], 1e-3, RK_UNIT_SECONDS);
        rk_block_item(block, rk_latency_stat_name((RkLatencyStat)i), text, NULL);
    }
    if (t->n > 0) {
        g_autofree char *qps = rk_estimate_text(t->throughput_qps, 1, RK_UNIT_PER_SECOND);
        rk_block_item(block, "throughput", qps, NULL);
    }
    add_nameds(block, "", t->metrics, 1, RK_UNIT_METRIC);
    add_nameds(block, "stage ", t->stages_us, 1e-6, RK_UNIT_SECONDS);
    g_autoptr(GArray) used = used_caches(t->cache);
    add_nameds(block, "cache ", used, 1, RK_UNIT_NONE);
    add_nameds(block, "lateness ", t->lateness_us, 1e-6, RK_UNIT_SECONDS);
    rk_block_item(block, "source", t->source, NULL);
    rk_block_item(block, "schedule hash", t->schedule_hash != NULL ? t->schedule_hash : "–", NULL);
    for (guint i = 0; i < t->repeats->len; i++) {
        const RkRepeat *r = g_ptr_array_index(t->repeats, i);
        g_autofree char *name = g_strdup_printf("repeat %u", r->repeat + 1);
        g_autofree char *p99 = rk_quantity(r->latency_ms[RK_LATENCY_P99] * 1e-3, RK_UNIT_SECONDS);
        g_autofree char *text = g_strdup_printf("p99 %s, seed %" G_GUINT64_FORMAT, p99, r->seed);
        rk_block_item(block, name, text, r->valid ? "valid" : "not valid");
    }
    for (guint i = 0; t->why_invalid != NULL && t->why_invalid[i] != NULL; i++)
        rk_block_item(block, "not valid", t->why_invalid[i], NULL);
    if (t->why != NULL)
        rk_block_item(block, rk_trial_status_name(t->status), t->why, NULL);
}

// ---- how it was measured -------------------------------------------------------------------

static void
add_measurement(RkDocument *document, const RkResults *results)
{
    rk_document_heading(document, 2, "How it was measured");
    guint n_valid = 0, n_invalid = 0, n_failed = 0;
    for (guint i = 0; i < results->trials->len; i++) {
        const RkTrialResult *t = g_ptr_array_index(results->trials, i);
        n_valid += t->status == RK_TRIAL_OK;
        n_invalid += t->status == RK_TRIAL_INVALID;
        n_failed += t->status == RK_TRIAL_FAILED;
    }
    rk_document_text(
        document,
        "%u trials: %u valid, %u not valid, %u failed, %u pending. Latency counts from "
        "the scheduled arrival; percentiles come from raw records, and intervals hold "
        "with 95 %% confidence.",
        results->trials->len, n_valid, n_invalid, n_failed,
        results->trials->len - n_valid - n_invalid - n_failed);
    RkBlock *list = rk_document_block(document, RK_BLOCK_LIST, NULL);
    rk_block_item(list, "Rankine", results->rankine, NULL);
    for (guint i = 0; i < results->environment->len; i++) {
        const RkSetting *s = &g_array_index(results->environment, RkSetting, i);
        rk_block_item(list, s->name, s->text, NULL);
    }
    if (results->audit->len == 0)
        return;
    rk_document_heading(document, 3, "Checks of the measurement itself");
    RkFigureTable *table = rk_table_new("");
    rk_table_text_column(table, "Check");
    rk_table_text_column(table, "Verdict");
    rk_table_text_column(table, "Detail");
    for (guint i = 0; i < results->audit->len; i++) {
        const RkAudit *audit = &g_array_index(results->audit, RkAudit, i);
        rk_table_row(table);
        rk_table_set_text(table, 0, audit->name);
        rk_table_set_text(table, 1, audit->pass ? "passed" : "failed");
        rk_table_set_text(table, 2, audit->detail);
    }
    rk_document_table(document, table);
}

static void
add_results(RkDocument *document, const RkResults *results)
{
    add_answer(document, results);
    add_gates(document, results);
    add_baseline(document, results);
    g_autoptr(GPtrArray) charts = rk_results_charts(results);
    if (charts->len > 0)
        rk_document_heading(document, 2, "Charts");
    while (charts->len > 0)
        rk_document_chart(document, g_ptr_array_steal_index(charts, 0));
    if (results->trials->len > 0) {
        rk_document_heading(document, 2, "Every trial");
        rk_document_table(document, rk_report_trials(results));
        rk_document_heading(document, 3, "Each in detail");
        for (guint i = 0; i < results->trials->len; i++)
            add_trial(document, g_ptr_array_index(results->trials, i));
    }
    add_measurement(document, results);
}

// ---- several -------------------------------------------------------------------------------

static void
add_overview(RkDocument *document, const RkResults *const *results, guint n)
{
    RkFigureTable *table = rk_table_new("The recommended setting of each run");
    rk_table_text_column(table, "Run");
    rk_table_text_column(table, "Recommended");
    rk_table_column(table, "p99", RK_UNIT_SECONDS);
    rk_table_column(table, "Throughput", RK_UNIT_PER_SECOND);
    rk_table_column(table, "Accuracy", RK_UNIT_METRIC);
    for (guint i = 0; i < n; i++) {
        const RkTrialResult *t = trial_of(results[i], results[i]->recommended.id);
        g_autofree char *label = label_of(results[i], results[i]->recommended.id);
        const char *name = results[i]->pareto_metric;
        const RkNamed *metric = t != NULL && name != NULL ? rk_nameds_find(t->metrics, name) : NULL;
        rk_table_row(table);
        rk_table_set_text(table, 0, results[i]->suite);
        rk_table_set_text(table, 1, label);
        rk_table_set(table, 2, t != NULL ? t->latency_ms[RK_LATENCY_P99].value * 1e-3 : NAN);
        rk_table_set(table, 3, t != NULL ? t->throughput_qps.value : NAN);
        rk_table_set(table, 4, metric != NULL ? metric->estimate.value : NAN);
    }
    rk_document_table(document, table);
}

RkDocument *
rk_report_new(const RkResults *const *results, guint n)
{
    g_return_val_if_fail(n > 0, NULL);
    g_autofree char *title =
        n == 1 ? g_strdup_printf("%s: Rankine report",
                                 results[0]->suite != NULL ? results[0]->suite : "Results")
               : g_strdup_printf("Rankine report on %u runs", n);
    RkDocument *document = rk_document_new(title);
    rk_document_heading(document, 1, title);
    if (n > 1)
        add_overview(document, results, n);
    for (guint i = 0; i < n; i++) {
        if (n > 1)
            rk_document_heading(document, 2, results[i]->suite);
        add_results(document, results[i]);
    }
    return document;
}
