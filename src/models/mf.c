// SPDX-License-Identifier: GPL-3.0-or-later
//
// Matrix factorization with biases: score = mean + b_u + b_i + p_u . q_i. With a squared loss it is
// Koren, Bell and Volinsky, Computer 42 (2009); with a logistic loss and sampled negatives Rendle
// et al., "Neural Collaborative Filtering vs. Matrix Factorization Revisited",
// https://arxiv.org/abs/2005.09683; with BPR, Rendle et al., https://arxiv.org/abs/1205.2618.
#include "models/layers.h"
#include "ops/ops.h"

static const RkParam PARAMS[] = {
    {"dim", RK_PARAM_INT, 1, 4096, "32", NULL, NULL, "Size of the user and item vectors"},
    {"biases", RK_PARAM_BOOL, 0, 0, "true", NULL, NULL, "Add a bias for each user and each item"},
    {"init.std", RK_PARAM_REAL, 0, 10, "0.1", NULL, NULL,
     "Standard deviation that vectors start with"},
};

typedef struct {
    RkRef user; // [B, D]
    RkRef item; // table [items, D]
    RkRef item_bias;
    RkRef offset; // mean + user bias, [B, 1]; RK_NONE without biases
} Parts;

static Parts
parts_of(RkModelBuild *b)
{
    RkGraph *g = b->graph;
    uint32_t dim = (uint32_t)rk_params_int(b->set, "dim");
    double deviation = rk_params_real(b->set, "init.std");
    RkRef users = rk_model_table(b, "user.weight", b->data->user, dim, deviation);
    Parts p = {.user = rk_layer_gather(b, users, rk_model_user(b)),
               .item = rk_model_table(b, "item.weight", b->data->item, dim, deviation),
               .item_bias = RK_NONE,
               .offset = RK_NONE};
    if (!rk_params_bool(b->set, "biases"))
        return p;
    RkRef user_bias = rk_model_table(b, "user.bias", b->data->user, 1, 0);
    RkRef mean = rk_model_param(b, "mean", rk_type(RK_F32, 1, RK_DIM(1)),
                                (RkInit){RK_INIT_CONSTANT, b->data->label_mean});
    p.item_bias = rk_model_table(b, "item.bias", b->data->item, 1, 0);
    p.offset = rk_add(g, rk_layer_gather(b, user_bias, rk_model_user(b)), mean);
    return p;
}

static RkRef
score(RkModelBuild *b, RkRef items)
{
    RkGraph *g = b->graph;
    Parts p = parts_of(b);
    items = rk_layer_items(b, items);
    RkRef dot = rk_layer_dot(b, p.user, rk_layer_gather(b, p.item, items));
    if (p.offset == RK_NONE)
        return dot;
    RkRef bias = rk_layer_squeeze(b, rk_layer_gather(b, p.item_bias, items));
    return rk_add(g, rk_add(g, dot, bias), p.offset);
}

static RkRef
rank(RkModelBuild *b)
{
    RkGraph *g = b->graph;
    Parts p = parts_of(b);
    RkRef dots = rk_layer_scores(b, p.user, p.item);
    if (p.offset == RK_NONE)
        return dots;
    RkRef bias = rk_layer_squeeze(b, rk_layer_values(b, p.item_bias));
    return rk_add(g, rk_add(g, dots, bias), p.offset);
}

const RkModel rk_model_mf = {
    .name = "mf",
    .title = "Matrix factorization",
    .paper = "Koren, Bell and Volinsky, Computer 42 (2009); https://arxiv.org/abs/2005.09683",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .needs = RK_NEEDS_USER | RK_NEEDS_ITEM,
    .candidates = TRUE,
    .score = score,
    .rank = rank,
};
