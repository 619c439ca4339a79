// SPDX-License-Identifier: GPL-3.0-or-later
//
// Factorization machine (Rendle, ICDM 2010): a weight for each feature and the dot products of all
// pairs of their vectors.
#include "models/layers.h"
#include "ops/ops.h"

static const RkParam PARAMS[] = {
    {"dim", RK_PARAM_INT, 1, 4096, "16", NULL, NULL, "Size of a feature's vector"},
    {"init.std", RK_PARAM_REAL, 0, 10, "0.01", NULL, NULL,
     "Standard deviation that vectors start with"},
};

static RkRef
score(RkModelBuild *b, RkRef items)
{
    (void)items; // a row's own
    RkRef fields = rk_layer_fields(b, "embed", (uint32_t)rk_params_int(b->set, "dim"),
                                   rk_params_real(b->set, "init.std"), TRUE);
    return rk_add(b->graph, rk_layer_first_order(b, "linear"), rk_fm(b->graph, fields));
}

const RkModel rk_model_fm = {
    .name = "fm",
    .title = "Factorization machine",
    .paper = "Rendle, ICDM 2010, https://doi.org/10.1109/ICDM.2010.127",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .needs = RK_NEEDS_CODES,
    .score = score,
};
