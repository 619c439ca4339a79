// SPDX-License-Identifier: GPL-3.0-or-later
//
// Builders of attention. Recurrent cells (GRU, LSTM, AUGRU), which also walk along time, will be a
// family of their own beside this one: ops/recurrent.c and shaders/recurrent/.
#pragma once

#include "graph/graph.h"

// Scaled dot product attention of `n_heads` equal slices of the last dimension (Vaswani et al.,
// https://arxiv.org/abs/1706.03762): softmax(q k^T / sqrt(D / heads)) v without ever storing the
// scores. q f32 [B, T, D]; k, v f32 [B, S, D] -> f32 [B, T, D]. Masks: keys at length[b] and beyond
// are left out, u32 [B], RK_NONE for none; with `causal` (T = S) query i sees keys up to i. A query
// that sees no key gives zeros.
RkRef rk_attention(RkGraph *graph, RkRef q, RkRef k, RkRef v, RkRef length, uint32_t n_heads,
                   gboolean causal);
