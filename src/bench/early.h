// SPDX-License-Identifier: GPL-3.0-or-later
//
// How many queries a percentile needs: the early stopping of MLPerf LoadGen. If fewer than a share
// p of all queries met a limit, then at most t breaches among n would come with a probability of
// binomial(t; n, 1 - p); the claim "p of the queries meet it" is made once that is at most 0.01.
// (MLPerf Inference Rules, "Early Stopping"; https://github.com/mlcommons/inference_policies.)
#pragma once

#include <stdint.h>

#define RK_EARLY_CONFIDENCE 0.99

// The least n with which t breaches support the percentile p in (0, 1): 459 for 0.99 and none.
uint64_t rk_early_needed(double p, uint64_t t);

// The most breaches that n queries allow; -1 when n is too few for any claim.
int64_t rk_early_allowed(double p, uint64_t n);
