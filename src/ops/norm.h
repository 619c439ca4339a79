// SPDX-License-Identifier: GPL-3.0-or-later
//
// Builders of layer normalization.
#pragma once

#include "graph/graph.h"

// Layer normalization along the last dimension (Ba et al., https://arxiv.org/abs/1607.06450):
// gamma (x - mean) / sqrt(variance + eps) + beta. x f32 [.., N]; gamma, beta [N], each RK_NONE
// where it is left out.
RkRef rk_layer_norm(RkGraph *graph, RkRef x, RkRef gamma, RkRef beta, float eps);
