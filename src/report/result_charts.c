// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/result_charts.h"

#include <math.h>
#include <string.h>

#define MAX_SHOWN  6  // trials whose distributions and stages are shown
#define MAX_CURVES 10 // settings in one chart of throughput

static gboolean
is_measured(const RkTrialResult *trial)
{
    return trial->status == RK_TRIAL_OK || trial->status == RK_TRIAL_INVALID;
}

static gboolean
is_on_front(const RkResults *results, const char *id)
{
    for (guint i = 0; i < results->pareto->len; i++)
        if (g_strcmp0(g_ptr_array_index(results->pareto, i), id) == 0)
            return TRUE;
    return FALSE;
}

static void
show(GPtrArray *shown, const RkTrialResult *trial, guint most)
{
    if (trial != NULL && is_measured(trial) && shown->len < most &&
        !g_ptr_array_find(shown, trial, NULL))
        g_ptr_array_add(shown, (gpointer)trial);
}

static const RkTrialResult *
find(const RkResults *results, const char *id)
{
    return id != NULL ? rk_results_trial(results, id) : NULL;
}

GPtrArray *
rk_results_shown_trials(const RkResults *results, guint most)
{
    GPtrArray *shown = g_ptr_array_new();
    show(shown, find(results, results->recommended.id), most);
    show(shown, find(results, results->recommended.versus), most);
    for (guint i = 0; i < results->pareto->len; i++)
        show(shown, find(results, g_ptr_array_index(results->pareto, i)), most);
    for (guint i = 0; i < results->trials->len && shown->len == 0; i++)
        show(shown, g_ptr_array_index(results->trials, i), most);
    return shown;
}

double
rk_results_limit_ms(const RkResults *results)
{
    for (guint i = 0; i < results->gates->len; i++) {
        const RkGate *gate = &g_array_index(results->gates, RkGate, i);
        if (g_strcmp0(gate->name, "p99_ms") == 0)
            return gate->limit;
    }
    return NAN;
}

// Keeps the texts that a chart's points refer to until it is made.
typedef GPtrArray Names;

static const char *
keep(Names *names, char *text)
{
    g_ptr_array_add(names, text);
    return text;
}

static Names *
names_new(void)
{
    return g_ptr_array_new_with_free_func(g_free);
}

// ---- pareto --------------------------------------------------------------------------------

static double
metric_of(const RkTrialResult *trial, const char *metric)
{
    const RkNamed *named = metric != NULL ? rk_nameds_find(trial->metrics, metric) : NULL;
    return named != NULL ? named->estimate.value : NAN;
}

static RkChart *
make_pareto(const RkResults *results)
{
    g_autoptr(GArray) points = g_array_new(FALSE, FALSE, sizeof(RkTradeoff));
    g_autoptr(GPtrArray) names = names_new();
    for (guint i = 0; i < results->trials->len; i++) {
        const RkTrialResult *t = g_ptr_array_index(results->trials, i);
        RkTradeoff point = {.name = keep(names, rk_trial_result_label(t)),
                            .p99_ms = t->latency_ms[RK_LATENCY_P99].value,
                            .qps = t->throughput_qps.value,
                            .accuracy = metric_of(t, results->pareto_metric),
                            .valid = t->valid,
                            .on_front = is_on_front(results, t->id),
                            .recommended = g_strcmp0(results->recommended.id, t->id) == 0};
        if (is_measured(t))
            g_array_append_val(points, point);
    }
    if (points->len < 2)
        return NULL;
    return rk_chart_pareto((const RkTradeoff *)(const void *)points->data, points->len,
                           results->pareto_metric, rk_results_limit_ms(results));
}

// ---- throughput ----------------------------------------------------------------------------

static gboolean
is_rate(const char *name)
{
    return g_str_has_suffix(name, "qps") || g_str_has_suffix(name, "rate");
}

// What tells a trial from the others but for its rate; NULL when no rate was varied.
static char *
setting_but_rate(const RkTrialResult *trial)
{
    GString *out = g_string_new(NULL);
    gboolean varied = FALSE;
    for (guint i = 0; i < MIN(trial->n_axes, trial->config->len); i++) {
        const RkSetting *s = &g_array_index(trial->config, RkSetting, i);
        if (is_rate(s->name))
            varied = TRUE;
        else
            g_string_append_printf(out, "%s%s=%s", out->len > 0 ? ", " : "", s->name, s->text);
    }
    if (out->len == 0)
        g_string_append(out, trial->model != NULL ? trial->model : "all trials");
    return g_string_free(out, !varied);
}

// Only so many curves can be told apart: those of the shown trials first.
static gboolean
takes_part(GHashTable *settings, const char *setting)
{
    if (!g_hash_table_contains(settings, setting) && g_hash_table_size(settings) < MAX_CURVES)
        g_hash_table_add(settings, (gpointer)setting);
    return g_hash_table_contains(settings, setting);
}

static RkChart *
make_throughput(const RkResults *results)
{
    g_autoptr(GArray) points = g_array_new(FALSE, FALSE, sizeof(RkLoadPoint));
    g_autoptr(GPtrArray) names = names_new();
    g_autoptr(GHashTable) settings = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) shown = rk_results_shown_trials(results, MAX_CURVES);
    guint n_left_out = 0;
    for (guint i = 0; i < shown->len + results->trials->len; i++) {
        const RkTrialResult *t = i < shown->len
                                     ? g_ptr_array_index(shown, i)
                                     : g_ptr_array_index(results->trials, i - shown->len);
        char *setting = is_measured(t) ? setting_but_rate(t) : NULL;
        if (setting == NULL)
            continue;
        gboolean part = takes_part(settings, keep(names, setting));
        RkLoadPoint point = {setting, t->throughput_qps.value, t->latency_ms[RK_LATENCY_P99].value,
                             t->valid};
        n_left_out += i >= shown->len && !part;
        if (part && i >= shown->len)
            g_array_append_val(points, point);
    }
    if (points->len < 2)
        return NULL;
    RkChart *chart = rk_chart_throughput((const RkLoadPoint *)(const void *)points->data,
                                         points->len, rk_results_limit_ms(results));
    if (n_left_out > 0) {
        g_autofree char *note = g_strdup_printf("%s%s%u trials of other settings are in the table.",
                                                chart->note != NULL ? chart->note : "",
                                                chart->note != NULL ? " " : "", n_left_out);
        rk_chart_set_note(chart, note);
    }
    return chart;
}

// ---- of shown trials -----------------------------------------------------------------------

static RkChart *
make_distribution(const RkResults *results)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(RkDistribution));
    g_autoptr(GPtrArray) names = names_new();
    g_autoptr(GPtrArray) shown = rk_results_shown_trials(results, MAX_SHOWN);
    for (guint i = 0; i < shown->len; i++) {
        const RkTrialResult *t = g_ptr_array_index(shown, i);
        RkDistribution d = {keep(names, rk_trial_result_label(t)),
                            t->quantiles.n,
                            t->quantiles.x,
                            t->quantiles.y,
                            t->histogram.n,
                            t->histogram.x,
                            t->histogram.y};
        if (t->quantiles.n > 0)
            g_array_append_val(all, d);
    }
    if (all->len == 0)
        return NULL;
    return rk_chart_distribution((const RkDistribution *)(const void *)all->data, all->len,
                                 rk_results_limit_ms(results));
}

static RkChart *
make_latency_time(const RkResults *results)
{
    g_autoptr(GPtrArray) shown = rk_results_shown_trials(results, 1);
    const RkTrialResult *t = shown->len > 0 ? g_ptr_array_index(shown, 0) : NULL;
    if (t == NULL || t->windows->len < 2)
        return NULL;
    g_autofree RkTimePoint *points = g_new(RkTimePoint, t->windows->len);
    for (guint i = 0; i < t->windows->len; i++) {
        const RkTimeWindow *w = &g_array_index(t->windows, RkTimeWindow, i);
        points[i] = (RkTimePoint){w->t_s, w->p50_ms, w->p90_ms, w->p99_ms, w->qps};
    }
    RkChart *chart = rk_chart_latency_time(points, t->windows->len, rk_results_limit_ms(results));
    g_autofree char *label = rk_trial_result_label(t);
    g_autofree char *note = g_strdup_printf("%s; the repeat whose p99 is the median one.", label);
    rk_chart_set_note(chart, note);
    return chart;
}

static RkChart *
make_stages(const RkResults *results)
{
    g_autoptr(GArray) bars = g_array_new(FALSE, FALSE, sizeof(RkStageBar));
    g_autoptr(GPtrArray) names = names_new(); // labels, and the arrays of the bars
    g_autoptr(GPtrArray) shown = rk_results_shown_trials(results, MAX_SHOWN * 2);
    for (guint i = 0; i < shown->len; i++) {
        const RkTrialResult *t = g_ptr_array_index(shown, i);
        guint n = t->stages_us->len;
        const char **stage = g_new(const char *, MAX(n, 1));
        double *us = g_new(double, MAX(n, 1));
        g_ptr_array_add(names, stage);
        g_ptr_array_add(names, us);
        for (guint k = 0; k < n; k++) {
            const RkNamed *named = &g_array_index(t->stages_us, RkNamed, k);
            stage[k] = named->name;
            us[k] = named->estimate.value;
        }
        RkStageBar bar = {keep(names, rk_trial_result_label(t)), n, stage, us};
        if (n > 0)
            g_array_append_val(bars, bar);
    }
    return bars->len > 0 ? rk_chart_stages((const RkStageBar *)(const void *)bars->data, bars->len)
                         : NULL;
}

// ---- caches --------------------------------------------------------------------------------

static const RkNamed *
named_ending(const GArray *nameds, const char *end)
{
    for (guint i = 0; i < nameds->len; i++)
        if (g_str_has_suffix(g_array_index(nameds, RkNamed, i).name, end))
            return &g_array_index(nameds, RkNamed, i);
    return NULL;
}

static const RkSetting *
setting_ending(const RkTrialResult *trial, const char *end)
{
    for (guint i = 0; i < trial->config->len; i++)
        if (g_str_has_suffix(g_array_index(trial->config, RkSetting, i).name, end))
            return &g_array_index(trial->config, RkSetting, i);
    return NULL;
}

static void
add_cache_point(GArray *points, const char *policy, double entries, const RkNamed *rate,
                gboolean bound)
{
    if (rate == NULL || isnan(rate->estimate.value))
        return;
    for (guint i = 0; i < points->len; i++) { // other axes may differ: the best is shown
        RkCachePoint *p = &g_array_index(points, RkCachePoint, i);
        if (p->bound == bound && p->entries == entries && strcmp(p->policy, policy) == 0) {
            p->hit_rate = MAX(p->hit_rate, rate->estimate.value);
            return;
        }
    }
    RkCachePoint point = {policy, entries, rate->estimate.value, bound};
    g_array_append_val(points, point);
}

static RkChart *
make_cache(const RkResults *results)
{
    g_autoptr(GArray) points = g_array_new(FALSE, FALSE, sizeof(RkCachePoint));
    for (guint i = 0; i < results->trials->len; i++) {
        const RkTrialResult *t = g_ptr_array_index(results->trials, i);
        const RkSetting *policy = setting_ending(t, "policy");
        const RkSetting *entries = setting_ending(t, "entries");
        if (!is_measured(t) || policy == NULL || entries == NULL || isnan(entries->number) ||
            strcmp(policy->text, "none") == 0)
            continue;
        add_cache_point(points, policy->text, entries->number, named_ending(t->cache, "hit_rate"),
                        FALSE);
        add_cache_point(points, "bound (Bélády)", entries->number, named_ending(t->cache, "bound"),
                        TRUE);
    }
    return points->len >= 2
               ? rk_chart_cache((const RkCachePoint *)(const void *)points->data, points->len)
               : NULL;
}

// ---- models --------------------------------------------------------------------------------

static RkChart *
make_size(const RkResults *results)
{
    g_autoptr(GArray) points = g_array_new(FALSE, FALSE, sizeof(RkSizePoint));
    g_autoptr(GPtrArray) names = names_new();
    const char *metric = results->pareto_metric;
    for (guint i = 0; i < results->models->len && metric != NULL; i++) {
        const RkModelResult *m = g_ptr_array_index(results->models, i);
        const RkNamed *accuracy = rk_nameds_find(m->metrics, metric);
        g_auto(GStrv) words = g_strsplit(m->how != NULL ? m->how : "trained", "=", 2);
        if (accuracy == NULL || !(m->bytes > 0))
            continue;
        RkSizePoint point = {m->name, keep(names, g_strdup(words[0])), m->bytes,
                             accuracy->estimate.value, m->parent == NULL};
        g_array_append_val(points, point);
    }
    return points->len >= 2
               ? rk_chart_size((const RkSizePoint *)(const void *)points->data, points->len, metric)
               : NULL;
}

static RkChart *
make_training(const RkResults *results)
{
    g_autoptr(GArray) curves = g_array_new(FALSE, FALSE, sizeof(RkTrainingCurve));
    for (guint i = 0; i < results->models->len; i++) {
        const RkModelResult *m = g_ptr_array_index(results->models, i);
        for (guint k = 0; k < m->curves->len; k++) {
            const RkCurve *c = g_ptr_array_index(m->curves, k);
            RkTrainingCurve curve = {m->name, c->name, c->n, c->x, c->y};
            if (c->n > 1)
                g_array_append_val(curves, curve);
        }
    }
    return curves->len > 0 ? rk_chart_training((const RkTrainingCurve *)(const void *)curves->data,
                                               curves->len, "Epoch")
                           : NULL;
}

// ---- all -----------------------------------------------------------------------------------

// Results of suites hold no profile of ops and no sensitivities; other pages have them.
static RkChart *
make_nothing(const RkResults *results G_GNUC_UNUSED)
{
    return NULL;
}
#define make_sensitivity make_nothing
#define make_ops         make_nothing
#define make_roofline    make_nothing

static const struct {
    const char *word;
    RkChart *(*make)(const RkResults *results);
} KINDS[] = {
#define RK_CHART(id, word, help) {word, make_##id},
#include "report/charts.def"
#undef RK_CHART
};

RkChart *
rk_results_chart(const RkResults *results, const char *word)
{
    for (size_t i = 0; i < G_N_ELEMENTS(KINDS); i++)
        if (strcmp(KINDS[i].word, word) == 0) {
            RkChart *chart = KINDS[i].make(results);
            if (chart != NULL)
                chart->kind = g_strdup(word);
            return chart;
        }
    return NULL;
}

GPtrArray *
rk_results_charts(const RkResults *results)
{
    GPtrArray *charts = g_ptr_array_new_with_free_func((GDestroyNotify)rk_chart_free);
    for (size_t i = 0; i < G_N_ELEMENTS(KINDS); i++) {
        RkChart *chart = rk_results_chart(results, KINDS[i].word);
        if (chart != NULL)
            g_ptr_array_add(charts, chart);
    }
    return charts;
}
