// SPDX-License-Identifier: GPL-3.0-or-later
//
// Generalized matrix factorization (He et al., WWW 2017, https://arxiv.org/abs/1708.05031, eq. 9):
// score = h . (p_u * q_i).
#include "models/layers.h"
#include "ops/ops.h"

static const RkParam PARAMS[] = {
    {"dim", RK_PARAM_INT, 1, 4096, "32", NULL, NULL, "Size of the user and item vectors"},
    {"init.std", RK_PARAM_REAL, 0, 10, "0.01", NULL, NULL,
     "Standard deviation that vectors start with"},
};

static RkRef
score(RkModelBuild *b, RkRef items)
{
    uint32_t dim = (uint32_t)rk_params_int(b->set, "dim");
    RkLayerPair pair = rk_layer_pair(b, "", dim, items);
    RkRef h = rk_model_param(b, "out.weight", rk_type(RK_F32, 1, RK_DIM(dim)),
                             (RkInit){RK_INIT_CONSTANT, 1});
    return rk_layer_dot(b, rk_mul(b->graph, pair.user, h), pair.item);
}

const RkModel rk_model_gmf = {
    .name = "gmf",
    .title = "Generalized matrix factorization",
    .paper = "He et al., WWW 2017, https://arxiv.org/abs/1708.05031",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .needs = RK_NEEDS_USER | RK_NEEDS_ITEM,
    .candidates = TRUE,
    .score = score,
};
