#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// y[i0, i1, i2, i3] = x[sum of (ik - shift_k) * stride_k], or zero where ik - shift_k is outside
// [0, extent_k): transposes, slices, pads and broadcasts. Words are moved as they are, except that
// SCALED multiplies floats by a factor.
// Bindings: 0 x, 1 y, both words. Grid: a lane makes four neighbouring outputs; no barriers.
// MODE: VECTORS when the four come from one vec4; SPLAT when from one number; ELEMENTS otherwise.
//
// rk-compile: copy
// rk-compile: copy.texel -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/divide.glsl"
#include "lib/grid.glsl"
#include "lib/tensor.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint MODE = 0;
layout(constant_id = 2) const bool SCALED = false;
const uint ELEMENTS = 0, VECTORS = 1, SPLAT = 2;

RK_IN_U(0, x);
RK_STORAGE_OUT_U4(1, y);

layout(push_constant) uniform Push {
    uint n; // outputs
    RkDivisor dim[3]; // extents of the three inner dimensions of y
    int shift[4];
    uint extent[4];
    uint stride[4];
    float factor;
} p;

// Index into x of element i of y; ~0 for a zero.
uint source(uint i)
{
    uint at[4];
    at[3] = rk_split(i, p.dim[2]);
    at[2] = rk_split(i, p.dim[1]);
    at[1] = rk_split(i, p.dim[0]);
    at[0] = i;
    uint index = 0;
    bool inside = true;
    for (int k = 0; k < 4; k++) {
        uint c = at[k] - uint(p.shift[k]); // below zero wraps to more than any extent
        inside = inside && c < p.extent[k];
        index += c * p.stride[k];
    }
    return inside ? index : ~0u;
}

void main()
{
    uint i = RK_GLOBAL;
    if (4 * i >= p.n)
        return;
    uvec4 value = uvec4(0);
    if (MODE == ELEMENTS) {
        for (uint e = 0; e < 4; e++) {
            uint at = source(4 * i + e);
            if (at != ~0u)
                value[e] = RK_LOAD1(x, at);
        }
    } else {
        uint at = source(4 * i);
        if (at != ~0u && MODE == VECTORS)
            value = RK_LOAD4(x, at / 4);
        else if (at != ~0u)
            value = uvec4(RK_LOAD1(x, at));
    }
    if (SCALED)
        value = floatBitsToUint(uintBitsToFloat(value) * p.factor);
    y.v[i] = value;
}
