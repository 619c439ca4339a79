#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Adds the parts of a product whose K was split and finishes it:
// out[i] = act(scale * sum over s of parts[s, i] + bias).
// Bindings: 0 parts f32 [splits, n], 1 bias, 2 scales, 3 scales of A's rows, 4 out. Absent ones
// repeat the parts. Grid: a lane makes one number; no barriers. Numerics: fp32, parts in order.
//
// rk-compile: product_sum
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "pointwise/functions.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint ACT = ~0u;
layout(constant_id = 2) const float ACT_P = 0.0;
layout(constant_id = 3) const bool BIAS = false;
layout(constant_id = 4) const uint SCALE = 0; // 1 a number for each column, 3 one; groups are in the parts
layout(constant_id = 5) const uint SCALE_A = 0; // 1 a number for each row, 2 one for all

layout(set = 0, binding = 0, std430) readonly buffer Parts { float v[]; } parts;
layout(set = 0, binding = 1, std430) readonly buffer Bias { float v[]; } bias;
layout(set = 0, binding = 2, std430) readonly buffer Scale { float v[]; } scale;
layout(set = 0, binding = 3, std430) readonly buffer ScaleA { float v[]; } a_scale;
layout(set = 0, binding = 4, std430) writeonly buffer Result { float v[]; } result;

layout(push_constant) uniform Push {
    uint n, cols, splits;
} p;

void main()
{
    uint i = RK_GLOBAL;
    if (i >= p.n)
        return;
    float sum = 0.0;
    for (uint s = 0; s < p.splits; s++)
        sum += parts.v[s * p.n + i];
    uint col = i % p.cols;
    if (SCALE == 1 || SCALE == 3)
        sum *= scale.v[SCALE == 1 ? col : 0];
    if (SCALE_A != 0)
        sum *= a_scale.v[SCALE_A == 1 ? i / p.cols : 0];
    if (BIAS)
        sum += bias.v[col];
    vec4 v = vec4(sum);
    result.v[i] = ACT == ~0u ? sum : rk_pointwise(ACT, v, v, v, v, ACT_P, 0.0).x;
}
