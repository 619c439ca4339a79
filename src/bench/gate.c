// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/gate.h"

#include "base/params.h"
#include "train/metric.h"

#include <math.h>
#include <string.h>

#define DROP "_drop"

static const char *const PLAIN_GATES[] = {"mean_ms", "p50_ms",         "p90_ms",
                                          "p95_ms",  "p99_ms",         "p99.9_ms",
                                          "max_ms",  "throughput_qps", "memory_mib"};

static const RkMetric *
metric_of(const char *name, GError **error)
{
    g_autofree char *base =
        g_str_has_suffix(name, DROP) ? g_strndup(name, strlen(name) - 5) : g_strdup(name);
    uint32_t k = 0;
    return rk_metric_find(base, &k, error);
}

gboolean
rk_gate_check_name(const char *name, GError **error)
{
    g_autoptr(GError) cause = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(PLAIN_GATES); i++)
        if (strcmp(name, PLAIN_GATES[i]) == 0)
            return TRUE;
    if (metric_of(name, &cause) != NULL)
        return TRUE;
    const char *nearest = rk_nearest_word(name, PLAIN_GATES, G_N_ELEMENTS(PLAIN_GATES));
    g_autofree char *hint =
        nearest != NULL ? g_strdup_printf("Did you mean %s?", nearest)
                        : g_strdup("A gate is p99_ms (or another percentile), throughput_qps, "
                                   "memory_mib, a metric such as auc, or auc_drop.");
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "There is no gate %s. %s", name, hint);
    return FALSE;
}

const RkNamed *
rk_trial_metric(const RkTrialResult *trial, const char *name)
{
    if (name != NULL)
        return rk_nameds_find(trial->metrics, name);
    return trial->metrics->len > 0 ? &g_array_index(trial->metrics, RkNamed, 0) : NULL;
}

static double
metric_value(const RkTrialResult *trial, const char *name)
{
    const RkNamed *named = rk_trial_metric(trial, name);
    return named != NULL ? named->estimate.value : (double)NAN;
}

static double
drop_of(const char *gate, const RkTrialResult *trial, const RkTrialResult *versus)
{
    g_autofree char *name = g_strndup(gate, strlen(gate) - strlen(DROP));
    const RkMetric *metric = metric_of(gate, NULL);
    if (versus == NULL || metric == NULL)
        return NAN;
    const double loss = metric_value(versus, name) - metric_value(trial, name);
    return metric->better == RK_BETTER_LOW ? -loss : loss;
}

double
rk_gate_value(const char *name, const RkTrialResult *trial, const RkTrialResult *versus)
{
    for (int s = 0; s < RK_N_LATENCIES; s++) {
        g_autofree char *latency = g_strconcat(rk_latency_stat_name(s), "_ms", NULL);
        if (strcmp(name, latency) == 0)
            return trial->latency_ms[s].value;
    }
    if (strcmp(name, "throughput_qps") == 0)
        return trial->throughput_qps.value;
    if (strcmp(name, "memory_mib") == 0)
        return trial->model_bytes / 1048576.0;
    if (g_str_has_suffix(name, DROP))
        return drop_of(name, trial, versus);
    return metric_value(trial, name);
}

static gboolean
wants_more(const char *name)
{
    if (strcmp(name, "throughput_qps") == 0)
        return TRUE;
    if (g_str_has_suffix(name, DROP) || g_str_has_suffix(name, "_ms") ||
        strcmp(name, "memory_mib") == 0)
        return FALSE;
    const RkMetric *metric = metric_of(name, NULL);
    return metric == NULL || metric->better != RK_BETTER_LOW;
}

gboolean
rk_gate_passes(const char *name, double limit, double value)
{
    return wants_more(name) ? value >= limit : value <= limit; // NaN doesn't
}

// ---- the Pareto front ----------------------------------------------------------------------

// What is compared: each is better the higher it is. Without a value it is the worst.
static void
goals_of(const RkTrialResult *trial, const char *metric, gboolean low, double goals[3])
{
    const double accuracy = metric_value(trial, metric);
    goals[0] = -trial->latency_ms[RK_LATENCY_P99].value;
    goals[1] = trial->throughput_qps.value;
    goals[2] = low ? -accuracy : accuracy;
    for (int g = 0; g < 3; g++)
        if (isnan(goals[g]))
            goals[g] = -INFINITY;
}

static gboolean
dominates(const double a[3], const double b[3])
{
    gboolean better = FALSE;
    for (int g = 0; g < 3; g++) {
        if (a[g] < b[g])
            return FALSE;
        better |= a[g] > b[g];
    }
    return better;
}

static gint
compare_latency(gconstpointer a, gconstpointer b)
{
    const double x = (*(RkTrialResult *const *)a)->latency_ms[RK_LATENCY_P99].value;
    const double y = (*(RkTrialResult *const *)b)->latency_ms[RK_LATENCY_P99].value;
    return (x > y) - (x < y);
}

void
rk_pareto(RkResults *results, const char *metric)
{
    g_autoptr(GPtrArray) front = g_ptr_array_new();
    const guint n = results->trials->len;
    g_autofree double *goals = g_new(double, MAX(n, 1) * 3);
    for (guint i = 0; i < n && metric == NULL; i++) {
        const RkNamed *first = rk_trial_metric(g_ptr_array_index(results->trials, i), NULL);
        metric = first != NULL ? first->name : NULL;
    }
    const RkMetric *row = metric != NULL ? metric_of(metric, NULL) : NULL;
    for (guint i = 0; i < n; i++)
        goals_of(g_ptr_array_index(results->trials, i), metric,
                 row != NULL && row->better == RK_BETTER_LOW, goals + (size_t)i * 3);
    for (guint i = 0; i < n; i++) {
        RkTrialResult *trial = g_ptr_array_index(results->trials, i);
        gboolean on = trial->status == RK_TRIAL_OK;
        for (guint j = 0; j < n && on; j++) {
            const RkTrialResult *other = g_ptr_array_index(results->trials, j);
            on = other->status != RK_TRIAL_OK ||
                 !dominates(goals + (size_t)j * 3, goals + (size_t)i * 3);
        }
        if (on)
            g_ptr_array_add(front, trial);
    }
    g_ptr_array_sort(front, compare_latency);
    g_ptr_array_set_size(results->pareto, 0);
    for (guint i = 0; i < front->len; i++)
        g_ptr_array_add(results->pareto,
                        g_strdup(((RkTrialResult *)g_ptr_array_index(front, i))->id));
    g_free(results->pareto_metric);
    results->pareto_metric = g_strdup(metric);
}
