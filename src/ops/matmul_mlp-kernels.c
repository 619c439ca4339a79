// SPDX-License-Identifier: GPL-3.0-or-later
//
// Kernels of the op mlp: register tiles with the activations in a scratch tensor (software
// drivers), activations in shared memory (small batches on GPUs, and the baseline), and layer by
// layer with the kernels of dense (large batches on GPUs, and whatever else doesn't fit).
#include "ops/matmul-private.h"

#include "ops/family.h"

#include <string.h>

#define NO_ACT 0xffffffffu // as ACT in the shaders

typedef struct {
    uint32_t m, n_layers;
    uint32_t dim[RK_MLP_LAYERS + 1]; // K of the first layer, N of each
    uint32_t widest, widest_hidden;
    uint32_t divisor; // of every K: 8, 4 or 1
} Stack;

static Stack
stack_of(const RkOpArgs *args)
{
    Stack s = {.m = (uint32_t)rk_tensor_rows(&args->in[0]), .divisor = 8};
    s.dim[0] = s.widest = rk_tensor_cols(&args->in[0]);
    for (uint32_t l = 0; l < RK_MLP_LAYERS && args->present[RK_MLP_W(l)]; l++) {
        while (s.dim[l] % s.divisor != 0)
            s.divisor = s.divisor == 8 ? 4 : 1;
        s.dim[l + 1] = args->in[RK_MLP_W(l)].dim[0];
        s.widest = MAX(s.widest, s.dim[l + 1]);
        if (l > 0)
            s.widest_hidden = MAX(s.widest_hidden, s.dim[l]);
        s.n_layers = l + 1;
    }
    return s;
}

static gboolean
weights_fit(const RkCaps *caps, RkBindKind kind, const RkOpArgs *args)
{
    for (uint32_t i = 0; i < args->n_in; i++)
        if (args->present[i] && !rk_bind_fits(caps, kind, &args->in[i]))
            return FALSE;
    return TRUE;
}

static void
bind_weights(RkDispatch *d, RkBindKind kind, const RkOpArgs *args)
{
    for (uint32_t i = 1; i < RK_MLP_INPUTS; i++)
        rk_dispatch_read(d, i < args->n_in && args->present[i] ? (int32_t)i : 0, kind);
}

static void
spec_layers(RkDispatch *d, const RkOpArgs *args)
{
    for (uint32_t l = 0; l < RK_MLP_LAYERS; l++) {
        int32_t act = args->attr[2 * l].i;
        rk_dispatch_spec(d, act == RK_ACT_NONE ? NO_ACT : (uint32_t)act);
        rk_dispatch_spec(d, act == RK_ACT_NONE ? 0 : (uint32_t)args->attr[2 * l + 1].i);
        rk_dispatch_spec(d, args->present[RK_MLP_BIAS(l)]);
    }
}

// --- mlp.comp ------------------------------------------------------------------------------------

enum { R_SPREAD, R_LX, R_TM, R_TN }; // param; R_SPREAD: lanes share rows

#define LANES 8u

static uint32_t
scratch_stride(const Stack *s)
{
    return (s->widest_hidden + 3) / 4;
}

static gboolean
registers_supports(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args)
{
    Stack s = stack_of(args);
    uint64_t scratch = 2ull * s.m * scratch_stride(&s);
    // Drivers that compute four lanes at a time have the registers for a smaller tile only.
    if (caps->is_cpu && caps->subgroup_size < 8 && kernel->param[R_TM] * kernel->param[R_TN] > 32)
        return FALSE;
    if (kernel->param[R_SPREAD] &&
        (!caps->is_cpu || !caps->subgroup_shuffle || caps->subgroup_size != LANES))
        return FALSE;
    return s.n_layers > 0 && s.divisor >= 4 && s.dim[0] > 0 &&
           (s.m > kernel->param[R_TM] / 2 || kernel->param[R_TM] == 1) &&
           weights_fit(caps, RK_BIND_TEXEL_F32X4, args) && scratch <= caps->max_texel_elements &&
           rk_bind_fits(caps, RK_BIND_TEXEL_F32X4, &args->out) &&
           rk_bind_fits(caps, RK_BIND_STORAGE, &args->out);
}

static void
registers_record(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args,
                 RkDispatchList *list)
{
    const uint32_t *v = kernel->param;
    Stack s = stack_of(args);
    uint32_t lx = v[R_LX], n = s.dim[s.n_layers];
    uint64_t groups = rk_ceil_div(s.m, LANES / lx * v[R_TM]);
    if (groups == 0 || n == 0)
        return;
    list->scratch_bytes = MAX(2ull * s.m * scratch_stride(&s), 1) * 16;
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    rk_dispatch_read(d, 0, RK_BIND_TEXEL_F32X4);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_TEXEL_F32X4);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_dispatch_write(d, RK_OPERAND_SCRATCH, RK_BIND_TEXEL_F32X4);
    bind_weights(d, RK_BIND_TEXEL_F32X4, args);
    const uint32_t spec[] = {LANES,         lx,         v[R_TM],    v[R_TN],
                             s.divisor / 4, s.n_layers, n % 4 == 0, n < 4};
    for (uint32_t i = 0; i < G_N_ELEMENTS(spec); i++)
        rk_dispatch_spec(d, spec[i]);
    spec_layers(d, args);
    rk_dispatch_push(d, s.m);
    rk_dispatch_push(d, (uint32_t)groups);
    rk_dispatch_push(d, scratch_stride(&s));
    for (uint32_t l = 0; l <= RK_MLP_LAYERS; l++)
        rk_dispatch_push(d, s.dim[l]);
    rk_dispatch_grid(d, caps, groups);
}

// --- mlp_shared.comp -----------------------------------------------------------------------------

enum { S_THREADS, S_ROWS }; // param

static gboolean
shared_supports(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args)
{
    Stack s = stack_of(args);
    return s.n_layers > 0 && kernel->param[S_THREADS] <= caps->max_invocations &&
           (s.m > kernel->param[S_ROWS] / 2 || kernel->param[S_ROWS] == 1) &&
           8ull * kernel->param[S_ROWS] * s.widest <= caps->max_shared_bytes && s.dim[0] > 0 &&
           weights_fit(caps, RK_BIND_STORAGE, args) &&
           rk_bind_fits(caps, RK_BIND_STORAGE, &args->out);
}

static void
shared_record(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args,
              RkDispatchList *list)
{
    Stack s = stack_of(args);
    uint64_t groups = rk_ceil_div(s.m, kernel->param[S_ROWS]);
    if (groups == 0 || s.dim[s.n_layers] == 0)
        return;
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    rk_dispatch_read(d, 0, RK_BIND_STORAGE);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    bind_weights(d, RK_BIND_STORAGE, args);
    const uint32_t spec[] = {kernel->param[S_THREADS], kernel->param[S_ROWS], s.widest, s.n_layers,
                             s.divisor >= 4};
    for (uint32_t i = 0; i < G_N_ELEMENTS(spec); i++)
        rk_dispatch_spec(d, spec[i]);
    spec_layers(d, args);
    rk_dispatch_push(d, s.m);
    rk_dispatch_push(d, (uint32_t)groups);
    for (uint32_t l = 0; l <= RK_MLP_LAYERS; l++)
        rk_dispatch_push(d, s.dim[l]);
    rk_dispatch_grid(d, caps, groups);
}

// --- layer by layer ------------------------------------------------------------------------------

// One layer of a stack as the arguments of dense.
typedef struct {
    RkOpArgs args;
    RkTensor in[5];
    gboolean present[5];
    RkAttr attr[3];
} Layer;

static void
layer_args(const RkOpArgs *args, const Stack *s, uint32_t l, Layer *layer)
{
    *layer = (Layer){.in = {{RK_F32, 2, {s->m, s->dim[l]}}, args->in[RK_MLP_W(l)]},
                     .present = {TRUE, TRUE, args->present[RK_MLP_BIAS(l)]},
                     .attr = {args->attr[2 * l], args->attr[2 * l + 1]}};
    if (layer->present[2])
        layer->in[2] = args->in[RK_MLP_BIAS(l)];
    layer->args = (RkOpArgs){.op = rk_dense_op(),
                             .n_in = 5,
                             .in = layer->in,
                             .present = layer->present,
                             .out = {RK_F32, 2, {s->m, s->dim[l + 1]}},
                             .n_attr = 3,
                             .attr = layer->attr};
}

static gboolean
layers_supports(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args)
{
    Stack s = stack_of(args);
    for (uint32_t l = 0; l < s.n_layers; l++) {
        Layer layer;
        layer_args(args, &s, l, &layer);
        if (rk_product_pick(caps, &layer.args) == NULL)
            return FALSE;
    }
    return s.n_layers > 0;
}

// Bytes of activations between layers, and where a layer's lie: two halves that alternate.
static uint64_t
half_bytes(const Stack *s)
{
    return rk_ceil_div((uint64_t)s->m * s->widest_hidden * 4 + 64, 256) * 256;
}

// Rewrites what a layer's dispatch binds to what the stack's does. A layer's activations are bound
// without what pads their half: a kernel supports what its tensors fill, and not more.
static void
rebind(RkDispatch *d, const Stack *s, uint32_t l, uint64_t half)
{
    for (uint32_t i = 0; i < d->n_operands; i++) {
        RkOperand *o = &d->operand[i];
        gboolean first = l == 0, last = l + 1 == s->n_layers;
        if (o->operand == RK_OPERAND_SCRATCH) { // parts of K: behind the halves
            o->offset += 2 * half;
        } else if ((o->operand == 0 && !first) || (o->operand == RK_OPERAND_OUT && !last)) {
            uint32_t at = o->operand == 0 ? l - 1 : l;
            o->operand = RK_OPERAND_SCRATCH;
            o->offset = at % 2 * half;
            o->bytes = (uint64_t)s->m * s->dim[at + 1] * 4;
        } else if (o->operand > 0) {
            o->operand = o->operand == 1 ? (int32_t)RK_MLP_W(l) : (int32_t)RK_MLP_BIAS(l);
        }
    }
}

static void
layers_record(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args,
              RkDispatchList *list)
{
    Stack s = stack_of(args);
    uint64_t half = half_bytes(&s), parts = 0;
    for (uint32_t l = 0; l < s.n_layers && s.m > 0; l++) {
        Layer layer;
        layer_args(args, &s, l, &layer);
        const RkKernel *product = rk_product_pick(caps, &layer.args);
        guint first = list->dispatches->len;
        list->scratch_bytes = 0;
        product->record(product, caps, &layer.args, list);
        parts = MAX(parts, list->scratch_bytes);
        for (guint i = first; i < list->dispatches->len; i++)
            rebind(&g_array_index(list->dispatches, RkDispatch, i), &s, l, half);
    }
    list->scratch_bytes = 2 * half + parts;
}

// --- the table -----------------------------------------------------------------------------------

#define REGISTERS(label, spirv, ...)                                                               \
    {                                                                                              \
        .name = label, .shader = spirv, .param = {__VA_ARGS__}, .supports = registers_supports,    \
        .record = registers_record                                                                 \
    }
#define SHARED(label, ...)                                                                         \
    {                                                                                              \
        .name = label, .shader = "mlp_shared", .param = {__VA_ARGS__},                             \
        .supports = shared_supports, .record = shared_record                                       \
    }

enum { TEXEL_8X8, TEXEL_1X8, SPREAD_8X8, SPREAD_16X4, SPREAD_32X4, SHARED_8, SHARED_1, LAYERS };

const RkKernel rk_mlp_kernels[RK_MLP_KERNELS] = {
    // do lanes share rows, lanes along N, tile
    [TEXEL_8X8] = REGISTERS("texel 8x8", "mlp.texel", 0, 4, 8, 8),
    [TEXEL_1X8] = REGISTERS("texel 1x8", "mlp.texel", 0, 8, 1, 8),
    [SPREAD_8X8] = REGISTERS("spread 8x8", "mlp.spread", 1, 8, 8, 8),
    [SPREAD_16X4] = REGISTERS("spread 16x4", "mlp.spread", 1, 8, 16, 4),
    [SPREAD_32X4] = REGISTERS("spread 32x4", "mlp.spread", 1, 8, 32, 4),
    // threads, rows
    [SHARED_8] = SHARED("shared 8 rows", 128, 8),
    [SHARED_1] = SHARED("shared 1 row", 64, 1),
    [LAYERS] = {.name = "layer by layer", .supports = layers_supports, .record = layers_record},
};

const RkKernel *
rk_mlp_pick(const RkCaps *caps, const RkOpArgs *args)
{
    const uint32_t SMALL = 64; // rows up to which a GPU gains by one dispatch for all layers
    Stack s = stack_of(args);
    uint32_t wanted = s.m <= SMALL ? SHARED_1 : LAYERS, second = LAYERS;
    if (!caps->is_cpu && s.m > 8 && s.m <= SMALL)
        wanted = SHARED_8;
    if (caps->is_cpu) {
        wanted = s.m <= 4 ? TEXEL_1X8 : s.m <= 16 ? SPREAD_8X8 : SPREAD_16X4;
        second = s.m <= 4 ? TEXEL_1X8 : TEXEL_8X8;
    }
    const uint32_t tries[] = {wanted, second, LAYERS, SHARED_1};
    for (uint32_t i = 0; i < G_N_ELEMENTS(tries); i++) {
        const RkKernel *kernel = &rk_mlp_kernels[tries[i]];
        if (kernel->supports(kernel, caps, args))
            return kernel;
    }
    return NULL;
}
