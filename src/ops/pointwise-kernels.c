// SPDX-License-Identifier: GPL-3.0-or-later
//
// Kernels and samples of the pointwise family: one shader, its operands loaded by mode.
#include "ops/pointwise-private.h"

#include "ops/family.h"
#include "ops/pointwise.h"

#include <string.h>

// Load modes, as in pointwise.comp.
enum { FULL, SCALAR, ROW, COLUMN, STRIDED, UNUSED };

static uint32_t
load_mode(const RkTensor *in, const RkTensor *out)
{
    uint64_t n = rk_tensor_numel(in), cols = rk_tensor_cols(out);
    if (n == rk_tensor_numel(out))
        return FULL;
    if (n == 1)
        return SCALAR;
    if (cols % 4 != 0)
        return STRIDED;
    if (n == cols && rk_tensor_cols(in) == cols)
        return ROW;
    if (n == rk_tensor_rows(out) && rk_tensor_cols(in) == 1)
        return COLUMN;
    return STRIDED;
}

static void
push_strides(RkDispatch *d, const RkTensor *in)
{
    uint32_t stride[RK_MAX_RANK] = {0}, run = 1;
    for (uint32_t back = 1; back <= in->rank; back++) {
        uint32_t extent = in->dim[in->rank - back];
        stride[RK_MAX_RANK - back] = extent == 1 ? 0 : run;
        run *= extent;
    }
    for (uint32_t i = 0; i < RK_MAX_RANK; i++)
        rk_dispatch_push(d, stride[i]);
}

static gboolean
supports(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args)
{
    RkBindKind kind = (RkBindKind)kernel->param[1];
    if (kernel->param[0] > caps->max_invocations || args->n_in > RK_FUSED_IN)
        return FALSE;
    gboolean fits = rk_bind_fits(caps, kind, &args->out);
    for (uint32_t i = 0; i < args->n_in; i++)
        fits = fits && rk_bind_fits(caps, kind, &args->in[i]);
    return fits;
}

static uint32_t
float_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

// Specialization constants of the slots: a row's own function, or the chain of the fused op.
static void
spec_slots(RkDispatch *d, const RkOpArgs *args)
{
    int code = rk_pointwise_code(args->op);
    uint32_t n_slots = code >= 0 ? 1 : (uint32_t)args->attr[0].i;
    rk_dispatch_spec(d, n_slots - 1);
    rk_dispatch_spec(d, 0); // 6 and 7 are free
    rk_dispatch_spec(d, 0);
    if (code >= 0) {
        const uint32_t words[] = {(uint32_t)code,
                                  0,
                                  1,
                                  2,
                                  3,
                                  float_bits(args->n_attr > 0 ? args->attr[0].f : 0),
                                  float_bits(args->n_attr > 1 ? args->attr[1].f : 0)};
        for (uint32_t i = 0; i < G_N_ELEMENTS(words); i++)
            rk_dispatch_spec(d, words[i]);
        return;
    }
    for (uint32_t i = 0; i < n_slots * RK_FUSED_WORDS; i++)
        rk_dispatch_spec(d, (uint32_t)args->attr[1 + i].i);
    for (uint32_t i = n_slots * RK_FUSED_WORDS; i < RK_FUSED_SLOTS * RK_FUSED_WORDS; i++)
        rk_dispatch_spec(d, 0);
}

static void
record(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    uint64_t n4 = rk_ceil_div(rk_tensor_numel(&args->out), 4);
    if (n4 == 0)
        return;
    RkBindKind kind = (RkBindKind)kernel->param[1];
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    for (uint32_t i = 0; i < RK_FUSED_IN; i++)
        rk_dispatch_read(d, i < args->n_in ? (int32_t)i : 0, kind);
    rk_dispatch_write(d, RK_OPERAND_OUT, kind);
    rk_dispatch_spec(d, kernel->param[0]);
    for (uint32_t i = 0; i < RK_FUSED_IN; i++)
        rk_dispatch_spec(d, i < args->n_in ? load_mode(&args->in[i], &args->out) : UNUSED);
    spec_slots(d, args);
    rk_dispatch_push(d, (uint32_t)n4);
    rk_dispatch_push(d, MAX(1, rk_tensor_cols(&args->out) / 4));
    uint32_t padded[RK_MAX_RANK] = {1, 1, 1, 1};
    for (uint32_t i = 0; i < args->out.rank; i++)
        padded[RK_MAX_RANK - args->out.rank + i] = args->out.dim[i];
    for (uint32_t i = 1; i < RK_MAX_RANK; i++)
        rk_dispatch_push(d, padded[i]);
    for (uint32_t i = 0; i < RK_FUSED_IN; i++)
        push_strides(d, &args->in[i < args->n_in ? i : 0]);
    rk_dispatch_grid(d, caps, rk_ceil_div(n4, kernel->param[0]));
}

// param: local size, binding kind.
#define KERNEL(label, spv, local, kind)                                                            \
    {                                                                                              \
        .name = label, .shader = spv, .param = {local, kind}, .supports = supports,                \
        .record = record                                                                           \
    }
#define KERNELS(shader)                                                                            \
    {                                                                                              \
        KERNEL("texel", shader ".texel", 64, RK_BIND_TEXEL_F32X4),                                 \
            KERNEL("storage", shader, 64, RK_BIND_STORAGE),                                        \
    }

const RkKernel rk_pointwise_kernels[RK_POINTWISE_KERNELS] = KERNELS("pointwise");
const RkKernel rk_fused_kernels[RK_POINTWISE_KERNELS] = KERNELS("fused");

// A real GPU reads storage buffers best; a software driver texels, where they reach.
const RkKernel *
rk_pointwise_pick(const RkCaps *caps, const RkOpArgs *args)
{
    const RkKernel *kernels = args->op->kernels;
    for (uint32_t i = caps->is_cpu ? 0 : 1; i < RK_POINTWISE_KERNELS; i++)
        if (supports(&kernels[i], caps, args))
            return &kernels[i];
    return NULL;
}

// --- samples
// --------------------------------------------------------------------------------------------

#define IN(how, r, ...)                                                                            \
    {                                                                                              \
        .dtype = RK_F32, .rank = r, .dim = {__VA_ARGS__}, .fill = how                              \
    }
#define ATTRIBUTES .n_attr = 2, .attr = {{.f = 0.25f}, {.f = 0.75f}}
#define SAMPLES(how, step)                                                                         \
    {                                                                                              \
        {.name = "same shape, odd",                                                                \
         .in = {IN(how, 2, 7, 5), IN(how, 2, 7, 5), IN(how, 2, 7, 5), IN(how, 2, 7, 5)},           \
         ATTRIBUTES,                                                                               \
         .no_grad = step},                                                                         \
            {.name = "column, row and scalar",                                                     \
             .in = {IN(how, 2, 6, 8), IN(how, 2, 6, 1), IN(how, 1, 8), IN(how, 0, 0)},             \
             ATTRIBUTES,                                                                           \
             .no_grad = step},                                                                     \
            {.name = "rank 4",                                                                     \
             .in = {IN(how, 4, 2, 3, 1, 5), IN(how, 3, 3, 4, 1), IN(how, 4, 2, 1, 4, 1),           \
                    IN(how, 1, 5)},                                                                \
             ATTRIBUTES,                                                                           \
             .no_grad = step},                                                                     \
            {.name = "empty",                                                                      \
             .in = {IN(how, 2, 0, 4), IN(how, 2, 0, 4), IN(how, 2, 0, 4), IN(how, 2, 0, 4)},       \
             ATTRIBUTES,                                                                           \
             .no_grad = TRUE},                                                                     \
            {.name = "many",                                                                       \
             .in = {IN(how, 2, 130, 257), IN(how, 2, 130, 257), IN(how, 1, 257),                   \
                    IN(how, 2, 130, 257)},                                                         \
             ATTRIBUTES,                                                                           \
             .no_grad = TRUE},                                                                     \
    }

const RkSample rk_pointwise_samples_ANY[RK_POINTWISE_SAMPLES] = SAMPLES(RK_FILL_NORMAL, FALSE);
const RkSample rk_pointwise_samples_POSITIVE[RK_POINTWISE_SAMPLES] =
    SAMPLES(RK_FILL_POSITIVE, FALSE);
const RkSample rk_pointwise_samples_STEP[RK_POINTWISE_SAMPLES] = SAMPLES(RK_FILL_POSITIVE, TRUE);

#define SLOT(code, a, b, c, d, p, q)                                                               \
    {.i = (code)*4}, {.i = a}, {.i = b}, {.i = c}, {.i = d}, {.f = p},                             \
    {                                                                                              \
        .f = q                                                                                     \
    }
const RkSample rk_fused_samples[RK_FUSED_SAMPLES] = {
    {.name = "sigmoid(a * b + c)",
     .n_in = 3,
     .in = {IN(RK_FILL_NORMAL, 2, 9, 12), IN(RK_FILL_NORMAL, 1, 12), IN(RK_FILL_NORMAL, 2, 9, 1)},
     .n_attr = 22,
     .no_grad = TRUE,
     .attr = {{.i = 3},
              SLOT(2, 0, 1, 0, 0, 0, 0),
              SLOT(0, 4, 2, 0, 0, 0, 0),
              SLOT(23, 5, 0, 0, 0, 0, 0)}},
    {.name = "six slots",
     .n_in = 2,
     .in = {IN(RK_FILL_NORMAL, 2, 5, 7), IN(RK_FILL_NORMAL, 2, 5, 7)},
     .n_attr = 43,
     .no_grad = TRUE,
     .attr = {{.i = 6},
              SLOT(0, 0, 1, 0, 0, 0, 0),
              SLOT(30, 4, 0, 0, 0, 0.5f, 0),
              SLOT(27, 5, 0, 0, 0, 0, 0),
              SLOT(2, 6, 0, 0, 0, 0, 0),
              SLOT(1, 7, 1, 0, 0, 0, 0),
              SLOT(32, 8, 0, 0, 0, -0.5f, 0.5f)}},
    {.name = "one slot",
     .n_in = 1,
     .in = {IN(RK_FILL_NORMAL, 1, 33)},
     .n_attr = 8,
     .no_grad = TRUE,
     .attr = {{.i = 1}, SLOT(20, 0, 0, 0, 0, 0, 0)}},
};
