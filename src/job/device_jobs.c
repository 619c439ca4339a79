// SPDX-License-Identifier: GPL-3.0-or-later
#include "job/device_jobs.h"

#include "gpu/device.h"

typedef struct {
    RkWorkspace *workspace;
    uint32_t index;
} Work;

static void
work_free(gpointer data)
{
    rk_workspace_unref(((Work *)data)->workspace);
    g_free(data);
}

static Work *
work_new(RkWorkspace *workspace, uint32_t index)
{
    Work *work = g_new0(Work, 1);
    *work = (Work){rk_workspace_ref(workspace), index};
    return work;
}

static gboolean
list(RkJob *job, gpointer data, GError **error)
{
    GArray *infos = rk_device_list(error);
    if (infos == NULL)
        return FALSE;
    rk_job_set_result(job, infos, (GDestroyNotify)g_array_unref);
    return TRUE;
}

RkJobSpec
rk_devices_job(RkWorkspace *workspace)
{
    return (RkJobSpec){.title = "Looking for devices",
                       .run = list,
                       .data = work_new(workspace, 0),
                       .free_data = work_free,
                       .quiet = TRUE};
}

static gboolean
measure(RkJob *job, gpointer data, GError **error)
{
    const Work *work = data;
    if (!rk_workspace_take_device(work->workspace, job, error))
        return FALSE;
    rk_job_phase(job, "Measuring", NULL, 0, 1);
    g_autofree char *index = g_strdup_printf("%u", work->index);
    g_autoptr(RkDevice) device = rk_device_open(index, error);
    const RkCeilings *ceilings = device != NULL ? rk_device_ceilings(device, error) : NULL;
    if (ceilings != NULL)
        rk_job_set_result(job, g_memdup2(ceilings, sizeof *ceilings), g_free);
    rk_workspace_give_device(work->workspace);
    return ceilings != NULL;
}

RkJobSpec
rk_ceilings_job(RkWorkspace *workspace, uint32_t index, const char *title)
{
    return (RkJobSpec){
        .title = title, .run = measure, .data = work_new(workspace, index), .free_data = work_free};
}
