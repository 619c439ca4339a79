#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Along the last dimension, with m the row's maximum and s = sum of exp(x - m):
//   SOFTMAX exp(x - m) / s    LOG_SOFTMAX x - m - log(s)    LOG_SUM_EXP m + log(s), one a row
// Bindings: 0 x f32 [rows, cols], 1 y.
// Grid: LANES lanes of a workgroup of LOCAL share a row (lib/rows.glsl).
// Numerics: no overflow for finite x. A row of nothing but minus infinity, fully masked, has
// softmax 0 and log-softmax minus infinity. Where the maximum is infinite nothing is subtracted.
// NaN comes through.
//
// rk-compile: softmax
// rk-compile: softmax.texel -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "lib/tensor.glsl"
#include "lib/rows.glsl"

layout(constant_id = 3) const uint MODE = 0;
const uint SOFTMAX = 0, LOG_SOFTMAX = 1, LOG_SUM_EXP = 2;

RK_IN(0, x);
RK_STORAGE_OUT4(1, y);
RK_STORAGE_OUT(1, y1);

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

    vec4 most = vec4(RK_MINUS_INFINITY);
    for (uint i = r.first + lane; i < r.last; i += LANES)
        most = rk_max4(most, RK_ROW_LOAD(x, i, r, RK_MINUS_INFINITY));
    float m = rk_row_max(rk_max1(rk_max1(most.x, most.y), rk_max1(most.z, most.w)));
    m = abs(m) == -RK_MINUS_INFINITY ? 0.0 : m;

    vec4 sums = vec4(0.0);
    for (uint i = r.first + lane; i < r.last; i += LANES)
        sums += exp(RK_ROW_LOAD(x, i, r, RK_MINUS_INFINITY) - m);
    float s = rk_row_sum(rk_add4(sums));
    if (!inside)
        return;
    if (MODE == LOG_SUM_EXP) {
        if (lane == 0)
            y1.v[row] = m + log(s);
        return;
    }
    float scale = s == 0.0 ? 0.0 : 1.0 / s, log_sum = log(s);
    for (uint i = r.first + lane; i < r.last; i += LANES) {
        vec4 shifted = RK_LOAD4(x, i) - m;
        vec4 value = MODE == SOFTMAX ? exp(shifted) * scale : shifted - log_sum;
        if (MODE == LOG_SOFTMAX && s == 0.0)
            value = vec4(RK_MINUS_INFINITY);
        RK_ROW_STORE(y, y1, i, r, value)
    }
}
