// SPDX-License-Identifier: GPL-3.0-or-later
//
// Builders of ranking evaluation: best of each row, rank of a target. None has a gradient.
#pragma once

#include "graph/graph.h"

#define RK_TOPK_MAX 1000u

// Columns of the k largest of each row, largest first: x f32 [M, N] -> u32 [M, k], k up to
// RK_TOPK_MAX and up to N. Equal numbers come in order of columns; NaN after everything else.
RkRef rk_topk(RkGraph *graph, RkRef x, uint32_t k);

// x[m, index[m, i]]: x f32 [M, N], index u32 [M, k] -> f32 [M, k]; minus infinity for an index
// that is N or more.
RkRef rk_take(RkGraph *graph, RkRef x, RkRef index);

// How many of row m are greater than x[m, target[m]], and how many others are equal to it:
// x f32 [M, N], N below 2^24, target u32 [M] -> u32 [M, 2]. NaN is below everything else.
RkRef rk_rank_counts(RkGraph *graph, RkRef x, RkRef target);

// The target's expected rank when ties are broken by chance, from 1: 1 + greater + equal / 2.
// counts u32 [M, 2] as above -> f32 [M].
RkRef rk_expected_rank(RkGraph *graph, RkRef counts);

// In place: minus infinity at the listed columns of each row. x f32 [M, N]; index u32 [capacity];
// ends u32 [M]: row m's list is index[ends[m - 1] (0 for the first)] to index[ends[m]]. Returns x;
// everything later sees it changed.
RkRef rk_mask_rows(RkGraph *graph, RkRef x, RkRef index, RkRef ends);
