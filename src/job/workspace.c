// SPDX-License-Identifier: GPL-3.0-or-later
#include "job/workspace.h"

#include <errno.h>

struct RkWorkspace {
    gint refs;
    char *path;
    GMutex lock;
    RkStore *store;
    GMutex device_lock;
    GCond device_free;
    gboolean device_taken;
};

RkWorkspace *
rk_workspace_new(const char *path)
{
    RkWorkspace *workspace = g_new0(RkWorkspace, 1);
    workspace->refs = 1;
    workspace->path = path != NULL
                          ? g_strdup(path)
                          : g_build_filename(g_get_user_data_dir(), "rankine", "rankine.db", NULL);
    g_mutex_init(&workspace->lock);
    g_mutex_init(&workspace->device_lock);
    g_cond_init(&workspace->device_free);
    return workspace;
}

RkWorkspace *
rk_workspace_ref(RkWorkspace *workspace)
{
    g_atomic_int_inc(&workspace->refs);
    return workspace;
}

void
rk_workspace_unref(RkWorkspace *workspace)
{
    if (workspace == NULL || !g_atomic_int_dec_and_test(&workspace->refs))
        return;
    rk_store_unref(workspace->store);
    g_mutex_clear(&workspace->lock);
    g_mutex_clear(&workspace->device_lock);
    g_cond_clear(&workspace->device_free);
    g_free(workspace->path);
    g_free(workspace);
}

const char *
rk_workspace_path(const RkWorkspace *workspace)
{
    return workspace->path;
}

static RkStore *
open_store(const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    if (g_mkdir_with_parents(folder, 0700) != 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_FAILED,
                    "Can't create the data folder %s: %s. Check the permissions of the folders "
                    "above it.",
                    folder, g_strerror(errno));
        return NULL;
    }
    return rk_store_open(path, RK_STORE_DEFAULT, error);
}

RkStore *
rk_workspace_store(RkWorkspace *workspace, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&workspace->lock);
    if (workspace->store == NULL)
        workspace->store = open_store(workspace->path, error);
    return workspace->store;
}

gboolean
rk_workspace_take_device(RkWorkspace *workspace, RkJob *job, GError **error)
{
    const gint64 LOOK_US = 100000; // how often a waiting job looks whether it was cancelled
    gboolean taken = FALSE;
    g_mutex_lock(&workspace->device_lock);
    if (workspace->device_taken)
        rk_job_phase(job, "Waiting for the device", NULL, 0, 1);
    while (workspace->device_taken && rk_job_check(job, NULL))
        g_cond_wait_until(&workspace->device_free, &workspace->device_lock,
                          g_get_monotonic_time() + LOOK_US);
    taken = rk_job_check(job, error);
    if (taken)
        workspace->device_taken = TRUE;
    g_mutex_unlock(&workspace->device_lock);
    return taken;
}

void
rk_workspace_give_device(RkWorkspace *workspace)
{
    g_mutex_lock(&workspace->device_lock);
    workspace->device_taken = FALSE;
    g_cond_signal(&workspace->device_free);
    g_mutex_unlock(&workspace->device_lock);
}
