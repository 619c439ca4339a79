// SPDX-License-Identifier: GPL-3.0-or-later
//
// Blocks that several models share. Each adds its parameters under `name` ("top.0.weight",
// "top.0.bias", as PyTorch names them). Owner's thread of the build.
#pragma once

#include "models/model.h"
#include "ops/matmul.h"

// "128-64-1" to layer widths. Returns their count, 0 with the graph failed when the text is not
// such a list of 1 to `max` positive numbers.
uint32_t rk_layer_widths(RkModelBuild *build, const char *text, uint32_t max, uint32_t *widths);
#define RK_LAYER_MAX 8u

// act(x w^T + bias): x f32 [.., K] -> [.., n].
RkRef rk_layer_linear(RkModelBuild *build, const char *name, RkRef x, uint32_t n, RkAct act,
                      RkInit init, gboolean bias);

// Computing with a parameter in whatever format it is stored (models/form.h); model code hands
// parameters to these and to nothing else, but for those that no pass packs (biases, gains).
// act(x w^T + bias), of rk_model_weight(); bias RK_NONE for none.
RkRef rk_layer_dense(RkModelBuild *build, RkRef x, RkRef w, RkRef bias, RkAct act);
// Rows of a table, f32 [index dimensions.., D]; sums over bags, f32 [bags, D] (ops/embed.h).
RkRef rk_layer_gather(RkModelBuild *build, RkRef table, RkRef index);
RkRef rk_layer_bag(RkModelBuild *build, RkRef table, RkRef index, RkRef ends);
// x table^T: f32 [B, D] to [B, R], every row's product.
RkRef rk_layer_scores(RkModelBuild *build, RkRef x, RkRef table);
// All values of a table or a masked weight, f32.
RkRef rk_layer_values(RkModelBuild *build, RkRef w);

// Dense layers of such widths with `act` after each, `last` after the last, and dropout after each
// but the last while training. An empty list is x itself.
RkRef rk_layer_mlp(RkModelBuild *build, const char *name, RkRef x, const char *widths, RkAct act,
                   RkAct last, double dropout);

RkRef rk_layer_dropout(RkModelBuild *build, RkRef x, double p);

// The embedding of each feature, f32 [B, F, dim]: a code's row, the sum of a bag's, a number times
// a vector of its own. Tables are NAME.FEATURE. `numbers` leaves number features out when FALSE.
RkRef rk_layer_fields(RkModelBuild *build, const char *name, uint32_t dim, double deviation,
                      gboolean numbers);
uint32_t rk_layer_n_fields(const RkModelBuild *build, gboolean numbers);

// The linear part of FM and its kin: bias + a weight for each code or number, f32 [B, 1].
RkRef rk_layer_first_order(RkModelBuild *build, const char *name);

// All number features side by side, f32 [B, n]; RK_NONE without any.
RkRef rk_layer_numbers(RkModelBuild *build);

// A user's vector f32 [B, dim] and the items' [B, C, dim] or [1, C, dim], from tables
// PREFIXuser.weight and PREFIXitem.weight that start as the setting init.std says.
typedef struct {
    RkRef user, item;
} RkLayerPair;
RkLayerPair rk_layer_pair(RkModelBuild *build, const char *prefix, uint32_t dim, RkRef items);

// x f32 [B, D] beside each candidate q f32 [B, C, D'] or [1, C, D'] -> [B, C, D + D'].
RkRef rk_layer_beside(RkModelBuild *build, RkRef x, RkRef q);

// The items to score: those given, or each sample's own as [B, 1].
RkRef rk_layer_items(RkModelBuild *build, RkRef items);

// Dot products of x f32 [B, D] with q f32 [B, C, D] or [1, C, D] -> [B, C].
RkRef rk_layer_dot(RkModelBuild *build, RkRef x, RkRef q);

// x f32 [.., 1] without its last dimension.
RkRef rk_layer_squeeze(RkModelBuild *build, RkRef x);
RkDim rk_layer_dim(const RkModelBuild *build, RkRef x, int axis); // from the back when negative
