// SPDX-License-Identifier: GPL-3.0-or-later
//
// The trials of a sweep as a list model, whether they are measured yet or not: a row is a small
// struct, and an item for it is made when it is first asked for, so that a hundred thousand rows
// are there at once. Main thread.
#pragma once

#include "bench/sweep.h"
#include "report/results.h"

#include <gio/gio.h>

typedef enum { RK_ROW_WAITING, RK_ROW_RUNNING, RK_ROW_MEASURED } RkTrialRowState;

typedef struct {
    uint64_t point;     // of the grid
    const char **cells; // [n_axes] values of the axes
    RkTrialRowState state;
    RkTrialStatus status; // of MEASURED
    gboolean saturated, pinned, hidden, recommended;
    guint order; // when it ended, from 1; 0 before
    guint n_repeats;
    double p50_ms, p99_ms, qps, accuracy; // NaN until measured
    char *why;                            // it isn't valid, or failed; or NULL
} RkTrialRow;

#define RK_TYPE_TRIAL_ITEM (rk_trial_item_get_type())
G_DECLARE_FINAL_TYPE(RkTrialItem, rk_trial_item, RK, TRIAL_ITEM, GObject)

#define RK_TYPE_TRIAL_LIST (rk_trial_list_get_type())
G_DECLARE_FINAL_TYPE(RkTrialList, rk_trial_list, RK, TRIAL_LIST, GObject)

// The trials that a suite's search gives at first, none measured.
RkTrialList *rk_trial_list_new_for_suite(const RkSuite *suite);

// Those of results.
RkTrialList *rk_trial_list_new_for_results(const RkResults *results);

// Takes the figures of results of the same trials in the same order, marks stay. FALSE when they
// aren't the same number.
gboolean rk_trial_list_take(RkTrialList *list, const RkResults *results);

guint rk_trial_list_n(RkTrialList *list);
guint rk_trial_list_n_axes(RkTrialList *list);
const char *rk_trial_list_axis(RkTrialList *list, guint axis);
const char *rk_trial_list_metric(RkTrialList *list); // of `accuracy`; NULL while it isn't known
void rk_trial_list_set_metric(RkTrialList *list, const char *metric);

// A row by its index, to read; to change it, and then to tell by rk_trial_list_changed().
RkTrialRow *rk_trial_list_row(RkTrialList *list, guint i);
void rk_trial_list_changed(RkTrialList *list, guint i);

// The row of a point of the grid; G_MAXUINT when there is none.
guint rk_trial_list_find(RkTrialList *list, uint64_t point);

// "batch.max=16, precision=int8". Free it.
char *rk_trial_list_label(RkTrialList *list, guint i);

guint rk_trial_item_index(RkTrialItem *item);
RkTrialRow *rk_trial_item_row(RkTrialItem *item);
RkTrialList *rk_trial_item_list(RkTrialItem *item);
