#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Moving average of batch statistics, in place: r += momentum (s - r), the variance's s made
// unbiased first.
// Bindings: 0 r f32 [2, cols], 1 s [2, cols]. Grid: a lane updates one number; no barriers.
//
// rk-compile: running_stats
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "lib/tensor.glsl"

layout(local_size_x_id = 0) in;

RK_STORAGE_OUT(0, r);
RK_IN(1, s);

layout(push_constant) uniform Push {
    uint cols;
    float momentum;
    float unbias; // rows / (rows - 1)
} p;

void main()
{
    uint i = RK_GLOBAL;
    if (i >= 2 * p.cols)
        return;
    float target = RK_LOAD1(s, i) * (i < p.cols ? 1.0 : p.unbias);
    r.v[i] += p.momentum * (target - r.v[i]);
}
