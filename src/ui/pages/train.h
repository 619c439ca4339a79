// SPDX-License-Identifier: GPL-3.0-or-later
//
// What others ask of the Train page. Main thread.
#pragma once

#include <gtk/gtk.h>

// Shows the form of a new training with a model of the zoo chosen, and with a stored one (`from`,
// else NULL) to begin with.
void rk_train_page_begin(GtkWidget *page, const char *model, const char *from);
