// SPDX-License-Identifier: GPL-3.0-or-later
//
// Softmax, its logarithm and its denominator along the last dimension, and their gradients.
#include "ops/softmax.h"

#include "ops/pointwise.h"
#include "ops/rowwise.h"
#include "ops/shape.h"

#include <math.h>

enum { SOFTMAX, LOG_SOFTMAX, LOG_SUM_EXP, SOFTMAX_GRAD, LOG_SOFTMAX_GRAD, N_ROWS };

// `data` of a row: MODE of its shader.
static const uint32_t MODES[] = {0, 1, 2, 0, 1};

static uint32_t
mode_of(const RkOpArgs *args)
{
    return *(const uint32_t *)args->op->data;
}

// --- shape rules, oracles, cost -----------------------------------------------------------------

static gboolean
infer_same(const RkOpTypes *t, RkType *out, GError **error)
{
    *out = t->in[0];
    for (uint32_t i = 0; i < t->n_in; i++)
        if (!rk_infer_dtype(t, i, RK_F32, error) || !rk_infer_same(t, 0, i, error))
            return FALSE;
    return out->rank > 0 || rk_infer_fail(t, error, "a scalar has no last dimension");
}

static gboolean
infer_logsumexp(const RkOpTypes *t, RkType *out, GError **error)
{
    if (!infer_same(t, out, error))
        return FALSE;
    out->dim[out->rank - 1] = t->attr[0].i ? RK_DIM(1) : (RkDim){0, FALSE};
    out->rank -= t->attr[0].i ? 0 : 1;
    return TRUE;
}

// The row's maximum, 0 where it is infinite, and the sum of exp(x - maximum).
static void
row_sum(const double *x, uint64_t cols, double *maximum, double *sum)
{
    *maximum = -INFINITY;
    *sum = 0;
    for (uint64_t j = 0; j < cols; j++)
        if (x[j] > *maximum || isnan(x[j]))
            *maximum = x[j];
    if (isinf(*maximum))
        *maximum = 0;
    for (uint64_t j = 0; j < cols; j++)
        *sum += exp(x[j] - *maximum);
}

static void
oracle(const RkOpArgs *args, double *const *in, double *out)
{
    uint64_t rows = rk_tensor_rows(&args->in[0]), cols = rk_tensor_cols(&args->in[0]);
    uint32_t mode = mode_of(args);
    for (uint64_t i = 0; i < rows; i++) {
        const double *x = in[0] + i * cols;
        double m, s;
        row_sum(x, cols, &m, &s);
        if (mode == MODES[LOG_SUM_EXP])
            out[i] = m + log(s);
        for (uint64_t j = 0; mode == MODES[SOFTMAX] && j < cols; j++)
            out[i * cols + j] = s == 0 ? 0 : exp(x[j] - m) / s;
        for (uint64_t j = 0; mode == MODES[LOG_SOFTMAX] && j < cols; j++)
            out[i * cols + j] = s == 0 ? -INFINITY : x[j] - m - log(s);
    }
}

static void
oracle_grad(const RkOpArgs *args, double *const *in, double *out)
{
    uint64_t rows = rk_tensor_rows(&args->in[0]), cols = rk_tensor_cols(&args->in[0]);
    gboolean plain = mode_of(args) == MODES[SOFTMAX_GRAD];
    for (uint64_t i = 0; i < rows; i++) {
        const double *g = in[0] + i * cols, *y = in[1] + i * cols;
        double sum = 0;
        for (uint64_t j = 0; j < cols; j++)
            sum += plain ? g[j] * y[j] : g[j];
        for (uint64_t j = 0; j < cols; j++)
            out[i * cols + j] = plain ? y[j] * (g[j] - sum) : g[j] - exp(y[j]) * sum;
    }
}

static RkCost
cost(const RkOpArgs *args)
{
    return rk_cost_stream(args, 4.0 * (double)rk_tensor_numel(&args->in[0]));
}

// --- gradients ----------------------------------------------------------------------------------

static const RkOp ROWS[N_ROWS];

static void
grad_softmax(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkOp *op = rk_graph_node(graph, y)->op;
    const RkRef in[] = {dy, y};
    dx[0] = rk_graph_op(graph, op == &ROWS[SOFTMAX] ? &ROWS[SOFTMAX_GRAD] : &ROWS[LOG_SOFTMAX_GRAD],
                        2, in, 0, NULL);
}

static void
grad_logsumexp(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    RkRef x = rk_graph_node(graph, y)->in[0];
    RkType kept = *rk_graph_type(graph, x);
    kept.dim[kept.rank - 1] = RK_DIM(1);
    dx[0] = rk_mul(graph, rk_softmax(graph, x), rk_reshape(graph, dy, kept));
}

// --- kernels ------------------------------------------------------------------------------------

static void
record(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    uint64_t rows = rk_tensor_rows(&args->in[0]), cols = rk_tensor_cols(&args->in[0]);
    gboolean single = mode_of(args) == MODES[LOG_SUM_EXP] && args->n_in == 1;
    if (rows == 0 || (cols == 0 && !single))
        return;
    RkBindKind kind = (RkBindKind)kernel->param[1];
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    for (uint32_t i = 0; i < args->n_in; i++)
        rk_dispatch_read(d, (int32_t)i, kind);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_rowwise_grid(d, kernel, caps, rows, cols, cols % 4 == 0);
    rk_dispatch_spec(d, mode_of(args));
    rk_dispatch_push(d, (uint32_t)rows);
    rk_dispatch_push(d, (uint32_t)cols);
}

static const RkKernel KERNELS[RK_ROWWISE_KERNELS] = RK_ROWWISE_TABLE("softmax", record);
static const RkKernel GRAD_KERNELS[RK_ROWWISE_KERNELS] = RK_ROWWISE_TABLE("softmax_grad", record);

// --- rows ---------------------------------------------------------------------------------------

#define F(how, r, ...)                                                                             \
    {                                                                                              \
        .dtype = RK_F32, .rank = r, .dim = {__VA_ARGS__}, .fill = how                              \
    }
#define NORMAL(...) F(RK_FILL_NORMAL, __VA_ARGS__)
// Both inputs of the gradients; the ops themselves read the first.
#define TWICE(...) .in = {NORMAL(__VA_ARGS__), NORMAL(__VA_ARGS__)}
#define KEEP       .n_attr = 1, .attr = {{.i = 1}}
static const RkSample SAMPLES[] = {
    {"odd rows", TWICE(2, 5, 7), KEEP},
    {"whole rows", TWICE(3, 2, 3, 8), KEEP},
    {"one", TWICE(2, 5, 1), KEEP},
    {"vector", TWICE(1, 13)},
    {"few long rows", TWICE(2, 3, 1003), KEEP, .no_grad = TRUE},
    {"few long whole rows", TWICE(2, 2, 2048), KEEP, .no_grad = TRUE},
    {"many rows", TWICE(2, 133, 50), KEEP, .no_grad = TRUE},
    {"no rows", TWICE(2, 0, 4), KEEP, .no_grad = TRUE},
    {"attention, 1024 x 50 x 50", TWICE(3, 1024, 50, 50), KEEP, .no_grad = TRUE, .bench = TRUE},
    {"in-batch, 512 x 512", TWICE(2, 512, 512), KEEP, .no_grad = TRUE, .bench = TRUE},
    {"catalogue, 32 x 100000", TWICE(2, 32, 100000), KEEP, .no_grad = TRUE, .bench = TRUE},
    // Not for the gradients, which take the outputs of the ops instead.
    {"masked throughout",
     .in =
         {{.dtype = RK_F32, .rank = 2, .dim = {3, 5}, .fill = RK_FILL_CONSTANT, .value = -INFINITY},
          {.dtype = RK_F32, .rank = 2, .dim = {3, 5}, .fill = RK_FILL_CONSTANT}},
     KEEP, .no_grad = TRUE},
    {"huge values",
     .in = {{.dtype = RK_F32, .rank = 2, .dim = {3, 5}, .fill = RK_FILL_CONSTANT, .value = 3e38f},
            {.dtype = RK_F32, .rank = 2, .dim = {3, 5}, .fill = RK_FILL_CONSTANT}},
     KEEP, .no_grad = TRUE},
};

enum { ALL = G_N_ELEMENTS(SAMPLES), BUT_EXTREMES = ALL - 2 };

static const char *const INPUT[] = {"x", NULL};
static const char *const GRAD_INPUTS[] = {"g", "y", NULL};
static const char *const ATTRIBUTES[] = {"i:keep", NULL};

// exp may be off by 3 + 2 |x| units in the last place (Vulkan's rule for single precision), x up
// to 10 below the maximum in the samples; the sum adds a few.
#define ROW(label, names, attributes, kind, rule, gradient, reference, table, count)               \
    {                                                                                              \
        .name = label, .input = names, .attribute = attributes, .data = &MODES[kind],              \
        .infer = rule, .grad = gradient, .oracle = reference, .cost = cost,                        \
        .n_kernels = RK_ROWWISE_KERNELS, .kernels = table, .pick = rk_rowwise_pick,                \
        .n_samples = count, .samples = SAMPLES, .rtol = 1e-5, .atol = 1e-6                         \
    }
static const RkOp ROWS[N_ROWS] = {
    [SOFTMAX] =
        ROW("softmax", INPUT, NULL, SOFTMAX, infer_same, grad_softmax, oracle, KERNELS, ALL),
    [LOG_SOFTMAX] = ROW("log_softmax", INPUT, NULL, LOG_SOFTMAX, infer_same, grad_softmax, oracle,
                        KERNELS, ALL),
    [LOG_SUM_EXP] = ROW("logsumexp", INPUT, ATTRIBUTES, LOG_SUM_EXP, infer_logsumexp,
                        grad_logsumexp, oracle, KERNELS, ALL),
    [SOFTMAX_GRAD] = ROW("softmax.d", GRAD_INPUTS, NULL, SOFTMAX_GRAD, infer_same, NULL,
                         oracle_grad, GRAD_KERNELS, BUT_EXTREMES),
    [LOG_SOFTMAX_GRAD] = ROW("log_softmax.d", GRAD_INPUTS, NULL, LOG_SOFTMAX_GRAD, infer_same, NULL,
                             oracle_grad, GRAD_KERNELS, BUT_EXTREMES),
};

RkFamily
rk_family_softmax(void)
{
    return (RkFamily){ROWS, N_ROWS};
}

// --- builders -----------------------------------------------------------------------------------

RkRef
rk_softmax(RkGraph *graph, RkRef x)
{
    return rk_graph_op(graph, &ROWS[SOFTMAX], 1, &x, 0, NULL);
}

RkRef
rk_softmax_grad(RkGraph *graph, RkRef g, RkRef y)
{
    const RkRef in[] = {g, y};
    return rk_graph_op(graph, &ROWS[SOFTMAX_GRAD], 2, in, 0, NULL);
}

RkRef
rk_log_softmax(RkGraph *graph, RkRef x)
{
    return rk_graph_op(graph, &ROWS[LOG_SOFTMAX], 1, &x, 0, NULL);
}

RkRef
rk_logsumexp(RkGraph *graph, RkRef x, gboolean keep)
{
    const RkAttr attr = {.i = keep};
    return rk_graph_op(graph, &ROWS[LOG_SUM_EXP], 1, &x, 1, &attr);
}
