// SPDX-License-Identifier: GPL-3.0-or-later
//
// Geometry, kernels and samples of the shape family.
#include "ops/shape-private.h"

#include "ops/divide.h"

// --- copies -------------------------------------------------------------------------------------

static void
row_major(const RkTensor *tensor, uint32_t stride[RK_MAX_RANK])
{
    uint32_t run = 1;
    for (uint32_t i = tensor->rank; i-- > 0;) {
        stride[i] = run;
        run *= tensor->dim[i];
    }
}

// x as it stands, dimensions aligned at the back.
static RkCopy
plain(const RkOpArgs *args)
{
    RkCopy copy = {.dim = {1, 1, 1, 1}, .extent = {1, 1, 1, 1}, .factor = 1};
    uint32_t stride[RK_MAX_RANK] = {0};
    row_major(&args->in[0], stride);
    for (uint32_t i = 0; i < args->out.rank; i++)
        copy.dim[4 - args->out.rank + i] = args->out.dim[i];
    for (uint32_t i = 0; i < args->in[0].rank; i++) {
        copy.extent[4 - args->in[0].rank + i] = args->in[0].dim[i];
        copy.stride[4 - args->in[0].rank + i] = stride[i];
    }
    return copy;
}

static void
arrange_transpose(const RkOpArgs *args, RkCopy *copy)
{
    uint32_t stride[RK_MAX_RANK] = {0}, rank = args->in[0].rank;
    row_major(&args->in[0], stride);
    for (uint32_t i = 0; i < rank; i++) {
        copy->extent[4 - rank + i] = copy->dim[4 - rank + i];
        copy->stride[4 - rank + i] = stride[args->attr[i].i];
    }
}

static void
arrange_expand(const RkOpArgs *args, RkCopy *copy)
{
    for (uint32_t k = 0; k < 4; k++) {
        if (copy->extent[k] == 1)
            copy->stride[k] = 0;
        copy->extent[k] = copy->dim[k];
    }
}

static void
arrange_spread(const RkOpArgs *args, RkCopy *copy)
{
    arrange_expand(args, copy);
    uint64_t n = rk_tensor_numel(&args->in[0]);
    copy->factor = n == 0 ? 1 : (double)n / (double)MAX(1, rk_tensor_numel(&args->out));
}

// Positions along a dimension that is a multiple of the batch count in batches; the extents of
// both sides tell how long one is.
static void
arrange_slice(const RkOpArgs *args, RkCopy *copy)
{
    uint32_t axis = (uint32_t)args->attr[0].i;
    uint32_t begin = (uint32_t)args->attr[1].i, n = (uint32_t)args->attr[2].i - begin;
    uint32_t unit = n == 0 ? 0 : args->out.dim[axis] / n;
    copy->shift[4 - args->out.rank + axis] = -(int32_t)(begin * unit);
}

static void
arrange_pad(const RkOpArgs *args, RkCopy *copy)
{
    uint32_t axis = (uint32_t)args->attr[0].i, before = (uint32_t)args->attr[1].i;
    uint32_t margin = before + (uint32_t)args->attr[2].i;
    uint32_t unit = margin == 0 ? 0 : (args->out.dim[axis] - args->in[0].dim[axis]) / margin;
    copy->shift[4 - args->out.rank + axis] = (int32_t)(before * unit);
}

const RkCopyRule rk_copy_transpose = {arrange_transpose}, rk_copy_expand = {arrange_expand},
                 rk_copy_spread = {arrange_spread}, rk_copy_slice = {arrange_slice},
                 rk_copy_pad = {arrange_pad};

RkCopy
rk_copy_of(const RkOpArgs *args)
{
    RkCopy copy = plain(args);
    ((const RkCopyRule *)args->op->data)->arrange(args, &copy);
    return copy;
}

enum { ELEMENTS, VECTORS, SPLAT }; // as in copy.comp

static uint32_t
copy_mode(const RkCopy *copy)
{
    if (copy->dim[3] % 4 != 0 || copy->extent[3] % 4 != 0 || copy->shift[3] % 4 != 0)
        return ELEMENTS;
    if (copy->stride[3] == 0)
        return SPLAT;
    gboolean whole = copy->stride[3] == 1;
    for (uint32_t k = 0; k < 3; k++)
        whole = whole && (copy->stride[k] % 4 == 0 || copy->dim[k] == 1);
    return whole ? VECTORS : ELEMENTS;
}

static void
record_copy(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    uint64_t n = rk_tensor_numel(&args->out);
    if (n == 0)
        return;
    RkCopy copy = rk_copy_of(args);
    RkBindKind kind = (RkBindKind)kernel->param[1];
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    rk_dispatch_read(d, 0, kind);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_dispatch_spec(d, kernel->param[0]);
    rk_dispatch_spec(d, copy_mode(&copy));
    rk_dispatch_spec(d, copy.factor != 1);
    rk_dispatch_push(d, (uint32_t)n);
    for (uint32_t k = 1; k < 4; k++)
        rk_dispatch_push_divisor(d, copy.dim[k]);
    for (uint32_t k = 0; k < 4; k++)
        rk_dispatch_push(d, (uint32_t)copy.shift[k]);
    for (uint32_t k = 0; k < 4; k++)
        rk_dispatch_push(d, copy.extent[k]);
    for (uint32_t k = 0; k < 4; k++)
        rk_dispatch_push(d, copy.stride[k]);
    rk_dispatch_push_float(d, (float)copy.factor);
    rk_dispatch_grid(d, caps, rk_ceil_div(rk_ceil_div(n, 4), kernel->param[0]));
}

// The dimension of the result that is x's last; the last one where the transpose keeps it.
static uint32_t
moved_axis(const RkOpArgs *args)
{
    for (uint32_t i = 0; i < args->out.rank; i++)
        if ((uint32_t)args->attr[i].i == args->out.rank - 1)
            return i;
    return 0;
}

static gboolean
supports_blocks(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args)
{
    uint32_t rank = args->out.rank;
    if (rank < 2 || moved_axis(args) == rank - 1)
        return FALSE;
    return args->in[0].dim[rank - 1] % 4 == 0 && args->out.dim[rank - 1] % 4 == 0 &&
           rk_rowwise_supports(kernel, caps, args);
}

// Transposes that move the last dimension, in blocks of 4 x 4.
static void
record_blocks(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args,
              RkDispatchList *list)
{
    uint64_t n = rk_tensor_numel(&args->out) / 16;
    if (n == 0)
        return;
    RkCopy copy = rk_copy_of(args);
    uint32_t stride[RK_MAX_RANK] = {0}, rank = args->out.rank, axis = moved_axis(args);
    row_major(&args->out, stride);
    uint32_t order[4] = {axis, rank - 1}, extent[4] = {0, 0, 1, 1}, n_order = 2;
    for (uint32_t i = rank - 1; i-- > 0;)
        if (i != axis)
            order[n_order++] = i;
    for (uint32_t i = 0; i < n_order; i++)
        extent[i] = args->out.dim[order[i]];
    RkBindKind kind = (RkBindKind)kernel->param[1];
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    rk_dispatch_read(d, 0, kind);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_dispatch_spec(d, kernel->param[0]);
    rk_dispatch_push(d, (uint32_t)n);
    rk_dispatch_push_divisor(d, extent[0] / 4);
    rk_dispatch_push_divisor(d, extent[1] / 4);
    rk_dispatch_push_divisor(d, extent[2]);
    for (uint32_t i = 0; i < 4; i++)
        rk_dispatch_push(d, i < n_order ? copy.stride[4 - rank + order[i]] : 0);
    for (uint32_t i = 0; i < 4; i++)
        rk_dispatch_push(d, i < n_order ? stride[order[i]] : 0);
    rk_dispatch_grid(d, caps, rk_ceil_div(n, kernel->param[0]));
}

// --- concat -------------------------------------------------------------------------------------

#define PARTS_AT_ONCE 3u // as in concat.comp

RkConcat
rk_concat_of(const RkOpArgs *args)
{
    RkConcat concat = {1, 1};
    for (uint32_t i = 0; i < args->out.rank; i++) {
        if (i < (uint32_t)args->attr[0].i)
            concat.outer *= args->out.dim[i];
        else
            concat.width *= args->out.dim[i];
    }
    return concat;
}

uint64_t
rk_concat_width(const RkOpArgs *args, uint32_t i, const RkConcat *concat)
{
    return concat->outer == 0 ? 0 : rk_tensor_numel(&args->in[i]) / concat->outer;
}

static gboolean
concat_whole(const RkOpArgs *args)
{
    RkConcat c = rk_concat_of(args);
    gboolean whole = TRUE;
    for (uint32_t i = 0; i < args->n_in; i++)
        whole = whole && rk_concat_width(args, i, &c) % 4 == 0;
    return whole;
}

static void
record_parts(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list,
             uint32_t from, uint64_t first)
{
    RkConcat c = rk_concat_of(args);
    uint64_t width[PARTS_AT_ONCE] = {0}, n = 0, unit = concat_whole(args) ? 4 : 1;
    for (uint32_t k = 0; k < PARTS_AT_ONCE && from + k < args->n_in; k++) {
        width[k] = rk_concat_width(args, from + k, &c);
        n += c.outer * width[k] / unit;
    }
    if (n == 0)
        return;
    RkBindKind kind = (RkBindKind)kernel->param[1];
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    for (uint32_t k = 0; k < PARTS_AT_ONCE; k++)
        rk_dispatch_read(d, (int32_t)(from + k < args->n_in ? from + k : from), kind);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_dispatch_spec(d, kernel->param[0]);
    rk_dispatch_spec(d, unit == 4);
    rk_dispatch_push(d, (uint32_t)n);
    rk_dispatch_push_divisor(d, (uint32_t)((width[0] + width[1] + width[2]) / unit));
    for (uint32_t k = 0; k < PARTS_AT_ONCE; k++)
        rk_dispatch_push(d, (uint32_t)(width[k] / unit));
    rk_dispatch_push(d, (uint32_t)(first / unit));
    rk_dispatch_push(d, (uint32_t)(c.width / unit));
    rk_dispatch_grid(d, caps, rk_ceil_div(n, kernel->param[0]));
}

static void
record_concat(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args,
              RkDispatchList *list)
{
    RkConcat c = rk_concat_of(args);
    uint64_t first = 0;
    for (uint32_t from = 0; from < args->n_in; from += PARTS_AT_ONCE) {
        record_parts(kernel, caps, args, list, from, first);
        for (uint32_t k = from; k < from + PARTS_AT_ONCE && k < args->n_in; k++)
            first += rk_concat_width(args, k, &c);
    }
}

// --- triangles ----------------------------------------------------------------------------------

uint32_t
rk_tril_base(uint32_t f, gboolean diagonal)
{
    return diagonal ? f * (f + 1) / 2 : f * (f - 1) / 2;
}

static void
record_tril(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    uint64_t n = rk_tensor_numel(&args->out);
    if (n == 0)
        return;
    gboolean flatten = args->out.rank == 2;
    RkBindKind kind = (RkBindKind)kernel->param[1];
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    rk_dispatch_read(d, 0, kind);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_dispatch_spec(d, kernel->param[0]);
    rk_dispatch_spec(d, flatten);
    rk_dispatch_spec(d, args->attr[0].i != 0);
    rk_dispatch_push(d, (uint32_t)n);
    uint32_t f = flatten ? args->in[0].dim[1] : args->out.dim[1];
    rk_dispatch_push_divisor(d, f);
    rk_dispatch_push_divisor(d, rk_tril_base(f, args->attr[0].i));
    rk_dispatch_push_divisor(d, f * f);
    rk_dispatch_grid(d, caps, rk_ceil_div(rk_ceil_div(n, 4), kernel->param[0]));
}

// --- kernel tables ------------------------------------------------------------------------------

#define KERNEL(label, spv, local, kind, can, record_fn)                                            \
    {                                                                                              \
        .name = label, .shader = spv, .param = {local, kind}, .supports = can, .record = record_fn \
    }
#define KERNELS(spv, can, record_fn)                                                               \
    {                                                                                              \
        KERNEL("texel 64", spv ".texel", 64, RK_BIND_TEXEL_U32X4, can, record_fn),                 \
            KERNEL("storage 256", spv, 256, RK_BIND_STORAGE, can, record_fn),                      \
            KERNEL("storage 64", spv, 64, RK_BIND_STORAGE, can, record_fn),                        \
    }
const RkKernel rk_copy_kernels[RK_SHAPE_KERNELS] =
    KERNELS("copy", rk_rowwise_supports, record_copy);
const RkKernel rk_transpose_kernels[2 * RK_SHAPE_KERNELS] = {
    KERNEL("texel blocks", "transpose.texel", 8, RK_BIND_TEXEL_U32X4, supports_blocks,
           record_blocks),
    KERNEL("storage blocks 64", "transpose", 64, RK_BIND_STORAGE, supports_blocks, record_blocks),
    KERNEL("storage blocks 256", "transpose", 256, RK_BIND_STORAGE, supports_blocks, record_blocks),
    KERNEL("texel 64", "copy.texel", 64, RK_BIND_TEXEL_U32X4, rk_rowwise_supports, record_copy),
    KERNEL("storage 256", "copy", 256, RK_BIND_STORAGE, rk_rowwise_supports, record_copy),
    KERNEL("storage 64", "copy", 64, RK_BIND_STORAGE, rk_rowwise_supports, record_copy),
};
const RkKernel rk_concat_kernels[RK_SHAPE_KERNELS] =
    KERNELS("concat", rk_rowwise_supports, record_concat);
const RkKernel rk_tril_kernels[RK_SHAPE_KERNELS] =
    KERNELS("tril", rk_rowwise_supports, record_tril);

// --- samples ------------------------------------------------------------------------------------

#define F(r, ...)                                                                                  \
    {                                                                                              \
        .dtype = RK_F32, .rank = r, .dim = {__VA_ARGS__}, .fill = RK_FILL_NORMAL                   \
    }
#define U(r, ...)                                                                                  \
    {                                                                                              \
        .dtype = RK_U32, .rank = r, .dim = {__VA_ARGS__}, .fill = RK_FILL_INTEGER                  \
    }
#define I(n)                                                                                       \
    {                                                                                              \
        .i = n                                                                                     \
    }
#define NO_GRAD .no_grad = TRUE // words aren't differentiable, or there is nothing to differentiate
#define BENCH   .no_grad = TRUE, .bench = TRUE

const RkSample rk_reshape_samples[1] = {
    {"merge", .in = {F(3, 3, 2, 5)}, .n_attr = 9, .attr = {I(2), I(6), I(0), I(5)}},
};

#define PERM(...) .n_attr = 4, .attr = {__VA_ARGS__}
const RkSample rk_transpose_samples[RK_TRANSPOSE_SAMPLES] = {
    {"matrix", .in = {F(2, 8, 12)}, PERM(I(1), I(0))},
    {"odd matrix", .in = {F(2, 7, 13)}, PERM(I(1), I(0))},
    {"heads", .in = {F(4, 2, 3, 5, 8)}, PERM(I(0), I(2), I(1), I(3))},
    {"reversed", .in = {F(4, 2, 3, 4, 5)}, PERM(I(3), I(2), I(1), I(0))},
    {"words", .in = {U(3, 3, 5, 7)}, PERM(I(2), I(0), I(1)), NO_GRAD},
    {"bigger than a tile", .in = {F(2, 70, 133)}, PERM(I(1), I(0)), NO_GRAD},
    {"2048 x 2048", .in = {F(2, 2048, 2048)}, PERM(I(1), I(0)), BENCH},
    {"256 x 50 x 4 heads of 16", .in = {F(4, 256, 50, 4, 16)}, PERM(I(0), I(2), I(1), I(3)), BENCH},
};

#define TO(...) .n_attr = 9, .attr = {__VA_ARGS__}
const RkSample rk_expand_samples[RK_EXPAND_SAMPLES] = {
    {"scalar", .in = {F(0, 0)}, TO(I(2), I(3), I(0), I(8))},
    {"row", .in = {F(1, 12)}, TO(I(2), I(5), I(0), I(12))},
    {"odd row", .in = {F(2, 1, 7)}, TO(I(2), I(3), I(0), I(7))},
    {"column", .in = {F(2, 6, 1)}, TO(I(2), I(6), I(0), I(8))},
    {"odd column", .in = {F(2, 3, 1)}, TO(I(2), I(3), I(0), I(5))},
    {"middle of four", .in = {F(4, 2, 1, 3, 4)},
     TO(I(4), I(2), I(0), I(5), I(0), I(3), I(0), I(4))},
    {"to nothing", .in = {F(2, 1, 4)}, TO(I(2), I(0), I(0), I(4)), NO_GRAD},
};

#define RANGE(...) .n_attr = 3, .attr = {__VA_ARGS__}
const RkSample rk_slice_samples[RK_SLICE_SAMPLES] = {
    {"columns", .in = {F(2, 5, 16)}, RANGE(I(1), I(4), I(12))},
    {"odd columns", .in = {F(2, 5, 9)}, RANGE(I(1), I(2), I(7))},
    {"rows", .in = {F(3, 6, 3, 4)}, RANGE(I(0), I(1), I(4))},
    {"middle", .in = {F(3, 3, 7, 5)}, RANGE(I(1), I(6), I(7))},
    {"nothing", .in = {F(2, 3, 4)}, RANGE(I(1), I(2), I(2)), NO_GRAD},
    {"words", .in = {U(2, 4, 9)}, RANGE(I(0), I(1), I(3)), NO_GRAD},
};

const RkSample rk_pad_samples[RK_PAD_SAMPLES] = {
    {"columns", .in = {F(2, 5, 8)}, RANGE(I(1), I(4), I(8))},
    {"odd columns", .in = {F(2, 5, 3)}, RANGE(I(1), I(1), I(3))},
    {"rows", .in = {F(3, 2, 3, 4)}, RANGE(I(0), I(0), I(2))},
    {"of nothing", .in = {F(2, 3, 0)}, RANGE(I(1), I(1), I(1)), NO_GRAD},
    {"words", .in = {U(2, 4, 9)}, RANGE(I(0), I(1), I(0)), NO_GRAD},
};

#define ALONG(axis) .n_attr = 1, .attr = {I(axis)}
const RkSample rk_concat_samples[RK_CONCAT_SAMPLES] = {
    {"two", .n_in = 2, .in = {F(2, 3, 8), F(2, 3, 4)}, ALONG(1)},
    {"one", .n_in = 1, .in = {F(2, 3, 5)}, ALONG(0)},
    {"odd three", .n_in = 3, .in = {F(2, 3, 1), F(2, 3, 5), F(2, 3, 3)}, ALONG(1)},
    {"rows", .n_in = 2, .in = {F(2, 3, 5), F(2, 2, 5)}, ALONG(0)},
    {"seven, one of them empty", .n_in = 7,
     .in = {F(3, 2, 1, 4), F(3, 2, 3, 4), F(3, 2, 0, 4), F(3, 2, 2, 4), F(3, 2, 1, 4),
            F(3, 2, 5, 4), F(3, 2, 1, 4)},
     ALONG(1)},
    {"words", .n_in = 4, .in = {U(2, 5, 3), U(2, 5, 1), U(2, 5, 6), U(2, 5, 2)}, ALONG(1), NO_GRAD},
    {"two towers, 2048", .n_in = 3, .in = {F(2, 2048, 64), F(2, 2048, 64), F(2, 2048, 16)},
     ALONG(1), BENCH},
};

const RkSample rk_tril_flatten_samples[RK_TRIL_SAMPLES] = {
    {"strict", .in = {F(3, 3, 5, 5)}, .n_attr = 1, .attr = {I(0)}},
    {"with diagonal", .in = {F(3, 3, 4, 4)}, .n_attr = 1, .attr = {I(1)}},
    {"one feature", .in = {F(3, 2, 1, 1)}, .n_attr = 1, .attr = {I(0)}, NO_GRAD},
    {"27 features", .in = {F(3, 5, 27, 27)}, .n_attr = 1, .attr = {I(0)}, NO_GRAD},
    {"27 features, 2048", .in = {F(3, 2048, 27, 27)}, .n_attr = 1, .attr = {I(0)}, BENCH},
};
const RkSample rk_tril_unflatten_samples[RK_TRIL_SAMPLES] = {
    {"strict", .in = {F(2, 3, 10)}, .n_attr = 2, .attr = {I(0), I(5)}},
    {"with diagonal", .in = {F(2, 3, 10)}, .n_attr = 2, .attr = {I(1), I(4)}},
    {"one feature", .in = {F(2, 2, 0)}, .n_attr = 2, .attr = {I(0), I(1)}, NO_GRAD},
    {"27 features", .in = {F(2, 5, 351)}, .n_attr = 2, .attr = {I(0), I(27)}, NO_GRAD},
    {"27 features, 2048", .in = {F(2, 2048, 351)}, .n_attr = 2, .attr = {I(0), I(27)}, BENCH},
};
