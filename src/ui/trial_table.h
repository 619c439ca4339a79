// SPDX-License-Identifier: GPL-3.0-or-later
//
// The table of a sweep's trials: a column an axis and the figures. Sorted by a click on a heading;
// searched by the entry above. Two buttons beside that (P and H) pin the selected trial in the
// charts and hide it from them; the last column says which are. Main thread.
//
// Signals: "selected", another row (or none) is; "marked", a trial was pinned or hidden.
#pragma once

#include "ui/trial_list.h"

#include <adwaita.h>

#define RK_TYPE_TRIAL_TABLE (rk_trial_table_get_type())
G_DECLARE_FINAL_TYPE(RkTrialTable, rk_trial_table, RK, TRIAL_TABLE, AdwBin)

GtkWidget *rk_trial_table_new(void);

// References the list; NULL for none.
void rk_trial_table_set(RkTrialTable *table, RkTrialList *list);

// The list's metric has another name.
void rk_trial_table_retitle(RkTrialTable *table);

// Index of the selected row of the list, or G_MAXUINT.
guint rk_trial_table_selected(RkTrialTable *table);

GtkWidget *rk_trial_table_search(RkTrialTable *table); // what Ctrl+F goes to
GtkColumnView *rk_trial_table_view(RkTrialTable *table);
