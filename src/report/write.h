// SPDX-License-Identifier: GPL-3.0-or-later
//
// A report into a file whose ending names the form. The file appears whole or not at all.
// Any thread.
#pragma once

#include "report/results.h"

// "html, pdf, ..": what rk_report_write() can make, for messages.
const char *rk_report_forms(void);

// Whether a path's ending is one of them; RK_ERROR_USAGE says which there are.
gboolean rk_report_check_path(const char *path, GError **error);

// Writes n (at least 1) results. Forms for machines take one: RK_ERROR_USAGE for more.
gboolean rk_report_write(const RkResults *const *results, guint n, const char *path,
                         GError **error);
