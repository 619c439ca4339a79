// SPDX-License-Identifier: GPL-3.0-or-later
//
// Datasets: the list with search, the profile of the chosen one, and files dropped to be imported.
#include <glib/gi18n.h>
#include <string.h>

#include "store/dataset.h"
#include "ui/asked.h"
#include "ui/import_dialog.h"
#include "ui/page.h"
#include "ui/pages/profile_view.h"
#include "ui/widgets.h"

#define RK_TYPE_DATA_PAGE (rk_data_page_get_type())
G_DECLARE_FINAL_TYPE(RkDataPage, rk_data_page, RK, DATA_PAGE, AdwBin)

struct _RkDataPage {
    AdwBin parent;
    RkAppSession *session;
    GtkStack *stack;
    AdwBin *error_bin, *detail;
    AdwLeaflet *leaflet;
    GtkWidget *list_side;
    GtkEditable *search;
    GtkListBox *list;
    char *shown;          // name of the dataset beside the list; or NULL
    GHashTable *profiles; // name -> RkProfile
};

G_DEFINE_FINAL_TYPE(RkDataPage, rk_data_page, ADW_TYPE_BIN)

// ---- one dataset ---------------------------------------------------------------------------

static void
show_list(RkDataPage *page)
{
    adw_leaflet_set_visible_child(page->leaflet, page->list_side);
}

static GtkWidget *
detail_head(RkDataPage *page, const char *name)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    GtkWidget *back = gtk_button_new_from_icon_name("go-previous-symbolic");
    GtkWidget *title = gtk_label_new(name);
    GtkWidget *trash = gtk_button_new_from_icon_name("user-trash-symbolic");
    g_object_set(box, "margin-start", 12, "margin-end", 12, "margin-top", 12, NULL);
    g_object_set(title, "xalign", 0.0F, "hexpand", TRUE, "ellipsize", PANGO_ELLIPSIZE_MIDDLE, NULL);
    rk_set_tooltip(title, name);
    gtk_widget_add_css_class(title, "title-2");
    rk_set_tooltip(back, _("All datasets"));
    rk_set_tooltip(trash, _("Remove this dataset"));
    gtk_accessible_update_property(GTK_ACCESSIBLE(back), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _("All datasets"), -1);
    gtk_accessible_update_property(GTK_ACCESSIBLE(trash), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _("Remove this dataset"), -1);
    gtk_actionable_set_action_name(GTK_ACTIONABLE(trash), "win.remove-dataset");
    gtk_actionable_set_action_target(GTK_ACTIONABLE(trash), "s", name);
    g_object_bind_property(page->leaflet, "folded", back, "visible", G_BINDING_SYNC_CREATE);
    g_signal_connect_object(back, "clicked", G_CALLBACK(show_list), page, G_CONNECT_SWAPPED);
    gtk_box_append(GTK_BOX(box), back);
    gtk_box_append(GTK_BOX(box), title);
    gtk_box_append(GTK_BOX(box), trash);
    return box;
}

static void
show_detail(RkDataPage *page, GtkWidget *below)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    gtk_widget_set_vexpand(below, TRUE);
    gtk_box_append(GTK_BOX(box), detail_head(page, page->shown));
    gtk_box_append(GTK_BOX(box), below);
    adw_bin_set_child(page->detail, box);
}

static void
show_profile(RkDataPage *page, const RkProfile *profile)
{
    GtkWidget *below = adw_preferences_page_new();
    rk_profile_view_add(ADW_PREFERENCES_PAGE(below), profile);
    show_detail(page, below);
}

static void
profiled(RkJob *job, const RkJobSnapshot *last, gpointer data)
{
    RkAsked *asked = data;
    g_autoptr(RkDataPage) page = g_weak_ref_get(&asked->by);
    RkProfile *profile = rk_job_take_result(job);
    if (page == NULL || page->session == NULL) {
        rk_profile_free(profile);
        return;
    }
    const gboolean shown = g_strcmp0(page->shown, asked->name) == 0;
    if (profile != NULL)
        g_hash_table_replace(page->profiles, g_steal_pointer(&asked->name), profile);
    if (shown && profile != NULL)
        show_profile(page, profile);
    else if (shown && last->error != NULL)
        show_detail(page, rk_error_page(_("This dataset can't be profiled"), last->error));
    else if (shown)
        show_list(page);
}

static void
show_dataset(RkDataPage *page, const char *name)
{
    const RkProfile *profile = g_hash_table_lookup(page->profiles, name);
    g_free(page->shown);
    page->shown = g_strdup(name);
    if (profile != NULL) {
        show_profile(page, profile);
        return;
    }
    GtkWidget *waiting = adw_status_page_new();
    GtkWidget *spinner = gtk_spinner_new();
    gtk_spinner_start(GTK_SPINNER(spinner));
    g_object_set(spinner, "halign", GTK_ALIGN_CENTER, "width-request", 32, "height-request", 32,
                 NULL);
    adw_status_page_set_title(ADW_STATUS_PAGE(waiting), _("Profiling…"));
    adw_status_page_set_child(ADW_STATUS_PAGE(waiting), spinner);
    show_detail(page, waiting);
    RkJobSpec spec = rk_profile_job(rk_app_session_workspace(page->session), name);
    g_autofree char *title = g_strdup_printf(_("Profiling %s"), name);
    rk_asked(&spec, profiled, page, page->session, name, 0);
    rk_app_session_start(page->session, spec, title);
}

// ---- the list ------------------------------------------------------------------------------

static GtkWidget *
dataset_row(const RkDatasetInfo *info)
{
    GtkWidget *row = adw_action_row_new();
    g_autofree char *rows = rk_grouped_number(info->n_rows);
    g_autofree char *size = g_format_size_full(info->stored_bytes, G_FORMAT_SIZE_IEC_UNITS);
    // Translators: the rows of a dataset, and its size on disk.
    g_autofree char *subtitle = g_strdup_printf(_("%s rows, %s"), rows, size);
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), info->name);
    adw_action_row_set_title_lines(ADW_ACTION_ROW(row), 2);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(row), subtitle);
    gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), TRUE);
    g_object_set_data_full(G_OBJECT(row), "name", g_strdup(info->name), g_free);
    return row;
}

static void
nothing_shown(RkDataPage *page)
{
    GtkWidget *hint = adw_status_page_new();
    adw_status_page_set_title(ADW_STATUS_PAGE(hint), _("Choose a Dataset"));
    adw_status_page_set_description(ADW_STATUS_PAGE(hint), _("Its profile is shown here."));
    g_clear_pointer(&page->shown, g_free);
    adw_bin_set_child(page->detail, hint);
    show_list(page);
}

static void
fill_list(RkDataPage *page, const RkContents *contents)
{
    GtkWidget *row;
    guint n = 0;
    gboolean shown_is_there = FALSE;
    while ((row = GTK_WIDGET(gtk_list_box_get_row_at_index(page->list, 0))) != NULL)
        gtk_list_box_remove(page->list, row);
    for (guint i = 0; i < contents->datasets->len; i++) {
        const RkDatasetInfo *info = g_ptr_array_index(contents->datasets, i);
        if (rk_app_session_is_removed(page->session, RK_KEPT_DATASET, info->name)) {
            // One of the same name may come later.
            g_hash_table_remove(page->profiles, info->name);
            continue;
        }
        row = dataset_row(info);
        gtk_list_box_append(page->list, row);
        n++;
        if (g_strcmp0(info->name, page->shown) == 0) {
            shown_is_there = TRUE;
            gtk_list_box_select_row(page->list, GTK_LIST_BOX_ROW(row));
        }
    }
    if (!shown_is_there)
        nothing_shown(page);
    gtk_stack_set_visible_child_name(page->stack, n > 0 ? "list" : "empty");
}

static void
show(RkDataPage *page)
{
    const RkContents *contents = rk_app_session_contents(page->session);
    const GError *error = rk_app_session_contents_error(page->session);
    if (error != NULL) {
        adw_bin_set_child(page->error_bin, rk_error_page(_("The database can't be opened"), error));
        gtk_stack_set_visible_child_name(page->stack, "error");
    } else if (contents != NULL) {
        fill_list(page, contents);
    }
}

static gboolean
matches(GtkListBoxRow *row, gpointer data)
{
    g_autofree char *wanted =
        g_utf8_casefold(gtk_editable_get_text(RK_DATA_PAGE(data)->search), -1);
    g_autofree char *name = g_utf8_casefold(g_object_get_data(G_OBJECT(row), "name"), -1);
    return strstr(name, wanted) != NULL;
}

static void
on_search(RkDataPage *page)
{
    gtk_list_box_invalidate_filter(page->list);
}

static void
on_row_activated(GtkListBox *list, GtkListBoxRow *row, RkDataPage *page)
{
    show_dataset(page, g_object_get_data(G_OBJECT(row), "name"));
    adw_leaflet_set_visible_child(page->leaflet, GTK_WIDGET(page->detail));
}

static gboolean
dropped(GtkDropTarget *target, const GValue *value, double x, double y, RkDataPage *page)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    for (GSList *file = g_value_get_boxed(value); file != NULL; file = file->next) {
        char *path = g_file_get_path(file->data);
        if (path != NULL)
            g_ptr_array_add(paths, path);
    }
    if (paths->len == 0)
        return FALSE;
    g_ptr_array_add(paths, NULL);
    gtk_window_present(
        GTK_WINDOW(rk_import_dialog_new(GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(page))),
                                        page->session, (const char *const *)paths->pdata)));
    return TRUE;
}

// ---- the class -----------------------------------------------------------------------------

static void
page_dispose(GObject *object)
{
    RkDataPage *page = RK_DATA_PAGE(object);
    g_clear_object(&page->session);
    g_clear_pointer(&page->shown, g_free);
    g_clear_pointer(&page->profiles, g_hash_table_unref);
    G_OBJECT_CLASS(rk_data_page_parent_class)->dispose(object);
}

static void
rk_data_page_class_init(RkDataPageClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = page_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/org/rankine/Rankine/data.ui");
    gtk_widget_class_bind_template_child(widget, RkDataPage, stack);
    gtk_widget_class_bind_template_child(widget, RkDataPage, error_bin);
    gtk_widget_class_bind_template_child(widget, RkDataPage, detail);
    gtk_widget_class_bind_template_child(widget, RkDataPage, leaflet);
    gtk_widget_class_bind_template_child(widget, RkDataPage, list_side);
    gtk_widget_class_bind_template_child(widget, RkDataPage, search);
    gtk_widget_class_bind_template_child(widget, RkDataPage, list);
    gtk_widget_class_bind_template_callback(widget, on_search);
    gtk_widget_class_bind_template_callback(widget, on_row_activated);
}

static void
rk_data_page_init(RkDataPage *page)
{
    gtk_widget_init_template(GTK_WIDGET(page));
    page->profiles =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)rk_profile_free);
}

GtkWidget *
rk_data_page_new(RkAppSession *session)
{
    RkDataPage *page = g_object_new(RK_TYPE_DATA_PAGE, NULL);
    GtkDropTarget *drop = gtk_drop_target_new(GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);
    page->session = g_object_ref(session);
    g_signal_connect_object(drop, "drop", G_CALLBACK(dropped), page, 0);
    gtk_widget_add_controller(GTK_WIDGET(page), GTK_EVENT_CONTROLLER(drop));
    gtk_list_box_set_filter_func(page->list, matches, page, NULL);
    g_object_set_data(G_OBJECT(page), "search", page->search);
    g_signal_connect_object(session, "changed::contents", G_CALLBACK(show), page,
                            G_CONNECT_SWAPPED);
    show(page);
    return GTK_WIDGET(page);
}
