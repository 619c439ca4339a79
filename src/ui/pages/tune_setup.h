// SPDX-License-Identifier: GPL-3.0-or-later
//
// The form of a sweep: data, models, axes, load, limits. What it shows is a draft of a suite
// (job/suite_draft.h), checked by the suite's own parser at every key. Main thread.
//
// Signal "changed": something was typed, added or taken away, or another draft was set.
#pragma once

#include "job/suite_draft.h"
#include "job/suite_served.h"
#include "ui/app_session.h"

#define RK_TYPE_TUNE_SETUP (rk_tune_setup_get_type())
G_DECLARE_FINAL_TYPE(RkTuneSetup, rk_tune_setup, RK, TUNE_SETUP, AdwBin)

GtkWidget *rk_tune_setup_new(RkAppSession *session);

// Takes the draft and shows it.
void rk_tune_setup_set(RkTuneSetup *setup, RkSuiteDraft *draft);
const RkSuiteDraft *rk_tune_setup_draft(RkTuneSetup *setup);

// The suite as it stands, the caller's; NULL while something is wrong: then `problem` says what
// (owned by the form, as long as it isn't changed).
RkSuite *rk_tune_setup_suite(RkTuneSetup *setup, const char **problem);
