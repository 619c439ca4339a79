#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Products in registers: a lane sums a TM x TN tile from vec4 loads alone, no shared memory in the
// loop. It suits software drivers, which pay for a load by the lane and for shared memory most
// (texel loads, large tiles), and products too thin for a shared tile, where LK lanes each take
// every LK-th block of K and add up at the end. Runs on any device.
//
// Bindings: 0 A, 1 B, 2 bias, 3 scales, 4 mask or metadata, 5 scales of A's rows, 6 out, and with
// texels 7 out as numbers. Absent ones repeat A or B.
// Grid: a workgroup is LK lanes along K, LX along N, the rest along M; workgroups run along N,
// then M, splits of K, batch.
// Barriers: only while the LK sums are added, all lanes alike.
// Numerics: fp32; sums in a fixed order that depends on the tile. i8 by i8 products are exact in
// fp32 up to K of 1040, and their sums round beyond that.
//
// However A and B lie, a step of K by 4 takes TM + TN vec4 loads; with RK_SPREAD, where the eight
// lanes of a workgroup (one subgroup, LX 8) share their rows, TM / 8 + TN.
//
// rk-compile: product
// rk-compile: product.texel -DRK_TEXEL
// rk-compile: product.spread -DRK_TEXEL -DRK_SPREAD
// rk-compile: product_f16 -DW_BITS=16
// rk-compile: product_f16.texel -DW_BITS=16 -DRK_TEXEL
// rk-compile: product_f16.spread -DW_BITS=16 -DRK_TEXEL -DRK_SPREAD
// rk-compile: product_i8 -DW_BITS=8
// rk-compile: product_i8.texel -DW_BITS=8 -DRK_TEXEL
// rk-compile: product_i8.spread -DW_BITS=8 -DRK_TEXEL -DRK_SPREAD
// rk-compile: product_i4 -DW_BITS=4
// rk-compile: product_i4.texel -DW_BITS=4 -DRK_TEXEL
// rk-compile: product_i4.spread -DW_BITS=4 -DRK_TEXEL -DRK_SPREAD
// rk-compile: product_i8i8 -DW_BITS=8 -DX_I8
// rk-compile: product_i8i8.texel -DW_BITS=8 -DX_I8 -DRK_TEXEL
// rk-compile: product_i8i8.spread -DW_BITS=8 -DX_I8 -DRK_TEXEL -DRK_SPREAD
// rk-compile: product_mask -DW_MASK
// rk-compile: product_mask.texel -DW_MASK -DRK_TEXEL
// rk-compile: product_mask.spread -DW_MASK -DRK_TEXEL -DRK_SPREAD
// rk-compile: product_24 -DW_24
// rk-compile: product_24.texel -DW_24 -DRK_TEXEL
// rk-compile: product_24.spread -DW_24 -DRK_TEXEL -DRK_SPREAD
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#ifdef RK_SPREAD
#extension GL_KHR_shader_subgroup_shuffle : require
#endif
#include "matmul/product.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint LX = 4;
layout(constant_id = 2) const uint LK = 1;
layout(constant_id = 3) const uint TM = 8;
layout(constant_id = 4) const uint TN = 8;
layout(constant_id = 5) const uint UK = 1; // steps of 4 along K in a row
layout(constant_id = 6) const bool TA = false;
layout(constant_id = 7) const bool TB = true;
layout(constant_id = 8) const bool A_ALIGNED = true; // stored rows start at a vec4
layout(constant_id = 9) const bool B_ALIGNED = true;
layout(constant_id = 10) const bool OUT_ALIGNED = true;
layout(constant_id = 11) const bool TAIL = false; // K is no multiple of 4 * UK
layout(constant_id = 12) const uint ACT = ~0u;    // rk_pointwise() code, ~0 none
layout(constant_id = 13) const float ACT_P = 0.0;
layout(constant_id = 14) const bool BIAS = false;
layout(constant_id = 15) const uint SCALE = 0; // 1 a number for each row of B, 2 for each group, 3 one
layout(constant_id = 16) const uint SCALE_A = 0; // 1 a number for each row of A, 2 one for all

#ifdef X_I8
RK_IN_U(0, a);
#else
RK_IN(0, a);
#endif
#ifdef W_BITS
RK_IN_U(1, b);
#else
RK_IN(1, b);
#endif
RK_IN(2, bias);
RK_IN(3, scale);
RK_IN_U(4, extra);
RK_IN(5, a_scale);
RK_OUT(6, result);
#ifdef RK_TEXEL
RK_STORAGE_OUT(7, numbers);
#else
layout(set = 0, binding = 6, std430) writeonly buffer Numbers { float v[]; } numbers;
#endif

#include "matmul/left.glsl"
#include "matmul/right.glsl"

const uint STEP = 4 * UK;
float sum[TM * TN];
shared float partial[LK > 1 ? LANES * TM * TN : 1];

void add_step(uint k)
{
    [[unroll]] for (uint u = 0; u < UK; u++) {
        a_step(k + 4 * u, u);
        b_step(k + 4 * u, u);
        [[unroll]] for (uint i = 0; i < TM; i++) {
            vec4 x = vec4(a_of(i, 0), a_of(i, 1), a_of(i, 2), a_of(i, 3));
            [[unroll]] for (uint j = 0; j < TN; j++) {
                float s = sum[i * TN + j];
                [[unroll]] for (uint c = 0; c < 4; c++)
                    s += x[c] * b_of(j, c);
                sum[i * TN + j] = s;
            }
        }
    }
}

void add_tail(uint k)
{
    float x[TM];
    [[unroll]] for (uint i = 0; i < TM; i++)
        x[i] = a_single(i, k);
    [[unroll]] for (uint j = 0; j < TN; j++) {
        float w = b_number(j, k);
        [[unroll]] for (uint i = 0; i < TM; i++)
            sum[i * TN + j] += x[i] * w;
    }
}

// Adds the sums of the lanes that share a tile, by halves, into the first.
void add_lanes(uint lane, uint lk)
{
    for (uint half_k = LK / 2; half_k > 0; half_k /= 2) {
        [[unroll]] for (uint e = 0; e < TM * TN; e++)
            partial[lane * TM * TN + e] = sum[e];
        barrier();
        if (lk < half_k) {
            [[unroll]] for (uint e = 0; e < TM * TN; e++)
                sum[e] += partial[(lane + half_k) * TM * TN + e];
        }
        barrier();
    }
}

// out = act(scale * sum + bias) for `count` neighbours.
vec4 finish(vec4 v, uint row, uint col)
{
    vec4 s = vec4(1.0), b = vec4(0.0);
    if (SCALE == 1 || BIAS) {
        if (TN % 4 == 0) {
            if (SCALE == 1)
                s = RK_LOAD4(scale, col >> 2);
            if (BIAS)
                b = RK_LOAD4(bias, col >> 2);
        } else {
            [[unroll]] for (uint c = 0; c < min(TN, 4); c++) {
                if (SCALE == 1)
                    s[c] = RK_LOAD1(scale, min(col + c, p.n - 1));
                if (BIAS)
                    b[c] = RK_LOAD1(bias, min(col + c, p.n - 1));
            }
        }
    }
    if (SCALE == 1)
        v *= s;
    if (SCALE == 3)
        v *= RK_LOAD1(scale, 0);
    if (SCALE_A != 0)
        v *= RK_LOAD1(a_scale, SCALE_A == 1 ? row : 0);
    if (BIAS)
        v += b;
    return ACT == ~0u ? v : rk_pointwise(ACT, v, v, v, v, ACT_P, 0.0);
}

void store(uint matrix, uint batch)
{
    const uint W = TN % 4 == 0 ? 4 : 1;
    [[unroll]] for (uint i = 0; i < TM; i++) {
        [[unroll]] for (uint j = 0; j < TN; j += W) {
            uint row = m0 + i, col = n0 + j;
            if (row >= p.m || col >= p.n)
                continue;
            vec4 v = vec4(0.0);
            [[unroll]] for (uint c = 0; c < W; c++)
                v[c] = sum[i * TN + j + c];
            v = finish(v, batch * p.m + row, col);
            uint at = matrix * p.out_batch + row * p.n + col;
            if (OUT_ALIGNED && W == 4) {
                RK_STORE4(result, at >> 2, v);
            } else {
                [[unroll]] for (uint c = 0; c < W; c++)
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
    uint lane = gl_LocalInvocationID.x;
    uint lk = lane % LK, lx = lane / LK % LX, ly = lane / (LK * LX);
    uint tile_n = group % p.tiles_n, tile_m = group / p.tiles_n % p.tiles_m;
    uint split = group / (p.tiles_n * p.tiles_m) % p.splits;
    uint batch = group / (p.tiles_n * p.tiles_m * p.splits);
    a_begin(batch, (tile_m * (LANES / (LX * LK)) + ly) * TM);
    b_begin(batch, (tile_n * LX + lx) * TN);
    [[unroll]] for (uint e = 0; e < TM * TN; e++)
        sum[e] = 0.0;

    uint k_end = min((split + 1) * p.split_k, p.k);
    uint whole = TAIL ? k_end / STEP * STEP : k_end;
    uint block = b_seek(split * p.split_k + lk * BLOCK, whole, LK * BLOCK);
    while (block < whole) {
        a_open(block);
        b_open(block);
        if (STEP == BLOCK) { // an inner loop costs: software drivers keep its sums in memory
            add_step(block);
        } else {
            for (uint k = block; k < min(block + BLOCK, whole); k += STEP)
                add_step(k);
        }
        block = b_seek(block + LK * BLOCK, whole, LK * BLOCK);
    }
    if (TAIL && lk == 0)
        for (uint k = max(whole, split * p.split_k); k < k_end; k++)
            add_tail(k);
    if (LK > 1) {
        add_lanes(lane, lk);
        if (lk != 0)
            return;
    }
    store(split * p.batch + batch, batch);
}
