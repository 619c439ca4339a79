// SPDX-License-Identifier: GPL-3.0-or-later
//
// The op dense: x w^T with weights stored a row an output, in f32, f16, i8 or i4, and bias, scales
// and activation in the same pass. It takes a following bias addition and activation in.
#include "ops/family.h"
#include "ops/matmul-private.h"
#include "ops/matmul.h"
#include "ops/ops.h"

#include <string.h>

enum { X, W, BIAS, SCALE, X_SCALE, N_INPUTS };
enum { ACT, ALPHA, GROUP, N_ATTRIBUTES };

// --- activations, for all product families -------------------------------------------------------

static const RkOp *
act_op(int32_t code)
{
    const RkOp *op;
    for (size_t i = 0; (op = rk_op_at(i)) != NULL; i++)
        if (rk_pointwise_code(op) == code)
            return op;
    return NULL;
}

static uint32_t
n_attributes(const RkOp *op)
{
    return op->attribute == NULL ? 0 : g_strv_length((char **)op->attribute);
}

static gboolean
is_act(const RkOp *op)
{
    int code = op == NULL ? -1 : rk_pointwise_code(op);
    return code >= 0 && code % 4 == 0 && op->input[0] != NULL && op->input[1] == NULL &&
           n_attributes(op) <= 1;
}

gboolean
rk_act_check(const RkOpTypes *t, int32_t act, GError **error)
{
    if (act == RK_ACT_NONE || is_act(act_op(act)))
        return TRUE;
    return rk_infer_fail(t, error, "%d is no activation", act);
}

gboolean
rk_act_of(const RkNode *consumer, int32_t *act, float *act_p)
{
    if (consumer->kind != RK_NODE_OP || !is_act(consumer->op))
        return FALSE;
    *act = rk_pointwise_code(consumer->op);
    *act_p = consumer->n_attr > 0 ? consumer->attr[0].f : 0;
    return TRUE;
}

void
rk_act_oracle(int32_t act, float act_p, uint64_t n, double *values)
{
    if (act == RK_ACT_NONE || n == 0)
        return;
    const RkOp *op = act_op(act);
    const RkTensor tensor = {.dtype = RK_F32, .rank = 1, .dim = {(uint32_t)n}};
    const gboolean present = TRUE;
    const RkAttr attr = {.f = act_p};
    const RkOpArgs args = {op, 1, &tensor, &present, tensor, n_attributes(op), &attr};
    op->oracle(&args, (double *const[]){values}, values);
}

RkRef
rk_act_grad(RkGraph *g, int32_t act, float act_p, RkRef y, RkRef dy,
            RkRef (*before)(RkGraph *graph, RkRef y))
{
    if (act == RK_ACT_NONE)
        return dy;
    if (act == RK_ACT_SIGMOID) // y (1 - y)
        return rk_mul(g, dy, rk_mul(g, y, rk_shift(g, rk_neg(g, y), 1)));
    if (act == RK_ACT_TANH) // 1 - y^2
        return rk_mul(g, dy, rk_shift(g, rk_neg(g, rk_square(g, y)), 1));
    // A rectified result has the sign of what it was made from; others need that itself.
    gboolean keeps_sign = act == RK_ACT_RELU || (act == RK_ACT_LEAKY_RELU && act_p > 0);
    const RkRef in[] = {dy, keeps_sign ? y : before(g, y)};
    const RkOp *op = act_op(act + 1);
    const RkAttr attr = {.f = act_p};
    return rk_graph_op(g, op, 2, in, n_attributes(op), &attr);
}

// --- shape rule ----------------------------------------------------------------------------------

static gboolean
infer_scale(const RkOpTypes *t, GError **error)
{
    const RkType *w = &t->in[W], *scale = &t->in[SCALE];
    gboolean packed = w->dtype == RK_I8 || w->dtype == RK_I4;
    uint32_t group = (uint32_t)t->attr[GROUP].i;
    if (t->present[SCALE] != packed)
        return rk_infer_fail(t, error,
                             packed ? "integer weights need a scale"
                                    : "floating-point weights take no scale");
    if (!packed)
        return TRUE;
    if (!rk_infer_dtype(t, SCALE, RK_F32, error))
        return FALSE;
    if (group == 0 && scale->rank == 1 && rk_dim_equal(scale->dim[0], RK_DIM(1)))
        return TRUE;
    if (!rk_infer_dim(t, SCALE, 0, w->dim[0], error))
        return FALSE;
    if (group == 0)
        return rk_infer_rank(t, SCALE, 1, error);
    if (group % 32 != 0 || t->in[X].dtype == RK_I8)
        return rk_infer_fail(t, error, "a scale's group must be a multiple of 32, and x in f32");
    RkDim groups = RK_DIM((uint32_t)rk_ceil_div(w->dim[1].n, group));
    return rk_infer_rank(t, SCALE, 2, error) && rk_infer_dim(t, SCALE, 1, groups, error) &&
           scale->rank == 2;
}

static gboolean
infer_x_scale(const RkOpTypes *t, GError **error)
{
    const RkType *x = &t->in[X], *scale = &t->in[X_SCALE];
    if (t->present[X_SCALE] != (x->dtype == RK_I8))
        return rk_infer_fail(t, error, "x needs a scale in i8, and none in f32");
    if (!t->present[X_SCALE])
        return TRUE;
    if (t->in[W].dtype != RK_I8)
        return rk_infer_fail(t, error, "x in i8 wants weights in i8");
    if (scale->rank == 1 && rk_dim_equal(scale->dim[0], RK_DIM(1)))
        return rk_infer_dtype(t, X_SCALE, RK_F32, error);
    for (uint32_t axis = 0; axis + 1 < x->rank; axis++)
        if (!rk_infer_dim(t, X_SCALE, axis, x->dim[axis], error))
            return FALSE;
    return rk_infer_dtype(t, X_SCALE, RK_F32, error) && rk_infer_rank(t, X_SCALE, x->rank, error) &&
           rk_infer_dim(t, X_SCALE, x->rank - 1, RK_DIM(1), error);
}

static gboolean
infer(const RkOpTypes *t, RkType *out, GError **error)
{
    const RkType *x = &t->in[X], *w = &t->in[W];
    if (x->dtype != RK_I8 && !rk_infer_dtype(t, X, RK_F32, error))
        return FALSE;
    if (w->dtype == RK_U32)
        return rk_infer_fail(t, error, "weights are f32, f16, i8 or i4");
    if (x->rank < 1 || !rk_infer_rank(t, W, 2, error))
        return x->rank < 1 ? rk_infer_fail(t, error, "x must have a dimension") : FALSE;
    if (w->dim[0].per_batch || w->dim[1].per_batch)
        return rk_infer_fail(t, error, "weights can't depend on the batch");
    if (!rk_infer_dim(t, W, 1, x->dim[x->rank - 1], error) ||
        !rk_infer_dtype(t, BIAS, RK_F32, error) || !rk_infer_rank(t, BIAS, 1, error) ||
        !rk_infer_dim(t, BIAS, 0, w->dim[0], error) || !infer_scale(t, error) ||
        !infer_x_scale(t, error) || !rk_act_check(t, t->attr[ACT].i, error))
        return FALSE;
    *out = *x;
    out->dtype = RK_F32;
    out->dim[x->rank - 1] = w->dim[0];
    return TRUE;
}

// --- what it computes ----------------------------------------------------------------------------

static void
describe(const RkOpArgs *args, RkProduct *p)
{
    static const RkProductFormat FORMATS[RK_N_DTYPES] = {
        [RK_F32] = RK_PRODUCT_F32,
        [RK_F16] = RK_PRODUCT_F16,
        [RK_I8] = RK_PRODUCT_I8,
        [RK_I4] = RK_PRODUCT_I4,
    };
    const RkTensor *x = &args->in[X], *w = &args->in[W];
    p->format = x->dtype == RK_I8 ? RK_PRODUCT_I8_I8 : FORMATS[w->dtype];
    p->m = (uint32_t)rk_tensor_rows(x);
    p->n = w->dim[0];
    p->k = w->dim[1];
    p->trans_b = TRUE;
    p->a_stride = rk_tensor_row_words(x);
    p->b_stride = rk_tensor_row_words(w);
    p->bias = args->present[BIAS] ? BIAS : -1;
    p->act = args->attr[ACT].i;
    p->act_p = args->attr[ALPHA].f;
    if (args->present[SCALE]) {
        p->scale = SCALE;
        p->scale_kind = args->in[SCALE].rank == 2     ? RK_SCALE_GROUP
                        : args->in[SCALE].dim[0] == 1 ? RK_SCALE_ALL
                                                      : RK_SCALE_ROW;
        p->scale_group = (uint32_t)args->attr[GROUP].i;
        p->scale_groups = args->in[SCALE].rank == 2 ? args->in[SCALE].dim[1] : 1;
    }
    if (args->present[X_SCALE]) {
        p->a_scale = X_SCALE;
        p->a_scale_kind =
            rk_tensor_numel(&args->in[X_SCALE]) == 1 ? RK_SCALE_A_ALL : RK_SCALE_A_ROW;
    }
}

void
rk_dense_oracle(const RkOpArgs *args, const double *x, const double *w, const double *bias,
                int32_t act, float act_p, double *out)
{
    RkProduct p = rk_product_of(args);
    for (size_t m = 0; m < p.m; m++)
        for (size_t n = 0; n < p.n; n++) {
            double sum = bias == NULL ? 0 : bias[n];
            for (size_t k = 0; k < p.k; k++)
                sum += x[m * p.k + k] * w[n * p.k + k];
            out[m * p.n + n] = sum;
        }
    rk_act_oracle(act, act_p, (uint64_t)p.m * p.n, out);
}

static void
oracle(const RkOpArgs *args, double *const *in, double *out)
{
    RkProduct p = rk_product_of(args);
    g_autofree double *x = g_memdup2(in[X], (size_t)p.m * p.k * sizeof *x);
    g_autofree double *w = g_memdup2(in[W], (size_t)p.n * p.k * sizeof *w);
    for (size_t i = 0; i < (size_t)p.m * p.k && args->present[X_SCALE]; i++)
        x[i] *= in[X_SCALE][p.a_scale_kind == RK_SCALE_A_ALL ? 0 : i / p.k];
    for (size_t n = 0; n < p.n && args->present[SCALE]; n++)
        for (size_t k = 0; k < p.k; k++) {
            size_t group = p.scale_kind == RK_SCALE_GROUP ? k / p.scale_group : 0;
            size_t row = p.scale_kind == RK_SCALE_ALL ? 0 : n;
            w[n * p.k + k] *= in[SCALE][row * p.scale_groups + group];
        }
    rk_dense_oracle(args, x, w, args->present[BIAS] ? in[BIAS] : NULL, p.act, p.act_p, out);
}

// --- gradient ------------------------------------------------------------------------------------

// The same product without its activation.
static RkRef
before_act(RkGraph *g, RkRef y)
{
    const RkNode node = *rk_graph_node(g, y);
    RkAttr attr[N_ATTRIBUTES];
    memcpy(attr, node.attr, sizeof attr);
    attr[ACT].i = RK_ACT_NONE;
    return rk_graph_op(g, node.op, node.n_in, node.in, N_ATTRIBUTES, attr);
}

static void
grad(RkGraph *g, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode node = *rk_graph_node(g, y);
    if (rk_graph_type(g, node.in[W])->dtype != RK_F32 ||
        rk_graph_type(g, node.in[X])->dtype != RK_F32) {
        rk_graph_fail(g, "Can't differentiate dense: its weights are packed. Train f32 weights and "
                         "pack them afterwards.");
        return;
    }
    RkRef x = node.in[X], w = node.in[W], bias = node.in[BIAS];
    RkRef dz = rk_act_grad(g, node.attr[ACT].i, node.attr[ALPHA].f, y, dy, before_act);
    dx[X] = rk_matmul(g, dz, w, FALSE, FALSE);
    dx[W] = rk_matmul(g, rk_as_rows(g, dz), rk_as_rows(g, x), TRUE, FALSE);
    if (bias != RK_NONE)
        dx[BIAS] = rk_sum_to(g, dz, *rk_graph_type(g, bias));
}

// --- fusion --------------------------------------------------------------------------------------

RkRef
rk_added_vector(RkGraph *g, RkRef node, RkRef consumer)
{
    const RkNode *c = rk_graph_node(g, consumer);
    if (c->op != rk_op_find("add") || c->in[0] == c->in[1])
        return RK_NONE;
    RkRef other = c->in[0] == node ? c->in[1] : c->in[0];
    const RkType *type = rk_graph_type(g, other), *out = rk_graph_type(g, node);
    gboolean row = type->rank == 1 && rk_dim_equal(type->dim[0], out->dim[out->rank - 1]);
    return row && c->type.rank == out->rank ? other : RK_NONE;
}

static RkRef
absorb(RkGraph *g, RkRef node, RkRef consumer)
{
    const RkNode n = *rk_graph_node(g, node), c = *rk_graph_node(g, consumer);
    if (n.attr[ACT].i != RK_ACT_NONE)
        return rk_mlp_absorb(g, node, consumer);
    RkRef in[N_INPUTS];
    RkAttr attr[N_ATTRIBUTES];
    memcpy(in, n.in, sizeof in);
    memcpy(attr, n.attr, sizeof attr);
    RkRef vector = n.in[BIAS] == RK_NONE ? rk_added_vector(g, node, consumer) : RK_NONE;
    if (vector != RK_NONE)
        in[BIAS] = vector;
    else if (!rk_act_of(&c, &attr[ACT].i, &attr[ALPHA].f))
        return rk_mlp_absorb(g, node, consumer);
    return rk_graph_op(g, n.op, N_INPUTS, in, N_ATTRIBUTES, attr);
}

// --- samples -------------------------------------------------------------------------------------

#define IN(type, r, ...)                                                                           \
    {                                                                                              \
        .dtype = type, .rank = r, .dim = { __VA_ARGS__ }                                           \
    }
#define Q(type, ...)                                                                               \
    {                                                                                              \
        .dtype = type, .rank = 2, .dim = {__VA_ARGS__}, .fill = RK_FILL_INTEGER                    \
    }
#define POSITIVE(r, ...)                                                                           \
    {                                                                                              \
        .dtype = RK_F32, .rank = r, .dim = {__VA_ARGS__}, .fill = RK_FILL_POSITIVE                 \
    }
#define NO                                                                                         \
    {                                                                                              \
        .absent = TRUE                                                                             \
    }
#define SAMPLE(label, act, alpha, group, x, w, bias, scale, x_scale, ...)                          \
    {                                                                                              \
        .name = label, .n_in = N_INPUTS, .in = {x, w, bias, scale, x_scale},                       \
        .n_attr = N_ATTRIBUTES, .attr = {{.i = act}, {.f = alpha}, {.i = group}}, __VA_ARGS__      \
    }
#define PLAIN(label, m, n, k, ...)                                                                 \
    SAMPLE(label, RK_ACT_NONE, 0, 0, IN(RK_F32, 2, m, k), IN(RK_F32, 2, n, k), NO, NO, NO,         \
           __VA_ARGS__)
#define BIASED(label, act, m, n, k, ...)                                                           \
    SAMPLE(label, act, 0.1f, 0, IN(RK_F32, 2, m, k), IN(RK_F32, 2, n, k), IN(RK_F32, 1, n), NO,    \
           NO, __VA_ARGS__)
#define HALF(label, m, n, k, ...)                                                                  \
    SAMPLE(label, RK_ACT_RELU, 0, 0, IN(RK_F32, 2, m, k), IN(RK_F16, 2, n, k), IN(RK_F32, 1, n),   \
           NO, NO, .no_grad = TRUE, __VA_ARGS__)
#define INTEGER(label, type, m, n, k, ...)                                                         \
    SAMPLE(label, RK_ACT_RELU, 0, 0, IN(RK_F32, 2, m, k), Q(type, n, k), IN(RK_F32, 1, n),         \
           POSITIVE(1, n), NO, .no_grad = TRUE, __VA_ARGS__)
#define ONE_SCALE(label, type, m, n, k, ...)                                                       \
    SAMPLE(label, RK_ACT_RELU, 0, 0, IN(RK_F32, 2, m, k), Q(type, n, k), IN(RK_F32, 1, n),         \
           POSITIVE(1, 1), NO, .no_grad = TRUE, __VA_ARGS__)
#define GROUPED(label, type, m, n, k, size, groups, ...)                                           \
    SAMPLE(label, RK_ACT_NONE, 0, size, IN(RK_F32, 2, m, k), Q(type, n, k), NO,                    \
           POSITIVE(2, n, groups), NO, .no_grad = TRUE, __VA_ARGS__)
#define INTEGERS(label, m, n, k, rank_x, ...)                                                      \
    SAMPLE(label, RK_ACT_RELU, 0, 0, Q(RK_I8, m, k), Q(RK_I8, n, k), IN(RK_F32, 1, n),             \
           POSITIVE(1, n), POSITIVE(rank_x, rank_x == 2 ? m : 1, 1), .no_grad = TRUE, __VA_ARGS__)
#define BENCH .bench = TRUE

static const RkSample SAMPLES[] = {
    BIASED("batch of 1", RK_ACT_NONE, 1, 128, 64, .no_grad = TRUE),
    BIASED("batch of 32, relu", RK_ACT_RELU, 32, 64, 64, .no_grad = TRUE),
    BIASED("one output, sigmoid", RK_ACT_SIGMOID, 33, 1, 64, .no_grad = TRUE),
    PLAIN("odd", 37, 43, 35, .no_grad = TRUE),
    PLAIN("several tiles", 140, 132, 64, .no_grad = TRUE),
    PLAIN("empty", 0, 4, 8, .no_grad = TRUE),
    BIASED("relu", RK_ACT_RELU, 7, 5, 7, .no_grad = TRUE), // a kink
    BIASED("leaky relu", RK_ACT_LEAKY_RELU, 7, 4, 8, .no_grad = TRUE),
    BIASED("sigmoid", RK_ACT_SIGMOID, 7, 5, 7),
    BIASED("tanh", RK_ACT_TANH, 7, 4, 8),
    BIASED("gelu", RK_ACT_GELU, 7, 5, 7),
    BIASED("silu", RK_ACT_SILU, 7, 4, 8),
    BIASED("softplus", RK_ACT_SOFTPLUS, 7, 5, 7),
    SAMPLE("rank 3", RK_ACT_TANH, 0, 0, IN(RK_F32, 3, 2, 3, 4), IN(RK_F32, 2, 5, 4),
           IN(RK_F32, 1, 5), NO, NO),
    HALF("f16", 34, 40, 64),
    HALF("f16, odd", 5, 9, 37),
    HALF("f16, batch of 1", 1, 70, 96),
    INTEGER("i8", RK_I8, 34, 40, 64),
    INTEGER("i8, odd", RK_I8, 5, 9, 87),
    INTEGER("i8, batch of 1", RK_I8, 1, 70, 96),
    ONE_SCALE("i8, one scale", RK_I8, 34, 40, 64),
    ONE_SCALE("i8, one scale, long, odd", RK_I8, 5, 9, 1087),
    ONE_SCALE("i4, one scale, batch of 1", RK_I4, 1, 70, 96),
    GROUPED("i8, groups", RK_I8, 17, 12, 80, 32, 3),
    INTEGER("i4", RK_I4, 34, 40, 64),
    INTEGER("i4, odd", RK_I4, 5, 9, 107),
    GROUPED("i4, groups", RK_I4, 34, 40, 128, 64, 2),
    GROUPED("i4, groups, batch of 1, odd", RK_I4, 1, 33, 101, 32, 4),
    INTEGERS("i8 by i8", 34, 40, 64, 2),
    INTEGERS("i8 by i8, odd, one scale", 5, 9, 87, 1),
    SAMPLE("i8 by i8, one scale each", RK_ACT_RELU, 0, 0, Q(RK_I8, 34, 64), Q(RK_I8, 40, 64),
           IN(RK_F32, 1, 40), POSITIVE(1, 1), POSITIVE(1, 1), .no_grad = TRUE),
    PLAIN("M 1", 1, 128, 256, .no_grad = TRUE, BENCH),
    PLAIN("M 32", 32, 128, 256, .no_grad = TRUE, BENCH),
    PLAIN("M 256", 256, 128, 256, .no_grad = TRUE, BENCH),
    PLAIN("M 2048", 2048, 128, 256, .no_grad = TRUE, BENCH),
    PLAIN("768 cubed", 768, 768, 768, .no_grad = TRUE, BENCH),
    PLAIN("4096 cubed", 4096, 4096, 4096, .no_grad = TRUE, BENCH),
    HALF("768 cubed f16", 768, 768, 768, BENCH),
    INTEGER("768 cubed i8", RK_I8, 768, 768, 768, BENCH),
    GROUPED("768 cubed i4", RK_I4, 768, 768, 768, 64, 12, BENCH),
    INTEGERS("768 cubed i8 by i8", 768, 768, 768, 2, BENCH),
    PLAIN("odd, M 2048 K 479", 2048, 512, 479, .no_grad = TRUE, BENCH),
};

static const char *const INPUTS[] = {"x", "w", "bias?", "scale?", "x_scale?", NULL};
static const char *const ATTRIBUTES[] = {"i:act", "f:alpha", "i:group", NULL};
static const RkProductOp PRODUCT = {describe};

static const RkOp ROWS[] = {
    {
        .name = "dense",
        .input = INPUTS,
        .attribute = ATTRIBUTES,
        .data = &PRODUCT,
        .infer = infer,
        .grad = grad,
        .oracle = oracle,
        .cost = rk_product_cost,
        .n_kernels = RK_PRODUCT_KERNELS,
        .kernels = rk_product_kernels,
        .pick = rk_product_pick,
        .absorb = absorb,
        .n_samples = G_N_ELEMENTS(SAMPLES),
        .samples = SAMPLES,
        .rtol = 2e-5, // sums of a hundred fp32 products, and exp() of some 4 roundings
        .atol = 1e-5,
    },
};

RkFamily
rk_family_matmul_dense(void)
{
    return (RkFamily){ROWS, G_N_ELEMENTS(ROWS)};
}

const RkOp *
rk_dense_op(void)
{
    return &ROWS[0];
}

// --- builders ------------------------------------------------------------------------------------

RkRef
rk_dense_with(RkGraph *graph, RkRef x, RkRef w, const RkDenseOptions *options)
{
    const RkRef in[N_INPUTS] = {x, w, options->bias, options->scale, options->x_scale};
    const RkAttr attr[N_ATTRIBUTES] = {
        {.i = options->act}, {.f = options->alpha}, {.i = (int32_t)options->group}};
    return rk_graph_op(graph, &ROWS[0], N_INPUTS, in, N_ATTRIBUTES, attr);
}

RkRef
rk_dense(RkGraph *graph, RkRef x, RkRef w, RkRef bias, RkAct act)
{
    const float LEAK = 0.01f; // the usual slope of a leaky relu
    return rk_dense_with(graph, x, w,
                         &(RkDenseOptions){.bias = bias,
                                           .scale = RK_NONE,
                                           .x_scale = RK_NONE,
                                           .act = act,
                                           .alpha = act == RK_ACT_LEAKY_RELU ? LEAK : 0});
}
