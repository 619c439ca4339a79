// SPDX-License-Identifier: GPL-3.0-or-later
//
// Layer normalization and its gradient along the last dimension.
#include "ops/norm.h"

#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/rowwise.h"

#include <math.h>

enum { LAYER_NORM, LAYER_NORM_GRAD, N_ROWS };
static const RkOp ROWS[N_ROWS];

// --- shape rules, oracles, cost -----------------------------------------------------------------

// The first `n_whole` inputs have the shape of x, the others are one number a column.
static gboolean
infer_inputs(const RkOpTypes *t, uint32_t n_whole, RkType *out, GError **error)
{
    *out = t->in[0];
    if (out->rank == 0)
        return rk_infer_fail(t, error, "a scalar has no last dimension");
    for (uint32_t i = 0; i < t->n_in; i++) {
        if (!rk_infer_dtype(t, i, RK_F32, error))
            return FALSE;
        if (i < n_whole && !rk_infer_same(t, 0, i, error))
            return FALSE;
        if (i >= n_whole && (!rk_infer_rank(t, i, 1, error) ||
                             !rk_infer_dim(t, i, 0, out->dim[out->rank - 1], error)))
            return FALSE;
    }
    return TRUE;
}

static gboolean
infer(const RkOpTypes *t, RkType *out, GError **error)
{
    return infer_inputs(t, 1, out, error);
}

static gboolean
infer_grad(const RkOpTypes *t, RkType *out, GError **error)
{
    return infer_inputs(t, 2, out, error);
}

static void
row_moments(const double *x, uint64_t cols, double eps, double *mean, double *scale)
{
    double sum = 0, squares = 0;
    for (uint64_t j = 0; j < cols; j++)
        sum += x[j];
    *mean = sum / (double)cols;
    for (uint64_t j = 0; j < cols; j++)
        squares += (x[j] - *mean) * (x[j] - *mean);
    *scale = 1 / sqrt(squares / (double)cols + eps);
}

static gboolean
has(const RkOpArgs *args, uint32_t i)
{
    return i < args->n_in && args->present[i];
}

static void
oracle(const RkOpArgs *args, double *const *in, double *out)
{
    uint64_t rows = rk_tensor_rows(&args->out), cols = rk_tensor_cols(&args->out);
    for (uint64_t i = 0; i < rows; i++) {
        double mean, scale;
        row_moments(in[0] + i * cols, cols, args->attr[0].f, &mean, &scale);
        for (uint64_t j = 0; j < cols; j++) {
            double value = (in[0][i * cols + j] - mean) * scale;
            out[i * cols + j] =
                value * (has(args, 1) ? in[1][j] : 1) + (has(args, 2) ? in[2][j] : 0);
        }
    }
}

static void
oracle_grad(const RkOpArgs *args, double *const *in, double *out)
{
    uint64_t rows = rk_tensor_rows(&args->out), cols = rk_tensor_cols(&args->out);
    for (uint64_t i = 0; i < rows; i++) {
        const double *g = in[0] + i * cols, *x = in[1] + i * cols;
        double mean, scale, h_mean = 0, slope = 0;
        row_moments(x, cols, args->attr[0].f, &mean, &scale);
        for (uint64_t j = 0; j < cols; j++) {
            double h = g[j] * (has(args, 2) ? in[2][j] : 1) / (double)cols;
            h_mean += h;
            slope += h * (x[j] - mean) * scale;
        }
        for (uint64_t j = 0; j < cols; j++) {
            double h = g[j] * (has(args, 2) ? in[2][j] : 1);
            out[i * cols + j] = (h - h_mean - (x[j] - mean) * scale * slope) * scale;
        }
    }
}

static RkCost
cost(const RkOpArgs *args)
{
    return rk_cost_stream(args, 8.0 * (double)rk_tensor_numel(&args->out));
}

// --- gradient -----------------------------------------------------------------------------------

static void
grad(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode node = *rk_graph_node(graph, y);
    RkRef gamma = node.n_in > 1 ? node.in[1] : RK_NONE, beta = node.n_in > 2 ? node.in[2] : RK_NONE;
    const RkRef in[] = {dy, node.in[0], gamma};
    dx[0] = rk_graph_op(graph, &ROWS[LAYER_NORM_GRAD], 3, in, node.n_attr, node.attr);
    if (gamma != RK_NONE) {
        RkRef u = rk_layer_norm(graph, node.in[0], RK_NONE, RK_NONE, node.attr[0].f);
        dx[1] = rk_sum_to(graph, rk_mul(graph, dy, u), *rk_graph_type(graph, gamma));
    }
    if (beta != RK_NONE)
        dx[2] = rk_sum_to(graph, dy, *rk_graph_type(graph, beta));
}

// --- kernels ------------------------------------------------------------------------------------

static void
record(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    uint64_t rows = rk_tensor_rows(&args->out), cols = rk_tensor_cols(&args->out);
    if (rows * cols == 0)
        return;
    RkBindKind kind = (RkBindKind)kernel->param[1];
    gboolean gradient = args->op == &ROWS[LAYER_NORM_GRAD];
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    for (int32_t i = 0; i < 3; i++)
        rk_dispatch_read(d, has(args, (uint32_t)i) ? i : 0, kind);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_rowwise_grid(d, kernel, caps, rows, cols, cols % 4 == 0);
    if (!gradient)
        rk_dispatch_spec(d, has(args, 1));
    rk_dispatch_spec(d, has(args, 2));
    rk_dispatch_push(d, (uint32_t)rows);
    rk_dispatch_push(d, (uint32_t)cols);
    rk_dispatch_push_float(d, args->attr[0].f);
}

static const RkKernel KERNELS[RK_ROWWISE_KERNELS] = RK_ROWWISE_TABLE("layer_norm", record);
static const RkKernel GRAD_KERNELS[RK_ROWWISE_KERNELS] =
    RK_ROWWISE_TABLE("layer_norm_grad", record);

// --- rows ---------------------------------------------------------------------------------------

#define F(r, ...)                                                                                  \
    {                                                                                              \
        .dtype = RK_F32, .rank = r, .dim = {__VA_ARGS__}, .fill = RK_FILL_NORMAL                   \
    }
#define ABSENT                                                                                     \
    {                                                                                              \
        .dtype = RK_F32, .absent = TRUE                                                            \
    }
#define EPS  .n_attr = 1, .attr = {{.f = 1e-5f}}
#define ONCE .no_grad = TRUE
static const RkSample SAMPLES[] = {
    {"odd rows", .in = {F(2, 5, 7), F(1, 7), F(1, 7)}, EPS},
    {"whole rows", .in = {F(3, 2, 3, 8), F(1, 8), F(1, 8)}, EPS},
    {"plain", .in = {F(2, 3, 12), ABSENT, ABSENT}, EPS},
    {"scale alone", .in = {F(2, 3, 12), F(1, 12), ABSENT}, EPS},
    {"few long rows", .in = {F(2, 3, 1003), F(1, 1003), F(1, 1003)}, EPS, ONCE},
    {"many rows", .in = {F(2, 77, 64), F(1, 64), F(1, 64)}, EPS, ONCE},
    {"no rows", .in = {F(2, 0, 4), F(1, 4), F(1, 4)}, EPS, ONCE},
    {"sequence", .in = {F(3, 256, 50, 64), F(1, 64), F(1, 64)}, EPS, ONCE, .bench = TRUE},
};
static const RkSample GRAD_SAMPLES[] = {
    {"odd rows", .in = {F(2, 5, 7), F(2, 5, 7), F(1, 7)}, EPS},
    {"whole rows", .in = {F(3, 2, 3, 8), F(3, 2, 3, 8), F(1, 8)}, EPS},
    {"plain", .in = {F(2, 3, 12), F(2, 3, 12), ABSENT}, EPS},
    {"few long rows", .in = {F(2, 3, 1003), F(2, 3, 1003), F(1, 1003)}, EPS},
    {"no rows", .in = {F(2, 0, 4), F(2, 0, 4), F(1, 4)}, EPS},
    {"sequence", .in = {F(3, 256, 50, 64), F(3, 256, 50, 64), F(1, 64)}, EPS, .bench = TRUE},
};

static const char *const INPUTS[] = {"x", "gamma?", "beta?", NULL};
static const char *const GRAD_INPUTS[] = {"g", "x", "gamma?", NULL};
static const char *const ATTRIBUTES[] = {"f:eps", NULL};

// Sums of up to a thousand terms, an inverse square root (2 units in the last place) and
// differences of numbers near the row's own size.
#define ROW(label, names, rule, gradient, reference, table, list)                                  \
    {                                                                                              \
        .name = label, .input = names, .attribute = ATTRIBUTES, .infer = rule, .grad = gradient,   \
        .oracle = reference, .cost = cost, .n_kernels = RK_ROWWISE_KERNELS, .kernels = table,      \
        .pick = rk_rowwise_pick, .n_samples = G_N_ELEMENTS(list), .samples = list, .rtol = 1e-5,   \
        .atol = 1e-6                                                                               \
    }
static const RkOp ROWS[N_ROWS] = {
    [LAYER_NORM] = ROW("layer_norm", INPUTS, infer, grad, oracle, KERNELS, SAMPLES),
    [LAYER_NORM_GRAD] =
        ROW("layer_norm.d", GRAD_INPUTS, infer_grad, NULL, oracle_grad, GRAD_KERNELS, GRAD_SAMPLES),
};

RkFamily
rk_family_norm(void)
{
    return (RkFamily){ROWS, N_ROWS};
}

// --- builder ------------------------------------------------------------------------------------

RkRef
rk_layer_norm(RkGraph *graph, RkRef x, RkRef gamma, RkRef beta, float eps)
{
    const RkRef in[] = {x, gamma, beta};
    const RkAttr attr = {.f = eps};
    return rk_graph_op(graph, &ROWS[LAYER_NORM], 3, in, 1, &attr);
}
