// SPDX-License-Identifier: GPL-3.0-or-later
//
// NeuMF (He et al., WWW 2017, https://arxiv.org/abs/1708.05031, eq. 12): GMF's products and the
// last hidden layer of an MLP, each with vectors of its own, side by side under one linear layer.
#include "models/layers.h"
#include "ops/ops.h"

static const RkParam PARAMS[] = {
    {"dim", RK_PARAM_INT, 1, 4096, "16", NULL, NULL, "Size of the vectors of the product part"},
    {"mlp.dim", RK_PARAM_INT, 1, 4096, "32", NULL, NULL, "Size of the vectors of the MLP part"},
    {"layers", RK_PARAM_TEXT, 0, 0, "64-32-16", NULL, NULL, "Widths of the hidden layers"},
    {"dropout", RK_PARAM_REAL, 0, 0.95, "0", NULL, NULL, "Share of hidden units left out"},
    {"init.std", RK_PARAM_REAL, 0, 10, "0.01", NULL, NULL,
     "Standard deviation that vectors start with"},
};

static RkRef
score(RkModelBuild *b, RkRef items)
{
    RkGraph *g = b->graph;
    uint32_t dim = (uint32_t)rk_params_int(b->set, "dim");
    RkLayerPair gmf = rk_layer_pair(b, "gmf.", dim, items);
    RkLayerPair mlp = rk_layer_pair(b, "mlp.", (uint32_t)rk_params_int(b->set, "mlp.dim"), items);
    RkType column = rk_type(RK_F32, 3, RK_BATCH(1), RK_DIM(1), rk_layer_dim(b, gmf.user, -1));
    RkRef product = rk_mul(g, rk_reshape(g, gmf.user, column), gmf.item);
    RkRef hidden = rk_layer_mlp(b, "mlp", rk_layer_beside(b, mlp.user, mlp.item),
                                rk_params_text(b->set, "layers"), RK_ACT_RELU, RK_ACT_RELU,
                                rk_params_real(b->set, "dropout"));
    const RkRef both[] = {product, hidden};
    RkRef out = rk_layer_linear(b, "out", rk_concat(g, 2, 2, both), 1, RK_ACT_NONE,
                                (RkInit){RK_INIT_GLOROT, 0}, TRUE);
    return rk_layer_squeeze(b, out);
}

const RkModel rk_model_neumf = {
    .name = "neumf",
    .title = "NeuMF",
    .paper = "He et al., WWW 2017, https://arxiv.org/abs/1708.05031",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .needs = RK_NEEDS_USER | RK_NEEDS_ITEM,
    .candidates = TRUE,
    .score = score,
};
