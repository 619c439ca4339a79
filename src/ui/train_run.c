// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/train_run.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "job/train_job.h"
#include "store/model.h"
#include "store/run.h"
#include "ui/asked.h"
#include "ui/chart_view.h"
#include "ui/train_chart.h"
#include "ui/widgets.h"

struct _RkTrainRun {
    AdwBin parent;
    RkAppSession *session;
    guint watch;
    char *name;
    char **compared;
    GHashTable *last;  // name -> RkJobSnapshot, of every training since the start
    GHashTable *asked; // names whose curves are being read
    GtkLabel *status;
    GtkProgressBar *bar;
    GtkWidget *pause, *stop, *resume, *again;
    RkChartView *chart;
    RkTrainChart *drawn; // on it
    AdwPreferencesGroup *facts;
};

G_DEFINE_FINAL_TYPE(RkTrainRun, rk_train_run, ADW_TYPE_BIN)

static guint again_signal;

RkJob *
rk_train_run_job(RkAppSession *session, const char *name)
{
    RkJobs *jobs = rk_app_session_jobs(session);
    for (guint i = rk_jobs_n(jobs); i-- > 0;) {
        RkJob *job = rk_jobs_at(jobs, i);
        g_autoptr(RkJobSnapshot) now = rk_job_snapshot(job);
        if (g_strcmp0(rk_train_job_run(job), name) == 0 && now->state == RK_JOB_RUNNING)
            return job;
    }
    return NULL;
}

static const RkStoredRun *
stored_run(RkTrainRun *run, const char *name)
{
    const RkContents *contents = rk_app_session_contents(run->session);
    for (guint i = 0; contents != NULL && i < contents->runs->len; i++) {
        const RkStoredRun *each = g_ptr_array_index(contents->runs, i);
        if (strcmp(each->name, name) == 0)
            return each;
    }
    return NULL;
}

static void
make_chart(RkTrainRun *run)
{
    rk_train_chart_make(run->drawn, run->name, g_hash_table_lookup(run->last, run->name),
                        (const char *const *)run->compared);
}

// ---- stored curves -------------------------------------------------------------------------

static void
curves_read(RkJob *job, const RkJobSnapshot *last, gpointer data)
{
    RkAsked *asked = data;
    const char *name = asked->name;
    g_autoptr(RkTrainRun) run = g_weak_ref_get(&asked->by);
    GPtrArray *curves = rk_job_take_result(job);
    if (run == NULL || run->session == NULL || curves == NULL) {
        g_clear_pointer(&curves, g_ptr_array_unref);
        return;
    }
    g_hash_table_remove(run->asked, name);
    rk_train_chart_keep(run->drawn, name, curves);
    if (run->name != NULL && rk_train_run_job(run->session, run->name) == NULL)
        make_chart(run);
    else if (run->name != NULL && strcmp(run->name, name) != 0)
        make_chart(run);
}

static void
ask_curves(RkTrainRun *run, const char *name)
{
    const char *const names[] = {name, NULL};
    if (rk_train_chart_has(run->drawn, name) || !g_hash_table_add(run->asked, g_strdup(name)))
        return;
    RkJobSpec spec = rk_curves_job(rk_app_session_workspace(run->session), names);
    rk_asked(&spec, curves_read, run, run->session, name, 0);
    rk_app_session_start(run->session, spec, spec.title);
}

// ---- how it goes ---------------------------------------------------------------------------

// "Training · 12.4 k samples/s · 3 min 5 s left".
static char *
running_text(const RkJobSnapshot *job)
{
    GString *text = g_string_new(job->phase != NULL ? job->phase : _("Starting"));
    if (job->unit != NULL && isfinite(job->rate)) {
        g_autofree char *rate = rk_short_number(job->rate);
        g_string_append_printf(text, _(" · %s %s/s"), rate, job->unit);
    }
    if (isfinite(job->left_s)) {
        g_autofree char *left = rk_duration_text(job->left_s);
        g_string_append_printf(text, _(" · %s left"), left);
    }
    return g_string_free(text, FALSE);
}

static char *
state_text(const RkJobSnapshot *job, const RkStoredRun *stored)
{
    const char *kept =
        _("Paused. What was trained is kept as a checkpoint: resumed, it goes on to the very model "
          "that it would have become.");
    if (job != NULL && job->state == RK_JOB_RUNNING)
        return running_text(job);
    if (job != NULL && job->state == RK_JOB_DONE) {
        g_autofree char *took = rk_duration_text(job->seconds);
        return g_strdup_printf(_("Done in %s. The model is stored."), took);
    }
    if (job != NULL)
        return g_strdup(job->state == RK_JOB_FAILED ? job->error->message : kept);
    if (stored == NULL)
        return g_strdup("");
    if (stored->status == RK_RUN_INTERRUPTED)
        return g_strdup(kept);
    if (stored->status == RK_RUN_FAILED)
        return g_strdup(stored->why != NULL ? stored->why : _("It failed."));
    if (stored->status == RK_RUN_DONE)
        return g_strdup(_("Done. The model is stored."));
    return g_strdup(_("It has no end: another program trains it, or was killed. In the latter case "
                      "resume it."));
}

static void
show_state(RkTrainRun *run)
{
    const RkJobSnapshot *job = g_hash_table_lookup(run->last, run->name);
    const RkStoredRun *stored = stored_run(run, run->name);
    const gboolean running = job != NULL && job->state == RK_JOB_RUNNING;
    const gboolean done =
        job != NULL ? job->state == RK_JOB_DONE : stored != NULL && stored->status == RK_RUN_DONE;
    const gboolean failed = job != NULL ? job->state == RK_JOB_FAILED
                                        : stored != NULL && stored->status == RK_RUN_FAILED;
    g_autofree char *text = state_text(job, stored);
    gtk_label_set_text(run->status, text);
    if (failed)
        gtk_widget_add_css_class(GTK_WIDGET(run->status), "error");
    else
        gtk_widget_remove_css_class(GTK_WIDGET(run->status), "error");
    gtk_widget_set_visible(GTK_WIDGET(run->bar), running);
    gtk_widget_set_visible(run->pause, running);
    gtk_widget_set_visible(run->stop, running);
    gtk_widget_set_visible(run->resume, !running && !done && stored != NULL);
    gtk_widget_set_visible(run->again, !running && stored != NULL);
    if (running && job->fraction >= 0)
        gtk_progress_bar_set_fraction(run->bar, job->fraction);
    else if (running)
        gtk_progress_bar_pulse(run->bar);
}

static void
add_metrics(RkTrainRun *run, const RkStoredModel *model)
{
    g_autoptr(JsonNode) root = rk_json_parse(model->facts, "the facts", NULL);
    JsonObject *metrics = NULL;
    JsonObjectIter iter;
    const char *name;
    JsonNode *node;
    if (root == NULL || !rk_json_object(json_node_get_object(root), "metrics", &metrics, NULL))
        return;
    json_object_iter_init(&iter, metrics);
    while (json_object_iter_next(&iter, &name, &node)) {
        if (!JSON_NODE_HOLDS_VALUE(node))
            continue;
        g_autofree char *value = rk_quantity(json_node_get_double(node), RK_UNIT_METRIC);
        // Translators: a metric such as auc, of the part of the data kept for testing.
        g_autofree char *title = g_strdup_printf(_("Test %s"), name);
        rk_group_add(run->facts, rk_fact_row(title, value));
    }
}

static void
show_facts(RkTrainRun *run)
{
    const RkStoredRun *stored = stored_run(run, run->name);
    const RkContents *contents = rk_app_session_contents(run->session);
    rk_group_clear(run->facts);
    gtk_widget_set_visible(GTK_WIDGET(run->facts), stored != NULL);
    if (stored == NULL)
        return;
    g_autofree char *seed = g_strdup_printf("%" G_GUINT64_FORMAT, stored->seed);
    for (guint i = 0; contents != NULL && i < contents->models->len; i++) {
        const RkStoredModel *model = g_ptr_array_index(contents->models, i);
        if (strcmp(model->name, run->name) == 0)
            add_metrics(run, model);
    }
    rk_group_add(run->facts, rk_fact_row(_("Kind"), stored->kind));
    rk_group_add(run->facts, rk_fact_row(_("Dataset"), stored->dataset));
    rk_group_add(run->facts, rk_fact_row(_("Seed"), seed));
    rk_group_add(run->facts, rk_fact_row(_("Device"), stored->device));
}

static void
told(RkJobs *jobs, RkJob *job, const RkJobSnapshot *snapshot, gpointer data)
{
    RkTrainRun *run = data;
    const char *name = rk_train_job_run(job);
    if (name == NULL || snapshot == NULL)
        return;
    g_hash_table_replace(run->last, g_strdup(name), rk_job_snapshot_ref((RkJobSnapshot *)snapshot));
    rk_train_chart_forget(run->drawn, name); // older than what is known now
    if (g_strcmp0(run->name, name) != 0)
        return;
    show_state(run);
    if (!rk_train_chart_append(run->drawn, snapshot) && snapshot->series->len > 0)
        make_chart(run);
    if (snapshot->state != RK_JOB_RUNNING)
        rk_chart_view_changed(run->chart, FALSE);
}

static void
on_contents(RkTrainRun *run)
{
    if (run->name == NULL)
        return;
    show_state(run);
    show_facts(run);
}

void
rk_train_run_show(RkTrainRun *run, const char *name)
{
    g_autofree char *kept = g_strdup(name);
    g_free(run->name);
    run->name = g_steal_pointer(&kept);
    if (!g_hash_table_contains(run->last, run->name))
        ask_curves(run, run->name);
    make_chart(run);
    on_contents(run);
}

const char *
rk_train_run_name(RkTrainRun *run)
{
    return run->name;
}

void
rk_train_run_compare(RkTrainRun *run, const char *const *names)
{
    g_strfreev(run->compared);
    run->compared = g_strdupv((char **)names);
    for (char **name = run->compared; *name != NULL; name++)
        ask_curves(run, *name);
    if (run->name != NULL)
        make_chart(run);
}

// ---- buttons -------------------------------------------------------------------------------

static void
on_pause(GtkButton *button, RkTrainRun *run)
{
    RkJob *job = rk_train_run_job(run->session, run->name);
    if (job != NULL)
        rk_job_cancel(job);
}

static void
on_stop(GtkButton *button, RkTrainRun *run)
{
    RkJob *job = rk_train_run_job(run->session, run->name);
    if (job != NULL)
        rk_train_job_stop(job);
}

static void
on_resume(GtkButton *button, RkTrainRun *run)
{
    g_autofree char *device = rk_app_session_device_word(run->session);
    const RkTrainOrder order = {.device = device, .name = run->name, .resume = TRUE};
    // Translators: %s is the name of a run.
    g_autofree char *title = g_strdup_printf(_("Training %s"), run->name);
    rk_app_session_start(run->session, rk_train_job(rk_app_session_workspace(run->session), &order),
                         title);
}

static void
on_again(GtkButton *button, RkTrainRun *run)
{
    g_signal_emit(run, again_signal, 0, run->name);
}

// ---- the class -----------------------------------------------------------------------------

static void
run_dispose(GObject *object)
{
    RkTrainRun *run = RK_TRAIN_RUN(object);
    if (run->session != NULL && rk_app_session_jobs(run->session) != NULL)
        rk_jobs_unwatch(rk_app_session_jobs(run->session), run->watch);
    g_clear_object(&run->session);
    G_OBJECT_CLASS(rk_train_run_parent_class)->dispose(object);
}

static void
run_finalize(GObject *object)
{
    RkTrainRun *run = RK_TRAIN_RUN(object);
    g_free(run->name);
    g_strfreev(run->compared);
    g_hash_table_unref(run->last);
    g_hash_table_unref(run->asked);
    rk_train_chart_free(run->drawn);
    G_OBJECT_CLASS(rk_train_run_parent_class)->finalize(object);
}

static void
rk_train_run_class_init(RkTrainRunClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = run_dispose;
    G_OBJECT_CLASS(class)->finalize = run_finalize;
    again_signal = g_signal_new("again", RK_TYPE_TRAIN_RUN, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 1, G_TYPE_STRING);
    g_type_ensure(RK_TYPE_CHART_VIEW);
    gtk_widget_class_set_template_from_resource(widget, "/org/rankine/Rankine/train-run.ui");
    gtk_widget_class_bind_template_child(widget, RkTrainRun, status);
    gtk_widget_class_bind_template_child(widget, RkTrainRun, bar);
    gtk_widget_class_bind_template_child(widget, RkTrainRun, pause);
    gtk_widget_class_bind_template_child(widget, RkTrainRun, stop);
    gtk_widget_class_bind_template_child(widget, RkTrainRun, resume);
    gtk_widget_class_bind_template_child(widget, RkTrainRun, again);
    gtk_widget_class_bind_template_child(widget, RkTrainRun, chart);
    gtk_widget_class_bind_template_child(widget, RkTrainRun, facts);
    gtk_widget_class_bind_template_callback(widget, on_pause);
    gtk_widget_class_bind_template_callback(widget, on_stop);
    gtk_widget_class_bind_template_callback(widget, on_resume);
    gtk_widget_class_bind_template_callback(widget, on_again);
}

static void
rk_train_run_init(RkTrainRun *run)
{
    run->last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                      (GDestroyNotify)rk_job_snapshot_unref);
    run->asked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gtk_widget_init_template(GTK_WIDGET(run));
    run->drawn = rk_train_chart_new(run->chart);
}

// Trainings that began before the page was made count, too.
static void
take_jobs(RkTrainRun *run)
{
    RkJobs *jobs = rk_app_session_jobs(run->session);
    for (guint i = 0; i < rk_jobs_n(jobs); i++) {
        RkJob *job = rk_jobs_at(jobs, i);
        const char *name = rk_train_job_run(job);
        if (name != NULL)
            g_hash_table_replace(run->last, g_strdup(name), rk_job_snapshot(job));
    }
}

GtkWidget *
rk_train_run_new(RkAppSession *session)
{
    RkTrainRun *run = g_object_new(RK_TYPE_TRAIN_RUN, NULL);
    run->session = g_object_ref(session);
    run->watch = rk_jobs_watch(rk_app_session_jobs(session), told, run);
    take_jobs(run);
    g_signal_connect_object(session, "changed::contents", G_CALLBACK(on_contents), run,
                            G_CONNECT_SWAPPED);
    return GTK_WIDGET(run);
}
