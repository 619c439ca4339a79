// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the files of src/plan share: the state of a plan while it is compiled and run.
#pragma once

#include "plan/plan.h"

// Where a node's values live.
typedef enum {
    RK_HOME_NONE,  // dead, or not computed
    RK_HOME_ARENA, // reused memory, at `offset` of plan->arena
    RK_HOME_INPUT, // at `offset` of plan->input (and of plan->input_copy)
    RK_HOME_FILL,  // at `offset` of plan->fill
    RK_HOME_PARAM, // a buffer of the state
    RK_HOME_ALIAS, // where its first input's root is
} RkHome;

typedef struct {
    gboolean live;
    RkHome home;
    RkRef root;      // of an ALIAS: whose memory; else itself
    uint64_t offset; // bytes
    uint64_t bytes;  // padded
    RkRef last_use;  // the last live node that reads it; UINT32_MAX for outputs
    RkTensor tensor;
    RkOpArgs args; // of an OP
    const RkKernel *kernel;
    RkDispatchList list;
    uint64_t scratch_offset;
} RkPlanNode;

struct RkPlan {
    RkDevice *device;
    const RkCaps *caps;
    RkArena *memory; // of everything below that is an array
    RkGraph *graph;  // fused
    RkState *state;
    RkPlanOptions options;
    uint32_t batch;
    uint32_t n_nodes;
    RkPlanNode *node; // [n_nodes]
    RkRef *origin;    // [size of the original graph] to nodes of `graph`, RK_NONE when gone
    uint32_t n_original;
    uint32_t n_outputs;
    RkRef *output; // in `graph`

    RkBuffer *arena, *fill;
    RkBuffer *input;      // UPLOAD: host writes
    RkBuffer *input_copy; // DEVICE, where reading `input` from a shader is slow; else NULL
    RkBuffer *readback;   // where the arena isn't host-visible; else NULL
    uint64_t arena_bytes, input_bytes, fill_bytes, tensor_bytes;
    uint64_t *readback_offset; // [n_outputs]

    RkRecord *record;
    GArray *steps;        // of RkPlanStep
    GArray *checks;       // of IndexCheck, see feed.c
    GArray *hosts;        // of RkRef: live host ops in order
    void **host_codes;    // [n_nodes] u32 parameters that host ops read, NULL for others
    const void **host_in; // room for the inputs of any of them
    uint32_t n_dispatches;
    gboolean in_flight;
};

// Tensors are padded so that a vec4 access at their end stays inside, and offsets suit every kind
// of binding on every driver seen (minStorageBufferOffsetAlignment is at most 256).
static inline uint64_t
rk_plan_padded(uint64_t bytes)
{
    return MAX((bytes + 255) & ~(uint64_t)255, 256);
}

// fuse.c: rewrites `graph`; map[ref] is where each of its nodes went, RK_NONE when absorbed.
// `kept` nodes are never absorbed. The result is owned by the caller.
RkGraph *rk_plan_fuse(const RkGraph *graph, const gboolean *kept, RkRef *map);

// select.c: the kernel for a node: forced, tuned, the row's pick, the first supported.
const RkKernel *rk_plan_select(const RkCaps *caps, const RkPlanOptions *options,
                               const RkOpArgs *args, GError **error);

// memory.c: homes and offsets of every live node, by liveness.
gboolean rk_plan_place(RkPlan *plan, GError **error);

// emit.c: buffers, then the command buffer.
gboolean rk_plan_emit(RkPlan *plan, GError **error);

// feed.c: which inputs are indices into what, and the host's part of a run.
// Fails when a host op reads what only the device will know.
gboolean rk_plan_find_checks(RkPlan *plan, GError **error);
gboolean rk_plan_feed(RkPlan *plan, GError **error);

// The mapped bytes of an INPUT or host op.
void *rk_plan_host_bytes(const RkPlan *plan, RkRef ref);
