// SPDX-License-Identifier: GPL-3.0-or-later
//
// The reference interpreter: computes a graph in double precision on the CPU with the oracles of
// its ops. Slow, exact enough to judge the device by. Owner's thread.
#pragma once

#include "graph/graph.h"

typedef struct RkEval RkEval;

// Room for every node at a batch size. The graph must outlive it.
RkEval *rk_eval_new(const RkGraph *graph, uint32_t batch, GError **error);
void rk_eval_free(RkEval *eval);

// The values of a node [numel]: write those of INPUT and PARAM nodes before a run, read any
// after it. RK_OP_ALIAS nodes share their first input's values.
double *rk_eval_values(RkEval *eval, RkRef ref);
const RkTensor *rk_eval_tensor(const RkEval *eval, RkRef ref);

// Computes every node in order. In-place ops change the values of their inputs, as on a device.
void rk_eval_run(RkEval *eval);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkEval, rk_eval_free)
