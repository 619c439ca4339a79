// SPDX-License-Identifier: GPL-3.0-or-later
//
// Sums of gradient rows by table row: values[u, :] = sum over e = perm[k], k in segment u, of
//   weight[e] * grad[source[e], :]
// Bindings: 0 grad f32 [m, D], 1 sorted u32 [3, n] = perm, rows, seg (ops/index.h), 2 values f32
// [n, D], 3 source u32 [n] (SOURCED), 4 weight f32 [n] (WEIGHTED). Unused ones are never read.
// Grid: an invocation for each u and run of T units of D: a vec4 with RK_WIDE (then D is one of
// vec4s), else one float. Long runs load each index less often (lavapipe, 81,920 elements of 64
// floats: a third of the time of one vec4 an invocation). No barriers.
// Numerics: f32 sums in segment order, always the same; rows past the last distinct one are zero.
//
// rk-compile: sparse_segment_sum
// rk-compile: sparse_segment_sum_wide -DRK_WIDE
// rk-compile: sparse_segment_sum_texel -DRK_WIDE -DRK_TEXEL
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint UNITS = 1; // of a row
layout(constant_id = 2) const bool SOURCED = false;
layout(constant_id = 3) const bool WEIGHTED = false;
layout(constant_id = 4) const uint LANES = 1; // invocations that share a row
const uint T = (UNITS + LANES - 1) / LANES;   // units of each

layout(push_constant) uniform Push { uint n, n_grads; };

#ifdef RK_WIDE
#define UNIT vec4
#else
#define UNIT float
#endif

#ifdef RK_TEXEL
layout(set = 0, binding = 0) uniform samplerBuffer grad;
layout(set = 0, binding = 1) uniform usamplerBuffer sorted;
layout(set = 0, binding = 3) uniform usamplerBuffer source;
layout(set = 0, binding = 4) uniform samplerBuffer weight;
#define GRAD(i)      texelFetch(grad, int(i))
#define SORTED(i)    texelFetch(sorted, int(i)).x
#define SOURCE(e)    texelFetch(source, int(e)).x
#define WEIGHT(e)    texelFetch(weight, int(e)).x
#else
layout(set = 0, binding = 0) readonly buffer Grad { UNIT grad[]; };
layout(set = 0, binding = 1) readonly buffer Sorted { uint sorted[]; };
layout(set = 0, binding = 3) readonly buffer Source { uint source[]; };
layout(set = 0, binding = 4) readonly buffer Weight { float weight[]; };
#define GRAD(i)      grad[i]
#define SORTED(i)    sorted[i]
#define SOURCE(e)    source[e]
#define WEIGHT(e)    weight[e]
#endif
layout(set = 0, binding = 2) writeonly buffer Result { UNIT result[]; };

void main()
{
    uint u = RK_GLOBAL / LANES, unit = RK_GLOBAL % LANES * T;
    if (u >= n)
        return;
    UNIT sum[T];
    for (uint t = 0; t < T; t++)
        sum[t] = UNIT(0);
    if (SORTED(n + u) != 0xffffffffu) {
        uint end = u + 1 < n ? SORTED(2 * n + u + 1) : n;
        for (uint k = SORTED(2 * n + u); k < end; k++) {
            uint e = SORTED(k), from = SOURCED ? SOURCE(e) : e;
            if (from >= n_grads)
                continue;
            float factor = WEIGHTED ? WEIGHT(e) : 1.0;
            for (uint t = 0; t < T; t++)
                if (UNITS % LANES == 0 || unit + t < UNITS)
                    sum[t] += factor * GRAD(from * UNITS + unit + t);
        }
    }
    for (uint t = 0; t < T; t++)
        if (UNITS % LANES == 0 || unit + t < UNITS)
            result[u * UNITS + unit + t] = sum[t];
}
