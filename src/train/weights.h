// SPDX-License-Identifier: GPL-3.0-or-later
//
// The files that other frameworks exchange weights in: npz (NumPy) and JSON. Owner's thread.
#pragma once

#include "models/weights.h"

// Reads FILE.npz (arrays of floats or integers in C order) or FILE.json: an object of names, each
// with nested lists of numbers or {"shape": [..], "data": [..]}. Everything becomes f32. Fails with
// RK_ERROR_USAGE (another suffix), RK_ERROR_DATA or RK_ERROR_FAILED, naming file and array.
RkWeights *rk_weights_read(const char *path, GError **error);

// Writes such a file, f32 whatever the tensors are in (u32 stays in npz), over an old one once it
// is whole. The suffix says which.
gboolean rk_weights_write(const RkWeights *weights, const char *path, GError **error);
