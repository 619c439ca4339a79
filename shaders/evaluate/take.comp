#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// y[row, i] = x[row, index[row, i]]; minus infinity for an index past the row.
// Bindings: 0 x f32 [rows, n], 1 index u32 [rows, k], 2 y. Grid: a lane an output; no barriers.
//
// rk-compile: take
// rk-compile: take.texel -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/divide.glsl"
#include "lib/grid.glsl"
#include "lib/tensor.glsl"

layout(local_size_x_id = 0) in;

RK_IN(0, x);
RK_IN_U(1, index);
RK_STORAGE_OUT(2, y);

layout(push_constant) uniform Push {
    uint n_outputs;
    uint n;
    RkDivisor k;
} p;

void main()
{
    if (RK_GLOBAL >= p.n_outputs)
        return;
    uint column = RK_LOAD1(index, RK_GLOBAL);
    float value = uintBitsToFloat(0xff800000u);
    if (column < p.n)
        value = RK_LOAD1(x, rk_quotient(RK_GLOBAL, p.k) * p.n + column);
    y.v[RK_GLOBAL] = value;
}
