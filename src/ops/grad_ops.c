// SPDX-License-Identifier: GPL-3.0-or-later
//
// The ops that gradients are made of (graph/grad.h), bound to this layer's builders.
#include "ops/ops.h"

#include "ops/pointwise.h"
#include "ops/shape.h"

static RkRef
concat(RkGraph *graph, uint32_t axis, uint32_t n, const RkRef *parts)
{
    return rk_concat(graph, (int)axis, n, parts);
}

const RkGradOps rk_grad_ops = {
    .add = rk_add,
    .mul = rk_mul,
    .reshape = rk_reshape,
    .concat = concat,
};
