// SPDX-License-Identifier: GPL-3.0-or-later
//
// The yardstick's row: a [M, K] times b [K, N], in f32, sides multiples of 16.
#include "kernels/yardstick.h"

#include "ops/family.h"

static gboolean
infer(const RkOpTypes *t, RkType *out, GError **error)
{
    if (!rk_infer_rank(t, 0, 2, error) || !rk_infer_rank(t, 1, 2, error) ||
        !rk_infer_dim(t, 1, 0, t->in[0].dim[1], error))
        return FALSE;
    *out = rk_type(RK_F32, 2, t->in[0].dim[0], t->in[1].dim[1]);
    return TRUE;
}

static RkCost
cost(const RkOpArgs *args)
{
    return rk_cost_stream(args, 2.0 * args->out.dim[0] * args->out.dim[1] * args->in[0].dim[1]);
}

static gboolean
supports(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args)
{
    gboolean whole =
        args->out.dim[0] % 16 == 0 && args->out.dim[1] % 16 == 0 && args->in[0].dim[1] % 16 == 0;
    return whole && caps->max_invocations >= 256 &&
           rk_bind_fits(caps, RK_BIND_STORAGE, &args->in[0]) &&
           rk_bind_fits(caps, RK_BIND_STORAGE, &args->in[1]) &&
           rk_bind_fits(caps, RK_BIND_STORAGE, &args->out);
}

static void
record(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    uint32_t m = args->out.dim[0], n = args->out.dim[1], k = args->in[0].dim[1];
    uint32_t tiles_n = (uint32_t)rk_ceil_div(n, 16);
    uint64_t groups = rk_ceil_div(m, 16) * tiles_n;
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    rk_dispatch_read(d, 0, RK_BIND_STORAGE);
    rk_dispatch_read(d, 1, RK_BIND_STORAGE);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    const uint32_t words[] = {m, n, k, tiles_n, (uint32_t)groups};
    for (uint32_t i = 0; i < G_N_ELEMENTS(words); i++)
        rk_dispatch_push(d, words[i]);
    rk_dispatch_grid(d, caps, groups);
}

static const char *const INPUTS[] = {"a", "b", NULL};
static const RkKernel KERNEL = {.name = "16x16 in shared memory",
                                .shader = "yardstick",
                                .supports = supports,
                                .record = record};

const RkOp yardstick_op = {
    .name = "yardstick",
    .input = INPUTS,
    .infer = infer,
    .cost = cost,
    .n_kernels = 1,
    .kernels = &KERNEL,
};
