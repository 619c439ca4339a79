// SPDX-License-Identifier: GPL-3.0-or-later
//
// Embedding bag and gather: out[b, :] = sum over the elements e of bag b of
//   weight[e] * (q[index[e], :] * scale[index[e]] + bias[index[e]]), divided by their number (MEAN).
// Bindings: 0 table as uvec4s, 1 index, 2 out f32 [bags, D] as vec4s, 3 ends (RAGGED), 4 weight
// (WEIGHTED), 5 scale and bias (integer tables), a pair a row or one (ONE_SCALE). Unused ones are bound to the index, never read.
// A unit is a uvec4 of a row; rows are a whole number of units and D one of vec4s (word.comp takes
// the rest). Grid: an invocation for each bag and run of T units. No barriers.
// On lavapipe a fetch costs some 60 instructions for 8 invocations, and rows come from memory: few
// invocations a bag and long runs load each index less often, and ROWS rows at once overlap their
// cache misses (4096 bags x 20 x 64 floats of 256 MB: half the time of one vec4 an invocation). A
// fetch is never under a condition, which would mask its four results. More rows at once than ROWS
// stay a rolled loop, with `words` in memory: four times slower.
// A table over the limit of one binding is walked in row ranges, a dispatch each: rows outside
// [first_row, first_row + n_rows) are skipped, and all dispatches but the first add to `out`.
// Numerics: f32 sums in element order; the bias is summed apart and added at the end.
//
// rk-compile: embed_bag_f32 -DRK_BITS=32
// rk-compile: embed_bag_f16 -DRK_BITS=16
// rk-compile: embed_bag_i8 -DRK_BITS=8
// rk-compile: embed_bag_i4 -DRK_BITS=4
// rk-compile: embed_bag_texel_f32 -DRK_BITS=32 -DRK_TEXEL
// rk-compile: embed_bag_texel_f16 -DRK_BITS=16 -DRK_TEXEL
// rk-compile: embed_bag_texel_i8 -DRK_BITS=8 -DRK_TEXEL
// rk-compile: embed_bag_texel_i4 -DRK_BITS=4 -DRK_TEXEL
#version 450
#extension GL_GOOGLE_include_directive : require
#include "embed/bag.glsl"

#define ROWS  (RK_BITS == 32 ? 8 : 4) // loaded at once
#define FOURS (32 / RK_BITS) // vec4s of numbers in a unit
const uint T = (UNITS + LANES - 1) / LANES;

#ifdef RK_TEXEL
layout(set = 0, binding = 0) uniform usamplerBuffer table;
#define TABLE(i) texelFetch(table, int(i))
#else
layout(set = 0, binding = 0) readonly buffer Table { uvec4 table[]; };
#define TABLE(i) table[i]
#endif
layout(set = 0, binding = 2) buffer Out { vec4 result[]; };

vec4 sum[T * FOURS];
float bias = 0;

// Adds a unit's numbers, the first in the lowest bits of the first word. Written out by vec4:
// drivers leave longer loops rolled, and `sum` in memory.
void add(uint at, uvec4 words, float factor)
{
#if RK_BITS == 32
    sum[at] += factor * uintBitsToFloat(words);
#elif RK_BITS == 16
    sum[at] += factor * vec4(unpackHalf2x16(words.x), unpackHalf2x16(words.y));
    sum[at + 1] += factor * vec4(unpackHalf2x16(words.z), unpackHalf2x16(words.w));
#elif RK_BITS == 8
    const uvec4 UP = uvec4(24, 16, 8, 0);
    sum[at] += factor * vec4(ivec4(words.xxxx << UP) >> 24);
    sum[at + 1] += factor * vec4(ivec4(words.yyyy << UP) >> 24);
    sum[at + 2] += factor * vec4(ivec4(words.zzzz << UP) >> 24);
    sum[at + 3] += factor * vec4(ivec4(words.wwww << UP) >> 24);
#else
    const uvec4 UP = uvec4(28, 24, 20, 16);
    for (uint w = 0; w < 4; w++) {
        sum[at + 2 * w] += factor * vec4(ivec4(uvec4(words[w]) << UP) >> 28);
        sum[at + 2 * w + 1] += factor * vec4(ivec4(uvec4(words[w]) << (UP - 16)) >> 28);
    }
#endif
}

void add_elements(uint e, uint unit, const int n)
{
    uint row[ROWS];
    float factor[ROWS];
    bool inside[ROWS];
    for (int r = 0; r < n; r++)
        bias += element(e + r, row[r], factor[r], inside[r]);
    for (uint t = 0; t < T; t++) {
        if (UNITS % LANES != 0 && unit + t >= UNITS)
            break;
        uvec4 words[ROWS];
        for (int r = 0; r < n; r++)
            words[r] = mix(uvec4(0), TABLE(row[r] * UNITS + unit + t), bvec4(inside[r]));
        for (int r = 0; r < n; r++)
            add(t * FOURS, words[r], factor[r]);
    }
}

void main()
{
    uint bag = RK_GLOBAL / LANES, unit = RK_GLOBAL % LANES * T;
    if (bag >= n_bags)
        return;
    for (uint k = 0; k < T * FOURS; k++)
        sum[k] = vec4(0);
    uint begin, end;
    bag_range(bag, begin, end);
    uint e = begin;
    if (!SINGLE)
        for (; e + ROWS <= end; e += ROWS)
            add_elements(e, unit, ROWS);
    for (; e < end; e++)
        add_elements(e, unit, 1);
    float divide = MEAN && end > begin ? 1 / float(end - begin) : 1;
    for (uint k = 0; k < T * FOURS; k++) {
        uint col = 4 * (unit * FOURS + k);
        if (col >= n_cols) // the padding of a row
            break;
        uint at = (bag * n_cols + col) / 4;
        vec4 four = (sum[k] + bias) * divide;
        result[at] = ADD ? result[at] + four : four;
    }
}
