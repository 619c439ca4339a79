// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/fit-private.h"

#include "base/json.h"

#include <math.h>
#include <string.h>

void
rk_fit_clear(Fit *f)
{
    rk_trainer_free(f->trainer);
    rk_state_free(f->own_state);
    rk_model_build_free(f->own_build);
    rk_train_features_free(f->own_features);
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
    g_clear_pointer(&result->run, g_free);
    g_clear_pointer(&result->metric, g_free);
    g_clear_pointer(&result->test, rk_evaluation_free);
    g_clear_pointer(&result->unseen, g_array_unref);
}

// ---- an epoch's end ------------------------------------------------------------------------

static RkEvaluation *
evaluate(Fit *f, RkPart part, const char *only, GError **error)
{
    const RkEvaluateOptions options = {.device = f->options->device,
                                       .model = f->options->model,
                                       .settings = f->options->settings,
                                       .features = f->features,
                                       .state = f->state,
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
    const RkModelBuild *build = f->build;
    RkState *state = f->state;
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
    return rk_run_measure(o->store, f->run, kept, n, error) && rk_fit_write_checkpoint(f, error);
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
    return !timed || rk_fit_write_checkpoint(f, error);
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
        kept = rk_fit_write_checkpoint(f, &failure);
    if (!kept)
        g_warning("The last steps could not be kept: %s", failure->message);
}

// Its patience is over, or someone asked for the end.
static gboolean
is_enough(const Fit *f)
{
    const int64_t patience = rk_params_int(f->set, "patience");
    const gint *stop = f->options->stop;
    return (patience > 0 && f->n_bad >= patience) || (stop != NULL && g_atomic_int_get(stop) != 0);
}

// Says what is left where a number went wrong, and how to go on from it.
static void
name_checkpoint(const Fit *f, GError **error)
{
    if (error == NULL || !g_error_matches(*error, RK_ERROR, RK_ERROR_DATA))
        return;
    g_autoptr(RkCheckpoint) last =
        rk_run_last_checkpoint(f->options->store, f->run, UINT64_MAX, NULL);
    g_autoptr(GString) text = g_string_new((*error)->message);
    if (text->len > 0 && text->str[text->len - 1] != '.')
        g_string_append_c(text, '.');
    if (last != NULL)
        g_string_append_printf(text,
                               " The checkpoint of step %" G_GUINT64_FORMAT
                               " is kept: go on from it with --resume and a lower --set lr=.",
                               last->step);
    else
        g_string_append(text, " There was no checkpoint yet: train again with a lower --set lr=.");
    g_free((*error)->message);
    (*error)->message = g_string_free(g_steal_pointer(&text), FALSE);
}

static gboolean
train(Fit *f, GError **error)
{
    g_autoptr(GArray) losses = g_array_new(FALSE, FALSE, sizeof(RkMeasurement));
    RkTrainProgress progress = {0};
    int more = 0;
    gboolean fine = TRUE;
    f->measuring_s = 0;
    while (fine && !is_enough(f) && (more = rk_trainer_step(f->trainer, &progress, error)) == 1)
        fine = after_step(f, &progress, losses, error);
    if (fine && more == 1 && losses->len > 0) // stopped within an epoch
        fine = rk_run_measure(f->options->store, f->run, (RkMeasurement *)(void *)losses->data,
                              losses->len, error);
    if (!fine || more < 0) {
        if (more < 0)
            rk_fit_trace(f, error);
        name_checkpoint(f, error);
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
        if (!rk_state_write(f->state, weight->name, weight->packed, rk_tensor_bytes(&weight->type),
                            error))
            return FALSE;
    }
    return TRUE;
}

// ---- the end -------------------------------------------------------------------------------

// Of a compressed ancestor what was done to it stays true, and this training came after it.
static void
add_steps(JsonBuilder *json, const Fit *f)
{
    const RkFitOptions *o = f->options;
    g_autofree char *step = g_strdup_printf("train:epochs=%u", f->result->epochs);
    const char *const passes[] = {step};
    if (o->from != NULL && rk_trained_steps(o->from) != NULL)
        rk_trained_add_step(o->from, rk_dataset_name(o->dataset), o->seed, passes, 1, json);
}

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
    add_steps(json, f);
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
                                .features = f->features,
                                .params = f->build->params,
                                .state = f->state,
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
    gboolean begun = rk_fit_begin(&f, &failure);
    gboolean done =
        begun && (options->model->fit != NULL ? rk_fit_count(&f, &failure) : train(&f, &failure)) &&
        finish(&f, &failure);
    if (begun)
        result->run = g_strdup(f.run_name);
    if (begun && !done)
        note_failure(&f, failure);
    rk_fit_clear(&f);
    if (!done)
        g_propagate_error(error, g_steal_pointer(&failure));
    return done;
}
