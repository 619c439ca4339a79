// SPDX-License-Identifier: GPL-3.0-or-later
#include "results_rig.h"

#include <math.h>

static const char *const AWKWARD = "s3fifo <\"&'> | a,b\n\\";

static RkRepeat *
repeat_new(uint32_t r, double p99_ms)
{
    RkRepeat *repeat = rk_repeat_new();
    repeat->repeat = r;
    repeat->seed = 7 + r;
    repeat->started = g_strdup("2026-01-31T12:00:00Z");
    repeat->valid = r == 0;
    if (r > 0) {
        g_strfreev(repeat->why_invalid);
        repeat->why_invalid = g_strsplit("31 more queries needed.", "|", -1);
    }
    repeat->n = 1000;
    repeat->duration_s = 2.5;
    repeat->throughput_qps = 400;
    for (int i = 0; i < RK_N_LATENCIES; i++)
        repeat->latency_ms[i] = p99_ms * (i + 1) / 5.0;
    repeat->schedule_hash = g_strdup("00ff00ff");
    return repeat;
}

static void
fill_curve(RkCurve *curve, const char *name, uint32_t n, double scale)
{
    *curve =
        (RkCurve){.name = g_strdup(name), .n = n, .x = g_new0(double, n), .y = g_new0(double, n)};
    for (uint32_t i = 0; i < n; i++) {
        curve->x[i] = (i + 1) / (double)n;
        curve->y[i] = scale * (i + 1) * (i + 1);
    }
}

static RkTrialResult *
trial_new(uint32_t i)
{
    RkTrialResult *trial = rk_trial_result_new();
    const double p99_ms = 12.5 / (1 + i);
    trial->id = g_strdup_printf("t%07x", i);
    trial->status = i % 4 == 3 ? RK_TRIAL_INVALID : RK_TRIAL_OK;
    rk_settings_add_number(trial->config, "batch.max", 1u << (i % 7));
    rk_settings_add(trial->config, "cache.policy", i % 2 == 0 ? "lru" : AWKWARD);
    rk_settings_add(trial->config, "warm", "true");
    rk_settings_add_number(trial->config, "prune", 0.3);
    trial->n_axes = 2;
    trial->model = g_strdup("ncf");
    trial->scenario = g_strdup("server");
    trial->source = g_strdup("measured");
    trial->valid = trial->status == RK_TRIAL_OK;
    trial->n = 2000;
    trial->throughput_qps = (RkEstimate){400 + i, 390 + i, 410 + i};
    for (int s = 0; s < RK_N_LATENCIES; s++)
        trial->latency_ms[s] =
            (RkEstimate){p99_ms * (s + 1) / 5, p99_ms * (s + 1) / 6, p99_ms * (s + 1) / 4};
    rk_nameds_add(trial->stages_us, "wait", rk_estimate(250));
    rk_nameds_add(trial->stages_us, "gpu", (RkEstimate){900, 880, 930});
    rk_nameds_add(trial->cache, "features.hit_rate", rk_estimate(0.42));
    rk_nameds_add(trial->lateness_us, "p99", rk_estimate(NAN));
    rk_nameds_add(trial->metrics, "ndcg@10", (RkEstimate){0.2 + 0.01 * i, 0.19, 0.5});
    trial->model_bytes = 4096 * (i + 1);
    trial->flops = 1e6;
    trial->schedule_hash = g_strdup("00ff00ff");
    g_ptr_array_add(trial->repeats, repeat_new(0, p99_ms));
    g_ptr_array_add(trial->repeats, repeat_new(1, p99_ms * 1.01));
    fill_curve(&trial->quantiles, "share", 20, p99_ms / 400);
    fill_curve(&trial->histogram, "requests", 10, 3);
    for (uint32_t w = 0; w < 5; w++) {
        const RkTimeWindow window = {w * 0.5, 200, 400, p99_ms / 3, p99_ms / 2, p99_ms, p99_ms * 2};
        g_array_append_val(trial->windows, window);
    }
    return trial;
}

static void
add_models(RkResults *results)
{
    for (int i = 0; i < 2; i++) {
        RkModelResult *model = rk_model_result_new();
        model->name = g_strdup(i == 0 ? "ncf" : "ncf-int8");
        model->kind = g_strdup("neumf");
        model->parent = g_strdup(i == 0 ? NULL : "ncf");
        model->how = g_strdup(i == 0 ? NULL : "precision=int8");
        model->bytes = i == 0 ? 4096 : 1024;
        rk_nameds_add(model->metrics, "ndcg@10", rk_estimate(0.2));
        RkCurve *loss = rk_curve_new("loss", 3);
        for (uint32_t e = 0; e < loss->n; e++) {
            loss->x[e] = e + 1;
            loss->y[e] = 1.0 / (e + 1);
        }
        g_ptr_array_add(model->curves, loss);
        g_ptr_array_add(results->models, model);
    }
}

static void
add_judgements(RkResults *results)
{
    rk_results_add_gate(results, (RkGate){.name = g_strdup("p99_ms"),
                                          .limit = 20,
                                          .value = 12.5,
                                          .pass = TRUE,
                                          .trial = g_strdup("t0000000"),
                                          .why = g_strdup("12.5 ms is within 20 ms.")});
    rk_results_add_gate(results, (RkGate){.name = g_strdup("memory_mib"),
                                          .limit = 1,
                                          .value = NAN,
                                          .why = g_strdup("It wasn't measured <here>.")});
    rk_results_add_comparison(results, (RkComparison){.trial = g_strdup("t0000000"),
                                                      .figure = g_strdup("p99_ms"),
                                                      .before = 10,
                                                      .after = 12.5,
                                                      .change = {0.25, 0.2, 0.3},
                                                      .p = 1e-8,
                                                      .effect = 0.9,
                                                      .verdict = RK_VERDICT_WORSE,
                                                      .why = g_strdup("25 % more.")});
    rk_results_add_audit(results, (RkAudit){g_strdup("stall"), TRUE, g_strdup("Seen at p99.")});
    results->baseline = g_strdup("base/results.json");
    g_strfreev(results->baseline_notes);
    results->baseline_notes = g_strsplit("Another device.|Another driver.", "|", -1);
    results->recommended.id = g_strdup("t0000000");
    results->recommended.why = g_strdup("It is the fastest within the gates.");
    results->recommended.versus = g_strdup("t0000000");
    rk_nameds_add(results->recommended.gains, "p99_ms", (RkEstimate){-0.31, -0.35, -0.27});
}

RkResults *
results_rig_new(uint32_t n_trials)
{
    RkResults *results = rk_results_new();
    results->rankine = g_strdup("0.1.0");
    results->suite = g_strdup("ranking <serving> & co");
    results->complete = TRUE;
    rk_settings_add_text(results->environment, "device", "llvmpipe (LLVM 15.0.6, 256 bits)");
    rk_settings_add_number(results->environment, "seed", 1);
    for (uint32_t i = 0; i < n_trials; i++)
        g_ptr_array_add(results->trials, trial_new(i));
    add_models(results);
    if (n_trials == 0)
        return results;
    g_ptr_array_add(results->pareto, g_strdup("t0000000"));
    results->pareto_metric = g_strdup("ndcg@10");
    add_judgements(results);
    results->plan = g_strdup("{\"replicas\":3}");
    return results;
}
