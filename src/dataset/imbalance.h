// SPDX-License-Identifier: GPL-3.0-or-later
//
// Labels of two classes that are far from equally frequent: rows of the rare class repeated, rows
// of the frequent one left out, or weights in the loss. Which rows an epoch has is a pure function
// of (seed, epoch, position). Immutable once built; any thread.
#pragma once

#include "base/params.h"

// The settings `balance`, `balance.ratio`, `class-weight`, `class-weight.negative`,
// `class-weight.positive`:
//   balance=oversample   rows of the rare class come several times an epoch, until there are
//                        balance.ratio of them for each of the frequent class
//   balance=undersample  an epoch has a random share of the frequent class, another every epoch
//   class-weight=balanced  n / (2 * rows of the class), so that both classes weigh the same and
//                        the mean weight is 1 (King and Zeng, Political Analysis 9, 2001)
//   class-weight=given   the two numbers
extern const RkParam rk_imbalance_params[];
extern const size_t rk_n_imbalance_params;

typedef struct RkImbalance RkImbalance;

// n[0] rows are negative, n[1] positive. NULL without an error when the rows stay as they are.
// RK_ERROR_USAGE when one class has none, or when an epoch would take 2^32 rows or more.
RkImbalance *rk_imbalance_new(const RkParams *set, uint64_t seed, const uint64_t n[2],
                              GError **error);
void rk_imbalance_free(RkImbalance *imbalance);

uint32_t rk_imbalance_n(const RkImbalance *imbalance); // samples an epoch

// The class of sample i of an epoch and its position among the rows of that class. i < n.
uint32_t rk_imbalance_at(const RkImbalance *imbalance, uint32_t epoch, uint32_t i, int *class);

// The weights of both classes: 1 unless class-weight is set. RK_ERROR_USAGE when `balanced` lacks
// a class.
gboolean rk_imbalance_weights(const RkParams *set, const uint64_t n[2], float weight[2],
                              GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkImbalance, rk_imbalance_free)
