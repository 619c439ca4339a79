// SPDX-License-Identifier: GPL-3.0-or-later
//
// The ops that gradients are made of (graph/grad.h), bound to this layer's builders.
#include "ops/ops.h"

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
    .gather = rk_gather,
    .host_concat = rk_host_concat,
    .sort_rows = rk_sorted_rows,
    .segment_sum = rk_segment_sum,
    .add_rows = rk_add_rows,
};
