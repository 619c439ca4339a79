#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Cross layer of DCN (Wang et al., https://arxiv.org/abs/1708.05123, eq. 3):
// y = x0 (x . w) + bias + x, row by row.
// Bindings: 0 x0 f32 [rows, cols], 1 x [rows, cols], 2 w [cols], 3 bias [cols], 4 y.
// Grid: LANES lanes of a workgroup of LOCAL share a row (lib/rows.glsl).
//
// rk-compile: cross_vector
// rk-compile: cross_vector.texel -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "lib/tensor.glsl"
#include "lib/rows.glsl"

RK_IN(0, x0);
RK_IN(1, x);
RK_IN(2, w);
RK_IN(3, bias);
RK_STORAGE_OUT4(4, y);
RK_STORAGE_OUT(4, y1);

layout(push_constant) uniform Push {
    uint rows;
    uint cols;
} p;

uvec4 columns(uint i, RkRow r)
{
    return clamp(4 * i + uvec4(0, 1, 2, 3), uvec4(r.begin), uvec4(r.end - 1)) - r.begin;
}

#define COLUMNS(name, c) \
    (WHOLE ? RK_LOAD4(name, c.x / 4) \
           : vec4(RK_LOAD1(name, c.x), RK_LOAD1(name, c.y), RK_LOAD1(name, c.z), RK_LOAD1(name, c.w)))

void main()
{
    uint lane = RK_ROW_LANE;
    bool inside = RK_ROW < p.rows;
    uint row = inside ? RK_ROW : 0;
    RkRow r = rk_row(row * p.cols, row * p.cols + p.cols);
    vec4 sums = vec4(0.0);
    for (uint i = r.first + lane; i < r.last; i += LANES) {
        uvec4 c = columns(i, r);
        sums += RK_ROW_LOAD(x, i, r, 0.0) * COLUMNS(w, c);
    }
    float s = rk_row_sum(rk_add4(sums));
    if (!inside)
        return;
    for (uint i = r.first + lane; i < r.last; i += LANES) {
        uvec4 c = columns(i, r);
        vec4 value = RK_LOAD4(x0, i) * s + COLUMNS(bias, c) + RK_LOAD4(x, i);
        RK_ROW_STORE(y, y1, i, r, value)
    }
}
