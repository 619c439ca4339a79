// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/results.h"

#include <math.h>
#include <string.h>

// ---- names ---------------------------------------------------------------------------------

const char *
rk_latency_stat_name(RkLatencyStat stat)
{
    static const char *const NAMES[RK_N_LATENCIES] = {"mean", "p50",   "p90", "p95",
                                                      "p99",  "p99.9", "max"};
    g_return_val_if_fail(stat < RK_N_LATENCIES, NULL);
    return NAMES[stat];
}

const char *
rk_trial_status_name(RkTrialStatus status)
{
    static const char *const NAMES[RK_N_TRIAL_STATUSES] = {
        [RK_TRIAL_OK] = "ok",
        [RK_TRIAL_INVALID] = "invalid",
        [RK_TRIAL_FAILED] = "failed",
        [RK_TRIAL_PENDING] = "pending",
    };
    g_return_val_if_fail(status < RK_N_TRIAL_STATUSES, NULL);
    return NAMES[status];
}

const char *
rk_verdict_name(RkVerdict verdict)
{
    static const char *const NAMES[RK_N_VERDICTS] = {
        [RK_VERDICT_SAME] = "within noise",
        [RK_VERDICT_BETTER] = "better",
        [RK_VERDICT_WORSE] = "worse",
        [RK_VERDICT_UNKNOWN] = "unknown",
    };
    g_return_val_if_fail(verdict < RK_N_VERDICTS, NULL);
    return NAMES[verdict];
}

// ---- arrays of values ----------------------------------------------------------------------

static void
clear_setting(gpointer data)
{
    RkSetting *setting = data;
    g_free(setting->name);
    g_free(setting->text);
}

static void
clear_named(gpointer data)
{
    g_free(((RkNamed *)data)->name);
}

static void
clear_gate(gpointer data)
{
    RkGate *gate = data;
    g_free(gate->name);
    g_free(gate->trial);
    g_free(gate->why);
}

static void
clear_comparison(gpointer data)
{
    RkComparison *comparison = data;
    g_free(comparison->trial);
    g_free(comparison->figure);
    g_free(comparison->why);
}

static void
clear_audit(gpointer data)
{
    RkAudit *audit = data;
    g_free(audit->name);
    g_free(audit->detail);
}

static GArray *
array_new(guint size, GDestroyNotify clear)
{
    GArray *array = g_array_new(FALSE, TRUE, size);
    g_array_set_clear_func(array, clear);
    return array;
}

GArray *
rk_settings_new(void)
{
    return array_new(sizeof(RkSetting), clear_setting);
}

GArray *
rk_nameds_new(void)
{
    return array_new(sizeof(RkNamed), clear_named);
}

// ---- curves and repeats --------------------------------------------------------------------

void
rk_curve_clear(RkCurve *curve)
{
    g_free(curve->name);
    g_free(curve->x);
    g_free(curve->y);
    *curve = (RkCurve){0};
}

RkCurve *
rk_curve_new(const char *name, uint32_t n)
{
    RkCurve *curve = g_new0(RkCurve, 1);
    *curve =
        (RkCurve){.name = g_strdup(name), .n = n, .x = g_new0(double, n), .y = g_new0(double, n)};
    return curve;
}

void
rk_curve_free(RkCurve *curve)
{
    if (curve == NULL)
        return;
    rk_curve_clear(curve);
    g_free(curve);
}

RkRepeat *
rk_repeat_new(void)
{
    RkRepeat *repeat = g_new0(RkRepeat, 1);
    repeat->duration_s = repeat->throughput_qps = NAN;
    for (int i = 0; i < RK_N_LATENCIES; i++)
        repeat->latency_ms[i] = NAN;
    repeat->why_invalid = g_new0(char *, 1);
    repeat->windows = g_array_new(FALSE, TRUE, sizeof(RkTimeWindow));
    return repeat;
}

void
rk_repeat_free(RkRepeat *repeat)
{
    if (repeat == NULL)
        return;
    g_free(repeat->started);
    g_strfreev(repeat->why_invalid);
    g_free(repeat->schedule_hash);
    g_array_unref(repeat->windows);
    g_free(repeat);
}

// ---- trials and models ---------------------------------------------------------------------

RkTrialResult *
rk_trial_result_new(void)
{
    RkTrialResult *trial = g_new0(RkTrialResult, 1);
    trial->status = RK_TRIAL_PENDING;
    trial->config = rk_settings_new();
    trial->why_invalid = g_new0(char *, 1);
    trial->throughput_qps = rk_estimate(NAN);
    for (int i = 0; i < RK_N_LATENCIES; i++)
        trial->latency_ms[i] = rk_estimate(NAN);
    trial->stages_us = rk_nameds_new();
    trial->cache = rk_nameds_new();
    trial->lateness_us = rk_nameds_new();
    trial->metrics = rk_nameds_new();
    trial->model_bytes = trial->flops = NAN;
    trial->repeats = g_ptr_array_new_with_free_func((GDestroyNotify)rk_repeat_free);
    trial->windows = g_array_new(FALSE, TRUE, sizeof(RkTimeWindow));
    return trial;
}

void
rk_trial_result_free(RkTrialResult *trial)
{
    if (trial == NULL)
        return;
    g_free(trial->id);
    g_free(trial->why);
    g_array_unref(trial->config);
    g_free(trial->model);
    g_free(trial->scenario);
    g_free(trial->source);
    g_strfreev(trial->why_invalid);
    g_array_unref(trial->stages_us);
    g_array_unref(trial->cache);
    g_array_unref(trial->lateness_us);
    g_array_unref(trial->metrics);
    g_free(trial->schedule_hash);
    g_ptr_array_unref(trial->repeats);
    rk_curve_clear(&trial->quantiles);
    rk_curve_clear(&trial->histogram);
    g_array_unref(trial->windows);
    g_free(trial);
}

RkModelResult *
rk_model_result_new(void)
{
    RkModelResult *model = g_new0(RkModelResult, 1);
    model->bytes = model->flops = NAN;
    model->metrics = rk_nameds_new();
    model->curves = g_ptr_array_new_with_free_func((GDestroyNotify)rk_curve_free);
    return model;
}

void
rk_model_result_free(RkModelResult *model)
{
    if (model == NULL)
        return;
    g_free(model->name);
    g_free(model->kind);
    g_free(model->parent);
    g_free(model->how);
    g_array_unref(model->metrics);
    g_ptr_array_unref(model->curves);
    g_free(model);
}

// ---- results -------------------------------------------------------------------------------

RkResults *
rk_results_new(void)
{
    RkResults *results = g_new0(RkResults, 1);
    results->environment = rk_settings_new();
    results->trials = g_ptr_array_new_with_free_func((GDestroyNotify)rk_trial_result_free);
    results->models = g_ptr_array_new_with_free_func((GDestroyNotify)rk_model_result_free);
    results->pareto = g_ptr_array_new_with_free_func(g_free);
    results->recommended.gains = rk_nameds_new();
    results->gates = array_new(sizeof(RkGate), clear_gate);
    results->comparisons = array_new(sizeof(RkComparison), clear_comparison);
    results->baseline_notes = g_new0(char *, 1);
    results->audit = array_new(sizeof(RkAudit), clear_audit);
    return results;
}

void
rk_results_free(RkResults *results)
{
    if (results == NULL)
        return;
    g_free(results->rankine);
    g_free(results->suite);
    g_array_unref(results->environment);
    g_ptr_array_unref(results->trials);
    g_ptr_array_unref(results->models);
    g_ptr_array_unref(results->pareto);
    g_free(results->pareto_metric);
    g_free(results->recommended.id);
    g_free(results->recommended.why);
    g_free(results->recommended.versus);
    g_array_unref(results->recommended.gains);
    g_array_unref(results->gates);
    g_free(results->baseline);
    g_array_unref(results->comparisons);
    g_strfreev(results->baseline_notes);
    g_array_unref(results->audit);
    g_free(results->plan);
    g_free(results);
}

void
rk_results_add_gate(RkResults *results, RkGate gate)
{
    g_array_append_val(results->gates, gate);
}

void
rk_results_add_comparison(RkResults *results, RkComparison comparison)
{
    g_array_append_val(results->comparisons, comparison);
}

void
rk_results_add_audit(RkResults *results, RkAudit audit)
{
    g_array_append_val(results->audit, audit);
}

void
rk_nameds_add(GArray *nameds, const char *name, RkEstimate estimate)
{
    const RkNamed named = {g_strdup(name), estimate};
    g_array_append_val(nameds, named);
}

// ---- settings ------------------------------------------------------------------------------

void
rk_settings_add_text(GArray *settings, const char *name, const char *text)
{
    const RkSetting setting = {g_strdup(name), RK_SETTING_TEXT, g_strdup(text), NAN};
    g_array_append_val(settings, setting);
}

void
rk_settings_add_number(GArray *settings, const char *name, double number)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    for (int digits = 15; digits <= 17; digits++) { // the fewest that read back as the same number
        g_autofree char *format = g_strdup_printf("%%.%dg", digits);
        if (g_ascii_strtod(g_ascii_formatd(text, sizeof text, format, number), NULL) == number)
            break;
    }
    const RkSetting setting = {g_strdup(name), RK_SETTING_NUMBER, g_strdup(text), number};
    g_array_append_val(settings, setting);
}

void
rk_settings_add(GArray *settings, const char *name, const char *text)
{
    char *end = NULL;
    const gboolean truth = strcmp(text, "true") == 0;
    const double number = g_ascii_strtod(text, &end);
    if (truth || strcmp(text, "false") == 0) {
        const RkSetting setting = {g_strdup(name), RK_SETTING_BOOL, g_strdup(text), truth};
        g_array_append_val(settings, setting);
    } else if (end != text && *end == '\0' && isfinite(number)) {
        rk_settings_add_number(settings, name, number);
    } else {
        rk_settings_add_text(settings, name, text);
    }
}

// ---- looking up ----------------------------------------------------------------------------

const RkTrialResult *
rk_results_trial(const RkResults *results, const char *id)
{
    for (guint i = 0; id != NULL && i < results->trials->len; i++) {
        const RkTrialResult *trial = g_ptr_array_index(results->trials, i);
        if (g_strcmp0(trial->id, id) == 0)
            return trial;
    }
    return NULL;
}

const RkSetting *
rk_settings_find(const GArray *settings, const char *name)
{
    for (guint i = 0; i < settings->len; i++)
        if (strcmp(g_array_index(settings, RkSetting, i).name, name) == 0)
            return &g_array_index(settings, RkSetting, i);
    return NULL;
}

const char *
rk_settings_text(const GArray *settings, const char *name)
{
    const RkSetting *setting = rk_settings_find(settings, name);
    return setting != NULL ? setting->text : NULL;
}

const RkNamed *
rk_nameds_find(const GArray *nameds, const char *name)
{
    for (guint i = 0; i < nameds->len; i++)
        if (strcmp(g_array_index(nameds, RkNamed, i).name, name) == 0)
            return &g_array_index(nameds, RkNamed, i);
    return NULL;
}

char *
rk_trial_result_label(const RkTrialResult *trial)
{
    GString *label = g_string_new(NULL);
    for (guint i = 0; i < MIN(trial->n_axes, trial->config->len); i++) {
        const RkSetting *setting = &g_array_index(trial->config, RkSetting, i);
        g_string_append_printf(label, "%s%s=%s", i > 0 ? ", " : "", setting->name, setting->text);
    }
    if (label->len == 0)
        g_string_append(label, "default");
    return g_string_free(label, FALSE);
}
