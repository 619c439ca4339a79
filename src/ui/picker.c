// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/picker.h"

#include <glib/gi18n.h>
#include <string.h>

struct _RkPicker {
    AdwWindow parent;
    GtkWidget *search;
    GtkListBox *list;
};

G_DEFINE_FINAL_TYPE(RkPicker, rk_picker, ADW_TYPE_WINDOW)

static guint picked_signal;

static const char *
data_of(GtkListBoxRow *row, const char *key)
{
    return g_object_get_data(G_OBJECT(row), key);
}

static void
set_data(GtkWidget *row, const char *key, const char *value)
{
    g_object_set_data_full(G_OBJECT(row), key, g_strdup(value), g_free);
}

static gboolean
matches(GtkListBoxRow *row, gpointer data)
{
    const char *wanted = gtk_editable_get_text(GTK_EDITABLE(RK_PICKER(data)->search));
    g_auto(GStrv) words = g_strsplit(wanted, " ", -1);
    const char *text = data_of(row, "text");
    for (char **word = words; *word != NULL; word++) {
        g_autofree char *folded = g_utf8_casefold(*word, -1);
        if (strstr(text, folded) == NULL)
            return FALSE;
    }
    return TRUE;
}

static void
add_header(GtkListBoxRow *row, GtkListBoxRow *before, gpointer data)
{
    const char *group = data_of(row, "group");
    const gboolean begins =
        group != NULL && (before == NULL || g_strcmp0(group, data_of(before, "group")) != 0);
    GtkWidget *label = begins ? gtk_label_new(group) : NULL;
    if (label != NULL) {
        g_object_set(label, "xalign", 0.0F, "margin-start", 12, "margin-top", 9, "margin-bottom", 3,
                     NULL);
        gtk_widget_add_css_class(label, "heading");
    }
    gtk_list_box_row_set_header(row, label);
}

static void
on_activated(GtkListBox *list, GtkListBoxRow *row, RkPicker *picker)
{
    g_autofree char *id = g_strdup(data_of(row, "id"));
    gtk_window_close(GTK_WINDOW(picker));
    g_signal_emit(picker, picked_signal, 0, id);
}

// Enter takes the first that is shown.
static void
on_enter(RkPicker *picker)
{
    for (int i = 0;; i++) {
        GtkListBoxRow *row = gtk_list_box_get_row_at_index(picker->list, i);
        if (row == NULL)
            return;
        if (gtk_widget_get_child_visible(GTK_WIDGET(row))) {
            on_activated(picker->list, row, picker);
            return;
        }
    }
}

static void
on_show(RkPicker *picker)
{
    gtk_editable_set_text(GTK_EDITABLE(picker->search), "");
    gtk_widget_grab_focus(picker->search);
}

static void
rk_picker_class_init(RkPickerClass *class)
{
    gtk_widget_class_add_binding_action(GTK_WIDGET_CLASS(class), GDK_KEY_Escape, 0, "window.close",
                                        NULL);
    picked_signal = g_signal_new("picked", RK_TYPE_PICKER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
rk_picker_init(RkPicker *picker)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    GtkWidget *scrolled = gtk_scrolled_window_new();
    GtkWidget *nothing = gtk_label_new(_("Nothing has that in its name."));
    picker->search = gtk_search_entry_new();
    picker->list = GTK_LIST_BOX(gtk_list_box_new());
    g_object_set(nothing, "margin-top", 18, "margin-bottom", 18, NULL);
    gtk_widget_add_css_class(nothing, "dim-label");
    gtk_list_box_set_placeholder(picker->list, nothing);
    gtk_list_box_set_selection_mode(picker->list, GTK_SELECTION_NONE);
    gtk_list_box_set_filter_func(picker->list, matches, picker, NULL);
    gtk_list_box_set_header_func(picker->list, add_header, NULL, NULL);
    gtk_widget_add_css_class(GTK_WIDGET(picker->list), "background");
    g_object_set(scrolled, "hscrollbar-policy", GTK_POLICY_NEVER, "vexpand", TRUE, NULL);
    g_object_set(picker->search, "margin-start", 12, "margin-end", 12, "margin-top", 6,
                 "margin-bottom", 6, NULL);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scrolled), GTK_WIDGET(picker->list));
    gtk_box_append(GTK_BOX(box), adw_header_bar_new());
    gtk_box_append(GTK_BOX(box), picker->search);
    gtk_box_append(GTK_BOX(box), scrolled);
    adw_window_set_content(ADW_WINDOW(picker), box);
    g_object_set(picker, "modal", TRUE, "hide-on-close", TRUE, "default-width", 360,
                 "default-height", 480, NULL);
    g_signal_connect_swapped(picker->search, "search-changed",
                             G_CALLBACK(gtk_list_box_invalidate_filter), picker->list);
    g_signal_connect_swapped(picker->search, "activate", G_CALLBACK(on_enter), picker);
    g_signal_connect_swapped(picker->search, "stop-search", G_CALLBACK(gtk_window_close), picker);
    g_signal_connect(picker->list, "row-activated", G_CALLBACK(on_activated), picker);
    g_signal_connect(picker, "show", G_CALLBACK(on_show), NULL);
}

GtkWidget *
rk_picker_new(const char *title, const char *hint)
{
    RkPicker *picker = g_object_new(RK_TYPE_PICKER, "title", title, NULL);
    g_object_set(picker->search, "placeholder-text", hint, NULL);
    gtk_accessible_update_property(GTK_ACCESSIBLE(picker->search), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   hint, -1);
    return GTK_WIDGET(picker);
}

void
rk_picker_open(RkPicker *picker, GtkWidget *near)
{
    gtk_window_set_transient_for(GTK_WINDOW(picker), GTK_WINDOW(gtk_widget_get_root(near)));
    gtk_window_present(GTK_WINDOW(picker));
}

static GtkWidget *
pick_row(const RkPickerItem *pick)
{
    GtkWidget *row = gtk_list_box_row_new();
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    GtkWidget *title = gtk_label_new(pick->title);
    g_autofree char *text =
        g_strconcat(pick->title, " ", pick->subtitle != NULL ? pick->subtitle : "", NULL);
    g_autofree char *folded = g_utf8_casefold(text, -1);
    g_object_set(box, "margin-start", 12, "margin-end", 12, "margin-top", 4, "margin-bottom", 4,
                 NULL);
    g_object_set(title, "xalign", 0.0F, "wrap", TRUE, "wrap-mode", PANGO_WRAP_WORD_CHAR, NULL);
    gtk_box_append(GTK_BOX(box), title);
    if (pick->subtitle != NULL) {
        GtkWidget *subtitle = gtk_label_new(pick->subtitle);
        g_object_set(subtitle, "xalign", 0.0F, "wrap", TRUE, "wrap-mode", PANGO_WRAP_WORD_CHAR,
                     "max-width-chars", 40, NULL);
        gtk_widget_add_css_class(subtitle, "caption");
        gtk_widget_add_css_class(subtitle, "dim-label");
        gtk_box_append(GTK_BOX(box), subtitle);
    }
    gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(row), box);
    set_data(row, "id", pick->id);
    set_data(row, "group", pick->group);
    set_data(row, "text", folded);
    return row;
}

void
rk_picker_fill(RkPicker *picker, const RkPickerItem *picks, guint n)
{
    GtkListBoxRow *row;
    while ((row = gtk_list_box_get_row_at_index(picker->list, 0)) != NULL)
        gtk_list_box_remove(picker->list, GTK_WIDGET(row));
    for (guint i = 0; i < n; i++)
        gtk_list_box_append(picker->list, pick_row(&picks[i]));
}

static void
on_button(GtkWidget *button, RkPicker *picker)
{
    rk_picker_open(picker, button);
}

GtkWidget *
rk_picker_button(RkPicker *picker, const char *label)
{
    GtkWidget *button = gtk_button_new();
    GtkWidget *content = adw_button_content_new();
    adw_button_content_set_icon_name(ADW_BUTTON_CONTENT(content), "list-add-symbolic");
    adw_button_content_set_label(ADW_BUTTON_CONTENT(content), label);
    adw_button_content_set_use_underline(ADW_BUTTON_CONTENT(content), TRUE);
    gtk_button_set_child(GTK_BUTTON(button), content);
    g_signal_connect(button, "clicked", G_CALLBACK(on_button), picker);
    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    gtk_widget_add_css_class(button, "flat");
    return button;
}
