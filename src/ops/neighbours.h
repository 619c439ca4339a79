// SPDX-License-Identifier: GPL-3.0-or-later
//
// Sets of items, and sums over what is near to an item: item-based collaborative filtering. No
// gradient; owner's thread of the graph.
#pragma once

#include "graph/graph.h"

// Sets as bits: bit i % 32 of word i / 32 of row b is set when i is among items[b, :]. items u32
// [B, T], UINT32_MAX for none -> u32 [B, ceil(n / 32)]. The host works it out before a submit.
RkRef rk_member_bits(RkGraph *graph, RkRef items, uint32_t n);

// y[b, c] = sum over n of weight[i, n] where neighbour[i, n] is in the set had[b], for the item
// i = items[b, c]. neighbour u32 [N, K] and weight f32 [N, K], 0 where there are fewer; had as
// rk_member_bits() gives it; items u32 [B, C], or [1, C] for all alike -> f32 [B, C].
RkRef rk_neighbour_sum(RkGraph *graph, RkRef neighbour, RkRef weight, RkRef had, RkRef items);
