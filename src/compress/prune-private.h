// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the kinds of pruning share: scores, and the choice of what goes.
#pragma once

#include "compress/compress.h"

typedef struct {
    const RkParams *set; // of rk_pass_prune
    RkPassContext *context;
    RkWeights *taylor; // with by=taylor
} RkPrune;

// What is left out whole: a weight, a neuron, a row.
typedef struct {
    float score;
    uint32_t group, unit;
    gboolean pruned;
} RkPruneUnit;

// Whether the settings ask for a layer or table of that name.
gboolean rk_prune_wants(const RkPrune *prune, const char *name);

// What else may be pruned of a model of such parameters: "Prune what=rows."
const char *rk_prune_instead(const GArray *params);

// How much each value of a parameter matters, f32 [numel], at least 0; free them.
float *rk_prune_scores(const RkPrune *prune, const RkCompressed *model,
                       const RkCompressedParam *param);

// Marks the units that score least: `ratio` of each group, or (`global`) of all; at least `least`
// stay in each group. Sorts the array.
void rk_prune_choose(GArray *units, uint32_t n_groups, double ratio, gboolean global,
                     uint32_t least);

gboolean rk_prune_weights(const RkPrune *prune, RkCompressed *model, double ratio, GError **error);
gboolean rk_prune_24(const RkPrune *prune, RkCompressed *model, double ratio, GError **error);
gboolean rk_prune_neurons(const RkPrune *prune, RkCompressed *model, double ratio, GError **error);
gboolean rk_prune_heads(const RkPrune *prune, RkCompressed *model, double ratio, GError **error);
gboolean rk_prune_dims(const RkPrune *prune, RkCompressed *model, double ratio, GError **error);
gboolean rk_prune_rows(const RkPrune *prune, RkCompressed *model, double ratio, GError **error);
