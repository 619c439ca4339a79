// SPDX-License-Identifier: GPL-3.0-or-later
//
// The right-hand side of the compare page: trials side by side in a table, in words, in charts and
// in the trade-off space. Main thread.
//
// Signal "base-chosen" (guint): another trial is to be the base.
#pragma once

#include "job/results_jobs.h"

#include <adwaita.h>

#define RK_TYPE_COMPARE_VIEW (rk_compare_view_get_type())
G_DECLARE_FINAL_TYPE(RkCompareView, rk_compare_view, RK, COMPARE_VIEW, AdwBin)

GtkWidget *rk_compare_view_new(void);

// Takes what is to be shown. `n_more` trials were checked beyond those. What was looked at stays.
void rk_compare_view_show(RkCompareView *view, RkSideBySide *side, guint n_more);

// Chooses what to look at by its title, as the list does.
gboolean rk_compare_view_look_at(RkCompareView *view, const char *title);
