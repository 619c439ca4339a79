// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/jobs_view.h"

#include <glib/gi18n.h>
#include <math.h>

#include "ui/widgets.h"

typedef struct {
    GtkWidget *row;
    GtkWidget *title, *bar, *text, *cancel, *copy;
} Row;

struct _RkJobsView {
    AdwBin parent;
    RkAppSession *session;
    GtkListBox *list;
    GtkWidget *forget;
    GHashTable *rows; // RkJob -> Row
    guint watch;
};

G_DEFINE_FINAL_TYPE(RkJobsView, rk_jobs_view, ADW_TYPE_BIN)

static void
view_dispose(GObject *object)
{
    RkJobsView *view = RK_JOBS_VIEW(object);
    if (view->session != NULL && rk_app_session_jobs(view->session) != NULL)
        rk_jobs_unwatch(rk_app_session_jobs(view->session), view->watch);
    g_clear_object(&view->session);
    g_clear_pointer(&view->rows, g_hash_table_unref);
    G_OBJECT_CLASS(rk_jobs_view_parent_class)->dispose(object);
}

static void
rk_jobs_view_class_init(RkJobsViewClass *class)
{
    G_OBJECT_CLASS(class)->dispose = view_dispose;
}

static void
cancel(GtkButton *button, RkJob *job)
{
    rk_job_cancel(job);
    gtk_widget_set_sensitive(GTK_WIDGET(button), FALSE);
}

static void
copy(GtkButton *button, RkJob *job)
{
    g_autoptr(RkJobSnapshot) last = rk_job_snapshot(job);
    if (last->error != NULL)
        gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(button)), last->error->message);
}

static GtkWidget *
icon_button(const char *icon, const char *label)
{
    GtkWidget *button = gtk_button_new_from_icon_name(icon);
    gtk_widget_add_css_class(button, "flat");
    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    rk_set_tooltip(button, label);
    gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                   -1);
    return button;
}

static Row *
add_row(RkJobsView *view, RkJob *job)
{
    Row *row = g_new0(Row, 1);
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    GtkWidget *column = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
    row->title = gtk_label_new(NULL);
    row->bar = gtk_progress_bar_new();
    row->text = gtk_label_new(NULL);
    row->cancel = icon_button("process-stop-symbolic", _("Cancel"));
    row->copy = icon_button("edit-copy-symbolic", _("Copy details"));
    g_object_set(box, "margin-start", 12, "margin-end", 6, "margin-top", 9, "margin-bottom", 9,
                 NULL);
    g_object_set(row->title, "xalign", 0.0F, "wrap", TRUE, "wrap-mode", PANGO_WRAP_WORD_CHAR,
                 "width-chars", 24, "max-width-chars", 32, NULL);
    g_object_set(row->text, "xalign", 0.0F, "wrap", TRUE, "wrap-mode", PANGO_WRAP_WORD_CHAR,
                 "max-width-chars", 32, NULL);
    gtk_widget_add_css_class(row->text, "caption");
    gtk_widget_set_hexpand(column, TRUE);
    gtk_box_append(GTK_BOX(column), row->title);
    gtk_box_append(GTK_BOX(column), row->bar);
    gtk_box_append(GTK_BOX(column), row->text);
    gtk_box_append(GTK_BOX(box), column);
    gtk_box_append(GTK_BOX(box), row->cancel);
    gtk_box_append(GTK_BOX(box), row->copy);
    g_signal_connect(row->cancel, "clicked", G_CALLBACK(cancel), job);
    g_signal_connect(row->copy, "clicked", G_CALLBACK(copy), job);
    row->row = gtk_list_box_row_new();
    gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(row->row), box);
    gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row->row), FALSE);
    gtk_list_box_prepend(view->list, row->row);
    g_hash_table_insert(view->rows, job, row);
    return row;
}

// "Writing · 1.2 M rows/s · 12 s left".
static char *
state_text(const RkJobSnapshot *job, const char *keeps)
{
    g_autofree char *took = rk_duration_text(job->seconds);
    switch (job->state) {
    case RK_JOB_DONE:
        return g_strdup_printf(_("Done in %s"), took);
    case RK_JOB_CANCELLED:
        // Translators: after a full stop comes what is kept of the job.
        return keeps != NULL ? g_strdup_printf(_("Cancelled. %s"), _(keeps))
                             : g_strdup(_("Cancelled; nothing was left behind"));
    case RK_JOB_FAILED:
        return g_strdup(job->error->message);
    case RK_JOB_RUNNING:
        break;
    }
    GString *text = g_string_new(job->phase != NULL ? job->phase : _("Starting"));
    if (job->unit != NULL && isfinite(job->rate)) {
        g_autofree char *rate = rk_short_number(job->rate);
        // Translators: a rate, as in "1.2 M rows/s".
        g_string_append_printf(text, _(" · %s %s/s"), rate, job->unit);
    }
    if (isfinite(job->left_s)) {
        g_autofree char *left = rk_duration_text(job->left_s);
        g_string_append_printf(text, _(" · %s left"), left);
    }
    return g_string_free(text, FALSE);
}

static void
show(const Row *row, const RkJobSnapshot *job, const char *keeps)
{
    g_autofree char *text = state_text(job, keeps);
    const gboolean running = job->state == RK_JOB_RUNNING;
    gtk_label_set_text(GTK_LABEL(row->title), job->title);
    gtk_label_set_text(GTK_LABEL(row->text), text);
    gtk_widget_set_visible(row->bar, running);
    gtk_widget_set_visible(row->cancel, running);
    gtk_widget_set_visible(row->copy, job->state == RK_JOB_FAILED);
    if (job->state == RK_JOB_FAILED)
        gtk_widget_add_css_class(row->text, "job-error");
    if (job->fraction >= 0)
        gtk_progress_bar_set_fraction(GTK_PROGRESS_BAR(row->bar), job->fraction);
    else
        gtk_progress_bar_pulse(GTK_PROGRESS_BAR(row->bar));
    gtk_accessible_update_property(GTK_ACCESSIBLE(row->bar), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   job->title, GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, text, -1);
}

static void
told(RkJobs *jobs, RkJob *job, const RkJobSnapshot *snapshot, gpointer data)
{
    RkJobsView *view = data;
    if (rk_job_is_quiet(job))
        return;
    Row *row = g_hash_table_lookup(view->rows, job);
    if (snapshot == NULL) {
        if (row != NULL)
            gtk_list_box_remove(view->list, row->row);
        g_hash_table_remove(view->rows, job);
    } else {
        show(row != NULL ? row : add_row(view, job), snapshot, rk_job_keeps(job));
    }
    gtk_widget_set_sensitive(view->forget, g_hash_table_size(view->rows) > rk_jobs_n_running(jobs));
}

static void
forget(GtkButton *button, RkJobsView *view)
{
    rk_jobs_forget_ended(rk_app_session_jobs(view->session));
}

static void
rk_jobs_view_init(RkJobsView *view)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
    GtkWidget *scrolled = gtk_scrolled_window_new();
    GtkWidget *nothing = gtk_label_new(_("No jobs. What you start is seen here."));
    g_object_set(nothing, "wrap", TRUE, "margin-top", 18, "margin-bottom", 18, "max-width-chars",
                 30, NULL);
    gtk_widget_add_css_class(nothing, "dim-label");
    view->rows = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    view->list = GTK_LIST_BOX(gtk_list_box_new());
    gtk_list_box_set_selection_mode(view->list, GTK_SELECTION_NONE);
    gtk_list_box_set_placeholder(view->list, nothing);
    gtk_widget_add_css_class(GTK_WIDGET(view->list), "background");
    gtk_accessible_update_property(GTK_ACCESSIBLE(view->list), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _("Jobs"), -1);
    g_object_set(scrolled, "hscrollbar-policy", GTK_POLICY_NEVER, "propagate-natural-height", TRUE,
                 "max-content-height", 400, "width-request", 300, NULL);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scrolled), GTK_WIDGET(view->list));
    view->forget = gtk_button_new_with_mnemonic(_("_Clear Finished"));
    gtk_widget_set_sensitive(view->forget, FALSE);
    g_signal_connect(view->forget, "clicked", G_CALLBACK(forget), view);
    gtk_box_append(GTK_BOX(box), scrolled);
    gtk_box_append(GTK_BOX(box), view->forget);
    adw_bin_set_child(ADW_BIN(view), box);
}

GtkWidget *
rk_jobs_view_new(RkAppSession *session)
{
    RkJobsView *view = g_object_new(RK_TYPE_JOBS_VIEW, NULL);
    view->session = g_object_ref(session);
    view->watch = rk_jobs_watch(rk_app_session_jobs(session), told, view);
    return GTK_WIDGET(view);
}
