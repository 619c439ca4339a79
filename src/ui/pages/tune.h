// SPDX-License-Identifier: GPL-3.0-or-later
//
// The page where sweeps are set up, run and looked at. Main thread.
//
// Actions of its group "tune": new, open, save, run, resume.
#pragma once

#include "ui/app_session.h"

#define RK_TYPE_TUNE_PAGE (rk_tune_page_get_type())
G_DECLARE_FINAL_TYPE(RkTunePage, rk_tune_page, RK, TUNE_PAGE, AdwBin)

// Sets up the sample and runs it, unless a sweep runs already.
void rk_tune_page_try_sample(RkTunePage *page);

// Shows what a stored run found, and its suite to change and run again.
void rk_tune_page_open_run(RkTunePage *page, int64_t id);

// Sets up the suite of a file. FALSE with RK_ERROR_USAGE when it is none.
gboolean rk_tune_page_open_file(RkTunePage *page, const char *path, GError **error);
