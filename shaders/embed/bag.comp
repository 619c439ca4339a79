// SPDX-License-Identifier: GPL-3.0-or-later
//
// Embedding bag and gather: out[b, :] = sum over the elements e of bag b of
//   weight[e] * (q[index[e], :] * scale[index[e]] + bias[index[e]]), divided by their number (MEAN).
// Bindings: 0 table as words, 1 index, 2 out f32 [bags, D], 3 ends (RAGGED), 4 weight (WEIGHTED),
// 5 scale and bias (integer tables). Unused ones are bound to the index and never read.
// Grid: an invocation for each bag and unit of its row; a unit is a 32-bit word, or, with RK_WIDE,
// four (then a row is a whole number of units and D of vec4s). No barriers.
// A table over the limit of one binding is walked in row ranges, a dispatch each: rows outside
// [first_row, first_row + n_rows) are skipped, and all dispatches but the first add to `out`.
// Numerics: f32 sums in element order; the bias is summed apart and added at the end.
//
// rk-compile: embed_bag_f32 -DRK_BITS=32
// rk-compile: embed_bag_f16 -DRK_BITS=16
// rk-compile: embed_bag_i8 -DRK_BITS=8
// rk-compile: embed_bag_i4 -DRK_BITS=4
// rk-compile: embed_bag_wide_f32 -DRK_BITS=32 -DRK_WIDE
// rk-compile: embed_bag_wide_f16 -DRK_BITS=16 -DRK_WIDE
// rk-compile: embed_bag_wide_i8 -DRK_BITS=8 -DRK_WIDE
// rk-compile: embed_bag_wide_i4 -DRK_BITS=4 -DRK_WIDE
// rk-compile: embed_bag_texel_f32 -DRK_BITS=32 -DRK_WIDE -DRK_TEXEL
// rk-compile: embed_bag_texel_f16 -DRK_BITS=16 -DRK_WIDE -DRK_TEXEL
// rk-compile: embed_bag_texel_i8 -DRK_BITS=8 -DRK_WIDE -DRK_TEXEL
// rk-compile: embed_bag_texel_i4 -DRK_BITS=4 -DRK_WIDE -DRK_TEXEL
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint UNITS = 1;   // of a row
layout(constant_id = 2) const uint PER_BAG = 0; // elements of every bag; 0: see push constants
layout(constant_id = 3) const bool RAGGED = false;
layout(constant_id = 4) const bool WEIGHTED = false;
layout(constant_id = 5) const bool MEAN = false;
layout(constant_id = 6) const bool ADD = false; // not the first row range

layout(push_constant) uniform Push
{
    uint n_bags, per_bag, n_cols;
    uint first_row, n_rows;
};

#if RK_BITS <= 8
#define SCALED
#endif
#define VALUES (32 / RK_BITS) // of a word

#ifdef RK_TEXEL
layout(set = 0, binding = 0) uniform usamplerBuffer table;
layout(set = 0, binding = 1) uniform usamplerBuffer index;
layout(set = 0, binding = 3) uniform usamplerBuffer ends;
layout(set = 0, binding = 4) uniform samplerBuffer weight;
layout(set = 0, binding = 5) uniform samplerBuffer scale;
#define TABLE(i)  texelFetch(table, int(i))
#define INDEX(e)  texelFetch(index, int(e)).x
#define END(b)    texelFetch(ends, int(b)).x
#define WEIGHT(e) texelFetch(weight, int(e)).x
#else
#ifdef RK_WIDE
#define UNIT uvec4
#else
#define UNIT uint
#endif
layout(set = 0, binding = 0) readonly buffer Table { UNIT table[]; };
layout(set = 0, binding = 1) readonly buffer Index { uint index[]; };
layout(set = 0, binding = 3) readonly buffer Ends { uint ends[]; };
layout(set = 0, binding = 4) readonly buffer Weight { float weight[]; };
layout(set = 0, binding = 5) readonly buffer Scale { vec2 scale[]; };
#define TABLE(i)  table[i]
#define INDEX(e)  index[e]
#define END(b)    ends[b]
#define WEIGHT(e) weight[e]
#endif

#ifdef RK_WIDE
#define N_SUMS (4 * VALUES)
#ifdef RK_TEXEL
layout(set = 0, binding = 2, rgba32f) uniform imageBuffer result;
#define LOAD_OUT(i)     imageLoad(result, int(i))
#define STORE_OUT(i, x) imageStore(result, int(i), x)
#else
layout(set = 0, binding = 2) buffer Out { vec4 result[]; };
#define LOAD_OUT(i)     result[i]
#define STORE_OUT(i, x) result[i] = x
#endif
#else
#define N_SUMS VALUES
layout(set = 0, binding = 2) buffer Out { float result[]; };
#endif

vec2 scale_of(uint row)
{
#ifdef RK_TEXEL
    vec4 two = texelFetch(scale, int(row >> 1));
    return (row & 1u) == 0u ? two.xy : two.zw;
#else
    return scale[row];
#endif
}

// The numbers of one word, the first in the lowest bits.
void unpack(uint word, out float value[VALUES])
{
#if RK_BITS == 32
    value[0] = uintBitsToFloat(word);
#elif RK_BITS == 16
    vec2 two = unpackHalf2x16(word);
    value[0] = two.x;
    value[1] = two.y;
#else
    for (int k = 0; k < VALUES; k++)
        value[k] = float(int(word << (32 - RK_BITS - RK_BITS * k)) >> (32 - RK_BITS));
#endif
}

void add_word(uint word, float factor, uint at, inout float sum[N_SUMS])
{
    float value[VALUES];
    unpack(word, value);
    for (int k = 0; k < VALUES; k++)
        sum[at + k] += factor * value[k];
}

void main()
{
    uint bag = RK_GLOBAL / UNITS, unit = RK_GLOBAL % UNITS;
    if (bag >= n_bags)
        return;
    uint count = PER_BAG > 0 ? PER_BAG : per_bag, begin = bag * count;
    if (RAGGED) {
        begin = bag > 0 ? END(bag - 1) : 0;
        count = max(END(bag), begin) - begin;
    }
    float sum[N_SUMS], bias = 0;
    for (int k = 0; k < N_SUMS; k++)
        sum[k] = 0;
    for (uint e = begin; e < begin + count; e++) {
        uint row = INDEX(e) - first_row;
        if (row >= n_rows)
            continue;
        float factor = WEIGHTED ? WEIGHT(e) : 1;
#ifdef SCALED
        vec2 scale_bias = scale_of(row);
        bias += factor * scale_bias.y;
        factor *= scale_bias.x;
#endif
#ifdef RK_WIDE
        uvec4 words = TABLE(row * UNITS + unit);
        for (int w = 0; w < 4; w++)
            add_word(words[w], factor, w * VALUES, sum);
#else
        add_word(TABLE(row * UNITS + unit), factor, 0, sum);
#endif
    }
    float divide = MEAN && count > 0 ? 1 / float(count) : 1;
    uint col = unit * N_SUMS;
#ifdef RK_WIDE
    for (uint k = 0; k < N_SUMS; k += 4) {
        uint at = (bag * n_cols + col + k) / 4;
        vec4 four = (vec4(sum[k], sum[k + 1], sum[k + 2], sum[k + 3]) + bias) * divide;
        if (col + k < n_cols)
            STORE_OUT(at, ADD ? LOAD_OUT(at) + four : four);
    }
#else
    for (uint k = 0; k < N_SUMS; k++) {
        uint at = bag * n_cols + col + k;
        float one = (sum[k] + bias) * divide;
        if (col + k < n_cols)
            result[at] = ADD ? result[at] + one : one;
    }
#endif
}
