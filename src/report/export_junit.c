// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/export.h"

#include <math.h>
#include <string.h>

// XML 1.0 has no control characters but tab and line ends, escaped or not.
static char *
escape(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text != NULL ? text : "", -1);
    for (char *c = valid; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 && *c != '\t' && *c != '\n' && *c != '\r')
            *c = ' ';
    return g_markup_escape_text(valid, -1);
}

typedef struct {
    GString *cases;
    guint n, n_failures, n_errors;
} Suite;

// kind: "failure", "error" or NULL for a pass.
static void
add_case(Suite *suite, const char *class, const char *name, double seconds, const char *kind,
         const char *message)
{
    g_autofree char *c = escape(class), *n = escape(name), *m = escape(message);
    char time[G_ASCII_DTOSTR_BUF_SIZE];
    g_ascii_formatd(time, sizeof time, "%.3f", isfinite(seconds) ? seconds : 0);
    g_string_append_printf(suite->cases, "  <testcase classname=\"%s\" name=\"%s\" time=\"%s\"", c,
                           n, time);
    suite->n++;
    if (kind == NULL) {
        g_string_append(suite->cases, "/>\n");
        return;
    }
    *(strcmp(kind, "error") == 0 ? &suite->n_errors : &suite->n_failures) += 1;
    g_string_append_printf(suite->cases, ">\n    <%s message=\"%s\"/>\n  </testcase>\n", kind, m);
}

static void
add_trials(Suite *suite, const RkResults *results)
{
    for (guint t = 0; t < results->trials->len; t++) {
        const RkTrialResult *trial = g_ptr_array_index(results->trials, t);
        g_autofree char *label = rk_trial_result_label(trial);
        g_autofree char *reasons = g_strjoinv(" ", trial->why_invalid);
        double seconds = 0;
        for (guint r = 0; r < trial->repeats->len; r++)
            seconds += ((RkRepeat *)g_ptr_array_index(trial->repeats, r))->duration_s;
        const char *kind = trial->status == RK_TRIAL_OK       ? NULL
                           : trial->status == RK_TRIAL_FAILED ? "failure"
                                                              : "error";
        add_case(suite, "trial", label, seconds, kind,
                 trial->status == RK_TRIAL_INVALID ? reasons : trial->why);
    }
}

char *
rk_export_junit(const RkResults *results)
{
    Suite suite = {.cases = g_string_new(NULL)};
    add_trials(&suite, results);
    for (guint g = 0; g < results->gates->len; g++) {
        const RkGate *gate = &g_array_index(results->gates, RkGate, g);
        add_case(&suite, "gate", gate->name, 0, gate->pass ? NULL : "failure", gate->why);
    }
    for (guint i = 0; i < results->comparisons->len; i++) {
        const RkComparison *c = &g_array_index(results->comparisons, RkComparison, i);
        const RkTrialResult *trial = rk_results_trial(results, c->trial);
        g_autofree char *label = trial != NULL ? rk_trial_result_label(trial) : g_strdup(c->trial);
        g_autofree char *name = g_strdup_printf("%s of %s", c->figure, label);
        add_case(&suite, "baseline", name, 0, c->verdict == RK_VERDICT_WORSE ? "failure" : NULL,
                 c->why);
    }
    g_autofree char *name = escape(results->suite);
    g_autofree char *cases = g_string_free(suite.cases, FALSE);
    return g_strdup_printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                           "<testsuite name=\"%s\" tests=\"%u\" failures=\"%u\" errors=\"%u\">\n"
                           "%s</testsuite>\n",
                           name, suite.n, suite.n_failures, suite.n_errors, cases);
}
