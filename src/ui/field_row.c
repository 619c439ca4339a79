// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/field_row.h"
#include "ui/widgets.h"

struct _RkFieldRow {
    AdwPreferencesRow parent;
    GtkWidget *title, *help, *remove, *entry, *problem;
};

G_DEFINE_FINAL_TYPE(RkFieldRow, rk_field_row, ADW_TYPE_PREFERENCES_ROW)

enum { CHANGED, REMOVED, N_SIGNALS };
static guint signals[N_SIGNALS];

static void
on_changed(RkFieldRow *row)
{
    g_signal_emit(row, signals[CHANGED], 0);
}

static void
on_remove(RkFieldRow *row)
{
    g_signal_emit(row, signals[REMOVED], 0);
}

static void
rk_field_row_class_init(RkFieldRowClass *class)
{
    signals[CHANGED] = g_signal_new("changed", RK_TYPE_FIELD_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                    NULL, G_TYPE_NONE, 0);
    signals[REMOVED] = g_signal_new("removed", RK_TYPE_FIELD_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                    NULL, G_TYPE_NONE, 0);
}

static GtkWidget *
text_label(const char *class)
{
    GtkWidget *label = gtk_label_new(NULL);
    g_object_set(label, "xalign", 0.0F, "wrap", TRUE, "wrap-mode", PANGO_WRAP_WORD_CHAR, NULL);
    if (class != NULL)
        gtk_widget_add_css_class(label, class);
    return label;
}

static void
rk_field_row_init(RkFieldRow *row)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
    GtkWidget *head = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    GtkWidget *texts = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    row->title = text_label(NULL);
    row->help = text_label("caption");
    gtk_widget_add_css_class(row->help, "dim-label");
    row->problem = text_label("job-error");
    gtk_widget_add_css_class(row->problem, "caption");
    row->entry = gtk_entry_new();
    row->remove = gtk_button_new_from_icon_name("list-remove-symbolic");
    g_object_set(box, "margin-start", 12, "margin-end", 12, "margin-top", 9, "margin-bottom", 9,
                 NULL);
    g_object_set(row->remove, "valign", GTK_ALIGN_START, "visible", FALSE, "has-frame", FALSE,
                 NULL);
    g_object_set(row->problem, "visible", FALSE, NULL);
    gtk_widget_set_hexpand(texts, TRUE);
    gtk_box_append(GTK_BOX(texts), row->title);
    gtk_box_append(GTK_BOX(texts), row->help);
    gtk_box_append(GTK_BOX(head), texts);
    gtk_box_append(GTK_BOX(head), row->remove);
    gtk_box_append(GTK_BOX(box), head);
    gtk_box_append(GTK_BOX(box), row->entry);
    gtk_box_append(GTK_BOX(box), row->problem);
    gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(row), box);
    gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), FALSE);
    gtk_widget_set_focusable(GTK_WIDGET(row), FALSE);
    g_signal_connect_swapped(row->entry, "changed", G_CALLBACK(on_changed), row);
    g_signal_connect_swapped(row->remove, "clicked", G_CALLBACK(on_remove), row);
}

GtkWidget *
rk_field_row_new(const char *title, const char *help, const char *hint)
{
    RkFieldRow *row = g_object_new(RK_TYPE_FIELD_ROW, NULL);
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
    gtk_label_set_text(GTK_LABEL(row->title), title);
    gtk_entry_set_placeholder_text(GTK_ENTRY(row->entry), hint);
    gtk_accessible_update_property(GTK_ACCESSIBLE(row->entry), GTK_ACCESSIBLE_PROPERTY_LABEL, title,
                                   -1);
    rk_field_row_set_help(row, help);
    return GTK_WIDGET(row);
}

const char *
rk_field_row_text(RkFieldRow *row)
{
    return gtk_editable_get_text(GTK_EDITABLE(row->entry));
}

void
rk_field_row_set_text(RkFieldRow *row, const char *text)
{
    gtk_editable_set_text(GTK_EDITABLE(row->entry), text);
}

void
rk_field_row_set_problem(RkFieldRow *row, const char *problem)
{
    gtk_label_set_text(GTK_LABEL(row->problem), problem != NULL ? problem : "");
    gtk_widget_set_visible(row->problem, problem != NULL);
    if (problem != NULL)
        gtk_widget_add_css_class(row->entry, "error");
    else
        gtk_widget_remove_css_class(row->entry, "error");
    gtk_accessible_update_state(
        GTK_ACCESSIBLE(row->entry), GTK_ACCESSIBLE_STATE_INVALID,
        problem != NULL ? GTK_ACCESSIBLE_INVALID_TRUE : GTK_ACCESSIBLE_INVALID_FALSE, -1);
}

void
rk_field_row_set_help(RkFieldRow *row, const char *help)
{
    gtk_label_set_text(GTK_LABEL(row->help), help != NULL ? help : "");
    gtk_widget_set_visible(row->help, help != NULL);
    gtk_accessible_update_property(GTK_ACCESSIBLE(row->entry), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                   help != NULL ? help : "", -1);
}

void
rk_field_row_hide_entry(RkFieldRow *row)
{
    gtk_widget_set_visible(row->entry, FALSE);
}

void
rk_field_row_set_removable(RkFieldRow *row, const char *label)
{
    gtk_widget_set_visible(row->remove, TRUE);
    rk_set_tooltip(row->remove, label);
    gtk_accessible_update_property(GTK_ACCESSIBLE(row->remove), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   label, -1);
}

void
rk_field_row_focus(RkFieldRow *row)
{
    gtk_widget_grab_focus(row->entry);
}
