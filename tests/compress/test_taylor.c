// SPDX-License-Identifier: GPL-3.0-or-later
//
// What pruning by=taylor asks of the training data: |d loss / d value * value| of stored models of
// three families, against differences of the training loss in double precision. One batch holds
// all rows, so that their order matters not; datasets and models are made by the command line.
#include "lab.h"
#include "rig.h"

#include "train/compress-private.h"
#include "train/objective.h"

#include <math.h>
#include <string.h>

static RkDevice *device;

// The training loss of a stored model on all of its training rows.
typedef struct {
    RkModelBuild *build;
    RkEval *eval;
    RkRef loss;
} Loss;

static void
loss_clear(Loss *l)
{
    g_clear_pointer(&l->eval, rk_eval_free);
    g_clear_pointer(&l->build, rk_model_build_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Loss, loss_clear)

// Reads the one batch that there is into the graph's inputs.
static void
feed(Loss *l, const RkCompressing *c)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) columns = NULL;
    g_autoptr(GArray) inputs = NULL;
    const RkGraph *graph = l->build->graph;
    const RkPlanOptions wanted = {.batch = 1024, .n_outputs = 1, .outputs = &l->loss};
    g_autoptr(RkState) state = rk_state_new(device);
    g_assert_true(rk_state_add_graph(state, graph, &error));
    g_autoptr(RkPlan) plan = rk_plan_new(device, graph, state, &wanted, &error);
    g_assert_no_error(error);
    rk_train_features_columns(c->features, graph, rk_graph_size(graph), plan, &columns, &inputs,
                              &error);
    g_assert_no_error(error);
    const RkLoaderOptions options = {
        .batch = {.frame = c->features->frame,
                  .parts = 1u << RK_PART_TRAIN,
                  .samples = RK_SAMPLES_ROWS,
                  .columns = (const RkBatchColumn *)(const void *)columns->data,
                  .n_columns = columns->len,
                  .batch = c->settings->values},
        .n_slots = 1,
        .n_epochs = 1};
    RkBatch batch;
    g_autoptr(RkLoader) loader = rk_loader_new(&options, &error);
    g_assert_no_error(error);
    g_assert_cmpint(rk_loader_next(loader, &batch, &error), ==, 1);
    g_assert_cmpuint(batch.n, <, 1024);
    l->eval = rk_eval_new(graph, batch.n, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < inputs->len; i++) {
        RkRef ref = g_array_index(inputs, RkRef, i);
        rk_tensor_unpack(rk_eval_tensor(l->eval, ref), rk_loader_column(loader, batch.slot, i),
                         rk_eval_values(l->eval, ref));
    }
    rk_loader_release(loader, batch.slot);
}

static void
loss_init(Loss *l, const RkCompressing *c)
{
    g_autoptr(GError) error = NULL;
    const RkParams *set = c->settings->values;
    const RkModel *model = c->model->model;
    RkScored scored;
    *l = (Loss){.build = rk_model_build_new(model, &c->features->data, set, FALSE, &error)};
    g_assert_no_error(error);
    l->loss = rk_objective_build(rk_objective_find(rk_params_text(set, "loss")), l->build, model,
                                 set, &scored, &error);
    g_assert_no_error(error);
    feed(l, c);
    for (guint i = 0; i < l->build->params->len; i++) {
        const RkModelParam *p = &g_array_index(l->build->params, RkModelParam, i);
        const RkWeight *w = rk_weights_find(c->model->tensors, p->name);
        rk_tensor_unpack(&w->type, w->packed, rk_eval_values(l->eval, p->ref));
    }
}

static double
loss_at(Loss *l, double *value, double at)
{
    double was = *value;
    *value = at;
    rk_eval_run(l->eval);
    *value = was;
    return *rk_eval_values(l->eval, l->loss);
}

// So small a step meets hardly a kink of relu.
static double
score_of(Loss *l, double *value)
{
    const double STEP = 1e-6;
    double above = loss_at(l, value, *value + STEP), below = loss_at(l, value, *value - STEP);
    return fabs((above - below) / (2 * STEP) * *value);
}

// Some values of every tensor, the largest score among them.
static void
scores_are_what_the_loss_would_change(void)
{
    static const char *const MODELS[] = {"mf", "dlrm", "sasrec"};
    enum { PICKED = 4 };
    for (size_t m = 0; m < G_N_ELEMENTS(MODELS); m++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RkStore) store = lab_store();
        const RkCompressOptions options = {
            .store = store, .device = device, .model = MODELS[m], .seed = 3};
        g_auto(RkCompressing) c = {0};
        g_auto(Loss) l = {0};
        rk_compressing_init(&c, &options, &error);
        g_assert_no_error(error);
        g_autoptr(RkWeights) sums = c.context.taylor(&c.context, c.model, &error);
        g_assert_no_error(error);
        loss_init(&l, &c);
        double worst = 0;
        for (guint i = 0; i < l.build->params->len; i++) {
            const RkModelParam *p = &g_array_index(l.build->params, RkModelParam, i);
            const RkWeight *w = rk_weights_find(sums, p->name);
            const float *got = w->packed;
            double *value = rk_eval_values(l.eval, p->ref);
            uint64_t n = rk_tensor_numel(&w->type), best = 0;
            for (uint64_t k = 1; k < n; k++)
                best = got[k] > got[best] ? k : best;
            for (uint64_t k = 0; k < MIN(n, PICKED); k++) {
                uint64_t at = k == 0 ? best : k * (n - 1) / PICKED;
                double expected = score_of(&l, value + at);
                // A step of rate 1 in fp32 rounds at the value's own last place.
                double rounding = 1e-7 * fabs(value[at]) * (1 + fabs(value[at]));
                g_assert_cmpfloat_with_epsilon((double)got[at], expected,
                                               2e-3 * expected + rounding + 1e-9);
                worst = MAX(worst, expected);
            }
        }
        g_test_message("%s: %u tensors, the largest score %g", MODELS[m], sums->list->len, worst);
        g_assert_cmpfloat(worst, >, 1e-4);
    }
}

int
main(int argc, char **argv)
{
    device = rig_begin(&argc, &argv);
    static const char *const LINES[] = {
        "synth ctr --as ctr --rows 500",
        "synth ratings --as ratings --rows 500",
        "synth sequence --as sequence --rows 500",
        "train mf --data ratings --as mf --set epochs=1 --set dim=4 --set loss=mse",
        "train dlrm --data ctr --as dlrm --set epochs=1 --set dim=4 --set top=8 --set bottom=8",
        "train sasrec --data sequence --as sasrec --set epochs=1 --set dim=4 --set history=4 "
        "--set blocks=1 --set samples=rows --set loss=softmax --set dropout=0 --set batch=1024",
    };
    lab_begin(LINES, G_N_ELEMENTS(LINES));
    g_test_add_func("/compress/taylor/scores are what the loss would change",
                    scores_are_what_the_loss_would_change);
    const int status = rig_end(device);
    lab_end();
    return status;
}
