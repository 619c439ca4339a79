#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Second order of a factorization machine (Rendle, ICDM 2010) over feature vectors x[b, f]:
//   VECTOR  y[b, d] = sum over f' < f of x[b, f, d] x[b, f', d]    (bi-interaction pooling)
//   SCALAR  y[b] = the sum of that over d
// Bindings: 0 x f32 [B, F, D], 1 y.
// Grid: VECTOR: a lane makes four neighbouring d of a sample, LANES is 1. SCALAR: LANES lanes of a
// workgroup of LOCAL share a sample (lib/rows.glsl).
// Numerics: each vector times the sum of those before it, rather than half the difference of the
// squared sum and the sum of squares, which cancels.
//
// rk-compile: fm
// rk-compile: fm.texel -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "lib/tensor.glsl"
#include "lib/rows.glsl"

layout(constant_id = 3) const bool SCALAR = false;

RK_IN(0, x);
RK_STORAGE_OUT4(1, y);
RK_STORAGE_OUT(1, y1);

layout(push_constant) uniform Push {
    uint n_samples;
    uint f;
    uint d;
} p;

// Elements 4 k to 4 k + 3 of the vector at `at`; zeros past its end.
vec4 load(uint at, uint k)
{
    if (WHOLE)
        return RK_LOAD4(x, at / 4 + k);
    vec4 value = vec4(0.0);
    for (uint e = 0; e < 4; e++)
        if (4 * k + e < p.d)
            value[e] = RK_LOAD1(x, at + 4 * k + e);
    return value;
}

vec4 pairs(uint b, uint k)
{
    vec4 before = vec4(0.0), total = vec4(0.0);
    for (uint f = 0; f < p.f; f++) {
        vec4 value = load((b * p.f + f) * p.d, k);
        total += value * before;
        before += value;
    }
    return total;
}

void main()
{
    uint d4 = (p.d + 3) / 4;
    if (SCALAR) {
        bool inside = RK_ROW < p.n_samples;
        uint b = inside ? RK_ROW : 0;
        vec4 total = vec4(0.0);
        for (uint k = RK_ROW_LANE; k < d4; k += LANES)
            total += pairs(b, k);
        float value = rk_row_sum(rk_add4(total));
        if (inside && RK_ROW_LANE == 0)
            y1.v[b] = value;
    } else if (RK_GLOBAL < p.n_samples * d4) {
        uint b = RK_GLOBAL / d4, k = RK_GLOBAL % d4;
        vec4 value = pairs(b, k);
        if (WHOLE)
            y.v[b * d4 + k] = value;
        else
            for (uint e = 0; e < 4; e++)
                if (4 * k + e < p.d)
                    y1.v[b * p.d + 4 * k + e] = value[e];
    }
}
