// SPDX-License-Identifier: GPL-3.0-or-later
//
// Dense layers with pruned weights: dense_masked (any mask, one bit a weight) and dense_24 (two of
// every four neighbours, so that half as much is read). matmul_pack.c packs for both.
// 2:4 as in Mishra et al., "Accelerating sparse deep neural networks",
// https://arxiv.org/abs/2104.08378; the places as rk_pack_24() packs them.
#include "ops/family.h"
#include "ops/matmul-private.h"
#include "ops/matmul.h"
#include "ops/ops.h"

#include <string.h>

enum { X, W, BITS, BIAS, N_INPUTS };
enum { ACT, ALPHA, N_ATTRIBUTES };

static uint32_t
bit_words(uint32_t k)
{
    return (uint32_t)rk_ceil_div(k, 32);
}

static gboolean
bit_at(const double *words, uint32_t k, size_t row, size_t col)
{
    return (uint32_t)words[row * bit_words(k) + col / 32] >> (col % 32) & 1;
}

// --- shape rules ---------------------------------------------------------------------------------

// What both share; w_cols is what w must have for x of k columns.
static gboolean
infer_layer(const RkOpTypes *t, uint32_t w_cols, RkType *out, GError **error)
{
    const RkType *x = &t->in[X], *w = &t->in[W];
    uint32_t k = x->rank == 0 ? 0 : x->dim[x->rank - 1].n;
    if (!rk_infer_dtype(t, X, RK_F32, error) || !rk_infer_dtype(t, W, RK_F32, error) ||
        !rk_infer_dtype(t, BITS, RK_U32, error) || !rk_infer_dtype(t, BIAS, RK_F32, error) ||
        !rk_infer_rank(t, W, 2, error) || !rk_infer_rank(t, BITS, 2, error) ||
        !rk_infer_rank(t, BIAS, 1, error))
        return FALSE;
    if (x->rank < 1 || x->dim[x->rank - 1].per_batch || w->dim[0].per_batch)
        return rk_infer_fail(t, error, "x needs a constant last dimension, as w needs both");
    if (!rk_infer_dim(t, W, 1, RK_DIM(w_cols), error) ||
        !rk_infer_dim(t, BITS, 0, w->dim[0], error) ||
        !rk_infer_dim(t, BITS, 1, RK_DIM(bit_words(k)), error) ||
        !rk_infer_dim(t, BIAS, 0, w->dim[0], error) || !rk_act_check(t, t->attr[ACT].i, error))
        return FALSE;
    *out = *x;
    out->dim[x->rank - 1] = w->dim[0];
    return TRUE;
}

static uint32_t
last_dim(const RkType *x)
{
    return x->rank == 0 ? 0 : x->dim[x->rank - 1].n;
}

static gboolean
infer_masked(const RkOpTypes *t, RkType *out, GError **error)
{
    return infer_layer(t, last_dim(&t->in[X]), out, error);
}

static gboolean
infer_24(const RkOpTypes *t, RkType *out, GError **error)
{
    uint32_t k = last_dim(&t->in[X]);
    if (k % 4 != 0)
        return rk_infer_fail(t, error, "2:4 weights need columns in fours; pad x, or mask them");
    return infer_layer(t, k / 2, out, error);
}

// --- what they compute ---------------------------------------------------------------------------

static void
describe(const RkOpArgs *args, RkProduct *p, RkProductFormat format)
{
    const RkTensor *x = &args->in[X];
    p->format = format;
    p->m = (uint32_t)rk_tensor_rows(x);
    p->n = args->in[W].dim[0];
    p->k = rk_tensor_cols(x);
    p->trans_b = TRUE;
    p->a_stride = p->k;
    p->b_stride = args->in[W].dim[1];
    p->extra = BITS;
    p->extra_stride = bit_words(p->k);
    p->bias = args->present[BIAS] ? BIAS : -1;
    p->act = args->attr[ACT].i;
    p->act_p = args->attr[ALPHA].f;
}

static void
describe_masked(const RkOpArgs *args, RkProduct *p)
{
    describe(args, p, RK_PRODUCT_MASK);
}

static void
describe_24(const RkOpArgs *args, RkProduct *p)
{
    describe(args, p, RK_PRODUCT_24);
}

static void
oracle_masked(const RkOpArgs *args, double *const *in, double *out)
{
    RkProduct p = rk_product_of(args);
    g_autofree double *w = g_new(double, (size_t)p.n *p.k + 1);
    for (size_t n = 0; n < p.n; n++)
        for (size_t k = 0; k < p.k; k++)
            w[n * p.k + k] = bit_at(in[BITS], p.k, n, k) ? in[W][n * p.k + k] : 0;
    rk_dense_oracle(args, in[X], w, args->present[BIAS] ? in[BIAS] : NULL, p.act, p.act_p, out);
}

static void
oracle_24(const RkOpArgs *args, double *const *in, double *out)
{
    RkProduct p = rk_product_of(args);
    g_autofree double *w = g_new0(double, (size_t)p.n *p.k + 1);
    for (size_t n = 0; n < p.n; n++)
        for (size_t group = 0; group < p.k / 4; group++) {
            uint32_t bits = (uint32_t)in[BITS][n * bit_words(p.k) + group / 8] >> (group % 8 * 4);
            const double *two = in[W] + n * (p.k / 2) + 2 * group;
            w[n * p.k + 4 * group + (bits >> 2 & 3)] = two[1];
            w[n * p.k + 4 * group + (bits & 3)] = two[0];
        }
    rk_dense_oracle(args, in[X], w, args->present[BIAS] ? in[BIAS] : NULL, p.act, p.act_p, out);
}

// --- gradients -----------------------------------------------------------------------------------

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
grad_masked(RkGraph *g, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode node = *rk_graph_node(g, y);
    RkRef x = node.in[X], w = node.in[W], bias = node.in[BIAS];
    RkRef mask = rk_mask_expand(g, node.in[BITS], last_dim(rk_graph_type(g, x)));
    RkRef dz = rk_act_grad(g, node.attr[ACT].i, node.attr[ALPHA].f, y, dy, before_act);
    dx[X] = rk_matmul(g, dz, rk_mul(g, w, mask), FALSE, FALSE);
    RkRef dw = rk_matmul(g, rk_as_rows(g, dz), rk_as_rows(g, x), TRUE, FALSE);
    dx[W] = rk_mul(g, dw, mask);
    if (bias != RK_NONE)
        dx[BIAS] = rk_sum_to(g, dz, *rk_graph_type(g, bias));
}

static RkRef
absorb(RkGraph *g, RkRef node, RkRef consumer)
{
    const RkNode n = *rk_graph_node(g, node), c = *rk_graph_node(g, consumer);
    if (n.attr[ACT].i != RK_ACT_NONE)
        return RK_NONE;
    RkRef in[N_INPUTS];
    RkAttr attr[N_ATTRIBUTES];
    memcpy(in, n.in, sizeof in);
    memcpy(attr, n.attr, sizeof attr);
    RkRef vector = n.in[BIAS] == RK_NONE ? rk_added_vector(g, node, consumer) : RK_NONE;
    if (vector != RK_NONE)
        in[BIAS] = vector;
    else if (!rk_act_of(&c, &attr[ACT].i, &attr[ALPHA].f))
        return RK_NONE;
    return rk_graph_op(g, n.op, N_INPUTS, in, N_ATTRIBUTES, attr);
}

// --- mask_expand ---------------------------------------------------------------------------------

static gboolean
infer_expand(const RkOpTypes *t, RkType *out, GError **error)
{
    uint32_t cols = (uint32_t)t->attr[0].i;
    *out = rk_type(RK_F32, 2, t->in[0].dim[0], RK_DIM(cols));
    return rk_infer_dtype(t, 0, RK_U32, error) && rk_infer_rank(t, 0, 2, error) &&
           rk_infer_dim(t, 0, 1, RK_DIM(bit_words(cols)), error);
}

static void
oracle_expand(const RkOpArgs *args, double *const *in, double *out)
{
    uint32_t cols = args->out.dim[1];
    for (size_t row = 0; row < args->out.dim[0]; row++)
        for (size_t col = 0; col < cols; col++)
            *out++ = bit_at(in[0], cols, row, col);
}

static gboolean
supports_expand(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args)
{
    return rk_bind_fits(caps, RK_BIND_STORAGE, &args->in[0]) &&
           rk_bind_fits(caps, RK_BIND_STORAGE, &args->out);
}

static void
record_expand(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args,
              RkDispatchList *list)
{
    uint64_t n = rk_tensor_numel(&args->out);
    if (n == 0)
        return;
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    rk_dispatch_read(d, 0, RK_BIND_STORAGE);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_dispatch_spec(d, kernel->param[0]);
    rk_dispatch_push(d, (uint32_t)n);
    rk_dispatch_push(d, args->out.dim[1]);
    rk_dispatch_push(d, bit_words(args->out.dim[1]));
    rk_dispatch_grid(d, caps, rk_ceil_div(n, kernel->param[0]));
}

static RkCost
cost_expand(const RkOpArgs *args)
{
    return rk_cost_stream(args, (double)rk_tensor_numel(&args->out));
}

static const RkKernel EXPAND_KERNELS[] = {
    {.name = "storage 64",
     .shader = "mask_expand",
     .param = {64},
     .supports = supports_expand,
     .record = record_expand},
};

// --- samples -------------------------------------------------------------------------------------

#define IN(r, ...)                                                                                 \
    {                                                                                              \
        .dtype = RK_F32, .rank = r, .dim = { __VA_ARGS__ }                                         \
    }
#define WORDS(...)                                                                                 \
    {                                                                                              \
        .dtype = RK_U32, .rank = 2, .dim = {__VA_ARGS__}, .fill = RK_FILL_INDEX,                   \
        .limit = UINT32_MAX                                                                        \
    }
#define NO                                                                                         \
    {                                                                                              \
        .absent = TRUE                                                                             \
    }
#define SAMPLE(label, act, x, w, bits, bias, ...)                                                  \
    {                                                                                              \
        .name = label, .n_in = N_INPUTS, .in = {x, w, bits, bias}, .n_attr = N_ATTRIBUTES,         \
        .attr = {{.i = act}, {.f = 0}}, __VA_ARGS__                                                \
    }

static const RkSample MASKED_SAMPLES[] = {
    SAMPLE("whole blocks", RK_ACT_RELU, IN(2, 34, 64), IN(2, 40, 64), WORDS(40, 2), IN(1, 40),
           .no_grad = TRUE),
    SAMPLE("odd", RK_ACT_NONE, IN(2, 5, 77), IN(2, 9, 77), WORDS(9, 3), NO, .no_grad = TRUE),
    SAMPLE("batch of 1", RK_ACT_SIGMOID, IN(2, 1, 96), IN(2, 70, 96), WORDS(70, 3), IN(1, 70),
           .no_grad = TRUE),
    SAMPLE("small", RK_ACT_SILU, IN(2, 3, 7), IN(2, 5, 7), WORDS(5, 1), IN(1, 5)),
    SAMPLE("pruned in blocks, 90%", RK_ACT_NONE, IN(2, 6, 320), IN(2, 16, 320), WORDS(16, 10), NO,
           .no_grad = TRUE),
    SAMPLE("768 cubed, half", RK_ACT_NONE, IN(2, 768, 768), IN(2, 768, 768), WORDS(768, 24), NO,
           .no_grad = TRUE, .bench = TRUE),
    SAMPLE("768 cubed, pruned in blocks, 90%", RK_ACT_NONE, IN(2, 768, 768), IN(2, 768, 768),
           WORDS(768, 24), NO, .no_grad = TRUE, .bench = TRUE),
};

static const RkSample SAMPLES_24[] = {
    SAMPLE("whole blocks", RK_ACT_RELU, IN(2, 34, 64), IN(2, 40, 32), WORDS(40, 2), IN(1, 40),
           .no_grad = TRUE),
    SAMPLE("odd groups", RK_ACT_NONE, IN(2, 5, 76), IN(2, 9, 38), WORDS(9, 3), NO, .no_grad = TRUE),
    SAMPLE("batch of 1", RK_ACT_SIGMOID, IN(2, 1, 96), IN(2, 70, 48), WORDS(70, 3), IN(1, 70),
           .no_grad = TRUE),
    SAMPLE("one group", RK_ACT_NONE, IN(2, 2, 4), IN(2, 3, 2), WORDS(3, 1), NO, .no_grad = TRUE),
    SAMPLE("768 cubed", RK_ACT_NONE, IN(2, 768, 768), IN(2, 768, 384), WORDS(768, 24), NO,
           .no_grad = TRUE, .bench = TRUE),
};

static const RkSample EXPAND_SAMPLES[] = {
    {.name = "odd",
     .n_in = 1,
     .in = {WORDS(5, 3)},
     .n_attr = 1,
     .attr = {{.i = 77}},
     .no_grad = TRUE},
    {.name = "whole words",
     .n_in = 1,
     .in = {WORDS(64, 2)},
     .n_attr = 1,
     .attr = {{.i = 64}},
     .no_grad = TRUE},
};

// Nine of ten words of a mask to 0, where a sample's name says so.
static void
prepare_masked(const RkSample *sample, const RkTensor *in, double *const *values)
{
    if (strstr(sample->name, "90%") == NULL)
        return;
    for (uint64_t i = 0; i < rk_tensor_numel(&in[BITS]); i++)
        if (i % 10 != 3)
            values[BITS][i] = 0;
}

// The two places of a group must differ and ascend.
static void
prepare_24(const RkSample *sample, const RkTensor *in, double *const *values)
{
    static const uint32_t PAIRS[6] = {0x4, 0x8, 0xc, 0x9, 0xd, 0xe}; // first | second << 2
    for (uint64_t i = 0; i < rk_tensor_numel(&in[BITS]); i++) {
        uint32_t random = (uint32_t)values[BITS][i], word = 0;
        for (uint32_t group = 0; group < 8; group++)
            word |= PAIRS[(random >> (group * 4) & 15) % 6] << (group * 4);
        values[BITS][i] = word;
    }
}

// --- rows ----------------------------------------------------------------------------------------

static const char *const MASKED_INPUTS[] = {"x", "w", "mask", "bias?", NULL};
static const char *const INPUTS_24[] = {"x", "values", "places", "bias?", NULL};
static const char *const EXPAND_INPUTS[] = {"mask", NULL};
static const char *const ATTRIBUTES[] = {"i:act", "f:alpha", NULL};
static const char *const EXPAND_ATTRIBUTES[] = {"i:cols", NULL};
static const RkProductOp MASKED = {describe_masked}, SPARSE_24 = {describe_24};

enum { MASKED_AT, SPARSE_24_AT, EXPAND_AT };
static const RkOp ROWS[] = {
    [MASKED_AT] =
        {
            .name = "dense_masked",
            .input = MASKED_INPUTS,
            .attribute = ATTRIBUTES,
            .data = &MASKED,
            .infer = infer_masked,
            .grad = grad_masked,
            .oracle = oracle_masked,
            .cost = rk_product_cost,
            .n_kernels = RK_PRODUCT_KERNELS,
            .kernels = rk_product_kernels,
            .pick = rk_product_pick,
            .absorb = absorb,
            .n_samples = G_N_ELEMENTS(MASKED_SAMPLES),
            .samples = MASKED_SAMPLES,
            .prepare = prepare_masked,
            .rtol = 2e-5, // as dense
            .atol = 1e-5,
        },
    [SPARSE_24_AT] =
        {
            .name = "dense_24",
            .input = INPUTS_24,
            .attribute = ATTRIBUTES,
            .data = &SPARSE_24,
            .infer = infer_24,
            .oracle = oracle_24,
            .cost = rk_product_cost,
            .n_kernels = RK_PRODUCT_KERNELS,
            .kernels = rk_product_kernels,
            .pick = rk_product_pick,
            .absorb = absorb,
            .n_samples = G_N_ELEMENTS(SAMPLES_24),
            .samples = SAMPLES_24,
            .prepare = prepare_24,
            .rtol = 2e-5, // as dense
            .atol = 1e-5,
        },
    [EXPAND_AT] =
        {
            .name = "mask_expand",
            .input = EXPAND_INPUTS,
            .attribute = EXPAND_ATTRIBUTES,
            .infer = infer_expand,
            .oracle = oracle_expand,
            .cost = cost_expand,
            .n_kernels = G_N_ELEMENTS(EXPAND_KERNELS),
            .kernels = EXPAND_KERNELS,
            .n_samples = G_N_ELEMENTS(EXPAND_SAMPLES),
            .samples = EXPAND_SAMPLES, // exact
        },
};

RkFamily
rk_family_matmul_sparse(void)
{
    return (RkFamily){ROWS, G_N_ELEMENTS(ROWS)};
}

// --- builders ------------------------------------------------------------------------------------

static RkRef
layer(RkGraph *graph, const RkOp *op, RkRef x, RkRef w, RkRef bits, RkRef bias, RkAct act)
{
    const RkRef in[N_INPUTS] = {x, w, bits, bias};
    const RkAttr attr[N_ATTRIBUTES] = {{.i = act}, {.f = 0.01f}};
    return rk_graph_op(graph, op, N_INPUTS, in, N_ATTRIBUTES, attr);
}

RkRef
rk_dense_masked(RkGraph *graph, RkRef x, RkRef w, RkRef mask, RkRef bias, RkAct act)
{
    if (rk_graph_type(graph, mask)->dtype == RK_F32)
        return rk_dense(graph, x, rk_mul(graph, w, mask), bias, act);
    return layer(graph, &ROWS[MASKED_AT], x, w, mask, bias, act);
}

RkRef
rk_mask_expand(RkGraph *graph, RkRef mask, uint32_t cols)
{
    return rk_graph_op(graph, &ROWS[EXPAND_AT], 1, &mask, 1, &(RkAttr){.i = (int32_t)cols});
}

RkRef
rk_dense_24(RkGraph *graph, RkRef x, RkRef values, RkRef places, RkRef bias, RkAct act)
{
    return layer(graph, &ROWS[SPARSE_24_AT], x, values, places, bias, act);
}
