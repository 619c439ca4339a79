// SPDX-License-Identifier: GPL-3.0-or-later
//
// Neural factorization machine (He and Chua, SIGIR 2017, https://arxiv.org/abs/1708.05027): the
// pairs' element-wise products, summed, go through an MLP.
#include "models/layers.h"
#include "ops/ops.h"

static const RkParam PARAMS[] = {
    {"dim", RK_PARAM_INT, 1, 4096, "16", NULL, NULL, "Size of a feature's vector"},
    {"layers", RK_PARAM_TEXT, 0, 0, "64-64", NULL, NULL, "Widths of the hidden layers"},
    {"dropout", RK_PARAM_REAL, 0, 0.95, "0", NULL, NULL,
     "Share left out of the pooled vector and of hidden units"},
    {"init.std", RK_PARAM_REAL, 0, 10, "0.05", NULL, NULL,
     "Standard deviation that vectors start with"},
};

static RkRef
score(RkModelBuild *b, RkRef items)
{
    (void)items; // a row's own
    RkGraph *g = b->graph;
    double dropout = rk_params_real(b->set, "dropout");
    RkRef fields = rk_layer_fields(b, "embed", (uint32_t)rk_params_int(b->set, "dim"),
                                   rk_params_real(b->set, "init.std"), TRUE);
    RkRef pooled = rk_layer_dropout(b, rk_fm_vector(g, fields), dropout);
    RkRef hidden = rk_layer_mlp(b, "mlp", pooled, rk_params_text(b->set, "layers"), RK_ACT_RELU,
                                RK_ACT_RELU, dropout);
    RkRef deep =
        rk_layer_linear(b, "out", hidden, 1, RK_ACT_NONE, (RkInit){RK_INIT_GLOROT, 0}, FALSE);
    return rk_add(g, rk_layer_first_order(b, "linear"), deep);
}

const RkModel rk_model_nfm = {
    .name = "nfm",
    .title = "Neural factorization machine",
    .paper = "He and Chua, SIGIR 2017, https://arxiv.org/abs/1708.05027",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .needs = RK_NEEDS_CODES,
    .score = score,
};
