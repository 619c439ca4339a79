// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/tune_run-private.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "report/report.h"
#include "report/result_charts.h"
#include "report/write.h"
#include "ui/ask_file.h"

#define LOOK_MS 66u // 15 times a second

G_DEFINE_FINAL_TYPE(RkTuneRun, rk_tune_run, ADW_TYPE_BIN)

// Nobody sees it: what is new waits.
static gboolean
on_look(gpointer data)
{
    RkTuneRun *run = data;
    if (gtk_widget_get_mapped(GTK_WIDGET(run)))
        rk_tune_run_take_news(run);
    return G_SOURCE_CONTINUE;
}

// ---- what was found ------------------------------------------------------------------------

static void
set_list(RkTuneRun *run, RkTrialList *list, double limit_ms)
{
    g_set_object(&run->list, list);
    rk_trial_table_set(run->table, list);
    rk_tune_charts_set(run->charts, list, limit_ms);
    gtk_stack_set_visible_child_name(run->stack, "run");
}

// What was kept of a measurement: ten windows of it.
static void
keep_windows(RkTuneRun *run, guint row, const RkTrialResult *trial)
{
    g_autoptr(GArray) samples = g_array_new(FALSE, FALSE, sizeof(RkLiveSample));
    for (guint i = 0; i < trial->windows->len; i++) {
        const RkTimeWindow *w = &g_array_index(trial->windows, RkTimeWindow, i);
        const RkLiveSample one = {w->t_s, w->n, w->qps, w->p50_ms, w->p99_ms};
        g_array_append_val(samples, one);
    }
    if (samples->len > 0)
        rk_tune_charts_keep(run->charts, row, (const RkLiveSample *)(void *)samples->data,
                            samples->len);
}

// Its first line says it all, the others why.
static void
show_answer(RkTuneRun *run)
{
    const RkResults *results = run->loaded->results;
    g_autofree char *answer = rk_report_answer(results);
    char *rest = strchr(answer, '\n');
    if (rest != NULL)
        *rest++ = '\0';
    g_autofree char *text =
        results->complete
            ? g_strdup(rest)
            : g_strconcat(_("Not every trial was measured: the sweep can be resumed."),
                          rest != NULL ? "\n" : NULL, rest, NULL);
    gtk_label_set_text(run->answer_title, answer);
    gtk_label_set_text(run->answer, text != NULL ? text : "");
    gtk_widget_set_visible(run->answer_box, TRUE);
}

static guint
row_of_recommended(RkTuneRun *run)
{
    for (guint i = 0; i < rk_trial_list_n(run->list); i++)
        if (rk_trial_list_row(run->list, i)->recommended)
            return i;
    return G_MAXUINT;
}

static void
set_loaded(RkTuneRun *run, RkLoadedRun *loaded)
{
    rk_loaded_run_ref(loaded);
    g_clear_pointer(&run->loaded, rk_loaded_run_unref);
    run->loaded = loaded;
    show_answer(run);
}

void
rk_tune_run_show(RkTuneRun *run, RkLoadedRun *loaded)
{
    g_autoptr(RkTrialList) list = rk_trial_list_new_for_results(loaded->results);
    set_list(run, list, rk_results_limit_ms(loaded->results));
    for (guint i = 0; i < loaded->results->trials->len; i++)
        keep_windows(run, i, g_ptr_array_index(loaded->results->trials, i));
    gtk_widget_set_visible(run->progress, FALSE);
    gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(run->by_trial), TRUE);
    set_loaded(run, loaded);
    rk_tune_charts_show(run->charts, row_of_recommended(run));
}

// ---- the job -------------------------------------------------------------------------------

static void
unwatch(RkTuneRun *run)
{
    if (run->watch != 0 && rk_app_session_jobs(run->session) != NULL)
        rk_jobs_unwatch(rk_app_session_jobs(run->session), run->watch);
    run->watch = 0;
    g_clear_handle_id(&run->look, g_source_remove);
    g_clear_pointer(&run->live, rk_suite_live_unref);
    run->job = NULL;
}

// The list stays, with its marks and what the trials looked like over time.
static void
show_results(RkTuneRun *run, RkResults *results)
{
    RkLoadedRun *loaded = g_new(RkLoadedRun, 1);
    *loaded = (RkLoadedRun){0, g_strdup(run->name), results, 1};
    if (rk_trial_list_take(run->list, results)) {
        set_loaded(run, loaded);
        rk_trial_table_retitle(run->table);
        gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(run->by_trial), TRUE);
        rk_tune_charts_marked(run->charts);
    } else { // of a guided search
        rk_tune_run_show(run, loaded);
    }
    rk_loaded_run_unref(loaded);
}

static void
ended(RkTuneRun *run, const RkJobSnapshot *last)
{
    RkResults *results = rk_job_take_result(run->job);
    rk_tune_run_take_news(run);
    unwatch(run);
    gtk_widget_set_visible(run->stop, FALSE);
    gtk_widget_set_visible(run->cancel, FALSE);
    gtk_widget_set_visible(run->progress, FALSE);
    rk_tune_charts_settle(run->charts);
    if (results != NULL)
        show_results(run, results);
    if (last->state != RK_JOB_FAILED && results != NULL)
        return;
    gtk_label_set_text(run->doing, last->state == RK_JOB_FAILED ? _("The sweep failed")
                                                                : _("The sweep was cancelled"));
    gtk_label_set_text(run->left, last->error != NULL ? last->error->message
                                                      : _("Nothing was measured before it ended."));
    gtk_widget_set_visible(GTK_WIDGET(run->bar), FALSE);
    gtk_widget_set_visible(run->progress, TRUE);
}

static void
told(RkJobs *jobs, RkJob *job, const RkJobSnapshot *snapshot, gpointer data)
{
    RkTuneRun *run = data;
    if (job == run->job && snapshot != NULL && snapshot->state != RK_JOB_RUNNING)
        ended(run, snapshot);
}

static double
limit_of(const RkSuite *suite)
{
    for (guint i = 0; i < suite->gates->len; i++)
        if (strcmp(g_array_index(suite->gates, RkSuiteGate, i).name, "p99_ms") == 0)
            return g_array_index(suite->gates, RkSuiteGate, i).limit;
    return NAN;
}

void
rk_tune_run_watch(RkTuneRun *run, const RkSuite *suite, RkSuiteLive *live, RkJob *job)
{
    g_autoptr(RkTrialList) list = rk_trial_list_new_for_suite(suite);
    unwatch(run);
    g_clear_pointer(&run->loaded, rk_loaded_run_unref);
    g_free(run->name);
    run->name = g_strdup(suite->name);
    run->repeats = suite->repeats;
    run->live = rk_suite_live_ref(live);
    run->job = job;
    run->running = G_MAXUINT;
    run->n_ended = 0;
    run->trial_s = 0;
    run->watch = rk_jobs_watch(rk_app_session_jobs(run->session), told, run);
    run->look = g_timeout_add(LOOK_MS, on_look, run);
    set_list(run, list, limit_of(suite));
    gtk_widget_set_visible(run->answer_box, FALSE);
    gtk_widget_set_visible(run->progress, TRUE);
    gtk_widget_set_visible(GTK_WIDGET(run->bar), TRUE);
    gtk_widget_set_visible(run->stop, TRUE);
    gtk_widget_set_visible(run->cancel, TRUE);
    gtk_widget_set_sensitive(run->stop, TRUE);
    gtk_widget_set_sensitive(run->cancel, TRUE);
    gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(run->over_time), TRUE);
    rk_tune_run_take_news(run);
}

gboolean
rk_tune_run_is_running(RkTuneRun *run)
{
    return run->job != NULL;
}

static void
on_stop(RkTuneRun *run)
{
    if (run->live != NULL)
        rk_suite_live_stop(run->live);
    gtk_widget_set_sensitive(run->stop, FALSE);
}

static void
on_cancel(RkTuneRun *run)
{
    if (run->job != NULL)
        rk_job_cancel(run->job);
    gtk_widget_set_sensitive(run->cancel, FALSE);
    gtk_widget_set_sensitive(run->stop, FALSE);
}

// ---- marks and modes -----------------------------------------------------------------------

static void
on_mode(RkTuneRun *run)
{
    if (run->charts != NULL)
        rk_tune_charts_set_by_trial(
            run->charts, !gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(run->over_time)));
}

static void
on_selected(RkTuneRun *run)
{
    const guint row = rk_trial_table_selected(run->table);
    if (run->job == NULL && row != G_MAXUINT)
        rk_tune_charts_show(run->charts, row);
}

static void
on_marked(RkTuneRun *run)
{
    rk_tune_charts_marked(run->charts);
}

// ---- export --------------------------------------------------------------------------------

static void
exported(RkJob *job, const RkJobSnapshot *last, gpointer data)
{
    g_autofree char *text = last->state == RK_JOB_DONE
                                ? g_strdup(_("The report is written"))
                                : g_strdup(last->error != NULL ? last->error->message : "");
    if (*text != '\0')
        rk_app_session_toast(data, text);
}

static void
export_to(RkTuneRun *run, const char *path)
{
    g_autoptr(GError) error = NULL;
    if (!rk_report_check_path(path, &error)) {
        rk_app_session_toast(run->session, error->message);
        return;
    }
    g_autoptr(GPtrArray) runs = g_ptr_array_new();
    g_ptr_array_add(runs, run->loaded);
    RkJobSpec spec = rk_report_job(rk_app_session_workspace(run->session), runs, path);
    spec.ended = exported;
    spec.ended_data = run->session;
    rk_app_session_start(run->session, spec, _("Writing the report"));
}

static void
on_chosen(gpointer owner, const char *const *paths, gpointer unused)
{
    RkTuneRun *run = owner;
    if (run->loaded != NULL)
        export_to(run, paths[0]);
}

static void
on_export(RkTuneRun *run)
{
    if (run->loaded == NULL)
        return;
    g_autofree char *name = g_strconcat(run->loaded->results->suite, ".html", NULL);
    const RkAskFile ask = {.title = _("Export the Report"),
                           .accept = _("_Export"),
                           .action = GTK_FILE_CHOOSER_ACTION_SAVE,
                           .name = g_strdelimit(name, "/", '-'),
                           .ending = ".html"};
    rk_ask_file(GTK_WIDGET(run), &ask, G_OBJECT(run), on_chosen, NULL, NULL);
}

// ---- the class -----------------------------------------------------------------------------

static void
run_dispose(GObject *object)
{
    RkTuneRun *run = RK_TUNE_RUN(object);
    if (run->session != NULL)
        unwatch(run);
    g_clear_object(&run->session);
    g_clear_object(&run->list);
    g_clear_pointer(&run->loaded, rk_loaded_run_unref);
    g_clear_pointer(&run->name, g_free);
    G_OBJECT_CLASS(rk_tune_run_parent_class)->dispose(object);
}

static void
rk_tune_run_class_init(RkTuneRunClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = run_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/org/rankine/Rankine/tune_run.ui");
    gtk_widget_class_bind_template_child(widget, RkTuneRun, stack);
    gtk_widget_class_bind_template_child(widget, RkTuneRun, progress);
    gtk_widget_class_bind_template_child(widget, RkTuneRun, doing);
    gtk_widget_class_bind_template_child(widget, RkTuneRun, bar);
    gtk_widget_class_bind_template_child(widget, RkTuneRun, left);
    gtk_widget_class_bind_template_child(widget, RkTuneRun, stop);
    gtk_widget_class_bind_template_child(widget, RkTuneRun, cancel);
    gtk_widget_class_bind_template_child(widget, RkTuneRun, answer_box);
    gtk_widget_class_bind_template_child(widget, RkTuneRun, answer_title);
    gtk_widget_class_bind_template_child(widget, RkTuneRun, answer);
    gtk_widget_class_bind_template_child(widget, RkTuneRun, export_button);
    gtk_widget_class_bind_template_child(widget, RkTuneRun, over_time);
    gtk_widget_class_bind_template_child(widget, RkTuneRun, by_trial);
    gtk_widget_class_bind_template_child(widget, RkTuneRun, charts_bin);
    gtk_widget_class_bind_template_child(widget, RkTuneRun, table_bin);
    gtk_widget_class_bind_template_callback(widget, on_stop);
    gtk_widget_class_bind_template_callback(widget, on_cancel);
    gtk_widget_class_bind_template_callback(widget, on_export);
    gtk_widget_class_bind_template_callback(widget, on_mode);
}

static void
rk_tune_run_init(RkTuneRun *run)
{
    run->running = G_MAXUINT;
    gtk_widget_init_template(GTK_WIDGET(run));
    run->charts = RK_TUNE_CHARTS(rk_tune_charts_new());
    run->table = RK_TRIAL_TABLE(rk_trial_table_new());
    adw_bin_set_child(run->charts_bin, GTK_WIDGET(run->charts));
    adw_bin_set_child(run->table_bin, GTK_WIDGET(run->table));
    g_signal_connect_swapped(run->table, "selected", G_CALLBACK(on_selected), run);
    g_signal_connect_swapped(run->table, "marked", G_CALLBACK(on_marked), run);
}

GtkWidget *
rk_tune_run_new(RkAppSession *session)
{
    RkTuneRun *run = g_object_new(RK_TYPE_TUNE_RUN, NULL);
    run->session = g_object_ref(session);
    return GTK_WIDGET(run);
}

GtkWidget *
rk_tune_run_search(RkTuneRun *run)
{
    return rk_trial_table_search(run->table);
}
