// SPDX-License-Identifier: GPL-3.0-or-later
//
// How far one distribution is from another (formulas: profile.h). Any thread.
#pragma once

#include "dataset/reservoir.h"

// One side of a comparison: the codes' counts or a sample of numbers, and how many of its cells
// are missing.
typedef struct {
    const uint32_t *count;
    RkReservoir *sample;
    uint64_t n_missing, n_cells;
} RkDriftSide;

double rk_drift_psi_numbers(const RkDriftSide *train, const RkDriftSide *part);
double rk_drift_psi_codes(const RkDriftSide *train, const RkDriftSide *part, uint32_t n_codes);
double rk_drift_ks(const RkDriftSide *train, const RkDriftSide *part); // NaN when a side is empty
