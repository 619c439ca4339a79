// SPDX-License-Identifier: GPL-3.0-or-later
//
// DLRM (Naumov et al., https://arxiv.org/abs/1906.00091): numbers through a bottom MLP to one
// vector, codes and bags to one each; the dot products of all pairs beside the bottom's vector go
// through the top MLP.
#include "models/layers.h"
#include "ops/ops.h"

#include <string.h>

static const RkParam PARAMS[] = {
    {"dim", RK_PARAM_INT, 1, 4096, "16", NULL, NULL, "Size of a feature's vector"},
    {"bottom", RK_PARAM_TEXT, 0, 0, "64-32", NULL, NULL,
     "Widths of the bottom layers before the last, which has the size of a vector"},
    {"top", RK_PARAM_TEXT, 0, 0, "64-32", NULL, NULL,
     "Widths of the top layers before the last, which is 1"},
    {"interaction", RK_PARAM_CHOICE, 0, 0, "dot", NULL, "dot|concat",
     "Dot products of all pairs, or the vectors side by side"},
    {"init.std", RK_PARAM_REAL, 0, 10, "0.05", NULL, NULL,
     "Standard deviation that vectors start with"},
};

// The bottom's vector [B, dim] and all vectors [B, F, dim].
static RkRef
vectors(RkModelBuild *b, uint32_t dim, RkRef *bottom)
{
    RkGraph *g = b->graph;
    RkRef fields = rk_layer_fields(b, "embed", dim, rk_params_real(b->set, "init.std"), FALSE);
    RkRef numbers = rk_layer_numbers(b);
    *bottom = RK_NONE;
    if (numbers == RK_NONE)
        return fields;
    const char *hidden = rk_params_text(b->set, "bottom");
    g_autofree char *widths = g_strdup_printf("%s%s%u", hidden, *hidden != '\0' ? "-" : "", dim);
    *bottom = rk_layer_mlp(b, "bottom", numbers, widths, RK_ACT_RELU, RK_ACT_RELU, 0);
    const RkRef all[] = {
        rk_reshape(g, *bottom,
                   rk_type(RK_F32, 3, RK_BATCH(1), RK_DIM(1), rk_layer_dim(b, *bottom, -1))),
        fields};
    return rk_concat(g, 1, 2, all);
}

static RkRef
interact(RkModelBuild *b, RkRef all, RkRef bottom)
{
    RkGraph *g = b->graph;
    if (strcmp(rk_params_text(b->set, "interaction"), "concat") == 0) {
        RkDim n = rk_layer_dim(b, all, 1), d = rk_layer_dim(b, all, 2);
        return rk_reshape(g, all, rk_type(RK_F32, 2, RK_BATCH(1), RK_DIM(n.n * d.n)));
    }
    RkRef pairs = rk_pairwise_dot(g, all, FALSE);
    const RkRef parts[] = {bottom, pairs};
    return bottom != RK_NONE ? rk_concat(g, 1, 2, parts) : pairs;
}

static RkRef
score(RkModelBuild *b, RkRef items)
{
    (void)items; // a row's own
    uint32_t dim = (uint32_t)rk_params_int(b->set, "dim");
    RkRef bottom, all = vectors(b, dim, &bottom);
    const char *hidden = rk_params_text(b->set, "top");
    g_autofree char *widths = g_strconcat(hidden, *hidden != '\0' ? "-1" : "1", NULL);
    return rk_layer_mlp(b, "top", interact(b, all, bottom), widths, RK_ACT_RELU, RK_ACT_NONE, 0);
}

const RkModel rk_model_dlrm = {
    .name = "dlrm",
    .title = "DLRM",
    .paper = "Naumov et al., 2019, https://arxiv.org/abs/1906.00091",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .needs = RK_NEEDS_CODES,
    .score = score,
};
