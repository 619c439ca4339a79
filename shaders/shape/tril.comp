#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The part of a square matrix below its diagonal as a row, and back:
//   flatten    y[b, base(i) + j] = x[b, i, j]               j < i, or j <= i with DIAGONAL
//   unflatten  y[b, i, j] = x[b, base(i) + j], zero above
// with base(i) = i (i - 1) / 2, or i (i + 1) / 2 with DIAGONAL.
// Bindings: 0 x, 1 y, words. Grid: a lane makes four neighbouring outputs; no barriers.
//
// rk-compile: tril
// rk-compile: tril.texel -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/divide.glsl"
#include "lib/grid.glsl"
#include "lib/tensor.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const bool FLATTEN = true;
layout(constant_id = 2) const bool DIAGONAL = false;

RK_IN_U(0, x);
RK_STORAGE_OUT_U4(1, y);

layout(push_constant) uniform Push {
    uint n; // outputs
    RkDivisor f;     // rows of the square
    RkDivisor pairs; // elements of the triangle
    RkDivisor square;
} p;

uint base(uint i)
{
    return DIAGONAL ? i * (i + 1) / 2 : i * (i - 1) / 2;
}

// The row that element k of a flattened triangle is in: the root of base(i) = k, put right where
// its rounding is off.
uint row_of(uint k)
{
    float root = sqrt(8.0 * float(k) + 1.0);
    uint i = uint(max(0.5 * (DIAGONAL ? root - 1.0 : root + 1.0), 0.0));
    while (base(i) > k)
        i--;
    while (base(i + 1) <= k)
        i++;
    return i;
}

void main()
{
    uint lane = RK_GLOBAL;
    if (4 * lane >= p.n)
        return;
    uvec4 value = uvec4(0);
    for (uint e = 0; e < 4; e++) {
        uint k = min(4 * lane + e, p.n - 1);
        if (FLATTEN) {
            uint j = rk_split(k, p.pairs), i = row_of(j);
            value[e] = RK_LOAD1(x, k * p.square.by + i * p.f.by + j - base(i));
        } else {
            uint i = rk_split(k, p.square), j = rk_split(i, p.f);
            if (DIAGONAL ? j <= i : j < i)
                value[e] = RK_LOAD1(x, k * p.pairs.by + base(i) + j);
        }
    }
    y.v[lane] = value;
}
