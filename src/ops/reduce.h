// SPDX-License-Identifier: GPL-3.0-or-later
//
// Builders of the reductions. All are f32 -> f32. `axis` counts from the front, or from the back
// when negative (-1 is the last); the dimension becomes 1 with `keep` and goes otherwise.
#pragma once

#include "graph/graph.h"

RkRef rk_sum(RkGraph *graph, RkRef x, int axis, gboolean keep);
RkRef rk_mean(RkGraph *graph, RkRef x, int axis, gboolean keep); // of nothing: NaN

// The largest (of nothing: minus infinity; NaN if there is one). Its gradient is shared equally
// by all elements that are equal to it.
RkRef rk_max(RkGraph *graph, RkRef x, int axis, gboolean keep);

// Over all dimensions: a scalar.
RkRef rk_sum_all(RkGraph *graph, RkRef x);
RkRef rk_mean_all(RkGraph *graph, RkRef x);

// The inverse of broadcasting: sums (averages) x over the dimensions that `like` lacks or has as
// 1, neighbouring ones at once. The dtype of `like` doesn't matter.
RkRef rk_sum_to(RkGraph *graph, RkRef x, RkType like);
RkRef rk_mean_to(RkGraph *graph, RkRef x, RkType like);
