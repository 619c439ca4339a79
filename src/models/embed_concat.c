// SPDX-License-Identifier: GPL-3.0-or-later
//
// Item embedding beside a dense view of the user: the item's vector and a dense layer over the
// user's features, side by side, to one logit. (Covington et al., RecSys 2016, is this with more
// layers.)
#include "models/layers.h"
#include "ops/ops.h"

static const RkParam PARAMS[] = {
    {"dim", RK_PARAM_INT, 1, 4096, "256", NULL, NULL, "Size of the item vector"},
    {"user.dim", RK_PARAM_INT, 1, 4096, "128", NULL, NULL, "Width of the user's dense layer"},
    {"init.std", RK_PARAM_REAL, 0, 10, "0.05", NULL, NULL,
     "Standard deviation that vectors start with"},
};

static RkRef
score(RkModelBuild *b, RkRef items)
{
    uint32_t dim = (uint32_t)rk_params_int(b->set, "dim");
    uint32_t user_dim = (uint32_t)rk_params_int(b->set, "user.dim");
    double deviation = rk_params_real(b->set, "init.std");
    RkRef table = rk_model_table(b, "item.weight", b->data->item, dim, deviation);
    RkRef users = rk_model_table(b, "user.weight", b->data->user, user_dim, deviation);
    RkRef user = rk_layer_linear(b, "user.dense", rk_layer_gather(b, users, rk_model_user(b)),
                                 user_dim, RK_ACT_RELU, (RkInit){RK_INIT_HE, 0}, TRUE);
    RkRef pair = rk_layer_beside(b, user, rk_layer_gather(b, table, rk_layer_items(b, items)));
    RkRef out = rk_layer_linear(b, "out", pair, 1, RK_ACT_NONE, (RkInit){RK_INIT_GLOROT, 0}, TRUE);
    return rk_layer_squeeze(b, out);
}

const RkModel rk_model_embed_concat = {
    .name = "embed-concat",
    .title = "Item embedding beside a dense user",
    .paper = "Covington et al., RecSys 2016, https://doi.org/10.1145/2959100.2959190",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .needs = RK_NEEDS_USER | RK_NEEDS_ITEM,
    .candidates = TRUE,
    .score = score,
};
