// SPDX-License-Identifier: GPL-3.0-or-later
//
// Measurements of a stored model's layers under compression, by question (dataset, seed, device,
// layer, pass). They go with the model. Any thread but the UI's.
#pragma once

#include "store/store.h"

#include <stdint.h>

// The answer, JSON, that was kept for a question; *answer is NULL without one; free it.
gboolean rk_sensitivity_find(RkStore *store, const char *model, uint32_t version,
                             const char *question, char **answer, GError **error);

// Keeps an answer, in place of an older one.
gboolean rk_sensitivity_keep(RkStore *store, const char *model, uint32_t version,
                             const char *question, const char *answer, GError **error);
