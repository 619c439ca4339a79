// SPDX-License-Identifier: GPL-3.0-or-later
//
// A plan: a graph made ready for one device and one batch size. Fused, its kernels chosen, its
// memory laid out by liveness, recorded once into one command buffer and replayed; running it
// neither allocates nor records. Several plans of one state may be in flight. Owner's thread.
#pragma once

#include "gpu/record.h"
#include "plan/state.h"
#include "plan/tune.h"

typedef struct RkPlan RkPlan;

typedef struct {
    uint32_t batch;
    uint32_t n_outputs; // values to read after a run
    const RkRef *outputs;
    uint32_t n_effects; // in-place updates to carry out (optimizer steps)
    const RkRef *effects;
    gboolean no_fusion;
    gboolean profile;       // timestamps around every node
    const char *variant;    // take this kernel wherever a row has one of that name
    const RkTuning *tuning; // measured choices; NULL takes the rows' own
} RkPlanOptions;

// Compiles and records. The state must have every parameter of the graph (it gets those that it
// lacks, zeroed). Fails with RK_ERROR_SHAPE, RK_ERROR_UNSUPPORTED (no kernel for this device),
// RK_ERROR_MEMORY (with what was asked and what to lower) or a device error.
RkPlan *rk_plan_new(RkDevice *device, const RkGraph *graph, RkState *state,
                    const RkPlanOptions *options, GError **error);
void rk_plan_free(RkPlan *plan); // waits for a run in flight

// Host memory of an INPUT, packed, zeroed at first; write before a submit, not during a run.
// NULL when nothing that the plan computes needs it. bytes may be NULL.
void *rk_plan_input(RkPlan *plan, RkRef input, size_t *bytes);

// Runs once: checks index inputs against their tables (RK_ERROR_SHAPE), computes host ops,
// submits, waits. rk_plan_run() does both halves.
gboolean rk_plan_submit(RkPlan *plan, GError **error);
gboolean rk_plan_wait(RkPlan *plan, GError **error);
gboolean rk_plan_is_done(RkPlan *plan);
gboolean rk_plan_run(RkPlan *plan, GError **error);

// Packed values of options.outputs[i] after a wait, valid until the next submit.
const void *rk_plan_output(RkPlan *plan, uint32_t i, size_t *bytes);
const RkTensor *rk_plan_output_tensor(const RkPlan *plan, uint32_t i);

// TRUE when every output of the last run is finite. Else finds out where the first NaN or infinity
// began (an input, a parameter, or a node whose inputs were finite) by running once more with every
// value kept, and fails with RK_ERROR_DATA naming it. Costs a scan of the outputs when all is well.
gboolean rk_plan_check_finite(RkPlan *plan, GError **error);

// One executed node, in order.
typedef struct {
    RkRef ref;           // in rk_plan_graph()
    const char *label;   // the model's label or the op's name
    const char *variant; // name of its kernel
    uint32_t n_dispatches;
    RkCost cost;
    double ns; // with options.profile, of the last run; else NaN
} RkPlanStep;

uint32_t rk_plan_n_steps(const RkPlan *plan);
gboolean rk_plan_steps(RkPlan *plan, RkPlanStep *steps, GError **error); // [n_steps]

// The share of the device's own ceiling (roofline) that a step reaches, 0 to 1: its time at the
// measured copy bandwidth or multiply-add rate, whichever is longer, over its time.
double rk_plan_step_share(const RkPlanStep *step, double copy_gb_s, double gflops);

const RkGraph *rk_plan_graph(const RkPlan *plan); // after fusion
size_t rk_plan_arena_bytes(const RkPlan *plan);   // activations, after reuse
size_t rk_plan_tensor_bytes(const RkPlan *plan);  // the same without reuse
uint32_t rk_plan_n_dispatches(const RkPlan *plan);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkPlan, rk_plan_free)
