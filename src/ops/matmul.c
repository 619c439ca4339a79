// SPDX-License-Identifier: GPL-3.0-or-later
//
// The op matmul: products of activations with one another and the gradients of all products, in
// every layout. Its kernels are the product family's (matmul-kernels.c).
#include "ops/matmul.h"

#include "ops/family.h"
#include "ops/matmul-private.h"
#include "ops/reduce.h"
#include "ops/shape.h"

#include <string.h>

enum { TRANS_A, TRANS_B };

static RkType
matrix_type(const RkType *leading, RkDim rows, RkDim cols)
{
    RkType type = *leading;
    type.dtype = RK_F32;
    type.dim[type.rank - 2] = rows;
    type.dim[type.rank - 1] = cols;
    return type;
}

static gboolean
infer(const RkOpTypes *t, RkType *out, GError **error)
{
    const RkType *a = &t->in[0], *b = &t->in[1];
    if (!rk_infer_dtype(t, 0, RK_F32, error) || !rk_infer_dtype(t, 1, RK_F32, error))
        return FALSE;
    if (a->rank < 2 || b->rank < 2)
        return rk_infer_fail(t, error, "both inputs must be matrices, or batches of them");
    if (a->rank != b->rank && a->rank != 2 && b->rank != 2)
        return rk_infer_fail(t, error, "the batches must have as many dimensions");
    if (a->rank == b->rank)
        for (uint32_t axis = 0; axis + 2 < a->rank; axis++)
            if (!rk_infer_dim(t, 1, axis, a->dim[axis], error))
                return FALSE;
    gboolean trans_a = t->attr[TRANS_A].i != 0, trans_b = t->attr[TRANS_B].i != 0;
    RkDim m = a->dim[a->rank - (trans_a ? 1 : 2)], k = a->dim[a->rank - (trans_a ? 2 : 1)];
    RkDim n = b->dim[b->rank - (trans_b ? 2 : 1)];
    if (!rk_infer_dim(t, 1, b->rank - (trans_b ? 1 : 2), k, error))
        return FALSE;
    *out = matrix_type(a->rank >= b->rank ? a : b, m, n);
    return TRUE;
}

static uint32_t
batch_of(const RkTensor *tensor)
{
    uint32_t batch = 1;
    for (uint32_t axis = 0; axis + 2 < tensor->rank; axis++)
        batch *= tensor->dim[axis];
    return batch;
}

static void
describe(const RkOpArgs *args, RkProduct *p)
{
    const RkTensor *a = &args->in[0], *b = &args->in[1], *out = &args->out;
    p->trans_a = args->attr[TRANS_A].i != 0;
    p->trans_b = args->attr[TRANS_B].i != 0;
    p->batch = batch_of(out);
    p->m = out->dim[out->rank - 2];
    p->n = out->dim[out->rank - 1];
    p->k = a->dim[a->rank - (p->trans_a ? 2 : 1)];
    p->a_stride = rk_tensor_cols(a);
    p->b_stride = rk_tensor_cols(b);
    p->a_batch = a->rank > 2 ? p->m * p->k : 0;
    p->b_batch = b->rank > 2 ? p->n * p->k : 0;
    if (b->rank == 2 && a->rank > 2 && !p->trans_a) { // one tall matrix
        p->m *= p->batch;
        p->batch = 1;
        p->a_batch = 0;
    }
}

static void
oracle(const RkOpArgs *args, double *const *in, double *out)
{
    RkProduct p = rk_product_of(args);
    for (uint32_t batch = 0; batch < p.batch; batch++) {
        const double *a = in[0] + (size_t)batch * p.a_batch;
        const double *b = in[1] + (size_t)batch * p.b_batch;
        for (uint32_t m = 0; m < p.m; m++)
            for (uint32_t n = 0; n < p.n; n++) {
                double sum = 0;
                for (uint32_t k = 0; k < p.k; k++)
                    sum += a[p.trans_a ? (size_t)k * p.m + m : (size_t)m * p.k + k] *
                           b[p.trans_b ? (size_t)n * p.k + k : (size_t)k * p.n + n];
                *out++ = sum;
            }
    }
}

RkRef
rk_as_rows(RkGraph *graph, RkRef x)
{
    const RkType *type = rk_graph_type(graph, x);
    if (type->rank == 2)
        return x;
    RkType rows = {.dtype = type->dtype, .rank = 2, .dim = {{1, FALSE}, {1, FALSE}}};
    for (uint32_t axis = 0; axis + 1 < type->rank; axis++) {
        rows.dim[0].n *= type->dim[axis].n;
        rows.dim[0].per_batch = rows.dim[0].per_batch || type->dim[axis].per_batch;
    }
    if (type->rank > 0)
        rows.dim[1] = type->dim[type->rank - 1];
    return rk_reshape(graph, x, rows);
}

// d out / d a: out = A B gives dA = dOut B^T, laid out as a is.
static RkRef
grad_a(RkGraph *g, RkRef a, RkRef b, RkRef dy, gboolean trans_a, gboolean trans_b)
{
    RkRef d = trans_a ? rk_matmul(g, b, dy, trans_b, TRUE) : rk_matmul(g, dy, b, FALSE, !trans_b);
    return rk_sum_to(g, d, *rk_graph_type(g, a));
}

// d out / d b: dB = A^T dOut, laid out as b is. A b that serves a whole batch sums over it, which
// is one product of tall matrices.
static RkRef
grad_b(RkGraph *g, RkRef a, RkRef b, RkRef dy, gboolean trans_a, gboolean trans_b)
{
    if (rk_graph_type(g, b)->rank == 2 && !trans_a) {
        a = rk_as_rows(g, a);
        dy = rk_as_rows(g, dy);
    }
    RkRef d = trans_b ? rk_matmul(g, dy, a, TRUE, trans_a) : rk_matmul(g, a, dy, !trans_a, FALSE);
    return rk_sum_to(g, d, *rk_graph_type(g, b));
}

static void
grad(RkGraph *g, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode node = *rk_graph_node(g, y);
    gboolean trans_a = node.attr[TRANS_A].i != 0, trans_b = node.attr[TRANS_B].i != 0;
    dx[0] = grad_a(g, node.in[0], node.in[1], dy, trans_a, trans_b);
    dx[1] = grad_b(g, node.in[0], node.in[1], dy, trans_a, trans_b);
}

// --- fusion --------------------------------------------------------------------------------------

// x w^T with the layout of weights is a dense layer once a bias or an activation follows it.
static RkRef
absorb(RkGraph *g, RkRef node, RkRef consumer)
{
    const RkNode n = *rk_graph_node(g, node), c = *rk_graph_node(g, consumer);
    const RkType *w = rk_graph_type(g, n.in[1]);
    int32_t act = RK_ACT_NONE;
    float act_p = 0;
    if (n.attr[TRANS_A].i || !n.attr[TRANS_B].i || w->rank != 2 || w->dim[0].per_batch ||
        w->dim[1].per_batch)
        return RK_NONE;
    RkRef bias = rk_added_vector(g, node, consumer);
    if (bias == RK_NONE && !rk_act_of(&c, &act, &act_p))
        return RK_NONE;
    return rk_dense_with(
        g, n.in[0], n.in[1],
        &(RkDenseOptions){
            .bias = bias, .scale = RK_NONE, .x_scale = RK_NONE, .act = (RkAct)act, .alpha = act_p});
}

// --- samples -------------------------------------------------------------------------------------

#define F32(r, ...)                                                                                \
    {                                                                                              \
        .dtype = RK_F32, .rank = r, .dim = { __VA_ARGS__ }                                         \
    }
#define SAMPLE(label, in_a, in_b, ta, tb, ...)                                                     \
    {                                                                                              \
        .name = label, .n_in = 2, .in = {in_a, in_b}, .n_attr = 2, .attr = {{.i = ta}, {.i = tb}}, \
        __VA_ARGS__                                                                                \
    }
#define A(...) F32(2, __VA_ARGS__)
#define B(...) F32(2, __VA_ARGS__)

static const RkSample SAMPLES[] = {
    SAMPLE("NN", A(36, 32), B(32, 40), 0, 0, .no_grad = TRUE),
    SAMPLE("NT odd", A(35, 33), B(41, 33), 0, 1, .no_grad = TRUE),
    SAMPLE("TN odd", A(37, 35), B(37, 43), 1, 0, .no_grad = TRUE),
    SAMPLE("TT odd K", A(39, 36), B(44, 39), 1, 1, .no_grad = TRUE),
    SAMPLE("small NN", A(3, 5), B(5, 7), 0, 0),
    SAMPLE("small TN", A(5, 3), B(5, 7), 1, 0),
    SAMPLE("small NT", A(3, 5), B(7, 5), 0, 1),
    SAMPLE("small TT", A(5, 3), B(7, 5), 1, 1),
    SAMPLE("one by one", A(1, 1), B(1, 1), 0, 0),
    SAMPLE("row by long matrix", A(1, 300), B(300, 24), 0, 0, .no_grad = TRUE),
    SAMPLE("column of a gradient", A(256, 1), B(256, 64), 1, 0, .no_grad = TRUE),
    SAMPLE("batched", F32(3, 3, 5, 4), F32(3, 3, 4, 6), 0, 0),
    SAMPLE("batched, transposed, odd", F32(3, 2, 9, 7), F32(3, 2, 9, 7), 0, 1),
    SAMPLE("shared b", F32(3, 3, 5, 4), B(4, 3), 0, 0),
    SAMPLE("shared b, a transposed", F32(3, 3, 4, 5), B(3, 4), 1, 1),
    SAMPLE("shared a", A(5, 4), F32(3, 3, 4, 6), 0, 0),
    SAMPLE("heads", F32(4, 2, 2, 5, 8), F32(4, 2, 2, 5, 8), 0, 1),
    SAMPLE("empty", A(0, 8), B(8, 4), 0, 0, .no_grad = TRUE),
    SAMPLE("no terms", A(3, 0), B(0, 4), 0, 0, .no_grad = TRUE),
    SAMPLE("several tiles", A(150, 72), B(72, 140), 0, 0, .no_grad = TRUE),
    SAMPLE("long sums", A(1100, 12), B(1100, 16), 1, 0, .no_grad = TRUE),
    SAMPLE("768 cubed NN", A(768, 768), B(768, 768), 0, 0, .bench = TRUE),
    SAMPLE("768 cubed NT", A(768, 768), B(768, 768), 0, 1, .bench = TRUE),
    SAMPLE("768 cubed TN", A(768, 768), B(768, 768), 1, 0, .bench = TRUE),
    SAMPLE("gradient of 256x128 weights", A(2048, 128), B(2048, 256), 1, 0, .bench = TRUE),
};

static const char *const INPUTS[] = {"a", "b", NULL};
static const char *const ATTRIBUTES[] = {"i:trans_a", "i:trans_b", NULL};
static const RkProductOp PRODUCT = {describe};

static const RkOp ROWS[] = {
    {
        .name = "matmul",
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
        .rtol = 2e-5, // sums of up to 1100 fp32 products: sqrt(1100) roundings of 6e-8
        .atol = 1e-6,
    },
};

RkFamily
rk_family_matmul(void)
{
    return (RkFamily){ROWS, G_N_ELEMENTS(ROWS)};
}

RkRef
rk_matmul(RkGraph *graph, RkRef a, RkRef b, gboolean trans_a, gboolean trans_b)
{
    const RkRef in[] = {a, b};
    const RkAttr attr[] = {{.i = trans_a != 0}, {.i = trans_b != 0}};
    return rk_graph_op(graph, &ROWS[0], 2, in, 2, attr);
}
