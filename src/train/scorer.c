// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/scorer.h"

#include <math.h>
#include <string.h>

enum { N_SLOTS = 2 }; // one plan runs while the loader fills the other's inputs

// What is read beside the inputs of the plan, in this order after them.
enum { LABEL, WEIGHT, ROW, USER, N_EXTRA };

typedef struct {
    const RkScorerOptions *options;
    RkParams *set; // the settings, without shuffling and balancing
    RkModelBuild *build;
    RkPlan *plan[N_SLOTS];
    GArray *columns, *inputs;
    GArray *outputs;                   // RkRef: the scores, then what add() named
    uint32_t *extra[N_SLOTS][N_EXTRA]; // [batch] each
    const uint32_t *candidates[N_SLOTS];
    void **memory;
    RkLoader *loader;
    uint32_t n_extra;
} Scoring;

static void
clear_scoring(Scoring *s)
{
    rk_loader_free(s->loader); // before the memory that it fills
    for (int i = 0; i < N_SLOTS; i++) {
        rk_plan_free(s->plan[i]);
        for (int e = 0; e < N_EXTRA; e++)
            g_free(s->extra[i][e]);
    }
    rk_model_build_free(s->build);
    g_clear_pointer(&s->columns, g_array_unref);
    g_clear_pointer(&s->inputs, g_array_unref);
    g_clear_pointer(&s->outputs, g_array_unref);
    g_clear_pointer(&s->set, rk_params_free);
    g_free(s->memory);
}

static RkRef
build_scores(Scoring *s)
{
    const RkScorerOptions *o = s->options;
    RkRef items = RK_NONE;
    if (o->n_candidates > 0)
        items = rk_graph_input(s->build->graph, "candidates",
                               rk_type(RK_U32, 2, RK_BATCH(1), RK_DIM(1 + o->n_candidates)));
    return o->model->score(s->build, items);
}

static gboolean
compile(Scoring *s, GError **error)
{
    const RkScorerOptions *o = s->options;
    s->set = rk_params_copy(o->set);
    if ((o->visit == NULL && !rk_params_set(s->set, "shuffle", "none", error)) ||
        !rk_params_set(s->set, "balance", "none", error) ||
        !rk_params_set(s->set, "drop-last", "false", error))
        return FALSE;
    s->build = rk_model_build_new(o->model, &o->features->data, s->set, FALSE, error);
    if (s->build == NULL)
        return FALSE;
    RkRef score = build_scores(s);
    // Rows of many candidates come in smaller batches, so that both kinds take similar memory.
    uint32_t batch = (uint32_t)rk_params_int(s->set, "batch");
    batch = MAX(batch / (1 + o->n_candidates), MIN(batch, 64u));
    g_autofree char *text = g_strdup_printf("%u", batch);
    s->outputs = g_array_new(FALSE, FALSE, sizeof(RkRef));
    g_array_append_val(s->outputs, score);
    if (o->add != NULL)
        o->add(o->data, s->build, s->outputs);
    RkPlanOptions plan = {.batch = batch,
                          .n_outputs = s->outputs->len,
                          .outputs = (const RkRef *)(void *)s->outputs->data};
    if (!rk_params_set(s->set, "batch", text, error))
        return FALSE;
    for (int i = 0; i < N_SLOTS; i++) {
        s->plan[i] = rk_plan_new(o->device, s->build->graph, o->state, &plan, error);
        if (s->plan[i] == NULL)
            return FALSE;
    }
    return rk_train_features_columns(o->features, s->build->graph, rk_graph_size(s->build->graph),
                                     s->plan[0], &s->columns, &s->inputs, error);
}

static void
add_extra_columns(Scoring *s)
{
    const RkModelData *data = &s->options->features->data;
    const char *user = data->user >= 0 ? data->features[data->user].name : NULL;
    const RkBatchColumn extra[] = {{.name = "label", .kind = RK_BATCH_LABEL},
                                   {.name = "weight", .kind = RK_BATCH_WEIGHT},
                                   {.name = "row", .kind = RK_BATCH_ROW},
                                   {.name = "user", .kind = RK_BATCH_CODE, .field = user}};
    s->n_extra = user != NULL ? N_EXTRA : USER;
    g_array_append_vals(s->columns, extra, s->n_extra);
}

static gboolean
start_loader(Scoring *s, GError **error)
{
    const RkScorerOptions *o = s->options;
    uint32_t n_inputs = s->inputs->len, batch = (uint32_t)rk_params_int(s->set, "batch");
    add_extra_columns(s);
    s->memory = g_new0(void *, N_SLOTS * s->columns->len);
    for (uint32_t slot = 0; slot < N_SLOTS; slot++) {
        void **memory = s->memory + slot * s->columns->len;
        for (uint32_t i = 0; i < n_inputs; i++) {
            memory[i] = rk_plan_input(s->plan[slot], g_array_index(s->inputs, RkRef, i), NULL);
            if (g_array_index(s->columns, RkBatchColumn, i).kind == RK_BATCH_CANDIDATES)
                s->candidates[slot] = memory[i];
        }
        for (uint32_t e = 0; e < s->n_extra; e++)
            memory[n_inputs + e] = s->extra[slot][e] = g_new0(uint32_t, batch);
    }
    const RkLoaderOptions loader = {
        .batch = {.frame = o->features->frame,
                  .parts = 1u << o->part,
                  .samples = RK_SAMPLES_ROWS,
                  .columns = (const RkBatchColumn *)(const void *)s->columns->data,
                  .n_columns = s->columns->len,
                  .batch = s->set,
                  .negatives = o->n_candidates > 0 ? o->negatives : NULL,
                  .imbalance = s->set,
                  .seed = o->seed},
        .n_slots = N_SLOTS,
        .memory = s->memory,
        .n_epochs = 1};
    s->loader = rk_loader_new(&loader, error);
    if (s->loader == NULL)
        g_prefix_error(error, "Can't score the %s part of %s: ", rk_part_name(o->part),
                       rk_dataset_name(o->features->dataset));
    return s->loader != NULL;
}

// Keeps what a batch gave, samples without a label left out.
static void
keep_batch(const Scoring *s, const RkBatch *batch, RkScores *to)
{
    const float *score = rk_plan_output(s->plan[batch->slot], 0, NULL);
    uint32_t *const *extra = s->extra[batch->slot];
    for (uint32_t b = 0; b < batch->n; b++) {
        float weight, label;
        memcpy(&weight, &extra[WEIGHT][b], sizeof weight);
        memcpy(&label, &extra[LABEL][b], sizeof label);
        if (!(weight > 0))
            continue;
        float *kept = to->score + to->n * to->width;
        memcpy(kept, score + (size_t)b * to->width, to->width * sizeof *kept);
        for (uint32_t c = 1; c < to->width; c++)
            if (s->candidates[batch->slot][(size_t)b * to->width + c] == UINT32_MAX)
                kept[c] = NAN;
        to->label[to->n] = label;
        to->row[to->n] = extra[ROW][b];
        to->user[to->n] = extra[USER] != NULL ? extra[USER][b] : UINT32_MAX;
        to->n++;
    }
}

static void
visit_batch(const Scoring *s, const RkBatch *batch)
{
    RkPlan *plan = s->plan[batch->slot];
    for (uint32_t i = 1; i < s->outputs->len; i++)
        s->options->visit(s->options->data, i - 1, rk_plan_output(plan, i, NULL),
                          rk_plan_output_tensor(plan, i), batch->n);
}

static RkScores *
run(Scoring *s, GError **error)
{
    uint64_t n = rk_loader_n_samples(s->loader);
    g_autoptr(RkScores) scores = g_new0(RkScores, 1);
    scores->width = 1 + s->options->n_candidates;
    scores->score = g_new(float, n * scores->width);
    scores->label = g_new(float, n);
    scores->user = g_new(uint32_t, n);
    scores->row = g_new(uint32_t, n);
    RkBatch batch;
    int more = 0;
    uint64_t left = s->options->visit != NULL ? s->options->n_batches : UINT64_MAX;
    for (; left > 0 && (more = rk_loader_next(s->loader, &batch, error)) == 1; left--) {
        if (s->options->cancelled != NULL && g_atomic_int_get(s->options->cancelled)) {
            g_set_error(error, RK_ERROR, RK_ERROR_CANCELLED, "Scoring was interrupted");
            return NULL;
        }
        if (!rk_plan_run(s->plan[batch.slot], error))
            return NULL;
        keep_batch(s, &batch, scores);
        visit_batch(s, &batch);
        rk_loader_release(s->loader, batch.slot);
    }
    return more >= 0 ? g_steal_pointer(&scores) : NULL;
}

RkScores *
rk_scores_new(const RkScorerOptions *options, GError **error)
{
    Scoring s = {.options = options};
    RkScores *scores = NULL;
    if (compile(&s, error) && start_loader(&s, error))
        scores = run(&s, error);
    clear_scoring(&s);
    return scores;
}

void
rk_scores_free(RkScores *scores)
{
    if (scores == NULL)
        return;
    g_free(scores->score);
    g_free(scores->label);
    g_free(scores->user);
    g_free(scores->row);
    g_free(scores);
}
