// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the host works out from index tensors before a submit (RK_OP_HOST): the order in which a
// sparse gradient is summed, and whose bag an element is in. No shaders. Builders return RK_NONE
// after an error; owner's thread of the graph.
#pragma once

#include "graph/graph.h"

// The elements of an index in any shape, n in all, sorted by row: u32 [3, n] = perm, rows, seg,
// the first 3n words of what base/sort_rows.h packs. rows[u] is UINT32_MAX past the last distinct
// row, and the segment of row u ends at seg[u + 1], or at n for u = n - 1. Elements of UINT32_MAX
// name no row and are in no segment.
RkRef rk_sorted_rows(RkGraph *graph, RkRef index);

// All elements of u32 tensors of any shape, one after another: u32 [total].
RkRef rk_host_concat(RkGraph *graph, uint32_t n, const RkRef *parts);

// Of an embedding bag (ops/embed.h), fixed (index [bags, n], ends RK_NONE) or ragged:
// the bag of each element, u32 [elements]; UINT32_MAX for unused ones.
RkRef rk_bag_ids(RkGraph *graph, RkRef index, RkRef ends);
// index with UINT32_MAX for unused elements, u32 [elements].
RkRef rk_bag_used(RkGraph *graph, RkRef index, RkRef ends);
// 1 / number of elements of each bag, f32 [bags, 1]; 0 for an empty one.
RkRef rk_bag_inverse(RkGraph *graph, RkRef ends);

// map[index]: where table rows of pruned models are. index u32 in any shape, map u32 [R] or [R, 1];
// what is not below R becomes UINT32_MAX.
RkRef rk_remap(RkGraph *graph, RkRef index, RkRef map);

// All dimensions of a type as one. FALSE when more than one of them is the batch's.
gboolean rk_flat_extent(const RkType *type, RkDim *extent);
