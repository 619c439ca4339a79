// SPDX-License-Identifier: GPL-3.0-or-later
//
// Reverse-mode differentiation as graph -> graph: appends nodes that compute the gradient of a
// scalar, each op's by its row. The gradient of an embedding table is sparse: the rows that the
// batch touched and their summed values, never a table-sized tensor. Owner's thread.
#pragma once

#include "graph/graph.h"

typedef struct {
    RkRef param;
    RkRef dense;  // same shape as the parameter; RK_NONE when the gradient is sparse or zero
    RkRef sorted; // sparse: u32 [3, n], from sort_rows: permutation, distinct rows, segments
    RkRef values; // sparse: f32 [n, D], the sum for each unique row; rows past the count are zero
} RkGradient;

// The ops that gradients are made of beyond those that rows emit; given by `ops`, so that this
// layer names none.
typedef struct {
    RkRef (*add)(RkGraph *graph, RkRef a, RkRef b);
    RkRef (*mul)(RkGraph *graph, RkRef a, RkRef b); // broadcasting
    RkRef (*reshape)(RkGraph *graph, RkRef x, RkType like);
    RkRef (*concat)(RkGraph *graph, uint32_t axis, uint32_t n, const RkRef *parts);
    RkRef (*gather)(RkGraph *graph, RkRef table, RkRef index);
    RkRef (*host_concat)(RkGraph *graph, uint32_t n, const RkRef *parts); // u32, on the host
    RkRef (*sort_rows)(RkGraph *graph, RkRef index);                      // u32, on the host
    RkRef (*segment_sum)(RkGraph *graph, RkRef grad, RkRef sorted, RkRef source, RkRef weight);
    RkRef (*add_rows)(RkGraph *graph, RkRef dense, RkRef sorted, RkRef values);
} RkGradOps;

// Differentiates the scalar `loss`. gradients[i] answers for params[i].
gboolean rk_grad(RkGraph *graph, const RkGradOps *ops, RkRef loss, uint32_t n, const RkRef *params,
                 RkGradient *gradients, GError **error);

// Losses whose sum is differentiated, each built only when the gradients of those before it stand
// in the graph, so that a plan gives the memory of one's activations to the next. build() returns
// RK_NONE after an error. Losses share no node that depends on a parameter asked for, but for
// the parameters.
typedef struct {
    uint32_t n;
    RkRef (*build)(RkGraph *graph, uint32_t i, void *data);
    void *data;
} RkGradLosses;

// As rk_grad(), of a sum of losses: dense gradients are added up, and all that lookups give a
// table is merged into one sparse gradient, as if it had come from one batch.
gboolean rk_grad_sum(RkGraph *graph, const RkGradOps *ops, const RkGradLosses *losses, uint32_t n,
                     const RkRef *params, RkGradient *gradients, GError **error);

// For the gradient functions of lookups: row index[e] of `table` receives
// weight[e] * grad[source[e], :]. index u32 [n]; source u32 [n], or RK_NONE for e itself; weight
// f32 [n] or RK_NONE for 1; grad f32 [m, D].
void rk_grad_rows(RkGraph *graph, RkRef table, RkRef index, RkRef source, RkRef weight, RkRef grad);
