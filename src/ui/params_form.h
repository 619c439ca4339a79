// SPDX-License-Identifier: GPL-3.0-or-later
//
// A form made from a parameter table (base/params.h): a row a parameter, checked as it is typed by
// the same rk_params_set() that the command line uses. Main thread.
//
// Signal "changed": a value changed, or became valid or invalid.
#pragma once

#include "base/params.h"

#include <adwaita.h>

#define RK_TYPE_PARAMS_FORM (rk_params_form_get_type())
G_DECLARE_FINAL_TYPE(RkParamsForm, rk_params_form, RK, PARAMS_FORM, AdwBin)

// `table` must outlive the form. `title` is shown above the rows; NULL for none.
GtkWidget *rk_params_form_new(const RkParam *table, size_t n_rows, const char *title);

// What is set so far, defaults included; owned by the form, and gone with it. NULL while a row
// holds what the table doesn't allow; `problem`, unless NULL, then names it (owned by the form).
const RkParams *rk_params_form_get(RkParamsForm *form, const char **problem);

// Sets one row as a user would. FALSE when the table has no such row or the value isn't allowed.
gboolean rk_params_form_set(RkParamsForm *form, const char *name, const char *value);
