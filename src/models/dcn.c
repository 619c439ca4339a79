// SPDX-License-Identifier: GPL-3.0-or-later
//
// DCN-v2 (Wang et al., WWW 2021, https://arxiv.org/abs/2008.13535): cross layers
// x' = x0 * (W x + b) + x, with W whole, of low rank, or (version 1) a vector; then an MLP over
// what they give, or one beside them.
#include "models/layers.h"
#include "ops/ops.h"

#include <string.h>

static const RkParam PARAMS[] = {
    {"dim", RK_PARAM_INT, 1, 4096, "16", NULL, NULL, "Size of the vector of a category"},
    {"crosses", RK_PARAM_INT, 0, 16, "2", NULL, NULL, "Cross layers"},
    {"rank", RK_PARAM_INT, 0, 4096, "0", NULL, NULL, "Rank of their matrices; 0 for whole ones"},
    {"version", RK_PARAM_INT, 1, 2, "2", NULL, NULL, "2 for matrices, 1 for DCN's vectors"},
    {"layers", RK_PARAM_TEXT, 0, 0, "128-64", NULL, NULL, "Widths of the MLP"},
    {"structure", RK_PARAM_CHOICE, 0, 0, "stacked", NULL, "stacked|parallel",
     "The MLP after the cross layers, or beside them"},
    {"dropout", RK_PARAM_REAL, 0, 0.95, "0", NULL, NULL, "Share of hidden units left out"},
    {"init.std", RK_PARAM_REAL, 0, 10, "0.05", NULL, NULL,
     "Standard deviation that vectors start with"},
};

static RkRef
cross(RkModelBuild *b, uint32_t i, RkRef x0, RkRef x)
{
    RkGraph *g = b->graph;
    RkDim n = rk_layer_dim(b, x0, -1);
    const RkInit init = {RK_INIT_GLOROT, 0};
    g_autofree char *name = g_strdup_printf("cross.%u", i);
    if (rk_params_int(b->set, "version") == 1) {
        g_autofree char *weight = g_strconcat(name, ".weight", NULL);
        g_autofree char *bias = g_strconcat(name, ".bias", NULL);
        RkType type = rk_type(RK_F32, 1, n);
        return rk_cross_vector(g, x0, x, rk_model_param(b, weight, type, init),
                               rk_model_param(b, bias, type, (RkInit){0}));
    }
    uint32_t rank = (uint32_t)rk_params_int(b->set, "rank");
    RkRef y = x;
    if (rank > 0) {
        g_autofree char *low = g_strconcat(name, ".low", NULL);
        y = rk_layer_linear(b, low, x, rank, RK_ACT_NONE, init, FALSE);
    }
    y = rk_layer_linear(b, name, y, n.n, RK_ACT_NONE, init, TRUE);
    return rk_add(g, rk_mul(g, x0, y), x);
}

static RkRef
all_features(RkModelBuild *b)
{
    RkGraph *g = b->graph;
    uint32_t dim = (uint32_t)rk_params_int(b->set, "dim"), n = rk_layer_n_fields(b, FALSE);
    RkRef fields = rk_layer_fields(b, "embed", dim, rk_params_real(b->set, "init.std"), FALSE);
    const RkRef parts[] = {
        rk_reshape(g, fields,
                   rk_type(RK_F32, 2, RK_BATCH(1), RK_DIM(n * rk_layer_dim(b, fields, -1).n))),
        rk_layer_numbers(b)};
    return parts[1] != RK_NONE ? rk_concat(g, 1, 2, parts) : parts[0];
}

static RkRef
score(RkModelBuild *b, RkRef items)
{
    (void)items; // a row's own
    RkRef x0 = all_features(b), x = x0;
    for (uint32_t i = 0; i < (uint32_t)rk_params_int(b->set, "crosses"); i++)
        x = cross(b, i, x0, x);
    gboolean stacked = strcmp(rk_params_text(b->set, "structure"), "stacked") == 0;
    RkRef deep = rk_layer_mlp(b, "mlp", stacked ? x : x0, rk_params_text(b->set, "layers"),
                              RK_ACT_RELU, RK_ACT_RELU, rk_params_real(b->set, "dropout"));
    const RkRef both[] = {x, deep};
    if (!stacked)
        deep = rk_concat(b->graph, 1, 2, both);
    return rk_layer_linear(b, "out", deep, 1, RK_ACT_NONE, (RkInit){RK_INIT_GLOROT, 0}, TRUE);
}

const RkModel rk_model_dcn = {
    .name = "dcn",
    .title = "DCN-v2",
    .paper = "Wang et al., WWW 2021, https://arxiv.org/abs/2008.13535",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .needs = RK_NEEDS_CODES,
    .score = score,
};
