// SPDX-License-Identifier: GPL-3.0-or-later
//
// Builders of what moves numbers without computing: f32 and u32 alike. u32 has no gradient.
// `axis` counts from the front, or from the back when negative. Along a dimension that is a
// multiple of the batch size, positions count in batches: of [2 B, D], slice 1 to 2 is the second
// half.
#pragma once

#include "graph/graph.h"

// The same numbers in another shape with as many elements; costs nothing. The dtype of `type` is
// ignored.
RkRef rk_reshape(RkGraph *graph, RkRef x, RkType type);

// Dimension i of the result is dimension perm[i] of x; rank(x) entries.
RkRef rk_transpose(RkGraph *graph, RkRef x, const uint32_t *perm);

// x repeated along its dimensions of 1, and those it lacks in front, to the shape of `like`.
RkRef rk_expand(RkGraph *graph, RkRef x, RkType like);

// The same, each copy divided by the number of copies (the gradient of a mean). f32.
RkRef rk_spread(RkGraph *graph, RkRef x, RkType like);

RkRef rk_concat(RkGraph *graph, int axis, uint32_t n, const RkRef *parts);
RkRef rk_slice(RkGraph *graph, RkRef x, int axis, uint32_t begin, uint32_t end);
RkRef rk_pad(RkGraph *graph, RkRef x, int axis, uint32_t before, uint32_t after); // with zeros

// [B, F, F] -> [B, F (F - 1) / 2]: what is below the diagonal, row by row; with the diagonal,
// [B, F (F + 1) / 2].
RkRef rk_tril_flatten(RkGraph *graph, RkRef x, gboolean diagonal);

// Its inverse, to [B, F, F] with zeros elsewhere.
RkRef rk_tril_unflatten(RkGraph *graph, RkRef x, uint32_t n_features, gboolean diagonal);
