// SPDX-License-Identifier: GPL-3.0-or-later
//
// Ops that move numbers: one strided copy for most, concat and the triangle of their own.
#include "ops/shape.h"

#include "ops/reduce.h"
#include "ops/shape-private.h"

#include <string.h>

enum { RESHAPE, TRANSPOSE, EXPAND, SPREAD, SLICE, PAD, CONCAT, TRIL_FLATTEN, TRIL_UNFLATTEN };

// --- types as attributes: the rank, then extent and whether it is a multiple of the batch --------

#define TYPE_ATTRS 9

static void
type_to_attrs(const RkType *type, RkAttr attr[TYPE_ATTRS])
{
    memset(attr, 0, TYPE_ATTRS * sizeof *attr);
    attr[0].i = (int32_t)type->rank;
    for (uint32_t i = 0; i < type->rank; i++) {
        attr[1 + 2 * i].i = (int32_t)type->dim[i].n;
        attr[2 + 2 * i].i = type->dim[i].per_batch;
    }
}

static RkType
type_from_attrs(RkDtype dtype, const RkAttr attr[TYPE_ATTRS])
{
    RkType type = {.dtype = dtype, .rank = MIN((uint32_t)attr[0].i, RK_MAX_RANK)};
    for (uint32_t i = 0; i < type.rank; i++)
        type.dim[i] = (RkDim){(uint32_t)attr[1 + 2 * i].i, attr[2 + 2 * i].i};
    return type;
}

// --- shape rules --------------------------------------------------------------------------------

static gboolean
infer_words(const RkOpTypes *t, GError **error)
{
    for (uint32_t i = 0; i < t->n_in; i++)
        if (rk_dtype_bits(t->in[i].dtype) != 32)
            return rk_infer_fail(t, error, "it moves f32 and u32, not %s",
                                 rk_dtype_name(t->in[i].dtype));
    return TRUE;
}

static gboolean
infer_axis(const RkOpTypes *t, uint32_t *axis, GError **error)
{
    *axis = (uint32_t)t->attr[0].i;
    if (!infer_words(t, error))
        return FALSE;
    return *axis < t->in[0].rank ||
           rk_infer_fail(t, error, "there is no dimension %d", t->attr[0].i);
}

static gboolean
infer_reshape(const RkOpTypes *t, RkType *out, GError **error)
{
    *out = type_from_attrs(t->in[0].dtype, t->attr);
    const RkType *types[2] = {&t->in[0], out};
    uint64_t numel[2] = {1, 1};
    uint32_t batches[2] = {0, 0};
    for (uint32_t k = 0; k < 2; k++) {
        for (uint32_t i = 0; i < types[k]->rank; i++) {
            numel[k] *= types[k]->dim[i].n;
            batches[k] += types[k]->dim[i].per_batch != 0;
        }
    }
    g_autofree char *text = rk_type_text(out);
    return (infer_words(t, error) && numel[0] == numel[1] && batches[0] == batches[1]) ||
           (error != NULL && *error != NULL) ||
           rk_infer_fail(t, error, "%s has another number of elements", text);
}

static gboolean
infer_transpose(const RkOpTypes *t, RkType *out, GError **error)
{
    *out = t->in[0];
    uint32_t seen = 0;
    for (uint32_t i = 0; i < out->rank; i++) {
        uint32_t from = (uint32_t)t->attr[i].i;
        if (from >= out->rank || (seen & (1u << from)))
            return rk_infer_fail(t, error, "dimension %u of the result can't be dimension %u", i,
                                 from);
        seen |= 1u << from;
        out->dim[i] = t->in[0].dim[from];
    }
    return infer_words(t, error);
}

static gboolean
infer_expand(const RkOpTypes *t, RkType *out, GError **error)
{
    const RkType *x = &t->in[0];
    *out = type_from_attrs(x->dtype, t->attr);
    gboolean fits = out->rank >= x->rank;
    for (uint32_t back = 1; fits && back <= x->rank; back++) {
        RkDim dim = x->dim[x->rank - back];
        fits = rk_dim_equal(dim, RK_DIM(1)) || rk_dim_equal(dim, out->dim[out->rank - back]);
    }
    g_autofree char *text = rk_type_text(out);
    if (!fits)
        return rk_infer_fail(t, error, "it doesn't broadcast to %s", text);
    return infer_words(t, error);
}

static gboolean
infer_slice(const RkOpTypes *t, RkType *out, GError **error)
{
    uint32_t axis, begin = (uint32_t)t->attr[1].i, end = (uint32_t)t->attr[2].i;
    if (!infer_axis(t, &axis, error))
        return FALSE;
    *out = t->in[0];
    if (begin > end || end > out->dim[axis].n)
        return rk_infer_fail(t, error, "%u to %u is outside dimension %u", begin, end, axis);
    out->dim[axis].n = end - begin;
    return TRUE;
}

static gboolean
infer_pad(const RkOpTypes *t, RkType *out, GError **error)
{
    uint32_t axis;
    if (!infer_axis(t, &axis, error))
        return FALSE;
    *out = t->in[0];
    out->dim[axis].n += (uint32_t)t->attr[1].i + (uint32_t)t->attr[2].i;
    return TRUE;
}

static gboolean
infer_concat(const RkOpTypes *t, RkType *out, GError **error)
{
    uint32_t axis;
    if (t->n_in == 0)
        return rk_infer_fail(t, error, "there are no parts");
    if (!infer_axis(t, &axis, error))
        return FALSE;
    *out = t->in[0];
    for (uint32_t i = 1; i < t->n_in; i++) {
        const RkType *part = &t->in[i];
        if (!rk_infer_dtype(t, i, out->dtype, error) || !rk_infer_rank(t, i, out->rank, error))
            return FALSE;
        for (uint32_t k = 0; k < out->rank; k++)
            if (k != axis && !rk_infer_dim(t, i, k, out->dim[k], error))
                return FALSE;
        if (part->dim[axis].per_batch != out->dim[axis].per_batch)
            return rk_infer_fail(t, error, "a multiple of the batch and a constant don't add up");
        out->dim[axis].n += part->dim[axis].n;
    }
    return TRUE;
}

static gboolean
infer_tril_flatten(const RkOpTypes *t, RkType *out, GError **error)
{
    if (!infer_words(t, error) || !rk_infer_rank(t, 0, 3, error) ||
        !rk_infer_dim(t, 0, 2, t->in[0].dim[1], error))
        return FALSE;
    uint32_t f = t->in[0].dim[1].n;
    if (t->in[0].dim[1].per_batch)
        return rk_infer_fail(t, error, "the square's side must be a constant");
    *out = rk_type(t->in[0].dtype, 2, t->in[0].dim[0], RK_DIM(rk_tril_base(f, t->attr[0].i)));
    return TRUE;
}

static gboolean
infer_tril_unflatten(const RkOpTypes *t, RkType *out, GError **error)
{
    uint32_t f = (uint32_t)t->attr[1].i;
    if (!infer_words(t, error) || !rk_infer_rank(t, 0, 2, error) ||
        !rk_infer_dim(t, 0, 1, RK_DIM(rk_tril_base(f, t->attr[0].i)), error))
        return FALSE;
    *out = rk_type(t->in[0].dtype, 3, t->in[0].dim[0], RK_DIM(f), RK_DIM(f));
    return TRUE;
}

// --- oracles ------------------------------------------------------------------------------------

static void
oracle_copy(const RkOpArgs *args, double *const *in, double *out)
{
    RkCopy copy = rk_copy_of(args);
    uint64_t i = 0;
    uint32_t at[4];
    for (at[0] = 0; at[0] < copy.dim[0]; at[0]++)
        for (at[1] = 0; at[1] < copy.dim[1]; at[1]++)
            for (at[2] = 0; at[2] < copy.dim[2]; at[2]++)
                for (at[3] = 0; at[3] < copy.dim[3]; at[3]++, i++) {
                    uint64_t index = 0;
                    gboolean inside = TRUE;
                    for (int k = 0; k < 4; k++) {
                        int64_t c = (int64_t)at[k] - copy.shift[k];
                        inside = inside && c >= 0 && c < copy.extent[k];
                        index += (uint64_t)c * copy.stride[k];
                    }
                    out[i] = inside ? in[0][index] * copy.factor : 0;
                }
}

static void
oracle_concat(const RkOpArgs *args, double *const *in, double *out)
{
    RkConcat c = rk_concat_of(args);
    for (uint64_t o = 0; o < c.outer; o++) {
        for (uint32_t i = 0; i < args->n_in; i++) {
            uint64_t width = rk_concat_width(args, i, &c);
            memcpy(out, in[i] + o * width, width * sizeof *out);
            out += width;
        }
    }
}

static void
oracle_tril(const RkOpArgs *args, double *const *in, double *out)
{
    gboolean flatten = args->out.rank == 2;
    const RkTensor *square = flatten ? &args->in[0] : &args->out;
    uint64_t k = 0, n = rk_tensor_numel(square), f = square->dim[1];
    for (uint64_t i = 0; i < n; i++) {
        uint64_t row = i / f % f, col = i % f;
        gboolean below = args->attr[0].i ? col <= row : col < row;
        if (flatten && below)
            out[k++] = in[0][i];
        else if (!flatten)
            out[i] = below ? in[0][k++] : 0;
    }
}

// --- gradients ----------------------------------------------------------------------------------

static gboolean
is_index(RkGraph *graph, RkRef dy)
{
    return rk_graph_type(graph, dy)->dtype != RK_F32;
}

static void
grad_reshape(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    if (!is_index(graph, dy))
        dx[0] = rk_reshape(graph, dy, *rk_graph_type(graph, rk_graph_node(graph, y)->in[0]));
}

static void
grad_transpose(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode *node = rk_graph_node(graph, y);
    uint32_t inverse[RK_MAX_RANK] = {0};
    for (uint32_t i = 0; i < node->type.rank; i++)
        inverse[node->attr[i].i] = i;
    if (!is_index(graph, dy))
        dx[0] = rk_transpose(graph, dy, inverse);
}

static void
grad_expand(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode node = *rk_graph_node(graph, y);
    RkType x = *rk_graph_type(graph, node.in[0]);
    if (!is_index(graph, dy))
        dx[0] =
            node.op->data == &rk_copy_spread ? rk_mean_to(graph, dy, x) : rk_sum_to(graph, dy, x);
}

static void
grad_slice(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode node = *rk_graph_node(graph, y);
    uint32_t n = rk_graph_type(graph, node.in[0])->dim[node.attr[0].i].n;
    if (!is_index(graph, dy))
        dx[0] = rk_pad(graph, dy, node.attr[0].i, (uint32_t)node.attr[1].i,
                       n - (uint32_t)node.attr[2].i);
}

static void
grad_pad(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode node = *rk_graph_node(graph, y);
    uint32_t n = rk_graph_type(graph, node.in[0])->dim[node.attr[0].i].n;
    uint32_t before = (uint32_t)node.attr[1].i;
    if (!is_index(graph, dy))
        dx[0] = rk_slice(graph, dy, node.attr[0].i, before, before + n);
}

static void
grad_concat(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode node = *rk_graph_node(graph, y);
    int axis = node.attr[0].i;
    for (uint32_t i = 0, at = 0; i < node.n_in && !is_index(graph, dy); i++) {
        uint32_t n = rk_graph_type(graph, node.in[i])->dim[axis].n;
        dx[i] = rk_slice(graph, dy, axis, at, at + n);
        at += n;
    }
}

static void
grad_tril(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode node = *rk_graph_node(graph, y);
    RkType x = *rk_graph_type(graph, node.in[0]);
    gboolean diagonal = node.attr[0].i;
    if (!is_index(graph, dy))
        dx[0] = x.rank == 3 ? rk_tril_unflatten(graph, dy, x.dim[1].n, diagonal)
                            : rk_tril_flatten(graph, dy, diagonal);
}

static RkCost
cost(const RkOpArgs *args)
{
    return rk_cost_stream(args, 0);
}

static RkCost
cost_nothing(const RkOpArgs *args)
{
    return (RkCost){0, 0};
}

// --- rows ---------------------------------------------------------------------------------------

static const char *const INPUTS[] = {"x", NULL};
static const char *const PARTS[] = {"part*", NULL};
static const char *const TYPE[] = {"i:rank", "i:n0", "i:b0", "i:n1", "i:b1",
                                   "i:n2",   "i:b2", "i:n3", "i:b3", NULL};
static const char *const PERM[] = {"i:p0", "i:p1", "i:p2", "i:p3", NULL};
static const char *const RANGE[] = {"i:axis", "i:begin", "i:end", NULL};
static const char *const MARGIN[] = {"i:axis", "i:before", "i:after", NULL};
static const char *const AXIS[] = {"i:axis", NULL};
static const char *const DIAGONAL[] = {"i:diagonal", NULL};
static const char *const TRIANGLE[] = {"i:diagonal", "i:n_features", NULL};

// Moving is exact; `spread` rounds a factor and a multiplication.
#define ROW(label, names, attributes, rule, gradient, reference, payload, table, n, list)          \
    {                                                                                              \
        .name = label, .input = names, .attribute = attributes, .data = payload, .infer = rule,    \
        .grad = gradient, .oracle = reference, .cost = cost, .n_kernels = G_N_ELEMENTS(table),     \
        .kernels = table, .pick = rk_rowwise_pick, .n_samples = n, .samples = list, .rtol = 1e-6,  \
        .atol = 0                                                                                  \
    }
#define COPY(label, attributes, rule, gradient, payload, n, list)                                  \
    ROW(label, INPUTS, attributes, rule, gradient, oracle_copy, payload, rk_copy_kernels, n, list)

static const RkOp ROWS[] = {
    [RESHAPE] = {.name = "reshape",
                 .input = INPUTS,
                 .attribute = TYPE,
                 .flags = RK_OP_ALIAS,
                 .infer = infer_reshape,
                 .grad = grad_reshape,
                 .cost = cost_nothing,
                 .n_samples = 1,
                 .samples = rk_reshape_samples},
    [TRANSPOSE] =
        ROW("transpose", INPUTS, PERM, infer_transpose, grad_transpose, oracle_copy,
            &rk_copy_transpose, rk_transpose_kernels, RK_TRANSPOSE_SAMPLES, rk_transpose_samples),
    [EXPAND] = COPY("expand", TYPE, infer_expand, grad_expand, &rk_copy_expand, RK_EXPAND_SAMPLES,
                    rk_expand_samples),
    [SPREAD] = COPY("spread", TYPE, infer_expand, grad_expand, &rk_copy_spread, RK_EXPAND_SAMPLES,
                    rk_expand_samples),
    [SLICE] = COPY("slice", RANGE, infer_slice, grad_slice, &rk_copy_slice, RK_SLICE_SAMPLES,
                   rk_slice_samples),
    [PAD] = COPY("pad", MARGIN, infer_pad, grad_pad, &rk_copy_pad, RK_PAD_SAMPLES, rk_pad_samples),
    [CONCAT] = ROW("concat", PARTS, AXIS, infer_concat, grad_concat, oracle_concat, NULL,
                   rk_concat_kernels, RK_CONCAT_SAMPLES, rk_concat_samples),
    [TRIL_FLATTEN] =
        ROW("tril_flatten", INPUTS, DIAGONAL, infer_tril_flatten, grad_tril, oracle_tril, NULL,
            rk_tril_kernels, RK_TRIL_SAMPLES, rk_tril_flatten_samples),
    [TRIL_UNFLATTEN] =
        ROW("tril_unflatten", INPUTS, TRIANGLE, infer_tril_unflatten, grad_tril, oracle_tril, NULL,
            rk_tril_kernels, RK_TRIL_SAMPLES, rk_tril_unflatten_samples),
};

RkFamily
rk_family_shape(void)
{
    return (RkFamily){ROWS, G_N_ELEMENTS(ROWS)};
}

// --- builders -----------------------------------------------------------------------------------

static int
from_front(RkGraph *graph, RkRef x, int axis)
{
    return axis < 0 ? axis + (int)rk_graph_type(graph, x)->rank : axis;
}

RkRef
rk_reshape(RkGraph *graph, RkRef x, RkType type)
{
    type.dtype = rk_graph_type(graph, x)->dtype;
    if (x == RK_NONE || rk_type_equal(&type, rk_graph_type(graph, x)))
        return x;
    RkAttr attr[TYPE_ATTRS];
    type_to_attrs(&type, attr);
    return rk_graph_op(graph, &ROWS[RESHAPE], 1, &x, TYPE_ATTRS, attr);
}

RkRef
rk_transpose(RkGraph *graph, RkRef x, const uint32_t *perm)
{
    RkAttr attr[RK_MAX_RANK] = {0};
    uint32_t rank = rk_graph_type(graph, x)->rank;
    for (uint32_t i = 0; i < rank; i++)
        attr[i].i = (int32_t)perm[i];
    return rk_graph_op(graph, &ROWS[TRANSPOSE], 1, &x, RK_MAX_RANK, attr);
}

static RkRef
expand(RkGraph *graph, int row, RkRef x, RkType like)
{
    like.dtype = rk_graph_type(graph, x)->dtype;
    if (x == RK_NONE || rk_type_equal(&like, rk_graph_type(graph, x)))
        return x;
    RkAttr attr[TYPE_ATTRS];
    type_to_attrs(&like, attr);
    return rk_graph_op(graph, &ROWS[row], 1, &x, TYPE_ATTRS, attr);
}

RkRef
rk_expand(RkGraph *graph, RkRef x, RkType like)
{
    return expand(graph, EXPAND, x, like);
}

RkRef
rk_spread(RkGraph *graph, RkRef x, RkType like)
{
    return expand(graph, SPREAD, x, like);
}

RkRef
rk_concat(RkGraph *graph, int axis, uint32_t n, const RkRef *parts)
{
    const RkAttr attr = {.i = from_front(graph, n > 0 ? parts[0] : RK_NONE, axis)};
    return rk_graph_op(graph, &ROWS[CONCAT], n, parts, 1, &attr);
}

RkRef
rk_slice(RkGraph *graph, RkRef x, int axis, uint32_t begin, uint32_t end)
{
    const RkAttr attr[] = {
        {.i = from_front(graph, x, axis)}, {.i = (int32_t)begin}, {.i = (int32_t)end}};
    return rk_graph_op(graph, &ROWS[SLICE], 1, &x, G_N_ELEMENTS(attr), attr);
}

RkRef
rk_pad(RkGraph *graph, RkRef x, int axis, uint32_t before, uint32_t after)
{
    const RkAttr attr[] = {
        {.i = from_front(graph, x, axis)}, {.i = (int32_t)before}, {.i = (int32_t)after}};
    return rk_graph_op(graph, &ROWS[PAD], 1, &x, G_N_ELEMENTS(attr), attr);
}

RkRef
rk_tril_flatten(RkGraph *graph, RkRef x, gboolean diagonal)
{
    const RkAttr attr = {.i = diagonal};
    return rk_graph_op(graph, &ROWS[TRIL_FLATTEN], 1, &x, 1, &attr);
}

RkRef
rk_tril_unflatten(RkGraph *graph, RkRef x, uint32_t n_features, gboolean diagonal)
{
    const RkAttr attr[] = {{.i = diagonal}, {.i = (int32_t)n_features}};
    return rk_graph_op(graph, &ROWS[TRIL_UNFLATTEN], 1, &x, G_N_ELEMENTS(attr), attr);
}
