// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/fit-private.h"

#include "base/json.h"
#include "store/parts.h"

#include <string.h>

RkSplit *
rk_fit_split(RkDataset *dataset, const RkParams *set, gboolean own_split, uint64_t seed,
             GError **error)
{
    if (!own_split)
        return rk_dataset_split(dataset, error);
    return rk_split_build(rk_dataset_source(dataset), set, seed,
                          rk_dataset_vocabulary_size(dataset, "user"), NULL, error);
}

static char *
config_text(const Fit *f)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    rk_params_to_json(f->set, json);
    return rk_json_text(json, FALSE);
}

// Settings as text without those that a run which blew up may go on with otherwise.
static char *
lasting_config(const char *config)
{
    static const char *const gentler[] = {"lr", "lr.final", "clip", "schedule", "warmup", "decay"};
    g_autoptr(JsonNode) root = rk_json_parse(config, "the settings", NULL);
    if (root == NULL || !JSON_NODE_HOLDS_OBJECT(root))
        return g_strdup(config);
    for (size_t i = 0; i < G_N_ELEMENTS(gentler); i++)
        json_object_remove_member(json_node_get_object(root), gentler[i]);
    return json_to_string(root, FALSE);
}

static gboolean
same_config(const RkStoredRun *run, const char *config)
{
    if (run->status != RK_RUN_FAILED)
        return strcmp(run->config, config) == 0;
    g_autofree char *was = lasting_config(run->config), *is = lasting_config(config);
    return strcmp(was, is) == 0;
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
    else if (!same_config(run, config))
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
    g_autofree char *config = config_text(f);
    return (f->checkpoint == NULL || rk_fit_read_position(f, error)) &&
           rk_run_set_config(f->options->store, run->id, config, error) &&
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

RkTrainOptions
rk_fit_trainer_options(const Fit *f)
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

gboolean
rk_fit_prepare(Fit *f, GError **error)
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

// A logistic loss over labels of one kind teaches nothing but that kind.
static gboolean
check_labels(const Fit *f, GError **error)
{
    double mean = f->features->data.label_mean, outside = 0;
    if (strcmp(rk_params_text(f->set, "loss"), "bce") != 0 ||
        strcmp(rk_params_text(f->set, "samples"), "rows") != 0)
        return TRUE;
    if (!rk_params_bool(f->set, "label.binary") &&
        !rk_frame_labels_within(f->features->frame, RK_PART_TRAIN, 0, 1, &outside)) {
        g_set_error(
            error, RK_ERROR, RK_ERROR_USAGE,
            "Can't train %s with loss=bce: a label is %g, not from 0 to 1. Train with --set "
            "label.binary=true --set label.threshold=4, say, or with --set loss=mse for "
            "ratings.",
            f->options->name, outside);
        return FALSE;
    }
    if (mean != 0 && mean != 1)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't train %s with loss=bce: %s has no labels of both kinds. Draw others with "
                "--set samples=pointwise --set negatives=uniform, or take --set loss=bpr.",
                f->options->name, rk_dataset_name(f->options->dataset));
    return FALSE;
}

static gboolean
begin_trained(Fit *f, GError **error)
{
    const RkTrainOptions options = rk_fit_trainer_options(f);
    f->trainer = rk_trainer_new(&options, error);
    if (f->trainer == NULL)
        return FALSE;
    f->features = rk_trainer_features(f->trainer);
    f->build = rk_trainer_build(f->trainer);
    f->state = rk_trainer_state(f->trainer);
    if (!check_labels(f, error) || (f->checkpoint != NULL && !rk_fit_restore_tensors(f, error)))
        return FALSE;
    if (rk_trainer_unseen(f->trainer) != NULL)
        f->result->unseen = g_array_ref((GArray *)rk_trainer_unseen(f->trainer));
    return TRUE;
}

gboolean
rk_fit_begin(Fit *f, GError **error)
{
    gboolean found = FALSE;
    if (!rk_fit_prepare(f, error) || (f->options->resume && !resume_run(f, &found, error)) ||
        (!found && !check_name(f, error)))
        return FALSE;
    if (!(f->options->model->fit != NULL ? rk_fit_begin_counted(f, error)
                                         : begin_trained(f, error)))
        return FALSE;
    return found || start_run(f, error);
}
