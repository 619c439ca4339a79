// SPDX-License-Identifier: GPL-3.0-or-later
//
// Builders of dispatches: what kernels fill in.
#include "graph/op.h"

#include <string.h>

RkDispatch *
rk_dispatch_add(RkDispatchList *list, const char *shader)
{
    RkDispatch d = {.shader = shader, .grid = {1, 1, 1}};
    g_array_append_val(list->dispatches, d);
    return &g_array_index(list->dispatches, RkDispatch, list->dispatches->len - 1);
}

static void
bind(RkDispatch *d, int32_t operand, RkBindKind kind, gboolean writes)
{
    g_assert(d->n_operands < RK_MAX_BINDINGS);
    d->operand[d->n_operands++] = (RkOperand){.operand = operand, .kind = kind, .writes = writes};
}

void
rk_dispatch_read(RkDispatch *d, int32_t operand, RkBindKind kind)
{
    bind(d, operand, kind, FALSE);
}

void
rk_dispatch_write(RkDispatch *d, int32_t operand, RkBindKind kind)
{
    bind(d, operand, kind, TRUE);
}

void
rk_dispatch_spec(RkDispatch *d, uint32_t value)
{
    g_assert(d->n_spec < RK_MAX_SPEC);
    d->spec[d->n_spec++] = value;
}

void
rk_dispatch_push(RkDispatch *d, uint32_t value)
{
    g_assert(d->n_push < RK_MAX_PUSH);
    d->push[d->n_push++] = value;
}

void
rk_dispatch_push_float(RkDispatch *d, float value)
{
    uint32_t word;
    memcpy(&word, &value, sizeof word);
    rk_dispatch_push(d, word);
}

void
rk_dispatch_grid(RkDispatch *d, const RkCaps *caps, uint64_t n_groups)
{
    uint64_t x = MIN(n_groups, caps->max_grid[0]);
    uint64_t y = x == 0 ? 0 : (n_groups + x - 1) / x;
    g_assert(y <= caps->max_grid[1]);
    d->grid[0] = (uint32_t)x;
    d->grid[1] = (uint32_t)y;
    d->grid[2] = 1;
}

gboolean
rk_bind_fits(const RkCaps *caps, RkBindKind kind, const RkTensor *tensor)
{
    uint64_t bytes = rk_tensor_bytes(tensor);
    const struct {
        gboolean offered;
        uint64_t limit_bytes;
    } kinds[RK_N_BIND_KINDS] = {
        [RK_BIND_STORAGE] = {TRUE, caps->max_storage_range},
        [RK_BIND_TEXEL_F32X4] = {caps->storage_texel_f32x4, caps->max_texel_elements * 16},
        [RK_BIND_TEXEL_U32X4] = {caps->storage_texel_u32x4, caps->max_texel_elements * 16},
        [RK_BIND_SAMPLED_F32X4] = {caps->uniform_texel_f32x4, caps->max_texel_elements * 16},
        [RK_BIND_SAMPLED_U32X4] = {caps->uniform_texel_u32x4, caps->max_texel_elements * 16},
        [RK_BIND_SAMPLED_F32] = {TRUE, caps->max_texel_elements * 4}, // r32 formats are promised
        [RK_BIND_SAMPLED_U32] = {TRUE, caps->max_texel_elements * 4},
    };
    return kinds[kind].offered && bytes <= kinds[kind].limit_bytes;
}
