#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// d loss / d z of pairwise_dot: dz[b, i] = sum over j of s(i, j) z[b, j], where s(i, j) is the
// gradient of the pair {i, j}; with DIAGONAL s(i, i) counts twice.
// Bindings: 0 g f32 [B, pairs], 1 z f32 [B, F, D], 2 dz.
// Grid: a lane makes COLUMNS neighbouring vec4s of TILE feature vectors; no barriers.
//
// rk-compile: pairwise_dot_grad
// rk-compile: pairwise_dot_grad.texel -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "lib/tensor.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const bool WHOLE = true; // D is a multiple of 4
layout(constant_id = 2) const bool DIAGONAL = false;
layout(constant_id = 3) const uint TILE = 4;
layout(constant_id = 4) const uint COLUMNS = 1; // divides D / 4, or is 1

RK_IN(0, g);
RK_IN(1, z);
RK_STORAGE_OUT4(2, dz);
RK_STORAGE_OUT(2, dz1); // the same, number by number

layout(push_constant) uniform Push {
    uint n_samples;
    uint f;
    uint d;
    uint blocks; // f / TILE, rounded up
} p;

uint base(uint i)
{
    return DIAGONAL ? i * (i + 1) / 2 : i * (i - 1) / 2;
}

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
    uint groups = ((p.d + 3) / 4 + COLUMNS - 1) / COLUMNS;
    uint k = RK_GLOBAL % groups * COLUMNS, block = RK_GLOBAL / groups % p.blocks;
    uint b = RK_GLOBAL / (groups * p.blocks);
    if (b >= p.n_samples)
        return;
    uint i0 = block * TILE, sample_at = b * p.f * p.d, g_at = b * base(p.f);
    vec4 sums[TILE * COLUMNS];
    for (uint i = 0; i < TILE * COLUMNS; i++)
        sums[i] = vec4(0.0);
    for (uint j = 0; j < p.f; j++) {
        vec4 zj[COLUMNS];
        for (uint l = 0; l < COLUMNS; l++)
            zj[l] = load(sample_at + j * p.d, k + l);
        for (uint i = 0; i < TILE; i++) {
            uint row = min(i0 + i, p.f - 1);
            float s = RK_LOAD1(g, g_at + base(max(row, j)) + min(row, j));
            if (row == j)
                s = DIAGONAL ? 2.0 * s : 0.0;
            for (uint l = 0; l < COLUMNS; l++)
                sums[i * COLUMNS + l] += s * zj[l];
        }
    }
    for (uint i = 0; i < TILE; i++) { // whole, or drivers keep the loop and an indexed array
        if (i0 + i >= p.f)
            continue;
        for (uint l = 0; l < COLUMNS; l++) {
            uint at = sample_at + (i0 + i) * p.d + 4 * (k + l);
            vec4 value = sums[i * COLUMNS + l];
            if (WHOLE)
                dz.v[at / 4] = value;
            else
                for (uint e = 0; e < 4; e++)
                    if (4 * (k + l) + e < p.d)
                        dz1.v[at + e] = value[e];
        }
    }
}
