// SPDX-License-Identifier: GPL-3.0-or-later
//
// The embedding family's rows: shape rules, gradients, reference, costs, samples. A gather is a bag
// of one element, so both share their kernels (embed-kernels.c) and their reference.
#include "ops/embed.h"

#include "graph/grad.h"
#include "ops/embed-private.h"
#include "ops/family.h"
#include "ops/index.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/sample-inputs.h"
#include "ops/shape.h"

static gboolean
given(const RkOpArgs *args, uint32_t i)
{
    return i < args->n_in && args->present[i];
}

RkLookup
rk_lookup(const RkOpArgs *args)
{
    RkLookup l = {
        .n_rows = args->in[RK_BAG_TABLE].dim[0],
        .n_cols = args->in[RK_BAG_TABLE].dim[1],
        .n_bags = (uint32_t)rk_tensor_rows(&args->out),
        .per_bag = 1,
        .capacity = (uint32_t)rk_tensor_numel(&args->in[RK_BAG_INDEX]),
        .scaled = given(args, RK_BAG_SCALE),
        .ragged = given(args, RK_BAG_ENDS),
        .weighted = given(args, RK_BAG_WEIGHT),
        .mean = args->n_attr > 0 && args->attr[0].i == RK_BAG_MEAN,
    };
    l.one_scale = l.scaled && args->in[RK_BAG_SCALE].dim[0] == 1;
    if (l.ragged)
        l.per_bag = 0;
    else if (args->n_attr > 0) // a fixed bag; a gather has no mode
        l.per_bag = args->in[RK_BAG_INDEX].dim[1];
    return l;
}

// --- shape rules ------------------------------------------------------------------------------

static gboolean
infer_table(const RkOpTypes *t, GError **error)
{
    const RkType *table = &t->in[RK_BAG_TABLE];
    gboolean scaled = t->n_in > RK_BAG_SCALE && t->present[RK_BAG_SCALE];
    gboolean integer = table->dtype == RK_I8 || table->dtype == RK_I4;
    if (!rk_infer_rank(t, RK_BAG_TABLE, 2, error) ||
        !rk_infer_dtype(t, RK_BAG_INDEX, RK_U32, error))
        return FALSE;
    if (table->dtype == RK_U32)
        return rk_infer_fail(t, error, "a table holds f32, f16, i8 or i4");
    if (integer != scaled)
        return rk_infer_fail(t, error,
                             integer ? "an integer table needs its scales, f32 [R, 2] or [1, 2]"
                                     : "only integer tables have scales");
    if (!scaled)
        return TRUE;
    return rk_infer_dtype(t, RK_BAG_SCALE, RK_F32, error) &&
           rk_infer_rank(t, RK_BAG_SCALE, 2, error) &&
           (rk_dim_equal(t->in[RK_BAG_SCALE].dim[0], RK_DIM(1)) ||
            rk_infer_dim(t, RK_BAG_SCALE, 0, table->dim[0], error)) &&
           rk_infer_dim(t, RK_BAG_SCALE, 1, RK_DIM(2), error);
}

static gboolean
gather_infer(const RkOpTypes *t, RkType *out, GError **error)
{
    if (!infer_table(t, error))
        return FALSE;
    if (t->in[RK_BAG_INDEX].rank >= RK_MAX_RANK)
        return rk_infer_fail(t, error, "the index may have at most %u dimensions", RK_MAX_RANK - 1);
    *out = t->in[RK_BAG_INDEX];
    out->dtype = RK_F32;
    out->dim[out->rank++] = t->in[RK_BAG_TABLE].dim[1];
    return TRUE;
}

static gboolean
bag_infer(const RkOpTypes *t, RkType *out, GError **error)
{
    if (!infer_table(t, error))
        return FALSE;
    const RkType *index = &t->in[RK_BAG_INDEX];
    gboolean ragged = t->n_in > RK_BAG_ENDS && t->present[RK_BAG_ENDS];
    gboolean weighted = t->n_in > RK_BAG_WEIGHT && t->present[RK_BAG_WEIGHT];
    if (!rk_infer_rank(t, RK_BAG_INDEX, ragged ? 1 : 2, error))
        return FALSE;
    if (ragged && (!rk_infer_rank(t, RK_BAG_ENDS, 1, error) ||
                   !rk_infer_dtype(t, RK_BAG_ENDS, RK_U32, error)))
        return FALSE;
    if (!ragged && index->dim[1].per_batch)
        return rk_infer_fail(t, error, "the elements of a bag can't depend on the batch size");
    if (weighted && t->attr[0].i == RK_BAG_MEAN)
        return rk_infer_fail(t, error, "a mean takes no weights; scale them and take the sum");
    if (weighted && (!rk_infer_dtype(t, RK_BAG_WEIGHT, RK_F32, error) ||
                     !rk_infer_same(t, RK_BAG_WEIGHT, RK_BAG_INDEX, error)))
        return FALSE;
    RkDim bags = ragged ? t->in[RK_BAG_ENDS].dim[0] : index->dim[0];
    *out = rk_type(RK_F32, 2, bags, t->in[RK_BAG_TABLE].dim[1]);
    return TRUE;
}

// --- gradients --------------------------------------------------------------------------------

static void
gather_grad(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkRef *in = rk_graph_node(graph, y)->in; // in the arena: stays when the array grows
    if (rk_graph_type(graph, in[RK_BAG_TABLE])->dtype != RK_F32)
        return;
    RkType index = *rk_graph_type(graph, in[RK_BAG_INDEX]);
    RkType all = *rk_graph_type(graph, dy);
    RkDim n;
    if (!rk_flat_extent(&index, &n)) {
        rk_graph_fail(graph, "Can't differentiate gather: its index has the batch in two "
                             "dimensions. Flatten it first.");
        return;
    }
    RkType rows = rk_type(RK_F32, 2, n, all.dim[all.rank - 1]);
    rk_grad_rows(graph, in[RK_BAG_TABLE], in[RK_BAG_INDEX], RK_NONE, RK_NONE,
                 rk_reshape(graph, dy, rows));
}

// d loss / d weight[e] = table[index[e], :] . dy[bag of e, :]
static RkRef
bag_grad_weight(RkGraph *graph, const RkRef *in, RkRef dy, RkRef bag)
{
    RkType weight = *rk_graph_type(graph, in[RK_BAG_WEIGHT]);
    RkRef index = rk_bag_used(graph, in[RK_BAG_INDEX], in[RK_BAG_ENDS]);
    RkRef rows = rk_gather_quantized(graph, in[RK_BAG_TABLE], in[RK_BAG_SCALE], index);
    RkRef dot = rk_sum(graph, rk_mul(graph, rows, rk_gather(graph, dy, bag)), 1, FALSE);
    return rk_reshape(graph, dot, weight);
}

static void
bag_grad(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    RkNode node = *rk_graph_node(graph, y);
    RkRef index = node.in[RK_BAG_INDEX], ends = node.in[RK_BAG_ENDS];
    RkRef weight = node.in[RK_BAG_WEIGHT], bag = rk_bag_ids(graph, index, ends);
    if (weight != RK_NONE)
        dx[RK_BAG_WEIGHT] = bag_grad_weight(graph, node.in, dy, bag);
    if (rk_graph_type(graph, node.in[RK_BAG_TABLE])->dtype != RK_F32)
        return;
    if (node.attr[0].i == RK_BAG_MEAN && ends != RK_NONE)
        dy = rk_mul(graph, dy, rk_bag_inverse(graph, ends));
    else if (node.attr[0].i == RK_BAG_MEAN)
        dy = rk_scale(graph, dy, 1.0f / (float)rk_graph_type(graph, index)->dim[1].n);
    if (ends != RK_NONE)
        index = rk_bag_used(graph, index, ends);
    rk_grad_rows(graph, node.in[RK_BAG_TABLE], index, bag, weight, dy);
}

// --- reference --------------------------------------------------------------------------------

static void
add_row(const RkOpArgs *args, const RkLookup *l, double *const *in, uint64_t e, double *sum)
{
    double row = in[RK_BAG_INDEX][e];
    if (row >= l->n_rows)
        return;
    const double *from = in[RK_BAG_TABLE] + (uint64_t)row * l->n_cols;
    double scale = 1, bias = 0, weight = l->weighted ? in[RK_BAG_WEIGHT][e] : 1;
    if (l->scaled) {
        const double *pair = in[RK_BAG_SCALE] + (l->one_scale ? 0 : 2 * (uint64_t)row);
        scale = pair[0];
        bias = pair[1];
    }
    for (uint32_t d = 0; d < l->n_cols; d++)
        sum[d] += weight * (from[d] * scale + bias);
}

static void
lookup_oracle(const RkOpArgs *args, double *const *in, double *out)
{
    RkLookup l = rk_lookup(args);
    for (uint32_t b = 0; b < l.n_bags; b++) {
        uint64_t begin = (uint64_t)b * l.per_bag, end = begin + l.per_bag;
        if (l.ragged) {
            begin = b > 0 ? (uint64_t)in[RK_BAG_ENDS][b - 1] : 0;
            end = (uint64_t)in[RK_BAG_ENDS][b];
        }
        double *sum = out + (uint64_t)b * l.n_cols;
        for (uint32_t d = 0; d < l.n_cols; d++)
            sum[d] = 0;
        for (uint64_t e = begin; e < end; e++)
            add_row(args, &l, in, e, sum);
        for (uint32_t d = 0; l.mean && end > begin && d < l.n_cols; d++)
            sum[d] /= (double)(end - begin);
    }
}

// --- limits and costs -------------------------------------------------------------------------

static uint32_t
lookup_limit(const RkOpArgs *args, uint32_t i)
{
    RkLookup l = rk_lookup(args);
    if (i == RK_BAG_INDEX)
        return l.n_rows;
    return i == RK_BAG_ENDS && l.ragged ? l.capacity + 1 : 0;
}

static RkCost
lookup_cost(const RkOpArgs *args)
{
    RkLookup l = rk_lookup(args);
    const RkTensor *table = &args->in[RK_BAG_TABLE];
    double row = 4.0 * rk_tensor_row_words(table) + 4 + (l.scaled && !l.one_scale ? 8 : 0) +
                 (l.weighted ? 4 : 0);
    double flops = (double)l.capacity * l.n_cols * (l.weighted || l.scaled ? 2 : 1);
    double out = (double)rk_tensor_bytes(&args->out) + (l.ragged ? 4.0 * l.n_bags : 0);
    return (RkCost){.flops = flops, .bytes = l.capacity * row + out};
}

// --- samples ----------------------------------------------------------------------------------

// clang-format off
#define SUM  1, {{.i = RK_BAG_SUM}}
#define MEAN 1, {{.i = RK_BAG_MEAN}}

static const RkSample gather_samples[] = {
    {"a vector each", 3, {RK_S_TABLE(RK_F32, 1000, 64), RK_S_INDEX1(256, 1000), RK_S_ABSENT}},
    {"two-dimensional index", 3, {RK_S_TABLE(RK_F32, 100, 32), RK_S_INDEX2(32, 7, 100), RK_S_ABSENT}},
    {"odd columns", 3, {RK_S_TABLE(RK_F32, 37, 7), RK_S_INDEX1(13, 37), RK_S_ABSENT}},
    {"one column", 3, {RK_S_TABLE(RK_F32, 50, 1), RK_S_INDEX1(33, 50), RK_S_ABSENT}},
    {"one row of one", 3, {RK_S_TABLE(RK_F32, 1, 1), RK_S_INDEX1(1, 1), RK_S_ABSENT}},
    {"no index", 3, {RK_S_TABLE(RK_F32, 5, 8), RK_S_INDEX1(0, 5), RK_S_ABSENT}},
    {"f16", 3, {RK_S_TABLE(RK_F16, 100, 64), RK_S_INDEX1(65, 100), RK_S_ABSENT}, .no_grad = TRUE},
    {"f16, odd columns", 3, {RK_S_TABLE(RK_F16, 20, 13), RK_S_INDEX1(9, 20), RK_S_ABSENT}, .no_grad = TRUE},
    {"i8", 3, {RK_S_TABLE(RK_I8, 100, 64), RK_S_INDEX1(65, 100), RK_S_ROWS(100, 2)}, .no_grad = TRUE},
    {"i8, odd columns", 3, {RK_S_TABLE(RK_I8, 20, 14), RK_S_INDEX1(9, 20), RK_S_ROWS(20, 2)}, .no_grad = TRUE},
    {"i8, one scale", 3, {RK_S_TABLE(RK_I8, 100, 64), RK_S_INDEX1(65, 100), RK_S_ROWS(1, 2)}, .no_grad = TRUE},
    {"i8, one scale, odd columns", 3, {RK_S_TABLE(RK_I8, 20, 14), RK_S_INDEX1(9, 20), RK_S_ROWS(1, 2)}, .no_grad = TRUE},
    {"i4", 3, {RK_S_TABLE(RK_I4, 100, 64), RK_S_INDEX1(65, 100), RK_S_ROWS(100, 2)}, .no_grad = TRUE},
    {"i4, odd columns", 3, {RK_S_TABLE(RK_I4, 20, 28), RK_S_INDEX1(9, 20), RK_S_ROWS(20, 2)}, .no_grad = TRUE},
    {"4096 of 100000 x 64", 3, {RK_S_TABLE(RK_F32, 100000, 64), RK_S_INDEX1(4096, 100000), RK_S_ABSENT},
     .bench = TRUE},
};

static const RkSample bag_samples[] = {
    {"20 a bag", 5, {RK_S_TABLE(RK_F32, 1000, 64), RK_S_INDEX2(32, 20, 1000), RK_S_ABSENT, RK_S_ABSENT, RK_S_ABSENT}, SUM},
    {"mean of 3", 5, {RK_S_TABLE(RK_F32, 60, 32), RK_S_INDEX2(17, 3, 60), RK_S_ABSENT, RK_S_ABSENT, RK_S_ABSENT}, MEAN},
    {"weighted", 5, {RK_S_TABLE(RK_F32, 60, 16), RK_S_INDEX2(9, 5, 60), RK_S_ABSENT, RK_S_ABSENT, RK_S_ROWS(9, 5)}, SUM},
    {"odd columns", 5, {RK_S_TABLE(RK_F32, 60, 5), RK_S_INDEX2(7, 9, 60), RK_S_ABSENT, RK_S_ABSENT, RK_S_ABSENT}, SUM},
    {"wide", 5, {RK_S_TABLE(RK_F32, 40, 200), RK_S_INDEX2(5, 11, 40), RK_S_ABSENT, RK_S_ABSENT, RK_S_ABSENT}, MEAN},
    {"ragged", 5, {RK_S_TABLE(RK_F32, 80, 64), RK_S_INDEX1(150, 80), RK_S_ABSENT, RK_S_ENDS(33, 150), RK_S_ABSENT}, SUM},
    {"ragged, capacity left", 5,
     {RK_S_TABLE(RK_F32, 80, 32), RK_S_INDEX1(100, 80), RK_S_ABSENT, RK_S_ENDS(12, 61), RK_S_ABSENT}, SUM},
    {"ragged mean, capacity left", 5,
     {RK_S_TABLE(RK_F32, 80, 12), RK_S_INDEX1(70, 80), RK_S_ABSENT, RK_S_ENDS(9, 40), RK_S_ABSENT}, MEAN},
    {"ragged weighted, odd columns", 5,
     {RK_S_TABLE(RK_F32, 30, 7), RK_S_INDEX1(50, 30), RK_S_ABSENT, RK_S_ENDS(8, 44), RK_S_VECTOR(50)}, SUM},
    {"nothing in the bags", 5,
     {RK_S_TABLE(RK_F32, 30, 8), RK_S_INDEX1(4, 30), RK_S_ABSENT, RK_S_ENDS(6, 0), RK_S_ABSENT}, MEAN},
    {"no bags", 5, {RK_S_TABLE(RK_F32, 30, 8), RK_S_INDEX2(0, 4, 30), RK_S_ABSENT, RK_S_ABSENT, RK_S_ABSENT}, SUM},
    {"f16", 5, {RK_S_TABLE(RK_F16, 90, 64), RK_S_INDEX2(9, 20, 90), RK_S_ABSENT, RK_S_ABSENT, RK_S_ABSENT}, SUM,
     .no_grad = TRUE},
    {"f16, odd ragged", 5, {RK_S_TABLE(RK_F16, 90, 11), RK_S_INDEX1(60, 90), RK_S_ABSENT, RK_S_ENDS(9, 55), RK_S_ABSENT},
     MEAN, .no_grad = TRUE},
    {"i8", 5, {RK_S_TABLE(RK_I8, 90, 64), RK_S_INDEX2(9, 20, 90), RK_S_ROWS(90, 2), RK_S_ABSENT, RK_S_ABSENT}, SUM,
     .no_grad = TRUE},
    {"i8, D 32, ragged mean", 5,
     {RK_S_TABLE(RK_I8, 90, 32), RK_S_INDEX1(77, 90), RK_S_ROWS(90, 2), RK_S_ENDS(10, 70), RK_S_ABSENT}, MEAN,
     .no_grad = TRUE},
    {"i8, odd, weighted", 5,
     {RK_S_TABLE(RK_I8, 90, 10), RK_S_INDEX2(9, 4, 90), RK_S_ROWS(90, 2), RK_S_ABSENT, RK_S_ROWS(9, 4)}, SUM,
     .no_grad = TRUE}, // scales aren't trained
    {"i4", 5, {RK_S_TABLE(RK_I4, 90, 64), RK_S_INDEX2(9, 20, 90), RK_S_ROWS(90, 2), RK_S_ABSENT, RK_S_ABSENT}, SUM,
     .no_grad = TRUE},
    {"i4, one scale", 5, {RK_S_TABLE(RK_I4, 90, 64), RK_S_INDEX2(9, 20, 90), RK_S_ROWS(1, 2), RK_S_ABSENT, RK_S_ABSENT}, SUM,
     .no_grad = TRUE},
    {"i4, D 32, ragged mean", 5,
     {RK_S_TABLE(RK_I4, 90, 32), RK_S_INDEX1(77, 90), RK_S_ROWS(90, 2), RK_S_ENDS(10, 70), RK_S_ABSENT}, MEAN,
     .no_grad = TRUE},
    {"i4, padded row, weighted", 5,
     {RK_S_TABLE(RK_I4, 90, 28), RK_S_INDEX2(9, 4, 90), RK_S_ROWS(90, 2), RK_S_ABSENT, RK_S_ROWS(9, 4)}, SUM,
     .no_grad = TRUE}, // scales aren't trained
#define BENCH(dtype, rows, scale, text) \
    {"4096 x 20 x 64 of " text, 5, \
     {RK_S_TABLE(dtype, rows, 64), RK_S_INDEX2(4096, 20, rows), scale, RK_S_ABSENT, RK_S_ABSENT}, SUM, .bench = TRUE}
    BENCH(RK_F32, 1000000, RK_S_ABSENT, "256 MB, f32"),
    BENCH(RK_F32, 100000, RK_S_ABSENT, "25.6 MB, f32"),
    BENCH(RK_F16, 1000000, RK_S_ABSENT, "128 MB, f16"),
    BENCH(RK_I8, 1000000, RK_S_ROWS(1000000, 2), "64 MB, i8"),
    BENCH(RK_I4, 1000000, RK_S_ROWS(1000000, 2), "32 MB, i4"),
    BENCH(RK_F16, 100000, RK_S_ABSENT, "12.8 MB, f16"),
    BENCH(RK_I8, 100000, RK_S_ROWS(100000, 2), "6.4 MB, i8"),
    BENCH(RK_I4, 100000, RK_S_ROWS(100000, 2), "3.2 MB, i4"),
#undef BENCH
};

// clang-format on

// --- rows -------------------------------------------------------------------------------------

static const char *const gather_inputs[] = {"table", "index", "scale?", NULL};
static const char *const bag_inputs[] = {"table", "index", "scale?", "ends?", "weight?", NULL};
static const char *const bag_attributes[] = {"i:mode", NULL};

enum { GATHER, BAG };

// A sum of some tens of f32 terms in another order than the reference's: a few units in the last
// place of the largest partial sum.
#define TOLERANCE .rtol = 1e-5, .atol = 1e-6

static const RkOp ops[] = {
    [GATHER] = {.name = "gather",
                .input = gather_inputs,
                .padded = 1u << RK_BAG_INDEX,
                .infer = gather_infer,
                .grad = gather_grad,
                .oracle = lookup_oracle,
                .index_limit = lookup_limit,
                .cost = lookup_cost,
                .n_kernels = RK_LOOKUP_KERNELS,
                .kernels = rk_lookup_kernels,
                .pick = rk_lookup_pick,
                .n_samples = G_N_ELEMENTS(gather_samples),
                .samples = gather_samples,
                TOLERANCE},
    [BAG] = {.name = "embedding_bag",
             .input = bag_inputs,
             .attribute = bag_attributes,
             .padded = 1u << RK_BAG_INDEX,
             .infer = bag_infer,
             .grad = bag_grad,
             .oracle = lookup_oracle,
             .index_limit = lookup_limit,
             .cost = lookup_cost,
             .n_kernels = RK_LOOKUP_KERNELS,
             .kernels = rk_lookup_kernels,
             .pick = rk_lookup_pick,
             .n_samples = G_N_ELEMENTS(bag_samples),
             .samples = bag_samples,
             TOLERANCE},
};

RkFamily
rk_family_embed(void)
{
    return (RkFamily){ops, G_N_ELEMENTS(ops)};
}

RkRef
rk_gather_quantized(RkGraph *graph, RkRef table, RkRef scale, RkRef index)
{
    return rk_graph_op(graph, &ops[GATHER], 3, (RkRef[]){table, index, scale}, 0, NULL);
}

RkRef
rk_gather(RkGraph *graph, RkRef table, RkRef index)
{
    return rk_gather_quantized(graph, table, RK_NONE, index);
}

RkRef
rk_embedding_bag(RkGraph *graph, RkRef table, RkRef scale, RkRef index, RkRef ends, RkRef weight,
                 RkBagMode mode)
{
    RkRef in[] = {table, index, scale, ends, weight};
    return rk_graph_op(graph, &ops[BAG], G_N_ELEMENTS(in), in, 1, &(RkAttr){.i = (int32_t)mode});
}
