// SPDX-License-Identifier: GPL-3.0-or-later
//
// Sum, mean and maximum over one dimension, seen as [outer, n, inner]. Large sums of few outputs
// go in two phases: segments into scratch, then the segments.
#include "ops/reduce.h"

#include "ops/pointwise.h"
#include "ops/rowwise.h"
#include "ops/shape.h"

#include <math.h>

enum { SUM, MEAN, MAXIMUM };     // ROWS[]
enum { MODE_SUM, MODE_MAXIMUM }; // as in the shaders

typedef struct {
    uint64_t outer, n, inner;
} View;

static View
view_of(const RkOpArgs *args)
{
    const RkTensor *x = &args->in[0];
    View view = {1, x->dim[args->attr[0].i], 1};
    for (uint32_t i = 0; i < x->rank; i++) {
        if (i < (uint32_t)args->attr[0].i)
            view.outer *= x->dim[i];
        else if (i > (uint32_t)args->attr[0].i)
            view.inner *= x->dim[i];
    }
    return view;
}

static int
kind_of(const RkOp *op)
{
    return *(const int *)op->data;
}

// --- shape rule, oracle, cost -------------------------------------------------------------------

static gboolean
infer(const RkOpTypes *t, RkType *out, GError **error)
{
    if (!rk_infer_dtype(t, 0, RK_F32, error))
        return FALSE;
    const RkType *x = &t->in[0];
    uint32_t axis = (uint32_t)t->attr[0].i;
    if (axis >= x->rank)
        return rk_infer_fail(t, error, "there is no dimension %d", t->attr[0].i);
    *out = *x;
    if (t->attr[1].i) {
        out->dim[axis] = RK_DIM(1);
        return TRUE;
    }
    out->rank--;
    for (uint32_t i = axis; i < out->rank; i++)
        out->dim[i] = x->dim[i + 1];
    out->dim[out->rank] = (RkDim){0, FALSE};
    return TRUE;
}

static void
oracle(const RkOpArgs *args, double *const *in, double *out)
{
    View v = view_of(args);
    int kind = kind_of(args->op);
    for (uint64_t o = 0; o < v.outer; o++) {
        for (uint64_t c = 0; c < v.inner; c++) {
            double total = kind == MAXIMUM ? -INFINITY : 0;
            for (uint64_t j = 0; j < v.n; j++) {
                double x = in[0][(o * v.n + j) * v.inner + c];
                if (kind != MAXIMUM)
                    total += x;
                else if (x > total || isnan(x))
                    total = x;
            }
            out[o * v.inner + c] = kind == MEAN ? total / (double)v.n : total;
        }
    }
}

static RkCost
cost(const RkOpArgs *args)
{
    return rk_cost_stream(args, (double)rk_tensor_numel(&args->in[0]));
}

// --- gradients ----------------------------------------------------------------------------------

// The type of x with the reduced dimension kept as 1.
static RkType
kept_type(RkGraph *graph, const RkNode *node)
{
    RkType type = *rk_graph_type(graph, node->in[0]);
    type.dim[node->attr[0].i] = RK_DIM(1);
    return type;
}

static void
grad_sum(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode node = *rk_graph_node(graph, y);
    RkRef kept = rk_reshape(graph, dy, kept_type(graph, &node));
    RkType x = *rk_graph_type(graph, node.in[0]);
    dx[0] = kind_of(node.op) == MEAN ? rk_spread(graph, kept, x) : rk_expand(graph, kept, x);
}

static void
grad_max(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode node = *rk_graph_node(graph, y);
    RkType kept = kept_type(graph, &node);
    RkRef equal = rk_equal(graph, node.in[0], rk_reshape(graph, y, kept));
    RkRef ties = rk_sum(graph, equal, node.attr[0].i, TRUE);
    dx[0] = rk_mul(graph, equal, rk_div(graph, rk_reshape(graph, dy, kept), ties));
}

// --- kernels ------------------------------------------------------------------------------------

// Lanes that keep a device busy, and the fewest elements that are worth a lane of their own: a
// software driver has two to a few dozen lanes of work, a real GPU tens of thousands.
static uint64_t
choose_segments(const RkCaps *caps, const View *v, uint64_t lanes)
{
    const uint64_t wanted = caps->is_cpu ? 64 : 65536, least = caps->is_cpu ? 512 : 32;
    if (lanes == 0 || lanes * 2 > wanted || v->n < 2 * least)
        return 1;
    return CLAMP(v->n / least, 1, wanted / lanes);
}

static void
record_phase(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list,
             const int32_t operands[2], View v, uint64_t segments, uint64_t segment, float divisor)
{
    gboolean rows = v.inner == 1, texel = kernel->param[1] != RK_BIND_STORAGE;
    RkDispatch *d = rk_dispatch_add(list, rows ? (texel ? "reduce_rows.texel" : "reduce_rows")
                                               : (texel ? "reduce_cols.texel" : "reduce_cols"));
    RkBindKind kind = (RkBindKind)kernel->param[1];
    rk_dispatch_read(d, operands[0], kind);
    rk_dispatch_write(d, operands[1], rows ? RK_BIND_STORAGE : kind);
    if (rows) {
        gboolean whole = v.n % 4 == 0 && (segments == 1 || segment % 4 == 0);
        rk_rowwise_grid(d, kernel, caps, v.outer * segments, segment, whole);
        rk_dispatch_spec(d, kind_of(args->op) == MAXIMUM ? MODE_MAXIMUM : MODE_SUM);
        rk_dispatch_push(d, (uint32_t)v.outer);
    } else {
        rk_dispatch_spec(d, kernel->param[0]);
        rk_dispatch_spec(d, 1);
        rk_dispatch_spec(d, v.inner % 4 == 0);
        rk_dispatch_spec(d, kind_of(args->op) == MAXIMUM ? MODE_MAXIMUM : MODE_SUM);
        uint64_t outputs = v.outer * segments * v.inner;
        rk_dispatch_grid(d, caps, rk_ceil_div(rk_ceil_div(outputs, 4), kernel->param[0]));
    }
    rk_dispatch_push(d, (uint32_t)v.n);
    if (!rows)
        rk_dispatch_push(d, (uint32_t)v.inner);
    rk_dispatch_push(d, (uint32_t)segments);
    rk_dispatch_push(d, (uint32_t)segment);
    if (!rows)
        rk_dispatch_push(d, (uint32_t)(v.outer * segments * v.inner));
    rk_dispatch_push_float(d, divisor);
}

static void
record(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    View v = view_of(args);
    if (v.outer * v.inner == 0)
        return;
    float divisor = kind_of(args->op) == MEAN ? (float)v.n : 1;
    uint64_t lanes = v.inner == 1 ? v.outer * rk_rowwise_lanes(kernel, caps, v.outer, v.n)
                                  : rk_ceil_div(v.outer * v.inner, 4);
    // Segments end at a multiple of 64, so that rows of whole vec4s stay so.
    uint64_t segments = choose_segments(caps, &v, lanes);
    uint64_t segment = segments == 1 ? v.n : rk_ceil_div(rk_ceil_div(v.n, segments), 64) * 64;
    segments = v.n == 0 ? 1 : rk_ceil_div(v.n, segment);
    if (segments == 1) {
        record_phase(kernel, caps, args, list, (const int32_t[]){0, RK_OPERAND_OUT}, v, 1, v.n,
                     divisor);
        return;
    }
    list->scratch_bytes = v.outer * segments * v.inner * sizeof(float);
    record_phase(kernel, caps, args, list, (const int32_t[]){0, RK_OPERAND_SCRATCH}, v, segments,
                 segment, 1);
    View parts = {v.outer, segments, v.inner};
    record_phase(kernel, caps, args, list, (const int32_t[]){RK_OPERAND_SCRATCH, RK_OPERAND_OUT},
                 parts, 1, segments, divisor);
}

// --- rows ---------------------------------------------------------------------------------------

static const RkKernel KERNELS[RK_ROWWISE_KERNELS] = RK_ROWWISE_TABLE("reduce_rows", record);

#define IN(r, ...)                                                                                 \
    .in = {{.dtype = RK_F32, .rank = r, .dim = {__VA_ARGS__}, .fill = RK_FILL_NORMAL}}
#define OVER(axis, keep) .n_attr = 2, .attr = {{.i = axis}, {.i = keep}}
static const RkSample SAMPLES[] = {
    {.name = "vector", IN(1, 7), OVER(0, FALSE)},
    {.name = "odd rows", IN(2, 9, 13), OVER(1, TRUE)},
    {.name = "whole rows", IN(2, 33, 64), OVER(1, FALSE)},
    {.name = "few long rows", IN(2, 3, 1001), OVER(1, FALSE), .no_grad = TRUE},
    {.name = "one", IN(2, 5, 1), OVER(1, FALSE)},
    {.name = "columns", IN(2, 37, 12), OVER(0, FALSE)},
    {.name = "odd columns", IN(2, 21, 5), OVER(0, TRUE)},
    {.name = "middle of four", IN(4, 2, 3, 5, 8), OVER(2, FALSE)},
    {.name = "odd middle", IN(3, 3, 7, 3), OVER(1, TRUE)},
    {.name = "no rows", IN(2, 0, 4), OVER(1, FALSE), .no_grad = TRUE},
    {.name = "tall", IN(2, 5003, 4), OVER(0, FALSE), .no_grad = TRUE},
    {.name = "tall and odd", IN(3, 2, 1501, 3), OVER(1, FALSE), .no_grad = TRUE},
    {.name = "long", IN(1, 100003), OVER(0, FALSE), .no_grad = TRUE},
    {.name = "long whole rows", IN(2, 2, 65536), OVER(1, FALSE), .no_grad = TRUE},
    {.name = "2^24 numbers", IN(1, 16777216), OVER(0, FALSE), .no_grad = TRUE, .bench = TRUE},
    {.name = "4096 rows of 256", IN(2, 4096, 256), OVER(1, FALSE), .no_grad = TRUE, .bench = TRUE},
    {.name = "bias gradient", IN(2, 4096, 256), OVER(0, FALSE), .no_grad = TRUE, .bench = TRUE},
    {.name = "embedding pool", IN(3, 256, 20, 64), OVER(1, FALSE), .no_grad = TRUE, .bench = TRUE},
};

static const char *const INPUTS[] = {"x", NULL};
static const char *const ATTRIBUTES[] = {"i:axis", "i:keep", NULL};
static const int KINDS[] = {SUM, MEAN, MAXIMUM};

// Rounding of blocked fp32 sums, below 16 + n / 1024 units in the last place of the largest
// partial sum; the driver's division adds 2.5.
#define ROW(label, kind, gradient)                                                                 \
    {                                                                                              \
        .name = label, .input = INPUTS, .attribute = ATTRIBUTES, .data = &KINDS[kind],             \
        .infer = infer, .grad = gradient, .oracle = oracle, .cost = cost,                          \
        .n_kernels = RK_ROWWISE_KERNELS, .kernels = KERNELS, .pick = rk_rowwise_pick,              \
        .n_samples = G_N_ELEMENTS(SAMPLES), .samples = SAMPLES, .rtol = 1e-5, .atol = 1e-6         \
    }
static const RkOp ROWS[] = {
    [SUM] = ROW("sum", SUM, grad_sum),
    [MEAN] = ROW("mean", MEAN, grad_sum),
    [MAXIMUM] = ROW("max", MAXIMUM, grad_max),
};

RkFamily
rk_family_reduce(void)
{
    return (RkFamily){ROWS, G_N_ELEMENTS(ROWS)};
}

// --- builders -----------------------------------------------------------------------------------

static RkRef
reduce(RkGraph *graph, int kind, RkRef x, int axis, gboolean keep)
{
    uint32_t rank = rk_graph_type(graph, x)->rank;
    const RkAttr attr[] = {{.i = axis < 0 ? axis + (int)rank : axis}, {.i = keep}};
    return rk_graph_op(graph, &ROWS[kind], 1, &x, G_N_ELEMENTS(attr), attr);
}

RkRef
rk_sum(RkGraph *graph, RkRef x, int axis, gboolean keep)
{
    return reduce(graph, SUM, x, axis, keep);
}

RkRef
rk_mean(RkGraph *graph, RkRef x, int axis, gboolean keep)
{
    return reduce(graph, MEAN, x, axis, keep);
}

RkRef
rk_max(RkGraph *graph, RkRef x, int axis, gboolean keep)
{
    return reduce(graph, MAXIMUM, x, axis, keep);
}

// x with neighbouring dimensions merged where all of them go, or all stay; `gone` says which.
// Two multiples of the batch size can't be one dimension.
static RkType
merge_dims(const RkType *x, const RkType *like, gboolean gone[RK_MAX_RANK])
{
    RkType merged = {.dtype = x->dtype};
    for (uint32_t axis = 0; axis < x->rank; axis++) {
        RkDim dim = x->dim[axis];
        if (rk_dim_equal(dim, RK_DIM(1)))
            continue;
        uint32_t back = x->rank - axis;
        gboolean goes = back > like->rank || !rk_dim_equal(like->dim[like->rank - back], dim);
        RkDim *last = merged.rank > 0 ? &merged.dim[merged.rank - 1] : NULL;
        if (last && gone[merged.rank - 1] == goes && !(last->per_batch && dim.per_batch)) {
            *last = (RkDim){last->n * dim.n, last->per_batch || dim.per_batch};
            continue;
        }
        gone[merged.rank] = goes;
        merged.dim[merged.rank++] = dim;
    }
    return merged;
}

static RkRef
reduce_to(RkGraph *graph, int kind, RkRef x, RkType like)
{
    if (x == RK_NONE)
        return x;
    RkType type = *rk_graph_type(graph, x);
    like.dtype = type.dtype;
    if (rk_type_equal(&type, &like))
        return x;
    gboolean gone[RK_MAX_RANK] = {FALSE};
    RkType merged = merge_dims(&type, &like, gone);
    x = rk_reshape(graph, x, merged);
    for (uint32_t axis = merged.rank; axis-- > 0;)
        if (gone[axis])
            x = reduce(graph, kind, x, (int)axis, FALSE);
    return rk_reshape(graph, x, like);
}

RkRef
rk_sum_to(RkGraph *graph, RkRef x, RkType like)
{
    return reduce_to(graph, SUM, x, like);
}

RkRef
rk_mean_to(RkGraph *graph, RkRef x, RkType like)
{
    return reduce_to(graph, MEAN, x, like);
}

RkRef
rk_sum_all(RkGraph *graph, RkRef x)
{
    return rk_sum_to(graph, x, (RkType){.dtype = RK_F32});
}

RkRef
rk_mean_all(RkGraph *graph, RkRef x)
{
    return rk_mean_to(graph, x, (RkType){.dtype = RK_F32});
}
