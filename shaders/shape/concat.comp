#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Puts up to three parts [outer, width_k] side by side into columns from `first` of y
// [outer, width]. Three, because four storage buffers of a kind is all that Vulkan 1.1 promises;
// more parts take more dispatches.
// Bindings: 0 to 2 the parts, words (unused ones repeat part 0), 3 y.
// Grid: a lane moves four words with VECTORS (every width and column a multiple of 4), else one;
// no barriers.
//
// rk-compile: concat
// rk-compile: concat.texel -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/divide.glsl"
#include "lib/grid.glsl"
#include "lib/tensor.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const bool VECTORS = false;

RK_IN_U(0, part0);
RK_IN_U(1, part1);
RK_IN_U(2, part2);
RK_STORAGE_OUT_U4(3, y);
RK_STORAGE_OUT_U(3, y1); // the same word by word

// In words, or with VECTORS in fours.
layout(push_constant) uniform Push {
    uint n; // outer * (sum of the parts' widths)
    RkDivisor together; // that sum
    uint part_width[3];
    uint first;
    uint width;
} p;

void main()
{
    if (RK_GLOBAL >= p.n)
        return;
    uint row = RK_GLOBAL, col = rk_split(row, p.together);
    uint to = row * p.width + p.first + col;
    uint k = 0;
    for (; k < 2 && col >= p.part_width[k]; k++)
        col -= p.part_width[k];
    uint from = row * p.part_width[k] + col;
    if (VECTORS)
        y.v[to] = k == 0   ? RK_LOAD4(part0, from)
                  : k == 1 ? RK_LOAD4(part1, from)
                           : RK_LOAD4(part2, from);
    else
        y1.v[to] = k == 0   ? RK_LOAD1(part0, from)
                   : k == 1 ? RK_LOAD1(part1, from)
                            : RK_LOAD1(part2, from);
}
