// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a family file of ops shares with the others: its table of rows, and helpers for shape rules,
// kernels and costs. Only files in src/ops include this.
#pragma once

#include "graph/graph.h"

typedef struct {
    const RkOp *rows;
    size_t n_rows;
} RkFamily;

#define RK_FAMILY(name) RkFamily rk_family_##name(void);
#include "ops/families.def"
#undef RK_FAMILY

// Shape-rule helpers: set RK_ERROR_SHAPE naming the op, the input and both shapes; return FALSE.
gboolean rk_infer_fail(const RkOpTypes *t, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
gboolean rk_infer_dtype(const RkOpTypes *t, uint32_t i, RkDtype dtype, GError **error);
gboolean rk_infer_rank(const RkOpTypes *t, uint32_t i, uint32_t rank, GError **error);
gboolean rk_infer_same(const RkOpTypes *t, uint32_t i, uint32_t j, GError **error); // whole shape
gboolean rk_infer_dim(const RkOpTypes *t, uint32_t i, uint32_t axis, RkDim dim, GError **error);

// A cost of one flop count over the fewest bytes (all inputs and the output once).
RkCost rk_cost_stream(const RkOpArgs *args, double flops);
uint64_t rk_ceil_div(uint64_t a, uint64_t b);
