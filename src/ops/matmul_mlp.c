// SPDX-License-Identifier: GPL-3.0-or-later
//
// The op mlp: a stack of dense layers in one dispatch. The fusion pass makes it of dense layers
// that nothing else reads, so that serving a small batch pays for one dispatch instead of one a
// layer. Kernels: matmul_mlp-kernels.c.
#include "ops/family.h"
#include "ops/matmul-private.h"
#include "ops/matmul.h"
#include "ops/ops.h"

#include <string.h>

#define WIDEST 512u // layers this wide keep a GPU busy by themselves

static RkMlp
mlp_of_node(const RkNode *node)
{
    RkMlp mlp = {.x = node->in[0]};
    for (uint32_t l = 0; l < RK_MLP_LAYERS && RK_MLP_W(l) < node->n_in; l++) {
        if (node->in[RK_MLP_W(l)] == RK_NONE)
            break;
        mlp.layer[mlp.n++] = (RkMlpLayer){node->in[RK_MLP_W(l)], node->in[RK_MLP_BIAS(l)],
                                          node->attr[2 * l].i, node->attr[2 * l + 1].f};
    }
    return mlp;
}

static RkRef
mlp_node(RkGraph *g, const RkMlp *mlp)
{
    RkRef in[RK_MLP_INPUTS];
    RkAttr attr[2 * RK_MLP_LAYERS] = {0};
    for (uint32_t i = 0; i < RK_MLP_INPUTS; i++)
        in[i] = RK_NONE;
    in[0] = mlp->x;
    for (uint32_t l = 0; l < RK_MLP_LAYERS; l++)
        attr[2 * l].i = RK_ACT_NONE;
    for (uint32_t l = 0; l < mlp->n; l++) {
        in[RK_MLP_W(l)] = mlp->layer[l].w;
        in[RK_MLP_BIAS(l)] = mlp->layer[l].bias;
        attr[2 * l].i = mlp->layer[l].act;
        attr[2 * l + 1].f = mlp->layer[l].alpha;
    }
    return rk_graph_op(g, rk_op_find("mlp"), RK_MLP_INPUTS, in, 2 * RK_MLP_LAYERS, attr);
}

// --- shape rule and reference --------------------------------------------------------------------

static gboolean
infer(const RkOpTypes *t, RkType *out, GError **error)
{
    const RkType *x = &t->in[0];
    if (!rk_infer_dtype(t, 0, RK_F32, error))
        return FALSE;
    if (x->rank < 1)
        return rk_infer_fail(t, error, "x must have a dimension");
    *out = *x;
    RkDim *last = &out->dim[x->rank - 1];
    for (uint32_t l = 0; l < RK_MLP_LAYERS && t->present[RK_MLP_W(l)]; l++) {
        uint32_t w = RK_MLP_W(l), bias = RK_MLP_BIAS(l);
        if (!rk_infer_dtype(t, w, RK_F32, error) || !rk_infer_rank(t, w, 2, error) ||
            !rk_infer_dim(t, w, 1, *last, error))
            return FALSE;
        *last = t->in[w].dim[0];
        if (last->per_batch)
            return rk_infer_fail(t, error, "weights can't depend on the batch");
        if (!rk_infer_dtype(t, bias, RK_F32, error) || !rk_infer_rank(t, bias, 1, error) ||
            !rk_infer_dim(t, bias, 0, *last, error) || !rk_act_check(t, t->attr[2 * l].i, error))
            return FALSE;
    }
    return TRUE;
}

static void
oracle(const RkOpArgs *args, double *const *in, double *out)
{
    size_t rows = rk_tensor_rows(&args->in[0]), k = rk_tensor_cols(&args->in[0]);
    double *x = g_memdup2(in[0], rows * k * sizeof *x);
    for (uint32_t l = 0; l < RK_MLP_LAYERS && args->present[RK_MLP_W(l)]; l++) {
        const double *w = in[RK_MLP_W(l)];
        const double *bias = args->present[RK_MLP_BIAS(l)] ? in[RK_MLP_BIAS(l)] : NULL;
        size_t n = args->in[RK_MLP_W(l)].dim[0];
        double *y = g_new(double, rows *n + 1);
        for (size_t i = 0; i < rows * n; i++) {
            y[i] = bias == NULL ? 0 : bias[i % n];
            for (size_t c = 0; c < k; c++)
                y[i] += x[i / n * k + c] * w[i % n * k + c];
        }
        rk_act_oracle(args->attr[2 * l].i, args->attr[2 * l + 1].f, rows * n, y);
        g_free(x);
        x = y;
        k = n;
    }
    memcpy(out, x, rows * k * sizeof *x);
    g_free(x);
}

static RkCost
cost(const RkOpArgs *args)
{
    double flops = 0;
    for (uint32_t l = 0; l < RK_MLP_LAYERS && args->present[RK_MLP_W(l)]; l++)
        flops += 2.0 * (double)rk_tensor_rows(&args->in[0]) *
                 (double)rk_tensor_numel(&args->in[RK_MLP_W(l)]);
    return rk_cost_stream(args, flops);
}

// --- fusion --------------------------------------------------------------------------------------

// A dense node is a stack of one when its weights are plain and its sizes suit the kernels.
static gboolean
stack_of(RkGraph *g, RkRef ref, RkMlp *mlp)
{
    const RkNode *node = rk_graph_node(g, ref);
    if (node->kind != RK_NODE_OP)
        return FALSE;
    if (node->op == rk_op_find("mlp")) {
        *mlp = mlp_of_node(node);
        return TRUE;
    }
    if (node->op != rk_dense_op())
        return FALSE;
    const RkType *x = rk_graph_type(g, node->in[0]), *w = rk_graph_type(g, node->in[1]);
    if (x->dtype != RK_F32 || w->dtype != RK_F32 || w->dim[0].n > WIDEST || w->dim[1].n > WIDEST ||
        w->dim[1].n % 4 != 0)
        return FALSE;
    *mlp = (RkMlp){.n = 1, .x = node->in[0]};
    mlp->layer[0] = (RkMlpLayer){node->in[1], node->in[2], node->attr[0].i, node->attr[1].f};
    return TRUE;
}

RkRef
rk_mlp_absorb(RkGraph *graph, RkRef node, RkRef consumer)
{
    RkMlp mlp, next;
    if (!stack_of(graph, node, &mlp))
        return RK_NONE;
    if (stack_of(graph, consumer, &next) && next.x == node && next.n + mlp.n <= RK_MLP_LAYERS) {
        memcpy(mlp.layer + mlp.n, next.layer, next.n * sizeof *next.layer);
        mlp.n += next.n;
        return mlp_node(graph, &mlp);
    }
    RkMlpLayer *last = &mlp.layer[mlp.n - 1];
    if (mlp.n < 2 || last->act != RK_ACT_NONE)
        return RK_NONE;
    const RkNode after = *rk_graph_node(graph, consumer);
    RkRef vector = last->bias == RK_NONE ? rk_added_vector(graph, node, consumer) : RK_NONE;
    if (vector != RK_NONE)
        last->bias = vector;
    else if (!rk_act_of(&after, &last->act, &last->alpha))
        return RK_NONE;
    return mlp_node(graph, &mlp);
}

// --- samples -------------------------------------------------------------------------------------

#define IN(r, ...)                                                                                 \
    {                                                                                              \
        .dtype = RK_F32, .rank = r, .dim = { __VA_ARGS__ }                                         \
    }
#define NO                                                                                         \
    {                                                                                              \
        .absent = TRUE                                                                             \
    }
#define LAYER(n, k) IN(2, n, k), IN(1, n)
#define ACTS(a, b, c, d)                                                                           \
    .n_attr = 2 * RK_MLP_LAYERS,                                                                   \
    .attr = {{.i = a}, {.f = 0}, {.i = b}, {.f = 0}, {.i = c}, {.f = 0}, {.i = d}, {.f = 0}}
#define THREE(label, m, ...)                                                                       \
    {                                                                                              \
        .name = label, .n_in = RK_MLP_INPUTS, .no_grad = TRUE,                                     \
        .in = {IN(2, m, 256), LAYER(128, 256), LAYER(64, 128), LAYER(1, 64), NO, NO},              \
        ACTS(RK_ACT_RELU, RK_ACT_RELU, RK_ACT_NONE, RK_ACT_NONE), __VA_ARGS__                      \
    }

static const RkSample SAMPLES[] = {
    {.name = "two layers, odd rows",
     .n_in = RK_MLP_INPUTS,
     .no_grad = TRUE,
     .in = {IN(2, 19, 32), LAYER(24, 32), LAYER(20, 24), NO, NO, NO, NO},
     ACTS(RK_ACT_TANH, RK_ACT_SIGMOID, RK_ACT_NONE, RK_ACT_NONE)},
    {.name = "odd widths",
     .n_in = RK_MLP_INPUTS,
     .no_grad = TRUE,
     .in = {IN(2, 5, 13), LAYER(7, 13), IN(2, 9, 7), NO, LAYER(3, 9), NO, NO},
     ACTS(RK_ACT_RELU, RK_ACT_SILU, RK_ACT_NONE, RK_ACT_NONE)},
    {.name = "four layers, rank 3",
     .n_in = RK_MLP_INPUTS,
     .no_grad = TRUE,
     .in = {IN(3, 3, 2, 16), LAYER(40, 16), LAYER(36, 40), LAYER(12, 36), LAYER(2, 12)},
     ACTS(RK_ACT_GELU, RK_ACT_RELU, RK_ACT_RELU, RK_ACT_SIGMOID)},
    {.name = "one layer",
     .n_in = RK_MLP_INPUTS,
     .no_grad = TRUE,
     .in = {IN(2, 4, 8), LAYER(4, 8), NO, NO, NO, NO, NO, NO},
     ACTS(RK_ACT_RELU, RK_ACT_NONE, RK_ACT_NONE, RK_ACT_NONE)},
    {.name = "empty",
     .n_in = RK_MLP_INPUTS,
     .no_grad = TRUE,
     .in = {IN(2, 0, 8), LAYER(4, 8), LAYER(1, 4), NO, NO, NO, NO},
     ACTS(RK_ACT_RELU, RK_ACT_NONE, RK_ACT_NONE, RK_ACT_NONE)},
    THREE("256-128-64-1, batch 1", 1),
    THREE("256-128-64-1, batch 17", 17),
    THREE("256-128-64-1 M 1", 1, .bench = TRUE),
    THREE("256-128-64-1 M 32", 32, .bench = TRUE),
    THREE("256-128-64-1 M 256", 256, .bench = TRUE),
    THREE("256-128-64-1 M 2048", 2048, .bench = TRUE),
};

static const char *const INPUTS[] = {"x",   "w0",  "b0?", "w1?", "b1?",
                                     "w2?", "b2?", "w3?", "b3?", NULL};
static const char *const ATTRIBUTES[] = {"i:act0",   "f:alpha0", "i:act1",   "f:alpha1", "i:act2",
                                         "f:alpha2", "i:act3",   "f:alpha3", NULL};

static const RkOp ROWS[] = {
    {
        .name = "mlp",
        .input = INPUTS,
        .attribute = ATTRIBUTES,
        .flags = RK_OP_FUSED,
        .infer = infer,
        .oracle = oracle,
        .cost = cost,
        .n_kernels = RK_MLP_KERNELS,
        .kernels = rk_mlp_kernels,
        .pick = rk_mlp_pick,
        .absorb = rk_mlp_absorb,
        .n_samples = G_N_ELEMENTS(SAMPLES),
        .samples = SAMPLES,
        .rtol = 5e-5, // up to four layers of fp32 sums, each as dense
        .atol = 1e-5,
    },
};

RkFamily
rk_family_matmul_mlp(void)
{
    return (RkFamily){ROWS, G_N_ELEMENTS(ROWS)};
}

RkRef
rk_mlp(RkGraph *graph, RkRef x, uint32_t n_layers, const RkRef *w, const RkRef *bias,
       const RkAct *act)
{
    if (n_layers == 0 || n_layers > RK_MLP_LAYERS) {
        rk_graph_fail(graph, "Can't build an mlp of %u layers: it takes 1 to %u. Use dense layers.",
                      n_layers, RK_MLP_LAYERS);
        return RK_NONE;
    }
    RkMlp mlp = {.n = n_layers, .x = x};
    for (uint32_t l = 0; l < n_layers; l++)
        mlp.layer[l] = (RkMlpLayer){w[l], bias == NULL ? RK_NONE : bias[l], act[l],
                                    act[l] == RK_ACT_LEAKY_RELU ? 0.01f : 0};
    return mlp_node(graph, &mlp);
}
