// SPDX-License-Identifier: GPL-3.0-or-later
#include "ops/rowwise.h"

gboolean
rk_rowwise_supports(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args)
{
    RkBindKind kind = (RkBindKind)kernel->param[1];
    if (kernel->param[0] > MIN(caps->max_invocations, caps->max_local[0]))
        return FALSE;
    gboolean fits =
        rk_bind_fits(caps, kind, &args->out) && rk_bind_fits(caps, RK_BIND_STORAGE, &args->out);
    for (uint32_t i = 0; i < args->n_in; i++)
        fits = fits && (!args->present[i] || rk_bind_fits(caps, kind, &args->in[i]));
    return fits;
}

const RkKernel *
rk_rowwise_pick(const RkCaps *caps, const RkOpArgs *args)
{
    const RkKernel *fallback = NULL;
    for (uint32_t i = 0; i < args->op->n_kernels; i++) {
        const RkKernel *kernel = &args->op->kernels[i];
        if (!kernel->supports(kernel, caps, args))
            continue;
        if ((kernel->param[1] != RK_BIND_STORAGE) == caps->is_cpu)
            return kernel;
        fallback = fallback ? fallback : kernel;
    }
    return fallback;
}

uint32_t
rk_rowwise_lanes(const RkKernel *kernel, const RkCaps *caps, uint64_t rows, uint64_t cols)
{
    uint32_t local = kernel->param[0];
    if (kernel->param[2] != 0)
        return MIN(kernel->param[2], local);
    // A software driver pays for every barrier: share a row only where rows are too few to keep
    // two cores busy. A real GPU wants neighbouring lanes at neighbouring addresses.
    if (caps->is_cpu)
        return rows >= 16 || cols < 64 ? 1 : MIN(8, local);
    uint32_t lanes = 1;
    while (lanes < local && (uint64_t)lanes * 8 < cols)
        lanes *= 2;
    return lanes;
}

void
rk_rowwise_grid(RkDispatch *d, const RkKernel *kernel, const RkCaps *caps, uint64_t rows,
                uint64_t cols, gboolean whole)
{
    uint32_t lanes = rk_rowwise_lanes(kernel, caps, rows, cols);
    rk_dispatch_spec(d, kernel->param[0]);
    rk_dispatch_spec(d, lanes);
    rk_dispatch_spec(d, whole);
    rk_dispatch_grid(d, caps, rk_ceil_div(rows, kernel->param[0] / lanes));
}
