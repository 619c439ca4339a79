// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the jobs of one application share: the database, opened at first use, and the right to
// measure on a device, one job at a time. Any thread, but opening touches the disk.
#pragma once

#include "job/job.h"
#include "store/store.h"

typedef struct RkWorkspace RkWorkspace;

// `path` NULL: the database of the user's data folder, which is created with it.
RkWorkspace *rk_workspace_new(const char *path);
RkWorkspace *rk_workspace_ref(RkWorkspace *workspace);
void rk_workspace_unref(RkWorkspace *workspace);

const char *rk_workspace_path(const RkWorkspace *workspace);

// The database; owned by the workspace. Fails as rk_store_open() does, and tries again next time.
RkStore *rk_workspace_store(RkWorkspace *workspace, GError **error);

// Waits until no other job uses a device; FALSE with RK_ERROR_CANCELLED. Give it back.
gboolean rk_workspace_take_device(RkWorkspace *workspace, RkJob *job, GError **error);
void rk_workspace_give_device(RkWorkspace *workspace);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkWorkspace, rk_workspace_unref)
