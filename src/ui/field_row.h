// SPDX-License-Identifier: GPL-3.0-or-later
//
// A row of a list with a title, what it means, an entry below it over the whole width, and what is
// wrong with what was typed. Main thread.
//
// Signals: "changed", by typing; "removed", when its button was pressed.
#pragma once

#include <adwaita.h>

#define RK_TYPE_FIELD_ROW (rk_field_row_get_type())
G_DECLARE_FINAL_TYPE(RkFieldRow, rk_field_row, RK, FIELD_ROW, AdwPreferencesRow)

// `help` and `hint` (shown in the empty entry) may be NULL.
GtkWidget *rk_field_row_new(const char *title, const char *help, const char *hint);

const char *rk_field_row_text(RkFieldRow *row);
void rk_field_row_set_text(RkFieldRow *row, const char *text);       // is told as if typed
void rk_field_row_set_problem(RkFieldRow *row, const char *problem); // NULL for none
void rk_field_row_set_help(RkFieldRow *row, const char *help);
void rk_field_row_hide_entry(RkFieldRow *row);

// Shows a button that takes it away, called `label`.
void rk_field_row_set_removable(RkFieldRow *row, const char *label);
void rk_field_row_focus(RkFieldRow *row);
