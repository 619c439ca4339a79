// SPDX-License-Identifier: GPL-3.0-or-later
//
// Generating a dataset: a kind, and a form made of its parameter table. Main thread.
#pragma once

#include "ui/app_session.h"

#define RK_TYPE_GENERATE_DIALOG (rk_generate_dialog_get_type())
G_DECLARE_FINAL_TYPE(RkGenerateDialog, rk_generate_dialog, RK, GENERATE_DIALOG, AdwWindow)

GtkWidget *rk_generate_dialog_new(GtkWindow *parent, RkAppSession *session);
