// SPDX-License-Identifier: GPL-3.0-or-later
//
// The items that most events are of, the same for everyone: what any other model must beat
// (Ferrari Dacrema, Cremonesi and Jannach, RecSys 2019, https://arxiv.org/abs/1907.06902). Counted,
// not trained.
#include "models/layers.h"
#include "ops/ops.h"

static RkRef
table_of(RkModelBuild *b)
{
    return rk_model_table(b, "item.popularity", b->data->item, 1, 0);
}

// f32 [B, 1] of zeros, so that scores have a row for each sample.
static RkRef
nothing(RkModelBuild *b)
{
    RkRef user = rk_reshape(b->graph, rk_cast(b->graph, rk_model_user(b), RK_F32),
                            rk_type(RK_F32, 2, RK_BATCH(1), RK_DIM(1)));
    return rk_scale(b->graph, user, 0);
}

static RkRef
score(RkModelBuild *b, RkRef items)
{
    RkRef counts = rk_layer_gather(b, table_of(b), rk_layer_items(b, items));
    return rk_add(b->graph, rk_layer_squeeze(b, counts), nothing(b));
}

static RkRef
rank(RkModelBuild *b)
{
    RkType row = rk_type(RK_F32, 2, RK_DIM(1), RK_DIM(rk_model_n_items(b)));
    return rk_add(b->graph, rk_reshape(b->graph, rk_layer_values(b, table_of(b)), row), nothing(b));
}

static gboolean
fit(const RkModelBuild *build, const RkModelEvents *events, void *const *values,
    const gint *cancelled)
{
    float *popularity = values[0];
    for (uint64_t e = 0; e < events->offset[events->n_users]; e++)
        popularity[events->item[e]]++;
    return TRUE;
}

const RkModel rk_model_popularity = {
    .name = "popularity",
    .title = "Most popular items",
    .paper = "Ferrari Dacrema, Cremonesi and Jannach, 2019, https://arxiv.org/abs/1907.06902",
    .needs = RK_NEEDS_USER | RK_NEEDS_ITEM,
    .candidates = TRUE,
    .score = score,
    .rank = rank,
    .fit = fit,
};
