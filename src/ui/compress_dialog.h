// SPDX-License-Identifier: GPL-3.0-or-later
//
// Compressing a model: passes in an order that buttons, keys and drags change, each with the form
// of its settings; then both models beside each other. The job goes on when the dialog is closed.
// Main thread.
#pragma once

#include "ui/app_session.h"

#define RK_TYPE_COMPRESS_DIALOG (rk_compress_dialog_get_type())
G_DECLARE_FINAL_TYPE(RkCompressDialog, rk_compress_dialog, RK, COMPRESS_DIALOG, AdwWindow)

GtkWidget *rk_compress_dialog_new(GtkWindow *parent, RkAppSession *session, const char *model);
