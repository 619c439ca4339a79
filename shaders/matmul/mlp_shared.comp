#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A stack of dense layers in one dispatch, for GPUs and as the baseline: a workgroup takes ROWS rows
// through every layer with their activations in shared memory; a thread makes a column of a layer
// for all of them, so that a weight is loaded once a workgroup.
//   h[0] = x;  h[l + 1] = act(h[l] w[l]^T + bias[l]);  out = h[LAYERS]
// Bindings: 0 x, 1 out, 2 + 2 l weights [N, K], 3 + 2 l bias [N] (absent ones repeat x).
// Grid: a workgroup ROWS rows. Barriers: between two layers, all threads alike.
// Numerics: fp32, sums along K.
//
// rk-compile: mlp_shared
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "lib/grid.glsl"
#include "pointwise/functions.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint THREADS = 64;
layout(constant_id = 1) const uint ROWS = 4;
layout(constant_id = 2) const uint WIDTH = 64; // of the widest layer, x included
layout(constant_id = 3) const uint LAYERS = 1;
layout(constant_id = 4) const bool ALIGNED = true; // every K is a multiple of 4
#define LAYER_CONSTANTS(l)                                      \
    layout(constant_id = 5 + 3 * l) const uint ACT##l = ~0u;    \
    layout(constant_id = 6 + 3 * l) const float ACT_P##l = 0.0; \
    layout(constant_id = 7 + 3 * l) const bool BIAS##l = false;
LAYER_CONSTANTS(0)
LAYER_CONSTANTS(1)
LAYER_CONSTANTS(2)
LAYER_CONSTANTS(3)

layout(set = 0, binding = 0, std430) readonly buffer X { float v[]; } x;
layout(set = 0, binding = 1, std430) writeonly buffer Result { float v[]; } result;
#define WEIGHTS(l)                                                                             \
    layout(set = 0, binding = 2 + 2 * l, std430) readonly buffer W##l { float v[]; } w##l;     \
    layout(set = 0, binding = 2 + 2 * l, std430) readonly buffer Q##l { vec4 v[]; } q##l;      \
    layout(set = 0, binding = 3 + 2 * l, std430) readonly buffer B##l { float v[]; } b##l;
WEIGHTS(0)
WEIGHTS(1)
WEIGHTS(2)
WEIGHTS(3)

layout(push_constant) uniform Push {
    uint m;      // rows
    uint groups; // workgroups
    uint dim[5]; // K of layer 0, N of each layer
} p;

// Activations of one layer and the next, ROWS after one another in each.
shared float h[2 * ROWS * WIDTH];

#define DEFINE_LAYER(l)                                                                          \
    void layer##l(uint first_row)                                                                \
    {                                                                                            \
        const uint from = l % 2 * ROWS * WIDTH, to = (l + 1) % 2 * ROWS * WIDTH;                 \
        uint k_end = p.dim[l], n_end = p.dim[l + 1];                                             \
        for (uint n = gl_LocalInvocationID.x; n < n_end; n += THREADS) {                         \
            float sum[ROWS];                                                                     \
            [[unroll]] for (uint r = 0; r < ROWS; r++)                                           \
                sum[r] = 0.0;                                                                    \
            if (ALIGNED) {                                                                       \
                for (uint k = 0; k < k_end; k += 4) {                                            \
                    vec4 w = q##l.v[(n * k_end + k) >> 2];                                       \
                    [[unroll]] for (uint r = 0; r < ROWS; r++)                                   \
                        [[unroll]] for (uint c = 0; c < 4; c++)                                  \
                            sum[r] += h[from + r * WIDTH + k + c] * w[c];                        \
                }                                                                                \
            } else {                                                                             \
                for (uint k = 0; k < k_end; k++)                                                 \
                    [[unroll]] for (uint r = 0; r < ROWS; r++)                                   \
                        sum[r] += h[from + r * WIDTH + k] * w##l.v[n * k_end + k];               \
            }                                                                                    \
            [[unroll]] for (uint r = 0; r < ROWS; r++) {                                         \
                vec4 v = vec4(sum[r] + (BIAS##l ? b##l.v[n] : 0.0));                             \
                if (ACT##l != ~0u)                                                               \
                    v = rk_pointwise(ACT##l, v, v, v, v, ACT_P##l, 0.0);                         \
                if (LAYERS > l + 1)                                                              \
                    h[to + r * WIDTH + n] = v.x;                                                 \
                else if (first_row + r < p.m)                                                    \
                    result.v[(first_row + r) * n_end + n] = v.x;                                 \
            }                                                                                    \
        }                                                                                        \
        barrier();                                                                               \
    }
DEFINE_LAYER(0)
DEFINE_LAYER(1)
DEFINE_LAYER(2)
DEFINE_LAYER(3)

void main()
{
    uint group = RK_GROUP;
    if (group >= p.groups)
        return;
    uint first_row = group * ROWS;
    for (uint i = gl_LocalInvocationID.x; i < ROWS * p.dim[0]; i += THREADS) {
        uint row = min(first_row + i / p.dim[0], p.m - 1);
        h[i / p.dim[0] * WIDTH + i % p.dim[0]] = x.v[row * p.dim[0] + i % p.dim[0]];
    }
    barrier();
    layer0(first_row);
    if (LAYERS > 1)
        layer1(first_row);
    if (LAYERS > 2)
        layer2(first_row);
    if (LAYERS > 3)
        layer3(first_row);
}
