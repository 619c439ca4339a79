// SPDX-License-Identifier: GPL-3.0-or-later
#include "job/results_jobs.h"

#include "report/report.h"
#include "report/result_charts.h"
#include "report/write.h"
#include "store/trial.h"

#include <cairo.h>
#include <string.h>

typedef struct {
    RkWorkspace *workspace;
    GArray *ids; // of int64_t
    GStrv names;
    GPtrArray *runs; // of RkLoadedRun
    GArray *trials;  // of RkRunTrial, which borrow from `runs`
    guint base, most;
    double scale;
    char *path;
} Work;

static Work *
work_new(RkWorkspace *workspace)
{
    Work *work = g_new0(Work, 1);
    work->workspace = rk_workspace_ref(workspace);
    work->runs = g_ptr_array_new_with_free_func((GDestroyNotify)rk_loaded_run_unref);
    return work;
}

static void
work_free(gpointer data)
{
    Work *work = data;
    rk_workspace_unref(work->workspace);
    g_clear_pointer(&work->ids, g_array_unref);
    g_clear_pointer(&work->trials, g_array_unref);
    g_ptr_array_unref(work->runs);
    g_strfreev(work->names);
    g_free(work->path);
    g_free(work);
}

static RkJobSpec
spec_of(Work *work, RkJobFunc run, const char *title)
{
    return (RkJobSpec){
        .title = title, .run = run, .data = work, .free_data = work_free, .quiet = TRUE};
}

static void
add_runs(Work *work, const GPtrArray *runs)
{
    for (guint i = 0; i < runs->len; i++)
        g_ptr_array_add(work->runs, rk_loaded_run_ref(g_ptr_array_index(runs, i)));
}

// ---- loaded runs ---------------------------------------------------------------------------

RkLoadedRun *
rk_loaded_run_ref(RkLoadedRun *run)
{
    g_atomic_int_inc(&run->refs);
    return run;
}

void
rk_loaded_run_unref(RkLoadedRun *run)
{
    if (run == NULL || !g_atomic_int_dec_and_test(&run->refs))
        return;
    rk_results_free(run->results);
    g_free(run->name);
    g_free(run);
}

// Of a run that was killed before it ended there are trials, but nothing was judged.
static RkResults *
read_run(RkStore *store, int64_t id, const char *name, GError **error)
{
    g_autofree char *json = rk_trials_run_results(store, id, error);
    return json != NULL ? rk_results_from_json(json, name, error) : NULL;
}

static gboolean
load(RkJob *job, gpointer data, GError **error)
{
    const Work *work = data;
    RkStore *store = rk_workspace_store(work->workspace, error);
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)rk_loaded_run_unref);
    rk_job_phase(job, "Reading results", "runs", 0, 1);
    for (guint i = 0; store != NULL && i < work->ids->len; i++) {
        const int64_t id = g_array_index(work->ids, int64_t, i);
        RkResults *results =
            rk_job_check(job, error) ? read_run(store, id, work->names[i], error) : NULL;
        if (results == NULL)
            return FALSE;
        RkLoadedRun *run = g_new(RkLoadedRun, 1);
        *run = (RkLoadedRun){id, g_strdup(work->names[i]), results, 1};
        g_ptr_array_add(all, run);
        rk_job_progress(job, i + 1, work->ids->len);
    }
    if (store == NULL)
        return FALSE;
    rk_job_set_result(job, g_steal_pointer(&all), (GDestroyNotify)g_ptr_array_unref);
    return TRUE;
}

RkJobSpec
rk_results_job(RkWorkspace *workspace, const int64_t *ids, const char *const *names, guint n)
{
    Work *work = work_new(workspace);
    work->ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
    g_array_append_vals(work->ids, ids, n);
    work->names = g_new0(char *, n + 1);
    for (guint i = 0; i < n; i++)
        work->names[i] = g_strdup(names[i]);
    return spec_of(work, load, "Reading results");
}

// ---- side by side --------------------------------------------------------------------------

void
rk_side_by_side_free(RkSideBySide *side)
{
    if (side == NULL)
        return;
    rk_results_free(side->merged);
    rk_table_free(side->table);
    g_ptr_array_unref(side->charts);
    g_ptr_array_unref(side->runs);
    g_free(side);
}

static gboolean
compare(RkJob *job, gpointer data, GError **error)
{
    Work *work = data;
    g_autofree RkPick *picks = g_new0(RkPick, work->trials->len);
    for (guint i = 0; i < work->trials->len; i++) {
        const RkRunTrial *t = &g_array_index(work->trials, RkRunTrial, i);
        picks[i] = (RkPick){t->run->results, g_ptr_array_index(t->run->results->trials, t->trial),
                            t->run->name};
    }
    RkSideBySide *side = g_new0(RkSideBySide, 1);
    side->merged = rk_compare_merge(picks, work->trials->len);
    side->table = rk_compare_table(side->merged, work->base);
    side->charts = rk_results_charts(side->merged);
    side->base = work->base;
    side->runs = g_ptr_array_ref(work->runs);
    rk_job_set_result(job, side, (GDestroyNotify)rk_side_by_side_free);
    return rk_job_check(job, error);
}

RkJobSpec
rk_compare_job(RkWorkspace *workspace, const RkRunTrial *trials, guint n, guint base)
{
    Work *work = work_new(workspace);
    work->trials = g_array_new(FALSE, FALSE, sizeof(RkRunTrial));
    g_array_append_vals(work->trials, trials, n);
    work->base = base;
    for (guint i = 0; i < n; i++)
        if (!g_ptr_array_find(work->runs, trials[i].run, NULL))
            g_ptr_array_add(work->runs, rk_loaded_run_ref(trials[i].run));
    return spec_of(work, compare, "Comparing");
}

// ---- reports -------------------------------------------------------------------------------

static const RkResults **
results_of(const GPtrArray *runs)
{
    const RkResults **results = g_new(const RkResults *, runs->len);
    for (guint i = 0; i < runs->len; i++)
        results[i] = ((const RkLoadedRun *)g_ptr_array_index(runs, i))->results;
    return results;
}

static gboolean
preview(RkJob *job, gpointer data, GError **error)
{
    const Work *work = data;
    g_autofree const RkResults **results = results_of(work->runs);
    rk_job_phase(job, "Drawing the report", NULL, 0, 1);
    g_autoptr(RkDocument) document = rk_report_new(results, work->runs->len);
    if (!rk_job_check(job, error))
        return FALSE;
    rk_job_set_result(job, rk_document_pages(document, work->most, work->scale),
                      (GDestroyNotify)g_ptr_array_unref);
    return TRUE;
}

RkJobSpec
rk_preview_job(RkWorkspace *workspace, const GPtrArray *runs, guint most, double scale)
{
    Work *work = work_new(workspace);
    add_runs(work, runs);
    work->most = most;
    work->scale = scale;
    return spec_of(work, preview, "Drawing the report");
}

static gboolean
takes_several(const char *path)
{
    return g_str_has_suffix(path, ".html") || g_str_has_suffix(path, ".pdf");
}

// "a/b.csv" and 2: "a/b-2.csv".
static char *
numbered(const char *path, guint n)
{
    const char *dot = strrchr(path, '.');
    if (n == 1 || dot == NULL)
        return g_strdup(path);
    return g_strdup_printf("%.*s-%u%s", (int)(dot - path), path, n, dot);
}

static gboolean
write_report(RkJob *job, gpointer data, GError **error)
{
    const Work *work = data;
    g_autofree const RkResults **results = results_of(work->runs);
    rk_job_phase(job, "Writing", NULL, 0, 1);
    if (takes_several(work->path))
        return rk_report_write(results, work->runs->len, work->path, error);
    for (guint i = 0; i < work->runs->len; i++) {
        g_autofree char *path = numbered(work->path, i + 1);
        if (!rk_job_check(job, error) || !rk_report_write(&results[i], 1, path, error))
            return FALSE;
        rk_job_progress(job, i + 1, work->runs->len);
    }
    return TRUE;
}

RkJobSpec
rk_report_job(RkWorkspace *workspace, const GPtrArray *runs, const char *path)
{
    Work *work = work_new(workspace);
    add_runs(work, runs);
    work->path = g_strdup(path);
    RkJobSpec spec = spec_of(work, write_report, "Writing the report");
    spec.quiet = FALSE;
    return spec;
}
