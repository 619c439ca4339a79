// SPDX-License-Identifier: GPL-3.0-or-later
//
// Embedding lookups. A table is [R, D] in f32, f16, i8 or i4. Integer tables come with `scale`
// f32 [R, 2], a scale and a bias for each row, or [1, 2] for all: value = q * scale + bias. f32 and
// f16 tables have none (RK_NONE). Only f32 tables have a gradient; it is sparse (graph/grad.h,
// ops/sparse.h). An index outside the table reads as a row of zeros, so that UINT32_MAX can stand
// for "no row"; indices fed by the host are checked before a submit all the same. Tables larger
// than one binding are walked in row ranges, one dispatch each. Builders return RK_NONE after an
// error; owner's thread of the graph.
#pragma once

#include "graph/graph.h"

typedef enum {
    RK_BAG_SUM,
    RK_BAG_MEAN,
} RkBagMode;

// out[i.., :] = table[index[i..], :]. index u32 of rank 0 to 3; out f32 [index dimensions.., D].
RkRef rk_gather(RkGraph *graph, RkRef table, RkRef index);
RkRef rk_gather_quantized(RkGraph *graph, RkRef table, RkRef scale, RkRef index);

// out[b, :] = sum over the elements e of bag b of weight[e] * table[index[e], :], f32 [bags, D].
// Two forms:
//   fixed   index u32 [bags, n], ends RK_NONE: every bag has n elements
//   ragged  index u32 [capacity], ends u32 [bags]: bag b holds elements ends[b - 1] (0 for the
//           first bag) to ends[b]; what is past the last end is unused and contributes nothing.
//           (These are the usual offsets [bags + 1] without their leading 0.)
// weight: f32 shaped as index, or RK_NONE for 1. RK_BAG_MEAN divides by the number of elements
// and takes no weight. An empty bag is a row of zeros.
RkRef rk_embedding_bag(RkGraph *graph, RkRef table, RkRef scale, RkRef index, RkRef ends,
                       RkRef weight, RkBagMode mode);
