// SPDX-License-Identifier: GPL-3.0-or-later
//
// Jobs over stored results of suites: reading them, comparing trials, making reports.
#pragma once

#include "bench/compare.h"
#include "job/workspace.h"

// Results of one stored run, shared between pages and jobs; read only. Any thread.
typedef struct {
    int64_t id;
    char *name; // "quick, 30 Nov 2026, 14:05"
    RkResults *results;
    gint refs;
} RkLoadedRun;

RkLoadedRun *rk_loaded_run_ref(RkLoadedRun *run);
void rk_loaded_run_unref(RkLoadedRun *run);

// Reads runs. Result: GPtrArray of RkLoadedRun in the order of `ids`, which are copied with their
// `names`.
RkJobSpec rk_results_job(RkWorkspace *workspace, const int64_t *ids, const char *const *names,
                         guint n);

// One trial of a loaded run.
typedef struct {
    RkLoadedRun *run;
    guint trial; // index
} RkRunTrial;

// Trials beside each other.
typedef struct {
    RkResults *merged;    // borrows from `runs`
    RkFigureTable *table; // against the base
    GPtrArray *charts;    // of RkChart
    GPtrArray *runs;      // of RkLoadedRun, which it holds
    guint base;           // index of a trial of `merged`
} RkSideBySide;

void rk_side_by_side_free(RkSideBySide *side);

// Compares trials [n] with one of them. Result: RkSideBySide.
RkJobSpec rk_compare_job(RkWorkspace *workspace, const RkRunTrial *trials, guint n, guint base);

// A report on runs: its first pages as pictures. Result: GPtrArray of cairo_surface_t.
RkJobSpec rk_preview_job(RkWorkspace *workspace, const GPtrArray *runs, guint most, double scale);

// Writes a report; the path's ending names the form (report/write.h). CSV, JSON, Markdown and the
// like take one run: of several each gets a file of its own, "PATH-2.csv".
RkJobSpec rk_report_job(RkWorkspace *workspace, const GPtrArray *runs, const char *path);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkLoadedRun, rk_loaded_run_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkSideBySide, rk_side_by_side_free)
