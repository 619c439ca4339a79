// SPDX-License-Identifier: GPL-3.0-or-later
//
// The ops that gradients are made of (graph/grad.h), bound to this layer's builders.
#include "ops/ops.h"

#include "ops/pointwise.h"

const RkGradOps rk_grad_ops = {
    .add = rk_add,
    .mul = rk_mul,
};
