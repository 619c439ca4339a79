// SPDX-License-Identifier: GPL-3.0-or-later
#include "job/train_job.h"

#include "base/json.h"
#include "train/fit.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#define LOG_EVERY 10 // steps between points of the loss, unless settings say

typedef struct {
    RkWorkspace *workspace;
    char *about; // "train:" and the name
    char *device, *model, *dataset, *name, *from;
    char **assignments, **runs;
    uint64_t seed;
    gboolean resume;
    gint stop; // atomic
} Work;

static void
work_free(gpointer data)
{
    Work *work = data;
    rk_workspace_unref(work->workspace);
    g_free(work->about);
    g_free(work->device);
    g_free(work->model);
    g_free(work->dataset);
    g_free(work->name);
    g_free(work->from);
    g_strfreev(work->assignments);
    g_strfreev(work->runs);
    g_free(work);
}

// ---- training ------------------------------------------------------------------------------

typedef struct {
    RkJob *job;
    const Work *work;
    RkStore *store;
    RkDataset *dataset;
    RkTrained *parent;
    const RkModel *model;
    RkTrainSettings *settings;
    RkStoredRun *run; // that is gone on with; or NULL
    gboolean own_split;
    uint64_t first_step; // of this job
    uint64_t every;      // steps between points
} Training;

static void
training_clear(Training *t)
{
    g_clear_pointer(&t->run, rk_stored_run_free);
    g_clear_pointer(&t->settings, rk_train_settings_free);
    g_clear_pointer(&t->parent, rk_trained_free);
    g_clear_pointer(&t->dataset, rk_dataset_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Training, training_clear)

static gboolean
is_of_split(const char *name)
{
    return strcmp(name, "split") == 0 || g_str_has_prefix(name, "split.");
}

// A stored run has every setting. Whether it split the data by them it doesn't say: it did when one
// isn't its default.
static gboolean
settings_of_run(Training *t, GError **error)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *node;
    g_autoptr(JsonNode) root = rk_json_parse(t->run->config, "the run's settings", error);
    if (root == NULL)
        return FALSE;
    json_object_iter_init(&iter, json_node_get_object(root));
    while (json_object_iter_next(&iter, &name, &node)) {
        g_autofree char *before = rk_params_value_text(t->settings->values, name);
        g_autofree char *text = rk_json_scalar_text(node);
        if (text == NULL || !rk_params_set(t->settings->values, name, text, error))
            return FALSE;
        g_autofree char *after = rk_params_value_text(t->settings->values, name);
        t->own_split |= is_of_split(name) && strcmp(before, after) != 0;
    }
    return TRUE;
}

// A parent's shape is kept; how it is trained is new.
static gboolean
settings_of_parent(Training *t, GError **error)
{
    for (size_t i = 0; t->parent != NULL && i < t->model->n_params; i++) {
        const char *name = t->model->params[i].name;
        g_autofree char *text = rk_params_value_text(t->parent->settings->values, name);
        if (!rk_params_set(t->settings->values, name, text, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
read_settings(Training *t, GError **error)
{
    t->settings = rk_train_settings_new(t->model);
    if (t->run != NULL)
        return settings_of_run(t, error);
    if (!settings_of_parent(t, error) ||
        !rk_params_set(t->settings->values, "log.every", G_STRINGIFY(LOG_EVERY), error))
        return FALSE;
    for (char **one = t->work->assignments; one != NULL && *one != NULL; one++) {
        if (!rk_params_assign(t->settings->values, *one, error))
            return FALSE;
        g_autofree char *name = g_strndup(*one, strcspn(*one, "="));
        t->own_split |= is_of_split(name);
    }
    return TRUE;
}

static gboolean
prepare(Training *t, GError **error)
{
    const Work *work = t->work;
    t->store = rk_workspace_store(work->workspace, error);
    if (t->store == NULL)
        return FALSE;
    if (work->resume && (t->run = rk_run_open(t->store, work->name, error)) == NULL)
        return FALSE;
    t->model = rk_model_find(t->run != NULL ? t->run->kind : work->model, error);
    if (t->model == NULL)
        return FALSE;
    if (work->from != NULL && (t->parent = rk_trained_open(t->store, work->from, 0, error)) == NULL)
        return FALSE;
    t->dataset = rk_dataset_open(t->store, t->run != NULL ? t->run->dataset : work->dataset, error);
    return t->dataset != NULL && read_settings(t, error);
}

// The line so far, so that a resumed run is seen whole.
static gboolean
show_past(Training *t, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(RkCheckpoint) last =
        rk_run_last_checkpoint(t->store, t->run->id, UINT64_MAX, &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    g_autoptr(GPtrArray) names = rk_run_figures(t->store, t->run->id, error);
    for (guint i = 0; names != NULL && last != NULL && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        if (strcmp(name, "loss.epoch") == 0)
            continue;
        g_autoptr(GArray) all = rk_run_measurements(t->store, t->run->id, name, error);
        if (all == NULL)
            return FALSE;
        for (guint k = 0; k < all->len; k++) {
            const RkMeasurement *m = &g_array_index(all, RkMeasurement, k);
            if (m->step <= last->step)
                rk_job_point(t->job, g_intern_string(name), (double)m->step, m->value);
        }
    }
    t->first_step = last != NULL ? last->step : 0;
    return names != NULL;
}

static void
show_step(void *data, const RkTrainProgress *p)
{
    const Training *t = data;
    const uint64_t batch = (uint64_t)rk_params_int(t->settings->values, "batch");
    const uint64_t all = p->epoch_steps * p->n_epochs;
    rk_job_progress(t->job, (p->total_step - t->first_step) * batch, (all - t->first_step) * batch);
    if (p->total_step % t->every == 0)
        rk_job_point(t->job, "loss", (double)p->total_step, p->step_loss);
    if (p->last && p->epoch + 1 == p->n_epochs)
        rk_job_phase(t->job, "Measuring", NULL, 0.95, 1);
}

static void
show_epoch(void *data, const RkTrainProgress *p, const RkFigure *figure, gboolean is_best)
{
    const Training *t = data;
    if (figure == NULL)
        return;
    g_autofree char *name = g_strconcat("valid.", figure->name, NULL);
    rk_job_point(t->job, g_intern_string(name), (double)p->total_step, figure->value);
}

static gboolean
fit(Training *t, RkDevice *device, GError **error)
{
    g_auto(RkFitResult) result = {0};
    const int64_t every = rk_params_int(t->settings->values, "log.every");
    const RkFitOptions options = {.store = t->store,
                                  .device = device,
                                  .dataset = t->dataset,
                                  .model = t->model,
                                  .settings = t->settings,
                                  .name = t->work->name,
                                  .seed = t->run != NULL ? t->run->seed : t->work->seed,
                                  .resume = t->work->resume,
                                  .from = t->parent,
                                  .own_split = t->own_split,
                                  .progress = show_step,
                                  .epoch = show_epoch,
                                  .data = t,
                                  .cancelled = rk_job_cancelled(t->job),
                                  .stop = &t->work->stop};
    t->every = every > 0 ? (uint64_t)every : LOG_EVERY;
    rk_job_phase(t->job, "Training", "samples", 0, 0.95);
    return rk_fit(&options, &result, error);
}

static gboolean
train(RkJob *job, gpointer data, GError **error)
{
    const Work *work = data;
    g_auto(Training) t = {.job = job, .work = work};
    if (!prepare(&t, error) || (t.run != NULL && !show_past(&t, error)) ||
        !rk_workspace_take_device(work->workspace, job, error))
        return FALSE;
    rk_job_phase(job, "Loading", NULL, 0, 0);
    RkDevice *device = rk_device_open(work->device, error);
    const gboolean done = device != NULL && fit(&t, device, error);
    g_clear_pointer(&t.parent, rk_trained_free);
    if (device != NULL)
        rk_device_close(device);
    rk_workspace_give_device(work->workspace);
    return done;
}

RkJobSpec
rk_train_job(RkWorkspace *workspace, const RkTrainOrder *order)
{
    Work *work = g_new0(Work, 1);
    *work = (Work){
        .workspace = rk_workspace_ref(workspace),
        .about = g_strconcat("train:", order->name, NULL),
        .device = g_strdup(order->device),
        .model = g_strdup(order->model),
        .dataset = g_strdup(order->dataset),
        .name = g_strdup(order->name),
        .from = g_strdup(order->from),
        .assignments = g_strdupv((char **)order->assignments),
        .seed = order->seed,
        .resume = order->resume,
    };
    return (RkJobSpec){.title = work->name,
                       .run = train,
                       .data = work,
                       .free_data = work_free,
                       .about = work->about,
                       .keeps = N_("Its last checkpoint is kept; the training can be "
                                   "resumed.")};
}

const char *
rk_train_job_run(const RkJob *job)
{
    const char *about = rk_job_about(job);
    return about != NULL && g_str_has_prefix(about, "train:") ? about + strlen("train:") : NULL;
}

void
rk_train_job_stop(RkJob *job)
{
    g_return_if_fail(rk_train_job_run(job) != NULL);
    Work *work = rk_job_data(job);
    g_atomic_int_set(&work->stop, 1);
}

// ---- stored runs ---------------------------------------------------------------------------

static void
curve_free(gpointer data)
{
    RkRunCurve *curve = data;
    g_free(curve->run);
    g_free(curve->figure);
    g_array_unref(curve->step);
    g_array_unref(curve->value);
    g_free(curve);
}

static gboolean
add_curve(GPtrArray *curves, RkStore *store, const RkStoredRun *run, const char *figure,
          GError **error)
{
    g_autoptr(GArray) all = rk_run_measurements(store, run->id, figure, error);
    if (all == NULL)
        return FALSE;
    RkRunCurve *curve = g_new0(RkRunCurve, 1);
    curve->run = g_strdup(run->name);
    curve->figure = g_strdup(figure);
    curve->step = g_array_sized_new(FALSE, FALSE, sizeof(double), all->len);
    curve->value = g_array_sized_new(FALSE, FALSE, sizeof(double), all->len);
    for (guint k = 0; k < all->len; k++) {
        const RkMeasurement *m = &g_array_index(all, RkMeasurement, k);
        const double step = (double)m->step;
        g_array_append_val(curve->step, step);
        g_array_append_val(curve->value, m->value);
    }
    g_ptr_array_add(curves, curve);
    return TRUE;
}

// The losses of steps where they were kept, else the mean of each epoch.
static gboolean
add_run(GPtrArray *curves, RkStore *store, const RkStoredRun *run, GError **error)
{
    g_autoptr(GPtrArray) figures = rk_run_figures(store, run->id, error);
    gboolean stepwise = FALSE;
    if (figures == NULL)
        return FALSE;
    for (guint i = 0; i < figures->len; i++)
        stepwise |= strcmp(g_ptr_array_index(figures, i), "loss") == 0;
    for (guint i = 0; i < figures->len; i++) {
        const char *figure = g_ptr_array_index(figures, i);
        if (stepwise && strcmp(figure, "loss.epoch") == 0)
            continue;
        if (!add_curve(curves, store, run, figure, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
read_curves(RkJob *job, gpointer data, GError **error)
{
    const Work *work = data;
    RkStore *store = rk_workspace_store(work->workspace, error);
    g_autoptr(GPtrArray) curves = g_ptr_array_new_with_free_func(curve_free);
    for (char **name = work->runs; store != NULL && *name != NULL; name++) {
        g_autoptr(GError) missing = NULL;
        g_autoptr(RkStoredRun) run = rk_run_open(store, *name, &missing);
        if (run == NULL && !g_error_matches(missing, RK_ERROR, RK_ERROR_NOT_FOUND)) {
            g_propagate_error(error, g_steal_pointer(&missing));
            return FALSE;
        }
        if (run != NULL && !add_run(curves, store, run, error))
            return FALSE;
    }
    if (store == NULL)
        return FALSE;
    rk_job_set_result(job, g_steal_pointer(&curves), (GDestroyNotify)g_ptr_array_unref);
    return TRUE;
}

RkJobSpec
rk_curves_job(RkWorkspace *workspace, const char *const *runs)
{
    Work *work = g_new0(Work, 1);
    work->workspace = rk_workspace_ref(workspace);
    work->runs = g_strdupv((char **)runs);
    return (RkJobSpec){.title = "Reading curves",
                       .run = read_curves,
                       .data = work,
                       .free_data = work_free,
                       .quiet = TRUE};
}

static gboolean
remove_run(RkJob *job, gpointer data, GError **error)
{
    const Work *work = data;
    RkStore *store = rk_workspace_store(work->workspace, error);
    return store != NULL && rk_run_remove(store, work->name, error);
}

RkJobSpec
rk_run_remove_job(RkWorkspace *workspace, const char *run)
{
    Work *work = g_new0(Work, 1);
    work->workspace = rk_workspace_ref(workspace);
    work->name = g_strdup(run);
    return (RkJobSpec){.title = work->name,
                       .run = remove_run,
                       .data = work,
                       .free_data = work_free,
                       .quiet = TRUE};
}
