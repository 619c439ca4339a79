// SPDX-License-Identifier: GPL-3.0-or-later
//
// Imbalance of two classes, label above a threshold or not: which rows an epoch has and in which
// order, and what a row weighs. Everything follows from (seed, epoch, position). Immutable once
// built; any thread.
#pragma once

#include "base/params.h"

// The settings balance, balance.ratio, balance.threshold:
//   none         every row once an epoch
//   oversample   rows of the rarer class several times, each as often as the others within one
//   undersample  rows of the commoner class by chance, none twice, other ones each epoch
//   weights      every row once; a row of class c of k present weighs n / (k n_c), 1 in the mean
extern const RkParam rk_balance_params[];
extern const size_t rk_n_balance_params;

typedef struct RkBalance RkBalance;

// label [n_rows], or NULL where there is none: then only "none" will do (RK_ERROR_USAGE).
RkBalance *rk_balance_new(const RkParams *params, const float *label, uint32_t n_rows,
                          uint64_t seed, GError **error);
void rk_balance_free(RkBalance *balance);

uint64_t rk_balance_n_rows(const RkBalance *balance); // in an epoch

// The row at a position of an epoch: shuffled, or in order (each class in turn under over- and
// undersampling).
uint32_t rk_balance_row(const RkBalance *balance, uint32_t epoch, uint64_t position,
                        gboolean shuffle);

// What a row weighs in a loss.
float rk_balance_weight(const RkBalance *balance, float label);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkBalance, rk_balance_free)
