// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/trainer.h"
#include "train/trainer-private.h"

#include "train/micro.h"
#include "train/objective.h"
#include "train/optimizer.h"
#include "train/schedule.h"

#include <math.h>
#include <string.h>

const RkParam rk_trainer_params[] = {
    {"epochs", RK_PARAM_INT, 0, 100000, "10", NULL, NULL,
     "Times that every sample is seen; 0 keeps the first weights"},
    {"accumulate", RK_PARAM_INT, 1, 1024, "1", "batches", NULL,
     "Batches whose gradients make one step, as one batch of all their samples would"},
    {"samples", RK_PARAM_CHOICE, 0, 0, "rows", NULL, "rows|pointwise|sequences",
     "Events as they are; each beside negatives.n negatives with label 0, where with bce an "
     "event's "
     "label is 1 unless label.binary is set; or users' sequences"},
    {"init", RK_PARAM_TEXT, 0, 0, "", NULL, NULL, "Weights to start from, FILE.npz or FILE.json"},
    {"metric", RK_PARAM_TEXT, 0, 0, "auto", NULL, NULL,
     "What tells the best epoch on the validation part, such as auc, rmse or ndcg@10"},
    {"patience", RK_PARAM_INT, 0, 100000, "0", "epochs", NULL,
     "Stop after so many without a better metric and keep the best weights; 0 never stops"},
    {"eval.every", RK_PARAM_INT, 0, 100000, "1", "epochs", NULL,
     "How often the validation part is measured; 0 never"},
    {"log.every", RK_PARAM_INT, 0, 1e9, "0", "steps", NULL,
     "How often a step's loss is kept; 0 keeps each epoch's mean only"},
    {"checkpoint.s", RK_PARAM_REAL, 0, 1e6, "60", "s", NULL,
     "How often a checkpoint is written within an epoch; each epoch's end writes one too"},
    {"positive.from", RK_PARAM_REAL, -1e30, 1e30, "-1e30", NULL, NULL,
     "Events with a label below this are no choices of the user's: in no history, seen list or "
     "ranking"},
};
const size_t rk_trainer_n_params = G_N_ELEMENTS(rk_trainer_params);

enum { N_SLOTS = 2 }; // one plan runs while the loader fills the other's inputs

struct RkTrainer {
    RkTrainOptions options;
    const RkParams *set;
    RkParams *implicit; // what `set` is then, owned; else NULL
    RkTrainFeatures *features;
    RkModelBuild *build;
    RkModelBuild *teacher;    // in the same graph; NULL without
    RkModelData teacher_data; // `features` in the teacher's form
    RkOptimizerNodes nodes;
    RkMicro micro;
    RkState *state;
    RkPlan *plan[N_SLOTS]; // the first alone when gradients are accumulated
    void **memory;         // [N_SLOTS][columns], or [micro-batches][columns] to copy batches to
    size_t *bytes;         // [columns] of a batch
    GArray *columns, *inputs;
    RkParams *in_batch; // negatives as that loss has them; else NULL
    RkLoader *loader;
    RkTrainPosition at;
    uint64_t first_samples; // at the beginning of this trainer
    double lr;              // instead of the schedule's; NaN without
    GArray *unseen;
    RkPlan *last; // that ran
    GTimer *clock;
};

static gboolean
build_graph(RkTrainer *t, GError **error)
{
    const RkTrainOptions *o = &t->options;
    t->build = rk_model_build_new(o->model, &t->features->data, t->set, TRUE, error);
    if (t->build == NULL)
        return FALSE;
    const RkObjective *objective = rk_objective_find(rk_params_text(t->set, "loss"));
    RkScored scored;
    RkRef loss = rk_objective_build(objective, t->build, o->model, t->set, &scored, error);
    if (loss != RK_NONE && o->teacher != NULL) {
        t->teacher_data = t->features->data;
        t->teacher_data.form = o->teacher->form;
        loss = rk_teacher_loss(o->teacher, t->build, &t->teacher_data, &scored, loss, &t->teacher,
                               error);
    }
    if (loss == RK_NONE)
        return FALSE;
    rk_micro_init(&t->micro, t->build, loss, scored.weight,
                  (uint32_t)rk_params_int(t->set, "accumulate"));
    const RkGradLosses losses = rk_micro_losses(&t->micro);
    return rk_optimizer_add(t->build, t->set, &losses, &t->nodes, error);
}

static gboolean
set_weights(RkTrainer *t, GError **error)
{
    t->state =
        rk_trainer_weights(&t->options, t->build, t->teacher, t->features, &t->unseen, error);
    return t->state != NULL;
}

// What ranks every item by its code names them all, 0, 1, 2, ..
static void
name_items(const RkTrainer *t, RkPlan *plan)
{
    RkRef ref = rk_graph_find(t->build->graph, "items");
    for (uint32_t m = 0; ref != RK_NONE && m < t->micro.n; m++) {
        RkRef own = rk_micro_input(&t->micro, m, ref);
        uint32_t *items = own != RK_NONE ? rk_plan_input(plan, own, NULL) : NULL;
        for (uint32_t i = 0; items != NULL && i < rk_model_n_items(t->build); i++)
            items[i] = i;
    }
}

// Whether every epoch is done: such a trainer has its weights to give and no plan.
static gboolean
is_done(const RkTrainer *t)
{
    return t->at.epoch >= rk_params_int(t->set, "epochs");
}

static gboolean
compile_plans(RkTrainer *t, GError **error)
{
    if (is_done(t))
        return TRUE;
    RkPlanOptions options = {.batch = (uint32_t)rk_params_int(t->set, "batch"),
                             .n_outputs = 1,
                             .outputs = &t->micro.loss,
                             .profile = t->options.profile,
                             .n_effects = t->nodes.n_effects,
                             .effects = t->nodes.effects};
    for (int s = 0; s < (t->micro.n == 1 ? N_SLOTS : 1); s++) {
        t->plan[s] = rk_plan_new(t->options.device, t->build->graph, t->state, &options, error);
        if (t->plan[s] == NULL)
            return FALSE;
        name_items(t, t->plan[s]);
    }
    return rk_train_features_columns(t->features, t->build->graph, t->micro.n_nodes, t->plan[0],
                                     &t->columns, &t->inputs, error);
}

static RkBatchOptions
batch_options(const RkTrainer *t, unsigned parts, const GArray *columns)
{
    gboolean draws = strcmp(rk_params_text(t->set, "negatives"), "none") != 0;
    const RkParams *negatives = t->in_batch != NULL ? t->in_batch : draws ? t->set : NULL;
    return (RkBatchOptions){.frame = t->features->frame,
                            .parts = parts,
                            .samples = rk_trainer_samples(t->set),
                            .columns = (const RkBatchColumn *)(const void *)columns->data,
                            .n_columns = columns->len,
                            .batch = t->set,
                            .negatives = negatives,
                            .imbalance = t->set,
                            .seed = t->options.seed};
}

// Where batches go: each plan's inputs, or one plan's inputs of each micro-batch.
static void
find_memory(RkTrainer *t)
{
    guint n_columns = t->columns->len, n = MAX((guint)N_SLOTS, t->micro.n);
    t->memory = g_new0(void *, (gsize)n *n_columns);
    t->bytes = g_new0(size_t, n_columns);
    for (guint s = 0; s < (t->micro.n == 1 ? N_SLOTS : t->micro.n); s++)
        for (guint i = 0; i < n_columns; i++) {
            RkRef input = g_array_index(t->inputs, RkRef, i);
            t->memory[s * n_columns + i] =
                t->micro.n == 1
                    ? rk_plan_input(t->plan[s], input, &t->bytes[i])
                    : rk_plan_input(t->plan[0], rk_micro_input(&t->micro, s, input), &t->bytes[i]);
        }
}

static gboolean
start_loader(RkTrainer *t, GError **error)
{
    if (is_done(t))
        return TRUE;
    find_memory(t);
    if (strcmp(rk_params_text(t->set, "loss"), "in-batch") == 0)
        t->in_batch = rk_trainer_in_batch_negatives();
    const RkLoaderOptions options = {.batch = batch_options(t, 1u << RK_PART_TRAIN, t->columns),
                                     .n_slots = N_SLOTS,
                                     .memory = t->micro.n == 1 ? t->memory : NULL,
                                     .epoch = t->at.epoch,
                                     .at_batch = t->at.batch,
                                     .n_epochs =
                                         (uint32_t)rk_params_int(t->set, "epochs") - t->at.epoch};
    t->loader = rk_loader_new(&options, error);
    return t->loader != NULL;
}

RkTrainer *
rk_trainer_new(const RkTrainOptions *options, GError **error)
{
    g_autoptr(RkTrainer) t = g_new0(RkTrainer, 1);
    t->options = *options;
    t->set = options->settings->values;
    if (rk_train_is_implicit(t->set))
        t->set = t->implicit = rk_trainer_implicit_settings(t->set);
    t->clock = g_timer_new();
    t->lr = NAN;
    if (options->at != NULL)
        t->at = *options->at;
    t->first_samples = t->at.samples;
    t->features = rk_trainer_features_new(options, error);
    if (t->features == NULL || !build_graph(t, error) || !set_weights(t, error) ||
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
    rk_model_build_free(trainer->teacher);
    rk_model_build_free(trainer->build);
    rk_train_features_free(trainer->features);
    g_clear_pointer(&trainer->columns, g_array_unref);
    g_clear_pointer(&trainer->inputs, g_array_unref);
    g_clear_pointer(&trainer->unseen, g_array_unref);
    g_free(trainer->memory);
    g_free(trainer->bytes);
    g_clear_pointer(&trainer->implicit, rk_params_free);
    g_clear_pointer(&trainer->in_batch, rk_params_free);
    g_timer_destroy(trainer->clock);
    g_free(trainer);
}

static uint64_t
steps_of(const RkTrainer *t, uint64_t n_batches)
{
    return (n_batches + t->micro.n - 1) / t->micro.n;
}

static void
write_rng(RkTrainer *t, RkPlan *plan, uint32_t micro)
{
    RkRef input = rk_micro_input(&t->micro, micro, t->build->rng);
    uint32_t *rng = input != RK_NONE ? rk_plan_input(plan, input, NULL) : NULL;
    if (rng == NULL) // without dropout
        return;
    rng[0] = (uint32_t)t->options.seed;
    rng[1] = (uint32_t)(t->options.seed >> 32);
    rng[2] = (uint32_t)t->at.step;
    rng[3] = micro;
}

static void
write_step_inputs(RkTrainer *t, RkPlan *plan, uint32_t n_samples)
{
    uint64_t epoch_steps = steps_of(t, rk_loader_n_batches(t->loader));
    uint64_t n_steps = epoch_steps * (uint64_t)rk_params_int(t->set, "epochs");
    double lr = t->lr;
    if (isnan(lr))
        lr = rk_schedule_lr(t->set, rk_params_real(t->set, "lr"), t->at.step, n_steps, epoch_steps);
    rk_optimizer_hyper(t->set, t->at.step + 1, lr, n_samples,
                       rk_plan_input(plan, t->nodes.hyper, NULL));
    for (uint32_t m = 0; m < t->micro.n; m++)
        write_rng(t, plan, m);
}

// The loss of a step that has run; looks for the beginning of a NaN.
static gboolean
read_loss(RkTrainer *t, RkPlan *plan, double *loss, GError **error)
{
    *loss = *(const float *)rk_plan_output(plan, 0, NULL);
    if (isfinite(*loss))
        return TRUE;
    if (rk_plan_check_finite(plan, error))
        g_set_error(error, RK_ERROR, RK_ERROR_DATA, "the loss is %g", *loss);
    g_prefix_error(error, "Stopped training at step %" G_GUINT64_FORMAT ": ", t->at.step);
    return FALSE;
}

// Counts a step that was done, and starts the next epoch after the last of one.
static RkTrainProgress
count_step(RkTrainer *t, const RkBatch *batch, double loss)
{
    t->at.step++;
    t->at.samples += batch->n;
    t->at.loss += loss;
    t->at.batch = batch->index + 1;
    uint64_t steps = steps_of(t, t->at.batch);
    double seconds = g_timer_elapsed(t->clock, NULL);
    RkTrainProgress progress = {.epoch = batch->epoch,
                                .n_epochs = (uint32_t)rk_params_int(t->set, "epochs"),
                                .step = steps,
                                .epoch_steps = steps_of(t, rk_loader_n_batches(t->loader)),
                                .samples = t->at.samples,
                                .loss = t->at.loss / (double)steps,
                                .step_loss = loss,
                                .total_step = t->at.step,
                                .last = batch->last,
                                .seconds = seconds,
                                .samples_per_s =
                                    (double)(t->at.samples - t->first_samples) / seconds};
    if (batch->last) {
        t->at.epoch = batch->epoch + 1;
        t->at.batch = 0;
        t->at.loss = 0;
    }
    return progress;
}

// A micro-batch of the loader's, or padding where the epoch has no more, into the plan's inputs.
static void
copy_micro(RkTrainer *t, const RkBatch *batch, uint32_t micro)
{
    for (guint i = 0; i < t->columns->len; i++) {
        void *to = t->memory[(size_t)micro * t->columns->len + i];
        const RkBatchColumn *column = &g_array_index(t->columns, RkBatchColumn, i);
        gboolean codes = !rk_batch_kind_is_float(column->kind) && column->kind != RK_BATCH_ENDS &&
                         column->kind != RK_BATCH_HISTORY_LENGTH;
        if (batch != NULL)
            memcpy(to, rk_loader_column(t->loader, batch->slot, i), t->bytes[i]);
        else
            memset(to, codes ? 0xff : 0, t->bytes[i]);
    }
}

// The next batch, in a slot that is still to be released, or all micro-batches of the next step,
// summed up in *batch, with no slot to release. 1, 0 or -1 as rk_loader_next().
static int
take_batch(RkTrainer *t, RkBatch *batch, GError **error)
{
    int more = rk_loader_next(t->loader, batch, error);
    uint32_t n = batch->n, m = 0;
    while (more == 1 && t->micro.n > 1) {
        copy_micro(t, batch, m++);
        rk_loader_release(t->loader, batch->slot);
        batch->slot = 0;
        batch->n = n;
        if (m == t->micro.n || batch->last)
            break;
        more = rk_loader_next(t->loader, batch, error);
        n += batch->n;
    }
    for (; more == 1 && t->micro.n > 1 && m < t->micro.n; m++)
        copy_micro(t, NULL, m);
    return more;
}

int
rk_trainer_step(RkTrainer *trainer, RkTrainProgress *progress, GError **error)
{
    RkTrainer *t = trainer;
    RkBatch batch;
    double loss;
    if (t->options.cancelled != NULL && g_atomic_int_get(t->options.cancelled)) {
        g_set_error(error, RK_ERROR, RK_ERROR_CANCELLED, "Training was interrupted");
        return -1;
    }
    if (t->loader == NULL)
        return 0;
    int more = take_batch(t, &batch, error);
    if (more <= 0)
        return more;
    RkPlan *plan = t->plan[batch.slot];
    t->last = plan;
    write_step_inputs(t, plan, batch.n);
    if (!rk_plan_run(plan, error) || !read_loss(t, plan, &loss, error))
        return -1;
    if (t->micro.n == 1)
        rk_loader_release(t->loader, batch.slot);
    *progress = count_step(t, &batch, loss);
    if (t->options.progress != NULL)
        t->options.progress(t->options.progress_data, progress);
    return 1;
}

gboolean
rk_trainer_trace(RkTrainer *trainer, GError **error)
{
    RkTrainer *t = trainer;
    const RkGraph *graph = t->build->graph;
    const RkPlanOptions options = {.batch = (uint32_t)rk_params_int(t->set, "batch"),
                                   .n_outputs = 1,
                                   .outputs = &t->micro.loss};
    RkBatch batch;
    double loss;
    int more = t->loader != NULL ? take_batch(t, &batch, error) : 0;
    g_autoptr(RkPlan) dry =
        more == 1 ? rk_plan_new(t->options.device, graph, t->state, &options, error) : NULL;
    if (dry == NULL)
        return more == 0;
    write_step_inputs(t, t->plan[batch.slot], batch.n);
    for (RkRef ref = 0; ref < rk_graph_size(graph); ref++) {
        size_t bytes = 0;
        gboolean is_input = rk_graph_node(graph, ref)->kind == RK_NODE_INPUT;
        void *to = is_input ? rk_plan_input(dry, ref, &bytes) : NULL;
        const void *from = to != NULL ? rk_plan_input(t->plan[batch.slot], ref, NULL) : NULL;
        if (from != NULL)
            memcpy(to, from, bytes);
    }
    return rk_plan_run(dry, error) && read_loss(t, dry, &loss, error);
}

gboolean
rk_trainer_epoch(RkTrainer *trainer, RkTrainProgress *progress, GError **error)
{
    int more;
    while ((more = rk_trainer_step(trainer, progress, error)) == 1)
        if (progress->last)
            return TRUE;
    return more == 0;
}

RkTrainPosition
rk_trainer_position(const RkTrainer *trainer)
{
    return trainer->at;
}

void
rk_trainer_set_lr(RkTrainer *trainer, double lr)
{
    trainer->lr = lr;
}

const RkModelBuild *
rk_trainer_build(const RkTrainer *trainer)
{
    return trainer->build;
}

const GArray *
rk_trainer_unseen(const RkTrainer *trainer)
{
    return trainer->unseen;
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

GArray *
rk_trainer_steps(RkTrainer *trainer, GError **error)
{
    RkPlan *plan = trainer->last != NULL ? trainer->last : trainer->plan[0];
    g_autoptr(GArray) steps = g_array_new(FALSE, TRUE, sizeof(RkPlanStep));
    if (plan == NULL) // nothing was left to do
        return g_steal_pointer(&steps);
    g_array_set_size(steps, rk_plan_n_steps(plan));
    if (!rk_plan_steps(plan, (RkPlanStep *)(void *)steps->data, error))
        return NULL;
    return g_steal_pointer(&steps);
}
