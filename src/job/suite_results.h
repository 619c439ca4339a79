// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a run of a suite found, out of what the store kept of it: a trial from its repeats, all
// trials with their environment, and the verdict. Measures nothing; the thread of the run.
#pragma once

#include "job/suite_run.h"

// A trial from its repeats among `stored` (RkStoredTrial; those of others are passed over), which
// may lack. `audit` takes what the self-audit says; may be NULL.
RkTrialResult *rk_suite_summarize(const RkSuiteOptions *options, const RkTrialSpec *spec,
                                  const GPtrArray *stored, RkResults *audit, GError **error);

// The results of the trials `specs` of the stored run `id`, with the environment; not judged yet.
RkResults *rk_suite_collect(const RkSuiteOptions *options, int64_t id, const GPtrArray *specs,
                            int64_t started_s, GError **error);

// Gates, the recommendation and the baseline. Whether it regressed against that.
gboolean rk_suite_judge(const RkSuiteOptions *options, const GPtrArray *specs, RkResults *results);

RkSuiteVerdict rk_suite_verdict(const RkResults *results, gboolean regressed);
