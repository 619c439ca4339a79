// SPDX-License-Identifier: GPL-3.0-or-later
//
// Matrix products: plain and batched; dense layers with weights in f32, f16, i8 and i4; masked and
// 2:4 sparse layers; quantization of activations. All return RK_NONE after an error of building.
#pragma once

#include "graph/graph.h"

// What a product applies to its result: the code of a pointwise op (rk_pointwise_code()) that
// takes one input and at most one attribute.
typedef enum {
    RK_ACT_NONE = -1,
    RK_ACT_RELU = 4 * 20,
    RK_ACT_LEAKY_RELU = 4 * 21, // alpha is the slope below 0
    RK_ACT_SIGMOID = 4 * 23,
    RK_ACT_TANH = 4 * 24,
    RK_ACT_GELU = 4 * 25,
    RK_ACT_SILU = 4 * 26,
    RK_ACT_SOFTPLUS = 4 * 27,
} RkAct;

// a times b, f32: [.., M, K] x [.., K, N] -> [.., M, N]; with trans_a, a is [.., K, M], with
// trans_b, b is [.., N, K]. Leading dimensions are equal, or b has two dimensions and serves
// every matrix of a. Rank 2 to 4.
RkRef rk_matmul(RkGraph *graph, RkRef a, RkRef b, gboolean trans_a, gboolean trans_b);

// act(x w^T + bias), f32 [.., N]. x f32 [.., K]; w f32 or f16 [N, K]; bias f32 [N] or RK_NONE.
RkRef rk_dense(RkGraph *graph, RkRef x, RkRef w, RkRef bias, RkAct act);

typedef struct {
    RkRef bias;     // f32 [N] or RK_NONE
    RkRef scale;    // of w: f32 [N], [1] for all, or [N, ceil(K / group)]; i8 and i4 need one, else
                    // RK_NONE
    RkRef x_scale;  // of x in i8: f32 [.., 1] a number a row, or [1]; else RK_NONE
    uint32_t group; // K that a group scale serves, a multiple of 32; 0 with scale [N]
    RkAct act;
    float alpha; // of the activation
} RkDenseOptions;

// A stack of up to RK_MLP_LAYERS dense layers in one dispatch, each row's activations staying with
// the lanes that made them: x f32 [.., K] -> f32 [.., N of the last]. w[i] f32 [N_i, N_(i-1)],
// bias[i] f32 [N_i] or RK_NONE; leaky relu with a slope of 0.01. For inference: it has no
// gradient; the fusion pass makes it from dense layers that nothing else reads.
#define RK_MLP_LAYERS 4u
RkRef rk_mlp(RkGraph *graph, RkRef x, uint32_t n_layers, const RkRef *w, const RkRef *bias,
             const RkAct *act);

// rk_dense() with weights w = scale * q, q i8 or i4 (symmetric), and with activations x = x_scale *
// q in i8 (w in i8 then, its scale by row). Packed weights have no gradient.
RkRef rk_dense_with(RkGraph *graph, RkRef x, RkRef w, const RkDenseOptions *options);

// round(x / scale) clamped to -127..127: f32 [.., K], scale f32 [.., 1] or [1] -> i8 [.., K]. i8
// has no NaN: one becomes 0, so take scales from the numbers themselves, which then turn NaN.
RkRef rk_quantize_rows(RkGraph *graph, RkRef x, RkRef scale);

// act(x (w * mask)^T + bias): weights pruned one by one. mask u32 [N, ceil(K / 32)], bit k % 32
// of word k / 32 keeps w[n, k], or f32 [N, K] of 0 and 1. Blocks of 32 that are all pruned are
// skipped. The gradient of w is masked too.
RkRef rk_dense_masked(RkGraph *graph, RkRef x, RkRef w, RkRef mask, RkRef bias, RkAct act);

// Spreads such bits out: mask u32 [N, ceil(K / 32)] -> f32 [N, cols] of 0 and 1.
RkRef rk_mask_expand(RkGraph *graph, RkRef mask, uint32_t cols);

// act(x w^T + bias) of 2:4 sparse weights, which keep two of each four neighbours along K (a
// multiple of 4): values f32 [N, K / 2], the kept ones in order; places u32 [N, ceil(K / 32)], four
// bits for each group of four: place of the first kept (2 bits), then of the second. No gradient
// of the weights: train with rk_dense_masked() and pack what is left.
RkRef rk_dense_24(RkGraph *graph, RkRef x, RkRef values, RkRef places, RkRef bias, RkAct act);

// Packs w [n, k] into that form, keeping the two largest magnitudes of each four (the first of
// equals). values [n, k / 2]; places [n, ceil(k / 32)]. Returns the sum of squares dropped.
double rk_pack_24(uint32_t n, uint32_t k, const float *w, float *values, uint32_t *places);
void rk_unpack_24(uint32_t n, uint32_t k, const float *values, const uint32_t *places, float *w);

// Packs a mask [n, k] (not 0 keeps) into words [n, ceil(k / 32)].
void rk_pack_mask(uint32_t n, uint32_t k, const float *mask, uint32_t *words);
uint64_t rk_mask_count(uint32_t n, uint32_t k, const uint32_t *words); // how many it keeps

// What such a mask keeps of w [n, k], in order; and back, with zeros between.
void rk_pack_kept(uint32_t n, uint32_t k, const float *w, const uint32_t *words, float *kept);
void rk_unpack_kept(uint32_t n, uint32_t k, const float *kept, const uint32_t *words, float *w);
