// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/export.h"

#include <math.h>
#include <string.h>

// A text within a line or a table's cell: nothing of it is markup.
static char *
escape(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text != NULL ? text : "", -1);
    GString *out = g_string_new(NULL);
    for (const char *c = valid; *c != '\0'; c++)
        if (*c == '\n' || *c == '\r')
            g_string_append_c(out, ' ');
        else if (*c == '<')
            g_string_append(out, "&lt;");
        else if (*c == '&')
            g_string_append(out, "&amp;");
        else if (strchr("\\`*_[]|#", *c) != NULL)
            g_string_append_printf(out, "\\%c", *c);
        else
            g_string_append_c(out, *c);
    return g_string_free(out, FALSE);
}

static void
add_escaped(GString *md, const char *before, const char *text, const char *after)
{
    g_autofree char *safe = escape(text);
    g_string_append_printf(md, "%s%s%s", before, safe, after);
}

// "12.5 (12.1 to 13)", or a dash.
static void
add_estimate(GString *md, const RkEstimate *e)
{
    if (!isfinite(e->value))
        g_string_append(md, " – |");
    else if (isfinite(e->low))
        g_string_append_printf(md, " %.4g (%.4g to %.4g) |", e->value, e->low, e->high);
    else
        g_string_append_printf(md, " %.4g |", e->value);
}

static void
add_trials(GString *md, const RkResults *results)
{
    g_string_append(md, "\n## Trials\n\n| trial | status | p50, ms | p99, ms | queries/s | ");
    add_escaped(md, "", results->pareto_metric != NULL ? results->pareto_metric : "accuracy",
                " | front |\n|---|---|---|---|---|---|---|\n");
    for (guint t = 0; t < results->trials->len; t++) {
        const RkTrialResult *trial = g_ptr_array_index(results->trials, t);
        g_autofree char *label = rk_trial_result_label(trial);
        const RkNamed *metric = results->pareto_metric != NULL
                                    ? rk_nameds_find(trial->metrics, results->pareto_metric)
                                    : NULL;
        const RkEstimate none = rk_estimate(NAN);
        add_escaped(md, "| ", label, " | ");
        g_string_append_printf(md, "%s |", rk_trial_status_name(trial->status));
        add_estimate(md, &trial->latency_ms[RK_LATENCY_P50]);
        add_estimate(md, &trial->latency_ms[RK_LATENCY_P99]);
        add_estimate(md, &trial->throughput_qps);
        add_estimate(md, metric != NULL ? &metric->estimate : &none);
        gboolean front =
            g_ptr_array_find_with_equal_func(results->pareto, trial->id, g_str_equal, NULL);
        g_string_append_printf(md, " %s |\n", front ? "yes" : "");
    }
    for (guint t = 0; t < results->trials->len; t++) {
        const RkTrialResult *trial = g_ptr_array_index(results->trials, t);
        g_autofree char *label = rk_trial_result_label(trial);
        for (char **why = trial->why_invalid; *why != NULL; why++) {
            add_escaped(md, "\n- ", label, ": ");
            add_escaped(md, "", *why, "");
        }
        if (trial->why != NULL) {
            add_escaped(md, "\n- ", label, ": ");
            add_escaped(md, "", trial->why, "");
        }
    }
    g_string_append_c(md, '\n');
}

static void
add_gates(GString *md, const RkResults *results)
{
    if (results->gates->len == 0)
        return;
    g_string_append(md, "\n## Gates\n\n| gate | limit | value | |\n|---|---|---|---|\n");
    for (guint g = 0; g < results->gates->len; g++) {
        const RkGate *gate = &g_array_index(results->gates, RkGate, g);
        add_escaped(md, "| ", gate->name, "");
        g_string_append_printf(md, " | %.6g |", gate->limit);
        const RkEstimate value = rk_estimate(gate->value);
        add_estimate(md, &value);
        g_string_append_printf(md, " %s |\n", gate->pass ? "pass" : "**breached**");
    }
}

static void
add_comparisons(GString *md, const RkResults *results)
{
    if (results->baseline == NULL)
        return;
    add_escaped(md, "\n## Against ", results->baseline, "\n\n");
    for (char **note = results->baseline_notes; *note != NULL; note++)
        add_escaped(md, "- ", *note, "\n");
    g_string_append(md, "\n| trial | figure | before | after | |\n|---|---|---|---|---|\n");
    for (guint i = 0; i < results->comparisons->len; i++) {
        const RkComparison *c = &g_array_index(results->comparisons, RkComparison, i);
        const RkTrialResult *trial = rk_results_trial(results, c->trial);
        g_autofree char *label = trial != NULL ? rk_trial_result_label(trial) : g_strdup(c->trial);
        add_escaped(md, "| ", label, " | ");
        add_escaped(md, "", c->figure, "");
        g_string_append_printf(md, " | %.4g | %.4g | %s%s%s: ", c->before, c->after,
                               c->verdict == RK_VERDICT_WORSE ? "**" : "",
                               rk_verdict_name(c->verdict),
                               c->verdict == RK_VERDICT_WORSE ? "**" : "");
        add_escaped(md, "", c->why, " |\n");
    }
}

static void
add_environment(GString *md, const RkResults *results)
{
    g_string_append(md, "\n## Measured on\n\n");
    for (guint i = 0; i < results->environment->len; i++) {
        const RkSetting *setting = &g_array_index(results->environment, RkSetting, i);
        add_escaped(md, "- ", setting->name, ": ");
        add_escaped(md, "", setting->text, "\n");
    }
    for (guint i = 0; i < results->audit->len; i++) {
        const RkAudit *audit = &g_array_index(results->audit, RkAudit, i);
        g_string_append_printf(md, "- audit, %s: ", audit->pass ? "pass" : "**finding**");
        add_escaped(md, "", audit->detail, "\n");
    }
}

char *
rk_export_markdown(const RkResults *results)
{
    GString *md = g_string_new(NULL);
    add_escaped(md, "# ", results->suite, "\n\n");
    if (!results->complete)
        g_string_append(md, "**Not complete: some trials are still to be measured.**\n\n");
    if (results->recommended.why != NULL)
        add_escaped(md, results->recommended.id != NULL ? "Recommended: " : "",
                    results->recommended.why, "\n");
    add_gates(md, results);
    add_trials(md, results);
    add_comparisons(md, results);
    add_environment(md, results);
    return g_string_free(md, FALSE);
}
