// SPDX-License-Identifier: GPL-3.0-or-later
//
// `rankine train MODEL --data NAME --as NAME`: trains, measures and keeps a model.
#include "app/cli_model.h"
#include "app/cli_store.h"

#include "base/json.h"
#include "train/fit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    RkCli *cli;
    // Options.
    char *data, *name, *from, *weights;
    char **assignments;
    gboolean resume, update, find_lr;
    // What they name.
    const RkModel *model;
    RkTrainSettings *settings;
    RkTrained *parent;
    gboolean own_split;
} Command;

static void
clear_command(Command *c)
{
    g_free(c->data);
    g_free(c->name);
    g_free(c->from);
    g_free(c->weights);
    g_strfreev(c->assignments);
    rk_train_settings_free(c->settings);
    rk_trained_free(c->parent);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Command, clear_command)

static gboolean
fail_usage(GError **error, const char *message)
{
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't train: %s", message);
    return FALSE;
}

static gboolean
read_command_line(Command *c, int argc, char **argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"data", 0, 0, G_OPTION_ARG_STRING, &c->data, "The dataset to train on", "NAME"},
        {"as", 0, 0, G_OPTION_ARG_STRING, &c->name, "The name of the new model", "NAME"},
        {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &c->assignments, "A setting, see below",
         "key=value"},
        {"resume", 0, 0, G_OPTION_ARG_NONE, &c->resume,
         "Go on with an unfinished run of that name from its last checkpoint", NULL},
        {"from", 0, 0, G_OPTION_ARG_STRING, &c->from,
         "Start from a stored model's weights, matched by id", "NAME"},
        {"update", 0, 0, G_OPTION_ARG_NONE, &c->update,
         "Train the model of that name on and save its next version", NULL},
        {"weights", 0, 0, G_OPTION_ARG_FILENAME, &c->weights,
         "Write the final weights to FILE.npz or FILE.json", "FILE"},
        {"find-lr", 0, 0, G_OPTION_ARG_NONE, &c->find_lr,
         "Try growing learning rates, suggest one, keep nothing", NULL},
        G_OPTION_ENTRY_NULL};
    // The table depends on the model, which only the parsed command line tells.
    g_autofree char *help = NULL;
    const RkModel *named = argc > 1 ? rk_model_find(argv[1], NULL) : NULL;
    if (named != NULL) {
        g_autoptr(RkTrainSettings) settings = rk_train_settings_new(named);
        g_autofree char *table = rk_params_help(settings->table, settings->n);
        help = g_strconcat("Settings:\n", table, NULL);
    }
    if (!rk_cli_parse(c->cli, &argc, &argv, entries, "MODEL --data NAME --as NAME - train a model",
                      help != NULL ? help : "rankine train MODEL --help lists a model's settings.",
                      error))
        return FALSE;
    const char *model = rk_cli_one_argument(c->cli, argc, argv, "model of the zoo", error);
    if (model == NULL || (c->model = rk_model_find(model, error)) == NULL)
        return FALSE;
    if (c->data == NULL)
        return fail_usage(error, "name a dataset with --data NAME. See rankine datasets.");
    if (c->name == NULL && !c->find_lr)
        return fail_usage(error, "name the new model with --as NAME.");
    if (c->update && c->from != NULL && strcmp(c->from, c->name) != 0)
        return fail_usage(error, "--update trains the model of --as on, so it takes no --from.");
    return TRUE;
}

// Settings begin as the parent's or the defaults; those of the split count only when given.
static gboolean
read_settings(Command *c, GError **error)
{
    c->settings = rk_train_settings_new(c->model);
    if (c->parent != NULL) {
        for (size_t i = 0; i < c->model->n_params; i++) { // its shape; how it is trained is new
            g_autofree char *text =
                rk_params_value_text(c->parent->settings->values, c->model->params[i].name);
            if (!rk_params_set(c->settings->values, c->model->params[i].name, text, error))
                return FALSE;
        }
    }
    for (char **one = c->assignments; one != NULL && *one != NULL; one++) {
        if (!rk_params_assign(c->settings->values, *one, error)) {
            g_prefix_error(error, "Can't train %s: ", c->model->name);
            return FALSE;
        }
        c->own_split |= g_str_has_prefix(*one, "split=") || g_str_has_prefix(*one, "split.");
    }
    return TRUE;
}

static gboolean
open_parent(Command *c, RkStore *store, GError **error)
{
    const char *from = c->update ? c->name : c->from;
    if (from == NULL)
        return TRUE;
    c->parent = rk_trained_open(store, from, 0, error);
    if (c->parent == NULL || c->parent->model == c->model)
        return c->parent != NULL;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't train %s from %s: that is a %s. Give the same model.", c->model->name, from,
                c->parent->model->name);
    return FALSE;
}

// ---- showing -------------------------------------------------------------------------------

static void
show_step(void *data, const RkTrainProgress *p)
{
    const Command *c = data;
    uint64_t batch = (uint64_t)rk_params_int(c->settings->values, "batch") *
                     (uint64_t)rk_params_int(c->settings->values, "accumulate");
    rk_cli_progress(c->cli, "train", p->total_step * batch, p->epoch_steps * p->n_epochs * batch,
                    "samples");
}

static void
show_epoch(void *data, const RkTrainProgress *p, const RkFigure *figure, gboolean is_best)
{
    const Command *c = data;
    if (c->cli->quiet)
        return;
    rk_cli_progress_clear(c->cli);
    fprintf(stderr, "epoch %u of %u  loss %.5f", p->epoch + 1, p->n_epochs, p->loss);
    if (figure != NULL)
        fprintf(stderr, "  valid %s %.5f%s", figure->name, figure->value, is_best ? " (best)" : "");
    fprintf(stderr, "  %.0f samples/s\n", p->samples_per_s);
}

static gboolean
add_losses(const RkFitResult *r, RkStore *store, JsonBuilder *json, GError **error)
{
    g_autoptr(RkStoredRun) run = rk_run_open(store, r->run, error);
    g_autoptr(GArray) losses =
        run != NULL ? rk_run_measurements(store, run->id, "loss", error) : NULL;
    if (losses == NULL)
        return FALSE;
    json_builder_set_member_name(json, "losses");
    json_builder_begin_array(json);
    for (guint i = 0; i < losses->len; i++) {
        const RkMeasurement *one = &g_array_index(losses, RkMeasurement, i);
        json_builder_begin_object(json);
        rk_json_add_int(json, "step", (int64_t)one->step);
        rk_json_add_real(json, "loss", one->value);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    return TRUE;
}

static gboolean
print_json(const Command *c, RkStore *store, const RkDeviceInfo *device, const RkFitResult *r,
           GError **error)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    rk_json_add_text(json, "model", c->name);
    rk_json_add_int(json, "version", r->model_version);
    rk_json_add_text(json, "kind", c->model->name);
    rk_json_add_text(json, "data", c->data);
    rk_json_add_int(json, "epochs", r->epochs);
    rk_json_add_int(json, "steps", (int64_t)r->steps);
    rk_json_add_real(json, "loss", r->loss);
    rk_json_add_real(json, "samples_per_s", r->samples_per_s);
    rk_json_add_real(json, "seconds", r->seconds);
    rk_json_add_text(json, "metric", r->metric);
    rk_json_add_real(json, "best", r->best);
    rk_json_add_int(json, "best_epoch", r->best_epoch);
    rk_json_add_text(json, "protocol", r->test != NULL ? r->test->protocol : NULL);
    rk_cli_add_figures(json, r->test);
    rk_json_add_text(json, "device", device->name);
    rk_json_add_text(json, "driver", device->driver);
    rk_json_add_int(json, "seed", c->cli->seed);
    if (rk_params_int(c->settings->values, "log.every") > 0 && !add_losses(r, store, json, error))
        return FALSE;
    json_builder_end_object(json);
    g_autofree char *text = rk_json_text(json, TRUE);
    puts(text);
    return TRUE;
}

static void
print_text(const Command *c, const RkDeviceInfo *device, const RkFitResult *r)
{
    printf("Trained %s, version %u: %s on %s, %u epochs, %.1f s, %.0f samples/s on %s\n", c->name,
           r->model_version, c->model->title, c->data, r->epochs, r->seconds, r->samples_per_s,
           device->name);
    if (r->metric != NULL)
        printf("Best on validation: %s %.5f in epoch %u\n", r->metric, r->best, r->best_epoch);
    if (r->test != NULL)
        rk_cli_print_figures(r->test);
    else
        puts("No test part: nothing was measured.");
}

static gboolean
find_lr(const Command *c, const RkFitOptions *fit, GError **error)
{
    const double LOW = 1e-6, HIGH = 10;
    const uint32_t N_STEPS = 200;
    g_autoptr(GArray) points = NULL;
    double suggested = NAN;
    if (!rk_find_lr(fit, LOW, HIGH, N_STEPS, &points, &suggested, error))
        return FALSE;
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    rk_json_add_real(json, "lr", suggested);
    json_builder_set_member_name(json, "points");
    json_builder_begin_array(json);
    for (guint i = 0; i < points->len; i++) {
        const RkLrPoint *point = &g_array_index(points, RkLrPoint, i);
        json_builder_begin_object(json);
        rk_json_add_real(json, "lr", point->lr);
        rk_json_add_real(json, "loss", point->loss);
        json_builder_end_object(json);
        if (!c->cli->json && i % 10 == 0)
            printf("  lr %-12.3g loss %.5f\n", point->lr, point->loss);
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
    g_autofree char *text = rk_json_text(json, TRUE);
    if (c->cli->json)
        puts(text);
    else
        printf("Suggested: --set lr=%.2g\n", suggested);
    return TRUE;
}

static gboolean
write_weights(const Command *c, RkStore *store, GError **error)
{
    if (c->weights == NULL)
        return TRUE;
    g_autoptr(RkTrained) trained = rk_trained_open(store, c->name, 0, error);
    g_autoptr(RkWeights) weights = trained != NULL ? rk_trained_weights(trained, error) : NULL;
    return weights != NULL && rk_weights_write(weights, c->weights, error);
}

static gboolean
train(Command *c, RkStore *store, RkDevice *device, RkDataset *dataset, GError **error)
{
    const RkFitOptions fit = {.store = store,
                              .device = device,
                              .dataset = dataset,
                              .model = c->model,
                              .settings = c->settings,
                              .name = c->name,
                              .seed = (uint64_t)c->cli->seed,
                              .resume = c->resume,
                              .from = c->parent,
                              .update = c->update,
                              .own_split = c->own_split,
                              .progress = show_step,
                              .epoch = show_epoch,
                              .data = c,
                              .cancelled = rk_cli_catch_interrupts()};
    g_auto(RkFitResult) result = {0};
    if (c->find_lr)
        return find_lr(c, &fit, error);
    if (!rk_fit(&fit, &result, error)) {
        if (error != NULL && g_error_matches(*error, RK_ERROR, RK_ERROR_CANCELLED))
            g_prefix_error(error, "What was trained is kept; go on with --resume. ");
        return FALSE;
    }
    rk_cli_progress_end(c->cli);
    rk_cli_print_unseen(c->cli, result.unseen, "their rows start new");
    if (!write_weights(c, store, error))
        return FALSE;
    if (c->cli->json)
        return print_json(c, store, rk_device_info(device), &result, error);
    print_text(c, rk_device_info(device), &result);
    return TRUE;
}

gboolean
rk_command_train(RkCli *cli, int argc, char **argv, GError **error)
{
    g_auto(Command) c = {.cli = cli};
    if (!read_command_line(&c, argc, argv, error))
        return FALSE;
    g_autoptr(RkStore) store = rk_cli_store(cli, RK_STORE_EXISTING, error);
    if (store == NULL || !open_parent(&c, store, error) || !read_settings(&c, error))
        return FALSE;
    g_autoptr(RkDataset) dataset = rk_dataset_open(store, c.data, error);
    RkDevice *device = dataset != NULL ? rk_device_open(cli->device, error) : NULL;
    if (device == NULL)
        return FALSE;
    gboolean done = train(&c, store, device, dataset, error);
    rk_device_close(device);
    return done;
}
