// SPDX-License-Identifier: GPL-3.0-or-later
//
// Named tensors in host memory, and the files that other frameworks exchange them in: npz (NumPy)
// and JSON. Owner's thread.
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

// Reads FILE.npz (arrays of floats or integers in C order) or FILE.json: an object of names, each
// with nested lists of numbers or {"shape": [..], "data": [..]}. Everything becomes f32. Fails with
// RK_ERROR_USAGE (another suffix), RK_ERROR_DATA or RK_ERROR_FAILED, naming file and array.
RkWeights *rk_weights_read(const char *path, GError **error);

// Writes such a file, f32 whatever the tensors are in (u32 stays in npz), over an old one once it
// is whole. The suffix says which.
gboolean rk_weights_write(const RkWeights *weights, const char *path, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkWeights, rk_weights_free)
