// SPDX-License-Identifier: GPL-3.0-or-later
//
// Between the files of the product families: every product op describes itself as an RkProduct,
// and one table of kernels computes them all. Plain data; any thread.
#pragma once

#include "graph/graph.h"
#include "ops/matmul.h"

// How B is stored, and so which compilation of a shader reads it.
typedef enum {
    RK_PRODUCT_F32,
    RK_PRODUCT_F16,
    RK_PRODUCT_I8,
    RK_PRODUCT_I4,
    RK_PRODUCT_I8_I8, // A too
    RK_PRODUCT_MASK,
    RK_PRODUCT_24,
    RK_N_PRODUCTS,
} RkProductFormat;

typedef enum { RK_SCALE_NONE, RK_SCALE_ROW, RK_SCALE_GROUP, RK_SCALE_ALL } RkScaleKind;
typedef enum { RK_SCALE_A_NONE, RK_SCALE_A_ROW, RK_SCALE_A_ALL } RkScaleAKind;

// out[batch, m, n] = act(scales * (a[batch, m, k] times b[batch, k, n]) + bias). Strides in
// 32-bit words.
typedef struct {
    RkProductFormat format;
    uint32_t batch, m, n, k;
    gboolean trans_a, trans_b;    // stored [k, m]; stored [n, k]
    uint32_t a_stride, b_stride;  // a stored row to the next
    uint32_t a_batch, b_batch;    // a matrix to the next, 0 repeats it
    uint32_t a_words, b_words;    // of the whole tensors
    int32_t bias, scale, a_scale; // inputs, or -1
    int32_t extra;                // mask or 2:4 places, or -1
    uint32_t extra_stride;
    RkScaleKind scale_kind;
    uint32_t scale_group, scale_groups; // K a scale serves, scales a row
    RkScaleAKind a_scale_kind;
    int32_t act; // pointwise code or -1
    float act_p;
} RkProduct;

// What `data` of a product's row points to.
typedef struct {
    void (*describe)(const RkOpArgs *args, RkProduct *product);
} RkProductOp;

#define RK_PRODUCT_KERNELS 16
extern const RkKernel rk_product_kernels[RK_PRODUCT_KERNELS];
const RkKernel *rk_product_pick(const RkCaps *caps, const RkOpArgs *args);
RkProduct rk_product_of(const RkOpArgs *args);
RkCost rk_product_cost(const RkOpArgs *args);

// The oracle of products with rows [n, k] of weights: out = act(x w^T + bias) in double.
void rk_dense_oracle(const RkOpArgs *args, const double *x, const double *w, const double *bias,
                     int32_t act, float act_p, double *out);

// Applies the pointwise function `act` to n numbers in place.
void rk_act_oracle(int32_t act, float act_p, uint64_t n, double *values);

// The gradient with respect to what an activation was applied to, given the gradient dy of its
// result y; `before` rebuilds its input where y doesn't tell (gelu, silu).
RkRef rk_act_grad(RkGraph *graph, int32_t act, float act_p, RkRef y, RkRef dy,
                  RkRef (*before)(RkGraph *graph, RkRef y));
// Whether a node is an activation (one input, at most one attribute); its code and attribute.
gboolean rk_act_of(const RkNode *consumer, int32_t *act, float *act_p);
// Shape rule: fails unless `act` is RK_ACT_NONE or the code of one.
gboolean rk_act_check(const RkOpTypes *types, int32_t act, GError **error);
// The vector [N] that `consumer` adds to every row of `node`, or RK_NONE.
RkRef rk_added_vector(RkGraph *graph, RkRef node, RkRef consumer);

// x [.., N] as [rows, N]: what weights that serve every row see.
RkRef rk_as_rows(RkGraph *graph, RkRef x);

// Joins a dense or mlp node with the consumer that follows it: another dense layer, or the bias
// or activation that the last layer lacks. RK_NONE when they don't make an mlp.
RkRef rk_mlp_absorb(RkGraph *graph, RkRef node, RkRef consumer);
const RkOp *rk_dense_op(void);

// --- mlp -----------------------------------------------------------------------------------------

#define RK_MLP_INPUTS  (1 + 2 * RK_MLP_LAYERS) // x, then weights and bias of each layer
#define RK_MLP_W(l)    (1 + 2 * (l))
#define RK_MLP_BIAS(l) (2 + 2 * (l))

typedef struct {
    RkRef w, bias;
    int32_t act;
    float alpha;
} RkMlpLayer;

typedef struct {
    uint32_t n;
    RkRef x;
    RkMlpLayer layer[RK_MLP_LAYERS];
} RkMlp;

#define RK_MLP_KERNELS 8
extern const RkKernel rk_mlp_kernels[RK_MLP_KERNELS];
const RkKernel *rk_mlp_pick(const RkCaps *caps, const RkOpArgs *args);
