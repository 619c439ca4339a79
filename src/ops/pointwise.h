// SPDX-License-Identifier: GPL-3.0-or-later
//
// Builders of the pointwise ops, one for each line of shaders/pointwise.def:
//   rk_NAME(graph, a[, b[, c]][, p[, q]]) -> f32, the broadcast shape (numpy's rules, rank <= 4).
#pragma once

#include "graph/graph.h"

#define RK_PW_IN_1 RkRef a
#define RK_PW_IN_2 RkRef a, RkRef b
#define RK_PW_IN_3 RkRef a, RkRef b, RkRef c
#define RK_PW_ATTR_0
#define RK_PW_ATTR_1 , float p
#define RK_PW_ATTR_2 , float p, float q
#define RK_POINTWISE_FLAT(code, name, arity, n_attr, domain, value)                                \
    RkRef rk_##name(RkGraph *graph, RK_PW_IN_##arity RK_PW_ATTR_##n_attr);
#define RK_POINTWISE(code, name, arity, n_attr, domain, value, dA, dB, dC)                         \
    RK_POINTWISE_FLAT(code, name, arity, n_attr, domain, value)
#include "pointwise.def"
#undef RK_POINTWISE
#undef RK_POINTWISE_FLAT

// Dice (Zhou et al., https://arxiv.org/abs/1706.06978, eq. 3): s (alpha + (1 - alpha) sigmoid(
// (s - mean) / sqrt(variance + eps))). x [B, D]; mean, variance, alpha [D].
RkRef rk_dice(RkGraph *graph, RkRef x, RkRef mean, RkRef variance, RkRef alpha, float eps);

// For the fusion pass: the code that shaders and stored tunings know a pointwise row by, its
// arity; -1 for other rows.
int rk_pointwise_code(const RkOp *op);
const RkOp *rk_pointwise_fused_op(void);
#define RK_FUSED_SLOTS 6u
#define RK_FUSED_WORDS 7u // attributes of a slot: code, four sources, P, Q
#define RK_FUSED_IN    4u
