// SPDX-License-Identifier: GPL-3.0-or-later
//
// Between the two files of the shape family: rows in shape.c, geometry, kernels and samples in
// shape-kernels.c.
#pragma once

#include "ops/rowwise.h"

// y[i0, i1, i2, i3] = factor * x[sum of (ik - shift_k) * stride_k], zero where ik - shift_k is
// outside [0, extent_k). Leading dimensions that y lacks are 1.
typedef struct {
    uint32_t dim[4]; // of y
    int32_t shift[4];
    uint32_t extent[4];
    uint32_t stride[4];
    double factor;
} RkCopy;

// `data` of a row that copies: fills in what differs from taking x as it stands.
typedef struct {
    void (*arrange)(const RkOpArgs *args, RkCopy *copy);
} RkCopyRule;

extern const RkCopyRule rk_copy_transpose, rk_copy_expand, rk_copy_spread, rk_copy_slice,
    rk_copy_pad;
RkCopy rk_copy_of(const RkOpArgs *args);

// A concatenation as matrices side by side.
typedef struct {
    uint64_t outer;
    uint64_t width; // of y
} RkConcat;

RkConcat rk_concat_of(const RkOpArgs *args);
uint64_t rk_concat_width(const RkOpArgs *args, uint32_t i, const RkConcat *concat); // of part i

// Elements of a triangle of f rows.
uint32_t rk_tril_base(uint32_t f, gboolean diagonal);

#define RK_SHAPE_KERNELS     3
#define RK_TRANSPOSE_SAMPLES 8
#define RK_EXPAND_SAMPLES    7
#define RK_SLICE_SAMPLES     6
#define RK_PAD_SAMPLES       5
#define RK_CONCAT_SAMPLES    7
#define RK_TRIL_SAMPLES      5
extern const RkKernel rk_copy_kernels[RK_SHAPE_KERNELS], rk_transpose_kernels[2 * RK_SHAPE_KERNELS],
    rk_concat_kernels[RK_SHAPE_KERNELS], rk_tril_kernels[RK_SHAPE_KERNELS];
extern const RkSample rk_reshape_samples[1], rk_transpose_samples[RK_TRANSPOSE_SAMPLES],
    rk_expand_samples[RK_EXPAND_SAMPLES], rk_slice_samples[RK_SLICE_SAMPLES],
    rk_pad_samples[RK_PAD_SAMPLES], rk_concat_samples[RK_CONCAT_SAMPLES],
    rk_tril_flatten_samples[RK_TRIL_SAMPLES], rk_tril_unflatten_samples[RK_TRIL_SAMPLES];
