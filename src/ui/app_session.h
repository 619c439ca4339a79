// SPDX-License-Identifier: GPL-3.0-or-later
//
// What all pages share: the jobs, what the database holds, the devices, and the settings. The main
// thread only; whatever takes time is a job, and a signal says when it is there.
//
// Signals: "changed" with the detail contents, devices or ceilings; "toast" (AdwToast *).
#pragma once

#include "job/data_jobs.h"
#include "job/device_jobs.h"

#include <adwaita.h>

#define RK_TYPE_APP_SESSION (rk_app_session_get_type())
G_DECLARE_FINAL_TYPE(RkAppSession, rk_app_session, RK, APP_SESSION, GObject)

// `path` NULL: the user's database. `settings` is referenced.
RkAppSession *rk_app_session_new(const char *path, GSettings *settings);

RkJobs *rk_app_session_jobs(RkAppSession *session);
RkWorkspace *rk_app_session_workspace(RkAppSession *session);
GSettings *rk_app_session_settings(RkAppSession *session);

// Starts a job under a title; a failure shows as a toast unless `ended` is set, which then shows it
// where the work was asked for.
RkJob *rk_app_session_start(RkAppSession *session, RkJobSpec spec, const char *title);

// Reads the database and the devices again.
void rk_app_session_refresh(RkAppSession *session);

// Reads the database alone again.
void rk_app_session_read(RkAppSession *session);

// NULL until they were read, and where they couldn't be: then the error says why.
const RkContents *rk_app_session_contents(RkAppSession *session);
const GError *rk_app_session_contents_error(RkAppSession *session);
const GArray *rk_app_session_devices(RkAppSession *session); // of RkDeviceInfo
const GError *rk_app_session_devices_error(RkAppSession *session);

// The chosen device, NULL without any.
const RkDeviceInfo *rk_app_session_device(RkAppSession *session);
char *rk_app_session_device_word(RkAppSession *session); // for jobs, its UUID; free it
void rk_app_session_choose_device(RkAppSession *session, guint i);

// What was measured of the chosen device since the start; NULL before.
const RkCeilings *rk_app_session_ceilings(RkAppSession *session);
void rk_app_session_measure(RkAppSession *session);

// Takes a dataset or a model out of the lists and offers an undo; the removal follows the toast.
void rk_app_session_remove(RkAppSession *session, RkKeptKind kind, const char *name);
gboolean rk_app_session_is_removed(RkAppSession *session, RkKeptKind kind, const char *name);

// Removes what waits for its toast. Before the session goes.
void rk_app_session_settle(RkAppSession *session);

void rk_app_session_toast(RkAppSession *session, const char *text);
