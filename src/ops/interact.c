// SPDX-License-Identifier: GPL-3.0-or-later
//
// Feature interactions: pairwise dot products, factorization machines, cross layers.
#include "ops/interact.h"

#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/rowwise.h"
#include "ops/shape.h"

enum { PAIRWISE_DOT, PAIRWISE_DOT_GRAD, FM, FM_VECTOR, CROSS_VECTOR, N_ROWS };
static const RkOp ROWS[N_ROWS];

// Pairs of f features.
static uint32_t
n_pairs(uint32_t f, gboolean diagonal)
{
    return diagonal ? f * (f + 1) / 2 : f * (f - 1) / 2;
}

// --- shape rules --------------------------------------------------------------------------------

// Input i is f32 [B, F, D] with a constant number of features.
static gboolean
infer_features(const RkOpTypes *t, uint32_t i, GError **error)
{
    if (!rk_infer_dtype(t, i, RK_F32, error) || !rk_infer_rank(t, i, 3, error))
        return FALSE;
    return !t->in[i].dim[1].per_batch ||
           rk_infer_fail(t, error, "the number of features must be a constant");
}

static gboolean
infer_pairwise_dot(const RkOpTypes *t, RkType *out, GError **error)
{
    if (!infer_features(t, 0, error))
        return FALSE;
    *out = rk_type(RK_F32, 2, t->in[0].dim[0], RK_DIM(n_pairs(t->in[0].dim[1].n, t->attr[0].i)));
    return TRUE;
}

static gboolean
infer_pairwise_dot_grad(const RkOpTypes *t, RkType *out, GError **error)
{
    *out = t->in[1];
    return infer_features(t, 1, error) && rk_infer_dtype(t, 0, RK_F32, error) &&
           rk_infer_rank(t, 0, 2, error) && rk_infer_dim(t, 0, 0, out->dim[0], error) &&
           rk_infer_dim(t, 0, 1, RK_DIM(n_pairs(out->dim[1].n, t->attr[0].i)), error);
}

static gboolean
infer_fm(const RkOpTypes *t, RkType *out, GError **error)
{
    if (!infer_features(t, 0, error))
        return FALSE;
    *out = rk_type(RK_F32, 2, t->in[0].dim[0], t->op == &ROWS[FM] ? RK_DIM(1) : t->in[0].dim[2]);
    return TRUE;
}

static gboolean
infer_cross_vector(const RkOpTypes *t, RkType *out, GError **error)
{
    *out = t->in[0];
    if (out->rank == 0)
        return rk_infer_fail(t, error, "a scalar has no last dimension");
    for (uint32_t i = 0; i < t->n_in; i++) {
        if (!rk_infer_dtype(t, i, RK_F32, error))
            return FALSE;
        if (i < 2 ? !rk_infer_same(t, 0, i, error)
                  : !rk_infer_rank(t, i, 1, error) ||
                        !rk_infer_dim(t, i, 0, out->dim[out->rank - 1], error))
            return FALSE;
    }
    return TRUE;
}

// --- oracles, costs -----------------------------------------------------------------------------

static void
oracle_pairwise_dot(const RkOpArgs *args, double *const *in, double *out)
{
    uint64_t n = args->in[0].dim[0], f = args->in[0].dim[1], d = args->in[0].dim[2];
    for (uint64_t b = 0; b < n; b++) {
        const double *z = in[0] + b * f * d;
        for (uint64_t i = 0; i < f; i++) {
            for (uint64_t j = 0; j < i + (args->attr[0].i ? 1 : 0); j++) {
                double dot = 0;
                for (uint64_t k = 0; k < d; k++)
                    dot += z[i * d + k] * z[j * d + k];
                *out++ = dot;
            }
        }
    }
}

static void
oracle_pairwise_dot_grad(const RkOpArgs *args, double *const *in, double *out)
{
    uint64_t n = args->in[1].dim[0], f = args->in[1].dim[1], d = args->in[1].dim[2];
    const double *g = in[0];
    for (uint64_t i = 0; i < n * f * d; i++)
        out[i] = 0;
    for (uint64_t b = 0; b < n; b++) {
        const double *z = in[1] + b * f * d;
        double *dz = out + b * f * d;
        for (uint64_t i = 0; i < f; i++) {
            for (uint64_t j = 0; j < i + (args->attr[0].i ? 1 : 0); j++, g++) {
                for (uint64_t k = 0; k < d; k++) {
                    dz[i * d + k] += *g * z[j * d + k];
                    dz[j * d + k] += *g * z[i * d + k];
                }
            }
        }
    }
}

static void
oracle_fm(const RkOpArgs *args, double *const *in, double *out)
{
    uint64_t n = args->in[0].dim[0], f = args->in[0].dim[1], d = args->in[0].dim[2];
    for (uint64_t b = 0; b < n; b++) {
        double all = 0;
        for (uint64_t k = 0; k < d; k++) {
            double before = 0, total = 0;
            for (uint64_t i = 0; i < f; i++) {
                double x = in[0][(b * f + i) * d + k];
                total += x * before;
                before += x;
            }
            all += total;
            if (args->op == &ROWS[FM_VECTOR])
                out[b * d + k] = total;
        }
        if (args->op == &ROWS[FM])
            out[b] = all;
    }
}

static void
oracle_cross_vector(const RkOpArgs *args, double *const *in, double *out)
{
    uint64_t rows = rk_tensor_rows(&args->out), cols = rk_tensor_cols(&args->out);
    for (uint64_t i = 0; i < rows; i++) {
        double dot = 0;
        for (uint64_t j = 0; j < cols; j++)
            dot += in[1][i * cols + j] * in[2][j];
        for (uint64_t j = 0; j < cols; j++)
            out[i * cols + j] = in[0][i * cols + j] * dot + in[3][j] + in[1][i * cols + j];
    }
}

static RkCost
cost_pairs(const RkOpArgs *args)
{
    const RkTensor *z = &args->in[args->n_in - 1];
    gboolean gradient = args->op == &ROWS[PAIRWISE_DOT_GRAD];
    double pairs = (double)z->dim[0] * n_pairs(z->dim[1], args->attr[0].i);
    return rk_cost_stream(args, (gradient ? 4.0 : 2.0) * pairs * z->dim[2]);
}

static RkCost
cost(const RkOpArgs *args)
{
    return rk_cost_stream(args, 3.0 * (double)rk_tensor_numel(&args->in[0]));
}

// --- gradients ----------------------------------------------------------------------------------

static void
grad_pairwise_dot(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode node = *rk_graph_node(graph, y);
    const RkRef in[] = {dy, node.in[0]};
    dx[0] = rk_graph_op(graph, &ROWS[PAIRWISE_DOT_GRAD], 2, in, node.n_attr, node.attr);
}

// Each vector meets the sum of the others.
static void
grad_fm(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    RkRef x = rk_graph_node(graph, y)->in[0];
    RkType g = *rk_graph_type(graph, dy);
    g = rk_type(RK_F32, 3, g.dim[0], RK_DIM(1), g.dim[1]);
    RkRef others = rk_sub(graph, rk_sum(graph, x, 1, TRUE), x);
    dx[0] = rk_mul(graph, others, rk_reshape(graph, dy, g));
}

// With s = x . w and ds = dy . x0 of each row: d x0 = s dy, d x = ds w + dy, d w = sum of ds x.
static void
grad_cross_vector(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode node = *rk_graph_node(graph, y);
    RkRef x0 = node.in[0], x = node.in[1], w = node.in[2];
    RkType column = *rk_graph_type(graph, w);
    RkRef s = rk_sum(graph, rk_mul(graph, x, w), -1, TRUE);
    RkRef ds = rk_sum(graph, rk_mul(graph, dy, x0), -1, TRUE);
    dx[0] = rk_mul(graph, dy, s);
    dx[1] = rk_fma(graph, ds, w, dy);
    dx[2] = rk_sum_to(graph, rk_mul(graph, x, ds), column);
    dx[3] = rk_sum_to(graph, dy, column);
}

// --- kernels ------------------------------------------------------------------------------------

static void
record_pairs(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    const RkTensor *z = &args->in[args->n_in - 1];
    gboolean gradient = args->op == &ROWS[PAIRWISE_DOT_GRAD];
    uint32_t tile = kernel->param[2], n = z->dim[0], f = z->dim[1], d = z->dim[2];
    uint64_t blocks = rk_ceil_div(f, tile);
    uint32_t columns = gradient && d % (4 * kernel->param[3]) == 0 ? kernel->param[3] : 1;
    uint64_t lanes =
        gradient ? n * blocks * rk_ceil_div(d, 4 * columns) : n * (blocks * (blocks + 1) / 2);
    if (lanes == 0 || rk_tensor_numel(&args->out) == 0)
        return;
    RkBindKind kind = (RkBindKind)kernel->param[1];
    RkDispatch *dispatch = rk_dispatch_add(list, kernel->shader);
    for (uint32_t i = 0; i < args->n_in; i++)
        rk_dispatch_read(dispatch, (int32_t)i, kind);
    rk_dispatch_write(dispatch, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_dispatch_spec(dispatch, kernel->param[0]);
    rk_dispatch_spec(dispatch, d % 4 == 0);
    rk_dispatch_spec(dispatch, args->attr[0].i != 0);
    rk_dispatch_spec(dispatch, tile);
    if (gradient)
        rk_dispatch_spec(dispatch, columns);
    rk_dispatch_push(dispatch, n);
    rk_dispatch_push(dispatch, f);
    rk_dispatch_push(dispatch, d);
    rk_dispatch_push(dispatch, (uint32_t)blocks);
    rk_dispatch_grid(dispatch, caps, rk_ceil_div(lanes, kernel->param[0]));
}

static void
record_fm(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    uint32_t n = args->in[0].dim[0], f = args->in[0].dim[1], d = args->in[0].dim[2];
    gboolean scalar = args->op == &ROWS[FM];
    if (rk_tensor_numel(&args->out) == 0)
        return;
    RkBindKind kind = (RkBindKind)kernel->param[1];
    RkDispatch *dispatch = rk_dispatch_add(list, kernel->shader);
    rk_dispatch_read(dispatch, 0, kind);
    rk_dispatch_write(dispatch, RK_OPERAND_OUT, RK_BIND_STORAGE);
    if (scalar) {
        rk_rowwise_grid(dispatch, kernel, caps, n, (uint64_t)d * 4, d % 4 == 0);
    } else {
        rk_dispatch_spec(dispatch, kernel->param[0]);
        rk_dispatch_spec(dispatch, 1);
        rk_dispatch_spec(dispatch, d % 4 == 0);
        rk_dispatch_grid(dispatch, caps, rk_ceil_div(n * rk_ceil_div(d, 4), kernel->param[0]));
    }
    rk_dispatch_spec(dispatch, scalar);
    rk_dispatch_push(dispatch, n);
    rk_dispatch_push(dispatch, f);
    rk_dispatch_push(dispatch, d);
}

static void
record_cross(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    uint64_t rows = rk_tensor_rows(&args->out), cols = rk_tensor_cols(&args->out);
    if (rows * cols == 0)
        return;
    RkBindKind kind = (RkBindKind)kernel->param[1];
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    for (int32_t i = 0; i < 4; i++)
        rk_dispatch_read(d, i, kind);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_rowwise_grid(d, kernel, caps, rows, cols, cols % 4 == 0);
    rk_dispatch_push(d, (uint32_t)rows);
    rk_dispatch_push(d, (uint32_t)cols);
}

// param: local size, binding kind, tile, vec4s at once (the gradient's).
#define PAIRS(label, spv, local, kind, tile, columns)                                              \
    {                                                                                              \
        .name = label, .shader = spv, .param = {local, kind, tile, columns},                       \
        .supports = rk_rowwise_supports, .record = record_pairs                                    \
    }
static const RkKernel PAIRS_KERNELS[] = {
    PAIRS("texel 8, tile 4", "pairwise_dot.texel", 8, RK_BIND_TEXEL_F32X4, 4, 1),
    PAIRS("storage 64, tile 2", "pairwise_dot", 64, RK_BIND_STORAGE, 2, 1),
    PAIRS("storage 64, tile 4", "pairwise_dot", 64, RK_BIND_STORAGE, 4, 1),
    PAIRS("texel 8, tile 6", "pairwise_dot.texel", 8, RK_BIND_TEXEL_F32X4, 6, 1),
};
static const RkKernel PAIRS_GRAD_KERNELS[] = {
    PAIRS("texel 8, 4x4", "pairwise_dot_grad.texel", 8, RK_BIND_TEXEL_F32X4, 4, 4),
    PAIRS("storage 64, 2x1", "pairwise_dot_grad", 64, RK_BIND_STORAGE, 2, 1),
    PAIRS("storage 64, 4x2", "pairwise_dot_grad", 64, RK_BIND_STORAGE, 4, 2),
    PAIRS("texel 8, 7x2", "pairwise_dot_grad.texel", 8, RK_BIND_TEXEL_F32X4, 7, 2),
    PAIRS("texel 8, 2x4", "pairwise_dot_grad.texel", 8, RK_BIND_TEXEL_F32X4, 2, 4),
};
static const RkKernel FM_KERNELS[] = RK_ROWWISE_TABLE("fm", record_fm);
static const RkKernel CROSS_KERNELS[] = RK_ROWWISE_TABLE("cross_vector", record_cross);

// --- rows ---------------------------------------------------------------------------------------

#define F(r, ...)                                                                                  \
    {                                                                                              \
        .dtype = RK_F32, .rank = r, .dim = {__VA_ARGS__}, .fill = RK_FILL_NORMAL                   \
    }
#define DIAGONAL(yes) .n_attr = 1, .attr = {{.i = yes}}
#define ONCE          .no_grad = TRUE
static const RkSample PAIRS_SAMPLES[] = {
    {"whole vectors", .in = {F(3, 3, 5, 8)}, DIAGONAL(0)},
    {"odd vectors with themselves", .in = {F(3, 2, 4, 5)}, DIAGONAL(1)},
    {"two features", .in = {F(3, 3, 2, 3)}, DIAGONAL(0)},
    {"one feature", .in = {F(3, 3, 1, 4)}, DIAGONAL(0), ONCE},
    {"no samples", .in = {F(3, 0, 4, 4)}, DIAGONAL(0), ONCE},
    {"27 features of 32", .in = {F(3, 7, 27, 32)}, DIAGONAL(0), ONCE},
    {"DLRM, 2048", .in = {F(3, 2048, 27, 64)}, DIAGONAL(0), ONCE, .bench = TRUE},
};
static const RkSample PAIRS_GRAD_SAMPLES[] = {
    {"whole vectors", .in = {F(2, 3, 10), F(3, 3, 5, 8)}, DIAGONAL(0)},
    {"odd vectors with themselves", .in = {F(2, 2, 10), F(3, 2, 4, 5)}, DIAGONAL(1)},
    {"one feature", .in = {F(2, 3, 0), F(3, 3, 1, 4)}, DIAGONAL(0)},
    {"27 features of 32", .in = {F(2, 7, 351), F(3, 7, 27, 32)}, DIAGONAL(0)},
    {"DLRM, 2048", .in = {F(2, 2048, 351), F(3, 2048, 27, 64)}, DIAGONAL(0), .bench = TRUE},
};
static const RkSample FM_SAMPLES[] = {
    {"whole vectors", .in = {F(3, 3, 5, 8)}},
    {"odd vectors", .in = {F(3, 2, 4, 7)}},
    {"one feature", .in = {F(3, 2, 1, 4)}},
    {"no samples", .in = {F(3, 0, 4, 4)}, ONCE},
    {"39 fields of 16", .in = {F(3, 33, 39, 16)}, ONCE},
    {"39 fields of 16, 2048", .in = {F(3, 2048, 39, 16)}, ONCE, .bench = TRUE},
};
static const RkSample CROSS_SAMPLES[] = {
    {"whole rows", .in = {F(2, 5, 8), F(2, 5, 8), F(1, 8), F(1, 8)}},
    {"odd rows", .in = {F(2, 3, 7), F(2, 3, 7), F(1, 7), F(1, 7)}},
    {"long rows", .in = {F(2, 3, 1001), F(2, 3, 1001), F(1, 1001), F(1, 1001)}, ONCE},
    {"no rows", .in = {F(2, 0, 4), F(2, 0, 4), F(1, 4), F(1, 4)}, ONCE},
    {"2048 x 429", .in = {F(2, 2048, 429), F(2, 2048, 429), F(1, 429), F(1, 429)}, ONCE,
     .bench = TRUE},
};

static const char *const PAIRS_INPUTS[] = {"z", NULL};
static const char *const PAIRS_GRAD_INPUTS[] = {"g", "z", NULL};
static const char *const FM_INPUTS[] = {"x", NULL};
static const char *const CROSS_INPUTS[] = {"x0", "x", "w", "bias", NULL};
static const char *const DIAGONAL_ATTR[] = {"i:diagonal", NULL};

// Sums of at most a thousand products in fp32, in blocks by component.
#define ROW(label, names, attributes, rule, gradient, reference, price, table, list)               \
    {                                                                                              \
        .name = label, .input = names, .attribute = attributes, .infer = rule, .grad = gradient,   \
        .oracle = reference, .cost = price, .n_kernels = G_N_ELEMENTS(table), .kernels = table,    \
        .pick = rk_rowwise_pick, .n_samples = G_N_ELEMENTS(list), .samples = list, .rtol = 1e-5,   \
        .atol = 1e-5                                                                               \
    }
static const RkOp ROWS[N_ROWS] = {
    [PAIRWISE_DOT] =
        ROW("pairwise_dot", PAIRS_INPUTS, DIAGONAL_ATTR, infer_pairwise_dot, grad_pairwise_dot,
            oracle_pairwise_dot, cost_pairs, PAIRS_KERNELS, PAIRS_SAMPLES),
    [PAIRWISE_DOT_GRAD] =
        ROW("pairwise_dot.d", PAIRS_GRAD_INPUTS, DIAGONAL_ATTR, infer_pairwise_dot_grad, NULL,
            oracle_pairwise_dot_grad, cost_pairs, PAIRS_GRAD_KERNELS, PAIRS_GRAD_SAMPLES),
    [FM] = ROW("fm", FM_INPUTS, NULL, infer_fm, grad_fm, oracle_fm, cost, FM_KERNELS, FM_SAMPLES),
    [FM_VECTOR] = ROW("fm_vector", FM_INPUTS, NULL, infer_fm, grad_fm, oracle_fm, cost, FM_KERNELS,
                      FM_SAMPLES),
    [CROSS_VECTOR] = ROW("cross_vector", CROSS_INPUTS, NULL, infer_cross_vector, grad_cross_vector,
                         oracle_cross_vector, cost, CROSS_KERNELS, CROSS_SAMPLES),
};

RkFamily
rk_family_interact(void)
{
    return (RkFamily){ROWS, N_ROWS};
}

// --- builders -----------------------------------------------------------------------------------

RkRef
rk_pairwise_dot(RkGraph *graph, RkRef z, gboolean diagonal)
{
    const RkAttr attr = {.i = diagonal};
    return rk_graph_op(graph, &ROWS[PAIRWISE_DOT], 1, &z, 1, &attr);
}

RkRef
rk_fm(RkGraph *graph, RkRef x)
{
    return rk_graph_op(graph, &ROWS[FM], 1, &x, 0, NULL);
}

RkRef
rk_fm_vector(RkGraph *graph, RkRef x)
{
    return rk_graph_op(graph, &ROWS[FM_VECTOR], 1, &x, 0, NULL);
}

RkRef
rk_cross_vector(RkGraph *graph, RkRef x0, RkRef x, RkRef w, RkRef bias)
{
    const RkRef in[] = {x0, x, w, bias};
    return rk_graph_op(graph, &ROWS[CROSS_VECTOR], 4, in, 0, NULL);
}
