// SPDX-License-Identifier: GPL-3.0-or-later
//
// The op quantize_rows: activations to i8 by a given scale, for dense layers in i8.
#include "ops/family.h"
#include "ops/matmul.h"

#include <math.h>

enum { X, SCALE };

static gboolean
infer(const RkOpTypes *t, RkType *out, GError **error)
{
    const RkType *x = &t->in[X], *scale = &t->in[SCALE];
    if (!rk_infer_dtype(t, X, RK_F32, error) || !rk_infer_dtype(t, SCALE, RK_F32, error))
        return FALSE;
    if (x->rank < 1)
        return rk_infer_fail(t, error, "x must have rows");
    *out = *x;
    out->dtype = RK_I8;
    if (scale->rank == 1 && rk_dim_equal(scale->dim[0], RK_DIM(1)))
        return TRUE;
    for (uint32_t axis = 0; axis + 1 < x->rank; axis++)
        if (!rk_infer_dim(t, SCALE, axis, x->dim[axis], error))
            return FALSE;
    return rk_infer_rank(t, SCALE, x->rank, error) &&
           rk_infer_dim(t, SCALE, x->rank - 1, RK_DIM(1), error);
}

static void
oracle(const RkOpArgs *args, double *const *in, double *out)
{
    uint32_t cols = rk_tensor_cols(&args->in[X]);
    gboolean one = rk_tensor_numel(&args->in[SCALE]) == 1;
    for (uint64_t i = 0; i < rk_tensor_numel(&args->in[X]); i++) {
        // In fp32, as kernels do: which way a tie rounds must not depend on the precision.
        float scaled = (float)in[X][i] * (1.0f / (float)in[SCALE][one ? 0 : i / cols]);
        out[i] = isnan(scaled) ? 0 : fmin(fmax(rint(scaled), -127), 127);
    }
}

static RkCost
cost(const RkOpArgs *args)
{
    return rk_cost_stream(args, 3.0 * (double)rk_tensor_numel(&args->in[X]));
}

// param: local size, whether x is read as texels.
static gboolean
supports(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args)
{
    RkBindKind kind = kernel->param[1] ? RK_BIND_TEXEL_F32X4 : RK_BIND_STORAGE;
    return rk_bind_fits(caps, kind, &args->in[X]) && rk_bind_fits(caps, kind, &args->in[SCALE]) &&
           rk_bind_fits(caps, RK_BIND_STORAGE, &args->out);
}

static void
record(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    RkBindKind kind = kernel->param[1] ? RK_BIND_TEXEL_F32X4 : RK_BIND_STORAGE;
    uint32_t cols = rk_tensor_cols(&args->in[X]), words = rk_tensor_row_words(&args->out);
    uint64_t n = rk_tensor_rows(&args->in[X]) * words;
    if (n == 0)
        return;
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    rk_dispatch_read(d, X, kind);
    rk_dispatch_read(d, SCALE, kind);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_dispatch_spec(d, kernel->param[0]);
    rk_dispatch_spec(d, cols % 4 == 0);
    rk_dispatch_spec(d, rk_tensor_numel(&args->in[SCALE]) == 1);
    rk_dispatch_push(d, (uint32_t)n);
    rk_dispatch_push(d, cols);
    rk_dispatch_push(d, words);
    rk_dispatch_grid(d, caps, rk_ceil_div(n, kernel->param[0]));
}

#define KERNEL(label, spv, local, texel)                                                           \
    {                                                                                              \
        .name = label, .shader = spv, .param = {local, texel}, .supports = supports,               \
        .record = record                                                                           \
    }
static const RkKernel KERNELS[] = {
    KERNEL("texel 64", "quantize_rows.texel", 64, TRUE),
    KERNEL("storage 64", "quantize_rows", 64, FALSE),
};

static const RkKernel *
pick(const RkCaps *caps, const RkOpArgs *args)
{
    for (uint32_t i = caps->is_cpu ? 0 : 1; i < G_N_ELEMENTS(KERNELS); i++)
        if (supports(&KERNELS[i], caps, args))
            return &KERNELS[i];
    return NULL;
}

#define SAMPLE(label, rows, cols, ...)                                                             \
    {                                                                                              \
        .name = label, .n_in = 2, .no_grad = TRUE, .in = {                                         \
            {.dtype = RK_F32, .rank = 2, .dim = {rows, cols}},                                     \
            {.dtype = RK_F32, __VA_ARGS__}                                                         \
        }                                                                                          \
    }
static const RkSample SAMPLES[] = {
    SAMPLE("a scale a row", 9, 64, .rank = 2, .dim = {9, 1}, .fill = RK_FILL_CONSTANT,
           .value = 0.03125f),
    SAMPLE("one scale, clamped", 5, 36, .rank = 1, .dim = {1}, .fill = RK_FILL_CONSTANT,
           .value = 0.0078125f),
    SAMPLE("odd", 7, 13, .rank = 2, .dim = {7, 1}, .fill = RK_FILL_POSITIVE),
    SAMPLE("empty", 0, 8, .rank = 2, .dim = {0, 1}, .fill = RK_FILL_POSITIVE),
};

static const char *const INPUTS[] = {"x", "scale", NULL};

static const RkOp ROWS[] = {
    {
        .name = "quantize_rows",
        .input = INPUTS,
        .infer = infer,
        .oracle = oracle,
        .cost = cost,
        .n_kernels = G_N_ELEMENTS(KERNELS),
        .kernels = KERNELS,
        .pick = pick,
        .n_samples = G_N_ELEMENTS(SAMPLES),
        .samples = SAMPLES,
        .atol = 1, // a number within an ulp of a tie may round the other way
    },
};

RkFamily
rk_family_matmul_quant(void)
{
    return (RkFamily){ROWS, G_N_ELEMENTS(ROWS)};
}

RkRef
rk_quantize_rows(RkGraph *graph, RkRef x, RkRef scale)
{
    return rk_graph_op(graph, &ROWS[0], 2, (const RkRef[]){x, scale}, 0, NULL);
}
