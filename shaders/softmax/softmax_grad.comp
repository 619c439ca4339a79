#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Gradients along the last dimension from the op's own output y and g = d loss / d y:
//   SOFTMAX y (g - sum of g y)    LOG_SOFTMAX g - exp(y) sum of g
// Bindings: 0 g f32 [rows, cols], 1 y, 2 the gradient.
// Grid: LANES lanes of a workgroup of LOCAL share a row (lib/rows.glsl).
//
// rk-compile: softmax_grad
// rk-compile: softmax_grad.texel -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "lib/tensor.glsl"
#include "lib/rows.glsl"

layout(constant_id = 3) const uint MODE = 0;
const uint SOFTMAX = 0;

RK_IN(0, g);
RK_IN(1, y);
RK_STORAGE_OUT4(2, dx);
RK_STORAGE_OUT(2, dx1);

layout(push_constant) uniform Push {
    uint rows;
    uint cols;
} p;

void main()
{
    uint lane = RK_ROW_LANE;
    bool inside = RK_ROW < p.rows;
    uint row = inside ? RK_ROW : 0;
    RkRow r = rk_row(row * p.cols, row * p.cols + p.cols);
    vec4 sums = vec4(0.0);
    for (uint i = r.first + lane; i < r.last; i += LANES) {
        vec4 value = RK_ROW_LOAD(g, i, r, 0.0);
        sums += MODE == SOFTMAX ? value * RK_ROW_LOAD(y, i, r, 0.0) : value;
    }
    float s = rk_row_sum(rk_add4(sums));
    if (!inside)
        return;
    for (uint i = r.first + lane; i < r.last; i += LANES) {
        vec4 gi = RK_LOAD4(g, i), yi = RK_LOAD4(y, i);
        vec4 value = MODE == SOFTMAX ? yi * (gi - s) : gi - exp(yi) * s;
        RK_ROW_STORE(dx, dx1, i, r, value)
    }
}
