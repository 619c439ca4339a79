#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A stack of dense layers in one dispatch, for software drivers: a workgroup takes a few rows
// through every layer, each layer in register tiles of TM x TN a lane as in product.comp. What lies
// between two layers goes through a scratch tensor, which the workgroup's own part of fits in
// a core's cache: shared memory is what these drivers are slowest at.
//   h[0] = x;  h[l + 1] = act(h[l] w[l]^T + bias[l]);  out = h[LAYERS]
// Bindings: 0 x, 1 out, 2 out as numbers, 3 scratch, 4 + 2 l weights [N, K], 5 + 2 l bias [N] (absent
// ones repeat x). Every K is a multiple of 4.
// Grid: a workgroup LANES / LX * TM rows. Barriers: between two layers, all lanes alike.
// Numerics: fp32, sums along K.
//
// With RK_SPREAD a workgroup is one subgroup of eight lanes that share their rows, LX is 8: each
// lane loads an eighth of the rows and they hand them round (left.glsl).
//
// rk-compile: mlp.texel -DRK_TEXEL
// rk-compile: mlp.spread -DRK_TEXEL -DRK_SPREAD
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#ifdef RK_SPREAD
#extension GL_KHR_shader_subgroup_shuffle : require
#endif
#include "lib/grid.glsl"
#include "lib/tensor.glsl"
#include "pointwise/functions.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint LX = 4;
layout(constant_id = 2) const uint TM = 8;
layout(constant_id = 3) const uint TN = 8;
layout(constant_id = 4) const uint UK = 1; // steps of 4 along K in a row; divides every K / 4
layout(constant_id = 5) const uint LAYERS = 1;
layout(constant_id = 6) const bool OUT_ALIGNED = true; // the last N is a multiple of 4
layout(constant_id = 7) const bool NARROW = false;     // the last N is 1 to 3
#define LAYER_CONSTANTS(l)                                      \
    layout(constant_id = 8 + 3 * l) const uint ACT##l = ~0u;    \
    layout(constant_id = 9 + 3 * l) const float ACT_P##l = 0.0; \
    layout(constant_id = 10 + 3 * l) const bool BIAS##l = false;
LAYER_CONSTANTS(0)
LAYER_CONSTANTS(1)
LAYER_CONSTANTS(2)
LAYER_CONSTANTS(3)

RK_IN(0, x);
RK_OUT(1, result);
RK_STORAGE_OUT(2, numbers);
layout(set = 0, binding = 3, rgba32f) uniform coherent imageBuffer scratch;
RK_IN(4, w0);
RK_IN(5, b0);
RK_IN(6, w1);
RK_IN(7, b1);
RK_IN(8, w2);
RK_IN(9, b2);
RK_IN(10, w3);
RK_IN(11, b3);

layout(push_constant) uniform Push {
    uint m;       // rows
    uint groups;  // workgroups
    uint stride;  // vec4s a row of the scratch takes
    uint dim[5];  // K of layer 0, N of each layer
} p;

uint lane, first_row, m0;
float sum[TM * TN];

// Row i of those that a lane loads, and number c of row i of the tile from what lanes loaded.
#ifdef RK_SPREAD
const uint AR = TM / 8;
#define ROW(i)       (m0 + (i) * 8 + lane)
#define A_OF(av, i)  subgroupShuffle(av[(i) / 8], (i) % 8)
#else
const uint AR = TM;
#define ROW(i)       (m0 + (i))
#define A_OF(av, i)  av[i]
#endif

void keep(uint at, uint row, uint col, uint n, vec4 v, bool last)
{
    if (!last) {
        RK_STORE4(scratch, at + row * p.stride + (col >> 2), v);
    } else if (OUT_ALIGNED) {
        RK_STORE4(result, (row * n + col) >> 2, v);
    } else {
        [[unroll]] for (uint c = 0; c < 4; c++)
            if (col + c < n)
                numbers.v[row * n + col + c] = v[c];
    }
}

// Layer l from `source`, whose rows start `stride` vec4s apart from vec4 `from` on.
#define DEFINE_LAYER(l, source, weights, bias)                                                     \
    vec4 finish##l(vec4 v, uint col)                                                              \
    {                                                                                             \
        if (BIAS##l)                                                                              \
            v += RK_LOAD4(bias, col >> 2);                                                        \
        return ACT##l == ~0u ? v : rk_pointwise(ACT##l, v, v, v, v, ACT_P##l, 0.0);               \
    }                                                                                             \
    void tiles##l(uint from, uint stride, uint to, uint k, uint n)                                \
    {                                                                                             \
        uint a_at[AR], w_at[TN];                                                                  \
        [[unroll]] for (uint i = 0; i < AR; i++)                                                  \
            a_at[i] = from + min(ROW(i), p.m - 1) * stride;                                       \
        /* All lanes stay together, whichever columns they have. */                               \
        for (uint first_col = 0; first_col < n; first_col += LX * TN) {                           \
            uint n0 = first_col + lane % LX * TN;                                                 \
            [[unroll]] for (uint j = 0; j < TN; j++)                                              \
                w_at[j] = min(n0 + j, n - 1) * (k >> 2);                                          \
            [[unroll]] for (uint e = 0; e < TM * TN; e++)                                         \
                sum[e] = 0.0;                                                                     \
            for (uint k4 = 0; k4 < k >> 2; k4 += UK) {                                            \
                [[unroll]] for (uint u = 0; u < UK; u++) {                                        \
                    vec4 av[AR], wv[TN];                                                          \
                    [[unroll]] for (uint i = 0; i < AR; i++)                                      \
                        av[i] = RK_LOAD4(source, a_at[i] + k4 + u);                               \
                    [[unroll]] for (uint j = 0; j < TN; j++)                                      \
                        wv[j] = RK_LOAD4(weights, w_at[j] + k4 + u);                              \
                    [[unroll]] for (uint i = 0; i < TM; i++) {                                    \
                        vec4 x = A_OF(av, i);                                                     \
                        [[unroll]] for (uint j = 0; j < TN; j++) {                                \
                            float s = sum[i * TN + j];                                            \
                            [[unroll]] for (uint c = 0; c < 4; c++)                               \
                                s += x[c] * wv[j][c];                                             \
                            sum[i * TN + j] = s;                                                  \
                        }                                                                         \
                    }                                                                             \
                }                                                                                 \
            }                                                                                     \
            [[unroll]] for (uint i = 0; i < TM; i++) {                                            \
                [[unroll]] for (uint j = 0; j < TN; j += 4) {                                     \
                    if (m0 + i >= p.m || n0 + j >= n)                                             \
                        continue;                                                                 \
                    vec4 v = vec4(sum[i * TN + j], sum[i * TN + j + 1], sum[i * TN + j + 2],      \
                                  sum[i * TN + j + 3]);                                           \
                    keep(to, m0 + i, n0 + j, n, finish##l(v, n0 + j), LAYERS == l + 1);           \
                }                                                                                 \
            }                                                                                     \
        }                                                                                         \
    }                                                                                             \
    /* One to three outputs a row: a number at a time, over all lanes. */                         \
    void narrow##l(uint from, uint stride, uint k, uint n)                                        \
    {                                                                                             \
        for (uint o = lane; o < LANES / LX * TM * n; o += LANES) {                                \
            uint row = first_row + o / n, col = o % n;                                            \
            vec4 s = vec4(0.0);                                                                   \
            for (uint k4 = 0; k4 < k >> 2; k4++)                                                  \
                s += RK_LOAD4(source, from + min(row, p.m - 1) * stride + k4) *                   \
                     RK_LOAD4(weights, col * (k >> 2) + k4);                                      \
            float v = s.x + s.y + s.z + s.w;                                                      \
            if (BIAS##l)                                                                          \
                v += RK_LOAD1(bias, col);                                                         \
            if (ACT##l != ~0u)                                                                    \
                v = rk_pointwise(ACT##l, vec4(v), vec4(v), vec4(v), vec4(v), ACT_P##l, 0.0).x;    \
            if (row < p.m)                                                                        \
                numbers.v[row * n + col] = v;                                                     \
        }                                                                                         \
    }                                                                                             \
    void layer##l(uint from, uint stride, uint to)                                                \
    {                                                                                             \
        if (LAYERS == l + 1 && NARROW)                                                            \
            narrow##l(from, stride, p.dim[l], p.dim[l + 1]);                                      \
        else                                                                                      \
            tiles##l(from, stride, to, p.dim[l], p.dim[l + 1]);                                   \
    }

DEFINE_LAYER(0, x, w0, b0)
DEFINE_LAYER(1, scratch, w1, b1)
DEFINE_LAYER(2, scratch, w2, b2)
DEFINE_LAYER(3, scratch, w3, b3)

void between_layers()
{
    memoryBarrierImage();
    barrier();
}

void main()
{
    uint group = RK_GROUP;
    if (group >= p.groups)
        return;
    lane = gl_LocalInvocationID.x;
    first_row = group * (LANES / LX) * TM;
    m0 = first_row + lane / LX * TM;
    uint other = p.m * p.stride; // the scratch's second half: layers alternate
    layer0(0, p.dim[0] >> 2, 0);
    if (LAYERS > 1) {
        between_layers();
        layer1(0, p.stride, other);
    }
    if (LAYERS > 2) {
        between_layers();
        layer2(other, p.stride, 0);
    }
    if (LAYERS > 3) {
        between_layers();
        layer3(0, p.stride, 0);
    }
}
