// SPDX-License-Identifier: GPL-3.0-or-later
//
// What embed.c (rows) and embed-kernels.c share.
#pragma once

#include "graph/op.h"

enum { // inputs of `gather` and `embedding_bag`
    RK_BAG_TABLE,
    RK_BAG_INDEX,
    RK_BAG_SCALE,
    RK_BAG_ENDS, // of embedding_bag alone, and so is the next
    RK_BAG_WEIGHT,
};

// A lookup with its extents: a gather is a bag of one.
typedef struct {
    uint32_t n_rows, n_cols; // of the table
    uint32_t n_bags;
    uint32_t per_bag;  // elements of each bag; 0: ragged
    uint32_t capacity; // elements there is room for
    gboolean scaled, one_scale, ragged, weighted, mean;
} RkLookup;

RkLookup rk_lookup(const RkOpArgs *args);

#define RK_LOOKUP_KERNELS 5u
extern const RkKernel rk_lookup_kernels[RK_LOOKUP_KERNELS];
const RkKernel *rk_lookup_pick(const RkCaps *caps, const RkOpArgs *args);
