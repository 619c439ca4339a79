// SPDX-License-Identifier: GPL-3.0-or-later
//
// The desktop app: one instance, one window. Main thread.
#pragma once

#include <adwaita.h>

#define RK_APP_ID "org.rankine.Rankine"

#define RK_TYPE_APPLICATION (rk_application_get_type())
G_DECLARE_FINAL_TYPE(RkApplication, rk_application, RK, APPLICATION, AdwApplication)

// `path` is the database, NULL for the user's.
RkApplication *rk_application_new(const char *path);

// Runs the app on a database (as above) to its end; returns the exit status.
int rk_application_main(const char *program, const char *path);
