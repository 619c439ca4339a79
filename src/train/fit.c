// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/fit.h"

#include "base/json.h"
#include "store/parts.h"

#include <math.h>
#include <string.h>

#define BEST   "best/" // prefix of the best weights so far in a checkpoint
#define N_KEPT 2u      // checkpoints: one may be written while the machine goes down

typedef struct {
    const RkFitOptions *options;
    const RkParams *set;
    RkFitResult *result;
    RkSplit *split;
    RkWeights *initial;
    RkTrainer *trainer;
    RkTrainPosition at;
    int64_t run; // id
    char *run_name;
    gboolean has_valid;
    const RkMetric *metric;
    double best;
    uint32_t best_epoch, n_bad;
    RkWeights *best_weights;  // with patience
    RkCheckpoint *checkpoint; // to go on from
    GTimer *since_checkpoint;
    double measuring_s; // time that measuring took
} Fit;

static void
clear_fit(Fit *f)
{
    rk_trainer_free(f->trainer);
    rk_weights_free(f->best_weights);
    rk_weights_free(f->initial);
    rk_checkpoint_free(f->checkpoint);
    rk_split_free(f->split);
    g_free(f->run_name);
    g_timer_destroy(f->since_checkpoint);
}

void
rk_fit_result_clear(RkFitResult *result)
{
    g_clear_pointer(&result->metric, g_free);
    g_clear_pointer(&result->test, rk_evaluation_free);
    g_clear_pointer(&result->unseen, g_array_unref);
}

RkSplit *
rk_fit_split(RkDataset *dataset, const RkParams *set, gboolean own_split, uint64_t seed,
             GError **error)
{
    if (!own_split)
        return rk_dataset_split(dataset, error);
    return rk_split_build(rk_dataset_source(dataset), set, seed,
                          rk_dataset_vocabulary_size(dataset, "user"), NULL, error);
}

// ---- checkpoints ---------------------------------------------------------------------------

typedef struct {
    Fit *fit;
    GArray *infos; // of RkTensorInfo
    GPtrArray *names;
    uint32_t n_state; // those behind are the best weights
} Tensors;

static gboolean
read_tensor(gpointer data, uint32_t i, uint64_t at, void *bytes, size_t n, GError **error)
{
    Tensors *t = data;
    const RkTensorInfo *info = &g_array_index(t->infos, RkTensorInfo, i);
    if (i >= t->n_state) {
        const RkWeight *weight = rk_weights_find(t->fit->best_weights, info->name + strlen(BEST));
        memcpy(bytes, (const uint8_t *)weight->packed + at, n);
        return TRUE;
    }
    g_autofree uint8_t *whole = g_malloc(MAX(info->n_bytes, 1));
    if (!rk_state_read(rk_trainer_state(t->fit->trainer), info->name, whole, info->n_bytes, error))
        return FALSE;
    memcpy(bytes, whole + at, n);
    return TRUE;
}

static void
add_tensor(Tensors *t, char *name, const RkTensor *type)
{
    RkTensorInfo info = {.name = name,
                         .dtype = rk_dtype_name(type->dtype),
                         .rank = type->rank,
                         .n_bytes = rk_tensor_bytes(type)};
    memcpy(info.dim, type->dim, sizeof info.dim);
    g_ptr_array_add(t->names, name);
    g_array_append_val(t->infos, info);
}

static char *
position_text(const Fit *f)
{
    RkTrainPosition at = rk_trainer_position(f->trainer);
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    rk_json_add_int(json, "step", (int64_t)at.step);
    rk_json_add_int(json, "epoch", at.epoch);
    rk_json_add_int(json, "batch", (int64_t)at.batch);
    rk_json_add_int(json, "samples", (int64_t)at.samples);
    rk_json_add_real(json, "loss", at.loss);
    rk_json_add_real(json, "best", f->best);
    rk_json_add_int(json, "best_epoch", f->best_epoch);
    rk_json_add_int(json, "n_bad", f->n_bad);
    json_builder_end_object(json);
    return rk_json_text(json, FALSE);
}

static gboolean
write_checkpoint(Fit *f, GError **error)
{
    Tensors t = {.fit = f,
                 .infos = g_array_new(FALSE, FALSE, sizeof(RkTensorInfo)),
                 .names = g_ptr_array_new_with_free_func(g_free)};
    RkState *state = rk_trainer_state(f->trainer);
    g_autoptr(GList) names = rk_state_names(state);
    for (GList *l = names; l != NULL; l = l->next)
        add_tensor(&t, g_strdup(l->data), rk_state_tensor(state, l->data));
    t.n_state = t.infos->len;
    for (guint i = 0; f->best_weights != NULL && i < f->best_weights->list->len; i++) {
        const RkWeight *weight = g_ptr_array_index(f->best_weights->list, i);
        add_tensor(&t, g_strconcat(BEST, weight->name, NULL), &weight->type);
    }
    const RkTensorSource source = {.n_tensors = t.infos->len,
                                   .tensors = (const RkTensorInfo *)(void *)t.infos->data,
                                   .read = read_tensor,
                                   .data = &t};
    g_autofree char *position = position_text(f);
    gboolean written =
        rk_run_checkpoint(f->options->store, f->run, rk_trainer_position(f->trainer).step, position,
                          &source, N_KEPT, error);
    g_array_unref(t.infos);
    g_ptr_array_unref(t.names);
    g_timer_start(f->since_checkpoint);
    return written;
}

static gboolean
read_position(Fit *f, GError **error)
{
    g_autoptr(JsonNode) root = rk_json_parse(f->checkpoint->position, "the checkpoint", error);
    int64_t step, epoch, batch, samples, best_epoch, n_bad;
    JsonObject *o = root != NULL ? json_node_get_object(root) : NULL;
    if (o == NULL || !rk_json_int(o, "step", &step, error) ||
        !rk_json_int(o, "epoch", &epoch, error) || !rk_json_int(o, "batch", &batch, error) ||
        !rk_json_int(o, "samples", &samples, error) ||
        !rk_json_real(o, "loss", &f->at.loss, error) || !rk_json_real(o, "best", &f->best, error) ||
        !rk_json_int(o, "best_epoch", &best_epoch, error) ||
        !rk_json_int(o, "n_bad", &n_bad, error))
        return FALSE;
    f->at.step = (uint64_t)step;
    f->at.epoch = (uint32_t)epoch;
    f->at.batch = (uint64_t)batch;
    f->at.samples = (uint64_t)samples;
    f->best_epoch = (uint32_t)best_epoch;
    f->n_bad = (uint32_t)n_bad;
    return TRUE;
}

static gboolean
restore_tensors(Fit *f, GError **error)
{
    RkState *state = rk_trainer_state(f->trainer);
    const RkTensorList *list = f->checkpoint->tensors;
    for (uint32_t i = 0; i < rk_tensor_list_n(list); i++) {
        const RkTensorInfo *info = rk_tensor_list_at(list, i);
        gboolean best = g_str_has_prefix(info->name, BEST);
        const char *name = best ? info->name + strlen(BEST) : info->name;
        const RkTensor *type = rk_state_tensor(state, name);
        if (type == NULL || rk_tensor_bytes(type) != info->n_bytes) {
            g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                        "Can't go on from the checkpoint of %s: the model has no such %s. Train it "
                        "again under another name.",
                        f->run_name, name);
            return FALSE;
        }
        g_autofree void *packed = rk_tensor_list_load(list, i, error);
        if (packed == NULL || (!best && !rk_state_write(state, name, packed, info->n_bytes, error)))
            return FALSE;
        if (best && f->best_weights == NULL)
            f->best_weights = rk_weights_new();
        if (best)
            rk_weights_take(f->best_weights, name, type, g_steal_pointer(&packed));
    }
    return TRUE;
}

// ---- starting ------------------------------------------------------------------------------

static char *
config_text(const Fit *f)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    rk_params_to_json(f->set, json);
    return rk_json_text(json, FALSE);
}

// Names the first setting that a run was started with otherwise.
static gboolean
check_same(const Fit *f, const RkStoredRun *run, GError **error)
{
    const RkFitOptions *o = f->options;
    g_autofree char *config = config_text(f);
    const char *what = NULL;
    if (strcmp(run->kind, o->model->name) != 0)
        what = "model";
    else if (strcmp(run->dataset, rk_dataset_name(o->dataset)) != 0)
        what = "--data";
    else if (run->seed != o->seed)
        what = "--seed";
    else if (strcmp(run->config, config) != 0)
        what = "settings (--set)";
    if (what == NULL && run->status != RK_RUN_DONE)
        return TRUE;
    if (what != NULL)
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't go on with %s: it was started with another %s. See rankine runs --json "
                    "and give the same.",
                    run->name, what);
    else
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't go on with %s: it has ended. Train on with --from %s --as NEW.",
                    run->name, o->name);
    return FALSE;
}

static gboolean
resume_run(Fit *f, gboolean *found, GError **error)
{
    g_autoptr(GError) missing = NULL;
    g_autoptr(RkStoredRun) run = rk_run_open(f->options->store, f->run_name, &missing);
    *found = run != NULL;
    if (run == NULL && g_error_matches(missing, RK_ERROR, RK_ERROR_NOT_FOUND))
        return TRUE; // killed before it began
    if (run == NULL) {
        g_propagate_error(error, g_steal_pointer(&missing));
        return FALSE;
    }
    g_autoptr(GError) failure = NULL;
    f->run = run->id;
    if (!check_same(f, run, error))
        return FALSE;
    f->checkpoint = rk_run_last_checkpoint(f->options->store, run->id, UINT64_MAX, &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    return (f->checkpoint == NULL || read_position(f, error)) &&
           rk_run_set_status(f->options->store, run->id, RK_RUN_RUNNING, NULL, error);
}

// What can be refused before the data is read.
static gboolean
check_name(const Fit *f, GError **error)
{
    const RkFitOptions *o = f->options;
    if (o->update || !rk_model_exists(o->store, o->name))
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't train %s: there is a model of that name. Choose another with --as, remove "
                "it with rankine remove, or update it with --update.",
                o->name);
    return FALSE;
}

static gboolean
start_run(Fit *f, GError **error)
{
    const RkFitOptions *o = f->options;
    g_autofree char *config = config_text(f);
    const RkDeviceInfo *info = rk_device_info(o->device);
    const RkStoredRun run = {.name = f->run_name,
                             .kind = (char *)o->model->name,
                             .dataset = (char *)rk_dataset_name(o->dataset),
                             .seed = o->seed,
                             .device = (char *)info->name,
                             .driver = (char *)info->driver,
                             .config = config};
    return rk_run_start(o->store, &run, &f->run, error);
}

static RkTrainOptions
trainer_options(const Fit *f)
{
    const RkFitOptions *o = f->options;
    return (RkTrainOptions){.device = o->device,
                            .dataset = o->dataset,
                            .split = f->split,
                            .model = o->model,
                            .settings = o->settings,
                            .seed = o->seed,
                            .from = o->from,
                            .initial = f->initial,
                            .at = &f->at,
                            .history = o->model->candidates,
                            .progress = o->progress,
                            .progress_data = o->data,
                            .cancelled = o->cancelled};
}

// Reads what the settings name and checks what can be checked before the data is.
static gboolean
prepare(Fit *f, GError **error)
{
    const RkFitOptions *o = f->options;
    const char *init = rk_params_text(f->set, "init"), *metric = rk_params_text(f->set, "metric");
    g_autoptr(GError) failure = NULL;
    uint32_t k;
    if (*init != '\0' && (f->initial = rk_weights_read(init, error)) == NULL)
        return FALSE;
    if (strcmp(metric, "auto") != 0 && rk_metric_find(metric, &k, error) == NULL)
        return FALSE;
    f->split = rk_fit_split(o->dataset, f->set, o->own_split, o->seed, &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    f->has_valid = f->split != NULL && rk_split_n(f->split, RK_PART_VALID) > 0;
    if (f->has_valid || rk_params_int(f->set, "patience") == 0)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't stop early: %s has no validation part. Split it with --set split.valid=0.1, "
                "say, or leave patience at 0.",
                rk_dataset_name(o->dataset));
    return FALSE;
}

// ---- an epoch's end ------------------------------------------------------------------------

static RkEvaluation *
evaluate(Fit *f, RkPart part, const char *only, GError **error)
{
    const RkEvaluateOptions options = {.device = f->options->device,
                                       .model = f->options->model,
                                       .settings = f->options->settings,
                                       .features = rk_trainer_features(f->trainer),
                                       .state = rk_trainer_state(f->trainer),
                                       .part = part,
                                       .k = 10,
                                       .only = only,
                                       .threshold = TRUE,
                                       .seed = f->options->seed,
                                       .cancelled = f->options->cancelled};
    g_autoptr(GTimer) timer = g_timer_new();
    RkEvaluation *evaluation = rk_evaluate(&options, error);
    f->measuring_s += g_timer_elapsed(timer, NULL);
    return evaluation;
}

// What the setting `metric` stands for: the best known of the kind that the model is measured by.
static const char *
chosen_metric(const Fit *f)
{
    const char *name = rk_params_text(f->set, "metric");
    if (strcmp(name, "auto") != 0)
        return name;
    if (strcmp(rk_evaluate_protocol(f->options->model, f->set), "full") == 0)
        return "ndcg@10";
    return strcmp(rk_params_text(f->set, "loss"), "mse") == 0 ? "rmse" : "auc";
}

static gboolean
copy_weights(Fit *f, GError **error)
{
    const RkModelBuild *build = rk_trainer_build(f->trainer);
    RkState *state = rk_trainer_state(f->trainer);
    g_clear_pointer(&f->best_weights, rk_weights_free);
    f->best_weights = rk_weights_new();
    for (guint i = 0; i < build->params->len; i++) {
        const char *name = g_array_index(build->params, RkModelParam, i).name;
        const RkTensor *type = rk_state_tensor(state, name);
        void *packed = g_malloc(MAX(rk_tensor_bytes(type), 1));
        rk_weights_take(f->best_weights, name, type, packed);
        if (!rk_state_read(state, name, packed, rk_tensor_bytes(type), error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
measure_epoch(Fit *f, const RkTrainProgress *progress, GError **error)
{
    const RkFitOptions *o = f->options;
    int64_t every = rk_params_int(f->set, "eval.every"),
            patience = rk_params_int(f->set, "patience");
    double epoch = (double)progress->epoch + 1;
    RkMeasurement kept[2] = {{"loss.epoch", progress->total_step, epoch, progress->loss}};
    g_autoptr(RkEvaluation) e = NULL;
    g_autofree char *name = NULL;
    gboolean is_best = FALSE;
    uint32_t n = 1;
    if (f->has_valid && every > 0 && (progress->epoch + 1) % every == 0) {
        e = evaluate(f, RK_PART_VALID, chosen_metric(f), error);
        if (e == NULL)
            return FALSE;
        const RkFigure *figure = &g_array_index(e->figures, RkFigure, 0);
        f->metric = figure->metric;
        is_best = rk_metric_is_better(f->metric, figure->value, f->best); // NaN is worse than all
        f->n_bad = is_best ? 0 : f->n_bad + 1;
        if (is_best) {
            f->best = figure->value;
            f->best_epoch = progress->epoch + 1;
        }
        name = g_strconcat("valid.", figure->name, NULL);
        kept[n++] = (RkMeasurement){name, progress->total_step, epoch, figure->value};
        if (is_best && patience > 0 && !copy_weights(f, error))
            return FALSE;
    }
    if (o->epoch != NULL)
        o->epoch(o->data, progress, e != NULL ? &g_array_index(e->figures, RkFigure, 0) : NULL,
                 is_best);
    return rk_run_measure(o->store, f->run, kept, n, error) && write_checkpoint(f, error);
}

// ---- the loop ------------------------------------------------------------------------------

static gboolean
after_step(Fit *f, const RkTrainProgress *progress, GArray *losses, GError **error)
{
    int64_t every = rk_params_int(f->set, "log.every");
    gboolean timed =
        g_timer_elapsed(f->since_checkpoint, NULL) > rk_params_real(f->set, "checkpoint.s");
    if (every > 0 && progress->total_step % (uint64_t)every == 0) {
        double epoch = (double)progress->epoch + (double)progress->step / progress->epoch_steps;
        RkMeasurement one = {"loss", progress->total_step, epoch, progress->step_loss};
        g_array_append_val(losses, one);
    }
    if (losses->len > 0 && (losses->len >= 1000 || progress->last || timed)) {
        if (!rk_run_measure(f->options->store, f->run, (RkMeasurement *)(void *)losses->data,
                            losses->len, error))
            return FALSE;
        g_array_set_size(losses, 0);
    }
    if (progress->last)
        return measure_epoch(f, progress, error);
    return !timed || write_checkpoint(f, error);
}

// Keeps the last losses and the place when it is interrupted; an error has its own say.
static void
keep_what_was_done(Fit *f, GArray *losses, const GError *why)
{
    g_autoptr(GError) failure = NULL;
    gboolean interrupted = g_error_matches(why, RK_ERROR, RK_ERROR_CANCELLED);
    RkStore *store = f->options->store;
    gboolean kept =
        losses->len == 0 ||
        rk_run_measure(store, f->run, (RkMeasurement *)(void *)losses->data, losses->len, &failure);
    if (kept && interrupted)
        kept = write_checkpoint(f, &failure);
    if (!kept)
        g_warning("The last steps could not be kept: %s", failure->message);
}

static gboolean
train(Fit *f, GError **error)
{
    int64_t patience = rk_params_int(f->set, "patience");
    g_autoptr(GArray) losses = g_array_new(FALSE, FALSE, sizeof(RkMeasurement));
    RkTrainProgress progress = {0};
    int more = 0;
    gboolean fine = TRUE;
    f->measuring_s = 0;
    while (fine && !(patience > 0 && f->n_bad >= patience) &&
           (more = rk_trainer_step(f->trainer, &progress, error)) == 1)
        fine = after_step(f, &progress, losses, error);
    if (!fine || more < 0) {
        keep_what_was_done(f, losses, error != NULL ? *error : NULL);
        return FALSE;
    }
    RkTrainPosition at = rk_trainer_position(f->trainer);
    f->result->epochs = at.epoch;
    f->result->steps = at.step;
    f->result->loss = progress.loss;
    f->result->seconds = progress.seconds - f->measuring_s;
    if (f->result->seconds > 0)
        f->result->samples_per_s = progress.samples_per_s * progress.seconds / f->result->seconds;
    return TRUE;
}

static gboolean
restore_best(Fit *f, GError **error)
{
    if (f->best_weights == NULL || rk_params_int(f->set, "patience") == 0)
        return TRUE;
    for (guint i = 0; i < f->best_weights->list->len; i++) {
        const RkWeight *weight = g_ptr_array_index(f->best_weights->list, i);
        if (!rk_state_write(rk_trainer_state(f->trainer), weight->name, weight->packed,
                            rk_tensor_bytes(&weight->type), error))
            return FALSE;
    }
    return TRUE;
}

// ---- the end -------------------------------------------------------------------------------

static char *
facts_text(const Fit *f)
{
    const RkFitResult *r = f->result;
    const RkDeviceInfo *info = rk_device_info(f->options->device);
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    rk_json_add_text(json, "run", f->run_name);
    rk_json_add_text(json, "device", info->name);
    rk_json_add_text(json, "driver", info->driver);
    rk_json_add_int(json, "seed", (int64_t)f->options->seed);
    json_builder_set_member_name(json, "own_split");
    json_builder_add_boolean_value(json, f->options->own_split);
    rk_json_add_int(json, "epochs", r->epochs);
    rk_json_add_int(json, "steps", (int64_t)r->steps);
    rk_json_add_text(json, "protocol", r->test != NULL ? r->test->protocol : NULL);
    json_builder_set_member_name(json, "metrics");
    json_builder_begin_object(json);
    for (guint i = 0; r->test != NULL && i < r->test->figures->len; i++) {
        const RkFigure *figure = &g_array_index(r->test->figures, RkFigure, i);
        rk_json_add_real(json, figure->name, figure->value);
    }
    json_builder_end_object(json);
    json_builder_end_object(json);
    return rk_json_text(json, FALSE);
}

static gboolean
finish(Fit *f, GError **error)
{
    const RkFitOptions *o = f->options;
    gboolean has_test = f->split != NULL && rk_split_n(f->split, RK_PART_TEST) > 0;
    if (!restore_best(f, error))
        return FALSE;
    if (has_test && (f->result->test = evaluate(f, RK_PART_TEST, NULL, error)) == NULL)
        return FALSE;
    if (f->best_epoch > 0) {
        f->result->metric = g_strdup(chosen_metric(f));
        f->result->best = f->best;
        f->result->best_epoch = f->best_epoch;
    }
    g_autofree char *facts = facts_text(f);
    const RkTrainedSave save = {.name = o->name,
                                .model = o->model,
                                .settings = o->settings,
                                .features = rk_trainer_features(f->trainer),
                                .params = rk_trainer_build(f->trainer)->params,
                                .state = rk_trainer_state(f->trainer),
                                .parent = o->from != NULL ? o->from->stored->name : NULL,
                                .parent_version = o->from != NULL ? o->from->stored->version : 0,
                                .facts = facts,
                                .update = o->update};
    if (!rk_trained_save(o->store, &save, error))
        return FALSE;
    f->result->model_version = o->update ? o->from->stored->version + 1 : 1;
    return rk_run_set_status(o->store, f->run, RK_RUN_DONE, NULL, error);
}

static void
note_failure(const Fit *f, const GError *why)
{
    gboolean interrupted = g_error_matches(why, RK_ERROR, RK_ERROR_CANCELLED);
    rk_run_set_status(f->options->store, f->run, interrupted ? RK_RUN_INTERRUPTED : RK_RUN_FAILED,
                      interrupted ? NULL : why->message, NULL);
}

// A logistic loss over labels of one kind teaches nothing but that kind.
static gboolean
check_labels(const Fit *f, GError **error)
{
    double mean = rk_trainer_features(f->trainer)->data.label_mean;
    if (strcmp(rk_params_text(f->set, "loss"), "bce") != 0 ||
        strcmp(rk_params_text(f->set, "samples"), "rows") != 0 || (mean != 0 && mean != 1))
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't train %s with loss=bce: %s has no labels of both kinds. Draw others with "
                "--set samples=pointwise --set negatives=uniform, or take --set loss=bpr.",
                f->options->name, rk_dataset_name(f->options->dataset));
    return FALSE;
}

// The run is noted once its data and graph are there, so that what was refused leaves no trace.
static gboolean
begin(Fit *f, GError **error)
{
    gboolean found = FALSE;
    if (!prepare(f, error) || (f->options->resume && !resume_run(f, &found, error)) ||
        (!found && !check_name(f, error)))
        return FALSE;
    const RkTrainOptions options = trainer_options(f);
    f->trainer = rk_trainer_new(&options, error);
    if (f->trainer == NULL || !check_labels(f, error) ||
        (f->checkpoint != NULL && !restore_tensors(f, error)))
        return FALSE;
    if (rk_trainer_unseen(f->trainer) != NULL)
        f->result->unseen = g_array_ref((GArray *)rk_trainer_unseen(f->trainer));
    return found || start_run(f, error);
}

gboolean
rk_fit(const RkFitOptions *options, RkFitResult *result, GError **error)
{
    g_autoptr(GError) failure = NULL;
    Fit f = {.options = options,
             .set = options->settings->values,
             .result = result,
             .best = NAN,
             .since_checkpoint = g_timer_new()};
    *result = (RkFitResult){.best = NAN};
    f.run_name = options->update
                     ? g_strdup_printf("%s@%u", options->name, options->from->stored->version + 1)
                     : g_strdup(options->name);
    gboolean begun = begin(&f, &failure);
    gboolean done = begun && train(&f, &failure) && finish(&f, &failure);
    if (begun && !done)
        note_failure(&f, failure);
    clear_fit(&f);
    if (!done)
        g_propagate_error(error, g_steal_pointer(&failure));
    return done;
}

// ---- the learning-rate finder --------------------------------------------------------------

gboolean
rk_find_lr(const RkFitOptions *options, double low, double high, uint32_t n, GArray **points,
           double *suggested, GError **error)
{
    const double KEPT = 0.9; // of the running mean, a step
    Fit f = {
        .options = options, .set = options->settings->values, .since_checkpoint = g_timer_new()};
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(RkLrPoint));
    double mean = 0, least = INFINITY;
    gboolean fine = prepare(&f, error);
    const RkTrainOptions trainer = trainer_options(&f);
    fine = fine && (f.trainer = rk_trainer_new(&trainer, error)) != NULL;
    for (uint32_t i = 0; fine && i < n; i++) {
        g_autoptr(GError) blown = NULL;
        RkTrainProgress progress;
        RkLrPoint point = {.lr = low * pow(high / low, (double)i / (n - 1))};
        rk_trainer_set_lr(f.trainer, point.lr);
        int more = rk_trainer_step(f.trainer, &progress, &blown);
        if (more < 0 && !g_error_matches(blown, RK_ERROR, RK_ERROR_DATA)) {
            g_propagate_error(error, g_steal_pointer(&blown));
            fine = FALSE;
        }
        if (more != 1)
            break;
        mean = KEPT * mean + (1 - KEPT) * progress.step_loss;
        point.loss = mean / (1 - pow(KEPT, (double)i + 1));
        g_array_append_val(found, point);
        if (point.loss < least) {
            least = point.loss;
            *suggested = point.lr / 10;
        }
        if (point.loss > 4 * least)
            break;
    }
    clear_fit(&f);
    if (fine)
        *points = g_steal_pointer(&found);
    return fine;
}
