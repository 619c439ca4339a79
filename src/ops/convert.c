// SPDX-License-Identifier: GPL-3.0-or-later
//
// The convert family: casts between dtypes and dropout's mask, pointwise but not f32 -> f32 alone.
#include "ops/convert.h"

#include "base/rng.h"
#include "ops/family.h"
#include "ops/pointwise.h"

#include <math.h>
#include <string.h>

static gboolean
always(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args)
{
    return kernel->param[0] <= caps->max_invocations &&
           rk_bind_fits(caps, RK_BIND_STORAGE, &args->out) &&
           rk_bind_fits(caps, RK_BIND_STORAGE, &args->in[0]);
}

// --- cast
// -----------------------------------------------------------------------------------------

static gboolean
cast_infer(const RkOpTypes *t, RkType *out, GError **error)
{
    RkDtype to = (RkDtype)t->attr[0].i;
    if (t->in[0].dtype == RK_I4 || to == RK_I4)
        return rk_infer_fail(t, error, "i4 has no cast; quantize by groups instead");
    *out = t->in[0];
    out->dtype = to;
    return TRUE;
}

static void
cast_grad(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode *node = rk_graph_node(graph, y);
    RkDtype from = rk_graph_type(graph, node->in[0])->dtype;
    if (node->type.dtype == RK_F32 && from == RK_F32)
        dx[0] = dy;
}

static void
cast_oracle(const RkOpArgs *args, double *const *in, double *out)
{
    uint64_t n = rk_tensor_numel(&args->out);
    for (uint64_t i = 0; i < n; i++)
        out[i] = args->out.dtype == RK_U32 ? rint(CLAMP(in[0][i], 0, 4294967040.0)) : in[0][i];
    g_autofree void *packed = g_malloc0(rk_tensor_bytes(&args->out) + 4);
    rk_tensor_pack(&args->out, out, packed);
    rk_tensor_unpack(&args->out, packed, out);
}

static void
cast_record(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    uint64_t n_words = rk_tensor_bytes(&args->out) / 4;
    if (n_words == 0)
        return;
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    rk_dispatch_read(d, 0, RK_BIND_STORAGE);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_dispatch_spec(d, kernel->param[0]);
    rk_dispatch_spec(d, args->in[0].dtype);
    rk_dispatch_spec(d, args->out.dtype);
    rk_dispatch_push(d, (uint32_t)n_words);
    rk_dispatch_push(d, rk_tensor_row_words(&args->out));
    rk_dispatch_push(d, rk_tensor_row_words(&args->in[0]));
    rk_dispatch_push(d, rk_tensor_cols(&args->out));
    rk_dispatch_grid(d, caps, rk_ceil_div(n_words, kernel->param[0]));
}

static RkCost
stream_cost(const RkOpArgs *args)
{
    return rk_cost_stream(args, (double)rk_tensor_numel(&args->out));
}

// --- dropout's mask ------------------------------------------------------------------------------

static gboolean
mask_infer(const RkOpTypes *t, RkType *out, GError **error)
{
    float p = t->attr[0].f;
    if (!rk_infer_dtype(t, 1, RK_U32, error))
        return FALSE;
    if (!(p >= 0 && p < 1))
        return rk_infer_fail(t, error, "the dropout rate must be at least 0 and below 1, not %g",
                             (double)p);
    *out = t->in[0];
    out->dtype = RK_F32;
    return TRUE;
}

static void
mask_oracle(const RkOpArgs *args, double *const *in, double *out)
{
    float p = args->attr[0].f;
    const uint32_t key[2] = {(uint32_t)in[1][0], (uint32_t)in[1][1]};
    uint64_t n = rk_tensor_numel(&args->out);
    for (uint64_t i = 0; i < n; i++) {
        const uint32_t counter[4] = {(uint32_t)(i / 4), 0, (uint32_t)args->attr[1].i,
                                     (uint32_t)in[1][2]};
        float u = (float)(rk_rng_philox(counter, key).v[i % 4] >> 8) * 0x1p-24f;
        out[i] = u >= p ? 1.0f / (1.0f - p) : 0;
    }
}

static void
mask_record(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    uint64_t n4 = rk_ceil_div(rk_tensor_numel(&args->out), 4);
    if (n4 == 0)
        return;
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    rk_dispatch_read(d, 1, RK_BIND_STORAGE);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_dispatch_spec(d, kernel->param[0]);
    rk_dispatch_push(d, (uint32_t)n4);
    rk_dispatch_push_float(d, args->attr[0].f);
    rk_dispatch_push(d, (uint32_t)args->attr[1].i);
    rk_dispatch_grid(d, caps, rk_ceil_div(n4, kernel->param[0]));
}

static void
no_grad(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    // A mask doesn't depend on what it masks.
}

// --- rows
// ------------------------------------------------------------------------------------------

static const RkKernel CAST_KERNELS[] = {
    {.name = "storage", .shader = "cast", .param = {64}, .supports = always, .record = cast_record},
};
static const RkKernel MASK_KERNELS[] = {
    {.name = "storage",
     .shader = "dropout_mask",
     .param = {64},
     .supports = always,
     .record = mask_record},
};

#define CAST(label, from, how, to, ...)                                                            \
    {                                                                                              \
        .name = label, .n_in = 1,                                                                  \
        .in = {{.dtype = from, .rank = 2, .dim = {__VA_ARGS__}, .fill = how, .limit = 1000}},      \
        .n_attr = 1, .attr = {{.i = to}}, .no_grad = TRUE                                          \
    }
static const RkSample CAST_SAMPLES[] = {
    CAST("f32 to f16, odd row", RK_F32, RK_FILL_NORMAL, RK_F16, 5, 7),
    CAST("f32 to f16", RK_F32, RK_FILL_NORMAL, RK_F16, 33, 64),
    CAST("f16 to f32, odd row", RK_F16, RK_FILL_NORMAL, RK_F32, 5, 7),
    CAST("f32 to i8", RK_F32, RK_FILL_NORMAL, RK_I8, 6, 13),
    CAST("i8 to f32", RK_I8, RK_FILL_INTEGER, RK_F32, 6, 13),
    CAST("u32 to f32", RK_U32, RK_FILL_INDEX, RK_F32, 4, 9),
    CAST("f32 to u32", RK_F32, RK_FILL_POSITIVE, RK_U32, 4, 9),
    CAST("empty", RK_F32, RK_FILL_NORMAL, RK_F16, 0, 4),
};
static const RkSample MASK_SAMPLES[] = {
    {.name = "a third dropped",
     .n_in = 2,
     .in = {{.dtype = RK_F32, .rank = 2, .dim = {13, 11}},
            {.dtype = RK_U32, .rank = 1, .dim = {4}, .fill = RK_FILL_INTEGER}},
     .n_attr = 2,
     .attr = {{.f = 1.0f / 3}, {.i = 5}},
     .no_grad = TRUE},
    {.name = "nothing dropped",
     .n_in = 2,
     .in = {{.dtype = RK_F32, .rank = 1, .dim = {6}},
            {.dtype = RK_U32, .rank = 1, .dim = {4}, .fill = RK_FILL_INTEGER}},
     .n_attr = 2,
     .attr = {{.f = 0}, {.i = 0}},
     .no_grad = TRUE},
};

static const char *const CAST_INPUTS[] = {"x", NULL};
static const char *const CAST_ATTRIBUTES[] = {"i:dtype", NULL};
static const char *const MASK_INPUTS[] = {"like", "rng", NULL};
static const char *const MASK_ATTRIBUTES[] = {"f:p", "i:stream", NULL};

static const RkOp ROWS[] = {
    {.name = "cast",
     .input = CAST_INPUTS,
     .attribute = CAST_ATTRIBUTES,
     .infer = cast_infer,
     .grad = cast_grad,
     .oracle = cast_oracle,
     .cost = stream_cost,
     .n_kernels = G_N_ELEMENTS(CAST_KERNELS),
     .kernels = CAST_KERNELS,
     .n_samples = G_N_ELEMENTS(CAST_SAMPLES),
     .samples = CAST_SAMPLES},
    {.name = "dropout_mask",
     .input = MASK_INPUTS,
     .attribute = MASK_ATTRIBUTES,
     .infer = mask_infer,
     .grad = no_grad,
     .oracle = mask_oracle,
     .cost = stream_cost,
     .n_kernels = G_N_ELEMENTS(MASK_KERNELS),
     .kernels = MASK_KERNELS,
     .n_samples = G_N_ELEMENTS(MASK_SAMPLES),
     .samples = MASK_SAMPLES,
     .rtol = 1e-6}, // one division
};

RkFamily
rk_family_convert(void)
{
    return (RkFamily){ROWS, G_N_ELEMENTS(ROWS)};
}

RkRef
rk_cast(RkGraph *graph, RkRef x, RkDtype dtype)
{
    const RkAttr attr[] = {{.i = (int32_t)dtype}};
    return rk_graph_op(graph, &ROWS[0], 1, &x, 1, attr);
}

RkRef
rk_dropout_mask(RkGraph *graph, RkRef like, RkRef rng, float p, uint32_t stream)
{
    const RkRef in[] = {like, rng};
    const RkAttr attr[] = {{.f = p}, {.i = (int32_t)stream}};
    return rk_graph_op(graph, &ROWS[1], 2, in, 2, attr);
}

RkRef
rk_dropout(RkGraph *graph, RkRef x, RkRef rng, float p, uint32_t stream)
{
    return rk_mul(graph, x, rk_dropout_mask(graph, x, rng, p, stream));
}
