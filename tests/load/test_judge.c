// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/rng.h"
#include "bench/gate.h"

#include <math.h>
#include <string.h>

// A trial of three repeats of ten windows around a p99.
static RkTrialResult *
trial_new(const char *id, double p99_ms, double qps, double auc, uint32_t stream)
{
    RkTrialResult *trial = rk_trial_result_new();
    trial->id = g_strdup(id);
    trial->status = RK_TRIAL_OK;
    trial->valid = TRUE;
    trial->scenario = g_strdup("server");
    trial->throughput_qps = rk_estimate(qps);
    trial->latency_ms[RK_LATENCY_P99] = rk_estimate(p99_ms);
    trial->latency_ms[RK_LATENCY_P50] = rk_estimate(p99_ms / 3);
    trial->model_bytes = 4 << 20;
    rk_nameds_add(trial->metrics, "auc", rk_estimate(auc));
    rk_settings_add_text(trial->config, "name", id);
    trial->n_axes = 1;
    for (uint32_t r = 0; r < 3; r++) {
        RkRepeat *repeat = rk_repeat_new();
        repeat->repeat = r;
        repeat->throughput_qps = qps;
        repeat->latency_ms[RK_LATENCY_P99] = p99_ms * (1 + 0.01 * rk_rng_normal(4, stream, r));
        repeat->latency_ms[RK_LATENCY_P50] = repeat->latency_ms[RK_LATENCY_P99] / 3;
        for (uint32_t w = 0; w < 10; w++) {
            const double noise = 1 + 0.05 * rk_rng_normal(3, stream, r * 10 + w);
            const RkTimeWindow window = {.n = 100,
                                         .qps = qps,
                                         .p50_ms = p99_ms / 3 * noise,
                                         .p90_ms = p99_ms / 2,
                                         .p99_ms = p99_ms * noise,
                                         .max_ms = p99_ms * 2};
            g_array_append_val(repeat->windows, window);
        }
        g_ptr_array_add(trial->repeats, repeat);
    }
    return trial;
}

static RkResults *
results_new(void)
{
    RkResults *results = rk_results_new();
    g_ptr_array_add(results->trials, trial_new("base", 20, 1000, 0.80, 1));
    g_ptr_array_add(results->trials, trial_new("fast", 10, 1000, 0.799, 2));
    g_ptr_array_add(results->trials, trial_new("coarse", 5, 1500, 0.70, 3));
    g_ptr_array_add(results->trials, trial_new("bad", 25, 900, 0.79, 4));
    return results;
}

static gboolean
on_front(const RkResults *results, const char *id)
{
    return g_ptr_array_find_with_equal_func(results->pareto, id, g_str_equal, NULL);
}

static void
pareto(void)
{
    g_autoptr(RkResults) results = results_new();
    rk_pareto(results, NULL);
    g_assert_cmpstr(results->pareto_metric, ==, "auc");
    g_assert_cmpuint(results->pareto->len, ==, 3);
    g_assert_cmpstr(g_ptr_array_index(results->pareto, 0), ==, "coarse"); // the fastest first
    g_assert_false(on_front(results, "bad"));
    ((RkTrialResult *)g_ptr_array_index(results->trials, 1))->status = RK_TRIAL_INVALID;
    rk_pareto(results, "auc");
    g_assert_false(on_front(results, "fast"));
    g_assert_true(on_front(results, "base"));
}

static void
judge(RkResults *results, const char *const *gates, const double *limits, uint32_t n)
{
    const RkJudgeOptions options = {.gates = gates,
                                    .limits = limits,
                                    .n_gates = n,
                                    .metric_tolerance = 0.002,
                                    .versus = "base"};
    rk_judge(results, &options);
}

static void
recommended(void)
{
    const char *const gates[] = {"p99_ms", "auc_drop", "memory_mib", "throughput_qps"};
    const double limits[] = {15, 0.002, 8, 500};
    g_autoptr(RkResults) results = results_new();
    judge(results, gates, limits, 4);
    g_assert_cmpstr(results->recommended.id, ==, "fast");
    g_assert_cmpstr(results->recommended.versus, ==, "base");
    g_assert_cmpuint(results->gates->len, ==, 4);
    for (guint i = 0; i < results->gates->len; i++)
        g_assert_true(g_array_index(results->gates, RkGate, i).pass);
    const RkNamed *gain = rk_nameds_find(results->recommended.gains, "p99_ms");
    g_assert_cmpfloat(gain->estimate.value, ==, -0.5);
    g_assert_true(gain->estimate.low < -0.4 && gain->estimate.high < 0);
    g_assert_nonnull(strstr(results->recommended.why, "p99 -50.0 %"));
    g_assert_nonnull(strstr(results->recommended.why, "auc -0.0010"));
}

// A load's own rate is no capacity, and a p99 that noise explains is no reason to change.
static void
noise_is_said(void)
{
    for (int valid = 0; valid < 2; valid++) {
        g_autoptr(RkResults) results = rk_results_new();
        g_ptr_array_add(results->trials, trial_new("base", 10.1, 300, 0.80, 1));
        g_ptr_array_add(results->trials, trial_new("same", 10, 300, 0.80, 2));
        g_ptr_array_add(results->trials, trial_new("slow", 20, 300, 0.80, 3));
        if (!valid)
            ((RkTrialResult *)g_ptr_array_index(results->trials, 0))->status = RK_TRIAL_INVALID;
        judge(results, NULL, NULL, 0);
        const char *why = results->recommended.why;
        g_assert_cmpstr(results->recommended.id, ==, "same");
        g_assert_nonnull(strstr(why, "That rate is the load's"));
        g_assert_nonnull(strstr(why, "), within noise"));
        g_assert_cmpint(strstr(why, "(name=base), whose measurement isn't valid: p99 ") == NULL, ==,
                        valid);
        g_assert_cmpint(strstr(why, "Its p99 is within noise of name=base.") != NULL, ==, valid);
    }
}

// Without a gate on accuracy the fastest isn't taken when it ruins the answers.
static void
accuracy_kept(void)
{
    g_autoptr(RkResults) results = results_new();
    judge(results, NULL, NULL, 0);
    g_assert_cmpstr(results->recommended.id, ==, "fast");
    g_assert_nonnull(strstr(results->recommended.why, "Left out: 2 that lose more than 0.002"));
}

static void
breached(void)
{
    const char *const gates[] = {"p99_ms", "auc", "ndcg@10"};
    const double limits[] = {15, 0.9, 0.1};
    g_autoptr(RkResults) results = results_new();
    judge(results, gates, limits, 3);
    g_assert_null(results->recommended.id);
    g_assert_nonnull(strstr(results->recommended.why, "No trial meets every gate"));
    const RkGate *p99 = &g_array_index(results->gates, RkGate, 0);
    const RkGate *ndcg = &g_array_index(results->gates, RkGate, 2);
    g_assert_cmpstr(p99->trial, ==, "coarse"); // the fewest breaches, then the fastest
    g_assert_true(p99->pass);
    g_assert_false(ndcg->pass);
    g_assert_true(isnan(ndcg->value));
    g_assert_nonnull(strstr(ndcg->why, "wasn't measured"));
}

static void
nothing_valid(void)
{
    const char *const gates[] = {"p99_ms"};
    const double limits[] = {15};
    g_autoptr(RkResults) results = results_new();
    for (guint i = 0; i < results->trials->len; i++)
        ((RkTrialResult *)g_ptr_array_index(results->trials, i))->status = RK_TRIAL_INVALID;
    judge(results, gates, limits, 1);
    g_assert_null(results->recommended.id);
    g_assert_false(g_array_index(results->gates, RkGate, 0).pass);
    g_assert_cmpuint(results->pareto->len, ==, 0);
}

static const RkComparison *
comparison(const RkResults *results, const char *trial, const char *figure)
{
    for (guint i = 0; i < results->comparisons->len; i++) {
        const RkComparison *c = &g_array_index(results->comparisons, RkComparison, i);
        if (strcmp(c->trial, trial) == 0 && strcmp(c->figure, figure) == 0)
            return c;
    }
    return NULL;
}

static void
baseline(void)
{
    g_autoptr(RkResults) before = results_new();
    g_autoptr(RkResults) after = rk_results_new();
    rk_settings_add_text(before->environment, "device", "one");
    rk_settings_add_text(after->environment, "device", "another");
    g_ptr_array_add(after->trials, trial_new("base", 20.2, 1000, 0.80, 7)); // noise
    g_ptr_array_add(after->trials, trial_new("fast", 13, 1000, 0.799, 8));  // slower
    g_ptr_array_add(after->trials, trial_new("coarse", 4, 1500, 0.69, 9));  // worse answers
    g_ptr_array_add(after->trials, trial_new("new", 4, 1500, 0.80, 10));
    g_assert_true(rk_compare_baseline(after, before, "b.json", 0.05, 0.002));
    g_assert_cmpint(comparison(after, "base", "p99_ms")->verdict, ==, RK_VERDICT_SAME);
    g_assert_cmpint(comparison(after, "fast", "p99_ms")->verdict, ==, RK_VERDICT_WORSE);
    g_assert_cmpfloat(comparison(after, "fast", "p99_ms")->p, <, 1e-4);
    g_assert_cmpfloat(comparison(after, "fast", "p99_ms")->effect, >, 0.9);
    g_assert_cmpint(comparison(after, "coarse", "p99_ms")->verdict, ==, RK_VERDICT_BETTER);
    g_assert_cmpint(comparison(after, "coarse", "auc")->verdict, ==, RK_VERDICT_WORSE);
    g_assert_null(comparison(after, "base", "throughput_qps")); // the load fixes it
    g_assert_null(comparison(after, "new", "p99_ms"));
    g_assert_cmpuint(g_strv_length(after->baseline_notes), ==, 2);
    g_autoptr(RkResults) again = results_new();
    g_assert_false(rk_compare_baseline(again, before, "b.json", 0.05, 0.002));
}

static void
names(void)
{
    g_autoptr(GError) error = NULL;
    static const char *const GOOD[] = {"p99_ms",       "p99.9_ms", "auc",       "auc_drop",
                                       "ndcg@10_drop", "logloss",  "memory_mib"};
    for (size_t i = 0; i < G_N_ELEMENTS(GOOD); i++)
        g_assert_true(rk_gate_check_name(GOOD[i], NULL));
    g_assert_false(rk_gate_check_name("p9_ms", &error));
    g_assert_nonnull(strstr(error->message, "Did you mean p90_ms"));
    g_assert_true(rk_gate_passes("logloss", 0.5, 0.4));
    g_assert_false(rk_gate_passes("logloss", 0.5, 0.6));
    g_assert_true(rk_gate_passes("auc", 0.5, 0.6));
    g_assert_false(rk_gate_passes("p99_ms", 5, NAN));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bench/gate/names are known or the nearest is said", names);
    g_test_add_func("/bench/gate/the Pareto front leaves out what is worse in everything", pareto);
    g_test_add_func("/bench/judge/the best within the gates is recommended", recommended);
    g_test_add_func("/bench/judge/noise and the load's own rate are said", noise_is_said);
    g_test_add_func("/bench/judge/accuracy isn't given away unasked", accuracy_kept);
    g_test_add_func("/bench/judge/breached gates are said with the nearest trial", breached);
    g_test_add_func("/bench/judge/without a valid trial nothing passes", nothing_valid);
    g_test_add_func("/bench/judge/a baseline tells noise from regressions", baseline);
    return g_test_run();
}
