// SPDX-License-Identifier: GPL-3.0-or-later
#include "samples.h"

#include "base/rng.h"

#include <math.h>

#define SEED 7

static double
noise(guint64 i)
{
    return rk_rng_double(SEED, 1, i);
}

static RkChart *
sample_latency_time(void)
{
    RkTimePoint points[120];
    for (gsize i = 0; i < G_N_ELEMENTS(points); i++) {
        double base = 2.4 + 0.4 * noise(i) + (i > 70 && i < 80 ? 4 : 0);
        points[i] = (RkTimePoint){i * 0.5, base, base * (1.6 + 0.3 * noise(i + 500)),
                                  base * (3.1 + 1.4 * noise(i + 900)), 980 + 40 * noise(i + 1300)};
    }
    points[40].p50_ms = points[40].p90_ms = points[40].p99_ms = NAN; // nothing was answered
    return rk_chart_latency_time(points, G_N_ELEMENTS(points), 20);
}

static RkChart *
sample_distribution(void)
{
    enum { N = 400, BINS = 40 };
    static double share[2][N], latency[2][N], bin[2][BINS], count[2][BINS];
    static const char *const NAMES[] = {"precision=fp32", "precision=int8"};
    RkDistribution d[2];
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < N; i++) {
            share[k][i] = 1 - pow(10, -3.2 * (i + 0.5) / N);
            latency[k][i] = (k == 0 ? 3.1 : 1.7) * pow(1 - share[k][i], -0.28);
        }
        for (int i = 0; i < BINS; i++) {
            bin[k][i] = pow(10, i / 20.);
            double z = (log(bin[k][i]) - (k == 0 ? 1.3 : 0.8)) / 0.4;
            count[k][i] = floor(9000 * exp(-z * z / 2));
        }
        d[k] = (RkDistribution){NAMES[k], N, share[k], latency[k], BINS, bin[k], count[k]};
    }
    return rk_chart_distribution(d, 2, 20);
}

static RkChart *
sample_throughput(void)
{
    static const char *const NAMES[] = {"fp32", "fp16", "int8", "int8 + pruned 80 %"};
    static const double TOP[] = {640, 1150, 2100, 2450};
    RkLoadPoint points[4 * 9];
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < 9; i++) {
            double load = 0.1 + i * 0.11;
            points[k * 9 + i] = (RkLoadPoint){
                NAMES[k], TOP[k] * load, 2.1 * (1 + 1.1 * load / (1.02 - load)), i < 8 || k != 1};
        }
    return rk_chart_throughput(points, G_N_ELEMENTS(points), 20);
}

static RkChart *
sample_pareto(void)
{
    RkTradeoff points[24];
    static char names[24][40];
    for (int i = 0; i < 24; i++) {
        double size = (double)(i % 6) / 6, batch = i / 6;
        g_snprintf(names[i], sizeof names[i], "prune=%d %%, batch=%d", (int)(size * 100),
                   1 << (2 * (int)batch));
        points[i] = (RkTradeoff){.name = names[i],
                                 .p99_ms = (2 + 3 * batch) * (1.2 - 0.7 * size) + noise(i + 40),
                                 .qps = 300 * (1 + batch) * (1 + size),
                                 .accuracy = 0.812 - 0.02 * size * size - 0.004 * noise(i),
                                 .valid = i != 5};
    }
    for (int i = 0; i < 24; i++) {
        points[i].on_front = TRUE;
        for (int k = 0; k < 24; k++)
            if (points[k].p99_ms < points[i].p99_ms && points[k].qps >= points[i].qps &&
                points[k].accuracy >= points[i].accuracy)
                points[i].on_front = FALSE;
    }
    points[3].recommended = TRUE;
    return rk_chart_pareto(points, G_N_ELEMENTS(points), "auc", 12);
}

static RkChart *
sample_stages(void)
{
    static const char *const STAGE[] = {"parse", "lookup",   "wait",  "upload",
                                        "gpu",   "readback", "select"};
    static const double US[3][7] = {{12, 140, 480, 90, 2200, 60, 45},
                                    {12, 35, 480, 90, 2190, 60, 44},
                                    {12, 34, 900, 70, 610, 58, 46}};
    const RkStageBar bars[] = {{"fp32, no cache", 7, STAGE, US[0]},
                               {"fp32, cache.policy=s3fifo", 7, STAGE, US[1]},
                               {"int8, cache.policy=s3fifo, batch.max=64", 7, STAGE, US[2]}};
    return rk_chart_stages(bars, G_N_ELEMENTS(bars));
}

static const RkOpTime OPS[] = {
    {"embedding bag user", 210e-6, 2.1e6, 18e6},
    {"matmul 512x256", 640e-6, 67e6, 3.1e6},
    {"matmul 256x128", 180e-6, 17e6, 1.1e6},
    {"pairwise dot", 95e-6, 6e6, 2.2e6},
    {"relu", 22e-6, 0.2e6, 1.6e6},
    {"sigmoid", 9e-6, 0.02e6, 0.1e6},
    {"concat", 18e-6, 0, 2.4e6},
};

static RkChart *
sample_ops(void)
{
    return rk_chart_ops(OPS, G_N_ELEMENTS(OPS));
}

static RkChart *
sample_roofline(void)
{
    return rk_chart_roofline(OPS, G_N_ELEMENTS(OPS), 210e9, 96e9);
}

static RkChart *
sample_cache(void)
{
    static const char *const POLICY[] = {"Bélády", "lru", "clock", "s3fifo", "sieve"};
    static const double GAIN[] = {1, 0.74, 0.76, 0.89, 0.9};
    RkCachePoint points[5 * 6];
    for (int k = 0; k < 5; k++)
        for (int i = 0; i < 6; i++) {
            double bound = 0.52 + 0.08 * i;
            points[k * 6 + i] = (RkCachePoint){POLICY[k], 100 * pow(4, i),
                                               bound * (GAIN[k] + 0.012 * i * (k > 0)), k == 0};
        }
    return rk_chart_cache(points, G_N_ELEMENTS(points));
}

static RkChart *
sample_training(void)
{
    enum { N = 12 };
    static double step[N], value[4][N];
    for (int i = 0; i < N; i++) {
        step[i] = i + 1;
        for (int k = 0; k < 2; k++) {
            value[k][i] = 0.32 + (0.35 + 0.05 * k) * exp(-0.4 * i) + 0.004 * noise(i + 50u * k);
            value[2 + k][i] = 0.81 - (0.2 - 0.03 * k) * exp(-0.5 * i) - 0.001 * i;
        }
    }
    const RkTrainingCurve curves[] = {{"ncf", "loss", N, step, value[0]},
                                      {"deepfm", "loss", N, step, value[1]},
                                      {"ncf", "val.auc", N, step, value[2]},
                                      {"deepfm", "val.auc", N, step, value[3]}};
    return rk_chart_training(curves, G_N_ELEMENTS(curves), "Epoch");
}

static RkChart *
sample_size(void)
{
    const RkSizePoint points[] = {
        {"fp32", "trained", 48e6, 0.8121, TRUE},      {"fp16", "quantized", 24e6, 0.8121, FALSE},
        {"int8", "quantized", 12.2e6, 0.8114, FALSE}, {"int4", "quantized", 6.4e6, 0.8042, FALSE},
        {"50 %", "pruned", 25e6, 0.8119, FALSE},      {"80 %", "pruned", 11e6, 0.8098, FALSE},
        {"95 %", "pruned", 3.4e6, 0.7951, FALSE},     {"rank 16", "low rank", 9e6, 0.8075, FALSE},
        {"rank 8", "low rank", 5e6, 0.8011, FALSE},
    };
    return rk_chart_size(points, G_N_ELEMENTS(points), "auc");
}

static RkChart *
sample_sensitivity(void)
{
    static const char *const ROWS[] = {"user embedding", "item embedding", "layer 1", "layer 2",
                                       "output"};
    static const char *const COLUMNS[] = {"20 %", "40 %", "60 %", "80 %", "95 %"};
    double value[25];
    for (int r = 0; r < 5; r++)
        for (int c = 0; c < 5; c++)
            value[r * 5 + c] = 0.0002 * pow(2.2, c) * (1 + 1.3 * r);
    value[7] = NAN;
    return rk_chart_sensitivity(ROWS, 5, COLUMNS, 5, value, "auc");
}

const Sample SAMPLES[] = {
#define RK_CHART(id, word, help) {word, sample_##id},
#include "report/charts.def"
#undef RK_CHART
};
const gsize N_SAMPLES = G_N_ELEMENTS(SAMPLES);
