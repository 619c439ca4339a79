// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/window.h"

#include <glib/gi18n.h>
#include <string.h>

#include "ui/generate_dialog.h"
#include "ui/import_dialog.h"
#include "ui/jobs_view.h"
#include "ui/page.h"
#include "ui/pages/tune.h"
#include "ui/preferences.h"
#include "ui/pages/train.h"

struct _RkWindow {
    AdwApplicationWindow parent;
    RkAppSession *session;
    AdwToastOverlay *toasts;
    AdwLeaflet *leaflet;
    GtkWidget *sidebar, *content;
    GtkListBox *list;
    AdwWindowTitle *page_title;
    GtkMenuButton *jobs_button;
    GtkStack *stack;
    guint watch;
    guint n_running;
    gboolean closing; // was asked and said yes
};

G_DEFINE_FINAL_TYPE(RkWindow, rk_window, ADW_TYPE_APPLICATION_WINDOW)

const RkPageRow rk_pages[] = {
#define RK_PAGE(id, title, icon, make) {id, title, icon, make},
#include "ui/pages.def"
#undef RK_PAGE
    {NULL},
};

// ---- pages ---------------------------------------------------------------------------------

static const RkPageRow *
find_page(const char *id)
{
    for (const RkPageRow *page = rk_pages; page->id != NULL; page++)
        if (strcmp(page->id, id) == 0)
            return page;
    return NULL;
}

void
rk_window_show_page(RkWindow *window, const char *id)
{
    const RkPageRow *page = find_page(id);
    if (page == NULL) // of an older settings file
        page = &rk_pages[0];
    if (gtk_stack_get_child_by_name(window->stack, page->id) == NULL)
        gtk_stack_add_named(window->stack, page->make(window->session), page->id);
    gtk_stack_set_visible_child_name(window->stack, page->id);
    adw_window_title_set_title(window->page_title, _(page->title));
    adw_leaflet_set_visible_child(window->leaflet, window->content);
    gtk_list_box_select_row(window->list,
                            gtk_list_box_get_row_at_index(window->list, (int)(page - rk_pages)));
    g_settings_set_string(rk_app_session_settings(window->session), "page", page->id);
}

static void
on_row_activated(GtkListBox *list, GtkListBoxRow *row, RkWindow *window)
{
    rk_window_show_page(window, rk_pages[gtk_list_box_row_get_index(row)].id);
}

static void
add_sidebar_row(RkWindow *window, const RkPageRow *page)
{
    GtkWidget *row = gtk_list_box_row_new();
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
    GtkWidget *icon = gtk_image_new_from_icon_name(page->icon);
    GtkWidget *label = gtk_label_new(_(page->title));
    gtk_widget_set_margin_start(box, 3);
    gtk_box_append(GTK_BOX(box), icon);
    gtk_box_append(GTK_BOX(box), label);
    gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(row), box);
    gtk_accessible_update_property(GTK_ACCESSIBLE(row), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _(page->title), -1);
    gtk_list_box_append(window->list, row);
}

// ---- jobs ----------------------------------------------------------------------------------

static void
notify_end(RkWindow *window, const RkJobSnapshot *job)
{
    GtkApplication *app = gtk_window_get_application(GTK_WINDOW(window));
    if (app == NULL || gtk_window_is_active(GTK_WINDOW(window)) || job->state == RK_JOB_CANCELLED ||
        !g_settings_get_boolean(rk_app_session_settings(window->session), "notify"))
        return;
    if (g_application_get_dbus_connection(G_APPLICATION(app)) == NULL)
        return; // no session bus, nobody to show it
    g_autoptr(GNotification) notification = g_notification_new(job->title);
    g_autofree char *id = g_strdup_printf("job-%" G_GUINT64_FORMAT, job->id);
    g_notification_set_body(notification,
                            job->state == RK_JOB_DONE ? _("Done.") : job->error->message);
    g_notification_set_default_action(notification, "app.activate");
    g_application_send_notification(G_APPLICATION(app), id, notification);
}

static char *
jobs_text(guint n)
{
    return n > 0 ? g_strdup_printf(ngettext("%u job is running", "%u jobs are running", n), n)
                 : g_strdup(_("Jobs"));
}

// Asked for when it is shown: a tooltip that is set looks for what is under the pointer, and a
// job often begins or ends just as a dialog closes there (see rk_set_tooltip()).
static gboolean
jobs_tooltip(GtkWidget *button, int x, int y, gboolean by_keys, GtkTooltip *tooltip,
             RkWindow *window)
{
    g_autofree char *text = jobs_text(window->n_running);
    gtk_tooltip_set_text(tooltip, text);
    return TRUE;
}

static void
told(RkJobs *jobs, RkJob *job, const RkJobSnapshot *snapshot, gpointer data)
{
    RkWindow *window = data;
    const guint n = rk_jobs_n_running(jobs);
    if (snapshot != NULL && snapshot->state != RK_JOB_RUNNING && !rk_job_is_quiet(job))
        notify_end(window, snapshot);
    if (n == window->n_running)
        return;
    window->n_running = n;
    g_autofree char *text = jobs_text(n);
    gtk_accessible_update_property(GTK_ACCESSIBLE(window->jobs_button),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
    if (n > 0)
        gtk_widget_add_css_class(GTK_WIDGET(window->jobs_button), "accent");
    else
        gtk_widget_remove_css_class(GTK_WIDGET(window->jobs_button), "accent");
}

// ---- closing -------------------------------------------------------------------------------

static void
keep_state(RkWindow *window)
{
    GSettings *settings = rk_app_session_settings(window->session);
    int width, height;
    gtk_window_get_default_size(GTK_WINDOW(window), &width, &height);
    g_settings_set_int(settings, "window-width", CLAMP(width, 360, 16384));
    g_settings_set_int(settings, "window-height", CLAMP(height, 294, 16384));
    g_settings_set_boolean(settings, "window-maximized",
                           gtk_window_is_maximized(GTK_WINDOW(window)));
}

static gboolean
close_now(gpointer window)
{
    gtk_window_close(window);
    return G_SOURCE_REMOVE;
}

static void
close_answered(AdwMessageDialog *dialog, const char *response, RkWindow *window)
{
    if (strcmp(response, "stop") != 0)
        return;
    RkJobs *jobs = rk_app_session_jobs(window->session);
    for (guint i = 0; i < rk_jobs_n(jobs); i++)
        rk_job_cancel(rk_jobs_at(jobs, i));
    window->closing = TRUE;
    // The dialog is still on its way out and needs its parent until then.
    g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, close_now, g_object_ref(window), g_object_unref);
}

// How many running jobs keep what they did; `what` of one of them, a sentence, or NULL.
static guint
n_that_keep(const RkJobs *jobs, const char **what)
{
    guint n = 0;
    *what = NULL;
    for (guint i = 0; i < rk_jobs_n(jobs); i++) {
        RkJob *job = rk_jobs_at(jobs, i);
        g_autoptr(RkJobSnapshot) now = rk_job_snapshot(job);
        if (now->state != RK_JOB_RUNNING || rk_job_is_quiet(job) || rk_job_keeps(job) == NULL)
            continue;
        *what = _(rk_job_keeps(job));
        n++;
    }
    return n;
}

// What becomes of `n` running jobs of which `n_keep` keep what they did.
static char *
stop_text(guint n, guint n_keep, const char *what)
{
    if (n_keep == 0)
        return g_strdup(ngettext("It hasn't ended. What it wrote so far is taken back.",
                                 "They haven't ended. What they wrote so far is taken back.", n));
    if (n == 1) // Translators: after a full stop comes what is kept of the job.
        return g_strdup_printf(_("It hasn't ended. %s"), what);
    if (n_keep >= n)
        return g_strdup(
            _("They haven't ended. What was done so far is kept: they can be resumed."));
    return g_strdup(_("They haven't ended. Trainings and sweeps keep what was done so far and can "
                      "be resumed; what the others wrote is taken back."));
}

static gboolean
close_request(GtkWindow *gtk_window)
{
    RkWindow *window = RK_WINDOW(gtk_window);
    const RkJobs *jobs = rk_app_session_jobs(window->session);
    const char *what;
    const guint n = rk_jobs_n_running(jobs), n_keep = n_that_keep(jobs, &what);
    // Not beside a question, and not left to the window's end: GTK 4.8 then takes the end of its
    // grab for a pointer that rests on something, and looks for a tooltip in a window that is gone.
    gtk_menu_button_popdown(window->jobs_button);
    if (n == 0 || window->closing) {
        keep_state(window);
        rk_app_session_settle(window->session);
        return GTK_WINDOW_CLASS(rk_window_parent_class)->close_request(gtk_window);
    }
    g_autofree char *text = stop_text(n, n_keep, what);
    GtkWidget *dialog = adw_message_dialog_new(
        gtk_window, ngettext("Stop the Running Job?", "Stop the Running Jobs?", n), text);
    adw_message_dialog_add_responses(ADW_MESSAGE_DIALOG(dialog), "keep", _("_Keep Running"), "stop",
                                     _("_Stop and Close"), NULL);
    if (n_keep < n)
        adw_message_dialog_set_response_appearance(ADW_MESSAGE_DIALOG(dialog), "stop",
                                                   ADW_RESPONSE_DESTRUCTIVE);
    adw_message_dialog_set_default_response(ADW_MESSAGE_DIALOG(dialog), "keep");
    adw_message_dialog_set_close_response(ADW_MESSAGE_DIALOG(dialog), "keep");
    g_signal_connect_object(dialog, "response", G_CALLBACK(close_answered), window, 0);
    gtk_window_present(GTK_WINDOW(dialog));
    return TRUE;
}

// ---- actions -------------------------------------------------------------------------------

static void
act_page(GtkWidget *widget, const char *name, GVariant *target)
{
    rk_window_show_page(RK_WINDOW(widget), g_variant_get_string(target, NULL));
}

static void
act_back(GtkWidget *widget, const char *name, GVariant *target)
{
    RkWindow *window = RK_WINDOW(widget);
    adw_leaflet_set_visible_child(window->leaflet, window->sidebar);
    gtk_widget_grab_focus(GTK_WIDGET(window->list));
}

static void
act_refresh(GtkWidget *widget, const char *name, GVariant *target)
{
    rk_app_session_refresh(RK_WINDOW(widget)->session);
}

static void
act_jobs(GtkWidget *widget, const char *name, GVariant *target)
{
    gtk_menu_button_popup(RK_WINDOW(widget)->jobs_button);
}

static void
act_search(GtkWidget *widget, const char *name, GVariant *target)
{
    GtkWidget *page = gtk_stack_get_visible_child(RK_WINDOW(widget)->stack);
    GtkWidget *search = page != NULL ? g_object_get_data(G_OBJECT(page), "search") : NULL;
    if (search != NULL && gtk_widget_get_mapped(search))
        gtk_widget_grab_focus(search);
}

static void
act_import_files(GtkWidget *widget, const char *name, GVariant *target)
{
    rk_import_choose(GTK_WINDOW(widget), RK_WINDOW(widget)->session, FALSE);
}

static void
act_import_folder(GtkWidget *widget, const char *name, GVariant *target)
{
    rk_import_choose(GTK_WINDOW(widget), RK_WINDOW(widget)->session, TRUE);
}

static void
act_generate(GtkWidget *widget, const char *name, GVariant *target)
{
    GtkWidget *dialog = rk_generate_dialog_new(GTK_WINDOW(widget), RK_WINDOW(widget)->session);
    gtk_window_present(GTK_WINDOW(dialog));
}

static RkTunePage *
tune_page(GtkWidget *widget)
{
    RkWindow *window = RK_WINDOW(widget);
    rk_window_show_page(window, "tune");
    return RK_TUNE_PAGE(gtk_stack_get_child_by_name(window->stack, "tune"));
}

static void
act_sample(GtkWidget *widget, const char *name, GVariant *target)
{
    rk_tune_page_try_sample(tune_page(widget));
}

static void
act_sweep(GtkWidget *widget, const char *name, GVariant *target)
{
    rk_tune_page_open_run(tune_page(widget), g_variant_get_int64(target));
}

// "deepfm", or "deepfm/NAME" to begin with the weights of a trained one.
static void
act_train(GtkWidget *widget, const char *name, GVariant *target)
{
    RkWindow *window = RK_WINDOW(widget);
    const char *wanted = g_variant_get_string(target, NULL);
    const char *slash = strchr(wanted, '/');
    g_autofree char *model = g_strndup(wanted, strcspn(wanted, "/"));
    rk_window_show_page(window, "train");
    rk_train_page_begin(gtk_stack_get_visible_child(window->stack), model,
                        slash != NULL ? slash + 1 : NULL);
}

static void
act_preferences(GtkWidget *widget, const char *name, GVariant *target)
{
    gtk_window_present(
        GTK_WINDOW(rk_preferences_new(GTK_WINDOW(widget), RK_WINDOW(widget)->session)));
}

static void
act_measure(GtkWidget *widget, const char *name, GVariant *target)
{
    rk_app_session_measure(RK_WINDOW(widget)->session);
}

static void
act_remove_dataset(GtkWidget *widget, const char *name, GVariant *target)
{
    rk_app_session_remove(RK_WINDOW(widget)->session, RK_KEPT_DATASET,
                          g_variant_get_string(target, NULL));
}

static void
act_remove_model(GtkWidget *widget, const char *name, GVariant *target)
{
    rk_app_session_remove(RK_WINDOW(widget)->session, RK_KEPT_MODEL,
                          g_variant_get_string(target, NULL));
}

static const struct {
    const char *name;
    const char *type;
    GtkWidgetActionActivateFunc func;
} ACTIONS[] = {
    {"win.page", "s", act_page},
    {"win.back", NULL, act_back},
    {"win.refresh", NULL, act_refresh},
    {"win.jobs", NULL, act_jobs},
    {"win.search", NULL, act_search},
    {"win.import-files", NULL, act_import_files},
    {"win.import-folder", NULL, act_import_folder},
    {"win.generate", NULL, act_generate},
    {"win.sample", NULL, act_sample},
    {"win.sweep", "x", act_sweep},
    {"win.measure", NULL, act_measure},
    {"win.preferences", NULL, act_preferences},
    {"win.train", "s", act_train},
    {"win.remove-dataset", "s", act_remove_dataset},
    {"win.remove-model", "s", act_remove_model},
};

// ---- the class -----------------------------------------------------------------------------

static void
window_dispose(GObject *object)
{
    RkWindow *window = RK_WINDOW(object);
    if (window->session != NULL && window->watch != 0)
        rk_jobs_unwatch(rk_app_session_jobs(window->session), window->watch);
    window->watch = 0;
    // The settings outlive the window and would still tell its group of actions.
    if (window->session != NULL)
        g_action_map_remove_action(G_ACTION_MAP(window), "appearance");
    g_clear_object(&window->session);
    G_OBJECT_CLASS(rk_window_parent_class)->dispose(object);
}

static void
rk_window_class_init(RkWindowClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = window_dispose;
    GTK_WINDOW_CLASS(class)->close_request = close_request;
    gtk_widget_class_set_template_from_resource(widget, "/org/rankine/Rankine/window.ui");
    gtk_widget_class_bind_template_child(widget, RkWindow, toasts);
    gtk_widget_class_bind_template_child(widget, RkWindow, leaflet);
    gtk_widget_class_bind_template_child(widget, RkWindow, sidebar);
    gtk_widget_class_bind_template_child(widget, RkWindow, content);
    gtk_widget_class_bind_template_child(widget, RkWindow, list);
    gtk_widget_class_bind_template_child(widget, RkWindow, page_title);
    gtk_widget_class_bind_template_child(widget, RkWindow, jobs_button);
    gtk_widget_class_bind_template_child(widget, RkWindow, stack);
    gtk_widget_class_bind_template_callback(widget, on_row_activated);
    gtk_widget_class_bind_template_callback(widget, jobs_tooltip);
    for (size_t i = 0; i < G_N_ELEMENTS(ACTIONS); i++)
        gtk_widget_class_install_action(widget, ACTIONS[i].name, ACTIONS[i].type, ACTIONS[i].func);
}

static void
rk_window_init(RkWindow *window)
{
    gtk_widget_init_template(GTK_WIDGET(window));
    for (const RkPageRow *page = rk_pages; page->id != NULL; page++)
        add_sidebar_row(window, page);
}

static void
on_toast(RkAppSession *session, AdwToast *toast, RkWindow *window)
{
    adw_toast_overlay_add_toast(window->toasts, g_object_ref(toast));
}

static void
apply_appearance(GSettings *settings, const char *key, RkWindow *window)
{
    static const struct {
        const char *name;
        AdwColorScheme scheme;
    } SCHEMES[] = {{"light", ADW_COLOR_SCHEME_FORCE_LIGHT}, {"dark", ADW_COLOR_SCHEME_FORCE_DARK}};
    g_autofree char *name = g_settings_get_string(settings, "appearance");
    AdwColorScheme scheme = ADW_COLOR_SCHEME_DEFAULT;
    for (size_t i = 0; i < G_N_ELEMENTS(SCHEMES); i++)
        if (strcmp(name, SCHEMES[i].name) == 0)
            scheme = SCHEMES[i].scheme;
    adw_style_manager_set_color_scheme(adw_style_manager_get_default(), scheme);
}

GtkWidget *
rk_window_new(AdwApplication *app, RkAppSession *session)
{
    RkWindow *window = g_object_new(RK_TYPE_WINDOW, "application", app, NULL);
    GSettings *settings = rk_app_session_settings(session);
    g_autofree char *page = g_settings_get_string(settings, "page");
    window->session = g_object_ref(session);
    window->watch = rk_jobs_watch(rk_app_session_jobs(session), told, window);
    GtkWidget *popover = gtk_popover_new();
    gtk_popover_set_child(GTK_POPOVER(popover), rk_jobs_view_new(session));
    gtk_menu_button_set_popover(window->jobs_button, popover);
    g_signal_connect_object(session, "toast", G_CALLBACK(on_toast), window, 0);
    g_signal_connect_object(settings, "changed::appearance", G_CALLBACK(apply_appearance), window,
                            0);
    apply_appearance(settings, "appearance", window);
    g_autoptr(GAction) appearance = g_settings_create_action(settings, "appearance");
    g_action_map_add_action(G_ACTION_MAP(window), appearance);
    gtk_window_set_default_size(GTK_WINDOW(window), g_settings_get_int(settings, "window-width"),
                                g_settings_get_int(settings, "window-height"));
    if (g_settings_get_boolean(settings, "window-maximized"))
        gtk_window_maximize(GTK_WINDOW(window));
    rk_window_show_page(window, page);
    return GTK_WIDGET(window);
}
