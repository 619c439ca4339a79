// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/tune.h"

#include <glib/gi18n.h>
#include <string.h>

#include "job/suite_job.h"
#include "store/dataset.h"
#include "store/model.h"
#include "store/trial.h"
#include "ui/asked.h"
#include "ui/page.h"
#include "ui/pages/tune_files.h"
#include "ui/pages/tune_run.h"
#include "ui/pages/tune_setup.h"
#include "ui/picker.h"
#include "ui/widgets.h"

#define SAMPLE "/org/rankine/Rankine/sample.json"

struct _RkTunePage {
    AdwBin parent;
    RkAppSession *session;
    GtkWidget *show_setup, *show_run, *resume, *run_button, *foot;
    GtkLabel *summary;
    GtkStack *stack;
    AdwBin *earlier_bin;
    RkPicker *earlier;
    RkTuneSetup *setup;
    RkTuneRun *run;
    GSimpleActionGroup *actions;
    gboolean running;
    guint watch;
    char *untouched; // the first draft as text, to see whether anything was changed
};

G_DEFINE_FINAL_TYPE(RkTunePage, rk_tune_page, ADW_TYPE_BIN)

// ---- what may be done now ------------------------------------------------------------------

static void
enable(RkTunePage *page, const char *name, gboolean enabled)
{
    GAction *action = g_action_map_lookup_action(G_ACTION_MAP(page->actions), name);
    g_simple_action_set_enabled(G_SIMPLE_ACTION(action), enabled);
}

// The newest run of the same recipe, when measurements lack in it.
static const RkStoredSuite *
unfinished(RkTunePage *page, const RkSuite *suite, uint64_t n_measurements)
{
    const RkContents *contents = rk_app_session_contents(page->session);
    g_autofree char *recipe = rk_suite_recipe(suite);
    for (guint i = 0; contents != NULL && i < contents->sweeps->len; i++) {
        const RkStoredSuite *one = g_ptr_array_index(contents->sweeps, i);
        if (strcmp(one->recipe, recipe) == 0)
            return one->n_repeats > 0 && one->n_repeats < n_measurements ? one : NULL;
    }
    return NULL;
}

static char *
estimate_text(const RkSuite *suite, const RkSuiteEstimate *e, const RkStoredSuite *before)
{
    g_autofree char *duration = rk_duration_text(e->seconds);
    g_autofree char *trials = g_strdup_printf(
        ngettext("%'u trial", "%'u trials", (guint)e->n_trials), (guint)e->n_trials);
    g_autofree char *each =
        g_strdup_printf(ngettext("measured once", "each %u times", suite->repeats), suite->repeats);
    GString *text = g_string_new(NULL);
    // Translators: "12 trials, each 3 times: about 6 min of measuring."
    g_string_append_printf(text, _("%s, %s: about %s of measuring."), trials, each, duration);
    if (before != NULL)
        g_string_append_printf(text, _(" %u of %u measurements are there already."),
                               before->n_repeats, (guint)e->n_measurements);
    return g_string_free(text, FALSE);
}

static void
show_summary(RkTunePage *page)
{
    const char *problem = NULL;
    g_autoptr(RkSuite) suite = rk_tune_setup_suite(page->setup, &problem);
    const RkStoredSuite *before = NULL;
    if (suite != NULL) {
        const RkSuiteEstimate estimate = rk_suite_estimate(suite);
        before = unfinished(page, suite, estimate.n_measurements);
        g_autofree char *text = estimate_text(suite, &estimate, before);
        gtk_label_set_text(page->summary, text);
        gtk_widget_remove_css_class(GTK_WIDGET(page->summary), "job-error");
    } else {
        gtk_label_set_text(page->summary, problem != NULL ? problem : "");
        gtk_widget_add_css_class(GTK_WIDGET(page->summary), "job-error");
    }
    enable(page, "run", suite != NULL && !page->running);
    enable(page, "resume", before != NULL && !page->running);
    gtk_widget_set_visible(page->resume, before != NULL);
    gtk_button_set_label(GTK_BUTTON(page->run_button),
                         before != NULL ? _("_Run From the Start") : _("_Run"));
    if (before != NULL)
        gtk_widget_remove_css_class(page->run_button, "suggested-action");
    else
        gtk_widget_add_css_class(page->run_button, "suggested-action");
}

static void
on_side(RkTunePage *page)
{
    const gboolean setup = gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(page->show_setup));
    gtk_stack_set_visible_child(page->stack,
                                setup ? GTK_WIDGET(page->setup) : GTK_WIDGET(page->run));
    gtk_widget_set_visible(page->foot, setup);
}

static void
show_side(RkTunePage *page, GtkWidget *button)
{
    gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(button), TRUE);
}

// ---- running -------------------------------------------------------------------------------

// Its end is the run view's to show; here it is when another may begin.
static void
told(RkJobs *jobs, RkJob *job, const RkJobSnapshot *snapshot, gpointer data)
{
    RkTunePage *page = data;
    const gboolean running = rk_tune_run_is_running(page->run);
    if (running == page->running)
        return;
    page->running = running;
    show_summary(page);
}

static void
start(RkTunePage *page, gboolean resume)
{
    RkSuite *suite = rk_tune_setup_suite(page->setup, NULL);
    g_autoptr(RkSuite) shown = rk_tune_setup_suite(page->setup, NULL); // the job has its own
    const RkDeviceInfo *device = rk_app_session_device(page->session);
    g_autoptr(RkSuiteLive) live = rk_suite_live_new();
    if (suite == NULL || page->running) {
        rk_suite_free(suite);
        return;
    }
    g_autofree char *index = device != NULL ? g_strdup_printf("%u", device->index) : NULL;
    const RkSuiteJob asked = {
        .suite = suite, .takes_suite = TRUE, .device = index, .resume = resume, .live = live};
    // Translators: %s is the name of a sweep.
    g_autofree char *title = g_strdup_printf(_("Sweep %s"), suite->name);
    RkJob *job = rk_app_session_start(
        page->session, rk_suite_job(rk_app_session_workspace(page->session), &asked), title);
    page->running = TRUE;
    rk_tune_run_watch(page->run, shown, live, job);
    show_side(page, page->show_run);
    show_summary(page);
}

static void
act_run(GSimpleAction *action, GVariant *target, gpointer data)
{
    start(data, FALSE);
}

static void
act_resume(GSimpleAction *action, GVariant *target, gpointer data)
{
    start(data, TRUE);
}

// ---- drafts --------------------------------------------------------------------------------

static RkSuiteDraft *
draft_new(RkTunePage *page)
{
    const RkContents *contents = rk_app_session_contents(page->session);
    RkSuiteDraft *draft = rk_suite_draft_new();
    rk_suite_draft_add(draft, RK_DRAFT_SWEEP, "precision", "fp32, int8");
    rk_suite_draft_add(draft, RK_DRAFT_SWEEP, "batch.max", "1, 16");
    rk_suite_draft_add(draft, RK_DRAFT_LOAD, "scenario", "server");
    rk_suite_draft_add(draft, RK_DRAFT_LOAD, "qps", "100");
    rk_suite_draft_add(draft, RK_DRAFT_LOAD, "duration_s", "10");
    rk_suite_draft_add(draft, RK_DRAFT_GATES, "p99_ms", "50");
    if (contents != NULL && contents->datasets->len > 0)
        draft->dataset = g_strdup(((RkDatasetInfo *)contents->datasets->pdata[0])->name);
    if (contents != NULL && contents->models->len > 0)
        rk_suite_draft_add_model(draft, ((RkStoredModel *)contents->models->pdata[0])->name, TRUE);
    return draft;
}

static void
set_first(RkTunePage *page)
{
    rk_tune_setup_set(page->setup, draft_new(page));
    g_free(page->untouched);
    page->untouched = rk_suite_draft_text(rk_tune_setup_draft(page->setup));
}

static void
act_new(GSimpleAction *action, GVariant *target, gpointer data)
{
    RkTunePage *page = data;
    set_first(page);
    show_side(page, page->show_setup);
}

gboolean
rk_tune_page_open_file(RkTunePage *page, const char *path, GError **error)
{
    g_autofree char *text = NULL;
    RkSuiteDraft *draft = g_file_get_contents(path, &text, NULL, error)
                              ? rk_suite_draft_parse(text, path, error)
                              : NULL;
    if (draft == NULL)
        return FALSE;
    rk_tune_setup_set(page->setup, draft);
    show_side(page, page->show_setup);
    return TRUE;
}

static void
opened(GtkWidget *widget, const char *path)
{
    RkTunePage *page = RK_TUNE_PAGE(widget);
    g_autoptr(GError) error = NULL;
    if (!rk_tune_page_open_file(page, path, &error))
        rk_app_session_toast(page->session, error->message);
}

static void
saved(GtkWidget *widget, const char *path)
{
    RkTunePage *page = RK_TUNE_PAGE(widget);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = rk_suite_draft_text(rk_tune_setup_draft(page->setup));
    const gboolean done = g_file_set_contents(path, text, -1, &error);
    rk_app_session_toast(page->session, done ? _("The suite is saved") : error->message);
}

static void
act_open(GSimpleAction *action, GVariant *target, gpointer data)
{
    rk_tune_choose_suite(GTK_WIDGET(data), opened);
}

static void
act_save(GSimpleAction *action, GVariant *target, gpointer data)
{
    RkTunePage *page = data;
    rk_tune_choose_target(GTK_WIDGET(page), rk_tune_setup_draft(page->setup)->name, saved);
}

void
rk_tune_page_try_sample(RkTunePage *page)
{
    g_autoptr(GBytes) bytes = g_resources_lookup_data(SAMPLE, 0, NULL);
    RkSuiteDraft *draft = rk_suite_draft_parse(g_bytes_get_data(bytes, NULL), "sample.json", NULL);
    if (page->running) {
        rk_suite_draft_free(draft);
        rk_app_session_toast(page->session, _("A sweep is running: wait for its end."));
        show_side(page, page->show_run);
        return;
    }
    rk_tune_setup_set(page->setup, draft);
    start(page, FALSE);
}

// ---- earlier sweeps ------------------------------------------------------------------------

static void
loaded(RkJob *job, const RkJobSnapshot *last, gpointer data)
{
    RkAsked *asked = data;
    g_autoptr(RkTunePage) page = g_weak_ref_get(&asked->by);
    g_autoptr(RkOpenedRun) run = rk_job_take_result(job);
    if (run == NULL || page == NULL || page->session == NULL) {
        if (last->error != NULL && page != NULL && page->session != NULL)
            rk_app_session_toast(page->session, last->error->message);
        return;
    }
    rk_tune_setup_set(page->setup, g_steal_pointer(&run->draft));
    if (run->loaded != NULL && !page->running)
        rk_tune_run_show(page->run, run->loaded);
    show_side(page, run->loaded != NULL ? page->show_run : page->show_setup);
}

void
rk_tune_page_open_run(RkTunePage *page, int64_t id)
{
    RkJobSpec spec = rk_open_run_job(rk_app_session_workspace(page->session), id);
    rk_asked(&spec, loaded, page, page->session, NULL, 0);
    rk_app_session_start(page->session, spec, _("Opening a sweep"));
}

static void
on_earlier_picked(RkTunePage *page, const char *id)
{
    rk_tune_page_open_run(page, g_ascii_strtoll(id, NULL, 10));
}

static void
on_earlier(RkTunePage *page)
{
    rk_picker_open(page->earlier, GTK_WIDGET(page));
}

static void
fill_earlier(RkTunePage *page)
{
    rk_tune_fill_earlier(page->earlier, page->session);
}

// ---- the class -----------------------------------------------------------------------------

// The first model is put into a draft that nobody touched: what is trained may be listed only after
// the page is opened.
static void
follow(RkTunePage *page)
{
    const RkContents *contents = rk_app_session_contents(page->session);
    const RkSuiteDraft *draft = rk_tune_setup_draft(page->setup);
    g_autofree char *now = rk_suite_draft_text(draft);
    if (contents != NULL && contents->models->len > 0 && draft->models->len == 0 &&
        g_strcmp0(now, page->untouched) == 0)
        set_first(page);
}

static void
on_contents(RkTunePage *page)
{
    follow(page);
    const RkContents *contents = rk_app_session_contents(page->session);
    gtk_widget_set_sensitive(GTK_WIDGET(page->earlier_bin),
                             contents != NULL && contents->sweeps->len > 0);
    show_summary(page);
}

static void
page_dispose(GObject *object)
{
    RkTunePage *page = RK_TUNE_PAGE(object);
    if (page->session != NULL && rk_app_session_jobs(page->session) != NULL)
        rk_jobs_unwatch(rk_app_session_jobs(page->session), page->watch);
    if (page->earlier != NULL)
        gtk_window_destroy(GTK_WINDOW(g_steal_pointer(&page->earlier)));
    g_clear_pointer(&page->untouched, g_free);
    g_clear_object(&page->session);
    g_clear_object(&page->actions);
    G_OBJECT_CLASS(rk_tune_page_parent_class)->dispose(object);
}

static void
rk_tune_page_class_init(RkTunePageClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = page_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/org/rankine/Rankine/tune.ui");
    gtk_widget_class_bind_template_child(widget, RkTunePage, show_setup);
    gtk_widget_class_bind_template_child(widget, RkTunePage, show_run);
    gtk_widget_class_bind_template_child(widget, RkTunePage, earlier_bin);
    gtk_widget_class_bind_template_child(widget, RkTunePage, stack);
    gtk_widget_class_bind_template_child(widget, RkTunePage, foot);
    gtk_widget_class_bind_template_child(widget, RkTunePage, summary);
    gtk_widget_class_bind_template_child(widget, RkTunePage, resume);
    gtk_widget_class_bind_template_child_full(widget, "run", FALSE,
                                              G_STRUCT_OFFSET(RkTunePage, run_button));
    gtk_widget_class_bind_template_callback(widget, on_side);
}

static void
rk_tune_page_init(RkTunePage *page)
{
    static const GActionEntry ACTIONS[] = {{.name = "new", .activate = act_new},
                                           {.name = "open", .activate = act_open},
                                           {.name = "save", .activate = act_save},
                                           {.name = "run", .activate = act_run},
                                           {.name = "resume", .activate = act_resume}};
    gtk_widget_init_template(GTK_WIDGET(page));
    page->actions = g_simple_action_group_new();
    g_action_map_add_action_entries(G_ACTION_MAP(page->actions), ACTIONS, G_N_ELEMENTS(ACTIONS),
                                    page);
    gtk_widget_insert_action_group(GTK_WIDGET(page), "tune", G_ACTION_GROUP(page->actions));
    page->earlier = RK_PICKER(rk_picker_new(_("Earlier Sweeps"), _("Search earlier sweeps")));
    GtkWidget *button = gtk_button_new_from_icon_name("document-open-recent-symbolic");
    rk_set_tooltip(button, _("Earlier sweeps"));
    g_signal_connect_swapped(button, "clicked", G_CALLBACK(on_earlier), page);
    gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _("Earlier sweeps"), -1);
    gtk_widget_add_css_class(button, "flat");
    adw_bin_set_child(page->earlier_bin, button);
    g_signal_connect_swapped(page->earlier, "picked", G_CALLBACK(on_earlier_picked), page);
    g_signal_connect_swapped(page->earlier, "show", G_CALLBACK(fill_earlier), page);
}

GtkWidget *
rk_tune_page_new(RkAppSession *session)
{
    RkTunePage *page = g_object_new(RK_TYPE_TUNE_PAGE, NULL);
    page->session = g_object_ref(session);
    page->setup = RK_TUNE_SETUP(rk_tune_setup_new(session));
    page->run = RK_TUNE_RUN(rk_tune_run_new(session));
    gtk_stack_add_child(page->stack, GTK_WIDGET(page->setup));
    gtk_stack_add_child(page->stack, GTK_WIDGET(page->run));
    page->watch = rk_jobs_watch(rk_app_session_jobs(session), told, page);
    g_signal_connect_object(page->setup, "changed", G_CALLBACK(show_summary), page,
                            G_CONNECT_SWAPPED);
    g_signal_connect_object(session, "changed::contents", G_CALLBACK(on_contents), page,
                            G_CONNECT_SWAPPED);
    g_object_set_data(G_OBJECT(page), "search", rk_tune_run_search(page->run));
    set_first(page);
    on_contents(page);
    return GTK_WIDGET(page);
}
