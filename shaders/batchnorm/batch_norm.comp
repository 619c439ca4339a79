#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Normalization by column with given statistics, and the gradient of the statistics:
//   APPLY     y = gamma (x - mean) / sqrt(variance + eps) + beta
//   GRADIENT  y = (d_mean + 2 d_variance (x - mean)) / n
// Bindings: 0 x f32 [n, cols], 1 statistics [2, cols], 2 gamma [cols] or [d_mean, d_variance]
// [2, cols], 3 beta [cols] (the statistics again where left out), 4 y.
// Grid: a lane makes four neighbouring outputs; no barriers.
//
// rk-compile: batch_norm
// rk-compile: batch_norm.texel -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/divide.glsl"
#include "lib/grid.glsl"
#include "lib/tensor.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const bool WHOLE = true; // cols is a multiple of 4
layout(constant_id = 2) const uint MODE = 0;
layout(constant_id = 3) const bool GAMMA = true;
layout(constant_id = 4) const bool BETA = true;
const uint APPLY = 0, GRADIENT = 1;

RK_IN(0, x);
RK_IN(1, stats);
RK_IN(2, gamma);
RK_IN(3, beta);
RK_STORAGE_OUT4(4, y);

layout(push_constant) uniform Push {
    uint n; // elements
    uint rows;
    RkDivisor cols;
    float eps;
} p;

#define COLUMNS(name, row, c)                                                       \
    (WHOLE ? RK_LOAD4(name, ((row) * p.cols.by + c.x) / 4)                             \
           : vec4(RK_LOAD1(name, (row) * p.cols.by + c.x), RK_LOAD1(name, (row) * p.cols.by + c.y), \
                  RK_LOAD1(name, (row) * p.cols.by + c.z), RK_LOAD1(name, (row) * p.cols.by + c.w)))

void main()
{
    uint i = RK_GLOBAL;
    if (4 * i >= p.n)
        return;
    uvec4 c;
    for (uint e = 0; e < 4; e++)
        c[e] = WHOLE && e > 0 ? c.x + e : rk_remainder(4 * i + e, p.cols);
    vec4 centered = RK_LOAD4(x, i) - COLUMNS(stats, 0, c);
    vec4 value;
    if (MODE == APPLY) {
        value = centered * inversesqrt(COLUMNS(stats, 1, c) + p.eps);
        if (GAMMA)
            value *= COLUMNS(gamma, 0, c);
        if (BETA)
            value += COLUMNS(beta, 0, c);
    } else {
        value = (COLUMNS(gamma, 0, c) + 2.0 * COLUMNS(gamma, 1, c) * centered) / float(p.rows);
    }
    y.v[i] = value;
}
