#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Scaled dot product attention (Vaswani et al., https://arxiv.org/abs/1706.03762, eq. 1) and its
// gradients, no score ever stored. With heads of W numbers, s_ij = q_i . k_j / sqrt(W) over the keys
// j < length (CAUSAL: j <= i as well), L_i = log(sum of exp(s_ij)), p_ij = exp(s_ij - L_i):
//   OUT  o_i  = sum_j p_ij v_j, in one pass with a running maximum (Milakov and Gimelshein,
//               https://arxiv.org/abs/1805.02867); 0 for a query without keys
//   LSE  L_i, plus infinity for a query without keys, so that its p are 0
//   DQ   dq_i = sum_j p_ij (do_i . v_j - D_i) k_j / sqrt(W),  D_i = do_i . o_i
//   DK   dk_j = sum_i p_ij (do_i . v_j - D_i) q_i / sqrt(W)
//   DV   dv_j = sum_i p_ij do_i
// (Dao et al., https://arxiv.org/abs/2205.14135, appendix B.4.)
// Bindings: 0 q [B, T, heads W], 1 k, 2 v [B, S, heads W], 3 L, 4 D [B, T, heads], 5 do, 6 length
// u32 [B], 7 out; what a mode doesn't read is bound to q. Numbers travel in units: vec4s with WIDE
// (W a multiple of 4), else floats. Grid: a workgroup for LOCAL queries (DK, DV: keys) of a head, so
// that its lanes walk the same keys; sums run in order, so always the same bits. No barriers.
//
// rk-compile: attention
// rk-compile: attention.texel -DRK_TEXEL
// rk-compile: attention_wide -DRK_WIDE
// rk-compile: attention_wide.texel -DRK_WIDE -DRK_TEXEL
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"
#include "lib/tensor.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint MODE = 0;
layout(constant_id = 2) const uint UNITS = 4; // of a head
layout(constant_id = 3) const bool CAUSAL = false;
layout(constant_id = 4) const bool HAS_LENGTH = false;
const uint OUT = 0, LSE = 1, DQ = 2, DK = 3, DV = 4;

RK_IN(0, q);
RK_IN(1, k);
RK_IN(2, v);
RK_IN(3, lse);
RK_IN(4, delta);
RK_IN(5, dout);
RK_IN_U(6, len);
RK_STORAGE_OUT(7, y); // lse

#ifdef RK_WIDE
RK_STORAGE_OUT4(7, out_unit);
#define UNIT vec4
#define LOAD(name, i) RK_LOAD4(name, i)
#else
RK_STORAGE_OUT(7, out_unit);
#define UNIT float
#define LOAD(name, i) RK_LOAD1(name, i)
#endif

layout(push_constant) uniform Push {
    uint n; // workgroups at work
    uint n_queries;
    uint n_keys;
    uint heads;
    float scale; // 1 / sqrt(W)
} p;

#define INFINITY uintBitsToFloat(0x7f800000u)

UNIT q_part[UNITS]; // the lane's own query, or the query at hand
UNIT k_part[UNITS];
UNIT sums[UNITS];

// The unit where the head's numbers of a row begin.
uint at(uint b, uint rows, uint row, uint head)
{
    return ((b * rows + row) * p.heads + head) * UNITS;
}

uint n_valid(uint b)
{
    return HAS_LENGTH ? min(RK_LOAD1(len, b), p.n_keys) : p.n_keys;
}

void attend(uint b, uint head, uint i)
{
    uint n = n_valid(b);
    if (CAUSAL)
        n = min(n, i + 1);
    uint own = at(b, p.n_queries, i, head);
    for (uint d = 0; d < UNITS; d++) {
        q_part[d] = LOAD(q, own + d) * p.scale;
        sums[d] = UNIT(0.0);
    }
    float most = -INFINITY, total = 0.0;
    for (uint j = 0; j < n; j++) {
        uint key = at(b, p.n_keys, j, head);
        float s = 0.0;
        for (uint d = 0; d < UNITS; d++)
            s += dot(q_part[d], LOAD(k, key + d));
        float last = most;
        most = s > most ? s : most;
        // Nothing has been summed while the maximum is minus infinity.
        float shrink = last == most ? 1.0 : exp(last - most);
        // NaN goes round exp and log, which some drivers make minus infinity of it.
        float e = s == -INFINITY ? 0.0 : isnan(s) ? s : exp(s - most);
        total = total * shrink + e;
        if (MODE == OUT)
            for (uint d = 0; d < UNITS; d++)
                sums[d] = sums[d] * shrink + e * LOAD(v, key + d);
    }
    if (MODE == LSE) {
        y.v[(b * p.n_queries + i) * p.heads + head] =
            total == 0.0 ? INFINITY : isnan(total) ? total : most + log(total);
        return;
    }
    for (uint d = 0; d < UNITS; d++)
        out_unit.v[own + d] = total == 0.0 ? UNIT(0.0) : sums[d] / total;
}

// Of query i and key j, whose parts are loaded: exp(s - L).
float weight(uint row)
{
    float s = 0.0;
    for (uint d = 0; d < UNITS; d++)
        s += dot(q_part[d], k_part[d]);
    s = s * p.scale - RK_LOAD1(lse, row);
    return isnan(s) ? s : exp(s); // some drivers' exp makes minus infinity of it
}

float slope(uint query, uint key, uint row)
{
    float g = 0.0;
    for (uint d = 0; d < UNITS; d++)
        g += dot(LOAD(dout, query + d), LOAD(v, key + d));
    return (g - RK_LOAD1(delta, row)) * p.scale;
}

void query_gradient(uint b, uint head, uint i)
{
    uint n = n_valid(b);
    if (CAUSAL)
        n = min(n, i + 1);
    uint own = at(b, p.n_queries, i, head), row = (b * p.n_queries + i) * p.heads + head;
    for (uint d = 0; d < UNITS; d++) {
        q_part[d] = LOAD(q, own + d);
        sums[d] = UNIT(0.0);
    }
    for (uint j = 0; j < n; j++) {
        uint key = at(b, p.n_keys, j, head);
        for (uint d = 0; d < UNITS; d++)
            k_part[d] = LOAD(k, key + d);
        float g = weight(row) * slope(own, key, row);
        for (uint d = 0; d < UNITS; d++)
            sums[d] += g * k_part[d];
    }
    for (uint d = 0; d < UNITS; d++)
        out_unit.v[own + d] = sums[d];
}

void key_gradient(uint b, uint head, uint j)
{
    uint own = at(b, p.n_keys, j, head);
    for (uint d = 0; d < UNITS; d++) {
        k_part[d] = LOAD(k, own + d);
        sums[d] = UNIT(0.0);
    }
    uint first = j < n_valid(b) ? (CAUSAL ? j : 0) : p.n_queries;
    for (uint i = first; i < p.n_queries; i++) {
        uint query = at(b, p.n_queries, i, head), row = (b * p.n_queries + i) * p.heads + head;
        for (uint d = 0; d < UNITS; d++)
            q_part[d] = LOAD(q, query + d);
        float g = weight(row);
        if (MODE == DK)
            g *= slope(query, own, row);
        for (uint d = 0; d < UNITS; d++)
            sums[d] += g * (MODE == DK ? q_part[d] : LOAD(dout, query + d));
    }
    for (uint d = 0; d < UNITS; d++)
        out_unit.v[own + d] = sums[d];
}

void main()
{
    if (RK_GROUP >= p.n)
        return;
    uint rows = MODE == DK || MODE == DV ? p.n_keys : p.n_queries;
    uint blocks = (rows + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x;
    uint row = RK_GROUP % blocks * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
    uint head = RK_GROUP / blocks % p.heads, b = RK_GROUP / blocks / p.heads;
    if (row >= rows)
        return;
    if (MODE == OUT || MODE == LSE)
        attend(b, head, row);
    else if (MODE == DQ)
        query_gradient(b, head, row);
    else
        key_gradient(b, head, row);
}
