// SPDX-License-Identifier: GPL-3.0-or-later
//
// Trials of two made-up runs beside each other.
#include "bench/compare.h"

#include "base/rng.h"

#include <math.h>
#include <string.h>

static RkTrialResult *
trial_new(const char *precision, double p99_ms, double qps, double auc, uint32_t stream)
{
    RkTrialResult *trial = rk_trial_result_new();
    trial->id = g_strdup(precision);
    trial->status = RK_TRIAL_OK;
    trial->valid = TRUE;
    trial->scenario = g_strdup("server");
    trial->throughput_qps = rk_estimate(qps);
    trial->latency_ms[RK_LATENCY_P50] = rk_estimate(p99_ms / 3);
    trial->latency_ms[RK_LATENCY_P99] = (RkEstimate){p99_ms, p99_ms * 0.95, p99_ms * 1.05};
    trial->model_bytes = strcmp(precision, "fp32") == 0 ? 8 << 20 : 2 << 20;
    rk_nameds_add(trial->metrics, "auc", rk_estimate(auc));
    rk_nameds_add(trial->stages_us, "wait", rk_estimate(100));
    rk_nameds_add(trial->stages_us, "gpu", rk_estimate(p99_ms * 200));
    rk_settings_add_text(trial->config, "precision", precision);
    rk_settings_add_number(trial->config, "batch.max", 16);
    trial->n_axes = 1;
    for (uint32_t r = 0; r < 3; r++) {
        RkRepeat *repeat = rk_repeat_new();
        repeat->repeat = r;
        repeat->throughput_qps = qps;
        for (uint32_t w = 0; w < 10; w++) {
            const double noise = 1 + 0.03 * rk_rng_normal(3, stream, r * 10 + w);
            const RkTimeWindow window = {
                .n = 100, .qps = qps, .p50_ms = p99_ms / 3 * noise, .p99_ms = p99_ms * noise};
            g_array_append_val(repeat->windows, window);
        }
        g_ptr_array_add(trial->repeats, repeat);
    }
    return trial;
}

static RkResults *
results_new(const char *device, double slow)
{
    RkResults *results = rk_results_new();
    results->suite = g_strdup("quick");
    results->pareto_metric = g_strdup("auc");
    rk_settings_add_text(results->environment, "device", device);
    g_ptr_array_add(results->trials, trial_new("fp32", 20 * slow, 1000, 0.80, 1));
    g_ptr_array_add(results->trials, trial_new("int8", 10 * slow, 1000, 0.79, 2));
    results->recommended.id = g_strdup("int8");
    results->recommended.versus = g_strdup("fp32");
    return results;
}

static const RkTrialResult *
trial(const RkResults *results, guint i)
{
    return g_ptr_array_index(results->trials, i);
}

static void
merged(void)
{
    g_autoptr(RkResults) a = results_new("gpu", 1), b = results_new("gpu", 1.01);
    const RkPick picks[] = {
        {a, trial(a, 0), "monday"}, {a, trial(a, 1), "monday"}, {b, trial(b, 1), "tuesday"}};
    g_autoptr(RkResults) both = rk_compare_merge(picks, 3);
    g_assert_cmpuint(both->trials->len, ==, 3);
    g_autofree char *label = rk_trial_result_label(trial(both, 2));
    g_assert_cmpstr(label, ==, "run=tuesday, precision=int8");
    g_assert_cmpstr(trial(both, 1)->id, !=, trial(both, 2)->id);
    g_assert_cmpstr(both->pareto_metric, ==, "auc");
    g_assert_cmpuint(both->pareto->len, ==, 2); // tuesday's is slower than monday's
    g_assert_null(both->recommended.id);
    g_autoptr(RkResults) one = rk_compare_merge(picks, 2);
    g_autofree char *plain = rk_trial_result_label(trial(one, 1));
    g_assert_cmpstr(plain, ==, "precision=int8");
    g_assert_cmpstr(one->recommended.id, ==, trial(one, 1)->id);
    g_autoptr(RkResults) none = rk_compare_merge(picks, 0);
    g_assert_cmpuint(none->trials->len, ==, 0);
}

static void
table(void)
{
    g_autoptr(RkResults) a = results_new("gpu", 1);
    const RkPick picks[] = {{a, trial(a, 0), "monday"}, {a, trial(a, 1), "monday"}};
    g_autoptr(RkResults) both = rk_compare_merge(picks, 2);
    g_autoptr(RkFigureTable) t = rk_compare_table(both, 0);
    g_assert_cmpuint(t->rows->len, ==, 2);
    g_assert_cmpuint(t->marked, ==, 1);
    g_assert_cmpstr(rk_table_cell(t, 0, 2)->text, ==, "base");
    const RkFigureCell *change = rk_table_cell(t, 1, 2);
    g_assert_cmpfloat_with_epsilon(change->value, -0.5, 1e-12);
    g_assert_nonnull(strstr(change->text, "50 %"));
    g_assert_nonnull(strstr(change->text, " to ")); // its interval
    g_assert_cmpstr(rk_table_cell(t, 1, 6)->text, ==, "−0.0100");
    ((RkTrialResult *)trial(both, 1))->status = RK_TRIAL_FAILED;
    g_autoptr(RkFigureTable) failed = rk_compare_table(both, 0);
    g_assert_true(isnan(rk_table_cell(failed, 1, 2)->value)); // nothing is said of it
}

static gboolean
says(const GPtrArray *words, const char *text)
{
    for (guint i = 0; i < words->len; i++)
        if (strstr(g_ptr_array_index(words, i), text) != NULL)
            return TRUE;
    for (guint i = 0; i < words->len; i++)
        g_test_message("%s", (const char *)g_ptr_array_index(words, i));
    return FALSE;
}

static void
words(void)
{
    g_autoptr(RkResults) a = results_new("gpu", 1), b = results_new("another", 1.001);
    g_autoptr(GPtrArray) changed = rk_compare_words(a, trial(a, 0), a, trial(a, 1));
    g_assert_true(says(changed, "precision was fp32 and is int8."));
    g_assert_true(says(changed, "P99 latency went from 20 ms to 10 ms: 50 % lower"));
    g_assert_true(says(changed, "auc went from 0.8000 to 0.7900 (−0.0100)."));
    g_assert_true(says(changed, "gpu changed most: from 4 ms to 2 ms"));
    g_assert_true(says(changed, "The model went from 8 MiB to 2 MiB"));
    g_autoptr(GPtrArray) same = rk_compare_words(a, trial(a, 0), b, trial(b, 0));
    g_assert_true(says(same, "The settings are the same."));
    g_assert_true(says(same, "device was gpu and is another"));
    g_assert_true(says(same, "which is within noise."));
    for (guint i = 0; i < same->len; i++) { // once
        const char *noise = strstr(g_ptr_array_index(same, i), "within noise");
        g_assert_true(noise == NULL || strstr(noise + 1, "within noise") == NULL);
    }
    g_assert_true(says(same, "auc stayed at 0.8000."));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bench/compare/trials of several runs are told apart", merged);
    g_test_add_func("/bench/compare/a table holds them against one of them", table);
    g_test_add_func("/bench/compare/what changed is said in words", words);
    return g_test_run();
}
