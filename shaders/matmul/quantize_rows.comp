#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// i8 activations: out[m, k] = round(x[m, k] / scale[m]) clamped to -127..127, four in a word, rows
// padded to a word with zeros.
// Bindings: 0 x, 1 scale, 2 out. Grid: a lane makes a word; no barriers. Numerics: times the
// reciprocal in fp32, ties to even; NaN becomes 0.
//
// rk-compile: quantize_rows
// rk-compile: quantize_rows.texel -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "lib/tensor.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const bool ALIGNED = true; // rows are whole vec4s
layout(constant_id = 2) const bool ONE_SCALE = false;

RK_IN(0, x);
RK_IN(1, scale);
layout(set = 0, binding = 2, std430) writeonly buffer Result { uint v[]; } result;

layout(push_constant) uniform Push {
    uint n, cols, words; // words of all rows, numbers and words of one
} p;

void main()
{
    uint i = RK_GLOBAL;
    if (i >= p.n)
        return;
    uint row = i / p.words, col = i % p.words * 4;
    vec4 v = vec4(0.0);
    if (ALIGNED) {
        v = RK_LOAD4(x, (row * p.cols + col) >> 2);
    } else {
        for (uint c = 0; c < 4; c++)
            if (col + c < p.cols)
                v[c] = RK_LOAD1(x, row * p.cols + col + c);
    }
    v = roundEven(v * (1.0 / RK_LOAD1(scale, ONE_SCALE ? 0 : row)));
    v = mix(vec4(0.0), clamp(v, -127.0, 127.0), equal(v, v));
    uvec4 q = uvec4(ivec4(v)) & 255u;
    result.v[i] = q.x | q.y << 8 | q.z << 16 | q.w << 24;
}
