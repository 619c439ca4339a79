// SPDX-License-Identifier: GPL-3.0-or-later
//
// Training: the runs beside the form of a new one, or beside one run and its curves.
#include <glib/gi18n.h>
#include <string.h>

#include "job/train_job.h"
#include "models/model.h"
#include "store/dataset.h"
#include "store/run.h"
#include "ui/page.h"
#include "ui/pages/train.h"
#include "ui/train_run.h"
#include "ui/train_setup.h"
#include "ui/widgets.h"

#define RK_TYPE_TRAIN_PAGE (rk_train_page_get_type())
G_DECLARE_FINAL_TYPE(RkTrainPage, rk_train_page, RK, TRAIN_PAGE, AdwBin)

struct _RkTrainPage {
    AdwBin parent;
    RkAppSession *session;
    guint watch;
    GtkStack *stack, *detail_stack;
    AdwBin *error_bin, *setup_bin, *run_bin;
    AdwLeaflet *leaflet;
    GtkWidget *list_side, *detail, *back, *trash;
    GtkLabel *title;
    GtkEditable *search;
    GtkListBox *list;
    RkTrainSetup *setup;
    RkTrainRun *run;
    GHashTable *compared; // names whose curves are shown, too
    GHashTable *removed;  // names that are being removed
};

G_DEFINE_FINAL_TYPE(RkTrainPage, rk_train_page, ADW_TYPE_BIN)

// ---- beside the list -----------------------------------------------------------------------

static gboolean
shows_run(RkTrainPage *page)
{
    return g_strcmp0(gtk_stack_get_visible_child_name(page->detail_stack), "run") == 0;
}

static void
set_title(RkTrainPage *page, const char *title, gboolean is_run)
{
    gtk_label_set_text(page->title, title);
    rk_set_tooltip(GTK_WIDGET(page->title), title);
    gtk_widget_set_visible(page->trash, is_run);
    gtk_stack_set_visible_child_name(page->detail_stack, is_run ? "run" : "setup");
    adw_leaflet_set_visible_child(page->leaflet, page->detail);
}

static void
show_setup(RkTrainPage *page)
{
    set_title(page, _("New Training"), FALSE);
    gtk_list_box_unselect_all(page->list);
}

static void
select_row(RkTrainPage *page, const char *name)
{
    GtkListBoxRow *row;
    for (int i = 0; (row = gtk_list_box_get_row_at_index(page->list, i)) != NULL; i++)
        if (g_strcmp0(g_object_get_data(G_OBJECT(row), "name"), name) == 0)
            gtk_list_box_select_row(page->list, row);
}

static void
show_run(RkTrainPage *page, const char *name)
{
    rk_train_run_show(page->run, name);
    set_title(page, rk_train_run_name(page->run), TRUE);
    select_row(page, rk_train_run_name(page->run));
}

static void
on_back(RkTrainPage *page)
{
    adw_leaflet_set_visible_child(page->leaflet, page->list_side);
}

static void
on_start(RkTrainPage *page)
{
    g_autofree char *name = NULL;
    RkJobSpec spec = rk_train_setup_job(page->setup, &name);
    // Translators: %s is the name of a run.
    g_autofree char *title = g_strdup_printf(_("Training %s"), name);
    rk_app_session_start(page->session, spec, title);
    show_run(page, name);
}

static void
on_again(RkTrainPage *page, const char *name)
{
    const RkContents *contents = rk_app_session_contents(page->session);
    for (guint i = 0; contents != NULL && i < contents->runs->len; i++) {
        const RkStoredRun *run = g_ptr_array_index(contents->runs, i);
        if (strcmp(run->name, name) == 0)
            rk_train_setup_repeat(page->setup, run);
    }
    show_setup(page);
}

// ---- removing ------------------------------------------------------------------------------

static void show(RkTrainPage *page);

static void
undo_removal(AdwToast *toast, RkTrainPage *page)
{
    g_hash_table_remove(page->removed, g_object_get_data(G_OBJECT(toast), "name"));
    show(page);
}

static void
toast_gone(AdwToast *toast, RkTrainPage *page)
{
    const char *name = g_object_get_data(G_OBJECT(toast), "name");
    if (page->session == NULL || !g_hash_table_contains(page->removed, name))
        return;
    rk_app_session_start(page->session,
                         rk_run_remove_job(rk_app_session_workspace(page->session), name), name);
}

static void
on_remove(RkTrainPage *page)
{
    const char *name = rk_train_run_name(page->run);
    if (name == NULL || rk_train_run_job(page->session, name) != NULL) {
        rk_app_session_toast(page->session, _("Pause or stop it first"));
        return;
    }
    g_autofree char *text = g_strdup_printf(_("Removed the run %s; its model stays"), name);
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    g_autoptr(AdwToast) toast = g_object_ref_sink(adw_toast_new(escaped));
    adw_toast_set_button_label(toast, _("_Undo"));
    g_object_set_data_full(G_OBJECT(toast), "name", g_strdup(name), g_free);
    g_hash_table_add(page->removed, g_strdup(name));
    g_hash_table_remove(page->compared, name);
    g_signal_connect_object(toast, "button-clicked", G_CALLBACK(undo_removal), page, 0);
    g_signal_connect_object(toast, "dismissed", G_CALLBACK(toast_gone), page, 0);
    g_signal_emit_by_name(page->session, "toast", toast);
    show_setup(page);
    show(page);
}

// ---- the list ------------------------------------------------------------------------------

static void
compare(RkTrainPage *page)
{
    g_autofree const char **names =
        (const char **)g_hash_table_get_keys_as_array(page->compared, NULL);
    rk_train_run_compare(page->run, names);
}

static void
on_compare(GtkCheckButton *button, RkTrainPage *page)
{
    const char *name = g_object_get_data(G_OBJECT(button), "name");
    if (gtk_check_button_get_active(button))
        g_hash_table_add(page->compared, g_strdup(name));
    else
        g_hash_table_remove(page->compared, name);
    compare(page);
}

static const char *
status_text(RkTrainPage *page, const RkStoredRun *run)
{
    if (rk_train_run_job(page->session, run->name) != NULL)
        return _("being trained");
    static const char *const TEXTS[] = {
        [RK_RUN_RUNNING] = N_("without an end"),
        [RK_RUN_DONE] = N_("done"),
        [RK_RUN_FAILED] = N_("failed"),
        [RK_RUN_INTERRUPTED] = N_("paused"),
    };
    return _(TEXTS[run->status]);
}

static GtkWidget *
run_row(RkTrainPage *page, const RkStoredRun *run)
{
    GtkWidget *row = adw_action_row_new();
    GtkWidget *check = gtk_check_button_new();
    // Translators: kind of a model, dataset, what became of the run.
    g_autofree char *subtitle =
        g_strdup_printf(_("%s on %s, %s"), run->kind, run->dataset, status_text(page, run));
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), run->name);
    adw_action_row_set_title_lines(ADW_ACTION_ROW(row), 2);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(row), subtitle);
    gtk_widget_set_valign(check, GTK_ALIGN_CENTER);
    rk_set_tooltip(check, _("Show in the chart of others, too"));
    gtk_accessible_update_property(GTK_ACCESSIBLE(check), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _("Show in the chart of others, too"), -1);
    gtk_check_button_set_active(GTK_CHECK_BUTTON(check),
                                g_hash_table_contains(page->compared, run->name));
    g_object_set_data_full(G_OBJECT(check), "name", g_strdup(run->name), g_free);
    g_signal_connect_object(check, "toggled", G_CALLBACK(on_compare), page, 0);
    adw_action_row_add_suffix(ADW_ACTION_ROW(row), check);
    gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), TRUE);
    g_object_set_data_full(G_OBJECT(row), "name", g_strdup(run->name), g_free);
    return row;
}

// Trainings that have begun and that the lists don't have yet are seen in the jobs.
static void
fill_list(RkTrainPage *page, const RkContents *contents)
{
    GtkWidget *row;
    while ((row = GTK_WIDGET(gtk_list_box_get_row_at_index(page->list, 0))) != NULL)
        gtk_list_box_remove(page->list, row);
    for (guint i = 0; i < contents->runs->len; i++) {
        const RkStoredRun *run = g_ptr_array_index(contents->runs, i);
        if (!g_hash_table_contains(page->removed, run->name))
            gtk_list_box_append(page->list, run_row(page, run));
    }
    if (shows_run(page))
        select_row(page, rk_train_run_name(page->run));
}

// A run that isn't listed any more may be named again.
static void
forget_removed(RkTrainPage *page, const RkContents *contents)
{
    GHashTableIter iter;
    gpointer name;
    g_hash_table_iter_init(&iter, page->removed);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        gboolean there = FALSE;
        for (guint i = 0; i < contents->runs->len; i++)
            there |= strcmp(((RkStoredRun *)g_ptr_array_index(contents->runs, i))->name, name) == 0;
        if (!there)
            g_hash_table_iter_remove(&iter);
    }
}

static void
show(RkTrainPage *page)
{
    const RkContents *contents = rk_app_session_contents(page->session);
    const GError *error = rk_app_session_contents_error(page->session);
    if (error != NULL) {
        adw_bin_set_child(page->error_bin, rk_error_page(_("The database can't be opened"), error));
        gtk_stack_set_visible_child_name(page->stack, "error");
        return;
    }
    if (contents == NULL)
        return;
    forget_removed(page, contents);
    fill_list(page, contents);
    const gboolean empty = contents->datasets->len == 0 && contents->runs->len == 0;
    gtk_stack_set_visible_child_name(page->stack, empty ? "empty" : "list");
}

static void
told(RkJobs *jobs, RkJob *job, const RkJobSnapshot *snapshot, gpointer data)
{
    RkTrainPage *page = data;
    const char *name = rk_train_job_run(job);
    // The lists know of the run once it has begun, and how it ended.
    if (name != NULL && snapshot != NULL && snapshot->series->len > 0 &&
        g_object_get_data(G_OBJECT(page), "listed") != job) {
        g_object_set_data(G_OBJECT(page), "listed", job);
        rk_app_session_read(page->session);
    }
}

static void
on_row_activated(GtkListBox *list, GtkListBoxRow *row, RkTrainPage *page)
{
    g_autofree char *name = g_strdup(g_object_get_data(G_OBJECT(row), "name"));
    show_run(page, name);
}

static gboolean
matches(GtkListBoxRow *row, gpointer data)
{
    g_autofree char *wanted =
        g_utf8_casefold(gtk_editable_get_text(RK_TRAIN_PAGE(data)->search), -1);
    g_autofree char *name = g_utf8_casefold(g_object_get_data(G_OBJECT(row), "name"), -1);
    return strstr(name, wanted) != NULL;
}

static void
on_search(RkTrainPage *page)
{
    gtk_list_box_invalidate_filter(page->list);
}

void
rk_train_page_begin(GtkWidget *page, const char *model, const char *from)
{
    g_return_if_fail(RK_IS_TRAIN_PAGE(page));
    rk_train_setup_choose(RK_TRAIN_PAGE(page)->setup, model, from);
    show_setup(RK_TRAIN_PAGE(page));
}

// ---- the class -----------------------------------------------------------------------------

static void
page_dispose(GObject *object)
{
    RkTrainPage *page = RK_TRAIN_PAGE(object);
    if (page->session != NULL && rk_app_session_jobs(page->session) != NULL)
        rk_jobs_unwatch(rk_app_session_jobs(page->session), page->watch);
    g_clear_object(&page->session);
    G_OBJECT_CLASS(rk_train_page_parent_class)->dispose(object);
}

static void
page_finalize(GObject *object)
{
    g_hash_table_unref(RK_TRAIN_PAGE(object)->compared);
    g_hash_table_unref(RK_TRAIN_PAGE(object)->removed);
    G_OBJECT_CLASS(rk_train_page_parent_class)->finalize(object);
}

static void
rk_train_page_class_init(RkTrainPageClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = page_dispose;
    G_OBJECT_CLASS(class)->finalize = page_finalize;
    gtk_widget_class_set_template_from_resource(widget, "/org/rankine/Rankine/train.ui");
    gtk_widget_class_bind_template_child(widget, RkTrainPage, stack);
    gtk_widget_class_bind_template_child(widget, RkTrainPage, detail_stack);
    gtk_widget_class_bind_template_child(widget, RkTrainPage, error_bin);
    gtk_widget_class_bind_template_child(widget, RkTrainPage, setup_bin);
    gtk_widget_class_bind_template_child(widget, RkTrainPage, run_bin);
    gtk_widget_class_bind_template_child(widget, RkTrainPage, leaflet);
    gtk_widget_class_bind_template_child(widget, RkTrainPage, list_side);
    gtk_widget_class_bind_template_child(widget, RkTrainPage, detail);
    gtk_widget_class_bind_template_child(widget, RkTrainPage, back);
    gtk_widget_class_bind_template_child(widget, RkTrainPage, trash);
    gtk_widget_class_bind_template_child(widget, RkTrainPage, title);
    gtk_widget_class_bind_template_child(widget, RkTrainPage, search);
    gtk_widget_class_bind_template_child(widget, RkTrainPage, list);
    gtk_widget_class_bind_template_callback(widget, on_search);
    gtk_widget_class_bind_template_callback(widget, on_row_activated);
    gtk_widget_class_bind_template_callback(widget, on_back);
    gtk_widget_class_bind_template_callback(widget, on_remove);
    gtk_widget_class_bind_template_callback(widget, show_setup);
}

static void
rk_train_page_init(RkTrainPage *page)
{
    page->compared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    page->removed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gtk_widget_init_template(GTK_WIDGET(page));
}

GtkWidget *
rk_train_page_new(RkAppSession *session)
{
    RkTrainPage *page = g_object_new(RK_TYPE_TRAIN_PAGE, NULL);
    page->session = g_object_ref(session);
    page->setup = RK_TRAIN_SETUP(rk_train_setup_new(session));
    page->run = RK_TRAIN_RUN(rk_train_run_new(session));
    adw_bin_set_child(page->setup_bin, GTK_WIDGET(page->setup));
    adw_bin_set_child(page->run_bin, GTK_WIDGET(page->run));
    page->watch = rk_jobs_watch(rk_app_session_jobs(session), told, page);
    gtk_list_box_set_filter_func(page->list, matches, page, NULL);
    g_object_set_data(G_OBJECT(page), "search", page->search);
    g_object_bind_property(page->leaflet, "folded", page->back, "visible", G_BINDING_SYNC_CREATE);
    g_signal_connect_object(page->setup, "start", G_CALLBACK(on_start), page, G_CONNECT_SWAPPED);
    g_signal_connect_object(page->run, "again", G_CALLBACK(on_again), page, G_CONNECT_SWAPPED);
    g_signal_connect_object(session, "changed::contents", G_CALLBACK(show), page,
                            G_CONNECT_SWAPPED);
    show_setup(page);
    show(page);
    return GTK_WIDGET(page);
}
