// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/run_list.h"

#include <glib/gi18n.h>
#include <string.h>

#include "report/quantity.h"
#include "report/text.h"
#include "store/trial.h"
#include "ui/run_item.h"
#include "ui/run_rows.h"

struct _RkRunList {
    AdwBin parent;
    RkAppSession *session;
    gboolean trials;
    GListStore *runs; // of RkRunItem
    GtkCustomFilter *filter;
    GtkWidget *search;
    char *wanted;         // what is searched for, casefolded
    gboolean picked_once; // the first time is the list's own choice
    gboolean spreading;   // a check of a run to its trials, or back
};

G_DEFINE_FINAL_TYPE(RkRunList, rk_run_list, ADW_TYPE_BIN)

static guint changed_signal;

static void
changed(RkRunList *list)
{
    g_signal_emit(list, changed_signal, 0);
}

static RkRunItem *
item_at(GListStore *store, guint i)
{
    // The store keeps it.
    RkRunItem *item = g_list_model_get_item(G_LIST_MODEL(store), i);
    g_object_unref(item);
    return item;
}

static guint
n_items(GListStore *store)
{
    return store != NULL ? g_list_model_get_n_items(G_LIST_MODEL(store)) : 0;
}

// ---- reading -------------------------------------------------------------------------------

typedef struct {
    RkRunList *list; // may be gone meanwhile
    RkRunItem *item;
    gboolean pick;
} Reading;

static void picked(RkRunItem *item, GParamSpec *spec, RkRunList *list);

static char *
trial_detail(const RkResults *results, const RkTrialResult *trial)
{
    g_autofree char *p99 =
        rk_quantity(trial->latency_ms[RK_LATENCY_P99].value * 1e-3, RK_UNIT_SECONDS);
    g_autofree char *qps = rk_quantity(trial->throughput_qps.value, RK_UNIT_PER_SECOND);
    if (trial->status == RK_TRIAL_FAILED || trial->status == RK_TRIAL_PENDING)
        return g_strdup(rk_trial_status_name(trial->status));
    return g_strdup_printf("p99 %s, %s%s%s", p99, qps, trial->valid ? "" : ", ",
                           trial->valid ? "" : _("not valid"));
}

static void
add_trials(RkRunList *list, RkRunItem *item)
{
    const RkResults *results = item->run->results;
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_object_unref);
    for (guint i = 0; i < results->trials->len; i++) {
        const RkTrialResult *trial = g_ptr_array_index(results->trials, i);
        g_autofree char *label = rk_trial_result_label(trial);
        g_autofree char *title = rk_text_clean(label);
        g_autofree char *detail = trial_detail(results, trial);
        RkRunItem *child = rk_run_item_new(item->id, i, title, detail);
        child->of = item;
        child->readable = trial->n > 0;
        g_signal_connect_object(child, "notify::picked", G_CALLBACK(picked), list, 0);
        g_ptr_array_add(all, child);
    }
    g_list_store_splice(item->children, 0, n_items(item->children), all->pdata, all->len);
}

static void
pick_trials(RkRunList *list, RkRunItem *run, gboolean pick)
{
    list->spreading = TRUE;
    for (guint i = 0; i < n_items(run->children); i++) {
        RkRunItem *child = item_at(run->children, i);
        rk_run_item_set_picked(child, pick && child->readable);
    }
    list->spreading = FALSE;
}

static void
was_read(RkJob *job, const RkJobSnapshot *last, gpointer data)
{
    Reading *reading = data;
    RkRunItem *item = reading->item;
    g_autoptr(GPtrArray) runs = rk_job_take_result(job);
    item->reading = FALSE;
    if (runs != NULL && runs->len == 1)
        item->run = rk_loaded_run_ref(g_ptr_array_index(runs, 0));
    if (reading->list != NULL && reading->list->session != NULL) {
        if (item->run != NULL) {
            add_trials(reading->list, item);
            pick_trials(reading->list, item, item->picked);
        } else {
            rk_run_item_set_picked(item, FALSE);
            if (last->error != NULL)
                rk_run_item_set_detail(item, last->error->message);
        }
        changed(reading->list);
    }
}

static void
reading_free(gpointer data)
{
    Reading *reading = data;
    g_clear_weak_pointer(&reading->list);
    g_object_unref(reading->item);
    g_free(reading);
}

static void
read_run(RkRunList *list, RkRunItem *item)
{
    if (item->run != NULL || item->reading || !item->readable)
        return;
    Reading *reading = g_new0(Reading, 1);
    const char *const names[] = {item->title};
    RkJobSpec spec = rk_results_job(rk_app_session_workspace(list->session), &item->id, names, 1);
    g_set_weak_pointer(&reading->list, list);
    reading->item = g_object_ref(item);
    item->reading = TRUE;
    spec.ended = was_read;
    spec.ended_data = reading;
    spec.free_ended_data = reading_free;
    rk_jobs_start(rk_app_session_jobs(list->session), &spec);
}

// ---- checking ------------------------------------------------------------------------------

static gboolean
has_picked_trial(const RkRunItem *run)
{
    for (guint i = 0; i < n_items(run->children); i++)
        if (item_at(run->children, i)->picked)
            return TRUE;
    return FALSE;
}

static void
picked(RkRunItem *item, GParamSpec *spec, RkRunList *list)
{
    if (list->spreading)
        return;
    list->picked_once = TRUE;
    if (item->of != NULL) { // a run is checked as long as one of its trials is
        list->spreading = TRUE;
        rk_run_item_set_picked(item->of, has_picked_trial(item->of));
        list->spreading = FALSE;
    } else if (item->run == NULL) {
        read_run(list, item);
    } else {
        pick_trials(list, item, item->picked);
    }
    changed(list);
}

GArray *
rk_run_list_trials(RkRunList *list, guint most, guint *n_more)
{
    GArray *trials = g_array_new(FALSE, FALSE, sizeof(RkRunTrial));
    *n_more = 0;
    for (guint r = 0; r < n_items(list->runs); r++) {
        const RkRunItem *run = item_at(list->runs, r);
        for (guint i = 0; run->run != NULL && i < n_items(run->children); i++) {
            const RkRunItem *child = item_at(run->children, i);
            const RkRunTrial trial = {run->run, child->trial};
            if (child->picked && trials->len < most)
                g_array_append_val(trials, trial);
            else if (child->picked)
                ++*n_more;
        }
    }
    return trials;
}

GPtrArray *
rk_run_list_runs(RkRunList *list)
{
    GPtrArray *runs = g_ptr_array_new_with_free_func((GDestroyNotify)rk_loaded_run_unref);
    for (guint r = 0; r < n_items(list->runs); r++) {
        const RkRunItem *run = item_at(list->runs, r);
        if (run->picked && run->run != NULL)
            g_ptr_array_add(runs, rk_loaded_run_ref(run->run));
    }
    return runs;
}

gboolean
rk_run_list_is_reading(RkRunList *list)
{
    for (guint r = 0; r < n_items(list->runs); r++)
        if (item_at(list->runs, r)->reading && item_at(list->runs, r)->picked)
            return TRUE;
    return FALSE;
}

guint
rk_run_list_n(RkRunList *list)
{
    return n_items(list->runs);
}

GtkWidget *
rk_run_list_search(RkRunList *list)
{
    return list->search;
}

// ---- what the database holds ---------------------------------------------------------------

static RkRunItem *
find_run(GListStore *runs, int64_t id)
{
    for (guint i = 0; i < n_items(runs); i++)
        if (item_at(runs, i)->id == id)
            return item_at(runs, i);
    return NULL;
}

static RkRunItem *
run_item_new(RkRunList *list, const RkStoredSuite *suite)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(suite->created_s);
    g_autofree char *when = g_date_time_format(time, "%x %H:%M");
    // Translators: a suite's name and the number of its run.
    g_autofree char *title = g_strdup_printf(_("%s #%" G_GINT64_FORMAT), suite->name, suite->id);
    g_autofree char *count =
        g_strdup_printf(ngettext("%u trial", "%u trials", suite->n_trials), suite->n_trials);
    // Translators: when a suite ran, how many trials it has, and whether it is whole.
    g_autofree char *detail =
        g_strdup_printf(_("%s, %s%s"), when, count,
                        !suite->has_results ? _(", hasn't ended: go on with it first")
                        : !suite->complete  ? _(", interrupted")
                                            : "");
    RkRunItem *item = rk_run_item_new(suite->id, G_MAXUINT, title, detail);
    item->readable = suite->has_results;
    item->children = g_list_store_new(RK_TYPE_RUN_ITEM);
    g_signal_connect_object(item, "notify::picked", G_CALLBACK(picked), list, 0);
    g_signal_connect_object(item, "opened", G_CALLBACK(read_run), list, G_CONNECT_SWAPPED);
    return item;
}

// What was checked stays so; a run that went on since is read anew.
static void
show_contents(RkRunList *list)
{
    const RkContents *contents = rk_app_session_contents(list->session);
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_object_unref);
    gboolean same = TRUE;
    if (contents == NULL)
        return;
    for (guint i = 0; i < contents->sweeps->len; i++) {
        const RkStoredSuite *suite = g_ptr_array_index(contents->sweeps, i);
        RkRunItem *known = find_run(list->runs, suite->id);
        const gboolean stale =
            known != NULL &&
            (known->readable != suite->has_results ||
             (known->run != NULL && known->run->results->complete != suite->complete));
        if (suite->n_trials == 0)
            continue;
        g_ptr_array_add(all,
                        known != NULL && !stale ? g_object_ref(known) : run_item_new(list, suite));
        same &= known != NULL && !stale;
    }
    if (same && all->len == n_items(list->runs))
        return;
    g_list_store_splice(list->runs, 0, n_items(list->runs), all->pdata, all->len);
    for (guint i = 0; !list->picked_once && i < all->len; i++) // the newest
        if (RK_RUN_ITEM(g_ptr_array_index(all, i))->readable)
            rk_run_item_set_picked(g_ptr_array_index(all, i), TRUE); // sets picked_once
    changed(list);
}

// ---- rows ----------------------------------------------------------------------------------

static void
row_activated(GtkListView *view, guint position, RkRunList *list)
{
    GListModel *model = G_LIST_MODEL(gtk_list_view_get_model(view));
    g_autoptr(GtkTreeListRow) row = g_list_model_get_item(model, position);
    g_autoptr(RkRunItem) item = gtk_tree_list_row_get_item(row);
    if (item->readable)
        rk_run_item_set_picked(item, !item->picked);
}

static GListModel *
children_of(gpointer item, gpointer data)
{
    RkRunItem *run = item;
    return run->children != NULL ? G_LIST_MODEL(g_object_ref(run->children)) : NULL;
}

static GListModel *
no_children(gpointer item, gpointer data)
{
    return NULL;
}

// ---- search --------------------------------------------------------------------------------

static gboolean
matches(gpointer row, gpointer data)
{
    const RkRunList *list = data;
    g_autoptr(RkRunItem) item = gtk_tree_list_row_get_item(row);
    if (list->wanted == NULL || *list->wanted == '\0' || item->children != NULL)
        return TRUE;
    g_autofree char *title = g_utf8_casefold(item->title, -1);
    return strstr(title, list->wanted) != NULL;
}

static gboolean
matches_run(gpointer object, gpointer data)
{
    const RkRunList *list = data;
    const RkRunItem *item = object;
    g_autofree char *title = g_utf8_casefold(item->title, -1);
    if (list->wanted == NULL || *list->wanted == '\0' || strstr(title, list->wanted) != NULL)
        return TRUE;
    for (guint i = 0; list->trials && i < n_items(item->children); i++) {
        g_autofree char *trial = g_utf8_casefold(item_at(item->children, i)->title, -1);
        if (strstr(trial, list->wanted) != NULL)
            return TRUE;
    }
    return FALSE;
}

static void
search_changed(RkRunList *list)
{
    g_free(list->wanted);
    list->wanted = g_utf8_casefold(gtk_editable_get_text(GTK_EDITABLE(list->search)), -1);
    gtk_filter_changed(GTK_FILTER(list->filter), GTK_FILTER_CHANGE_DIFFERENT);
    gtk_filter_changed(g_object_get_data(G_OBJECT(list), "run-filter"),
                       GTK_FILTER_CHANGE_DIFFERENT);
}

// ---- the class -----------------------------------------------------------------------------

static void
list_dispose(GObject *object)
{
    RkRunList *list = RK_RUN_LIST(object);
    g_clear_object(&list->session);
    G_OBJECT_CLASS(rk_run_list_parent_class)->dispose(object);
}

static void
list_finalize(GObject *object)
{
    RkRunList *list = RK_RUN_LIST(object);
    g_clear_object(&list->runs);
    g_free(list->wanted);
    G_OBJECT_CLASS(rk_run_list_parent_class)->finalize(object);
}

static void
rk_run_list_class_init(RkRunListClass *class)
{
    G_OBJECT_CLASS(class)->dispose = list_dispose;
    G_OBJECT_CLASS(class)->finalize = list_finalize;
    changed_signal = g_signal_new("changed", RK_TYPE_RUN_LIST, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 0);
}

static void
rk_run_list_init(RkRunList *list)
{
    list->runs = g_list_store_new(RK_TYPE_RUN_ITEM);
}

static GtkWidget *
view_new(RkRunList *list)
{
    // Runs without what is searched for go first, then trials.
    GtkCustomFilter *run_filter = gtk_custom_filter_new(matches_run, list, NULL);
    GListModel *runs = G_LIST_MODEL(
        gtk_filter_list_model_new(G_LIST_MODEL(g_object_ref(list->runs)), GTK_FILTER(run_filter)));
    g_object_set_data(G_OBJECT(list), "run-filter", run_filter);
    GtkTreeListModel *tree = gtk_tree_list_model_new(
        runs, FALSE, FALSE, list->trials ? children_of : no_children, NULL, NULL);
    list->filter = gtk_custom_filter_new(matches, list, NULL);
    GListModel *rows =
        G_LIST_MODEL(gtk_filter_list_model_new(G_LIST_MODEL(tree), GTK_FILTER(list->filter)));
    GtkWidget *view =
        gtk_list_view_new(GTK_SELECTION_MODEL(gtk_no_selection_new(rows)), rk_run_rows_new());
    gtk_list_view_set_single_click_activate(GTK_LIST_VIEW(view), TRUE);
    gtk_widget_add_css_class(view, "navigation-sidebar");
    g_signal_connect(view, "activate", G_CALLBACK(row_activated), list);
    gtk_accessible_update_property(GTK_ACCESSIBLE(view), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   list->trials ? _("Runs and their trials") : _("Runs"), -1);
    return view;
}

GtkWidget *
rk_run_list_new(RkAppSession *session, gboolean trials)
{
    RkRunList *list = g_object_new(RK_TYPE_RUN_LIST, NULL);
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
    GtkWidget *scrolled = gtk_scrolled_window_new();
    const char *hint = trials ? _("Search runs and trials") : _("Search runs");
    list->session = g_object_ref(session);
    list->trials = trials;
    list->search = gtk_search_entry_new();
    g_object_set(list->search, "placeholder-text", hint, "margin-start", 12, "margin-end", 12,
                 "margin-top", 12, NULL);
    gtk_accessible_update_property(GTK_ACCESSIBLE(list->search), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   hint, -1);
    g_signal_connect_object(list->search, "search-changed", G_CALLBACK(search_changed), list,
                            G_CONNECT_SWAPPED);
    g_object_set(scrolled, "hscrollbar-policy", GTK_POLICY_NEVER, "vexpand", TRUE, "child",
                 view_new(list), NULL);
    gtk_box_append(GTK_BOX(box), list->search);
    gtk_box_append(GTK_BOX(box), scrolled);
    adw_bin_set_child(ADW_BIN(list), box);
    g_signal_connect_object(session, "changed::contents", G_CALLBACK(show_contents), list,
                            G_CONNECT_SWAPPED);
    show_contents(list);
    return GTK_WIDGET(list);
}
