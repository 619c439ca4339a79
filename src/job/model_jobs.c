// SPDX-License-Identifier: GPL-3.0-or-later
#include "job/model_jobs.h"

#include "train/opened.h"

#include <string.h>

typedef struct {
    RkWorkspace *workspace;
    char *device, *model, *as, *dataset, *part, *protocol, *path;
    char **passes;
    uint32_t k;
    uint64_t seed;
} Work;

static void
work_free(gpointer data)
{
    Work *work = data;
    rk_workspace_unref(work->workspace);
    g_free(work->device);
    g_free(work->model);
    g_free(work->as);
    g_free(work->dataset);
    g_free(work->part);
    g_free(work->protocol);
    g_free(work->path);
    g_strfreev(work->passes);
    g_free(work);
}

static Work *
work_new(RkWorkspace *workspace, const char *device, const char *model)
{
    Work *work = g_new0(Work, 1);
    work->workspace = rk_workspace_ref(workspace);
    work->device = g_strdup(device);
    work->model = g_strdup(model);
    return work;
}

static RkJobSpec
spec_of(Work *work, RkJobFunc func)
{
    return (RkJobSpec){.title = work->model, .run = func, .data = work, .free_data = work_free};
}

// Both when the job may use the device; give it back and close it.
static RkDevice *
take_device(RkJob *job, const Work *work, GError **error)
{
    if (!rk_workspace_take_device(work->workspace, job, error))
        return NULL;
    RkDevice *device = rk_device_open(work->device, error);
    if (device == NULL)
        rk_workspace_give_device(work->workspace);
    return device;
}

static void
give_device(const Work *work, RkDevice *device)
{
    rk_device_close(device);
    rk_workspace_give_device(work->workspace);
}

// ---- compressing ---------------------------------------------------------------------------

void
rk_compress_job_result_free(RkCompressResult *result)
{
    if (result == NULL)
        return;
    rk_compress_result_clear(result);
    g_free(result);
}

// "prune", "measure", ..: each is a phase of its own, of unknown length beside the others.
static void
show_pass(void *data, const char *what, uint64_t done, uint64_t total)
{
    RkJob *job = data;
    if (done == 0 || total == 0)
        rk_job_phase(job, g_intern_string(what), NULL, 0, 1);
    rk_job_progress(job, done, total);
}

static gboolean
compress(RkJob *job, gpointer data, GError **error)
{
    const Work *work = data;
    RkStore *store = rk_workspace_store(work->workspace, error);
    RkDevice *device = store != NULL ? take_device(job, work, error) : NULL;
    if (device == NULL)
        return FALSE;
    const RkCompressOptions options = {
        .store = store,
        .device = device,
        .model = work->model,
        .as = work->as,
        .passes = (const char *const *)work->passes,
        .n_passes = g_strv_length(work->passes),
        .seed = work->seed,
        .progress = show_pass,
        .data = job,
        .cancelled = rk_job_cancelled(job),
    };
    RkCompressResult *result = g_new0(RkCompressResult, 1);
    rk_job_phase(job, "Opening the model", NULL, 0, 1);
    const gboolean done = rk_compress(&options, result, error);
    give_device(work, device);
    if (done)
        rk_job_set_result(job, result, (GDestroyNotify)rk_compress_job_result_free);
    else
        rk_compress_job_result_free(result);
    return done;
}

RkJobSpec
rk_compress_job(RkWorkspace *workspace, const char *device, const char *model, const char *as,
                const char *const *passes, uint64_t seed)
{
    Work *work = work_new(workspace, device, model);
    work->as = g_strdup(as);
    work->passes = g_strdupv((char **)passes);
    work->seed = seed;
    return spec_of(work, compress);
}

// ---- measuring -----------------------------------------------------------------------------

void
rk_measured_model_free(RkMeasuredModel *measured)
{
    if (measured == NULL)
        return;
    g_free(measured->model);
    g_free(measured->dataset);
    g_free(measured->part);
    g_clear_pointer(&measured->evaluation, rk_evaluation_free);
    g_free(measured);
}

static void
show_ranking(void *data, uint64_t done, uint64_t total)
{
    rk_job_progress(data, done, total);
}

static gboolean
find_part(const char *name, RkPart *part, GError **error)
{
    for (int p = 0; p < RK_PART_NONE; p++)
        if (strcmp(rk_part_name((RkPart)p), name) == 0) {
            *part = (RkPart)p;
            return TRUE;
        }
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't measure on the part \"%s\": it is train, valid or test.", name);
    return FALSE;
}

static RkMeasuredModel *
measure_opened(RkJob *job, const Work *work, RkDevice *device, const RkOpened *opened,
               GError **error)
{
    RkPart part;
    if (!find_part(work->part, &part, error))
        return NULL;
    const RkEvaluateOptions options = {.device = device,
                                       .model = opened->trained->model,
                                       .settings = opened->trained->settings,
                                       .features = opened->features,
                                       .state = opened->state,
                                       .part = part,
                                       .protocol = work->protocol,
                                       .k = work->k,
                                       .threshold = TRUE,
                                       .seed = work->seed,
                                       .cancelled = rk_job_cancelled(job),
                                       .progress = show_ranking,
                                       .progress_data = job};
    rk_job_phase(job, "Measuring", NULL, 0.2, 1);
    RkEvaluation *evaluation = rk_evaluate(&options, error);
    if (evaluation == NULL)
        return NULL;
    RkMeasuredModel *measured = g_new0(RkMeasuredModel, 1);
    *measured = (RkMeasuredModel){.model = g_strdup(work->model),
                                  .dataset = g_strdup(rk_dataset_name(opened->dataset)),
                                  .part = g_strdup(work->part),
                                  .evaluation = evaluation};
    for (guint i = 0; opened->unseen != NULL && i < opened->unseen->len; i++)
        measured->n_unseen += g_array_index(opened->unseen, RkUnseen, i).n_unknown;
    return measured;
}

static RkMeasuredModel *
measure_on(RkJob *job, const Work *work, RkStore *store, RkDevice *device, GError **error)
{
    g_autoptr(RkDataset) dataset = NULL;
    rk_job_phase(job, "Opening the model", NULL, 0, 0.2);
    if (work->dataset != NULL && (dataset = rk_dataset_open(store, work->dataset, error)) == NULL)
        return NULL;
    g_autoptr(RkOpened) opened =
        rk_opened_new(store, device, work->model, 0, dataset, rk_job_cancelled(job), error);
    return opened != NULL ? measure_opened(job, work, device, opened, error) : NULL;
}

static gboolean
evaluate(RkJob *job, gpointer data, GError **error)
{
    const Work *work = data;
    RkStore *store = rk_workspace_store(work->workspace, error);
    RkDevice *device = store != NULL ? take_device(job, work, error) : NULL;
    if (device == NULL)
        return FALSE;
    RkMeasuredModel *measured = measure_on(job, work, store, device, error);
    give_device(work, device);
    if (measured != NULL)
        rk_job_set_result(job, measured, (GDestroyNotify)rk_measured_model_free);
    return measured != NULL;
}

RkJobSpec
rk_evaluate_job(RkWorkspace *workspace, const char *device, const char *model, const char *dataset,
                const char *part, const char *protocol, uint32_t k, uint64_t seed)
{
    Work *work = work_new(workspace, device, model);
    work->dataset = g_strdup(dataset);
    work->part = g_strdup(part);
    work->protocol = g_strdup(protocol);
    work->k = k;
    work->seed = seed;
    return spec_of(work, evaluate);
}

// ---- files ---------------------------------------------------------------------------------

static gboolean
save_weights(RkJob *job, gpointer data, GError **error)
{
    const Work *work = data;
    RkStore *store = rk_workspace_store(work->workspace, error);
    rk_job_phase(job, "Writing", NULL, 0, 1);
    g_autoptr(RkTrained) trained =
        store != NULL ? rk_trained_open(store, work->model, 0, error) : NULL;
    g_autoptr(RkWeights) weights = trained != NULL ? rk_trained_weights(trained, error) : NULL;
    return weights != NULL && rk_job_check(job, error) &&
           rk_weights_write(weights, work->path, error);
}

RkJobSpec
rk_save_weights_job(RkWorkspace *workspace, const char *model, const char *path)
{
    Work *work = work_new(workspace, NULL, model);
    work->path = g_strdup(path);
    return spec_of(work, save_weights);
}
