// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the shaders of embedding bags share: constants, bindings but for the table and the output,
// and whose elements an invocation sums. RK_BITS: of a table's number; RK_TEXEL: uniform texel
// buffers instead of storage buffers.
#include "lib/grid.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint UNITS = 1;     // of a table row
layout(constant_id = 2) const uint LANES = 1;     // invocations that share a bag
layout(constant_id = 3) const bool SINGLE = false; // every bag holds one element: a gather
layout(constant_id = 4) const bool RAGGED = false;
layout(constant_id = 5) const bool WEIGHTED = false;
layout(constant_id = 6) const bool MEAN = false;
layout(constant_id = 7) const bool ADD = false; // not the first row range
layout(constant_id = 8) const bool ONE_SCALE = false; // for all rows

layout(push_constant) uniform Push
{
    uint n_bags, per_bag, n_cols;
    uint first_row, n_rows;
};

#if RK_BITS <= 8
#define SCALED
#endif

#ifdef RK_TEXEL
layout(set = 0, binding = 1) uniform usamplerBuffer index;
layout(set = 0, binding = 3) uniform usamplerBuffer ends;
layout(set = 0, binding = 4) uniform samplerBuffer weight;
layout(set = 0, binding = 5) uniform samplerBuffer scale;
#define INDEX(e)  texelFetch(index, int(e)).x
#define END(b)    texelFetch(ends, int(b)).x
#define WEIGHT(e) texelFetch(weight, int(e)).x
#else
layout(set = 0, binding = 1) readonly buffer Index { uint index[]; };
layout(set = 0, binding = 3) readonly buffer Ends { uint ends[]; };
layout(set = 0, binding = 4) readonly buffer Weight { float weight[]; };
layout(set = 0, binding = 5) readonly buffer Scale { vec2 scale[]; };
#define INDEX(e)  index[e]
#define END(b)    ends[b]
#define WEIGHT(e) weight[e]
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

// The elements [begin, end) of a bag.
void bag_range(uint bag, out uint begin, out uint end)
{
    begin = SINGLE ? bag : bag * per_bag;
    end = SINGLE ? bag + 1 : begin + per_bag;
    if (RAGGED) {
        begin = bag > 0 ? END(bag - 1) : 0;
        end = max(END(bag), begin);
    }
}

// Element e's row, and what its numbers are multiplied by; returns what is added to each of them.
// A row outside the range counts nothing: `inside` is false, factor 0, and row is one that may be
// read.
float element(uint e, out uint row, out float factor, out bool inside)
{
    row = INDEX(e) - first_row;
    inside = row < n_rows;
    row = inside ? row : 0;
    factor = inside ? (WEIGHTED ? WEIGHT(e) : 1) : 0;
#ifdef SCALED
    vec2 scale_bias = scale_of(ONE_SCALE ? 0 : row);
    float bias = inside ? factor * scale_bias.y : 0;
    factor = inside ? factor * scale_bias.x : 0;
    return bias;
#else
    return 0;
#endif
}
