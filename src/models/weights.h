// SPDX-License-Identifier: GPL-3.0-or-later
//
// Named tensors in host memory: the weights of a model. Owner's thread.
#pragma once

#include "graph/tensor.h"

typedef struct {
    char *name;
    RkTensor type;
    void *packed; // rk_tensor_bytes(&type)
} RkWeight;

typedef struct {
    GPtrArray *list; // of RkWeight, in the order that they came
} RkWeights;

RkWeights *rk_weights_new(void);
void rk_weights_free(RkWeights *weights);

// Takes `packed`. A name stands once: a later tensor of the same name is a programmer's error.
void rk_weights_take(RkWeights *weights, const char *name, const RkTensor *type, void *packed);
const RkWeight *rk_weights_find(const RkWeights *weights, const char *name); // NULL without

// Replaces a tensor of that name, or adds it; takes `packed`. Removes one, if it is there.
void rk_weights_put(RkWeights *weights, const char *name, const RkTensor *type, void *packed);
void rk_weights_remove(RkWeights *weights, const char *name);
RkWeights *rk_weights_copy(const RkWeights *weights);
size_t rk_weights_bytes(const RkWeights *weights);

// A tensor's numbers as floats [numel]; free them.
float *rk_weight_floats(const RkWeight *weight);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkWeights, rk_weights_free)
