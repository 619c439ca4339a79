#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// One pointwise op, or a chain of up to SLOTS of them in registers: r = op_k(... op_1(inputs)).
// Bindings: 0 to 3 the inputs (unused ones repeat input 0), 4 the output.
// Grid: a lane makes four neighbouring outputs; no barriers. Numerics: the driver's fp32.
// A lane's operands are loaded by mode: FULL as they stand, SCALAR one number for all, ROW a
// vector along the last dimension (its extent a multiple of 4), COLUMN one number a row
// (likewise), STRIDED any broadcast, number by number.
//
// rk-compile: pointwise -DSLOTS=1
// rk-compile: pointwise.texel -DSLOTS=1 -DRK_TEXEL
// rk-compile: fused -DSLOTS=6
// rk-compile: fused.texel -DSLOTS=6 -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "lib/tensor.glsl"
#include "pointwise/functions.glsl"

layout(local_size_x_id = 0) in;

const uint FULL = 0, SCALAR = 1, ROW = 2, COLUMN = 3, STRIDED = 4, UNUSED = 5;
layout(constant_id = 1) const uint MODE0 = 0;
layout(constant_id = 2) const uint MODE1 = 0;
layout(constant_id = 3) const uint MODE2 = 0;
layout(constant_id = 4) const uint MODE3 = 0;

RK_IN(0, in0);
RK_IN(1, in1);
RK_IN(2, in2);
RK_IN(3, in3);
RK_OUT(4, result);

layout(push_constant) uniform Push {
    uint n4;        // outputs in vec4s, the last one possibly partial
    uint cols4;     // vec4s in a row, for ROW and COLUMN
    uint dim[3];    // extents of the three inner dimensions
    uint stride[16]; // [input][dimension], 0 along a broadcast one
} p;

uint strided(uint k, uint i)
{
    uint d3 = i % p.dim[2];
    i /= p.dim[2];
    uint d2 = i % p.dim[1];
    i /= p.dim[1];
    uint d1 = i % p.dim[0];
    uint d0 = i / p.dim[0];
    return d0 * p.stride[4 * k] + d1 * p.stride[4 * k + 1] + d2 * p.stride[4 * k + 2] +
           d3 * p.stride[4 * k + 3];
}

#define LOAD(mode, k, name, i, value)                                                          \
    if (mode == FULL)                                                                          \
        value = RK_LOAD4(name, i);                                                             \
    else if (mode == SCALAR)                                                                   \
        value = vec4(RK_LOAD4(name, 0).x);                                                     \
    else if (mode == ROW)                                                                      \
        value = RK_LOAD4(name, i % p.cols4);                                                   \
    else if (mode == COLUMN)                                                                   \
        value = vec4(RK_LOAD1(name, i / p.cols4));                                             \
    else if (mode == STRIDED)                                                                  \
        for (uint e = 0; e < 4; e++)                                                           \
            value[e] = RK_LOAD1(name, strided(k, 4 * i + e));

// Slot s: constants 8 + 7 s: code, four sources (0 to 3 inputs, 4 + k the result of slot k), P, Q.
#define SLOT(s, base)                                         \
    layout(constant_id = base) const uint CODE##s = 0;        \
    layout(constant_id = base + 1) const uint SA##s = 0;      \
    layout(constant_id = base + 2) const uint SB##s = 0;      \
    layout(constant_id = base + 3) const uint SC##s = 0;      \
    layout(constant_id = base + 4) const uint SD##s = 0;      \
    layout(constant_id = base + 5) const float P##s = 0;      \
    layout(constant_id = base + 6) const float Q##s = 0;
#define RUN(s) r[4 + s] = rk_pointwise(CODE##s, r[SA##s], r[SB##s], r[SC##s], r[SD##s], P##s, Q##s)

layout(constant_id = 5) const uint LAST = 0; // index of the chain's last slot
SLOT(0, 8)
#if SLOTS > 1
SLOT(1, 15)
SLOT(2, 22)
SLOT(3, 29)
SLOT(4, 36)
SLOT(5, 43)
#endif

void main()
{
    uint i = RK_GLOBAL;
    if (i >= p.n4)
        return;
    vec4 r[4 + SLOTS];
    for (uint k = 0; k < 4 + SLOTS; k++)
        r[k] = vec4(0.0);
    LOAD(MODE0, 0, in0, i, r[0])
    LOAD(MODE1, 1, in1, i, r[1])
    LOAD(MODE2, 2, in2, i, r[2])
    LOAD(MODE3, 3, in3, i, r[3])
    RUN(0);
#if SLOTS > 1
    if (LAST >= 1)
        RUN(1);
    if (LAST >= 2)
        RUN(2);
    if (LAST >= 3)
        RUN(3);
    if (LAST >= 4)
        RUN(4);
    if (LAST >= 5)
        RUN(5);
#endif
    RK_STORE4(result, i, r[4 + LAST]);
}
