// SPDX-License-Identifier: GPL-3.0-or-later
//
// Builders of what is pointwise but not f32 -> f32 alone: casts and dropout.
#pragma once

#include "graph/graph.h"

// Converts between f32 and f16, i8, u32: rounds to nearest even, clamps to the integer's range.
RkRef rk_cast(RkGraph *graph, RkRef x, RkDtype dtype);

// 1 / (1 - p) with probability 1 - p, else 0, in the shape of `like`: element n of a step is a
// function of (seed, step, stream, n) alone. rng: u32 [4]: seed low, seed high, step, 0.
RkRef rk_dropout_mask(RkGraph *graph, RkRef like, RkRef rng, float p, uint32_t stream);

// x * dropout_mask(x): dropout as it is at training; leave it out at inference.
RkRef rk_dropout(RkGraph *graph, RkRef x, RkRef rng, float p, uint32_t stream);
