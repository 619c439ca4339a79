// SPDX-License-Identifier: GPL-3.0-or-later
#include "results_rig.h"

#include "report/export.h"

#include <string.h>

static void
csv(void)
{
    g_autoptr(RkResults) results = results_rig_new(3);
    g_autofree char *text = rk_export_csv(results);
    g_assert_true(
        g_str_has_prefix(text, "id,status,model,scenario,valid,n,batch.max,cache.policy,"));
    // A setting that stands in a column of its own has no second one.
    g_autofree char *head = g_strndup(text, (gsize)(strchr(text, '\r') - text));
    g_auto(GStrv) columns = g_strsplit(head, ",", -1);
    for (guint i = 0; columns[i] != NULL; i++)
        g_assert_false(g_strv_contains((const char *const *)columns + i + 1, columns[i]));
    // The awkward value: in quotes, with its quote doubled and its line end kept.
    g_assert_nonnull(strstr(text, "\"s3fifo <\"\"&'> | a,b\n\\\""));
    guint n_cells = 0, n_lines = 0, first = 0;
    gboolean quoted = FALSE;
    for (const char *c = text; *c != '\0'; c++) {
        quoted ^= *c == '"';
        n_cells += !quoted && *c == ',';
        if (quoted || c[0] != '\r' || c[1] != '\n')
            continue;
        first = n_lines++ == 0 ? n_cells : first;
        g_assert_cmpuint(n_cells, ==, first);
        n_cells = 0;
    }
    g_assert_cmpuint(n_lines, ==, 4);
}

static void
count_start(GMarkupParseContext *context, const char *name, const char **names, const char **values,
            gpointer data, GError **error)
{
    ((guint *)data)[0] += strcmp(name, "testcase") == 0;
    ((guint *)data)[1] += strcmp(name, "failure") == 0;
    ((guint *)data)[2] += strcmp(name, "error") == 0;
}

static void
junit(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkResults) results = results_rig_new(4);
    g_autofree char *text = rk_export_junit(results);
    guint counts[3] = {0};
    const GMarkupParser parser = {.start_element = count_start};
    GMarkupParseContext *context = g_markup_parse_context_new(&parser, 0, counts, NULL);
    g_assert_true(g_markup_parse_context_parse(context, text, -1, &error));
    g_assert_no_error(error);
    g_assert_true(g_markup_parse_context_end_parse(context, &error));
    g_markup_parse_context_free(context);
    g_assert_cmpuint(counts[0], ==, 4 + 2 + 1); // trials, gates, comparisons
    g_assert_cmpuint(counts[1], ==, 2);         // a gate and a comparison
    g_assert_cmpuint(counts[2], ==, 1);         // a trial that isn't valid
    g_assert_nonnull(strstr(text, "tests=\"7\" failures=\"2\" errors=\"1\""));
}

static void
prometheus(void)
{
    g_autoptr(RkResults) results = results_rig_new(2);
    g_autofree char *text = rk_export_prometheus(results);
    g_assert_nonnull(strstr(text, "set_cache_policy=\"s3fifo <\\\"&'> | a,b\\n\\\\\""));
    g_assert_nonnull(strstr(text, "quantile=\"0.99\"} 0.0125\n"));
    g_assert_nonnull(
        strstr(text, "rankine_gate_pass{suite=\"ranking <serving> & co\",gate=\"p99_ms\"} 1\n"));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; **line != '\0'; line++)
        g_assert_true(g_str_has_prefix(*line, "# HELP rankine_") ||
                      g_str_has_prefix(*line, "# TYPE rankine_") ||
                      (g_str_has_prefix(*line, "rankine_") && strstr(*line, "\"} ") != NULL));
}

static void
markdown(void)
{
    g_autoptr(RkResults) results = results_rig_new(2);
    g_autofree char *text = rk_export_markdown(results);
    g_assert_nonnull(strstr(text, "# ranking &lt;serving> &amp; co"));
    g_assert_nonnull(strstr(text, "cache.policy=s3fifo &lt;\"&amp;'> \\| a,b \\\\ | ok |"));
    g_assert_nonnull(strstr(text, "Recommended: It is the fastest"));
    g_assert_nonnull(strstr(text, "**worse**"));
    g_assert_nonnull(strstr(text, "**breached**"));
}

static void
empty(void)
{
    g_autoptr(RkResults) results = rk_results_new();
    g_autofree char *a = rk_export_csv(results), *b = rk_export_junit(results);
    g_autofree char *c = rk_export_markdown(results), *d = rk_export_prometheus(results);
    g_assert_nonnull(strstr(b, "tests=\"0\""));
    g_assert_nonnull(strstr(a, "id,status"));
    g_assert_nonnull(strstr(c, "Trials"));
    g_assert_nonnull(strstr(d, "# TYPE"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/report/export/CSV has as many cells in every line", csv);
    g_test_add_func("/report/export/JUnit is XML that counts what failed", junit);
    g_test_add_func("/report/export/Prometheus' labels are escaped", prometheus);
    g_test_add_func("/report/export/Markdown's markup is escaped", markdown);
    g_test_add_func("/report/export/without trials each is whole", empty);
    return g_test_run();
}
