// SPDX-License-Identifier: GPL-3.0-or-later
//
// Builders of the reductions.
#pragma once

#include "graph/graph.h"

// The inverse of broadcasting: sums x over the dimensions that `like` lacks or has as 1.
RkRef rk_sum_to(RkGraph *graph, RkRef x, RkType like);
