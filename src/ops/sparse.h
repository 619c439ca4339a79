// SPDX-License-Identifier: GPL-3.0-or-later
//
// Sparse-row gradients: sums of what an embedding table's rows receive, one row for each distinct
// index. `sorted` u32 [3, n] is rk_sorted_rows() (ops/index.h). Deterministic, no atomics. Builders
// return RK_NONE after an error; owner's thread of the graph.
#pragma once

#include "graph/graph.h"

// values[u, :] = sum over the elements e of row u's segment of weight[e] * grad[source[e], :],
// always in the same order, so always the same bits. grad f32 [m, D]; source u32 [n] or RK_NONE
// for e itself; weight f32 [n] or RK_NONE for 1. Returns f32 [n, D]; rows past the last distinct
// one are zero. A source of m or more contributes nothing.
RkRef rk_segment_sum(RkGraph *graph, RkRef grad, RkRef sorted, RkRef source, RkRef weight);

// dense f32 [R, D], with values [n, D] added at the rows that `sorted` names; a new tensor.
RkRef rk_add_rows(RkGraph *graph, RkRef dense, RkRef sorted, RkRef values);

// For shape rules: input i is a rk_sorted_rows().
gboolean rk_sparse_infer_sorted(const RkOpTypes *t, uint32_t i, GError **error);

// For samples: n random rows below `limit`, one in nine of them "no row", sorted. values [3 n].
void rk_sparse_prepare(const RkTensor *sorted, double *values, uint32_t limit);
