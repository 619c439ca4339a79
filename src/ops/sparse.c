// SPDX-License-Identifier: GPL-3.0-or-later
//
// The ops that sparse gradients are made of. Shaders: shaders/sparse.
#include "ops/sparse.h"

#include "base/rng.h"
#include "base/sort_rows.h"
#include "ops/family.h"
#include "ops/index.h"
#include "ops/ranges.h"
#include "ops/sample-inputs.h"

#include <string.h>

enum { SUM_GRAD, SUM_SORTED, SUM_SOURCE, SUM_WEIGHT };
enum { ADD_DENSE, ADD_SORTED, ADD_VALUES };

static gboolean
given(const RkOpArgs *args, uint32_t i)
{
    return i < args->n_in && args->present[i];
}

gboolean
rk_sparse_infer_sorted(const RkOpTypes *t, uint32_t i, GError **error)
{
    return rk_infer_dtype(t, i, RK_U32, error) && rk_infer_rank(t, i, 2, error) &&
           rk_infer_dim(t, i, 0, RK_DIM(3), error);
}

void
rk_sparse_prepare(const RkTensor *sorted, double *values, uint32_t limit)
{
    uint32_t n = sorted->dim[1];
    g_autofree uint32_t *index = g_new(uint32_t, n + 1);
    g_autofree uint32_t *packed = g_new(uint32_t, RK_SORT_ROWS_WORDS(n) + n);
    for (uint32_t i = 0; i < n; i++)
        index[i] = i % 9 == 8 ? UINT32_MAX : rk_rng_below(17, 0, i, limit);
    rk_sort_rows(index, n, packed, packed + RK_SORT_ROWS_WORDS(n));
    for (uint32_t i = 0; i < 3 * n; i++)
        values[i] = packed[i];
}

// --- segment_sum --------------------------------------------------------------------------------

static gboolean
segment_sum_infer(const RkOpTypes *t, RkType *out, GError **error)
{
    if (!rk_infer_dtype(t, SUM_GRAD, RK_F32, error) || !rk_infer_rank(t, SUM_GRAD, 2, error) ||
        !rk_sparse_infer_sorted(t, SUM_SORTED, error))
        return FALSE;
    RkDim n = t->in[SUM_SORTED].dim[1], got;
    for (uint32_t i = SUM_SOURCE; i < t->n_in; i++) {
        if (!t->present[i])
            continue;
        if (!rk_infer_dtype(t, i, i == SUM_SOURCE ? RK_U32 : RK_F32, error))
            return FALSE;
        if (!rk_flat_extent(&t->in[i], &got) || !rk_dim_equal(n, got))
            return rk_infer_fail(t, error, "input %u must have one element for each sorted one", i);
    }
    gboolean sourced = t->n_in > SUM_SOURCE && t->present[SUM_SOURCE];
    if (!sourced && !rk_infer_dim(t, SUM_GRAD, 0, n, error))
        return FALSE;
    *out = rk_type(RK_F32, 2, n, t->in[SUM_GRAD].dim[1]);
    return TRUE;
}

static void
segment_sum_oracle(const RkOpArgs *args, double *const *in, double *out)
{
    uint32_t n = args->out.dim[0], n_cols = args->out.dim[1], n_grads = args->in[SUM_GRAD].dim[0];
    const double *perm = in[SUM_SORTED], *rows = perm + n, *seg = rows + n;
    memset(out, 0, sizeof *out * (size_t)n * n_cols);
    for (uint32_t u = 0; u < n && rows[u] != UINT32_MAX; u++) {
        double end = u + 1 < n ? seg[u + 1] : n;
        for (uint32_t k = (uint32_t)seg[u]; k < end; k++) {
            uint32_t e = (uint32_t)perm[k];
            double from = given(args, SUM_SOURCE) ? in[SUM_SOURCE][e] : e;
            double weight = given(args, SUM_WEIGHT) ? in[SUM_WEIGHT][e] : 1;
            for (uint32_t d = 0; from < n_grads && d < n_cols; d++)
                out[(size_t)u * n_cols + d] += weight * in[SUM_GRAD][(size_t)from * n_cols + d];
        }
    }
}

static RkCost
segment_sum_cost(const RkOpArgs *args)
{
    double n = args->out.dim[0], n_cols = args->out.dim[1];
    double element =
        4 * n_cols + 4 + (given(args, SUM_SOURCE) ? 4 : 0) + (given(args, SUM_WEIGHT) ? 4 : 0);
    return (RkCost){.flops = 2 * n * n_cols,
                    .bytes = n * (element + 8) + (double)rk_tensor_bytes(&args->out)};
}

typedef struct {
    const char *shader;
    RkBindKind grad, words, weight;
    uint32_t unit;  // floats
    uint32_t units; // of a row that an invocation sums
} SumPath;

static const SumPath SUM_PATHS[] = {
    {"sparse_segment_sum_texel", RK_BIND_SAMPLED_F32X4, RK_BIND_SAMPLED_U32, RK_BIND_SAMPLED_F32,
     .unit = 4, .units = 8},
    {"sparse_segment_sum_wide", .unit = 4, .units = 1},
    {"sparse_segment_sum", .unit = 1, .units = 1},
};

static gboolean
segment_sum_supports(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args)
{
    const SumPath *path = &SUM_PATHS[kernel->param[0]];
    return args->out.dim[1] % path->unit == 0 &&
           rk_bind_fits(caps, path->grad, &args->in[SUM_GRAD]) &&
           rk_bind_fits(caps, path->words, &args->in[SUM_SORTED]) &&
           rk_bind_fits(caps, RK_BIND_STORAGE, &args->out);
}

static void
segment_sum_record(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args,
                   RkDispatchList *list)
{
    const SumPath *path = &SUM_PATHS[kernel->param[0]];
    uint32_t n = args->out.dim[0], units = args->out.dim[1] / path->unit, local = 64;
    if (n == 0 || units == 0)
        return;
    uint32_t lanes = (uint32_t)rk_ceil_div(units, path->units);
    RkDispatch *d = rk_dispatch_add(list, path->shader);
    rk_dispatch_read(d, SUM_GRAD, path->grad);
    rk_dispatch_read(d, SUM_SORTED, path->words);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_dispatch_read(d, given(args, SUM_SOURCE) ? SUM_SOURCE : SUM_SORTED, path->words);
    rk_dispatch_read(d, given(args, SUM_WEIGHT) ? SUM_WEIGHT : SUM_SORTED, path->weight);
    rk_dispatch_spec(d, local);
    rk_dispatch_spec(d, units);
    rk_dispatch_spec(d, given(args, SUM_SOURCE));
    rk_dispatch_spec(d, given(args, SUM_WEIGHT));
    rk_dispatch_spec(d, lanes);
    rk_dispatch_push(d, n);
    rk_dispatch_push(d, args->in[SUM_GRAD].dim[0]);
    rk_dispatch_grid(d, caps, rk_ceil_div((uint64_t)n * lanes, local));
}

#define SUM_KERNEL(name_, path)                                                                    \
    {                                                                                              \
        .name = name_, .param = {path}, .supports = segment_sum_supports,                          \
        .record = segment_sum_record                                                               \
    }
static const RkKernel segment_sum_kernels[] = {
    SUM_KERNEL("uniform texel", 0),
    SUM_KERNEL("storage vec4", 1),
    SUM_KERNEL("storage", 2),
};

static const RkKernel *
segment_sum_pick(const RkCaps *caps, const RkOpArgs *args)
{
    for (uint32_t i = caps->is_cpu ? 0 : 1; i < G_N_ELEMENTS(segment_sum_kernels); i++)
        if (segment_sum_supports(&segment_sum_kernels[i], caps, args))
            return &segment_sum_kernels[i];
    return NULL;
}

// --- add_rows -----------------------------------------------------------------------------------

static gboolean
add_rows_infer(const RkOpTypes *t, RkType *out, GError **error)
{
    if (!rk_infer_dtype(t, ADD_DENSE, RK_F32, error) || !rk_infer_rank(t, ADD_DENSE, 2, error) ||
        !rk_sparse_infer_sorted(t, ADD_SORTED, error) ||
        !rk_infer_dtype(t, ADD_VALUES, RK_F32, error) || !rk_infer_rank(t, ADD_VALUES, 2, error) ||
        !rk_infer_dim(t, ADD_VALUES, 0, t->in[ADD_SORTED].dim[1], error) ||
        !rk_infer_dim(t, ADD_VALUES, 1, t->in[ADD_DENSE].dim[1], error))
        return FALSE;
    *out = t->in[ADD_DENSE];
    return TRUE;
}

static void
add_rows_oracle(const RkOpArgs *args, double *const *in, double *out)
{
    uint32_t n = args->in[ADD_SORTED].dim[1], n_cols = args->out.dim[1];
    const double *rows = in[ADD_SORTED] + n;
    memcpy(out, in[ADD_DENSE], sizeof *out * rk_tensor_numel(&args->out));
    for (uint32_t u = 0; u < n && rows[u] < args->out.dim[0]; u++)
        for (uint32_t d = 0; d < n_cols; d++)
            out[(size_t)rows[u] * n_cols + d] += in[ADD_VALUES][(size_t)u * n_cols + d];
}

static RkCost
add_rows_cost(const RkOpArgs *args)
{
    return rk_cost_stream(args, (double)rk_tensor_numel(&args->in[ADD_VALUES]));
}

static uint32_t
add_rows_range(const RkCaps *caps, const RkOpArgs *args)
{
    const RkRangeOperand dense = {RK_BIND_STORAGE, 4 * (uint64_t)args->out.dim[1]};
    return rk_range_rows(caps, args->out.dim[0], 1, &dense);
}

static gboolean
add_rows_supports(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args)
{
    return (args->out.dim[0] == 0 || add_rows_range(caps, args) > 0) &&
           rk_bind_fits(caps, RK_BIND_STORAGE, &args->in[ADD_SORTED]) &&
           rk_bind_fits(caps, RK_BIND_STORAGE, &args->in[ADD_VALUES]);
}

enum { ADD_LOCAL_SIZE = 64 };

static void
add_range(const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list, uint32_t first,
          uint32_t rows, gboolean copy)
{
    uint32_t n_cols = args->out.dim[1], n = copy ? rows : args->in[ADD_SORTED].dim[1];
    uint32_t out = copy ? 1 : 2; // binding
    uint64_t row_bytes = 4 * (uint64_t)n_cols;
    if (n == 0)
        return;
    RkDispatch *d = rk_dispatch_add(list, copy ? "sparse_copy" : "sparse_add");
    rk_dispatch_read(d, copy ? ADD_DENSE : ADD_VALUES, RK_BIND_STORAGE);
    if (copy)
        rk_range_set(d, 0, row_bytes, first, rows);
    else
        rk_dispatch_read(d, ADD_SORTED, RK_BIND_STORAGE);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_range_set(d, out, row_bytes, first, rows);
    rk_dispatch_spec(d, ADD_LOCAL_SIZE);
    rk_dispatch_push(d, n);
    rk_dispatch_push(d, n_cols);
    rk_dispatch_push(d, first);
    rk_dispatch_push(d, rows);
    rk_dispatch_grid(d, caps, rk_ceil_div((uint64_t)n * n_cols, ADD_LOCAL_SIZE));
}

static void
add_rows_record(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args,
                RkDispatchList *list)
{
    uint32_t n_rows = args->out.dim[0], step = add_rows_range(caps, args);
    if (rk_tensor_numel(&args->out) == 0)
        return;
    for (int copy = 1; copy >= 0; copy--)
        for (uint32_t first = 0; first < n_rows; first += MIN(step, n_rows - first))
            add_range(caps, args, list, first, MIN(step, n_rows - first), copy);
}

static const RkKernel add_rows_kernels[] = {
    {.name = "storage", .supports = add_rows_supports, .record = add_rows_record},
};

// --- rows ---------------------------------------------------------------------------------------

// clang-format off
static const RkSample segment_sum_samples[] = {
    {"one row each", 4, {RK_S_ROWS(90, 64), RK_S_SORTED(90, 40), RK_S_ABSENT, RK_S_ABSENT}},
    {"odd columns", 4, {RK_S_ROWS(33, 7), RK_S_SORTED(33, 5), RK_S_ABSENT, RK_S_ABSENT}},
    {"sourced", 4, {RK_S_ROWS(12, 32), RK_S_SORTED(60, 30), RK_S_INDEX1(60, 12), RK_S_ABSENT}},
    {"sources past the end", 4,
     {RK_S_ROWS(12, 32), RK_S_SORTED(60, 30), RK_S_INDEX1(60, 20), RK_S_ABSENT}},
    {"sourced and weighted", 4,
     {RK_S_ROWS(9, 16), RK_S_SORTED(60, 7), RK_S_INDEX1(60, 9), RK_S_VECTOR(60)}},
    {"weighted, odd columns", 4,
     {RK_S_ROWS(31, 3), RK_S_SORTED(31, 50), RK_S_ABSENT, RK_S_VECTOR(31)}},
    {"run cut short", 4, {RK_S_ROWS(30, 44), RK_S_SORTED(30, 11), RK_S_ABSENT, RK_S_ABSENT}},
    {"all distinct", 4, {RK_S_ROWS(7, 8), RK_S_SORTED(7, 100000), RK_S_ABSENT, RK_S_ABSENT}},
    {"one hot row", 4, {RK_S_ROWS(700, 12), RK_S_SORTED(700, 1), RK_S_ABSENT, RK_S_ABSENT}},
    {"one", 4, {RK_S_ROWS(1, 1), RK_S_SORTED(1, 3), RK_S_ABSENT, RK_S_ABSENT}},
    {"nothing", 4, {RK_S_ROWS(0, 12), RK_S_SORTED(0, 1), RK_S_ABSENT, RK_S_ABSENT}},
    {"4096 x 20 of 4096 x 64", 4,
     {RK_S_ROWS(4096, 64), RK_S_SORTED(81920, 100000), RK_S_INDEX1(81920, 4096), RK_S_ABSENT},
     .bench = TRUE},
};

static const RkSample add_rows_samples[] = {
    {"some rows", 3, {RK_S_ROWS(50, 32), RK_S_SORTED(20, 50), RK_S_ROWS(20, 32)}},
    {"odd columns", 3, {RK_S_ROWS(50, 5), RK_S_SORTED(90, 50), RK_S_ROWS(90, 5)}},
    {"none", 3, {RK_S_ROWS(5, 4), RK_S_SORTED(0, 5), RK_S_ROWS(0, 4)}},
};
// clang-format on

static void
prepare(const RkSample *sample, const RkTensor *in, double *const *values)
{
    rk_sparse_prepare(&in[1], values[1], sample->in[1].limit);
}

static const char *const sum_inputs[] = {"grad", "sorted", "source?", "weight?", NULL};
static const char *const add_inputs[] = {"dense", "sorted", "values", NULL};

enum { SEGMENT_SUM, ADD_ROWS };

static const RkOp ops[] = {
    [SEGMENT_SUM] = {.name = "segment_sum",
                     .input = sum_inputs,
                     .infer = segment_sum_infer,
                     .oracle = segment_sum_oracle,
                     .cost = segment_sum_cost,
                     .n_kernels = G_N_ELEMENTS(segment_sum_kernels),
                     .kernels = segment_sum_kernels,
                     .pick = segment_sum_pick,
                     .n_samples = G_N_ELEMENTS(segment_sum_samples),
                     .samples = segment_sum_samples,
                     .prepare = prepare,
                     // f32 sums of up to hundreds of terms against double ones.
                     .rtol = 1e-5,
                     .atol = 1e-6},
    [ADD_ROWS] = {.name = "add_rows",
                  .input = add_inputs,
                  .infer = add_rows_infer,
                  .oracle = add_rows_oracle,
                  .cost = add_rows_cost,
                  .n_kernels = G_N_ELEMENTS(add_rows_kernels),
                  .kernels = add_rows_kernels,
                  .n_samples = G_N_ELEMENTS(add_rows_samples),
                  .samples = add_rows_samples,
                  .prepare = prepare,
                  // One f32 addition.
                  .rtol = 1e-6,
                  .atol = 1e-7},
};

RkFamily
rk_family_sparse(void)
{
    return (RkFamily){ops, G_N_ELEMENTS(ops)};
}

RkRef
rk_segment_sum(RkGraph *graph, RkRef grad, RkRef sorted, RkRef source, RkRef weight)
{
    return rk_graph_op(graph, &ops[SEGMENT_SUM], 4, (RkRef[]){grad, sorted, source, weight}, 0,
                       NULL);
}

RkRef
rk_add_rows(RkGraph *graph, RkRef dense, RkRef sorted, RkRef values)
{
    return rk_graph_op(graph, &ops[ADD_ROWS], 3, (RkRef[]){dense, sorted, values}, 0, NULL);
}
