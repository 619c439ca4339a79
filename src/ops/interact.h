// SPDX-License-Identifier: GPL-3.0-or-later
//
// Builders of feature interactions.
#pragma once

#include "graph/graph.h"

// Dot products of all pairs of a sample's feature vectors (DLRM, https://arxiv.org/abs/1906.00091):
// z f32 [B, F, D] -> [B, F (F - 1) / 2], pair (i, j), j < i, at i (i - 1) / 2 + j; with `diagonal`
// also each vector with itself, [B, F (F + 1) / 2].
RkRef rk_pairwise_dot(RkGraph *graph, RkRef z, gboolean diagonal);

// The second order of a factorization machine (Rendle, ICDM 2010): the sum over pairs of feature
// vectors of their dot product, x f32 [B, F, D] -> [B, 1], and of their element-wise product
// (bi-interaction pooling, https://arxiv.org/abs/1708.05027), -> [B, D].
RkRef rk_fm(RkGraph *graph, RkRef x);
RkRef rk_fm_vector(RkGraph *graph, RkRef x);

// Cross layer of DCN (https://arxiv.org/abs/1708.05123): x0 (x . w) + bias + x by row. x0, x f32
// [.., N]; w, bias [N].
RkRef rk_cross_vector(RkGraph *graph, RkRef x0, RkRef x, RkRef w, RkRef bias);
