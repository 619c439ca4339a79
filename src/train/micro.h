// SPDX-License-Identifier: GPL-3.0-or-later
//
// Gradient accumulation: one step over several micro-batches, as one batch of all their samples
// would make it. The graph of one micro-batch's loss is repeated, with inputs of its own and the
// same parameters, each repetition after the gradients of the one before, so that a plan needs the
// activations of one alone. A micro-batch counts by its share of the weights, which makes the sum
// the mean over all samples, however unevenly padding and class weights fall. Owner's thread.
#pragma once

#include "graph/grad.h"
#include "models/model.h"

typedef struct {
    uint32_t n;       // micro-batches a step
    uint32_t n_nodes; // of the first one's graph, inputs included; the others' come behind
    RkRef loss;       // of the step, f32 []: the mean over all micro-batches; set as they are built
    // Private.
    RkModelBuild *build;
    RkRef first, weight;
    RkRef *map;   // [n][n_nodes]: where a node is repeated, RK_NONE where it isn't yet
    RkRef *share; // [n] of all weights, f32 []
} RkMicro;

// `loss` f32 [] is the mean over `weight`s of one micro-batch (rk_objective_build()) and the last
// node that was built. With n 1 the graph stays as it is. The arrays are in the graph's arena.
void rk_micro_init(RkMicro *micro, RkModelBuild *build, RkRef loss, RkRef weight, uint32_t n);

// For rk_optimizer_add(). `micro` must stay where it is until that returns.
RkGradLosses rk_micro_losses(RkMicro *micro);

// The input of micro-batch i that stands for `input` of the first; RK_NONE when the loss has no
// use for it.
RkRef rk_micro_input(const RkMicro *micro, uint32_t i, RkRef input);
