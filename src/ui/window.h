// SPDX-License-Identifier: GPL-3.0-or-later
//
// The window: sidebar, pages, jobs, and the actions that every page uses. Main thread.
//
// Actions: win.page (id), win.back, win.refresh, win.jobs, win.search, win.import-files,
// win.import-folder, win.generate, win.sample, win.sweep (id of a run), win.measure,
// win.preferences, win.appearance, win.remove-dataset and win.remove-model (name).
#pragma once

#include "ui/app_session.h"

#define RK_TYPE_WINDOW (rk_window_get_type())
G_DECLARE_FINAL_TYPE(RkWindow, rk_window, RK, WINDOW, AdwApplicationWindow)

GtkWidget *rk_window_new(AdwApplication *app, RkAppSession *session);
void rk_window_show_page(RkWindow *window, const char *id);
