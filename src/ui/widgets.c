// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets.h"

#include <glib/gi18n.h>
#include <math.h>

#define FACT_CHARACTERS 18 // of a value that its row must have room for

void
rk_set_tooltip(GtkWidget *widget, const char *text)
{
    const gboolean waits = gtk_widget_get_visible(widget) && !gtk_widget_get_mapped(widget);
    if (waits)
        gtk_widget_set_visible(widget, FALSE);
    gtk_widget_set_tooltip_text(widget, text);
    if (waits)
        gtk_widget_set_visible(widget, TRUE);
}

GtkWidget *
rk_fact_row(const char *title, const char *value)
{
    GtkWidget *row = adw_action_row_new();
    GtkWidget *label = gtk_label_new(value);
    g_autoptr(PangoAttrList) attributes = pango_attr_list_new();
    pango_attr_list_insert(attributes, pango_attr_insert_hyphens_new(FALSE));
    // A row gives its title all that a wrapping label doesn't insist on.
    // One more, as few characters may all be wide ones.
    const int n = (int)MIN(g_utf8_strlen(value, -1) + 1, FACT_CHARACTERS);
    g_object_set(label, "wrap", TRUE, "wrap-mode", PANGO_WRAP_WORD_CHAR, "xalign", 1.0F,
                 "selectable", TRUE, "width-chars", n, "max-width-chars", 36, "justify",
                 GTK_JUSTIFY_RIGHT, "attributes", attributes, NULL);
    gtk_widget_add_css_class(label, "dim-label");
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
    adw_action_row_add_suffix(ADW_ACTION_ROW(row), label);
    return row;
}

void
rk_group_add(AdwPreferencesGroup *group, GtkWidget *row)
{
    GPtrArray *rows = g_object_get_data(G_OBJECT(group), "rk-rows");
    if (rows == NULL) {
        rows = g_ptr_array_new();
        g_object_set_data_full(G_OBJECT(group), "rk-rows", rows, (GDestroyNotify)g_ptr_array_unref);
    }
    g_ptr_array_add(rows, row);
    adw_preferences_group_add(group, row);
}

void
rk_group_clear(AdwPreferencesGroup *group)
{
    GPtrArray *rows = g_object_get_data(G_OBJECT(group), "rk-rows");
    for (guint i = 0; rows != NULL && i < rows->len; i++)
        adw_preferences_group_remove(group, g_ptr_array_index(rows, i));
    if (rows != NULL)
        g_ptr_array_set_size(rows, 0);
}

static void
copy_message(GtkButton *button, char *message)
{
    gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(button)), message);
}

static void
free_message(gpointer data, GClosure *closure)
{
    g_free(data);
}

GtkWidget *
rk_error_page(const char *title, const GError *error)
{
    GtkWidget *page = adw_status_page_new();
    GtkWidget *button = gtk_button_new_with_mnemonic(_("_Copy Details"));
    g_autofree char *escaped = g_markup_escape_text(error->message, -1);
    gtk_widget_set_halign(button, GTK_ALIGN_CENTER);
    gtk_widget_add_css_class(button, "pill");
    g_signal_connect_data(button, "clicked", G_CALLBACK(copy_message), g_strdup(error->message),
                          free_message, 0);
    adw_status_page_set_icon_name(ADW_STATUS_PAGE(page), "dialog-warning-symbolic");
    adw_status_page_set_title(ADW_STATUS_PAGE(page), title);
    adw_status_page_set_description(ADW_STATUS_PAGE(page), escaped);
    adw_status_page_set_child(ADW_STATUS_PAGE(page), button);
    return page;
}

void
rk_show_contents(GtkStack *stack, AdwBin *error_bin, const GError *error, gboolean are_read,
                 guint n)
{
    if (error != NULL)
        adw_bin_set_child(error_bin, rk_error_page(_("The database can't be opened"), error));
    gtk_stack_set_visible_child_name(stack, error != NULL ? "error"
                                            : !are_read   ? "reading"
                                            : n > 0       ? "list"
                                                          : "empty");
}

void
rk_show_pane(GtkWidget *pane)
{
    GtkWidget *leaflet = gtk_widget_get_ancestor(pane, ADW_TYPE_LEAFLET);
    adw_leaflet_set_visible_child(ADW_LEAFLET(leaflet), pane);
}

GtkWidget *
rk_bars_new(const RkBar *bars, guint n, const char *summary)
{
    GtkWidget *grid = gtk_grid_new();
    g_object_set(grid, "column-spacing", 12, "row-spacing", 3, "margin-start", 12, "margin-end", 12,
                 "margin-top", 12, "margin-bottom", 12, NULL);
    gtk_widget_add_css_class(grid, "bars");
    gtk_accessible_update_property(GTK_ACCESSIBLE(grid), GTK_ACCESSIBLE_PROPERTY_LABEL, summary,
                                   -1);
    for (guint i = 0; i < n; i++) {
        GtkWidget *label = gtk_label_new(bars[i].label);
        GtkWidget *bar = gtk_level_bar_new_for_interval(0, 1);
        GtkWidget *value = gtk_label_new(bars[i].value);
        g_object_set(label, "xalign", 1.0F, "ellipsize", PANGO_ELLIPSIZE_END, "max-width-chars", 18,
                     NULL);
        g_object_set(value, "xalign", 0.0F, NULL);
        g_object_set(bar, "hexpand", TRUE, "valign", GTK_ALIGN_CENTER, NULL);
        gtk_level_bar_set_value(GTK_LEVEL_BAR(bar), CLAMP(bars[i].share, 0, 1));
        // One colour: the offsets of a level bar say good and bad, which a histogram doesn't.
        gtk_level_bar_remove_offset_value(GTK_LEVEL_BAR(bar), GTK_LEVEL_BAR_OFFSET_LOW);
        gtk_level_bar_remove_offset_value(GTK_LEVEL_BAR(bar), GTK_LEVEL_BAR_OFFSET_HIGH);
        gtk_level_bar_remove_offset_value(GTK_LEVEL_BAR(bar), GTK_LEVEL_BAR_OFFSET_FULL);
        gtk_accessible_update_property(GTK_ACCESSIBLE(bar), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       bars[i].label, GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT,
                                       bars[i].value, -1);
        gtk_widget_add_css_class(label, "dim-label");
        gtk_grid_attach(GTK_GRID(grid), label, 0, (int)i, 1, 1);
        gtk_grid_attach(GTK_GRID(grid), bar, 1, (int)i, 1, 1);
        gtk_grid_attach(GTK_GRID(grid), value, 2, (int)i, 1, 1);
    }
    return grid;
}

char *
rk_grouped_number(guint64 value)
{
    return g_strdup_printf("%'" G_GUINT64_FORMAT, value);
}

char *
rk_short_number(double value)
{
    static const char *const PREFIXES[] = {"", " k", " M", " G"};
    size_t i = 0;
    for (; fabs(value) >= 1000 && i + 1 < G_N_ELEMENTS(PREFIXES); i++)
        value /= 1000;
    return g_strdup_printf("%.4g%s", value, PREFIXES[i]);
}

char *
rk_duration_text(double seconds)
{
    if (seconds < 60)
        return g_strdup_printf(_("%.0f s"), ceil(seconds));
    if (seconds < 3600)
        return g_strdup_printf(_("%.0f min %.0f s"), floor(seconds / 60), fmod(seconds, 60));
    return g_strdup_printf(_("%.0f h %.0f min"), floor(seconds / 3600), fmod(seconds, 3600) / 60);
}
