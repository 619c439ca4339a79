// SPDX-License-Identifier: GPL-3.0-or-later
//
// Reports: which runs, what the report says and how its pages look, where it is written to, and
// what was written before.
#include <glib/gi18n.h>
#include <string.h>

#include "report/report.h"
#include "report/text.h"
#include "ui/ask_file.h"
#include "ui/asked.h"
#include "ui/page.h"
#include "ui/run_list.h"
#include "ui/widgets.h"

#include <cairo.h>

#define PREVIEW_PAGES 6u
#define PREVIEW_SCALE 1.4 // px a point: sharp at the width that pages are shown in
#define PAGE_WIDTH    560 // px that a page is shown in at most
#define MOST_EXPORTS  20u

#define RK_TYPE_REPORTS_PAGE (rk_reports_page_get_type())
G_DECLARE_FINAL_TYPE(RkReportsPage, rk_reports_page, RK, REPORTS_PAGE, AdwBin)

struct _RkReportsPage {
    AdwBin parent;
    RkAppSession *session;
    GtkStack *stack, *side;
    AdwBin *error_bin, *list_bin;
    GtkLabel *answer;
    GtkBox *pages;
    AdwPreferencesGroup *exports;
    RkRunList *list;
    GSimpleActionGroup *actions;
    RkJob *job;    // that draws the preview; NULL when none does
    guint waiting; // an idle source
};

G_DEFINE_FINAL_TYPE(RkReportsPage, rk_reports_page, ADW_TYPE_BIN)

static void show_exports(RkReportsPage *page);

// ---- preview -------------------------------------------------------------------------------

static GtkWidget *
page_picture(cairo_surface_t *surface, guint number)
{
    const int width = cairo_image_surface_get_width(surface);
    const int height = cairo_image_surface_get_height(surface);
    const gsize stride = (gsize)cairo_image_surface_get_stride(surface);
    cairo_surface_flush(surface);
    g_autoptr(GBytes) bytes = g_bytes_new_with_free_func(
        cairo_image_surface_get_data(surface), stride * (gsize)height,
        (GDestroyNotify)cairo_surface_destroy, cairo_surface_reference(surface));
    g_autoptr(GdkTexture) texture =
        gdk_memory_texture_new(width, height, GDK_MEMORY_DEFAULT, bytes, stride);
    GtkWidget *picture = gtk_picture_new_for_paintable(GDK_PAINTABLE(texture));
    GtkWidget *clamp = adw_clamp_new();
    g_autofree char *text = g_strdup_printf(_("Page %u of the report"), number);
    gtk_picture_set_alternative_text(GTK_PICTURE(picture), text);
    gtk_widget_add_css_class(picture, "report-page");
    adw_clamp_set_maximum_size(ADW_CLAMP(clamp), PAGE_WIDTH);
    adw_clamp_set_tightening_threshold(ADW_CLAMP(clamp), PAGE_WIDTH);
    adw_clamp_set_child(ADW_CLAMP(clamp), picture);
    return clamp;
}

static void
clear_pages(RkReportsPage *page)
{
    GtkWidget *child;
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(page->pages))) != NULL)
        gtk_box_remove(page->pages, child);
}

static void
previewed(RkJob *job, const RkJobSnapshot *last, gpointer data)
{
    RkAsked *asked = data;
    g_autoptr(RkReportsPage) page = g_weak_ref_get(&asked->by);
    g_autoptr(GPtrArray) pages = rk_job_take_result(job);
    if (page != NULL && page->session != NULL && page->job == job) {
        page->job = NULL;
        clear_pages(page);
        for (guint i = 0; pages != NULL && i < pages->len; i++)
            gtk_box_append(page->pages, page_picture(g_ptr_array_index(pages, i), i + 1));
    }
}

static void
show_answer(RkReportsPage *page, const GPtrArray *runs)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < runs->len; i++) {
        const RkLoadedRun *run = g_ptr_array_index(runs, i);
        g_autofree char *answer = rk_report_answer(run->results);
        g_auto(GStrv) lines = g_strsplit(answer, "\n", -1);
        if (runs->len > 1)
            g_string_append_printf(text, "%s%s:", i > 0 ? "\n" : "", run->name);
        for (char **line = lines; *line != NULL; line++) {
            g_autofree char *clean = rk_text_clean(*line);
            g_string_append_printf(text, "%s%s", text->len > 0 ? "\n" : "", clean);
        }
    }
    gtk_label_set_text(page->answer, text->str);
}

static gboolean
update(gpointer data)
{
    RkReportsPage *page = data;
    g_autoptr(GPtrArray) runs = rk_run_list_runs(page->list);
    page->waiting = 0;
    if (page->job != NULL)
        rk_job_cancel(page->job);
    page->job = NULL;
    if (runs->len == 0) {
        gtk_stack_set_visible_child_name(page->side,
                                         rk_run_list_is_reading(page->list) ? "reading" : "none");
        return G_SOURCE_REMOVE;
    }
    RkJobSpec spec =
        rk_preview_job(rk_app_session_workspace(page->session), runs, PREVIEW_PAGES, PREVIEW_SCALE);
    rk_asked(&spec, previewed, page, page->session, NULL, 0);
    page->job = rk_jobs_start(rk_app_session_jobs(page->session), &spec);
    show_answer(page, runs);
    gtk_stack_set_visible_child_name(page->side, "shown");
    return G_SOURCE_REMOVE;
}

static void
update_soon(RkReportsPage *page)
{
    if (page->waiting == 0)
        page->waiting = g_idle_add(update, page);
}

// ---- exporting -----------------------------------------------------------------------------

static void
open_path(GtkWindow *window, const char *path)
{
    g_autofree char *uri = g_filename_to_uri(path, NULL, NULL);
    if (uri != NULL)
        gtk_show_uri(window, uri, GDK_CURRENT_TIME);
}

static void
open_from_toast(AdwToast *toast, gpointer data)
{
    GApplication *app = g_application_get_default();
    GtkWindow *window =
        app != NULL ? gtk_application_get_active_window(GTK_APPLICATION(app)) : NULL;
    open_path(window, g_object_get_data(G_OBJECT(toast), "path"));
}

// The newest first, each once.
static void
keep_export(RkAppSession *session, const char *path)
{
    GSettings *settings = rk_app_session_settings(session);
    g_auto(GStrv) before = g_settings_get_strv(settings, "exports");
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    g_ptr_array_add(all, (gpointer)path);
    for (char **one = before; *one != NULL && all->len < MOST_EXPORTS; one++)
        if (strcmp(*one, path) != 0)
            g_ptr_array_add(all, *one);
    g_ptr_array_add(all, NULL);
    g_settings_set_strv(settings, "exports", (const char *const *)all->pdata);
}

static void
exported(RkJob *job, const RkJobSnapshot *last, gpointer data)
{
    RkAsked *asked = data;
    g_autoptr(RkReportsPage) page = g_weak_ref_get(&asked->by);
    g_autoptr(RkAppSession) session = g_weak_ref_get(&asked->session);
    g_autofree char *name = g_path_get_basename(asked->name);
    if (session != NULL && last->state == RK_JOB_DONE) {
        // Translators: %s is a file's name.
        g_autofree char *text = g_strdup_printf(_("Wrote %s"), name);
        g_autofree char *escaped = g_markup_escape_text(text, -1);
        g_autoptr(AdwToast) toast = g_object_ref_sink(adw_toast_new(escaped));
        adw_toast_set_button_label(toast, _("_Open"));
        g_object_set_data_full(G_OBJECT(toast), "path", g_strdup(asked->name), g_free);
        g_signal_connect(toast, "button-clicked", G_CALLBACK(open_from_toast), NULL);
        g_signal_emit_by_name(session, "toast", toast);
        keep_export(session, asked->name);
        if (page != NULL && page->session != NULL)
            show_exports(page);
    } else if (session != NULL && last->state == RK_JOB_FAILED) {
        rk_app_session_toast(session, last->error->message);
    }
}

static void
export_to(RkReportsPage *page, const char *path)
{
    g_autoptr(GPtrArray) runs = rk_run_list_runs(page->list);
    if (runs->len == 0) {
        rk_app_session_toast(page->session, _("Check the runs to report on first."));
        return;
    }
    g_autofree char *name = g_path_get_basename(path);
    // Translators: %s is a file's name.
    g_autofree char *title = g_strdup_printf(_("Writing %s"), name);
    RkJobSpec spec = rk_report_job(rk_app_session_workspace(page->session), runs, path);
    rk_asked(&spec, exported, page, page->session, path, 0);
    rk_app_session_start(page->session, spec, title);
}

static void
chosen(gpointer page, const char *const *paths, gpointer unused)
{
    export_to(page, paths[0]);
}

// "quick-report.html".
static char *
proposed_name(RkReportsPage *page, const char *form)
{
    g_autoptr(GPtrArray) runs = rk_run_list_runs(page->list);
    const RkLoadedRun *first = runs->len > 0 ? g_ptr_array_index(runs, 0) : NULL;
    char *name = g_strdup_printf(
        "%s-report.%s",
        runs->len == 1 && first->results->suite != NULL ? first->results->suite : "rankine", form);
    return g_strdelimit(name, "/\\ :*?\"<>|\n", '-');
}

static void
act_export(GSimpleAction *action, GVariant *target, gpointer data)
{
    RkReportsPage *page = data;
    const char *form = g_variant_get_string(target, NULL);
    g_autofree char *name = proposed_name(page, form);
    const RkAskFile ask = {.title = _("Export the Report"), .accept = _("_Export"), .name = name};
    rk_ask_form(GTK_WIDGET(page), &ask, form, G_OBJECT(page), chosen, NULL, NULL);
}

static void
act_export_to(GSimpleAction *action, GVariant *path, gpointer data)
{
    export_to(data, g_variant_get_string(path, NULL));
}

static void
act_open(GSimpleAction *action, GVariant *path, gpointer data)
{
    open_path(GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(data))), g_variant_get_string(path, NULL));
}

static void
act_forget(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    RkReportsPage *page = data;
    g_settings_reset(rk_app_session_settings(page->session), "exports");
    show_exports(page);
}

// ---- earlier exports -----------------------------------------------------------------------

static GtkWidget *
row_button(const char *icon, const char *text, const char *action, const char *path)
{
    GtkWidget *button = gtk_button_new_from_icon_name(icon);
    rk_set_tooltip(button, text);
    gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    gtk_widget_add_css_class(button, "flat");
    gtk_actionable_set_action_name(GTK_ACTIONABLE(button), action);
    gtk_actionable_set_action_target(GTK_ACTIONABLE(button), "s", path);
    return button;
}

static GtkWidget *
export_row(const char *path)
{
    GtkWidget *row = adw_action_row_new();
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *folder = g_path_get_dirname(path);
    const gboolean there = g_file_test(path, G_FILE_TEST_EXISTS);
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), name);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(row), there ? folder : _("It isn't there any more"));
    adw_action_row_set_title_lines(ADW_ACTION_ROW(row), 2);
    adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(row), 2);
    adw_action_row_add_suffix(ADW_ACTION_ROW(row), row_button("view-refresh-symbolic",
                                                              _("Write again from what is "
                                                                "checked"),
                                                              "reports.export-to", path));
    if (there)
        adw_action_row_add_suffix(ADW_ACTION_ROW(row), row_button("document-open-symbolic",
                                                                  _("Open"), "reports.open", path));
    return row;
}

static void
show_exports(RkReportsPage *page)
{
    g_auto(GStrv) paths = g_settings_get_strv(rk_app_session_settings(page->session), "exports");
    rk_group_clear(page->exports);
    for (char **path = paths; *path != NULL; path++)
        rk_group_add(page->exports, export_row(*path));
    gtk_widget_set_visible(GTK_WIDGET(page->exports), *paths != NULL);
}

// ---- the page ------------------------------------------------------------------------------

static void
show(RkReportsPage *page)
{
    rk_show_contents(page->stack, page->error_bin, rk_app_session_contents_error(page->session),
                     rk_app_session_contents(page->session) != NULL, rk_run_list_n(page->list));
}

static void
page_dispose(GObject *object)
{
    RkReportsPage *page = RK_REPORTS_PAGE(object);
    g_clear_handle_id(&page->waiting, g_source_remove);
    g_clear_object(&page->actions);
    g_clear_object(&page->session);
    G_OBJECT_CLASS(rk_reports_page_parent_class)->dispose(object);
}

static void
rk_reports_page_class_init(RkReportsPageClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = page_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/org/rankine/Rankine/reports.ui");
    gtk_widget_class_bind_template_child(widget, RkReportsPage, stack);
    gtk_widget_class_bind_template_child(widget, RkReportsPage, side);
    gtk_widget_class_bind_template_child(widget, RkReportsPage, error_bin);
    gtk_widget_class_bind_template_child(widget, RkReportsPage, list_bin);
    gtk_widget_class_bind_template_child(widget, RkReportsPage, answer);
    gtk_widget_class_bind_template_child(widget, RkReportsPage, pages);
    gtk_widget_class_bind_template_child(widget, RkReportsPage, exports);
    gtk_widget_class_bind_template_callback(widget, rk_show_pane);
}

static void
rk_reports_page_init(RkReportsPage *page)
{
    static const GActionEntry ACTIONS[] = {
        {.name = "export", .activate = act_export, .parameter_type = "s"},
        {.name = "export-to", .activate = act_export_to, .parameter_type = "s"},
        {.name = "open", .activate = act_open, .parameter_type = "s"},
        {.name = "forget", .activate = act_forget}};
    gtk_widget_init_template(GTK_WIDGET(page));
    page->actions = g_simple_action_group_new();
    g_action_map_add_action_entries(G_ACTION_MAP(page->actions), ACTIONS, G_N_ELEMENTS(ACTIONS),
                                    page);
    gtk_widget_insert_action_group(GTK_WIDGET(page), "reports", G_ACTION_GROUP(page->actions));
}

GtkWidget *
rk_reports_page_new(RkAppSession *session)
{
    RkReportsPage *page = g_object_new(RK_TYPE_REPORTS_PAGE, NULL);
    page->session = g_object_ref(session);
    page->list = RK_RUN_LIST(rk_run_list_new(session, FALSE));
    adw_bin_set_child(page->list_bin, GTK_WIDGET(page->list));
    g_object_set_data(G_OBJECT(page), "search", rk_run_list_search(page->list));
    g_signal_connect_object(page->list, "changed", G_CALLBACK(update_soon), page,
                            G_CONNECT_SWAPPED);
    g_signal_connect_object(session, "changed::contents", G_CALLBACK(show), page,
                            G_CONNECT_SWAPPED);
    show_exports(page);
    show(page);
    update_soon(page);
    return GTK_WIDGET(page);
}
