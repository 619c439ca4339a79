// SPDX-License-Identifier: GPL-3.0-or-later
//
// Optimizers by name: adds the gradient of a loss and one step of every parameter to a model's
// graph, and says what the graph's "hyper" input holds at a step. Tables are updated by rows (the
// rows of the batch alone, states and L2 included, as PyTorch's sparse optimizers do). Owner's
// thread of the build.
#pragma once

#include "graph/grad.h"
#include "models/model.h"
#include "ops/optimize.h"

extern const RkParam rk_optimizer_params[]; // "optimizer", "lr", "momentum", "l2", "clip", ...
extern const size_t rk_optimizer_n_params;

typedef struct {
    RkRef hyper;        // INPUT f32 [RK_HYPER_WORDS]: rk_optimizer_hyper() at each step
    uint32_t n_effects; // for RkPlanOptions
    RkRef *effects;     // in the graph's arena
    uint32_t n_states;  // PARAMs that the optimizer added, by name in `states`; they start at zero
    const char **states;
} RkOptimizerNodes;

// Differentiates the sum of the losses by every parameter of the build and adds the steps.
// Parameters without a part in them stay as they are. `set` is of rk_optimizer_params.
gboolean rk_optimizer_add(RkModelBuild *build, const RkParams *set, const RkGradLosses *losses,
                          RkOptimizerNodes *nodes, GError **error);

// The hyper-parameters of a step (1 for the first) of n_samples at a learning rate, which is for
// each sample of the batch, whose gradient is their mean, with "lr.per" set so.
void rk_optimizer_hyper(const RkParams *set, uint64_t step, double lr, uint64_t n_samples,
                        RkHyper *hyper);
