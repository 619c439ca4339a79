// SPDX-License-Identifier: GPL-3.0-or-later
//
// The desktop's file chooser as a user answers it: GTK's own, which stands in where there is no
// portal. Each call fails the test when it isn't as it should be. Main thread.
#pragma once

#include "ui_test.h"

// The chooser that is open, after a while: modal to a window, with that title.
GtkFileChooser *rk_chooser_of(const char *title);

// It offers files of one kind, of that name.
void rk_chooser_assert_kind(GtkFileChooser *chooser, const char *name);

// Chooses a file to open.
void rk_chooser_open(RkUi *ui, GtkFileChooser *chooser, const char *path);

// Saves in the test's folder, under that name or (NULL) the proposed one, by the button of that
// label; returns the path that the user chose. Free it.
char *rk_chooser_save(RkUi *ui, GtkFileChooser *chooser, const char *button, const char *name);
