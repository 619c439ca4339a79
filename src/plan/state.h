// SPDX-License-Identifier: GPL-3.0-or-later
//
// What persists between steps: parameters, optimizer states, running statistics, as device
// buffers by name. Every plan of a model (another batch size, training, evaluation) shares one
// state. Owner's thread.
#pragma once

#include "gpu/buffer.h"
#include "graph/graph.h"

typedef struct RkState RkState;

RkState *rk_state_new(RkDevice *device);
void rk_state_free(RkState *state); // after every plan that uses it

// Adds a zeroed tensor for each PARAM node of the graph that the state lacks. Fails with
// RK_ERROR_SHAPE when one is there with another type, RK_ERROR_MEMORY when the device is full.
gboolean rk_state_add_graph(RkState *state, const RkGraph *graph, GError **error);

// Packed bytes, as rk_tensor_pack() makes them; bytes must be those of the tensor.
gboolean rk_state_write(RkState *state, const char *name, const void *packed, size_t bytes,
                        GError **error);
gboolean rk_state_read(RkState *state, const char *name, void *packed, size_t bytes,
                       GError **error);

// `n` packed bytes from offset `at`, so that large tensors go to a file piece by piece.
gboolean rk_state_read_at(RkState *state, const char *name, uint64_t at, void *packed, size_t n,
                          GError **error);

// The tensor and its buffer; NULL when there is none of that name. Owned by the state.
const RkTensor *rk_state_tensor(const RkState *state, const char *name);
RkBuffer *rk_state_buffer(const RkState *state, const char *name);

// Names in alphabetical order; free the list only.
GList *rk_state_names(const RkState *state);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkState, rk_state_free)
