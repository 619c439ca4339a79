// SPDX-License-Identifier: GPL-3.0-or-later
//
// Shared by split.c (what a split is) and split_build.c (how it is found).
#pragma once

#include "dataset/split.h"

struct RkSplit {
    char *kind;
    uint64_t n_rows;
    uint64_t n[RK_N_PARTS];
    uint8_t *packed; // two bits a row; NULL when computed from the rest
    uint64_t seed;
    double valid, test; // shares asked for
    uint32_t n_folds, fold;
};

// All rows train. Rows are set one by one, then counted.
RkSplit *rk_split_alloc(const char *kind, uint64_t n_rows);
void rk_split_set(RkSplit *split, uint64_t row, RkPart part);
void rk_split_count(RkSplit *split);
