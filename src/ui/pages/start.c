// SPDX-License-Identifier: GPL-3.0-or-later
//
// Where work begins: the sample, an import, the device, and what was done last.
#include <glib/gi18n.h>

#include "store/dataset.h"
#include "store/model.h"
#include "store/run.h"
#include "store/trial.h"
#include "ui/page.h"
#include "ui/widgets.h"

#define SHOWN 8u // recent things

#define RK_TYPE_START_PAGE (rk_start_page_get_type())
G_DECLARE_FINAL_TYPE(RkStartPage, rk_start_page, RK, START_PAGE, AdwBin)

struct _RkStartPage {
    AdwBin parent;
    RkAppSession *session;
    AdwActionRow *device_row;
    AdwPreferencesGroup *recent;
};

G_DEFINE_FINAL_TYPE(RkStartPage, rk_start_page, ADW_TYPE_BIN)

typedef struct {
    const char *name;
    const char *what;
    const char *page;
    int64_t time_s;
    int64_t sweep; // id of a run; 0 for what isn't one
} Recent;

static int
newest_first(gconstpointer a, gconstpointer b)
{
    const int64_t x = ((const Recent *)a)->time_s, y = ((const Recent *)b)->time_s;
    return x < y ? 1 : x > y ? -1 : 0;
}

static GArray *
list_recent(RkAppSession *session, const RkContents *contents)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(Recent));
    for (guint i = 0; i < contents->datasets->len; i++) {
        const RkDatasetInfo *info = g_ptr_array_index(contents->datasets, i);
        const Recent one = {info->name, _("Dataset"), "data", info->created_s, 0};
        if (!rk_app_session_is_removed(session, RK_KEPT_DATASET, info->name))
            g_array_append_val(all, one);
    }
    for (guint i = 0; i < contents->models->len; i++) {
        const RkStoredModel *model = g_ptr_array_index(contents->models, i);
        const Recent one = {model->name, _("Model"), "models", model->created_s, 0};
        if (!rk_app_session_is_removed(session, RK_KEPT_MODEL, model->name))
            g_array_append_val(all, one);
    }
    for (guint i = 0; i < contents->runs->len; i++) {
        const RkStoredRun *run = g_ptr_array_index(contents->runs, i);
        const Recent one = {run->name, _("Training run"), "models", run->created_s, 0};
        g_array_append_val(all, one);
    }
    for (guint i = 0; i < contents->sweeps->len; i++) {
        const RkStoredSuite *run = g_ptr_array_index(contents->sweeps, i);
        const Recent one = {run->name, run->complete ? _("Sweep") : _("Unfinished sweep"), "tune",
                            run->created_s, run->id};
        g_array_append_val(all, one);
    }
    g_array_sort(all, newest_first);
    return all;
}

static GtkWidget *
recent_row(const Recent *recent)
{
    GtkWidget *row = adw_action_row_new();
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(recent->time_s);
    g_autofree char *when = g_date_time_format(time, "%x %H:%M");
    // Translators: what something is, and when it was made.
    g_autofree char *subtitle = g_strdup_printf(_("%s, %s"), recent->what, when);
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), recent->name);
    adw_action_row_set_title_lines(ADW_ACTION_ROW(row), 2);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(row), subtitle);
    adw_action_row_add_suffix(ADW_ACTION_ROW(row),
                              gtk_image_new_from_icon_name("go-next-symbolic"));
    gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), TRUE);
    gtk_actionable_set_action_name(GTK_ACTIONABLE(row), recent->sweep ? "win.sweep" : "win.page");
    if (recent->sweep != 0)
        gtk_actionable_set_action_target(GTK_ACTIONABLE(row), "x", recent->sweep);
    else
        gtk_actionable_set_action_target(GTK_ACTIONABLE(row), "s", recent->page);
    return row;
}

static void
show_recent(RkStartPage *page)
{
    const RkContents *contents = rk_app_session_contents(page->session);
    const GError *error = rk_app_session_contents_error(page->session);
    rk_group_clear(page->recent);
    adw_preferences_group_set_description(page->recent, NULL);
    if (error != NULL) {
        g_autofree char *text = g_markup_escape_text(error->message, -1);
        adw_preferences_group_set_description(page->recent, text);
    }
    if (contents == NULL)
        return;
    g_autoptr(GArray) all = list_recent(page->session, contents);
    for (guint i = 0; i < MIN(all->len, SHOWN); i++)
        rk_group_add(page->recent, recent_row(&g_array_index(all, Recent, i)));
    if (all->len == 0)
        adw_preferences_group_set_description(page->recent,
                                              _("Nothing yet. The sample is a good beginning."));
}

static void
show_device(RkStartPage *page)
{
    const RkDeviceInfo *info = rk_app_session_device(page->session);
    const gboolean looked = rk_app_session_devices(page->session) != NULL ||
                            rk_app_session_devices_error(page->session) != NULL;
    AdwPreferencesRow *row = ADW_PREFERENCES_ROW(page->device_row);
    adw_preferences_row_set_use_markup(row, FALSE);
    if (info != NULL) {
        adw_preferences_row_set_title(row, info->name);
        adw_action_row_set_subtitle(page->device_row, info->driver);
    } else {
        adw_preferences_row_set_title(row,
                                      looked ? _("No Vulkan device") : _("Looking for devices…"));
        adw_action_row_set_subtitle(page->device_row, looked ? _("See what to install") : NULL);
    }
}

static void
page_dispose(GObject *object)
{
    g_clear_object(&RK_START_PAGE(object)->session);
    G_OBJECT_CLASS(rk_start_page_parent_class)->dispose(object);
}

static void
rk_start_page_class_init(RkStartPageClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = page_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/org/rankine/Rankine/start.ui");
    gtk_widget_class_bind_template_child(widget, RkStartPage, device_row);
    gtk_widget_class_bind_template_child(widget, RkStartPage, recent);
}

static void
rk_start_page_init(RkStartPage *page)
{
    gtk_widget_init_template(GTK_WIDGET(page));
}

GtkWidget *
rk_start_page_new(RkAppSession *session)
{
    RkStartPage *page = g_object_new(RK_TYPE_START_PAGE, NULL);
    page->session = g_object_ref(session);
    g_signal_connect_object(session, "changed::contents", G_CALLBACK(show_recent), page,
                            G_CONNECT_SWAPPED);
    g_signal_connect_object(session, "changed::devices", G_CALLBACK(show_device), page,
                            G_CONNECT_SWAPPED);
    show_recent(page);
    show_device(page);
    return GTK_WIDGET(page);
}
