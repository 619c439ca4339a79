#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Dot products of all pairs of feature vectors of a sample, flattened: DLRM's interaction (Naumov
// et al., https://arxiv.org/abs/1906.00091). y[b, base(i) + j] = z[b, i] . z[b, j] for j < i, or
// j <= i with DIAGONAL; base(i) = i (i - 1) / 2, or i (i + 1) / 2.
// Bindings: 0 z f32 [B, F, D], 1 y f32 [B, pairs] as single floats.
// Grid: a lane makes a TILE x TILE block of pairs of one sample; no barriers.
// Numerics: a fixed order along D, four partial sums.
//
// rk-compile: pairwise_dot
// rk-compile: pairwise_dot.texel -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "lib/tensor.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const bool WHOLE = true; // D is a multiple of 4
layout(constant_id = 2) const bool DIAGONAL = false;
layout(constant_id = 3) const uint TILE = 4;

RK_IN(0, z);
RK_STORAGE_OUT(1, y);

layout(push_constant) uniform Push {
    uint n_samples;
    uint f;
    uint d;
    uint blocks; // rows of blocks: f / TILE, rounded up
} p;

uint base(uint i)
{
    return DIAGONAL ? i * (i + 1) / 2 : i * (i - 1) / 2;
}

// vec4 number k of a feature vector that begins at element `at`; zeros past its end.
vec4 load(uint at, uint k)
{
    if (WHOLE)
        return RK_LOAD4(z, at / 4 + k);
    vec4 value = vec4(0.0);
    for (uint e = 0; e < 4; e++)
        if (4 * k + e < p.d)
            value[e] = RK_LOAD1(z, at + 4 * k + e);
    return value;
}

void main()
{
    uint tiles = p.blocks * (p.blocks + 1) / 2;
    uint b = RK_GLOBAL / tiles, t = RK_GLOBAL % tiles;
    if (b >= p.n_samples)
        return;
    uint ib = uint(0.5 * (sqrt(8.0 * float(t) + 1.0) - 1.0)); // block row, right up to rounding
    while (ib * (ib + 1) / 2 > t)
        ib--;
    while ((ib + 1) * (ib + 2) / 2 <= t)
        ib++;
    uint i0 = ib * TILE, j0 = (t - ib * (ib + 1) / 2) * TILE;
    uint sample_at = b * p.f * p.d;

    float sums[TILE][TILE];
    for (uint i = 0; i < TILE; i++)
        for (uint j = 0; j < TILE; j++)
            sums[i][j] = 0.0;
    for (uint k = 0; k < (p.d + 3) / 4; k++) {
        vec4 left[TILE];
        for (uint i = 0; i < TILE; i++)
            left[i] = load(sample_at + min(i0 + i, p.f - 1) * p.d, k);
        for (uint j = 0; j < TILE; j++) {
            vec4 right = load(sample_at + min(j0 + j, p.f - 1) * p.d, k);
            for (uint i = 0; i < TILE; i++)
                sums[i][j] += dot(left[i], right);
        }
    }
    uint out_at = b * base(p.f);
    for (uint i = 0; i < TILE; i++)
        for (uint j = 0; j < TILE; j++)
            if (i0 + i < p.f && (DIAGONAL ? j0 + j <= i0 + i : j0 + j < i0 + i))
                y.v[out_at + base(i0 + i) + j0 + j] = sums[i][j];
}
