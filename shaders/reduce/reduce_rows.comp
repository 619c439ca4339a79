#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Sum, mean or maximum over contiguous runs: y[o, s] = over segment s of x[o, 0..n).
// Bindings: 0 x f32 [outer, n], 1 y f32 [outer, segments].
// Grid: LANES lanes of a workgroup of LOCAL share an output; with LANES 1 there is no barrier.
// Numerics: fixed order. A lane adds blocks of 16 vec4s and then the blocks, so the rounding error
// grows with n / 64 rather than n; lanes and segments join as a tree. NaN comes through.
//
// rk-compile: reduce_rows
// rk-compile: reduce_rows.texel -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "lib/tensor.glsl"
#include "lib/rows.glsl"

layout(constant_id = 3) const uint MODE = 0;
const uint SUM = 0, MAXIMUM = 1;
const uint BLOCK = 16;

RK_IN(0, x);
RK_STORAGE_OUT(1, y);

layout(push_constant) uniform Push {
    uint outer;
    uint n;
    uint segments;
    uint segment; // elements in each but the last
    float divisor;
} p;

vec4 join(vec4 a, vec4 b)
{
    return MODE == SUM ? a + b : rk_max4(a, b);
}

void main()
{
    uint lane = RK_ROW_LANE;
    uint row = RK_ROW; // the same for all lanes that share it
    bool inside = row < p.outer * p.segments;
    uint o = inside ? row / p.segments : 0;
    uint s = inside ? row % p.segments : 0;
    uint begin = o * p.n + min(s * p.segment, p.n);
    RkRow r = rk_row(begin, o * p.n + min((s + 1) * p.segment, p.n));
    const float identity = MODE == SUM ? 0.0 : RK_MINUS_INFINITY;
    vec4 total = vec4(identity);
    for (uint i = r.first + lane; i < r.last; i += LANES * BLOCK) {
        vec4 block = vec4(identity);
        for (uint j = i; j < min(i + LANES * BLOCK, r.last); j += LANES)
            block = join(block, RK_ROW_LOAD(x, j, r, identity));
        total = join(total, block);
    }
    total.xy = join(total, total.zwzw).xy;
    float value = join(total, total.yyyy).x;
    value = MODE == SUM ? rk_row_sum(value) : rk_row_max(value);
    if (inside && lane == 0)
        y.v[row] = value / p.divisor;
}
