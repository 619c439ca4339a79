// SPDX-License-Identifier: GPL-3.0-or-later
//
// Between the two files of the pointwise family: rows here, kernels and samples there.
#pragma once

#include "graph/op.h"

#define RK_POINTWISE_KERNELS 2
#define RK_POINTWISE_SAMPLES 5
#define RK_FUSED_SAMPLES     3

extern const RkKernel rk_pointwise_kernels[RK_POINTWISE_KERNELS];
extern const RkKernel rk_fused_kernels[RK_POINTWISE_KERNELS];
extern const RkSample rk_pointwise_samples_ANY[RK_POINTWISE_SAMPLES];
extern const RkSample rk_pointwise_samples_POSITIVE[RK_POINTWISE_SAMPLES];
extern const RkSample rk_pointwise_samples_STEP[RK_POINTWISE_SAMPLES];
extern const RkSample rk_fused_samples[RK_FUSED_SAMPLES];
// fuse.c: RkOp.absorb of every pointwise row and of the fused chain.
RkRef rk_pointwise_absorb(RkGraph *graph, RkRef ref, RkRef consumer);

const RkKernel *rk_pointwise_pick(const RkCaps *caps, const RkOpArgs *args);
