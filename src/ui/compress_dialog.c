// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/compress_dialog.h"

#include <glib/gi18n.h>
#include <string.h>

#include "job/model_jobs.h"
#include "store/model.h"
#include "ui/asked.h"
#include "ui/compress_result.h"
#include "ui/params_form.h"
#include "ui/widgets.h"

struct _RkCompressDialog {
    AdwWindow parent;
    RkAppSession *session;
    char *model;
    RkJob *job; // while it runs
    GtkStack *stack;
    AdwBin *done_bin;
    GtkEditable *name;
    GtkListBox *list; // of rows with "pass" (RkPass) and "form" (RkParamsForm)
    GtkLabel *problem, *running;
    GtkWidget *start, *close;
};

G_DEFINE_FINAL_TYPE(RkCompressDialog, rk_compress_dialog, ADW_TYPE_WINDOW)

// ---- what is asked for -----------------------------------------------------------------------

static GtkListBoxRow *
row_at(RkCompressDialog *dialog, int i)
{
    GtkListBoxRow *row = gtk_list_box_get_row_at_index(dialog->list, i);
    return row != NULL && g_object_get_data(G_OBJECT(row), "pass") != NULL ? row : NULL;
}

static gboolean
is_taken(RkCompressDialog *dialog, const char *name)
{
    const RkContents *contents = rk_app_session_contents(dialog->session);
    for (guint i = 0; contents != NULL && i < contents->models->len; i++)
        if (strcmp(((RkStoredModel *)g_ptr_array_index(contents->models, i))->name, name) == 0)
            return TRUE;
    return FALSE;
}

static void
check(RkCompressDialog *dialog)
{
    const char *problem = NULL;
    if (dialog->session == NULL)
        return;
    const char *name = gtk_editable_get_text(dialog->name);
    for (int i = 0; row_at(dialog, i) != NULL && problem == NULL; i++)
        rk_params_form_get(g_object_get_data(G_OBJECT(row_at(dialog, i)), "form"), &problem);
    if (*name == '\0')
        problem = _("The model needs a name.");
    else if (is_taken(dialog, name))
        problem = _("There is a model of that name already. Choose another.");
    gtk_label_set_text(dialog->problem, problem != NULL ? problem : "");
    gtk_widget_set_visible(GTK_WIDGET(dialog->problem), problem != NULL);
    gtk_widget_set_sensitive(dialog->start, problem == NULL && row_at(dialog, 0) != NULL);
}

// "prune:ratio=0.3,what=rows": what was set of the form.
static char *
call_text(GtkListBoxRow *row)
{
    const RkPass *pass = g_object_get_data(G_OBJECT(row), "pass");
    const RkParams *set = rk_params_form_get(g_object_get_data(G_OBJECT(row), "form"), NULL);
    GString *text = g_string_new(pass->name);
    char separator = ':';
    for (size_t i = 0; set != NULL && i < pass->n_params; i++) {
        const char *name = pass->params[i].name;
        if (!rk_params_is_set(set, name))
            continue;
        g_autofree char *value = rk_params_value_text(set, name);
        g_string_append_printf(text, "%c%s=%s", separator, name, value);
        separator = ',';
    }
    return g_string_free(text, FALSE);
}

// ---- the list of passes ----------------------------------------------------------------------

static void
form_changed(GtkListBoxRow *row)
{
    g_autofree char *text = call_text(row);
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    adw_expander_row_set_subtitle(ADW_EXPANDER_ROW(row), escaped);
    check(RK_COMPRESS_DIALOG(gtk_widget_get_root(GTK_WIDGET(row))));
}

static void
move_row(RkCompressDialog *dialog, GtkListBoxRow *row, int to)
{
    const int from = gtk_list_box_row_get_index(row);
    if (to < 0 || (to > from && row_at(dialog, to) == NULL) || to == from)
        return;
    g_object_ref(row);
    gtk_list_box_remove(dialog->list, GTK_WIDGET(row));
    gtk_list_box_insert(dialog->list, GTK_WIDGET(row), to);
    g_object_unref(row);
    gtk_widget_grab_focus(GTK_WIDGET(row));
}

static void
on_up(GtkWidget *button, GtkListBoxRow *row)
{
    move_row(RK_COMPRESS_DIALOG(gtk_widget_get_root(button)), row,
             gtk_list_box_row_get_index(row) - 1);
}

static void
on_down(GtkWidget *button, GtkListBoxRow *row)
{
    move_row(RK_COMPRESS_DIALOG(gtk_widget_get_root(button)), row,
             gtk_list_box_row_get_index(row) + 1);
}

static void
on_remove(GtkWidget *button, GtkListBoxRow *row)
{
    RkCompressDialog *dialog = RK_COMPRESS_DIALOG(gtk_widget_get_root(button));
    gtk_list_box_remove(dialog->list, GTK_WIDGET(row));
    check(dialog);
}

static gboolean
key_move(GtkWidget *row, GVariant *way, gpointer unused)
{
    move_row(RK_COMPRESS_DIALOG(gtk_widget_get_root(row)), GTK_LIST_BOX_ROW(row),
             gtk_list_box_row_get_index(GTK_LIST_BOX_ROW(row)) + g_variant_get_int32(way));
    return TRUE;
}

static gboolean
dropped(GtkDropTarget *target, const GValue *value, double x, double y, GtkListBoxRow *row)
{
    GtkListBoxRow *moved = g_value_get_object(value);
    if (gtk_widget_get_parent(GTK_WIDGET(moved)) != gtk_widget_get_parent(GTK_WIDGET(row)))
        return FALSE;
    move_row(RK_COMPRESS_DIALOG(gtk_widget_get_root(GTK_WIDGET(row))), moved,
             gtk_list_box_row_get_index(row));
    return TRUE;
}

static GdkContentProvider *
on_drag(GtkDragSource *source, double x, double y, GtkListBoxRow *row)
{
    return gdk_content_provider_new_typed(GTK_TYPE_LIST_BOX_ROW, row);
}

static void
make_movable(GtkWidget *row)
{
    GtkDragSource *source = gtk_drag_source_new();
    GtkDropTarget *target = gtk_drop_target_new(GTK_TYPE_LIST_BOX_ROW, GDK_ACTION_MOVE);
    GtkEventController *keys = gtk_shortcut_controller_new();
    const struct {
        const char *key;
        int way;
    } KEYS[] = {{"<Alt>Up", -1}, {"<Alt>Down", 1}};
    gtk_drag_source_set_actions(source, GDK_ACTION_MOVE);
    g_signal_connect(source, "prepare", G_CALLBACK(on_drag), row);
    g_signal_connect(target, "drop", G_CALLBACK(dropped), row);
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        GtkShortcut *shortcut = gtk_shortcut_new(gtk_shortcut_trigger_parse_string(KEYS[i].key),
                                                 gtk_callback_action_new(key_move, NULL, NULL));
        gtk_shortcut_set_arguments(shortcut, g_variant_new_int32(KEYS[i].way));
        gtk_shortcut_controller_add_shortcut(GTK_SHORTCUT_CONTROLLER(keys), shortcut);
    }
    gtk_widget_add_controller(row, GTK_EVENT_CONTROLLER(source));
    gtk_widget_add_controller(row, GTK_EVENT_CONTROLLER(target));
    gtk_widget_add_controller(row, keys);
}

static void
add_button(GtkWidget *row, const char *icon, const char *label, GCallback callback)
{
    GtkWidget *button = gtk_button_new_from_icon_name(icon);
    gtk_widget_add_css_class(button, "flat");
    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    rk_set_tooltip(button, label);
    gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                   -1);
    g_signal_connect_object(button, "clicked", callback, row, 0);
    adw_expander_row_add_action(ADW_EXPANDER_ROW(row), button);
}

static void
add_pass(RkCompressDialog *dialog, const RkPass *pass)
{
    GtkWidget *row = adw_expander_row_new();
    GtkWidget *form = rk_params_form_new(pass->params, pass->n_params, NULL);
    int n = 0;
    while (row_at(dialog, n) != NULL)
        n++;
    g_object_set_data(G_OBJECT(row), "pass", (gpointer)pass);
    g_object_set_data(G_OBJECT(row), "form", form);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), pass->name);
    adw_expander_row_set_subtitle(ADW_EXPANDER_ROW(row), pass->name);
    g_object_set(form, "margin-start", 6, "margin-end", 6, "margin-top", 6, "margin-bottom", 6,
                 NULL);
    adw_expander_row_add_row(ADW_EXPANDER_ROW(row), form);
    add_button(row, "user-trash-symbolic", _("Leave this pass out"), G_CALLBACK(on_remove));
    add_button(row, "go-down-symbolic", _("Later"), G_CALLBACK(on_down));
    add_button(row, "go-up-symbolic", _("Earlier"), G_CALLBACK(on_up));
    make_movable(row);
    gtk_list_box_insert(dialog->list, row, n);
    g_signal_connect_object(form, "changed", G_CALLBACK(form_changed), row, G_CONNECT_SWAPPED);
    check(dialog);
}

static void
act_add(GtkWidget *widget, const char *action, GVariant *target)
{
    const RkPass *pass = rk_pass_find(g_variant_get_string(target, NULL), NULL);
    if (pass != NULL)
        add_pass(RK_COMPRESS_DIALOG(widget), pass);
}

// ---- running ---------------------------------------------------------------------------------

static void
compressed(RkJob *job, const RkJobSnapshot *last, gpointer data)
{
    RkAsked *asked = data;
    g_autoptr(RkCompressDialog) dialog = g_weak_ref_get(&asked->by);
    g_autoptr(RkAppSession) session = g_weak_ref_get(&asked->session);
    RkCompressResult *result = rk_job_take_result(job);
    if (session != NULL)
        rk_app_session_read(session);
    if (dialog == NULL || dialog->session == NULL) {
        if (session != NULL && last->error != NULL)
            rk_app_session_toast(session, last->error->message);
        rk_compress_job_result_free(result);
        return;
    }
    dialog->job = NULL;
    gtk_button_set_label(GTK_BUTTON(dialog->close), _("_Close"));
    if (result != NULL) {
        adw_bin_set_child(dialog->done_bin, rk_compress_result_view_new(result));
        gtk_stack_set_visible_child_name(dialog->stack, "done");
    } else if (last->error != NULL) {
        adw_bin_set_child(dialog->done_bin,
                          rk_error_page(_("The model can't be compressed so"), last->error));
        gtk_stack_set_visible_child_name(dialog->stack, "done");
    } else {
        gtk_stack_set_visible_child_name(dialog->stack, "setup");
        gtk_widget_set_visible(dialog->start, TRUE);
    }
    rk_compress_job_result_free(result);
}

static void
on_start(RkCompressDialog *dialog)
{
    g_autoptr(GPtrArray) passes = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *device = rk_app_session_device_word(dialog->session);
    // Translators: %s is the name of a model.
    g_autofree char *title = g_strdup_printf(_("Compressing %s"), dialog->model);
    for (int i = 0; row_at(dialog, i) != NULL; i++)
        g_ptr_array_add(passes, call_text(row_at(dialog, i)));
    g_ptr_array_add(passes, NULL);
    RkJobSpec spec =
        rk_compress_job(rk_app_session_workspace(dialog->session), device, dialog->model,
                        gtk_editable_get_text(dialog->name), (const char *const *)passes->pdata, 1);
    rk_asked(&spec, compressed, dialog, dialog->session, NULL, 0);
    gtk_label_set_text(dialog->running, title);
    gtk_stack_set_visible_child_name(dialog->stack, "running");
    gtk_widget_set_visible(dialog->start, FALSE);
    gtk_button_set_label(GTK_BUTTON(dialog->close), _("_Cancel"));
    dialog->job = rk_app_session_start(dialog->session, spec, title);
}

// While it runs the button cancels; the window's own cross leaves the job running.
static void
on_close(RkCompressDialog *dialog)
{
    if (dialog->job != NULL)
        rk_job_cancel(dialog->job);
    else
        gtk_window_close(GTK_WINDOW(dialog));
}

// ---- the class -------------------------------------------------------------------------------

static void
dialog_dispose(GObject *object)
{
    RkCompressDialog *dialog = RK_COMPRESS_DIALOG(object);
    g_clear_object(&dialog->session);
    g_clear_pointer(&dialog->model, g_free);
    G_OBJECT_CLASS(rk_compress_dialog_parent_class)->dispose(object);
}

static void
rk_compress_dialog_class_init(RkCompressDialogClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = dialog_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/org/rankine/Rankine/compress.ui");
    gtk_widget_class_bind_template_child(widget, RkCompressDialog, stack);
    gtk_widget_class_bind_template_child(widget, RkCompressDialog, done_bin);
    gtk_widget_class_bind_template_child(widget, RkCompressDialog, name);
    gtk_widget_class_bind_template_child(widget, RkCompressDialog, list);
    gtk_widget_class_bind_template_child(widget, RkCompressDialog, problem);
    gtk_widget_class_bind_template_child(widget, RkCompressDialog, running);
    gtk_widget_class_bind_template_child(widget, RkCompressDialog, start);
    gtk_widget_class_bind_template_child(widget, RkCompressDialog, close);
    gtk_widget_class_bind_template_callback(widget, check);
    gtk_widget_class_bind_template_callback(widget, on_start);
    gtk_widget_class_bind_template_callback(widget, on_close);
    gtk_widget_class_install_action(widget, "compress.add", "s", act_add);
    gtk_widget_class_add_binding_action(widget, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
rk_compress_dialog_init(RkCompressDialog *dialog)
{
    gtk_widget_init_template(GTK_WIDGET(dialog));
}

// One button a pass, below the list.
static void
add_pass_buttons(RkCompressDialog *dialog)
{
    GtkWidget *row = gtk_list_box_row_new();
    GtkWidget *flow = gtk_flow_box_new();
    const RkPass *pass;
    gtk_flow_box_set_selection_mode(GTK_FLOW_BOX(flow), GTK_SELECTION_NONE);
    gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), FALSE);
    gtk_list_box_row_set_selectable(GTK_LIST_BOX_ROW(row), FALSE);
    gtk_widget_set_focusable(row, FALSE);
    for (size_t i = 0; (pass = rk_pass_at(i)) != NULL; i++) {
        // Translators: adds a pass of compression, such as "prune".
        g_autofree char *label = g_strdup_printf(_("Add %s"), pass->name);
        GtkWidget *button = gtk_button_new_with_label(label);
        rk_set_tooltip(button, pass->title);
        gtk_widget_add_css_class(button, "flat");
        gtk_actionable_set_action_name(GTK_ACTIONABLE(button), "compress.add");
        gtk_actionable_set_action_target(GTK_ACTIONABLE(button), "s", pass->name);
        gtk_flow_box_insert(GTK_FLOW_BOX(flow), button, -1);
    }
    gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(row), flow);
    gtk_list_box_append(dialog->list, row);
}

GtkWidget *
rk_compress_dialog_new(GtkWindow *parent, RkAppSession *session, const char *model)
{
    RkCompressDialog *dialog = g_object_new(RK_TYPE_COMPRESS_DIALOG, "transient-for", parent, NULL);
    g_autofree char *title = g_strdup_printf(_("Compress %s"), model);
    g_autofree char *name = g_strdup_printf("%s-small", model);
    dialog->session = g_object_ref(session);
    dialog->model = g_strdup(model);
    gtk_window_set_title(GTK_WINDOW(dialog), title);
    add_pass_buttons(dialog);
    gtk_editable_set_text(dialog->name, name);
    check(dialog);
    gtk_widget_grab_focus(GTK_WIDGET(dialog->name)); // and not Close
    return GTK_WIDGET(dialog);
}
