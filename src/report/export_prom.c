// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/export.h"

#include <math.h>
#include <string.h>

// A label's value: backslash, quote and line end are escaped.
static void
add_label(GString *text, const char *name, const char *value)
{
    g_autofree char *valid = g_utf8_make_valid(value != NULL ? value : "", -1);
    g_string_append_printf(text, "%s%s=\"", text->str[text->len - 1] == '{' ? "" : ",", name);
    for (const char *c = valid; *c != '\0'; c++)
        if (*c == '\n')
            g_string_append(text, "\\n");
        else if (*c == '\\' || *c == '"')
            g_string_append_printf(text, "\\%c", *c);
        else
            g_string_append_c(text, *c);
    g_string_append_c(text, '"');
}

// "batch.max" as "set_batch_max": a label's name has letters, digits and underscores.
static char *
label_name(const char *setting)
{
    char *name = g_strconcat("set_", setting, NULL);
    for (char *c = name; *c != '\0'; c++)
        if (!g_ascii_isalnum(*c))
            *c = '_';
    return name;
}

static void
begin_sample(GString *text, const char *metric, const RkResults *results,
             const RkTrialResult *trial)
{
    g_string_append_printf(text, "rankine_%s{", metric);
    add_label(text, "suite", results->suite);
    if (trial == NULL)
        return;
    add_label(text, "trial", trial->id);
    for (guint i = 0; i < MIN(trial->n_axes, trial->config->len); i++) {
        const RkSetting *setting = &g_array_index(trial->config, RkSetting, i);
        g_autofree char *name = label_name(setting->name);
        add_label(text, name, setting->text);
    }
}

static void
end_sample(GString *text, double value)
{
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    g_ascii_formatd(number, sizeof number, "%.9g", value);
    g_string_append_printf(text, "} %s\n", isnan(value) ? "NaN" : number);
}

static void
begin_metric(GString *text, const char *metric, const char *help)
{
    g_string_append_printf(text, "# HELP rankine_%s %s\n# TYPE rankine_%s gauge\n", metric, help,
                           metric);
}

static void
add_latencies(GString *text, const RkResults *results)
{
    static const char *const QUANTILES[RK_N_LATENCIES] = {NULL,   "0.5",   "0.9", "0.95",
                                                          "0.99", "0.999", "1"};
    begin_metric(text, "latency_seconds", "Latency from the scheduled time.");
    for (guint t = 0; t < results->trials->len; t++)
        for (int s = RK_LATENCY_P50; s < RK_N_LATENCIES; s++) {
            const RkTrialResult *trial = g_ptr_array_index(results->trials, t);
            begin_sample(text, "latency_seconds", results, trial);
            add_label(text, "quantile", QUANTILES[s]);
            end_sample(text, trial->latency_ms[s].value / 1000);
        }
}

static void
add_trials(GString *text, const RkResults *results)
{
    begin_metric(text, "throughput_qps", "Answered queries a second.");
    for (guint t = 0; t < results->trials->len; t++) {
        const RkTrialResult *trial = g_ptr_array_index(results->trials, t);
        begin_sample(text, "throughput_qps", results, trial);
        end_sample(text, trial->throughput_qps.value);
    }
    begin_metric(text, "trial_valid", "1 when the measurement is valid.");
    for (guint t = 0; t < results->trials->len; t++) {
        const RkTrialResult *trial = g_ptr_array_index(results->trials, t);
        begin_sample(text, "trial_valid", results, trial);
        end_sample(text, trial->status == RK_TRIAL_OK);
    }
    begin_metric(text, "accuracy", "Accuracy of the served answers.");
    for (guint t = 0; t < results->trials->len; t++) {
        const RkTrialResult *trial = g_ptr_array_index(results->trials, t);
        for (guint m = 0; m < trial->metrics->len; m++) {
            begin_sample(text, "accuracy", results, trial);
            add_label(text, "metric", g_array_index(trial->metrics, RkNamed, m).name);
            end_sample(text, g_array_index(trial->metrics, RkNamed, m).estimate.value);
        }
    }
}

char *
rk_export_prometheus(const RkResults *results)
{
    GString *text = g_string_new(NULL);
    add_latencies(text, results);
    add_trials(text, results);
    begin_metric(text, "gate_pass", "1 when the gate is met.");
    for (guint g = 0; g < results->gates->len; g++) {
        const RkGate *gate = &g_array_index(results->gates, RkGate, g);
        begin_sample(text, "gate_pass", results, NULL);
        add_label(text, "gate", gate->name);
        end_sample(text, gate->pass);
    }
    return g_string_free(text, FALSE);
}
