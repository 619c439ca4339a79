#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Mean and variance of each column over all rows, in two phases where rows are many:
//   PARTS  x [n, cols] -> per segment of rows: mean [cols], sum of squared deviations [cols]
//   MERGE  those [segments, 2, cols] -> mean [cols], variance [cols] (biased)
// Bindings: 0 x f32 or the parts, 1 y f32 [.., 2, cols].
// Grid: a lane works on four neighbouring columns of a segment; no barriers.
// Numerics: deviations are taken from the segment's own mean; segments are merged by the rule of
// Chan, Golub, LeVeque ("Algorithms for computing the sample variance", 1983), in order.
//
// rk-compile: batch_stats
// rk-compile: batch_stats.texel -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "lib/tensor.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const bool WHOLE = true; // cols is a multiple of 4
layout(constant_id = 2) const bool MERGE = false;
const uint BLOCK = 16;

RK_IN(0, x);
RK_STORAGE_OUT4(1, y);
RK_STORAGE_OUT(1, y1);

layout(push_constant) uniform Push {
    uint n; // rows of the batch
    uint cols;
    uint segments;
    uint segment; // rows in each but the last
    bool divide;  // squared deviations become a variance
} p;

vec4 load(uint row, uvec4 c)
{
    uint base = row * p.cols;
    if (WHOLE)
        return RK_LOAD4(x, (base + c.x) / 4);
    return vec4(RK_LOAD1(x, base + c.x), RK_LOAD1(x, base + c.y), RK_LOAD1(x, base + c.z),
                RK_LOAD1(x, base + c.w));
}

void store(uint row, uvec4 c, uint n, vec4 value)
{
    if (WHOLE)
        y.v[(row * p.cols + c.x) / 4] = value;
    else
        for (uint e = 0; e < 4; e++)
            if (e < n)
                y1.v[row * p.cols + c[e]] = value[e];
}

void main()
{
    uint groups = (p.cols + 3) / 4;
    uint s = RK_GLOBAL / groups, first = 4 * (RK_GLOBAL % groups);
    if (s >= (MERGE ? 1 : p.segments))
        return;
    uvec4 c = min(first + uvec4(0, 1, 2, 3), uvec4(p.cols - 1));
    vec4 mean = vec4(0.0), squares = vec4(0.0);
    float count = 0.0;
    if (MERGE) {
        for (uint k = 0; k < p.segments; k++) {
            float n = float(min(p.segment, p.n - k * p.segment));
            vec4 delta = load(2 * k, c) - mean;
            float share = n / (count + n);
            squares += load(2 * k + 1, c) + delta * delta * (count * share);
            mean += delta * share;
            count += n;
        }
    } else {
        uint begin = s * p.segment, end = min(begin + p.segment, p.n);
        count = float(end - begin);
        for (uint i = begin; i < end; i += BLOCK) {
            vec4 block = vec4(0.0);
            for (uint j = i; j < min(i + BLOCK, end); j++)
                block += load(j, c);
            mean += block;
        }
        mean /= count;
        for (uint i = begin; i < end; i += BLOCK) {
            vec4 block = vec4(0.0);
            for (uint j = i; j < min(i + BLOCK, end); j++) {
                vec4 delta = load(j, c) - mean;
                block += delta * delta;
            }
            squares += block;
        }
    }
    uint n_columns = min(4, p.cols - first);
    store(2 * s, c, n_columns, mean);
    store(2 * s + 1, c, n_columns, p.divide ? squares / count : squares);
}
