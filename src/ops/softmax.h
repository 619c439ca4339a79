// SPDX-License-Identifier: GPL-3.0-or-later
//
// Builders of what normalizes exponentials along the last dimension. All f32 [.., N].
#pragma once

#include "graph/graph.h"

// exp(x) / sum of exp(x), without overflow. A row that is minus infinity throughout (fully masked)
// gives zeros.
RkRef rk_softmax(RkGraph *graph, RkRef x);

RkRef rk_log_softmax(RkGraph *graph, RkRef x); // log(softmax(x))

// log of the sum of exp(x); the last dimension becomes 1 with `keep` and goes otherwise.
RkRef rk_logsumexp(RkGraph *graph, RkRef x, gboolean keep);

// The gradient of softmax from its output y and g = d loss / d y: y (g - sum of g y) by row.
RkRef rk_softmax_grad(RkGraph *graph, RkRef g, RkRef y);
