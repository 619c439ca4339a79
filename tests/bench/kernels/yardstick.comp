#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The product that every other is measured against: 16x16 tiles of A [M, K] and B [K, N] in shared
// memory, one number of the result a thread, nothing clever. M, N and K are multiples of 16.
// Bindings: 0 A, 1 B, 2 out. Grid: a workgroup a tile, along N, then M. Barriers: around each tile's
// use. Numerics: fp32, sums along K.
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"

layout(local_size_x = 16, local_size_y = 16) in;

layout(set = 0, binding = 0, std430) readonly buffer A { float v[]; } a;
layout(set = 0, binding = 1, std430) readonly buffer B { float v[]; } b;
layout(set = 0, binding = 2, std430) writeonly buffer Result { float v[]; } result;

layout(push_constant) uniform Push {
    uint m, n, k;
    uint tiles_n, groups;
} p;

shared float tile_a[16][16], tile_b[16][16];

void main()
{
    uint group = RK_GROUP;
    if (group >= p.groups)
        return;
    uint x = gl_LocalInvocationID.x, y = gl_LocalInvocationID.y;
    uint row = group / p.tiles_n * 16 + y, col = group % p.tiles_n * 16 + x;
    float sum = 0.0;
    for (uint k = 0; k < p.k; k += 16) {
        tile_a[y][x] = a.v[row * p.k + k + x];
        tile_b[y][x] = b.v[(k + y) * p.n + col];
        barrier();
        for (uint i = 0; i < 16; i++)
            sum += tile_a[y][i] * tile_b[i][x];
        barrier();
    }
    result.v[row * p.n + col] = sum;
}
