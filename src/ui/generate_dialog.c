// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/generate_dialog.h"

#include <glib/gi18n.h>

#include "dataset/synth.h"
#include "ui/import_dialog.h"
#include "ui/params_form.h"

struct _RkGenerateDialog {
    AdwWindow parent;
    RkAppSession *session;
    GtkEditable *name;
    AdwComboRow *kind;
    GtkSpinButton *rows, *seed;
    GtkLabel *problem;
    GtkWidget *accept;
    AdwPreferencesGroup *form_group;
    RkParamsForm *form;
};

G_DEFINE_FINAL_TYPE(RkGenerateDialog, rk_generate_dialog, ADW_TYPE_WINDOW)

static const char *
chosen_kind(RkGenerateDialog *dialog)
{
    return rk_synth_kinds[adw_combo_row_get_selected(dialog->kind)];
}

static void
on_changed(RkGenerateDialog *dialog)
{
    if (dialog->session == NULL || dialog->form == NULL)
        return;
    g_autofree char *problem =
        rk_dataset_name_problem(dialog->session, gtk_editable_get_text(dialog->name));
    gtk_label_set_text(dialog->problem, problem != NULL ? problem : "");
    gtk_widget_set_visible(GTK_WIDGET(dialog->problem), problem != NULL);
    gtk_widget_set_sensitive(dialog->accept,
                             problem == NULL && rk_params_form_get(dialog->form, NULL) != NULL);
}

static void
on_kind(RkGenerateDialog *dialog)
{
    const RkParam *table;
    const char *summary;
    size_t n;
    if (dialog->session == NULL ||
        !rk_synth_kind(chosen_kind(dialog), &table, &n, &summary, NULL, NULL))
        return;
    if (dialog->form != NULL)
        adw_preferences_group_remove(dialog->form_group, GTK_WIDGET(dialog->form));
    g_autofree char *subtitle = g_markup_escape_text(summary, -1);
    adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(dialog->kind), 0);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(dialog->kind), subtitle);
    dialog->form = RK_PARAMS_FORM(rk_params_form_new(table, n, NULL));
    g_signal_connect_object(dialog->form, "changed", G_CALLBACK(on_changed), dialog,
                            G_CONNECT_SWAPPED);
    adw_preferences_group_add(dialog->form_group, GTK_WIDGET(dialog->form));
    on_changed(dialog);
}

static void
on_accept(RkGenerateDialog *dialog)
{
    const char *name = gtk_editable_get_text(dialog->name);
    g_autofree char *title = g_strdup_printf(_("Generating %s"), name);
    rk_app_session_start(dialog->session,
                         rk_synth_job(rk_app_session_workspace(dialog->session),
                                      chosen_kind(dialog), name,
                                      (uint64_t)gtk_spin_button_get_value(dialog->rows),
                                      rk_params_form_get(dialog->form, NULL),
                                      (uint64_t)gtk_spin_button_get_value(dialog->seed)),
                         title);
    gtk_widget_activate_action(GTK_WIDGET(gtk_window_get_transient_for(GTK_WINDOW(dialog))),
                               "win.page", "s", "data");
    gtk_window_close(GTK_WINDOW(dialog));
}

static void
dialog_dispose(GObject *object)
{
    g_clear_object(&RK_GENERATE_DIALOG(object)->session);
    G_OBJECT_CLASS(rk_generate_dialog_parent_class)->dispose(object);
}

static void
rk_generate_dialog_class_init(RkGenerateDialogClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = dialog_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/org/rankine/Rankine/generate.ui");
    gtk_widget_class_bind_template_child(widget, RkGenerateDialog, name);
    gtk_widget_class_bind_template_child(widget, RkGenerateDialog, kind);
    gtk_widget_class_bind_template_child(widget, RkGenerateDialog, rows);
    gtk_widget_class_bind_template_child(widget, RkGenerateDialog, seed);
    gtk_widget_class_bind_template_child(widget, RkGenerateDialog, problem);
    gtk_widget_class_bind_template_child(widget, RkGenerateDialog, accept);
    gtk_widget_class_bind_template_child(widget, RkGenerateDialog, form_group);
    gtk_widget_class_bind_template_callback(widget, on_accept);
    gtk_widget_class_bind_template_callback(widget, on_changed);
    gtk_widget_class_bind_template_callback(widget, on_kind);
    gtk_widget_class_add_binding_action(widget, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
rk_generate_dialog_init(RkGenerateDialog *dialog)
{
    gtk_widget_init_template(GTK_WIDGET(dialog));
}

GtkWidget *
rk_generate_dialog_new(GtkWindow *parent, RkAppSession *session)
{
    RkGenerateDialog *dialog = g_object_new(RK_TYPE_GENERATE_DIALOG, "transient-for", parent, NULL);
    g_autoptr(GtkStringList) kinds = gtk_string_list_new(rk_synth_kinds);
    dialog->session = g_object_ref(session);
    adw_combo_row_set_model(dialog->kind, G_LIST_MODEL(kinds));
    if (dialog->form == NULL)
        on_kind(dialog);
    gtk_editable_set_text(dialog->name, "generated");
    on_changed(dialog);
    gtk_widget_grab_focus(GTK_WIDGET(dialog->name)); // and not Cancel
    return GTK_WIDGET(dialog);
}
