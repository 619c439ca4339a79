// SPDX-License-Identifier: GPL-3.0-or-later
//
// What pruning does to the time of dense layers: an MLP over number features, whole and with half
// of its neurons, half of its weights (2:4) and most of its weights (masked) gone. Medians of
// interleaved runs, at several batch sizes. bench-compress [WIDTHS]
#include "base/clock.h"
#include "compress/compress.h"
#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS = 41, N_NUMBERS = 256 };

static const char *const PASSES[] = {NULL,
                                     "prune:ratio=0.5",
                                     "prune:what=2:4",
                                     "prune:what=weights,ratio=0.5",
                                     "prune:what=weights,ratio=0.9",
                                     "prune:what=weights,ratio=0.99"};
enum { N_PASSES = G_N_ELEMENTS(PASSES) };

static void
check(const GError *error)
{
    if (error != NULL)
        g_error("%s", error->message);
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Weights as a trained layer has them: drawn as the model begins.
static RkCompressed *
new_model(const RkModel *mlp, const RkModelData *data, const char *widths, const char *pass)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkParams) set = rk_params_new(mlp->params, mlp->n_params);
    rk_params_set(set, "layers", widths, &error);
    check(error);
    RkCompressed *c = rk_compressed_new(mlp, data, set, rk_weights_new());
    g_autoptr(RkModelBuild) build = rk_model_build_new(mlp, &c->data, set, FALSE, &error);
    check(error);
    mlp->score(build, RK_NONE);
    for (guint i = 0; i < build->params->len; i++) {
        const RkModelParam *p = &g_array_index(build->params, RkModelParam, i);
        RkTensor type;
        rk_type_bind(rk_graph_type(build->graph, p->ref), 1, &type, &error);
        float *values = g_malloc0(rk_tensor_bytes(&type) + 4);
        rk_model_init(p, &type, 1, values);
        rk_weights_take(c->tensors, p->name, &type, values);
    }
    RkPassContext context = {.seed = 1};
    RkPassCall call;
    if (pass == NULL)
        return c;
    if (!rk_pass_parse(pass, &call, &error) || !call.pass->apply(call.set, &context, c, &error))
        check(error);
    rk_pass_call_clear(&call);
    return c;
}

static RkPlan *
new_plan(RkDevice *device, const RkCompressed *model, uint32_t batch, RkModelBuild **build,
         RkState **state)
{
    g_autoptr(GError) error = NULL;
    *build = rk_model_build_new(model->model, &model->data, model->set, FALSE, &error);
    check(error);
    RkRef score = model->model->score(*build, RK_NONE);
    *state = rk_state_new(device);
    rk_state_add_graph(*state, (*build)->graph, &error);
    check(error);
    for (guint i = 0; i < (*build)->params->len; i++) {
        const char *name = g_array_index((*build)->params, RkModelParam, i).name;
        const RkWeight *w = rk_weights_find(model->tensors, name);
        rk_state_write(*state, name, w->packed, rk_tensor_bytes(&w->type), &error);
        check(error);
    }
    const RkPlanOptions options = {.batch = batch, .n_outputs = 1, .outputs = &score};
    RkPlan *plan = rk_plan_new(device, (*build)->graph, *state, &options, &error);
    check(error);
    return plan;
}

static void
time_batch(RkDevice *device, RkCompressed *const *models, uint32_t batch)
{
    g_autoptr(GError) error = NULL;
    RkPlan *plan[N_PASSES];
    RkModelBuild *build[N_PASSES];
    RkState *state[N_PASSES];
    static double took[N_PASSES][RUNS];
    for (int p = 0; p < N_PASSES; p++)
        plan[p] = new_plan(device, models[p], batch, &build[p], &state[p]);
    for (int run = -2; run < RUNS; run++) // two to warm up
        for (int p = 0; p < N_PASSES; p++) {
            uint64_t begin = rk_clock_ns();
            rk_plan_run(plan[p], &error);
            check(error);
            if (run >= 0)
                took[p][run] = (double)(rk_clock_ns() - begin) * 1e-3;
        }
    for (int p = 0; p < N_PASSES; p++)
        qsort(took[p], RUNS, sizeof(double), compare);
    for (int p = 0; p < N_PASSES; p++) {
        RkCompressedSize size;
        rk_compressed_size(models[p], &size, &error);
        printf("| %u | %s | %.0f | %.2f | %zu | %.0f |\n", batch,
               PASSES[p] != NULL ? PASSES[p] : "whole", took[p][RUNS / 2],
               took[0][RUNS / 2] / took[p][RUNS / 2], size.bytes, size.flops);
        rk_plan_free(plan[p]);
        rk_state_free(state[p]);
        rk_model_build_free(build[p]);
    }
}

int
main(int argc, char **argv)
{
    const char *widths = argc > 1 ? argv[1] : "1024-512-256-1";
    g_autoptr(GError) error = NULL;
    RkDevice *device = rk_device_open(NULL, &error);
    check(error);
    RkModelFeature features[N_NUMBERS];
    char names[N_NUMBERS][8];
    for (int i = 0; i < N_NUMBERS; i++) {
        g_snprintf(names[i], sizeof names[i], "n%d", i);
        features[i] = (RkModelFeature){.name = names[i], .kind = RK_FEATURE_NUMBER};
    }
    const RkModelData data = {
        .n_features = N_NUMBERS, .features = features, .user = -1, .item = -1};
    const RkModel *mlp = rk_model_find("mlp", &error);
    RkCompressed *models[N_PASSES];
    for (int p = 0; p < N_PASSES; p++)
        models[p] = new_model(mlp, &data, widths, PASSES[p]);
    printf("%s, layers %d-%s\n\n| batch | pass | us | times as fast | bytes | FLOPs a sample |\n"
           "|---|---|---|---|---|---|\n",
           rk_device_info(device)->name, N_NUMBERS, widths);
    static const uint32_t BATCHES[] = {1, 32, 256};
    for (size_t b = 0; b < G_N_ELEMENTS(BATCHES); b++)
        time_batch(device, models, BATCHES[b]);
    for (int p = 0; p < N_PASSES; p++)
        rk_compressed_free(models[p]);
    rk_device_close(device);
    return 0;
}
