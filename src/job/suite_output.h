// SPDX-License-Identifier: GPL-3.0-or-later
//
// The folder that a suite's results are written to. Caller's thread.
#pragma once

#include "bench/suite.h"
#include "store/trial.h"

// Makes the folder and proves that it can be written. RK_ERROR_FAILED.
gboolean rk_suite_output_check(const char *folder, GError **error);

// Writes the raw records of what was stored (RkStoredTrial) into trials/: of the repeats that the
// results have, as the store may have more of a suite that was another before.
gboolean rk_suite_output_trials(const char *folder, RkStore *store, const RkResults *results,
                                const GPtrArray *stored, GError **error);

// Writes results.json and a file a kind of report.
gboolean rk_suite_output_reports(const char *folder, const RkSuite *suite, const RkResults *results,
                                 GError **error);
