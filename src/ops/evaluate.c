// SPDX-License-Identifier: GPL-3.0-or-later
//
// Top-k by radix selection, ranks by counting, masking of what a user has seen.
#include "ops/evaluate.h"

#include "ops/convert.h"
#include "ops/divide.h"
#include "ops/pointwise.h"
#include "ops/rowwise.h"
#include "ops/sample-inputs.h"
#include "ops/shape.h"

#include <math.h>
#include <stdlib.h>

enum { TOPK, TAKE, RANK_COUNTS, MASK_ROWS, N_ROWS };
static const RkOp ROWS[N_ROWS];

// --- shape rules --------------------------------------------------------------------------------

static gboolean
infer_matrix(const RkOpTypes *t, GError **error)
{
    return rk_infer_dtype(t, 0, RK_F32, error) && rk_infer_rank(t, 0, 2, error);
}

static gboolean
infer_topk(const RkOpTypes *t, RkType *out, GError **error)
{
    uint32_t k = (uint32_t)t->attr[0].i;
    if (!infer_matrix(t, error))
        return FALSE;
    RkDim cols = t->in[0].dim[1];
    if (k == 0 || k > RK_TOPK_MAX || (!cols.per_batch && k > cols.n))
        return rk_infer_fail(t, error, "k is %u, it must be 1 to %u and at most the columns", k,
                             RK_TOPK_MAX);
    *out = rk_type(RK_U32, 2, t->in[0].dim[0], RK_DIM(k));
    return TRUE;
}

static gboolean
infer_take(const RkOpTypes *t, RkType *out, GError **error)
{
    *out = t->in[1];
    out->dtype = RK_F32;
    return infer_matrix(t, error) && rk_infer_dtype(t, 1, RK_U32, error) &&
           rk_infer_rank(t, 1, 2, error) && rk_infer_dim(t, 1, 0, t->in[0].dim[0], error);
}

static gboolean
infer_rank_counts(const RkOpTypes *t, RkType *out, GError **error)
{
    if (!infer_matrix(t, error) || !rk_infer_dtype(t, 1, RK_U32, error) ||
        !rk_infer_rank(t, 1, 1, error) || !rk_infer_dim(t, 1, 0, t->in[0].dim[0], error))
        return FALSE;
    if (t->in[0].dim[1].n >= 1u << 24)
        return rk_infer_fail(t, error, "rows must be shorter than 2^24");
    *out = rk_type(RK_U32, 2, t->in[0].dim[0], RK_DIM(2));
    return TRUE;
}

static gboolean
infer_mask_rows(const RkOpTypes *t, RkType *out, GError **error)
{
    *out = t->in[0];
    return infer_matrix(t, error) && rk_infer_dtype(t, 1, RK_U32, error) &&
           rk_infer_rank(t, 1, 1, error) && rk_infer_dtype(t, 2, RK_U32, error) &&
           rk_infer_rank(t, 2, 1, error) && rk_infer_dim(t, 2, 0, t->in[0].dim[0], error);
}

// --- oracles, limits, costs ---------------------------------------------------------------------

typedef struct {
    double value;
    uint32_t column;
} Scored;

static int
by_value_then_column(const void *left, const void *right)
{
    const Scored *a = left, *b = right;
    if (isnan(a->value) != isnan(b->value))
        return isnan(a->value) ? 1 : -1;
    if (a->value != b->value && !isnan(a->value))
        return a->value > b->value ? -1 : 1;
    return a->column < b->column ? -1 : 1;
}

static void
oracle_topk(const RkOpArgs *args, double *const *in, double *out)
{
    uint64_t rows = args->in[0].dim[0], cols = args->in[0].dim[1], k = args->out.dim[1];
    g_autofree Scored *scored = g_new(Scored, cols + 1);
    for (uint64_t row = 0; row < rows; row++) {
        for (uint64_t j = 0; j < cols; j++)
            scored[j] = (Scored){in[0][row * cols + j], (uint32_t)j};
        qsort(scored, cols, sizeof *scored, by_value_then_column);
        for (uint64_t i = 0; i < k; i++)
            out[row * k + i] = i < cols ? scored[i].column : UINT32_MAX;
    }
}

static void
oracle_take(const RkOpArgs *args, double *const *in, double *out)
{
    uint64_t n = rk_tensor_numel(&args->out), cols = args->in[0].dim[1], k = args->out.dim[1];
    for (uint64_t i = 0; i < n; i++)
        out[i] = in[1][i] < (double)cols ? in[0][i / k * cols + (uint64_t)in[1][i]] : -INFINITY;
}

static void
oracle_rank_counts(const RkOpArgs *args, double *const *in, double *out)
{
    uint64_t rows = args->in[0].dim[0], cols = args->in[0].dim[1];
    for (uint64_t row = 0; row < rows; row++) {
        const double *x = in[0] + row * cols, own = x[(uint64_t)in[1][row]];
        uint64_t greater = 0, equal = 0;
        for (uint64_t j = 0; j < cols; j++) {
            greater += isnan(own) ? !isnan(x[j]) : x[j] > own;
            equal += isnan(own) ? isnan(x[j]) : x[j] == own;
        }
        out[2 * row] = (double)greater;
        out[2 * row + 1] = (double)equal - 1;
    }
}

static void
oracle_mask_rows(const RkOpArgs *args, double *const *in, double *out)
{
    uint64_t rows = args->in[0].dim[0], cols = args->in[0].dim[1], e = 0;
    for (uint64_t row = 0; row < rows; row++)
        for (; e < (uint64_t)in[2][row] && e < args->in[1].dim[0]; e++)
            if (in[1][e] < (double)cols)
                in[0][row * cols + (uint64_t)in[1][e]] = -INFINITY;
}

static uint32_t
column_limit(const RkOpArgs *args, uint32_t i)
{
    return i == 1 ? args->in[0].dim[1] : 0;
}

static uint32_t
mask_rows_limit(const RkOpArgs *args, uint32_t i)
{
    return i == 2 ? args->in[1].dim[0] + 1 : column_limit(args, i);
}

static RkCost
cost(const RkOpArgs *args)
{
    return rk_cost_stream(args, (double)rk_tensor_numel(&args->in[0]));
}

static RkCost
cost_listed(const RkOpArgs *args)
{
    double n = (double)rk_tensor_numel(&args->in[1]);
    return (RkCost){.flops = 0, .bytes = n * 12};
}

// --- kernels ------------------------------------------------------------------------------------

static RkBindKind
index_kind(const RkKernel *kernel)
{
    return kernel->param[1] == RK_BIND_STORAGE ? RK_BIND_STORAGE : RK_BIND_TEXEL_U32X4;
}

// Bytes of the bins and candidates of topk.comp, and what is around them.
static gboolean
supports_topk(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args)
{
    return rk_rowwise_supports(kernel, caps, args) && caps->max_shared_bytes >= 32768;
}

static void
record_topk_phase(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args,
                  RkDispatchList *list, uint64_t n_listed, uint64_t parts, uint64_t part,
                  int32_t to)
{
    uint32_t k = args->out.dim[1], capacity = kernel->param[2];
    uint64_t groups = args->in[0].dim[0] * parts;
    while (capacity < k + k / 2)
        capacity *= 2;
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    rk_dispatch_read(d, 0, (RkBindKind)kernel->param[1]);
    rk_dispatch_read(d, n_listed > 0 ? RK_OPERAND_SCRATCH : 0, index_kind(kernel));
    rk_dispatch_write(d, to, RK_BIND_STORAGE);
    rk_dispatch_spec(d, kernel->param[0]);
    rk_dispatch_spec(d, capacity);
    rk_dispatch_spec(d, n_listed > 0);
    const uint32_t push[] = {(uint32_t)groups, args->in[0].dim[1], (uint32_t)n_listed,
                             (uint32_t)parts,  (uint32_t)part,     k};
    for (uint32_t i = 0; i < G_N_ELEMENTS(push); i++)
        rk_dispatch_push(d, push[i]);
    rk_dispatch_grid(d, caps, groups);
}

// A row is cut into parts where rows alone don't keep the device busy: the best k of each part,
// then the best k of those.
static void
record_topk(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    uint64_t rows = args->in[0].dim[0], cols = args->in[0].dim[1], k = args->out.dim[1];
    if (rows == 0)
        return;
    uint64_t wanted = caps->is_cpu ? 2 : 128, least = MAX(caps->is_cpu ? 32768 : 8192, 4 * k);
    uint64_t parts = rows >= wanted ? 1 : CLAMP(cols / least, 1, rk_ceil_div(wanted, rows));
    uint64_t part = rk_ceil_div(rk_ceil_div(cols, parts), 4) * 4;
    parts = cols == 0 ? 1 : rk_ceil_div(cols, part);
    if (parts == 1) {
        record_topk_phase(kernel, caps, args, list, 0, 1, cols, RK_OPERAND_OUT);
        return;
    }
    list->scratch_bytes = rows * parts * k * sizeof(uint32_t);
    record_topk_phase(kernel, caps, args, list, 0, parts, part, RK_OPERAND_SCRATCH);
    record_topk_phase(kernel, caps, args, list, parts * k, 1, parts * k, RK_OPERAND_OUT);
}

static void
record_take(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    uint64_t n = rk_tensor_numel(&args->out);
    if (n == 0)
        return;
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    rk_dispatch_read(d, 0, (RkBindKind)kernel->param[1]);
    rk_dispatch_read(d, 1, index_kind(kernel));
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_dispatch_spec(d, kernel->param[0]);
    rk_dispatch_push(d, (uint32_t)n);
    rk_dispatch_push(d, args->in[0].dim[1]);
    rk_dispatch_push_divisor(d, args->out.dim[1]);
    rk_dispatch_grid(d, caps, rk_ceil_div(n, kernel->param[0]));
}

static void
record_rank(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    uint64_t rows = args->in[0].dim[0], cols = args->in[0].dim[1];
    if (rows * cols == 0)
        return;
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    rk_dispatch_read(d, 0, (RkBindKind)kernel->param[1]);
    rk_dispatch_read(d, 1, index_kind(kernel));
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_rowwise_grid(d, kernel, caps, rows, cols, cols % 4 == 0);
    rk_dispatch_push(d, (uint32_t)rows);
    rk_dispatch_push(d, (uint32_t)cols);
}

static void
record_mask_rows(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args,
                 RkDispatchList *list)
{
    uint64_t capacity = args->in[1].dim[0];
    if (rk_tensor_numel(&args->out) == 0 || capacity == 0)
        return;
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    rk_dispatch_write(d, 0, RK_BIND_STORAGE);
    rk_dispatch_read(d, 1, index_kind(kernel));
    rk_dispatch_read(d, 2, index_kind(kernel));
    rk_dispatch_spec(d, kernel->param[0]);
    rk_dispatch_push(d, args->in[0].dim[0]);
    rk_dispatch_push(d, args->in[0].dim[1]);
    rk_dispatch_push(d, (uint32_t)capacity);
    rk_dispatch_grid(d, caps, rk_ceil_div(capacity, kernel->param[0]));
}

// param of topk: local size, binding kind, room for candidates at the least.
#define SELECT(label, spv, local, kind, capacity)                                                  \
    {                                                                                              \
        .name = label, .shader = spv, .param = {local, kind, capacity}, .supports = supports_topk, \
        .record = record_topk                                                                      \
    }
static const RkKernel TOPK_KERNELS[] = {
    SELECT("texel 8", "topk.texel", 8, RK_BIND_TEXEL_F32X4, 64),
    SELECT("storage 256", "topk", 256, RK_BIND_STORAGE, 512),
    SELECT("storage 64", "topk", 64, RK_BIND_STORAGE, 256),
};
static const RkKernel TAKE_KERNELS[] = RK_ROWWISE_TABLE("take", record_take);
static const RkKernel RANK_KERNELS[] = RK_ROWWISE_TABLE("rank_counts", record_rank);
static const RkKernel MASK_KERNELS[] = RK_ROWWISE_TABLE("mask_rows", record_mask_rows);

// --- rows ---------------------------------------------------------------------------------------

#define X(rows, cols) RK_S_ROWS(rows, cols)
#define FILLED(rows, cols, how, number)                                                            \
    {                                                                                              \
        .dtype = RK_F32, .rank = 2, .dim = {rows, cols}, .fill = how, .value = number              \
    }
#define K(k) .n_attr = 1, .attr = {{.i = k}}
static const RkSample TOPK_SAMPLES[] = {
    {"few columns", .in = {X(3, 7)}, K(3)},
    {"all columns", .in = {X(2, 13)}, K(13)},
    {"more than fit", .in = {X(3, 1003)}, K(10)},
    {"ties", .in = {FILLED(3, 501, RK_FILL_BINARY, 0)}, K(100)},
    {"all equal", .in = {FILLED(2, 1200, RK_FILL_CONSTANT, -0.5f)}, K(37)},
    {"all NaN", .in = {FILLED(2, 300, RK_FILL_CONSTANT, NAN)}, K(5)},
    {"all minus infinity", .in = {FILLED(2, 300, RK_FILL_CONSTANT, -INFINITY)}, K(5)},
    {"NaN, zeros, infinities", .in = {X(2, 777)}, K(700)}, // prepare() puts them in
    {"largest k", .in = {X(2, 5001)}, K(1000)},
    {"in parts", .in = {X(1, 70001)}, K(20)},
    {"in parts, ties", .in = {FILLED(1, 70001, RK_FILL_BINARY, 0)}, K(50)},
    {"no rows", .in = {X(0, 9)}, K(2)},
    {"MovieLens, 256 x 3706", .in = {X(256, 3706)}, K(10), .bench = TRUE},
    {"256 x 3706, k 100", .in = {X(256, 3706)}, K(100), .bench = TRUE},
    {"32 x 100000", .in = {X(32, 100000)}, K(100), .bench = TRUE},
    {"1 x 1000000", .in = {X(1, 1000000)}, K(100), .bench = TRUE},
    {"1 x 1000000, k 1000", .in = {X(1, 1000000)}, K(1000), .bench = TRUE},
};
static const RkSample TAKE_SAMPLES[] = {
    {"rows", .in = {X(5, 9), RK_S_INDEX2(5, 3, 9)}},
    {"none", .in = {X(5, 9), RK_S_INDEX2(5, 0, 9)}},
    {"256 x 3706", .in = {X(256, 3706), RK_S_INDEX2(256, 100, 3706)}, .bench = TRUE},
};
static const RkSample RANK_SAMPLES[] = {
    {"odd rows", .in = {X(5, 7), RK_S_INDEX1(5, 7)}},
    {"whole rows", .in = {X(33, 8), RK_S_INDEX1(33, 8)}},
    {"ties", .in = {FILLED(4, 101, RK_FILL_BINARY, 0), RK_S_INDEX1(4, 101)}},
    {"NaN, zeros, infinities", .in = {X(30, 31), RK_S_INDEX1(30, 31)}},
    {"all NaN", .in = {FILLED(2, 5, RK_FILL_CONSTANT, NAN), RK_S_INDEX1(2, 5)}},
    {"long rows", .in = {X(3, 5003), RK_S_INDEX1(3, 5003)}},
    {"no rows", .in = {X(0, 5), RK_S_INDEX1(0, 5)}},
    {"256 x 3706", .in = {X(256, 3706), RK_S_INDEX1(256, 3706)}, .bench = TRUE},
    {"32 x 100000", .in = {X(32, 100000), RK_S_INDEX1(32, 100000)}, .bench = TRUE},
};
static const RkSample MASK_SAMPLES[] = {
    {"lists", .in = {X(5, 9), RK_S_INDEX1(12, 9), RK_S_ENDS(5, 12)}},
    {"room to spare", .in = {X(3, 7), RK_S_INDEX1(20, 7), RK_S_ENDS(3, 11)}},
    {"empty lists", .in = {X(3, 7), RK_S_INDEX1(4, 7), RK_S_ENDS(3, 0)}},
    {"one row", .in = {X(1, 7), RK_S_INDEX1(4, 7), RK_S_ENDS(1, 4)}},
    {"256 x 3706", .in = {X(256, 3706), RK_S_INDEX1(40000, 3706), RK_S_ENDS(256, 40000)},
     .bench = TRUE},
};

// Every awkward number into the samples that are named for them.
static void
prepare(const RkSample *sample, const RkTensor *in, double *const *values)
{
    static const double AWKWARD[] = {NAN, -INFINITY, INFINITY, -0.0, 0.0, 3.5, 3.5};
    if (g_strcmp0(sample->name, "NaN, zeros, infinities") != 0)
        return;
    uint64_t n = rk_tensor_numel(&in[0]);
    for (uint64_t i = 0; i < n; i += 3)
        values[0][i] = AWKWARD[i / 3 % G_N_ELEMENTS(AWKWARD)];
}

static const char *const TOPK_INPUTS[] = {"x", NULL};
static const char *const TAKE_INPUTS[] = {"x", "index", NULL};
static const char *const RANK_INPUTS[] = {"x", "target", NULL};
static const char *const MASK_INPUTS[] = {"x", "index", "ends", NULL};
static const char *const TOPK_ATTRS[] = {"i:k", NULL};

// Whole numbers and copies: exact.
#define ROW(label, names, attributes, rule, reference, limit, price, table, list)                  \
    .name = label, .input = names, .attribute = attributes, .infer = rule, .oracle = reference,    \
    .index_limit = limit, .cost = price, .n_kernels = G_N_ELEMENTS(table), .kernels = table,       \
    .pick = rk_rowwise_pick, .n_samples = G_N_ELEMENTS(list), .samples = list, .prepare = prepare
static const RkOp ROWS[N_ROWS] = {
    [TOPK] = {ROW("topk", TOPK_INPUTS, TOPK_ATTRS, infer_topk, oracle_topk, NULL, cost,
                  TOPK_KERNELS, TOPK_SAMPLES)},
    [TAKE] = {ROW("take", TAKE_INPUTS, NULL, infer_take, oracle_take, column_limit, cost_listed,
                  TAKE_KERNELS, TAKE_SAMPLES)},
    [RANK_COUNTS] = {ROW("rank_counts", RANK_INPUTS, NULL, infer_rank_counts, oracle_rank_counts,
                         column_limit, cost, RANK_KERNELS, RANK_SAMPLES)},
    [MASK_ROWS] = {ROW("mask_rows", MASK_INPUTS, NULL, infer_mask_rows, oracle_mask_rows,
                       mask_rows_limit, cost_listed, MASK_KERNELS, MASK_SAMPLES),
                   .flags = RK_OP_ALIAS, .writes = 1},
};

RkFamily
rk_family_evaluate(void)
{
    return (RkFamily){ROWS, N_ROWS};
}

// --- builders -----------------------------------------------------------------------------------

RkRef
rk_topk(RkGraph *graph, RkRef x, uint32_t k)
{
    const RkAttr attr = {.i = (int32_t)k};
    return rk_graph_op(graph, &ROWS[TOPK], 1, &x, 1, &attr);
}

RkRef
rk_take(RkGraph *graph, RkRef x, RkRef index)
{
    const RkRef in[] = {x, index};
    return rk_graph_op(graph, &ROWS[TAKE], 2, in, 0, NULL);
}

RkRef
rk_rank_counts(RkGraph *graph, RkRef x, RkRef target)
{
    const RkRef in[] = {x, target};
    return rk_graph_op(graph, &ROWS[RANK_COUNTS], 2, in, 0, NULL);
}

RkRef
rk_expected_rank(RkGraph *graph, RkRef counts)
{
    RkRef numbers = rk_cast(graph, counts, RK_F32);
    RkRef greater = rk_slice(graph, numbers, 1, 0, 1), equal = rk_slice(graph, numbers, 1, 1, 2);
    RkRef rank = rk_shift(graph, rk_add(graph, greater, rk_scale(graph, equal, 0.5f)), 1);
    return rk_reshape(graph, rank, rk_type(RK_F32, 1, rk_graph_type(graph, counts)->dim[0]));
}

RkRef
rk_mask_rows(RkGraph *graph, RkRef x, RkRef index, RkRef ends)
{
    const RkRef in[] = {x, index, ends};
    return rk_graph_op(graph, &ROWS[MASK_ROWS], 3, in, 0, NULL);
}
