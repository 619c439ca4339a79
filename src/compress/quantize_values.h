// SPDX-License-Identifier: GPL-3.0-or-later
//
// Matrices of floats to packed integers (graph/tensor.h) and back, with a scale and an offset for
// the tensor, each row or each group of columns. Any thread.
#pragma once

#include "compress/observe.h"
#include "graph/tensor.h"

typedef struct {
    RkDtype dtype;        // RK_I8 or RK_I4
    RkRangeOptions range; // bits are the dtype's, whatever they say here
    uint32_t group;       // columns that share a scale; 0: the whole row
    gboolean per_tensor;  // one scale for all rows; no group then
} RkQuantizeOptions;

typedef struct {
    RkTensor type;        // [rows, cols]
    void *packed;         // owned, as what follows
    uint32_t n_scales;    // rows of scales: those of the matrix, or 1 of a tensor
    uint32_t n_groups;    // scales of a row
    float *scale;         // [n_scales, n_groups]
    float *offset;        // [n_scales, n_groups], zeros when symmetric
    double squared_error; // sum over all values
} RkQuantized;

// values [rows, cols], finite: value = q * scale + offset.
void rk_quantize_values(const RkQuantizeOptions *options, const float *values, uint32_t rows,
                        uint32_t cols, RkQuantized *result);
void rk_quantized_clear(RkQuantized *quantized);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RkQuantized, rk_quantized_clear)
