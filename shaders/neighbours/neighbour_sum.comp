#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// y[b, c] = sum over n of weight[i, n] where bit neighbour[i, n] of had[b] is set, i = item[b, c];
// an item past the table gives 0.
// Bindings: 0 neighbour u32 [rows, k], 1 weight f32 [rows, k], 2 had u32 [B, words], 3 item u32
// [B, C] or [1, C], 4 y f32 [B, C]. Grid: a lane an output; no barriers. Numerics: a sum in order
// of n.
//
// rk-compile: neighbour_sum
// rk-compile: neighbour_sum.texel -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/divide.glsl"
#include "lib/grid.glsl"
#include "lib/tensor.glsl"

layout(local_size_x_id = 0) in;

RK_IN_U(0, neighbour);
RK_IN(1, weight);
RK_IN_U(2, had);
RK_IN_U(3, item);
RK_STORAGE_OUT(4, y);

layout(push_constant) uniform Push {
    uint n_outputs;
    uint rows;
    uint k;
    uint words;
    uint shared_items; // 1: [1, C]
    RkDivisor c;
    uint n_c;
} p;

void main()
{
    if (RK_GLOBAL >= p.n_outputs)
        return;
    uint row = rk_quotient(RK_GLOBAL, p.c);
    uint place = p.shared_items == 1u ? RK_GLOBAL - row * p.n_c : RK_GLOBAL;
    uint i = RK_LOAD1(item, place);
    float sum = 0.0;
    if (i < p.rows) {
        for (uint n = 0u; n < p.k; n++) {
            uint near = RK_LOAD1(neighbour, i * p.k + n);
            uint word = near >> 5u;
            if (word < p.words && (RK_LOAD1(had, row * p.words + word) >> (near & 31u) & 1u) == 1u)
                sum += RK_LOAD1(weight, i * p.k + n);
        }
    }
    y.v[RK_GLOBAL] = sum;
}
