// SPDX-License-Identifier: GPL-3.0-or-later
//
// A database with runs of suites in it, as --batch leaves it: what tests/report/results.json holds.
#pragma once

#include <glib.h>

// A new file in a new folder; `n` runs, the newest first. Remove it with rk_ui_results_db_free().
char *rk_ui_results_db_new(guint n);
void rk_ui_results_db_free(char *path);
