// SPDX-License-Identifier: GPL-3.0-or-later
//
// Tensors by their owner, for model.c, run.c and doctor.c.
#pragma once

#include "store/sql.h"
#include "store/tensors.h"

typedef enum { RK_OWNER_MODEL, RK_OWNER_CHECKPOINT } RkTensorOwner;

// Inserts every tensor of the source; within the caller's transaction.
gboolean rk_tensors_insert(RkStore *store, RkTensorOwner owner, int64_t id,
                           const RkTensorSource *source, GError **error);
RkTensorList *rk_tensors_list(RkStore *store, RkTensorOwner owner, int64_t id, GError **error);

// Reads every tensor there is; appends a sentence (char, owned) for each that is damaged.
gboolean rk_tensors_check(RkStore *store, GPtrArray *damages, GError **error);
