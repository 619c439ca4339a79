// SPDX-License-Identifier: GPL-3.0-or-later
//
// Two evaluations beside each other, and one in slices. Owner's thread.
#pragma once

#include "train/evaluate.h"

// The difference a - b of a figure of `a`, with its 95 % interval from paired resamples of users
// (of samples where there are none). Both must be of the same protocol and samples, else
// RK_ERROR_USAGE.
gboolean rk_compare_evaluations(const RkEvaluation *a, const RkEvaluation *b,
                                const RkFigure *figure, uint64_t seed, RkInterval *interval,
                                GError **error);

// Slices of fewer samples or queries than this are shown and not judged.
#define RK_SLICE_MIN 30u

// Which slice each sample or query is in, [n], UINT32_MAX for none; free it. *names: texts of the
// slices, the caller's. `by`:
//   user, item  how many training events it has: 0, 1 to 4, 5 to 19, 20 to 99, 100 and more
//   FIELD       a value of a categorical field, of the event or of the user's or item's table; the
//               31 most frequent values, the rest together
// RK_ERROR_USAGE when a query has no such thing (a user's ranking has no item).
uint32_t *rk_slice_evaluation(const RkEvaluation *evaluation, const RkTrainFeatures *features,
                              const char *by, GPtrArray **names, GError **error);
