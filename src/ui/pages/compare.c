// SPDX-License-Identifier: GPL-3.0-or-later
//
// Trials of any runs side by side. What is checked on the left is read and compared in the
// background; the right shows it.
#include <string.h>

#include "ui/asked.h"
#include "ui/page.h"
#include "ui/pages/compare_view.h"
#include "ui/run_list.h"
#include "ui/widgets.h"

#define MOST 200u // trials beside each other: more than anyone tells apart in a chart

#define RK_TYPE_COMPARE_PAGE (rk_compare_page_get_type())
G_DECLARE_FINAL_TYPE(RkComparePage, rk_compare_page, RK, COMPARE_PAGE, AdwBin)

struct _RkComparePage {
    AdwBin parent;
    RkAppSession *session;
    GtkStack *stack, *side;
    AdwBin *error_bin, *list_bin, *view_bin;
    RkRunList *list;
    RkCompareView *view;
    RkJob *job;    // NULL when none runs
    guint waiting; // an idle source
    char *base;    // "RUN/TRIAL" of the base that was chosen; or NULL
};

G_DEFINE_FINAL_TYPE(RkComparePage, rk_compare_page, ADW_TYPE_BIN)

static char *
key_of(const RkRunTrial *trial)
{
    const RkTrialResult *t = g_ptr_array_index(trial->run->results->trials, trial->trial);
    return g_strdup_printf("%" G_GINT64_FORMAT "/%s", trial->run->id, t->id);
}

// The chosen one while it is checked, else the default of the first run, else the first.
static guint
base_of(const RkComparePage *page, const GArray *trials)
{
    guint usual = 0;
    for (guint i = trials->len; i-- > 0;) {
        const RkRunTrial *one = &g_array_index(trials, RkRunTrial, i);
        const RkResults *results = one->run->results;
        const RkTrialResult *t = g_ptr_array_index(results->trials, one->trial);
        g_autofree char *key = key_of(one);
        if (g_strcmp0(key, page->base) == 0)
            return i;
        if (g_strcmp0(results->recommended.versus, t->id) == 0)
            usual = i;
    }
    return usual;
}

// ---- comparing -----------------------------------------------------------------------------

static void
compared(RkJob *job, const RkJobSnapshot *last, gpointer data)
{
    RkAsked *asked = data;
    g_autoptr(RkComparePage) page = g_weak_ref_get(&asked->by);
    g_autoptr(RkSideBySide) side = rk_job_take_result(job);
    if (page != NULL && page->session != NULL && page->job == job) {
        page->job = NULL;
        if (side != NULL && last->state == RK_JOB_DONE) {
            rk_compare_view_show(page->view, g_steal_pointer(&side), asked->n);
            gtk_stack_set_visible_child_name(page->side, "shown");
        }
    }
}

static void
compare(RkComparePage *page, const GArray *trials, guint n_more)
{
    RkJobSpec spec = rk_compare_job(rk_app_session_workspace(page->session),
                                    (const RkRunTrial *)(const void *)trials->data, trials->len,
                                    base_of(page, trials));
    if (page->job != NULL)
        rk_job_cancel(page->job);
    rk_asked(&spec, compared, page, page->session, NULL, n_more);
    page->job = rk_jobs_start(rk_app_session_jobs(page->session), &spec);
}

static gboolean
update(gpointer data)
{
    RkComparePage *page = data;
    guint n_more = 0;
    page->waiting = 0;
    g_autoptr(GArray) trials = rk_run_list_trials(page->list, MOST, &n_more);
    if (trials->len > 0) {
        compare(page, trials, n_more);
        return G_SOURCE_REMOVE;
    }
    if (page->job != NULL)
        rk_job_cancel(page->job);
    page->job = NULL;
    gtk_stack_set_visible_child_name(page->side,
                                     rk_run_list_is_reading(page->list) ? "reading" : "none");
    return G_SOURCE_REMOVE;
}

// A run's check changes those of all its trials: they are compared once.
static void
update_soon(RkComparePage *page)
{
    if (page->waiting == 0)
        page->waiting = g_idle_add(update, page);
}

static void
base_chosen(RkCompareView *view, guint base, RkComparePage *page)
{
    guint n_more = 0;
    g_autoptr(GArray) trials = rk_run_list_trials(page->list, MOST, &n_more);
    if (base >= trials->len)
        return;
    g_free(page->base);
    page->base = key_of(&g_array_index(trials, RkRunTrial, base));
    compare(page, trials, n_more);
}

// ---- the page ------------------------------------------------------------------------------

static void
show(RkComparePage *page)
{
    rk_show_contents(page->stack, page->error_bin, rk_app_session_contents_error(page->session),
                     rk_app_session_contents(page->session) != NULL, rk_run_list_n(page->list));
}

static void
page_dispose(GObject *object)
{
    RkComparePage *page = RK_COMPARE_PAGE(object);
    g_clear_handle_id(&page->waiting, g_source_remove);
    g_clear_object(&page->session);
    g_clear_pointer(&page->base, g_free);
    G_OBJECT_CLASS(rk_compare_page_parent_class)->dispose(object);
}

static void
rk_compare_page_class_init(RkComparePageClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = page_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/org/rankine/Rankine/compare.ui");
    gtk_widget_class_bind_template_child(widget, RkComparePage, stack);
    gtk_widget_class_bind_template_child(widget, RkComparePage, side);
    gtk_widget_class_bind_template_child(widget, RkComparePage, error_bin);
    gtk_widget_class_bind_template_child(widget, RkComparePage, list_bin);
    gtk_widget_class_bind_template_child(widget, RkComparePage, view_bin);
    gtk_widget_class_bind_template_callback(widget, rk_show_pane);
}

static void
rk_compare_page_init(RkComparePage *page)
{
    gtk_widget_init_template(GTK_WIDGET(page));
}

GtkWidget *
rk_compare_page_new(RkAppSession *session)
{
    RkComparePage *page = g_object_new(RK_TYPE_COMPARE_PAGE, NULL);
    page->session = g_object_ref(session);
    page->list = RK_RUN_LIST(rk_run_list_new(session, TRUE));
    page->view = RK_COMPARE_VIEW(rk_compare_view_new());
    adw_bin_set_child(page->list_bin, GTK_WIDGET(page->list));
    adw_bin_set_child(page->view_bin, GTK_WIDGET(page->view));
    g_object_set_data(G_OBJECT(page), "search", rk_run_list_search(page->list));
    g_signal_connect_object(page->list, "changed", G_CALLBACK(update_soon), page,
                            G_CONNECT_SWAPPED);
    g_signal_connect_object(page->view, "base-chosen", G_CALLBACK(base_chosen), page, 0);
    g_signal_connect_object(session, "changed::contents", G_CALLBACK(show), page,
                            G_CONNECT_SWAPPED);
    show(page);
    update_soon(page);
    return GTK_WIDGET(page);
}
