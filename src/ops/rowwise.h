// SPDX-License-Identifier: GPL-3.0-or-later
//
// Kernels that share out rows among lanes (shaders/lib/rows.glsl): their choice and geometry.
// Only files in src/ops include this.
#pragma once

#include "ops/family.h"

// param of such a kernel: local size, binding kind of its inputs, lanes that share a row (0: as
// many as suit the row's length).
#define RK_ROWWISE_KERNEL(label, spv, local, bind_kind, lanes, record_fn)                          \
    {                                                                                              \
        .name = label, .shader = spv, .param = {local, bind_kind, lanes},                          \
        .supports = rk_rowwise_supports, .record = record_fn                                       \
    }

// The usual four; the texel ones are shader "<spv>.texel". rk_rowwise_pick() chooses among them.
#define RK_ROWWISE_KERNELS 4
#define RK_ROWWISE_TABLE(spv, record_fn)                                                           \
    {                                                                                              \
        RK_ROWWISE_KERNEL("texel 8", spv ".texel", 8, RK_BIND_TEXEL_F32X4, 0, record_fn),          \
            RK_ROWWISE_KERNEL("storage 256", spv, 256, RK_BIND_STORAGE, 0, record_fn),             \
            RK_ROWWISE_KERNEL("storage 64", spv, 64, RK_BIND_STORAGE, 0, record_fn),               \
            RK_ROWWISE_KERNEL("storage 8", spv, 8, RK_BIND_STORAGE, 0, record_fn),                 \
    }

// Whether the device runs the kernel's local size and sees every operand as it binds them.
gboolean rk_rowwise_supports(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args);

// The op's first supported texel kernel on a software driver, storage kernel on a real GPU.
const RkKernel *rk_rowwise_pick(const RkCaps *caps, const RkOpArgs *args);

// Lanes that share a row of `cols`: a power of two, at most the kernel's local size.
uint32_t rk_rowwise_lanes(const RkKernel *kernel, const RkCaps *caps, uint64_t rows, uint64_t cols);

// Sets the grid and specialization constants 0 to 2 of rows.glsl. whole: every row begins and
// ends at a vec4.
void rk_rowwise_grid(RkDispatch *d, const RkKernel *kernel, const RkCaps *caps, uint64_t rows,
                     uint64_t cols, gboolean whole);
