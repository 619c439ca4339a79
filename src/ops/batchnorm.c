// SPDX-License-Identifier: GPL-3.0-or-later
//
// Batch statistics, normalization by them, their gradient, their moving average.
#include "ops/batchnorm.h"

#include "ops/divide.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/rowwise.h"
#include "ops/shape.h"

#include <math.h>

enum { BATCH_STATS, BATCH_STATS_GRAD, BATCH_NORM, RUNNING_STATS, N_ROWS };
static const RkOp ROWS[N_ROWS];

// --- shape rules --------------------------------------------------------------------------------

static gboolean
infer_floats(const RkOpTypes *t, GError **error)
{
    for (uint32_t i = 0; i < t->n_in; i++)
        if (!rk_infer_dtype(t, i, RK_F32, error))
            return FALSE;
    return TRUE;
}

// Input i has two rows as wide as input `like`.
static gboolean
infer_stats(const RkOpTypes *t, uint32_t i, uint32_t like, GError **error)
{
    const RkType *x = &t->in[like];
    if (x->rank == 0)
        return rk_infer_fail(t, error, "a scalar has no columns");
    return rk_infer_rank(t, i, 2, error) && rk_infer_dim(t, i, 0, RK_DIM(2), error) &&
           rk_infer_dim(t, i, 1, x->dim[x->rank - 1], error);
}

static gboolean
infer_batch_stats(const RkOpTypes *t, RkType *out, GError **error)
{
    const RkType *x = &t->in[0];
    if (!infer_floats(t, error))
        return FALSE;
    if (x->rank == 0)
        return rk_infer_fail(t, error, "a scalar has no columns");
    *out = rk_type(RK_F32, 2, RK_DIM(2), x->dim[x->rank - 1]);
    return TRUE;
}

static gboolean
infer_batch_stats_grad(const RkOpTypes *t, RkType *out, GError **error)
{
    *out = t->in[1];
    return infer_floats(t, error) && infer_stats(t, 0, 1, error) && infer_stats(t, 2, 1, error);
}

static gboolean
infer_batch_norm(const RkOpTypes *t, RkType *out, GError **error)
{
    *out = t->in[0];
    if (!infer_floats(t, error) || !infer_stats(t, 1, 0, error))
        return FALSE;
    for (uint32_t i = 2; i < t->n_in; i++)
        if (!rk_infer_rank(t, i, 1, error) ||
            !rk_infer_dim(t, i, 0, out->dim[out->rank - 1], error))
            return FALSE;
    return TRUE;
}

static gboolean
infer_running_stats(const RkOpTypes *t, RkType *out, GError **error)
{
    *out = t->in[0];
    return infer_floats(t, error) && infer_stats(t, 0, 2, error) && infer_stats(t, 1, 2, error);
}

// --- oracles, cost ------------------------------------------------------------------------------

static void
oracle_batch_stats(const RkOpArgs *args, double *const *in, double *out)
{
    uint64_t n = rk_tensor_rows(&args->in[0]), cols = rk_tensor_cols(&args->in[0]);
    for (uint64_t c = 0; c < cols; c++) {
        double mean = 0, squares = 0;
        for (uint64_t i = 0; i < n; i++)
            mean += in[0][i * cols + c];
        mean /= (double)n;
        for (uint64_t i = 0; i < n; i++)
            squares += (in[0][i * cols + c] - mean) * (in[0][i * cols + c] - mean);
        out[c] = mean;
        out[cols + c] = squares / (double)n;
    }
}

static void
oracle_batch_stats_grad(const RkOpArgs *args, double *const *in, double *out)
{
    uint64_t n = rk_tensor_rows(&args->out), cols = rk_tensor_cols(&args->out);
    const double *g = in[0], *x = in[1], *stats = in[2];
    for (uint64_t i = 0; i < n * cols; i++) {
        uint64_t c = i % cols;
        out[i] = (g[c] + 2 * g[cols + c] * (x[i] - stats[c])) / (double)n;
    }
}

static gboolean
has(const RkOpArgs *args, uint32_t i)
{
    return i < args->n_in && args->present[i];
}

static void
oracle_batch_norm(const RkOpArgs *args, double *const *in, double *out)
{
    uint64_t numel = rk_tensor_numel(&args->out), cols = rk_tensor_cols(&args->out);
    for (uint64_t i = 0; i < numel; i++) {
        uint64_t c = i % cols;
        double value = (in[0][i] - in[1][c]) / sqrt(in[1][cols + c] + args->attr[0].f);
        out[i] = value * (has(args, 2) ? in[2][c] : 1) + (has(args, 3) ? in[3][c] : 0);
    }
}

static double
unbias(const RkOpArgs *args)
{
    double n = (double)rk_tensor_rows(&args->in[2]);
    return n > 1 ? n / (n - 1) : 1;
}

static void
oracle_running_stats(const RkOpArgs *args, double *const *in, double *out)
{
    uint64_t cols = rk_tensor_cols(&args->out);
    for (uint64_t i = 0; i < 2 * cols; i++) {
        double target = in[1][i] * (i < cols ? 1 : unbias(args));
        in[0][i] += (double)args->attr[0].f * (target - in[0][i]);
    }
}

static RkCost
cost(const RkOpArgs *args)
{
    return rk_cost_stream(args, 4.0 * (double)rk_tensor_numel(&args->in[0]));
}

// --- gradients ----------------------------------------------------------------------------------

static void
grad_batch_stats(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkRef in[] = {dy, rk_graph_node(graph, y)->in[0], y};
    dx[0] = rk_graph_op(graph, &ROWS[BATCH_STATS_GRAD], 3, in, 0, NULL);
}

// With u the normalized x, r = 1 / sqrt(variance + eps): d mean = -gamma r sum(dy),
// d variance = -gamma r^2 sum(dy u) / 2, d gamma = sum(dy u), d beta = sum(dy).
static void
grad_batch_norm(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode node = *rk_graph_node(graph, y);
    float eps = node.attr[0].f;
    RkRef gamma = node.n_in > 2 ? node.in[2] : RK_NONE;
    RkType stats = *rk_graph_type(graph, node.in[1]);
    RkType column = rk_type(RK_F32, 1, stats.dim[1]),
           row = rk_type(RK_F32, 2, RK_DIM(1), stats.dim[1]);

    RkRef variance = rk_reshape(graph, rk_slice(graph, node.in[1], 0, 1, 2), column);
    RkRef r = rk_rsqrt(graph, rk_shift(graph, variance, eps));
    RkRef scale = gamma == RK_NONE ? r : rk_mul(graph, r, gamma);
    RkRef u = rk_batch_norm(graph, node.in[0], node.in[1], RK_NONE, RK_NONE, eps);
    RkRef sum = rk_sum_to(graph, dy, column);
    RkRef sum_u = rk_sum_to(graph, rk_mul(graph, dy, u), column);

    dx[0] = rk_mul(graph, dy, scale);
    const RkRef parts[] = {
        rk_reshape(graph, rk_scale(graph, rk_mul(graph, scale, sum), -1), row),
        rk_reshape(graph, rk_scale(graph, rk_mul(graph, rk_mul(graph, scale, r), sum_u), -0.5f),
                   row)};
    dx[1] = rk_concat(graph, 0, 2, parts);
    if (gamma != RK_NONE)
        dx[2] = sum_u;
    if (node.n_in > 3 && node.in[3] != RK_NONE)
        dx[3] = sum;
}

// --- kernels ------------------------------------------------------------------------------------

static void
record_stats_phase(const RkKernel *kernel, const RkCaps *caps, RkDispatchList *list,
                   const int32_t operands[2], const uint32_t push[5], gboolean merge)
{
    uint64_t cols = push[1], segments = push[2];
    RkBindKind kind = (RkBindKind)kernel->param[1];
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    rk_dispatch_read(d, operands[0], kind);
    rk_dispatch_write(d, operands[1], RK_BIND_STORAGE);
    rk_dispatch_spec(d, kernel->param[0]);
    rk_dispatch_spec(d, cols % 4 == 0);
    rk_dispatch_spec(d, merge);
    for (uint32_t i = 0; i < 5; i++)
        rk_dispatch_push(d, push[i]);
    uint64_t lanes = rk_ceil_div(cols, 4) * (merge ? 1 : segments);
    rk_dispatch_grid(d, caps, rk_ceil_div(lanes, kernel->param[0]));
}

static void
record_stats(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    uint32_t cols = rk_tensor_cols(&args->in[0]);
    uint64_t n = rk_tensor_rows(&args->in[0]), segments = 1;
    if (cols == 0)
        return;
    // Rows are shared out where columns alone don't keep the device busy.
    uint64_t wanted = caps->is_cpu ? 64 : 16384, lanes = rk_ceil_div(cols, 4);
    if (n >= 256 && 2 * lanes <= wanted)
        segments = CLAMP(wanted / lanes, 1, n / 64);
    uint32_t segment = (uint32_t)rk_ceil_div(n, segments);
    segments = segment == 0 ? 1 : rk_ceil_div(n, segment);
    const uint32_t push[] = {(uint32_t)n, cols, (uint32_t)segments, segment, segments == 1};
    const uint32_t merge[] = {(uint32_t)n, cols, (uint32_t)segments, segment, TRUE};
    int32_t to = segments == 1 ? RK_OPERAND_OUT : RK_OPERAND_SCRATCH;
    record_stats_phase(kernel, caps, list, (const int32_t[]){0, to}, push, FALSE);
    if (segments == 1)
        return;
    list->scratch_bytes = segments * 2 * cols * sizeof(float);
    record_stats_phase(kernel, caps, list, (const int32_t[]){to, RK_OPERAND_OUT}, merge, TRUE);
}

// Both users of batch_norm.comp: operands in the order of its bindings.
static void
record_columns(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args,
               RkDispatchList *list, const int32_t operands[4], gboolean gradient, float eps)
{
    uint64_t n = rk_tensor_numel(&args->out);
    if (n == 0)
        return;
    RkBindKind kind = (RkBindKind)kernel->param[1];
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    for (uint32_t i = 0; i < 4; i++)
        rk_dispatch_read(d, operands[i] >= 0 ? operands[i] : operands[1], kind);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_dispatch_spec(d, kernel->param[0]);
    rk_dispatch_spec(d, rk_tensor_cols(&args->out) % 4 == 0);
    rk_dispatch_spec(d, gradient);
    rk_dispatch_spec(d, operands[2] >= 0);
    rk_dispatch_spec(d, operands[3] >= 0);
    rk_dispatch_push(d, (uint32_t)n);
    rk_dispatch_push(d, (uint32_t)rk_tensor_rows(&args->out));
    rk_dispatch_push_divisor(d, rk_tensor_cols(&args->out));
    rk_dispatch_push_float(d, eps);
    rk_dispatch_grid(d, caps, rk_ceil_div(rk_ceil_div(n, 4), kernel->param[0]));
}

static void
record_norm(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    const int32_t operands[] = {0, 1, has(args, 2) ? 2 : -1, has(args, 3) ? 3 : -1};
    record_columns(kernel, caps, args, list, operands, FALSE, args->attr[0].f);
}

static void
record_stats_grad(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args,
                  RkDispatchList *list)
{
    record_columns(kernel, caps, args, list, (const int32_t[]){1, 2, 0, -1}, TRUE, 0);
}

static void
record_running(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args,
               RkDispatchList *list)
{
    uint32_t cols = rk_tensor_cols(&args->out);
    if (cols == 0)
        return;
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    rk_dispatch_write(d, 0, RK_BIND_STORAGE);
    rk_dispatch_read(d, 1, RK_BIND_STORAGE);
    rk_dispatch_spec(d, kernel->param[0]);
    rk_dispatch_push(d, cols);
    rk_dispatch_push_float(d, args->attr[0].f);
    rk_dispatch_push_float(d, (float)unbias(args));
    rk_dispatch_grid(d, caps, rk_ceil_div(2ull * cols, kernel->param[0]));
}

static const RkKernel STATS_KERNELS[RK_ROWWISE_KERNELS] =
    RK_ROWWISE_TABLE("batch_stats", record_stats);
static const RkKernel STATS_GRAD_KERNELS[RK_ROWWISE_KERNELS] =
    RK_ROWWISE_TABLE("batch_norm", record_stats_grad);
static const RkKernel NORM_KERNELS[RK_ROWWISE_KERNELS] =
    RK_ROWWISE_TABLE("batch_norm", record_norm);
static const RkKernel RUNNING_KERNELS[] = {
    RK_ROWWISE_KERNEL("storage 64", "running_stats", 64, RK_BIND_STORAGE, 1, record_running)};

// --- rows ---------------------------------------------------------------------------------------

#define F(how, r, ...)                                                                             \
    {                                                                                              \
        .dtype = RK_F32, .rank = r, .dim = {__VA_ARGS__}, .fill = how                              \
    }
#define X(...)   F(RK_FILL_NORMAL, __VA_ARGS__)
#define STATS(c) F(RK_FILL_POSITIVE, 2, 2, c)
#define C(c)     F(RK_FILL_NORMAL, 1, c)
#define ABSENT                                                                                     \
    {                                                                                              \
        .dtype = RK_F32, .absent = TRUE                                                            \
    }
#define A(value) .n_attr = 1, .attr = {{.f = value}}
#define ONCE     .no_grad = TRUE
static const RkSample STATS_SAMPLES[] = {
    {"whole columns", .in = {X(2, 9, 8)}},
    {"odd columns", .in = {X(3, 3, 5, 7)}},
    {"one row", .in = {X(2, 1, 5)}, ONCE},
    {"tall", .in = {X(2, 1003, 12)}, ONCE},
    {"tall and odd", .in = {X(2, 777, 3)}, ONCE},
    {"far from zero", .in = {F(RK_FILL_UNIT, 2, 515, 4)}, ONCE},
    {"2048 x 128", .in = {X(2, 2048, 128)}, ONCE, .bench = TRUE},
};
static const RkSample STATS_GRAD_SAMPLES[] = {
    {"whole columns", .in = {X(2, 2, 8), X(2, 9, 8), STATS(8)}},
    {"odd columns", .in = {X(2, 2, 7), X(3, 3, 5, 7), STATS(7)}},
    {"no rows", .in = {X(2, 2, 4), X(2, 0, 4), STATS(4)}},
};
static const RkSample NORM_SAMPLES[] = {
    {"whole columns", .in = {X(2, 9, 8), STATS(8), C(8), C(8)}, A(1e-5f)},
    {"odd columns", .in = {X(3, 3, 5, 7), STATS(7), C(7), C(7)}, A(1e-5f)},
    {"plain", .in = {X(2, 5, 6), STATS(6), ABSENT, ABSENT}, A(1e-3f)},
    {"shift alone", .in = {X(2, 5, 4), STATS(4), ABSENT, C(4)}, A(1e-3f)},
    {"no rows", .in = {X(2, 0, 4), STATS(4), C(4), C(4)}, A(1e-5f), ONCE},
    {"2048 x 128", .in = {X(2, 2048, 128), STATS(128), C(128), C(128)}, A(1e-5f), ONCE,
     .bench = TRUE},
};
static const RkSample RUNNING_SAMPLES[] = {
    {"odd", .in = {STATS(7), STATS(7), X(2, 9, 7)}, A(0.1f)},
    {"one row", .in = {STATS(4), STATS(4), X(2, 1, 4)}, A(0.5f)},
};

static const char *const X_INPUT[] = {"x", NULL};
static const char *const STATS_GRAD_INPUTS[] = {"g", "x", "stats", NULL};
static const char *const NORM_INPUTS[] = {"x", "stats", "gamma?", "beta?", NULL};
static const char *const RUNNING_INPUTS[] = {"running", "stats", "x", NULL};
static const char *const EPS[] = {"f:eps", NULL};
static const char *const MOMENTUM[] = {"f:momentum", NULL};

// Blocked sums of up to a thousand terms and an inverse square root (2 units in the last place).
#define ROW(label, names, attributes, rule, gradient, reference, table, list)                      \
    .name = label, .input = names, .attribute = attributes, .infer = rule, .grad = gradient,       \
    .oracle = reference, .cost = cost, .n_kernels = G_N_ELEMENTS(table), .kernels = table,         \
    .pick = rk_rowwise_pick, .n_samples = G_N_ELEMENTS(list), .samples = list, .rtol = 1e-5,       \
    .atol = 1e-6
static const RkOp ROWS[N_ROWS] = {
    [BATCH_STATS] = {ROW("batch_stats", X_INPUT, NULL, infer_batch_stats, grad_batch_stats,
                         oracle_batch_stats, STATS_KERNELS, STATS_SAMPLES)},
    [BATCH_STATS_GRAD] = {ROW("batch_stats.d", STATS_GRAD_INPUTS, NULL, infer_batch_stats_grad,
                              NULL, oracle_batch_stats_grad, STATS_GRAD_KERNELS,
                              STATS_GRAD_SAMPLES)},
    [BATCH_NORM] = {ROW("batch_norm", NORM_INPUTS, EPS, infer_batch_norm, grad_batch_norm,
                        oracle_batch_norm, NORM_KERNELS, NORM_SAMPLES)},
    [RUNNING_STATS] = {ROW("running_stats", RUNNING_INPUTS, MOMENTUM, infer_running_stats, NULL,
                           oracle_running_stats, RUNNING_KERNELS, RUNNING_SAMPLES),
                       .flags = RK_OP_ALIAS, .writes = 1},
};

RkFamily
rk_family_batchnorm(void)
{
    return (RkFamily){ROWS, N_ROWS};
}

// --- builders -----------------------------------------------------------------------------------

RkRef
rk_batch_stats(RkGraph *graph, RkRef x)
{
    return rk_graph_op(graph, &ROWS[BATCH_STATS], 1, &x, 0, NULL);
}

RkRef
rk_batch_norm(RkGraph *graph, RkRef x, RkRef stats, RkRef gamma, RkRef beta, float eps)
{
    const RkRef in[] = {x, stats, gamma, beta};
    const RkAttr attr = {.f = eps};
    return rk_graph_op(graph, &ROWS[BATCH_NORM], 4, in, 1, &attr);
}

RkRef
rk_running_stats(RkGraph *graph, RkRef running, RkRef stats, RkRef x, float momentum)
{
    const RkRef in[] = {running, stats, x};
    const RkAttr attr = {.f = momentum};
    return rk_graph_op(graph, &ROWS[RUNNING_STATS], 3, in, 1, &attr);
}
