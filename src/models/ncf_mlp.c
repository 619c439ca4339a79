// SPDX-License-Identifier: GPL-3.0-or-later
//
// The MLP of neural collaborative filtering (He et al., WWW 2017, https://arxiv.org/abs/1708.05031,
// eq. 10): relu layers over the user's and the item's vectors side by side, then one weight each.
#include "models/layers.h"
#include "ops/ops.h"

static const RkParam PARAMS[] = {
    {"dim", RK_PARAM_INT, 1, 4096, "32", NULL, NULL, "Size of the user and item vectors"},
    {"layers", RK_PARAM_TEXT, 0, 0, "64-32-16", NULL, NULL, "Widths of the hidden layers"},
    {"dropout", RK_PARAM_REAL, 0, 0.95, "0", NULL, NULL, "Share of hidden units left out"},
    {"init.std", RK_PARAM_REAL, 0, 10, "0.01", NULL, NULL,
     "Standard deviation that vectors start with"},
};

static RkRef
score(RkModelBuild *b, RkRef items)
{
    uint32_t dim = (uint32_t)rk_params_int(b->set, "dim");
    RkLayerPair pair = rk_layer_pair(b, "", dim, items);
    RkRef x = rk_layer_beside(b, pair.user, pair.item);
    RkRef hidden = rk_layer_mlp(b, "mlp", x, rk_params_text(b->set, "layers"), RK_ACT_RELU,
                                RK_ACT_RELU, rk_params_real(b->set, "dropout"));
    RkRef out =
        rk_layer_linear(b, "out", hidden, 1, RK_ACT_NONE, (RkInit){RK_INIT_GLOROT, 0}, TRUE);
    return rk_layer_squeeze(b, out);
}

const RkModel rk_model_ncf_mlp = {
    .name = "ncf-mlp",
    .title = "MLP of neural collaborative filtering",
    .paper = "He et al., WWW 2017, https://arxiv.org/abs/1708.05031",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .needs = RK_NEEDS_USER | RK_NEEDS_ITEM,
    .candidates = TRUE,
    .score = score,
};
