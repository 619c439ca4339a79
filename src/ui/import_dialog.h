// SPDX-License-Identifier: GPL-3.0-or-later
//
// Importing files: what was found in them, the first rows, and the guessed schema to correct. Main
// thread.
#pragma once

#include "ui/app_session.h"

#define RK_TYPE_IMPORT_DIALOG (rk_import_dialog_get_type())
G_DECLARE_FINAL_TYPE(RkImportDialog, rk_import_dialog, RK, IMPORT_DIALOG, AdwWindow)

// Looks at the files and shows what was found. `paths` is copied.
GtkWidget *rk_import_dialog_new(GtkWindow *parent, RkAppSession *session, const char *const *paths);

// Asks for files or a folder first.
void rk_import_choose(GtkWindow *parent, RkAppSession *session, gboolean folder);

// NULL when a dataset may have this name, else why not, to show beside it; free with g_free().
char *rk_dataset_name_problem(RkAppSession *session, const char *name);
