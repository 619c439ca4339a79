#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Layer normalization along the last dimension (Ba et al., https://arxiv.org/abs/1607.06450):
// y = gamma (x - mean) / sqrt(variance + eps) + beta, with the row's mean and biased variance.
// Bindings: 0 x f32 [rows, cols], 1 gamma [cols], 2 beta [cols] (x again where left out), 3 y.
// Grid: LANES lanes of a workgroup of LOCAL share a row (lib/rows.glsl).
// Numerics: the variance is of what is left after the mean is taken away.
//
// rk-compile: layer_norm
// rk-compile: layer_norm.texel -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "lib/tensor.glsl"
#include "lib/rows.glsl"

layout(constant_id = 3) const bool GAMMA = true;
layout(constant_id = 4) const bool BETA = true;

RK_IN(0, x);
RK_IN(1, gamma);
RK_IN(2, beta);
RK_STORAGE_OUT4(3, y);
RK_STORAGE_OUT(3, y1);

layout(push_constant) uniform Push {
    uint rows;
    uint cols;
    float eps;
} p;

// Elements of a per-column tensor under vec4 i of the row.
#define COLUMNS(name, i, r)                                                              \
    (WHOLE ? RK_LOAD4(name, (i) - r.first)                                               \
           : vec4(RK_LOAD1(name, column(4 * (i), r)), RK_LOAD1(name, column(4 * (i) + 1, r)), \
                  RK_LOAD1(name, column(4 * (i) + 2, r)), RK_LOAD1(name, column(4 * (i) + 3, r))))
uint column(uint at, RkRow r)
{
    return clamp(at, r.begin, r.end - 1) - r.begin;
}

void main()
{
    uint lane = RK_ROW_LANE;
    bool inside = RK_ROW < p.rows;
    uint row = inside ? RK_ROW : 0;
    RkRow r = rk_row(row * p.cols, row * p.cols + p.cols);

    vec4 sums = vec4(0.0);
    for (uint i = r.first + lane; i < r.last; i += LANES)
        sums += RK_ROW_LOAD(x, i, r, 0.0);
    float mean = rk_row_sum(rk_add4(sums)) / p.cols;
    sums = vec4(0.0);
    for (uint i = r.first + lane; i < r.last; i += LANES) {
        vec4 centered = RK_ROW_LOAD(x, i, r, mean) - mean;
        sums += centered * centered;
    }
    float scale = inversesqrt(rk_row_sum(rk_add4(sums)) / p.cols + p.eps);
    if (!inside)
        return;
    for (uint i = r.first + lane; i < r.last; i += LANES) {
        vec4 value = (RK_LOAD4(x, i) - mean) * scale;
        if (GAMMA)
            value *= COLUMNS(gamma, i, r);
        if (BETA)
            value += COLUMNS(beta, i, r);
        RK_ROW_STORE(y, y1, i, r, value)
    }
}
