#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Spreads the bits of a mask out: out[n, k] = bit k % 32 of mask[n, k / 32], 0 or 1.
// Bindings: 0 mask, 1 out. Grid: a lane makes one number; no barriers. Numerics: exact.
//
// rk-compile: mask_expand
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"

layout(local_size_x_id = 0) in;

layout(set = 0, binding = 0, std430) readonly buffer Mask { uint v[]; } mask;
layout(set = 0, binding = 1, std430) writeonly buffer Result { float v[]; } result;

layout(push_constant) uniform Push {
    uint n, cols, words; // numbers of all rows, numbers and words of one
} p;

void main()
{
    uint i = RK_GLOBAL;
    if (i >= p.n)
        return;
    uint row = i / p.cols, col = i % p.cols;
    result.v[i] = float(mask.v[row * p.words + col / 32] >> (col % 32) & 1u);
}
