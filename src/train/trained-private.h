// SPDX-License-Identifier: GPL-3.0-or-later
//
// Between the files of stored models: how a weight lies in the store. A masked one (models/form.h)
// has only what its mask keeps there, in order, f32 [kept]; one saved by an earlier version is
// whole. Owner's thread.
#pragma once

#include "train/trained.h"

// The type of a stored tensor as it is computed with. FALSE when it is none of the weights.
gboolean rk_trained_type(const RkTrained *trained, int at, RkTensor *type);

// A weight's tensor, packed in that type; free it. RK_ERROR_DATA when its mask says otherwise.
void *rk_trained_tensor(const RkTrained *trained, int at, GError **error);

// What a mask keeps of a masked weight of `state`, f32 [kept], and its type; NULL with an error.
GBytes *rk_trained_keep(RkState *state, const char *name, RkTensor *type, GError **error);
