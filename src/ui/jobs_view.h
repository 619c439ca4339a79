// SPDX-License-Identifier: GPL-3.0-or-later
//
// Every job of the session in one place: what it does, how far it is, how long it takes yet, and a
// button to cancel it; what failed and why. Main thread.
#pragma once

#include "ui/app_session.h"

#define RK_TYPE_JOBS_VIEW (rk_jobs_view_get_type())
G_DECLARE_FINAL_TYPE(RkJobsView, rk_jobs_view, RK, JOBS_VIEW, AdwBin)

GtkWidget *rk_jobs_view_new(RkAppSession *session);
