#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Sum, mean or maximum along a dimension that isn't the last:
// y[o, s, c] = over segment s of x[o, 0..n, c].
// Bindings: 0 x f32 [outer, n, inner], 1 y f32 [outer, segments, inner].
// Grid: a lane makes four neighbouring outputs; no barriers.
// Numerics: fixed order; a lane adds blocks of 16 and then the blocks. NaN comes through.
//
// rk-compile: reduce_cols
// rk-compile: reduce_cols.texel -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "lib/tensor.glsl"
#include "lib/rows.glsl"

layout(constant_id = 3) const uint MODE = 0;
const uint SUM = 0, MAXIMUM = 1;
const uint BLOCK = 16;

RK_IN(0, x);
RK_OUT(1, y);

layout(push_constant) uniform Push {
    uint n;
    uint inner; // with WHOLE a multiple of 4
    uint segments;
    uint segment; // in each but the last
    uint outputs;
    float divisor;
} p;

vec4 load(uvec4 base, uvec4 j)
{
    uvec4 at = base + j * p.inner;
    if (WHOLE)
        return RK_LOAD4(x, at.x / 4);
    return vec4(RK_LOAD1(x, at.x), RK_LOAD1(x, at.y), RK_LOAD1(x, at.z), RK_LOAD1(x, at.w));
}

vec4 join(vec4 a, vec4 b)
{
    return MODE == SUM ? a + b : rk_max4(a, b);
}

void main()
{
    if (4 * RK_GLOBAL >= p.outputs)
        return;
    uvec4 e = min(4 * RK_GLOBAL + uvec4(0, 1, 2, 3), uvec4(p.outputs - 1));
    uvec4 c = e % p.inner;
    uvec4 s = e / p.inner % p.segments;
    uvec4 base = e / (p.inner * p.segments) * (p.n * p.inner) + c;
    // Four outputs may belong to two segments, of which the last is shorter.
    uvec4 begin = s * p.segment;
    uvec4 length = min(uvec4(p.n) - min(begin, uvec4(p.n)), uvec4(p.segment));
    base += min(begin, uvec4(p.n)) * p.inner;
    uint longest = max(max(length.x, length.y), max(length.z, length.w));
    const vec4 identity = vec4(MODE == SUM ? 0.0 : RK_MINUS_INFINITY);
    vec4 total = identity;
    for (uint i = 0; i < longest; i += BLOCK) {
        vec4 block = identity;
        for (uint j = i; j < min(i + BLOCK, longest); j++) {
            vec4 value = load(base, min(uvec4(j), max(length, 1) - 1));
            block = join(block, mix(identity, value, lessThan(uvec4(j), length)));
        }
        total = join(total, block);
    }
    RK_STORE4(y, RK_GLOBAL, total / p.divisor);
}
