// SPDX-License-Identifier: GPL-3.0-or-later
//
// Wide & deep (Cheng et al., DLRS 2016, https://arxiv.org/abs/1606.07792): a linear model that
// remembers beside an MLP that generalizes. The wide part has a weight for each feature; crossed
// features are those that the dataset brings.
#include "models/layers.h"
#include "ops/ops.h"

static const RkParam PARAMS[] = {
    {"dim", RK_PARAM_INT, 1, 4096, "16", NULL, NULL, "Size of the vector of a category"},
    {"layers", RK_PARAM_TEXT, 0, 0, "128-64", NULL, NULL, "Widths of the deep part"},
    {"dropout", RK_PARAM_REAL, 0, 0.95, "0", NULL, NULL, "Share of hidden units left out"},
    {"init.std", RK_PARAM_REAL, 0, 10, "0.05", NULL, NULL,
     "Standard deviation that vectors start with"},
};

static RkRef
score(RkModelBuild *b, RkRef items)
{
    (void)items; // a row's own
    RkGraph *g = b->graph;
    uint32_t dim = (uint32_t)rk_params_int(b->set, "dim"), n = rk_layer_n_fields(b, FALSE);
    RkRef fields = rk_layer_fields(b, "embed", dim, rk_params_real(b->set, "init.std"), FALSE);
    RkRef parts[2] = {
        rk_reshape(g, fields,
                   rk_type(RK_F32, 2, RK_BATCH(1), RK_DIM(n * rk_layer_dim(b, fields, -1).n))),
        rk_layer_numbers(b)};
    RkRef x = parts[1] != RK_NONE ? rk_concat(g, 1, 2, parts) : parts[0];
    RkRef hidden = rk_layer_mlp(b, "deep", x, rk_params_text(b->set, "layers"), RK_ACT_RELU,
                                RK_ACT_RELU, rk_params_real(b->set, "dropout"));
    RkRef deep =
        rk_layer_linear(b, "out", hidden, 1, RK_ACT_NONE, (RkInit){RK_INIT_GLOROT, 0}, FALSE);
    return rk_add(g, rk_layer_first_order(b, "wide"), deep);
}

const RkModel rk_model_wide_deep = {
    .name = "wide-deep",
    .title = "Wide & deep",
    .paper = "Cheng et al., DLRS 2016, https://arxiv.org/abs/1606.07792",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .needs = RK_NEEDS_CODES,
    .score = score,
};
