// SPDX-License-Identifier: GPL-3.0-or-later
//
// DeepFM (Guo et al., IJCAI 2017, https://arxiv.org/abs/1703.04247): a factorization machine and an
// MLP over the same vectors, added.
#include "models/layers.h"
#include "ops/ops.h"

static const RkParam PARAMS[] = {
    {"dim", RK_PARAM_INT, 1, 4096, "16", NULL, NULL, "Size of a feature's vector"},
    {"layers", RK_PARAM_TEXT, 0, 0, "128-64", NULL, NULL, "Widths of the hidden layers"},
    {"dropout", RK_PARAM_REAL, 0, 0.95, "0", NULL, NULL, "Share of hidden units left out"},
    {"init.std", RK_PARAM_REAL, 0, 10, "0.01", NULL, NULL,
     "Standard deviation that vectors start with"},
};

static RkRef
score(RkModelBuild *b, RkRef items)
{
    (void)items; // a row's own
    RkGraph *g = b->graph;
    uint32_t dim = (uint32_t)rk_params_int(b->set, "dim");
    RkRef fields = rk_layer_fields(b, "embed", dim, rk_params_real(b->set, "init.std"), TRUE);
    RkRef flat =
        rk_reshape(g, fields,
                   rk_type(RK_F32, 2, RK_BATCH(1),
                           RK_DIM(rk_layer_n_fields(b, TRUE) * rk_layer_dim(b, fields, -1).n)));
    RkRef hidden = rk_layer_mlp(b, "mlp", flat, rk_params_text(b->set, "layers"), RK_ACT_RELU,
                                RK_ACT_RELU, rk_params_real(b->set, "dropout"));
    RkRef deep =
        rk_layer_linear(b, "out", hidden, 1, RK_ACT_NONE, (RkInit){RK_INIT_GLOROT, 0}, FALSE);
    return rk_add(g, rk_add(g, rk_layer_first_order(b, "linear"), rk_fm(g, fields)), deep);
}

const RkModel rk_model_deepfm = {
    .name = "deepfm",
    .title = "DeepFM",
    .paper = "Guo et al., IJCAI 2017, https://arxiv.org/abs/1703.04247",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .needs = RK_NEEDS_CODES,
    .score = score,
};
