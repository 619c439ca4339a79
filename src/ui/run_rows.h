// SPDX-License-Identifier: GPL-3.0-or-later
//
// The rows that show RkRunItems of a tree: an expander, a check, title and detail. Main thread.
#pragma once

#include <gtk/gtk.h>

// For a list of GtkTreeListRow, each of an RkRunItem; an expanded row opens its item.
GtkListItemFactory *rk_run_rows_new(void);
