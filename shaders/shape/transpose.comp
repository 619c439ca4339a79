#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Transposes that move the last dimension, in blocks of 4 x 4 words: with j the dimension of y
// that is x's last, a lane reads four vec4s along j and writes four vec4s along the last dimension
// of y. The last extents of x and of y are multiples of 4.
// Bindings: 0 x, 1 y, both words. Grid: a lane a block, neighbours along j; no barriers.
//
// rk-compile: transpose
// rk-compile: transpose.texel -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/divide.glsl"
#include "lib/grid.glsl"
#include "lib/tensor.glsl"

layout(local_size_x_id = 0) in;

RK_IN_U(0, x);
RK_STORAGE_OUT_U4(1, y);

layout(push_constant) uniform Push {
    uint n;              // blocks
    RkDivisor j_blocks;  // blocks along j
    RkDivisor last;      // blocks along y's last dimension
    RkDivisor middle;    // extent of the second of the other two dimensions
    uint in_stride[4];   // in x, in words, of: j (is 1), y's last, the second other, the first
    uint out_stride[4];  // in y, in words, of the same (the second is 1)
} p;

void main()
{
    uint rest = RK_GLOBAL;
    if (rest >= p.n)
        return;
    uint j = 4 * rk_split(rest, p.j_blocks), c = 4 * rk_split(rest, p.last);
    uint second = rk_split(rest, p.middle);
    uint from = j + c * p.in_stride[1] + second * p.in_stride[2] + rest * p.in_stride[3];
    uint to = j * p.out_stride[0] + c + second * p.out_stride[2] + rest * p.out_stride[3];
    uvec4 r0 = RK_LOAD4(x, from / 4);
    uvec4 r1 = RK_LOAD4(x, (from + p.in_stride[1]) / 4);
    uvec4 r2 = RK_LOAD4(x, (from + 2 * p.in_stride[1]) / 4);
    uvec4 r3 = RK_LOAD4(x, (from + 3 * p.in_stride[1]) / 4);
    y.v[to / 4] = uvec4(r0.x, r1.x, r2.x, r3.x);
    y.v[(to + p.out_stride[0]) / 4] = uvec4(r0.y, r1.y, r2.y, r3.y);
    y.v[(to + 2 * p.out_stride[0]) / 4] = uvec4(r0.z, r1.z, r2.z, r3.z);
    y.v[(to + 3 * p.out_stride[0]) / 4] = uvec4(r0.w, r1.w, r2.w, r3.w);
}
