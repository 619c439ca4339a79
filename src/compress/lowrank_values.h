// SPDX-License-Identifier: GPL-3.0-or-later
//
// The nearest matrix of a lower rank, by singular values (Eckart and Young, Psychometrika 1936), in
// LAPACK's single precision. Any thread.
#pragma once

#include "base/error.h"

#include <stdint.h>

typedef struct {
    uint32_t rows, cols, rank_max; // rank_max = min(rows, cols)
    float *value;                  // [rank_max] singular values, the largest first; owned
    float *left;                   // [rows, rank_max] orthonormal columns; owned
    float *right;                  // [rank_max, cols] orthonormal rows; owned
} RkSvd;

// values [rows, cols] = left diag(value) right. RK_ERROR_DATA when they are not finite.
gboolean rk_svd(const float *values, uint32_t rows, uint32_t cols, RkSvd *svd, GError **error);
void rk_svd_clear(RkSvd *svd);

// The least rank that keeps such a share of the sum of squares, 0 to 1; at least 1.
uint32_t rk_svd_rank_of_energy(const RkSvd *svd, double share);
double rk_svd_energy(const RkSvd *svd, uint32_t rank);

// The largest rank whose factors take such a share of the matrix's numbers; 0: none does.
uint32_t rk_svd_rank_of_size(uint32_t rows, uint32_t cols, double share);

// Factors [rows, rank] and [rank, cols] whose product is nearest; each takes the roots of the
// singular values. Free both.
void rk_svd_factors(const RkSvd *svd, uint32_t rank, float **left, float **right);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RkSvd, rk_svd_clear)
