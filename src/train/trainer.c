// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/trainer.h"

#include "train/objective.h"
#include "train/optimizer.h"
#include "train/schedule.h"

#include <math.h>
#include <string.h>

const RkParam rk_trainer_params[] = {
    {"epochs", RK_PARAM_INT, 1, 100000, "10", NULL, NULL, "Times that every sample is seen"},
    {"samples", RK_PARAM_CHOICE, 0, 0, "rows", NULL, "rows|pointwise",
     "Events as they are, or each beside negatives.n negatives with label 0"},
};
const size_t rk_trainer_n_params = G_N_ELEMENTS(rk_trainer_params);

enum { N_SLOTS = 2 }; // one plan runs while the loader fills the other's inputs

struct RkTrainer {
    RkTrainOptions options;
    const RkParams *set;
    RkTrainFeatures *features;
    RkModelBuild *build;
    RkOptimizerNodes nodes;
    RkRef loss;
    RkState *state;
    RkPlan *plan[N_SLOTS];
    void **memory; // [N_SLOTS][columns]
    GArray *columns, *inputs;
    RkLoader *loader;
    uint64_t step, samples;
    GTimer *clock;
};

// The parts of what an epoch adds up.
typedef struct {
    double loss;
    uint64_t steps;
} Epoch;

static gboolean
build_graph(RkTrainer *t, GError **error)
{
    const RkTrainOptions *o = &t->options;
    t->build = rk_model_build_new(o->model, &t->features->data, t->set, TRUE, error);
    if (t->build == NULL)
        return FALSE;
    const RkObjective *objective = rk_objective_find(rk_params_text(t->set, "loss"));
    t->loss = rk_objective_build(objective, t->build, o->model, t->set, error);
    return t->loss != RK_NONE && rk_optimizer_add(t->build, t->set, t->loss, &t->nodes, error);
}

static gboolean
first_weights(RkTrainer *t, GError **error)
{
    t->state = rk_state_new(t->options.device);
    if (!rk_state_add_graph(t->state, t->build->graph, error))
        return FALSE;
    for (guint i = 0; i < t->build->params->len; i++) {
        const RkModelParam *param = &g_array_index(t->build->params, RkModelParam, i);
        const RkTensor *tensor = rk_state_tensor(t->state, param->name);
        size_t bytes = rk_tensor_bytes(tensor);
        g_autofree float *values = g_malloc0(bytes);
        rk_model_init(param, tensor, t->options.seed, values);
        if (!rk_state_write(t->state, param->name, values, bytes, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
compile_plans(RkTrainer *t, GError **error)
{
    RkPlanOptions options = {.batch = (uint32_t)rk_params_int(t->set, "batch"),
                             .n_outputs = 1,
                             .outputs = &t->loss,
                             .n_effects = t->nodes.n_effects,
                             .effects = t->nodes.effects};
    for (int s = 0; s < N_SLOTS; s++) {
        t->plan[s] = rk_plan_new(t->options.device, t->build->graph, t->state, &options, error);
        if (t->plan[s] == NULL)
            return FALSE;
    }
    return rk_train_features_columns(t->features, t->build->graph, t->plan[0], &t->columns,
                                     &t->inputs, error);
}

static RkBatchOptions
batch_options(const RkTrainer *t, unsigned parts, const GArray *columns)
{
    gboolean pointwise = strcmp(rk_params_text(t->set, "samples"), "pointwise") == 0;
    gboolean draws = strcmp(rk_params_text(t->set, "negatives"), "none") != 0;
    return (RkBatchOptions){.frame = t->features->frame,
                            .parts = parts,
                            .samples = pointwise ? RK_SAMPLES_POINTWISE : RK_SAMPLES_ROWS,
                            .columns = (const RkBatchColumn *)(const void *)columns->data,
                            .n_columns = columns->len,
                            .batch = t->set,
                            .negatives = draws ? t->set : NULL,
                            .imbalance = t->set,
                            .seed = t->options.seed};
}

static gboolean
start_loader(RkTrainer *t, GError **error)
{
    t->memory = g_new(void *, N_SLOTS * t->columns->len);
    for (int s = 0; s < N_SLOTS; s++)
        for (guint i = 0; i < t->inputs->len; i++)
            t->memory[(guint)s * t->columns->len + i] =
                rk_plan_input(t->plan[s], g_array_index(t->inputs, RkRef, i), NULL);
    const RkLoaderOptions options = {.batch = batch_options(t, 1u << RK_PART_TRAIN, t->columns),
                                     .n_slots = N_SLOTS,
                                     .memory = t->memory,
                                     .n_epochs = (uint32_t)rk_params_int(t->set, "epochs")};
    t->loader = rk_loader_new(&options, error);
    return t->loader != NULL;
}

RkTrainer *
rk_trainer_new(const RkTrainOptions *options, GError **error)
{
    g_autoptr(RkTrainer) t = g_new0(RkTrainer, 1);
    t->options = *options;
    t->set = options->settings->values;
    t->clock = g_timer_new();
    t->features = rk_train_features_new(options->dataset, options->split, options->model,
                                        options->cancelled, error);
    if (t->features == NULL || !build_graph(t, error) || !first_weights(t, error) ||
        !compile_plans(t, error) || !start_loader(t, error))
        return NULL;
    g_timer_start(t->clock);
    return g_steal_pointer(&t);
}

void
rk_trainer_free(RkTrainer *trainer)
{
    if (trainer == NULL)
        return;
    rk_loader_free(trainer->loader); // before the memory that it fills
    for (int s = 0; s < N_SLOTS; s++)
        rk_plan_free(trainer->plan[s]);
    rk_state_free(trainer->state);
    rk_model_build_free(trainer->build);
    rk_train_features_free(trainer->features);
    g_clear_pointer(&trainer->columns, g_array_unref);
    g_clear_pointer(&trainer->inputs, g_array_unref);
    g_free(trainer->memory);
    g_timer_destroy(trainer->clock);
    g_free(trainer);
}

static void
write_step_inputs(RkTrainer *t, RkPlan *plan)
{
    uint64_t epoch_steps = rk_loader_n_batches(t->loader);
    uint64_t n_steps = epoch_steps * (uint64_t)rk_params_int(t->set, "epochs");
    double lr = rk_schedule_lr(t->set, rk_params_real(t->set, "lr"), t->step, n_steps, epoch_steps);
    rk_optimizer_hyper(t->set, t->step + 1, lr, rk_plan_input(plan, t->nodes.hyper, NULL));
    uint32_t *rng = rk_plan_input(plan, t->build->rng, NULL);
    if (rng != NULL) { // NULL without dropout
        rng[0] = (uint32_t)t->options.seed;
        rng[1] = (uint32_t)(t->options.seed >> 32);
        rng[2] = (uint32_t)t->step;
        rng[3] = 0;
    }
}

// A loss of a step that has run; looks for the beginning of a NaN.
static gboolean
read_loss(RkTrainer *t, RkPlan *plan, Epoch *epoch, GError **error)
{
    double loss = *(const float *)rk_plan_output(plan, 0, NULL);
    epoch->loss += loss;
    epoch->steps++;
    if (isfinite(loss))
        return TRUE;
    if (rk_plan_check_finite(plan, error))
        g_set_error(error, RK_ERROR, RK_ERROR_DATA, "the loss is %g", loss);
    g_prefix_error(error, "Stopped training at step %" G_GUINT64_FORMAT ": ", t->step);
    return FALSE;
}

gboolean
rk_trainer_epoch(RkTrainer *trainer, RkTrainProgress *progress, GError **error)
{
    RkTrainer *t = trainer;
    Epoch sum = {0};
    for (gboolean last = FALSE; !last;) {
        RkBatch batch;
        if (t->options.cancelled != NULL && g_atomic_int_get(t->options.cancelled)) {
            g_set_error(error, RK_ERROR, RK_ERROR_CANCELLED, "Training was interrupted");
            return FALSE;
        }
        int more = rk_loader_next(t->loader, &batch, error);
        if (more < 0)
            return FALSE;
        g_assert(more == 1); // the caller asks for no more epochs than there are
        RkPlan *plan = t->plan[batch.slot];
        write_step_inputs(t, plan);
        if (!rk_plan_run(plan, error) || !read_loss(t, plan, &sum, error))
            return FALSE;
        rk_loader_release(t->loader, batch.slot);
        t->step++;
        t->samples += batch.n;
        last = batch.last;
        *progress = (RkTrainProgress){.epoch = batch.epoch,
                                      .n_epochs = (uint32_t)rk_params_int(t->set, "epochs"),
                                      .step = sum.steps,
                                      .epoch_steps = rk_loader_n_batches(t->loader),
                                      .samples = t->samples,
                                      .loss = sum.loss / (double)sum.steps,
                                      .seconds = g_timer_elapsed(t->clock, NULL)};
        if (t->options.progress != NULL)
            t->options.progress(t->options.progress_data, progress);
    }
    return TRUE;
}

// --- scoring --------------------------------------------------------------------------------

typedef struct {
    RkModelBuild *build;
    RkPlan *plan;
    GArray *columns, *inputs;
    RkLoader *loader;
    RkParams *set;
    void **memory;
    float *label; // [batch], the last column
} Scoring;

static void
clear_scoring(Scoring *s)
{
    rk_loader_free(s->loader);
    rk_plan_free(s->plan);
    rk_model_build_free(s->build);
    g_clear_pointer(&s->columns, g_array_unref);
    g_clear_pointer(&s->inputs, g_array_unref);
    g_clear_pointer(&s->set, rk_params_free);
    g_free(s->memory);
    g_free(s->label);
}

static gboolean
start_scoring(RkTrainer *t, RkPart part, Scoring *s, GError **error)
{
    const RkTrainOptions *o = &t->options;
    s->set = rk_params_copy(t->set);
    if (!rk_params_set(s->set, "shuffle", "none", error) ||
        !rk_params_set(s->set, "balance", "none", error) ||
        !rk_params_set(s->set, "drop-last", "false", error))
        return FALSE;
    s->build = rk_model_build_new(o->model, &t->features->data, s->set, FALSE, error);
    if (s->build == NULL)
        return FALSE;
    RkRef score = o->model->score(s->build, RK_NONE);
    RkPlanOptions plan = {
        .batch = (uint32_t)rk_params_int(s->set, "batch"), .n_outputs = 1, .outputs = &score};
    s->plan = rk_plan_new(o->device, s->build->graph, t->state, &plan, error);
    if (s->plan == NULL || !rk_train_features_columns(t->features, s->build->graph, s->plan,
                                                      &s->columns, &s->inputs, error))
        return FALSE;
    s->label = g_new(float, plan.batch);
    s->memory = g_new0(void *, s->columns->len + 1);
    s->memory[s->columns->len] = s->label;
    for (guint i = 0; i < s->inputs->len; i++)
        s->memory[i] = rk_plan_input(s->plan, g_array_index(s->inputs, RkRef, i), NULL);
    const RkBatchColumn label = {.name = "label", .kind = RK_BATCH_LABEL};
    g_array_append_val(s->columns, label);
    RkLoaderOptions loader = {.batch = batch_options(t, 1u << part, s->columns),
                              .n_slots = 1,
                              .memory = s->memory,
                              .n_epochs = 1};
    loader.batch.samples = RK_SAMPLES_ROWS;
    loader.batch.batch = loader.batch.imbalance = s->set;
    loader.batch.negatives = NULL;
    s->loader = rk_loader_new(&loader, error);
    return s->loader != NULL;
}

static gboolean
score_batches(Scoring *s, float *scores, float *labels, uint64_t *n, GError **error)
{
    RkBatch batch;
    int more;
    *n = 0;
    while ((more = rk_loader_next(s->loader, &batch, error)) == 1) {
        if (!rk_plan_run(s->plan, error))
            return FALSE;
        memcpy(scores + *n, rk_plan_output(s->plan, 0, NULL), batch.n * sizeof *scores);
        memcpy(labels + *n, s->label, batch.n * sizeof *labels);
        *n += batch.n;
        rk_loader_release(s->loader, batch.slot);
    }
    return more == 0;
}

gboolean
rk_trainer_scores(RkTrainer *trainer, RkPart part, float **scores, float **labels, uint64_t *n,
                  GError **error)
{
    Scoring s = {0};
    gboolean done = start_scoring(trainer, part, &s, error);
    if (done) {
        uint64_t all = rk_loader_n_samples(s.loader);
        *scores = g_new(float, all);
        *labels = g_new(float, all);
        done = score_batches(&s, *scores, *labels, n, error);
        if (!done) {
            g_clear_pointer(scores, g_free);
            g_clear_pointer(labels, g_free);
        }
    }
    clear_scoring(&s);
    return done;
}

RkState *
rk_trainer_state(RkTrainer *trainer)
{
    return trainer->state;
}

const RkTrainFeatures *
rk_trainer_features(const RkTrainer *trainer)
{
    return trainer->features;
}
