// SPDX-License-Identifier: GPL-3.0-or-later
//
// One file a format; weights.c chooses by the suffix.
#pragma once

#include "train/weights.h"

RkWeights *rk_weights_read_npz(const char *path, GError **error);
gboolean rk_weights_write_npz(const RkWeights *weights, const char *path, GError **error);
RkWeights *rk_weights_read_json(const char *path, GError **error);
gboolean rk_weights_write_json(const RkWeights *weights, const char *path, GError **error);
