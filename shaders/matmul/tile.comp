#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Products for GPUs: a workgroup brings BM x BK of A and BN x BK of B to shared memory, unpacked to
// f32 and with K outermost, and each thread sums RM x RN squares of 4 x 4 from there.
//
// Why this shape. At 128x128 and 8x8 a thread (RM = RN = 2) a step of K loads 4 vec4s from shared
// memory for 64 multiply-adds, 1 byte each, half of what a GPU's shared memory gives at full rate
// (128 bytes and 128 multiply-adds a cycle), and each global number is used 128 times. 64 sums
// and the two steps in flight take about 110 registers: two workgroups of 256 fit. A thread's
// squares lie BM / RM apart, so that the threads of a row read neighbouring vec4s and a warp's
// reads of A are broadcasts: no bank conflict. Rows are padded by a vec4, which spreads the writes
// of a transposing load over the banks. The next block's global loads are issued before the
// current block is summed and stored after it, so their latency is hidden; with two STAGES one
// barrier a block is enough.
//
// Bindings: as product.comp, 0 to 6. Grid: a workgroup a tile, along N, then M, splits, batch.
// Barriers: all threads walk the same blocks. Numerics: fp32, sums along K within a split.
//
// rk-compile: tile
// rk-compile: tile_f16 -DW_BITS=16
// rk-compile: tile_i8 -DW_BITS=8
// rk-compile: tile_i4 -DW_BITS=4
// rk-compile: tile_i8i8 -DW_BITS=8 -DX_I8
// rk-compile: tile_mask -DW_MASK
// rk-compile: tile_24 -DW_24
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "matmul/product.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint THREADS = 256;
layout(constant_id = 1) const uint BM = 64;
layout(constant_id = 2) const uint BN = 64;
layout(constant_id = 3) const uint BK = 16;
layout(constant_id = 4) const uint RM = 1;
layout(constant_id = 5) const uint RN = 1;
layout(constant_id = 6) const uint STAGES = 1;
layout(constant_id = 7) const bool TA = false;
layout(constant_id = 8) const bool TB = true;
layout(constant_id = 9) const bool A_ALIGNED = true;
layout(constant_id = 10) const bool B_ALIGNED = true;
layout(constant_id = 11) const bool OUT_ALIGNED = true;
layout(constant_id = 12) const uint ACT = ~0u;
layout(constant_id = 13) const float ACT_P = 0.0;
layout(constant_id = 14) const bool BIAS = false;
layout(constant_id = 15) const uint SCALE = 0;
layout(constant_id = 16) const uint SCALE_A = 0;

#ifdef X_I8
layout(set = 0, binding = 0, std430) readonly buffer A { uint v[]; } a;
#else
RK_IN(0, a);
layout(set = 0, binding = 0, std430) readonly buffer AN { float v[]; } a_numbers;
#endif
#ifdef W_BITS
layout(set = 0, binding = 1, std430) readonly buffer B { uint v[]; } b;
#else
RK_IN(1, b);
layout(set = 0, binding = 1, std430) readonly buffer BN_ { float v[]; } b_numbers;
#endif
layout(set = 0, binding = 2, std430) readonly buffer Bias { float v[]; } bias;
layout(set = 0, binding = 3, std430) readonly buffer Scale { float v[]; } scale;
layout(set = 0, binding = 4, std430) readonly buffer Extra { uint v[]; } extra;
layout(set = 0, binding = 5, std430) readonly buffer ScaleA { float v[]; } a_scale;
RK_OUT(6, result);
layout(set = 0, binding = 6, std430) writeonly buffer Numbers { float v[]; } numbers;

// Vec4s of a tile's row, of a block, and those that a thread brings.
const uint AW = BM / 4 + 1, BW = BN / 4 + 1;
const uint A_QUADS = BM * BK / 4, B_QUADS = BN * BK / 4;
const uint A_TURNS = (A_QUADS + THREADS - 1) / THREADS, B_TURNS = (B_QUADS + THREADS - 1) / THREADS;
shared vec4 tile_a[STAGES * BK * AW];
shared vec4 tile_b[STAGES * BK * BW];

vec4 brought_a[A_TURNS], brought_b[B_TURNS];
vec4 sum[RM * 4][RN];
uint m0, n0, a_base, b_base, k_end;

// Four numbers along K of row m, 0 past the end of K.
vec4 a_quad(uint m, uint k)
{
    m = min(m, p.m - 1);
#ifdef X_I8
    if (k >= k_end)
        return vec4(0.0);
    vec4 v = unpack_i8(a.v[a_base + m * p.a_stride + k / 4]);
    return mix(vec4(0.0), v, lessThan(uvec4(k) + uvec4(0, 1, 2, 3), uvec4(k_end)));
#else
    uint at = a_base + m * p.a_stride + k;
    if (A_ALIGNED)
        return k < k_end ? a.v[at >> 2] : vec4(0.0);
    vec4 v = vec4(0.0);
    [[unroll]] for (uint c = 0; c < 4; c++)
        if (k + c < k_end)
            v[c] = a_numbers.v[at + c];
    return v;
#endif
}

#if defined(W_BITS)
vec4 unpack(uint n, uint k)
{
    uint at = b_base + n * p.b_stride + k * W_BITS / 32;
#if W_BITS == 16
    return vec4(unpackHalf2x16(b.v[at]), unpackHalf2x16(k + 2 < k_end ? b.v[at + 1] : 0u));
#elif W_BITS == 8
    return unpack_i8(b.v[at]);
#else
    return unpack_i4(b.v[at] >> (k % 8 * 4));
#endif
}
#endif

vec4 b_quad(uint n, uint k)
{
    n = min(n, p.n - 1);
    if (k >= k_end)
        return vec4(0.0);
    bvec4 inside = lessThan(uvec4(k) + uvec4(0, 1, 2, 3), uvec4(k_end));
#if defined(W_BITS)
    vec4 v = unpack(n, k);
    if (SCALE == 2)
        v *= scale.v[n * p.scale_groups + k / p.scale_group];
    return mix(vec4(0.0), v, inside);
#elif defined(W_24)
    uint at = b_base + n * p.b_stride + k / 2;
    uint places = extra.v[n * p.extra_stride + k / 32] >> (k / 4 % 8 * 4);
    return spread_24(vec2(b_numbers.v[at], b_numbers.v[at + 1]), places);
#else
    uint at = b_base + n * p.b_stride + k;
    vec4 v = vec4(0.0);
#ifdef W_MASK
    uint bits = extra.v[n * p.extra_stride + k / 32] >> (k % 32);
    bvec4 kept = notEqual(uvec4(bits) & uvec4(1, 2, 4, 8), uvec4(0));
    inside = bvec4(inside.x && kept.x, inside.y && kept.y, inside.z && kept.z, inside.w && kept.w);
#endif
    if (B_ALIGNED)
        return mix(v, b.v[at >> 2], inside);
    [[unroll]] for (uint c = 0; c < 4; c++)
        if (inside[c])
            v[c] = b_numbers.v[at + c];
    return v;
#endif
}

// Four neighbours along M (A stored [K, M]) or N (B stored [K, N]) at k. Past M or N they are
// whatever lies there, and never stored.
#ifndef X_I8
vec4 a_across(uint m, uint k)
{
    if (k >= k_end)
        return vec4(0.0);
    uint at = a_base + k * p.a_stride + m;
    if (A_ALIGNED)
        return a.v[min(at >> 2, p.a_last)];
    vec4 v;
    [[unroll]] for (uint c = 0; c < 4; c++)
        v[c] = a_numbers.v[a_base + k * p.a_stride + min(m + c, p.m - 1)];
    return v;
}
#endif
#if !defined(W_BITS) && !defined(W_24) && !defined(W_MASK)
vec4 b_across(uint n, uint k)
{
    if (k >= k_end)
        return vec4(0.0);
    uint at = b_base + k * p.b_stride + n;
    if (B_ALIGNED)
        return b.v[min(at >> 2, p.b_last)];
    vec4 v;
    [[unroll]] for (uint c = 0; c < 4; c++)
        v[c] = b_numbers.v[b_base + k * p.b_stride + min(n + c, p.n - 1)];
    return v;
}
#endif

// Quad q of a block: along K, BK / 4 threads share a row; across, a row of K lies together.
void bring(uint k)
{
    [[unroll]] for (uint t = 0; t < A_TURNS; t++) {
        uint q = gl_LocalInvocationID.x + t * THREADS;
#ifndef X_I8
        if (TA)
            brought_a[t] = a_across(m0 + q % (BM / 4) * 4, k + q / (BM / 4));
        else
#endif
            brought_a[t] = a_quad(m0 + q / (BK / 4), k + q % (BK / 4) * 4);
    }
    [[unroll]] for (uint t = 0; t < B_TURNS; t++) {
        uint q = gl_LocalInvocationID.x + t * THREADS;
#if !defined(W_BITS) && !defined(W_24) && !defined(W_MASK)
        if (!TB)
            brought_b[t] = b_across(n0 + q % (BN / 4) * 4, k + q / (BN / 4));
        else
#endif
            brought_b[t] = b_quad(n0 + q / (BK / 4), k + q % (BK / 4) * 4);
    }
}

// Puts what was brought into shared memory, K outermost.
void put(uint stage)
{
    [[unroll]] for (uint t = 0; t < A_TURNS; t++) {
        uint q = gl_LocalInvocationID.x + t * THREADS;
        if (q >= A_QUADS)
            break;
        if (TA) {
            tile_a[(stage * BK + q / (BM / 4)) * AW + q % (BM / 4)] = brought_a[t];
        } else {
            uint m = q / (BK / 4), k = stage * BK + q % (BK / 4) * 4;
            [[unroll]] for (uint c = 0; c < 4; c++)
                tile_a[(k + c) * AW + m / 4][m % 4] = brought_a[t][c];
        }
    }
    [[unroll]] for (uint t = 0; t < B_TURNS; t++) {
        uint q = gl_LocalInvocationID.x + t * THREADS;
        if (q >= B_QUADS)
            break;
        if (!TB) {
            tile_b[(stage * BK + q / (BN / 4)) * BW + q % (BN / 4)] = brought_b[t];
        } else {
            uint n = q / (BK / 4), k = stage * BK + q % (BK / 4) * 4;
            [[unroll]] for (uint c = 0; c < 4; c++)
                tile_b[(k + c) * BW + n / 4][n % 4] = brought_b[t][c];
        }
    }
}

void add_block(uint stage, uint x, uint y)
{
    for (uint k4 = 0; k4 < BK; k4 += 4) { // left to the driver to unroll
        [[unroll]] for (uint c = 0; c < 4; c++) {
            uint at = stage * BK + k4 + c;
            vec4 av[RM], bv[RN];
            [[unroll]] for (uint r = 0; r < RM; r++)
                av[r] = tile_a[at * AW + r * (BM / 4 / RM) + y];
            [[unroll]] for (uint r = 0; r < RN; r++)
                bv[r] = tile_b[at * BW + r * (BN / 4 / RN) + x];
            [[unroll]] for (uint i = 0; i < RM * 4; i++)
                [[unroll]] for (uint j = 0; j < RN; j++)
                    sum[i][j] += av[i / 4][i % 4] * bv[j];
        }
    }
}

vec4 finish(vec4 v, uint row, uint col)
{
    [[unroll]] for (uint c = 0; c < 4; c++) {
        uint n = min(col + c, p.n - 1);
        if (SCALE == 1 || SCALE == 3)
            v[c] *= scale.v[SCALE == 1 ? n : 0];
        if (SCALE_A != 0)
            v[c] *= a_scale.v[SCALE_A == 1 ? row : 0];
        if (BIAS)
            v[c] += bias.v[n];
    }
    return ACT == ~0u ? v : rk_pointwise(ACT, v, v, v, v, ACT_P, 0.0);
}

void store(uint matrix, uint batch, uint x, uint y)
{
    [[unroll]] for (uint i = 0; i < RM * 4; i++) {
        [[unroll]] for (uint j = 0; j < RN; j++) {
            uint row = m0 + i / 4 * (BM / RM) + y * 4 + i % 4;
            uint col = n0 + j * (BN / RN) + x * 4;
            if (row >= p.m || col >= p.n)
                continue;
            vec4 v = finish(sum[i][j], batch * p.m + row, col);
            uint at = matrix * p.out_batch + row * p.n + col;
            if (OUT_ALIGNED) {
                result.v[at >> 2] = v;
            } else {
                [[unroll]] for (uint c = 0; c < 4; c++)
                    if (col + c < p.n)
                        numbers.v[at + c] = v[c];
            }
        }
    }
}

void main()
{
    uint group = RK_GROUP;
    if (group >= p.groups)
        return;
    uint tile_n = group % p.tiles_n, tile_m = group / p.tiles_n % p.tiles_m;
    uint split = group / (p.tiles_n * p.tiles_m) % p.splits;
    uint batch = group / (p.tiles_n * p.tiles_m * p.splits);
    uint x = gl_LocalInvocationID.x % (BN / 4 / RN), y = gl_LocalInvocationID.x / (BN / 4 / RN);
    m0 = tile_m * BM;
    n0 = tile_n * BN;
    a_base = batch * p.a_batch;
    b_base = batch * p.b_batch;
    k_end = min((split + 1) * p.split_k, p.k);
    [[unroll]] for (uint i = 0; i < RM * 4; i++)
        [[unroll]] for (uint j = 0; j < RN; j++)
            sum[i][j] = vec4(0.0);

    uint k = split * p.split_k, stage = 0;
    if (k < k_end) {
        bring(k);
        put(0);
    }
    barrier();
    for (; k < k_end; k += BK) {
        bool more = k + BK < k_end;
        if (more)
            bring(k + BK);
        add_block(stage, x, y);
        if (STAGES == 1)
            barrier(); // everyone is done with the block that put() replaces
        else
            stage ^= 1;
        if (more)
            put(stage);
        barrier();
    }
    store(split * p.batch + batch, batch, x, y);
}
