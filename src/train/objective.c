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
own_score(RkModelBuild *b, const RkModel *model, RkScored *scored)
{
    scored->kind = RK_SCORED_OWN;
    scored->apart = TRUE;
    scored->score = rk_reshape(b->graph, model->score(b, RK_NONE), rk_type(RK_F32, 1, RK_BATCH(1)));
    return scored->score;
}

// Scores of items, f32 [B, C].
static RkRef
item_scores(RkModelBuild *b, const RkModel *model, RkRef items, RkScored *scored)
{
    scored->kind = RK_SCORED_ITEMS;
    scored->items = items;
    scored->score = model->score(b, items);
    return scored->score;
}

static RkRef
build_bce(RkModelBuild *b, const RkModel *model, const RkParams *set, RkScored *scored)
{
    RkRef loss = rk_bce_loss(b->graph, own_score(b, model, scored), label(b),
                             (float)rk_params_real(set, "positive.weight"));
    return rk_mean_loss(b->graph, loss, scored->weight);
}

static RkRef
build_mse(RkModelBuild *b, const RkModel *model, const RkParams *set, RkScored *scored)
{
    (void)set;
    RkRef loss = rk_squared_error(b->graph, own_score(b, model, scored), label(b));
    return rk_mean_loss(b->graph, loss, scored->weight);
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
build_bpr(RkModelBuild *b, const RkModel *model, const RkParams *set, RkScored *scored)
{
    RkRef negative,
        positive = split(b, item_scores(b, model, candidates(b, set), scored), &negative);
    return rk_mean_loss(b->graph, rk_bpr(b->graph, positive, negative), scored->weight);
}

static RkRef
build_softmax(RkModelBuild *b, const RkModel *model, const RkParams *set, RkScored *scored)
{
    (void)set;
    scored->kind = RK_SCORED_ALL;
    scored->score = rk_model_rank(model, b);
    RkRef loss = rk_cross_entropy(b->graph, scored->score, rk_model_item(b));
    return rk_mean_loss(b->graph, loss, scored->weight);
}

static RkRef
build_sampled(RkModelBuild *b, const RkModel *model, const RkParams *set, RkScored *scored)
{
    RkRef items = candidates(b, set);
    RkRef log_q = rk_graph_input(
        b->graph, "log_q", rk_type(RK_F32, 2, RK_BATCH(1), rk_graph_type(b->graph, items)->dim[1]));
    RkRef negative, positive = split(b, item_scores(b, model, items, scored), &negative);
    RkSampledOptions options;
    options.log_q_positive = split(b, log_q, &options.log_q);
    options.positive_id = split(b, items, &options.id);
    RkRef loss = rk_sampled_softmax(b->graph, negative, positive, options);
    return rk_mean_loss(b->graph, loss, scored->weight);
}

static RkRef
build_in_batch(RkModelBuild *b, const RkModel *model, const RkParams *set, RkScored *scored)
{
    (void)set;
    RkGraph *g = b->graph;
    RkRef items = rk_reshape(g, rk_model_item(b), rk_type(RK_U32, 2, RK_DIM(1), RK_BATCH(1)));
    RkRef log_q = rk_graph_input(g, "log_q", rk_type(RK_F32, 1, RK_BATCH(1)));
    RkRef loss =
        rk_in_batch_softmax(g, item_scores(b, model, items, scored), log_q, rk_model_item(b));
    return rk_mean_loss(g, loss, scored->weight);
}

// ---- sequences -----------------------------------------------------------------------------

// f32 or u32 [B, T, 1 + C] as rows [B T, 1 + C].
static RkRef
target_rows(RkModelBuild *b, RkRef x)
{
    uint32_t t = b->data->history, n = rk_graph_type(b->graph, x)->dim[2].n;
    return rk_reshape(b->graph, x, rk_type(RK_F32, 2, RK_BATCH(t), RK_DIM(n)));
}

static RkRef
target_scores(RkModelBuild *b, const RkModel *model, RkRef items, RkScored *scored)
{
    scored->kind = RK_SCORED_TARGETS;
    scored->items = items;
    scored->score = target_rows(b, model->score(b, items));
    return scored->score;
}

// Such rows in two: the targets' [B T], the others' [B T, C].
static RkRef
split_targets(RkModelBuild *b, RkRef rows, RkRef *others)
{
    uint32_t t = b->data->history, n = rk_graph_type(b->graph, rows)->dim[1].n;
    *others = rk_slice(b->graph, rows, 1, 1, n);
    return rk_reshape(b->graph, rk_slice(b->graph, rows, 1, 0, 1), rk_type(RK_F32, 1, RK_BATCH(t)));
}

static RkRef
sequence_input(RkModelBuild *b, const RkParams *set, const char *name, RkDtype dtype)
{
    uint32_t n = 1 + (uint32_t)rk_params_int(set, "negatives.n");
    return rk_graph_input(b->graph, name,
                          rk_type(dtype, 3, RK_BATCH(1), RK_DIM(b->data->history), RK_DIM(n)));
}

// Kang and McAuley, eq. 7: a target's own term and one for each negative.
static RkRef
each_bce(RkModelBuild *b, const RkModel *model, const RkParams *set, RkScored *scored)
{
    RkGraph *g = b->graph;
    RkRef negative, items = sequence_input(b, set, "candidates", RK_U32);
    RkRef positive = split_targets(b, target_scores(b, model, items, scored), &negative);
    scored->apart = TRUE;
    RkRef one = rk_bce_loss(g, positive, rk_graph_fill(g, *rk_graph_type(g, positive), 1),
                            (float)rk_params_real(set, "positive.weight"));
    RkRef others = rk_bce_loss(g, negative, rk_graph_fill(g, *rk_graph_type(g, negative), 0), 1);
    return rk_add(g, one, rk_sum(g, others, -1, FALSE));
}

static RkRef
each_bpr(RkModelBuild *b, const RkModel *model, const RkParams *set, RkScored *scored)
{
    RkRef negative, items = sequence_input(b, set, "candidates", RK_U32);
    RkRef positive = split_targets(b, target_scores(b, model, items, scored), &negative);
    return rk_bpr(b->graph, positive, negative);
}

static RkRef
each_sampled(RkModelBuild *b, const RkModel *model, const RkParams *set, RkScored *scored)
{
    RkSampledOptions options;
    RkRef negative, items = sequence_input(b, set, "candidates", RK_U32);
    RkRef log_q = sequence_input(b, set, "log_q", RK_F32);
    RkRef positive = split_targets(b, target_scores(b, model, items, scored), &negative);
    options.log_q_positive = split_targets(b, target_rows(b, log_q), &options.log_q);
    options.positive_id = split_targets(b, target_rows(b, items), &options.id);
    return rk_sampled_softmax(b->graph, negative, positive, options);
}

// Mean over the targets that there are, each as heavy as its sample.
static RkRef
build_sequences(const RkObjective *objective, RkModelBuild *b, const RkModel *model,
                const RkParams *set, RkScored *scored)
{
    RkGraph *g = b->graph;
    uint32_t t = b->data->history;
    RkRef target = rk_graph_input(g, "target", rk_type(RK_U32, 2, RK_BATCH(1), RK_DIM(t)));
    RkRef column = rk_reshape(g, scored->weight, rk_type(RK_F32, 2, RK_BATCH(1), RK_DIM(1)));
    RkRef there = rk_mul(g, rk_label_weight(g, target, rk_model_n_items(b)), column);
    scored->weight = rk_reshape(g, there, rk_type(RK_F32, 1, RK_BATCH(t)));
    return rk_mean_loss(g, objective->each(b, model, set, scored), scored->weight);
}

static const RkObjective OBJECTIVES[] = {
    {"bce", RK_FEEDS_LABEL, FALSE, build_bce, each_bce},
    {"mse", RK_FEEDS_LABEL, FALSE, build_mse, NULL},
    {"bpr", RK_FEEDS_CANDIDATES, TRUE, build_bpr, each_bpr},
    {"softmax", 0, TRUE, build_softmax, NULL},
    {"sampled-softmax", RK_FEEDS_CANDIDATES | RK_FEEDS_LOG_Q, TRUE, build_sampled, each_sampled},
    {"in-batch", RK_FEEDS_LOG_Q, TRUE, build_in_batch, NULL},
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
                   const RkParams *set, RkScored *scored, GError **error)
{
    if (objective->candidates && !model->candidates) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't train %s with loss=%s: it scores whole rows, not items beside a "
                    "sample's own. Use loss=bce or loss=mse, or a model such as mf or two-tower.",
                    model->title, objective->name);
        return RK_NONE;
    }
    gboolean sequences = strcmp(rk_params_text(set, "samples"), "sequences") == 0;
    if (sequences && (objective->each == NULL || !(model->needs & RK_NEEDS_HISTORY))) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't train %s with loss=%s on samples=sequences: that takes a model of "
                    "sequences, such as sasrec, with loss=bce, bpr or sampled-softmax.",
                    model->title, objective->name);
        return RK_NONE;
    }
    *scored = (RkScored){.score = RK_NONE, .items = RK_NONE};
    scored->weight = rk_graph_input(build->graph, "weight", rk_type(RK_F32, 1, RK_BATCH(1)));
    RkRef loss = sequences ? build_sequences(objective, build, model, set, scored)
                           : objective->build(build, model, set, scored);
    return rk_graph_check(build->graph, error) ? loss : RK_NONE;
}
