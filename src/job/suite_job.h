// SPDX-License-Identifier: GPL-3.0-or-later
//
// A suite as a background job: what `rankine --batch` does, seen through snapshots. Its lines are
// "p99, ms", "queries/s" and the accuracy over the measurements so far.
#pragma once

#include "bench/suite.h"
#include "job/suite_live.h"
#include "job/workspace.h"

typedef struct {
    const RkSuite *suite; // must outlive the job ..
    gboolean takes_suite; // .. unless it goes with it
    const char *out;      // folder; NULL writes nothing
    const char *device;   // as --device has it; NULL for the best
    gboolean resume;
    RkSuiteLive *live; // referenced; NULL: nobody watches
    // After each measurement, on the job's thread: the trial with its repeats so far. May be NULL.
    void (*measured)(gpointer data, const RkTrialResult *so_far);
    gpointer data;
} RkSuiteJob;

// Result: RkResults, after a cancellation too (with what was measured until then); NULL when
// nothing was.
RkJobSpec rk_suite_job(RkWorkspace *workspace, const RkSuiteJob *job);
