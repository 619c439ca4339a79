#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// out[n] = u(n) >= P ? 1 / (1 - P) : 0, u(n) uniform from Philox with key (seed), counter
// (n / 4, 0, stream, step): the same mask for the same step on any device.
// Bindings: 0 rng state (seed low, seed high, step), 1 the output. Grid: a lane four outputs.
//
// rk-compile: dropout_mask
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "lib/rng.glsl"

layout(local_size_x_id = 0) in;
layout(set = 0, binding = 0, std430) readonly buffer Rng { uint word[]; } rng;
layout(set = 0, binding = 1, std430) writeonly buffer Out { vec4 v[]; } y;
layout(push_constant) uniform Push {
    uint n4;
    float p;
    uint stream;
} p;

void main()
{
    uint i = RK_GLOBAL;
    if (i >= p.n4)
        return;
    uvec4 bits = rk_philox(uvec4(i, 0u, p.stream, rng.word[2]), uvec2(rng.word[0], rng.word[1]));
    vec4 u = vec4(bits >> 8) * 5.9604644775390625e-8; // 2^-24
    y.v[i] = mix(vec4(0.0), vec4(1.0 / (1.0 - p.p)), greaterThanEqual(u, vec4(p.p)));
}
