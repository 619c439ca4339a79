// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/train_chart.h"

#include <glib/gi18n.h>
#include <string.h>

#include "job/train_job.h"
#include "report/charts.h"

struct RkTrainChart {
    RkChartView *view;
    GHashTable *curves; // name -> GPtrArray of RkRunCurve, of stored runs
    GArray *lines;      // of Line: what is live
};

// A line of the job and where it is drawn.
typedef struct {
    const char *figure; // interned, the job's
    RkSeries *series;
    uint32_t n; // points that it has
} Line;

RkTrainChart *
rk_train_chart_new(RkChartView *view)
{
    RkTrainChart *chart = g_new0(RkTrainChart, 1);
    chart->view = view;
    chart->curves =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    chart->lines = g_array_new(FALSE, FALSE, sizeof(Line));
    return chart;
}

void
rk_train_chart_free(RkTrainChart *chart)
{
    if (chart == NULL)
        return;
    g_hash_table_unref(chart->curves);
    g_array_unref(chart->lines);
    g_free(chart);
}

// ---- stored runs ---------------------------------------------------------------------------

void
rk_train_chart_keep(RkTrainChart *chart, const char *run, GPtrArray *curves)
{
    g_hash_table_replace(chart->curves, g_strdup(run), curves);
}

gboolean
rk_train_chart_has(const RkTrainChart *chart, const char *run)
{
    return g_hash_table_contains(chart->curves, run);
}

void
rk_train_chart_forget(RkTrainChart *chart, const char *run)
{
    g_hash_table_remove(chart->curves, run);
}

// ---- drawing -------------------------------------------------------------------------------

static void
points_of(const RkJobSeries *series, GArray *steps, GArray *values)
{
    for (uint32_t i = 0; i < series->n; i++) {
        const RkJobPoint p = rk_job_series_point(series, i);
        g_array_append_val(steps, p.x);
        g_array_append_val(values, p.y);
    }
}

// Curves for the chart and the arrays that they point into.
typedef struct {
    GArray *curves;   // of RkTrainingCurve
    GPtrArray *owned; // of GArray
} Curves;

static void
add_live(Curves *to, const char *run, const RkJobSnapshot *job)
{
    for (guint i = 0; i < job->series->len; i++) {
        const RkJobSeries *series = &g_array_index(job->series, RkJobSeries, i);
        GArray *steps = g_array_new(FALSE, FALSE, sizeof(double));
        GArray *values = g_array_new(FALSE, FALSE, sizeof(double));
        points_of(series, steps, values);
        g_ptr_array_add(to->owned, steps);
        g_ptr_array_add(to->owned, values);
        const RkTrainingCurve curve = {run, series->name, steps->len,
                                       (const double *)(const void *)steps->data,
                                       (const double *)(const void *)values->data};
        g_array_append_val(to->curves, curve);
    }
}

static void
add_stored(Curves *to, const RkTrainChart *chart, const char *name)
{
    const GPtrArray *stored = g_hash_table_lookup(chart->curves, name);
    for (guint i = 0; stored != NULL && i < stored->len; i++) {
        const RkRunCurve *c = g_ptr_array_index(stored, i);
        const RkTrainingCurve curve = {name, c->figure, c->step->len,
                                       (const double *)(const void *)c->step->data,
                                       (const double *)(const void *)c->value->data};
        g_array_append_val(to->curves, curve);
    }
}

static RkSeries *
find_series(const RkChart *chart, const char *name)
{
    for (guint p = 0; p < chart->panels->len; p++) {
        GPtrArray *all = rk_chart_panel(chart, p)->series;
        for (guint i = 0; i < all->len; i++)
            if (strcmp(((RkSeries *)g_ptr_array_index(all, i))->name, name) == 0)
                return g_ptr_array_index(all, i);
    }
    return NULL;
}

static void
note_lines(RkTrainChart *chart, const RkChart *drawn, const char *run, const RkJobSnapshot *job,
           gboolean several)
{
    for (guint i = 0; i < job->series->len; i++) {
        const RkJobSeries *series = &g_array_index(job->series, RkJobSeries, i);
        g_autofree char *name =
            several ? g_strdup_printf("%s %s", run, series->name) : g_strdup(series->name);
        const Line line = {series->name, find_series(drawn, name), series->n};
        if (line.series != NULL)
            g_array_append_val(chart->lines, line);
    }
}

void
rk_train_chart_make(RkTrainChart *chart, const char *run, const RkJobSnapshot *job,
                    const char *const *compared)
{
    Curves curves = {g_array_new(FALSE, FALSE, sizeof(RkTrainingCurve)),
                     g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref)};
    if (job != NULL && job->series->len > 0)
        add_live(&curves, run, job);
    else
        add_stored(&curves, chart, run);
    const guint own = curves.curves->len;
    for (const char *const *other = compared; other != NULL && *other != NULL; other++)
        if (strcmp(*other, run) != 0)
            add_stored(&curves, chart, *other);
    RkChart *drawn = rk_chart_training((const RkTrainingCurve *)(const void *)curves.curves->data,
                                       curves.curves->len, _("Steps"));
    g_array_set_size(chart->lines, 0);
    if (job != NULL && job->state == RK_JOB_RUNNING)
        note_lines(chart, drawn, run, job, curves.curves->len > own);
    g_free(drawn->empty);
    drawn->empty = g_strdup(_("The first steps will be shown here"));
    rk_chart_view_set_chart(chart->view, drawn);
    g_array_unref(curves.curves);
    g_ptr_array_unref(curves.owned);
}

gboolean
rk_train_chart_append(RkTrainChart *chart, const RkJobSnapshot *job)
{
    if (chart->lines->len != job->series->len)
        return FALSE;
    for (guint i = 0; i < job->series->len; i++) {
        const RkJobSeries *series = &g_array_index(job->series, RkJobSeries, i);
        Line *line = &g_array_index(chart->lines, Line, i);
        if (strcmp(line->figure, series->name) != 0)
            return FALSE;
        for (; line->n < series->n; line->n++) {
            const RkJobPoint p = rk_job_series_point(series, line->n);
            rk_series_add(line->series, p.x, p.y);
        }
    }
    rk_chart_view_changed(chart->view, TRUE);
    return TRUE;
}
