// SPDX-License-Identifier: GPL-3.0-or-later
//
// Builders of batch normalization (Ioffe and Szegedy, https://arxiv.org/abs/1502.03167), per
// column, over all dimensions but the last. Statistics are f32 [2, N]: mean and biased variance.
//   training    stats = rk_batch_stats(x), y = rk_batch_norm(x, stats, ..),
//               rk_running_stats(running, stats, x, momentum) among the step's updates
//   inference   y = rk_batch_norm(x, running, ..)
#pragma once

#include "graph/graph.h"

RkRef rk_batch_stats(RkGraph *graph, RkRef x); // f32 [.., N] -> [2, N]

// gamma (x - mean) / sqrt(variance + eps) + beta. gamma, beta f32 [N], each RK_NONE where it is
// left out. Gradients flow into the statistics too.
RkRef rk_batch_norm(RkGraph *graph, RkRef x, RkRef stats, RkRef gamma, RkRef beta, float eps);

// In place: running += momentum (stats - running), the variance taken unbiased (times n / (n - 1)
// for the n rows of x, of which only the shape matters).
RkRef rk_running_stats(RkGraph *graph, RkRef running, RkRef stats, RkRef x, float momentum);
