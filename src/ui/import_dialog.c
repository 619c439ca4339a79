// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/import_dialog.h"

#include <glib/gi18n.h>
#include <string.h>

#include "dataset/clean.h"
#include "store/dataset.h"
#include "ui/asked.h"
#include "ui/ask_file.h"
#include "ui/params_form.h"
#include "ui/widgets.h"

#define SHOWN_FIELDS    12u // side by side in the first rows
#define CELL_CHARACTERS 24

struct _RkImportDialog {
    AdwWindow parent;
    RkAppSession *session;
    RkJob *job; // that looks at the files; NULL once it ended
    RkImportLook *look;
    GtkStack *stack;
    AdwBin *error_bin;
    AdwPreferencesPage *page;
    GtkEditable *name;
    GtkLabel *name_problem;
    GtkWidget *accept;
    RkParamsForm *split, *clean;
};

G_DEFINE_FINAL_TYPE(RkImportDialog, rk_import_dialog, ADW_TYPE_WINDOW)

char *
rk_dataset_name_problem(RkAppSession *session, const char *name)
{
    const RkContents *contents = rk_app_session_contents(session);
    if (*name == '\0')
        return g_strdup(_("A dataset needs a name."));
    for (guint i = 0; contents != NULL && i < contents->datasets->len; i++) {
        const RkDatasetInfo *info = g_ptr_array_index(contents->datasets, i);
        if (strcmp(info->name, name) == 0)
            return g_strdup(_("There is a dataset of that name already. Choose another."));
    }
    return NULL;
}

static void
check(RkImportDialog *dialog)
{
    g_autofree char *problem =
        rk_dataset_name_problem(dialog->session, gtk_editable_get_text(dialog->name));
    const gboolean forms = dialog->split != NULL && rk_params_form_get(dialog->split, NULL) &&
                           rk_params_form_get(dialog->clean, NULL);
    gtk_label_set_text(dialog->name_problem, problem != NULL ? problem : "");
    gtk_widget_set_visible(GTK_WIDGET(dialog->name_problem), problem != NULL);
    gtk_widget_set_sensitive(dialog->accept, problem == NULL && dialog->look != NULL && forms);
}

static void
on_name_changed(RkImportDialog *dialog)
{
    if (dialog->session != NULL)
        check(dialog);
}

static void
show_error(RkImportDialog *dialog, const GError *error)
{
    adw_bin_set_child(dialog->error_bin, rk_error_page(_("These files can't be imported"), error));
    gtk_stack_set_visible_child_name(dialog->stack, "error");
}

// ---- the schema ----------------------------------------------------------------------------

static void
kind_chosen(AdwComboRow *combo, GParamSpec *pspec, RkImportDialog *dialog)
{
    const char *field = g_object_get_data(G_OBJECT(combo), "field");
    const RkFieldKind kind = (RkFieldKind)adw_combo_row_get_selected(combo);
    g_autoptr(GError) error = NULL;
    g_autofree char *edit = g_strdup_printf("%s.kind=%s", field, rk_field_kind_name(kind));
    if (dialog->look == NULL)
        return;
    if (rk_import_edit(dialog->look->import, edit, &error)) {
        adw_action_row_set_subtitle(ADW_ACTION_ROW(combo), _("chosen by you"));
        gtk_widget_remove_css_class(GTK_WIDGET(combo), "error");
        return;
    }
    adw_action_row_set_subtitle(ADW_ACTION_ROW(combo), error->message);
    gtk_widget_add_css_class(GTK_WIDGET(combo), "error");
}

static GtkWidget *
field_row(RkImportDialog *dialog, const RkTable *table, const RkField *field)
{
    const char *kinds[RK_N_FIELD_KINDS + 1] = {NULL};
    for (int i = 0; i < RK_N_FIELD_KINDS; i++)
        kinds[i] = rk_field_kind_name((RkFieldKind)i);
    g_autoptr(GtkStringList) list = gtk_string_list_new(kinds);
    GtkWidget *row = adw_combo_row_new();
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), field->name);
    if (field->why != NULL)
        adw_action_row_set_subtitle(ADW_ACTION_ROW(row), field->why);
    adw_combo_row_set_model(ADW_COMBO_ROW(row), G_LIST_MODEL(list));
    adw_combo_row_set_selected(ADW_COMBO_ROW(row), (guint)field->kind);
    g_object_set_data_full(G_OBJECT(row), "field",
                           g_strdup_printf("%s.%s", table->name, field->name), g_free);
    g_signal_connect_object(row, "notify::selected", G_CALLBACK(kind_chosen), dialog, 0);
    return row;
}

static GtkWidget *
cell(const char *text)
{
    GtkWidget *label = gtk_label_new(NULL);
    g_autofree char *flat = g_strdelimit(g_strdup(text), "\n\r\t", ' ');
    gtk_label_set_text(GTK_LABEL(label), flat);
    g_object_set(label, "xalign", 0.0F, "ellipsize", PANGO_ELLIPSIZE_END, "max-width-chars",
                 CELL_CHARACTERS, NULL);
    return label;
}

static GtkWidget *
first_rows(const RkTable *table, const GPtrArray *rows)
{
    GtkWidget *grid = gtk_grid_new();
    GtkWidget *scrolled = gtk_scrolled_window_new();
    const guint n = MIN(table->fields->len, SHOWN_FIELDS);
    gtk_widget_add_css_class(grid, "cells");
    for (guint f = 0; f < n; f++) {
        GtkWidget *head = cell(rk_table_field(table, f)->name);
        gtk_widget_add_css_class(head, "heading");
        gtk_grid_attach(GTK_GRID(grid), head, (int)f, 0, 1, 1);
        for (guint r = 0; r < rows->len; r++)
            gtk_grid_attach(GTK_GRID(grid), cell(((GStrv)g_ptr_array_index(rows, r))[f]), (int)f,
                            (int)r + 1, 1, 1);
    }
    g_object_set(scrolled, "vscrollbar-policy", GTK_POLICY_NEVER, NULL);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scrolled), grid);
    gtk_widget_add_css_class(scrolled, "card");
    gtk_widget_set_margin_top(scrolled, 12);
    gtk_accessible_update_property(GTK_ACCESSIBLE(grid), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _("First rows"), -1);
    return scrolled;
}

static void
show_table(RkImportDialog *dialog, const RkTable *table, const GPtrArray *rows)
{
    GtkWidget *group = adw_preferences_group_new();
    g_autofree char *title = g_markup_escape_text(table->name, -1);
    // Translators: %s is one of events, items, users, other.
    g_autofree char *role = g_strdup_printf(_("Taken for %s. Correct a column's kind where the "
                                              "guess is wrong."),
                                            rk_table_role_name(table->role));
    adw_preferences_group_set_title(ADW_PREFERENCES_GROUP(group), title);
    adw_preferences_group_set_description(ADW_PREFERENCES_GROUP(group), role);
    for (guint f = 0; f < table->fields->len; f++)
        adw_preferences_group_add(ADW_PREFERENCES_GROUP(group),
                                  field_row(dialog, table, rk_table_field(table, f)));
    adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), first_rows(table, rows));
    adw_preferences_page_add(dialog->page, ADW_PREFERENCES_GROUP(group));
}

static RkParamsForm *
add_form(RkImportDialog *dialog, const RkParam *table, size_t n, const char *title)
{
    GtkWidget *group = adw_preferences_group_new();
    GtkWidget *form = rk_params_form_new(table, n, title);
    g_signal_connect_object(form, "changed", G_CALLBACK(check), dialog, G_CONNECT_SWAPPED);
    adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), form);
    adw_preferences_page_add(dialog->page, ADW_PREFERENCES_GROUP(group));
    return RK_PARAMS_FORM(form);
}

static void
show_look(RkImportDialog *dialog)
{
    const RkSchema *schema = rk_import_schema(dialog->look->import);
    for (guint t = 0; t < schema->tables->len; t++)
        show_table(dialog, rk_schema_table(schema, t), dialog->look->rows[t]);
    dialog->split = add_form(dialog, rk_split_params, rk_n_split_params, _("Split"));
    dialog->clean = add_form(dialog, rk_clean_params, rk_n_clean_params, _("Cleaning"));
    gtk_editable_set_text(dialog->name, dialog->look->name);
    gtk_stack_set_visible_child_name(dialog->stack, "preview");
    check(dialog);
    gtk_widget_grab_focus(GTK_WIDGET(dialog->name)); // and not Cancel
}

static void
looked(RkJob *job, const RkJobSnapshot *last, gpointer data)
{
    RkAsked *asked = data;
    g_autoptr(RkImportDialog) dialog = g_weak_ref_get(&asked->by);
    g_autoptr(RkImportLook) look = rk_job_take_result(job);
    if (dialog == NULL || dialog->session == NULL)
        return;
    dialog->job = NULL;
    if (last->error != NULL)
        show_error(dialog, last->error);
    if (look == NULL)
        return;
    dialog->look = g_steal_pointer(&look);
    show_look(dialog);
}

static void
on_accept(RkImportDialog *dialog)
{
    const char *name = gtk_editable_get_text(dialog->name);
    g_autofree char *title = g_strdup_printf(_("Importing %s"), name);
    RkWorkspace *workspace = rk_app_session_workspace(dialog->session);
    rk_app_session_start(dialog->session,
                         rk_import_job(workspace, g_steal_pointer(&dialog->look), name,
                                       rk_params_form_get(dialog->clean, NULL),
                                       rk_params_form_get(dialog->split, NULL), 1),
                         title);
    gtk_widget_activate_action(GTK_WIDGET(gtk_window_get_transient_for(GTK_WINDOW(dialog))),
                               "win.page", "s", "data");
    gtk_window_close(GTK_WINDOW(dialog));
}

// ---- the class -----------------------------------------------------------------------------

static void
dialog_dispose(GObject *object)
{
    RkImportDialog *dialog = RK_IMPORT_DIALOG(object);
    if (dialog->job != NULL)
        rk_job_cancel(dialog->job);
    dialog->job = NULL;
    g_clear_pointer(&dialog->look, rk_import_look_free);
    g_clear_object(&dialog->session);
    G_OBJECT_CLASS(rk_import_dialog_parent_class)->dispose(object);
}

static void
rk_import_dialog_class_init(RkImportDialogClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = dialog_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/org/rankine/Rankine/import.ui");
    gtk_widget_class_bind_template_child(widget, RkImportDialog, stack);
    gtk_widget_class_bind_template_child(widget, RkImportDialog, error_bin);
    gtk_widget_class_bind_template_child(widget, RkImportDialog, page);
    gtk_widget_class_bind_template_child(widget, RkImportDialog, name);
    gtk_widget_class_bind_template_child(widget, RkImportDialog, name_problem);
    gtk_widget_class_bind_template_child(widget, RkImportDialog, accept);
    gtk_widget_class_bind_template_callback(widget, on_accept);
    gtk_widget_class_bind_template_callback(widget, on_name_changed);
    gtk_widget_class_add_binding_action(widget, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
rk_import_dialog_init(RkImportDialog *dialog)
{
    gtk_widget_init_template(GTK_WIDGET(dialog));
}

GtkWidget *
rk_import_dialog_new(GtkWindow *parent, RkAppSession *session, const char *const *paths)
{
    RkImportDialog *dialog = g_object_new(RK_TYPE_IMPORT_DIALOG, "transient-for", parent, NULL);
    dialog->session = g_object_ref(session);
    RkJobSpec spec = rk_look_job(rk_app_session_workspace(session), paths);
    rk_asked(&spec, looked, dialog, session, NULL, 0);
    dialog->job = rk_jobs_start(rk_app_session_jobs(session), &spec);
    return GTK_WIDGET(dialog);
}

// ---- choosing ------------------------------------------------------------------------------

static void
chosen(gpointer session, const char *const *paths, gpointer parent)
{
    gtk_window_present(GTK_WINDOW(rk_import_dialog_new(parent, session, paths)));
}

// Any file: data comes under many names, and the importers look at what is in it.
void
rk_import_choose(GtkWindow *parent, RkAppSession *session, gboolean folder)
{
    const RkAskFile ask = {.title = folder ? _("Import a Folder") : _("Import Files"),
                           .accept = _("_Open"),
                           .action = folder ? GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER
                                            : GTK_FILE_CHOOSER_ACTION_OPEN,
                           .many = !folder};
    rk_ask_file(GTK_WIDGET(parent), &ask, G_OBJECT(session), chosen, g_object_ref(parent),
                g_object_unref);
}
