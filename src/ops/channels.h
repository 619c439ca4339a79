// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which slices of a graph's parameters belong together: a neuron is a row of one layer, an entry
// of its bias and a column of whatever reads it; a dimension of embeddings is a column of every
// table that meets in a product. What may be cut out of a model is such a class, whole (Fang et
// al., DepGraph, CVPR 2023, https://arxiv.org/abs/2301.12900). Found from the ops alone: each says
// which channels of its inputs it ties together, ties to its output or needs as they are. Any
// thread; a result belongs to one.
#pragma once

#include "graph/graph.h"

typedef struct RkChannels RkChannels;

// Channels of all that `output` is computed from; the output's own can't be cut.
RkChannels *rk_channels_new(const RkGraph *graph, RkRef output);
void rk_channels_free(RkChannels *channels);

// The class of slice i of a PARAM node along an axis: of equal classes all or none is cut.
// UINT32_MAX: it can't be.
uint32_t rk_channels_class(RkChannels *channels, RkRef param, uint32_t axis, uint32_t i);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkChannels, rk_channels_free)
