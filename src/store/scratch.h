// SPDX-License-Identifier: GPL-3.0-or-later
//
// Records of one size by number in an SQLite database of their own that goes when it is closed: a
// file without a name in the system's temporary folder, for what is served from the disk. One
// thread at a time.
#pragma once

#include "base/error.h"

#include <stdint.h>

typedef struct RkScratch RkScratch;

// Fills `record` [bytes] for a key.
typedef void (*RkScratchFill)(gconstpointer data, uint32_t key, void *record);

// Writes the records of keys 0 to n - 1 in one transaction. RK_ERROR_DATABASE when the disk is full
// and the like.
RkScratch *rk_scratch_new(uint32_t n, uint32_t bytes, RkScratchFill fill, gconstpointer data,
                          GError **error);
void rk_scratch_free(RkScratch *scratch);

// Reads the record of a key below n.
gboolean rk_scratch_get(RkScratch *scratch, uint32_t key, void *record, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkScratch, rk_scratch_free)
