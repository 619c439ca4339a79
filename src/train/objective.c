// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/objective.h"

#include "ops/ops.h"

#include <string.h>

const RkParam rk_objective_params[] = {
    {"loss", RK_PARAM_CHOICE, 0, 0, "bce", NULL, "bce|mse|bpr|softmax|sampled-softmax|in-batch",
     "What training minimizes"},
    {"positive.weight", RK_PARAM_REAL, 0, 1e6, "1", NULL, NULL,
     "bce: how many times a positive sample counts"},
};
const size_t rk_objective_n_params = G_N_ELEMENTS(rk_objective_params);

static RkRef
label(RkModelBuild *b)
{
    return rk_graph_input(b->graph, "label", rk_type(RK_F32, 1, RK_BATCH(1)));
}

// Each sample's own score, f32 [B].
static RkRef
own_score(RkModelBuild *b, const RkModel *model)
{
    return rk_reshape(b->graph, model->score(b, RK_NONE), rk_type(RK_F32, 1, RK_BATCH(1)));
}

static RkRef
build_bce(RkModelBuild *b, const RkModel *model, const RkParams *set, RkRef weight)
{
    RkRef loss = rk_bce_loss(b->graph, own_score(b, model), label(b),
                             (float)rk_params_real(set, "positive.weight"));
    return rk_mean_loss(b->graph, loss, weight);
}

static RkRef
build_mse(RkModelBuild *b, const RkModel *model, const RkParams *set, RkRef weight)
{
    (void)set;
    RkRef loss = rk_squared_error(b->graph, own_score(b, model), label(b));
    return rk_mean_loss(b->graph, loss, weight);
}

static RkRef
candidates(RkModelBuild *b, const RkParams *set)
{
    uint32_t n = 1 + (uint32_t)rk_params_int(set, "negatives.n");
    return rk_graph_input(b->graph, "candidates", rk_type(RK_U32, 2, RK_BATCH(1), RK_DIM(n)));
}

// [B, 1 + C] in two: what belongs to the sample's own item [B], and to the others [B, C].
static RkRef
split(RkModelBuild *b, RkRef x, RkRef *others)
{
    uint32_t n = rk_graph_type(b->graph, x)->dim[1].n;
    RkType flat = rk_type(RK_F32, 1, RK_BATCH(1)); // rk_reshape() leaves the dtype
    *others = rk_slice(b->graph, x, 1, 1, n);
    return rk_reshape(b->graph, rk_slice(b->graph, x, 1, 0, 1), flat);
}

static RkRef
build_bpr(RkModelBuild *b, const RkModel *model, const RkParams *set, RkRef weight)
{
    RkRef negative, positive = split(b, model->score(b, candidates(b, set)), &negative);
    return rk_mean_loss(b->graph, rk_bpr(b->graph, positive, negative), weight);
}

static RkRef
build_softmax(RkModelBuild *b, const RkModel *model, const RkParams *set, RkRef weight)
{
    (void)set;
    RkRef loss = rk_cross_entropy(b->graph, rk_model_rank(model, b), rk_model_item(b));
    return rk_mean_loss(b->graph, loss, weight);
}

static RkRef
build_sampled(RkModelBuild *b, const RkModel *model, const RkParams *set, RkRef weight)
{
    RkRef items = candidates(b, set);
    RkRef log_q = rk_graph_input(
        b->graph, "log_q", rk_type(RK_F32, 2, RK_BATCH(1), rk_graph_type(b->graph, items)->dim[1]));
    RkRef negative, positive = split(b, model->score(b, items), &negative);
    RkSampledOptions options;
    options.log_q_positive = split(b, log_q, &options.log_q);
    options.positive_id = split(b, items, &options.id);
    RkRef loss = rk_sampled_softmax(b->graph, negative, positive, options);
    return rk_mean_loss(b->graph, loss, weight);
}

static RkRef
build_in_batch(RkModelBuild *b, const RkModel *model, const RkParams *set, RkRef weight)
{
    (void)set;
    RkGraph *g = b->graph;
    RkRef items = rk_reshape(g, rk_model_item(b), rk_type(RK_U32, 2, RK_DIM(1), RK_BATCH(1)));
    RkRef log_q = rk_graph_input(g, "log_q", rk_type(RK_F32, 1, RK_BATCH(1)));
    RkRef loss = rk_in_batch_softmax(g, model->score(b, items), log_q, rk_model_item(b));
    return rk_mean_loss(g, loss, weight);
}

static const RkObjective OBJECTIVES[] = {
    {"bce", RK_FEEDS_LABEL, FALSE, build_bce},
    {"mse", RK_FEEDS_LABEL, FALSE, build_mse},
    {"bpr", RK_FEEDS_CANDIDATES, TRUE, build_bpr},
    {"softmax", 0, TRUE, build_softmax},
    {"sampled-softmax", RK_FEEDS_CANDIDATES | RK_FEEDS_LOG_Q, TRUE, build_sampled},
    {"in-batch", RK_FEEDS_LOG_Q, TRUE, build_in_batch},
};

const RkObjective *
rk_objective_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(OBJECTIVES); i++)
        if (strcmp(OBJECTIVES[i].name, name) == 0)
            return &OBJECTIVES[i];
    return NULL;
}

RkRef
rk_objective_build(const RkObjective *objective, RkModelBuild *build, const RkModel *model,
                   const RkParams *set, GError **error)
{
    if (objective->candidates && !model->candidates) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't train %s with loss=%s: it scores whole rows, not items beside a "
                    "sample's own. Use loss=bce or loss=mse, or a model such as mf or two-tower.",
                    model->title, objective->name);
        return RK_NONE;
    }
    RkRef weight = rk_graph_input(build->graph, "weight", rk_type(RK_F32, 1, RK_BATCH(1)));
    RkRef loss = objective->build(build, model, set, weight);
    return rk_graph_check(build->graph, error) ? loss : RK_NONE;
}
