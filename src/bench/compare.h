// SPDX-License-Identifier: GPL-3.0-or-later
//
// Trials of any runs side by side: as the results of one suite, in a table against one of them, and
// what changed between two in words. Any thread.
#pragma once

#include "report/results.h"
#include "report/table.h"

// A trial of some run.
typedef struct {
    const RkResults *results; // that it is of
    const RkTrialResult *trial;
    const char *run; // what to call the run where there are several; unique
} RkPick;

// The picks as one suite's results, in their order: what charts are made of. The front is theirs;
// nothing is recommended but what their only run recommends. Ids are "I/ID" with the pick's index.
// It borrows from the picks' results, which must outlive it.
RkResults *rk_compare_merge(const RkPick *picks, guint n);

// A row a trial: figures with their intervals and how they differ from trial `base` (index), which
// is marked. Bootstraps: some milliseconds a trial.
RkFigureTable *rk_compare_table(const RkResults *merged, guint base);

// What changed from one trial to another, sentences (char *): settings first, then latency,
// throughput, accuracy, the stage that changed most, size. `from_of` and `to_of` are the results
// that they are of.
GPtrArray *rk_compare_words(const RkResults *from_of, const RkTrialResult *from,
                            const RkResults *to_of, const RkTrialResult *to);
