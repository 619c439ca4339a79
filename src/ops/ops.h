// SPDX-License-Identifier: GPL-3.0-or-later
//
// Every op: the families' rows, found by walking or by name, and the functions that models build
// graphs with. A family is one file here, one folder of shaders, one line in families.def.
#pragma once

#include "graph/grad.h"
#include "graph/graph.h"
#include "ops/builders.h"

// The i-th row over all families, NULL past the last.
const RkOp *rk_op_at(size_t i);
const RkOp *rk_op_find(const char *name); // NULL when there is none
const char *rk_op_family(const RkOp *op);

extern const RkGradOps rk_grad_ops;
