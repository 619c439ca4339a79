// SPDX-License-Identifier: GPL-3.0-or-later
//
// What flows into each dense layer on a sample of the training part, for calibration.
#include "train/compress-private.h"

#include "ops/matmul.h"
#include "train/scorer.h"

#include <string.h>

// 16 shuffled batches: ranges of activations settle within some thousands of samples.
#define N_BATCHES 16u

typedef struct {
    void (*visit)(void *to, const char *name, const float *x, uint64_t rows, uint32_t cols);
    void *to;
    GPtrArray *names; // of the layers' weights, owned by the scorer's build
} Watching;

// The inputs of the products that take a dense layer's weights, whole, masked, 2:4 or in f16.
static void
add_inputs(void *data, const RkModelBuild *build, GArray *refs)
{
    Watching *w = data;
    for (RkRef ref = 0; ref < rk_graph_size(build->graph); ref++) {
        const RkNode *node = rk_graph_node(build->graph, ref);
        for (guint i = 0; node->kind == RK_NODE_OP && node->n_in >= 2 && i < build->params->len;
             i++) {
            const RkModelParam *p = &g_array_index(build->params, RkModelParam, i);
            gboolean weights = p->dense || g_strcmp0(p->part_of, p->name) == 0;
            if (!weights || p->ref != node->in[1] || !g_str_has_prefix(node->op->name, "dense") ||
                rk_graph_type(build->graph, node->in[0])->dtype != RK_F32)
                continue;
            g_array_append_val(refs, node->in[0]);
            g_ptr_array_add(w->names, (gpointer)p->name);
        }
    }
}

static void
visit_input(void *data, uint32_t i, const void *values, const RkTensor *type, uint32_t n_samples)
{
    Watching *w = data;
    uint32_t cols = rk_tensor_cols(type);
    uint64_t rows = rk_tensor_rows(type);
    if (type->rank > 1 && type->dim[0] > n_samples) // what pads the last batch is left out
        rows = rows / type->dim[0] * n_samples;
    w->visit(w->to, g_ptr_array_index(w->names, i), values, rows, cols);
}

static gboolean
activations(RkPassContext *context, const RkCompressed *model,
            void (*visit)(void *to, const char *name, const float *x, uint64_t rows, uint32_t cols),
            void *to, GError **error)
{
    RkCompressing *c = (RkCompressing *)context;
    g_autoptr(RkModelBuild) build = NULL;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    RkTrainFeatures features = *c->features; // the same data in this model's form
    RkRef score;
    features.data.form = model->form;
    g_autoptr(RkState) state = rk_compressing_state(c, model, &build, &score, error);
    if (state == NULL)
        return FALSE;
    Watching watching = {visit, to, names};
    const RkScorerOptions options = {.device = c->options->device,
                                     .model = model->model,
                                     .set = model->set,
                                     .features = &features,
                                     .state = state,
                                     .part = RK_PART_TRAIN,
                                     .seed = c->options->seed,
                                     .cancelled = c->options->cancelled,
                                     .add = add_inputs,
                                     .visit = visit_input,
                                     .data = &watching,
                                     .n_batches = N_BATCHES};
    RkScores *scores = rk_scores_new(&options, error);
    if (scores == NULL) {
        g_prefix_error(error, "Can't calibrate: ");
        return FALSE;
    }
    rk_scores_free(scores);
    return TRUE;
}

void
rk_compressing_offer_activations(RkCompressing *c)
{
    c->context.activations = activations;
}
