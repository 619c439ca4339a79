// SPDX-License-Identifier: GPL-3.0-or-later
//
// Where sweeps come from and go to: files, and runs of the database. Main thread.
#pragma once

#include "job/results_jobs.h"
#include "job/suite_draft.h"
#include "ui/app_session.h"
#include "ui/picker.h"

typedef void (*RkTunePath)(GtkWidget *page, const char *path);

// Asks for a suite to open, or where to save one.
void rk_tune_choose_suite(GtkWidget *page, RkTunePath chosen);
void rk_tune_choose_target(GtkWidget *page, const char *name, RkTunePath chosen);

// Ids are those of stored runs.
void rk_tune_fill_earlier(RkPicker *picker, RkAppSession *session);

// A stored run: its suite, and what it found.
typedef struct {
    RkSuiteDraft *draft;
    RkLoadedRun *loaded; // NULL when it hasn't ended
} RkOpenedRun;

void rk_opened_run_free(RkOpenedRun *run);

// Result: RkOpenedRun.
RkJobSpec rk_open_run_job(RkWorkspace *workspace, int64_t id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkOpenedRun, rk_opened_run_free)
