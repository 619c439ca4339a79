// SPDX-License-Identifier: GPL-3.0-or-later
//
// A plain MLP over a row's features: numbers as they are, codes and bags as learned vectors, side
// by side, through dense layers to one logit.
#include "models/layers.h"
#include "ops/ops.h"

static const RkParam PARAMS[] = {
    {"dim", RK_PARAM_INT, 1, 4096, "16", NULL, NULL, "Size of the vector of a category"},
    {"layers", RK_PARAM_TEXT, 0, 0, "128-64-1", NULL, NULL, "Widths of the layers; the last is 1"},
    {"dropout", RK_PARAM_REAL, 0, 0.95, "0", NULL, NULL, "Share of hidden units left out"},
    {"init.std", RK_PARAM_REAL, 0, 10, "0.05", NULL, NULL,
     "Standard deviation that vectors start with"},
};

static RkRef
score(RkModelBuild *b, RkRef items)
{
    (void)items; // a row's own
    RkGraph *g = b->graph;
    uint32_t dim = (uint32_t)rk_params_int(b->set, "dim");
    uint32_t n = rk_layer_n_fields(b, FALSE), n_parts = 0;
    RkRef parts[2];
    if (n > 0) {
        RkRef fields = rk_layer_fields(b, "embed", dim, rk_params_real(b->set, "init.std"), FALSE);
        parts[n_parts++] = rk_reshape(
            g, fields, rk_type(RK_F32, 2, RK_BATCH(1), RK_DIM(n * rk_layer_dim(b, fields, -1).n)));
    }
    RkRef numbers = rk_layer_numbers(b);
    if (numbers != RK_NONE)
        parts[n_parts++] = numbers;
    if (n_parts == 0) {
        rk_graph_fail(g, "Can't build an MLP: the dataset has no feature.");
        return RK_NONE;
    }
    RkRef x = n_parts > 1 ? rk_concat(g, 1, n_parts, parts) : parts[0];
    RkRef out = rk_layer_mlp(b, "mlp", x, rk_params_text(b->set, "layers"), RK_ACT_RELU,
                             RK_ACT_NONE, rk_params_real(b->set, "dropout"));
    if (out != RK_NONE && !rk_dim_equal(rk_layer_dim(b, out, -1), RK_DIM(1)))
        rk_graph_refuse(g, "Can't build layers %s: the last has to be 1. Set layers=%s-1.",
                        rk_params_text(b->set, "layers"), rk_params_text(b->set, "layers"));
    return out;
}

const RkModel rk_model_mlp = {
    .name = "mlp",
    .title = "Multilayer perceptron",
    .paper = "Rumelhart, Hinton and Williams, Nature 323 (1986)",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .score = score,
};
