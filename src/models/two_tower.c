// SPDX-License-Identifier: GPL-3.0-or-later
//
// Two towers (Yi et al., RecSys 2019; Covington et al., RecSys 2016): an MLP over what is known of
// the user and one over the item, compared by their dot product, both of length 1 if so wished,
// over a temperature. Train it with in-batch or sampled softmax and the logQ correction.
#include "models/layers.h"
#include "ops/ops.h"

static const RkParam PARAMS[] = {
    {"dim", RK_PARAM_INT, 1, 4096, "64", NULL, NULL, "Size of the user and item vectors"},
    {"layers", RK_PARAM_TEXT, 0, 0, "64-32", NULL, NULL,
     "Widths of each tower; the last is the size of what is compared"},
    {"normalize", RK_PARAM_BOOL, 0, 0, "true", NULL, NULL, "Scale both vectors to length 1"},
    {"temperature", RK_PARAM_REAL, 0.001, 100, "0.1", NULL, NULL,
     "What the dot product is divided by"},
    {"dropout", RK_PARAM_REAL, 0, 0.95, "0", NULL, NULL, "Share of hidden units left out"},
    {"init.std", RK_PARAM_REAL, 0, 10, "0.05", NULL, NULL,
     "Standard deviation that vectors start with"},
};

static RkRef
tower(RkModelBuild *b, const char *name, RkRef x)
{
    RkGraph *g = b->graph;
    x = rk_layer_mlp(b, name, x, rk_params_text(b->set, "layers"), RK_ACT_RELU, RK_ACT_NONE,
                     rk_params_real(b->set, "dropout"));
    if (!rk_params_bool(b->set, "normalize"))
        return x;
    RkRef squares = rk_sum(g, rk_square(g, x), -1, TRUE);
    return rk_mul(g, x, rk_rsqrt(g, rk_shift(g, squares, 1e-12f)));
}

static RkRef
user_tower(RkModelBuild *b)
{
    uint32_t dim = (uint32_t)rk_params_int(b->set, "dim");
    RkRef table =
        rk_model_table(b, "user.weight", b->data->user, dim, rk_params_real(b->set, "init.std"));
    RkRef x = tower(b, "user.tower", rk_layer_gather(b, table, rk_model_user(b)));
    return rk_scale(b->graph, x, (float)(1 / rk_params_real(b->set, "temperature")));
}

static RkRef
item_table(RkModelBuild *b)
{
    uint32_t dim = (uint32_t)rk_params_int(b->set, "dim");
    return rk_model_table(b, "item.weight", b->data->item, dim, rk_params_real(b->set, "init.std"));
}

static RkRef
score(RkModelBuild *b, RkRef items)
{
    RkRef item = rk_layer_gather(b, item_table(b), rk_layer_items(b, items));
    return rk_layer_dot(b, user_tower(b), tower(b, "item.tower", item));
}

static RkRef
rank(RkModelBuild *b)
{
    return rk_matmul(b->graph, user_tower(b),
                     tower(b, "item.tower", rk_layer_values(b, item_table(b))), FALSE, TRUE);
}

const RkModel rk_model_two_tower = {
    .name = "two-tower",
    .title = "Two towers",
    .paper = "Yi et al., RecSys 2019, https://doi.org/10.1145/3298689.3346996",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .needs = RK_NEEDS_USER | RK_NEEDS_ITEM,
    .candidates = TRUE,
    .score = score,
    .rank = rank,
};
