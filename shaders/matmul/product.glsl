// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the product shaders share: out[M, N] = act(scale * (A[M, K] times B[K, N]) + bias), once for
// each of a batch, K cut into `splits` parts whose sums another dispatch adds (product_sum.comp).
// Addresses and strides count 32-bit words. Push constants mirror RkProductPush (matmul-kernels.c).
#include "lib/grid.glsl"
#include "lib/tensor.glsl"
#include "pointwise/functions.glsl"

layout(push_constant) uniform Push {
    uint m, n, k;
    uint a_stride, b_stride;          // words from a stored row to the next
    uint a_batch, b_batch, out_batch; // words from a matrix to the next; 0 repeats it
    uint a_last, b_last;              // the last vec4 of each, where loads stop
    uint tiles_m, tiles_n;            // tiles a matrix takes
    uint splits, split_k;             // parts of K, each so many long
    uint groups;                      // workgroups: tiles * splits * batch
    uint scale_group, scale_groups;   // K a scale serves, scales a row of B has
    uint extra_stride;                // words a row of masks or 2:4 metadata takes
    uint batch;                       // matrices
} p;

// Words s to s + 3 of the eight in lo and hi: an unaligned load from two aligned ones.
vec4 funnel(vec4 lo, vec4 hi, uint s)
{
    bool two = (s & 2u) != 0u;
    vec4 v = mix(lo, vec4(lo.zw, hi.xy), bvec4(two));
    return mix(v, vec4(v.yzw, two ? hi.z : hi.x), bvec4((s & 1u) != 0u));
}

uvec4 funnel(uvec4 lo, uvec4 hi, uint s)
{
    bool two = (s & 2u) != 0u;
    uvec4 v = mix(lo, uvec4(lo.zw, hi.xy), bvec4(two));
    return mix(v, uvec4(v.yzw, two ? hi.z : hi.x), bvec4((s & 1u) != 0u));
}

vec4 unpack_i8(uint w)
{
    int i = int(w);
    return vec4(bitfieldExtract(i, 0, 8), bitfieldExtract(i, 8, 8), bitfieldExtract(i, 16, 8),
                i >> 24);
}

// The low four of eight.
vec4 unpack_i4(uint w)
{
    int i = int(w);
    return vec4(bitfieldExtract(i, 0, 4), bitfieldExtract(i, 4, 4), bitfieldExtract(i, 8, 4),
                bitfieldExtract(i, 12, 4));
}

// A group of 2:4 spread out: value v.x stands at place bits 0 to 1, v.y at bits 2 to 3.
vec4 spread_24(vec2 v, uint bits)
{
    uvec4 place = uvec4(0, 1, 2, 3);
    vec4 second = mix(vec4(0.0), vec4(v.y), equal(uvec4((bits >> 2) & 3u), place));
    return mix(second, vec4(v.x), equal(uvec4(bits & 3u), place));
}

// Four numbers of a stored row from word `at`: ANY start, or a whole vec4 where rows are aligned.
#define LOAD_ANY(name, at) \
    funnel(RK_LOAD4(name, (at) >> 2), RK_LOAD4(name, ((at) >> 2) + 1), (at) & 3u)
#define LOAD_ROW(name, aligned, at) ((aligned) ? RK_LOAD4(name, (at) >> 2) : LOAD_ANY(name, at))
