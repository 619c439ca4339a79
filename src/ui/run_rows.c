// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/run_rows.h"

#include "ui/run_item.h"

static RkRunItem *
item_of(GtkListItem *list_item)
{
    GtkTreeListRow *row = gtk_list_item_get_item(list_item);
    RkRunItem *item = gtk_tree_list_row_get_item(row);
    g_object_unref(item); // the row keeps it
    return item;
}

static GtkWidget *
row_label(const char *class, int lines)
{
    GtkWidget *label = gtk_label_new(NULL);
    g_object_set(label, "xalign", 0.0F, "wrap", TRUE, "wrap-mode", PANGO_WRAP_WORD_CHAR, "lines",
                 lines, "ellipsize", PANGO_ELLIPSIZE_END, NULL);
    if (class != NULL) {
        gtk_widget_add_css_class(label, class);
        gtk_widget_add_css_class(label, "dim-label");
    }
    return label;
}

static void
setup_row(GtkListItemFactory *factory, GtkListItem *list_item, gpointer unused)
{
    GtkWidget *expander = gtk_tree_expander_new();
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    GtkWidget *texts = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    GtkWidget *check = gtk_check_button_new();
    GtkWidget *title = row_label(NULL, 3), *detail = row_label("caption", 3);
    gtk_widget_set_hexpand(texts, TRUE);
    gtk_widget_set_valign(texts, GTK_ALIGN_CENTER);
    gtk_box_append(GTK_BOX(texts), title);
    gtk_box_append(GTK_BOX(texts), detail);
    gtk_box_append(GTK_BOX(box), check);
    gtk_box_append(GTK_BOX(box), texts);
    gtk_tree_expander_set_child(GTK_TREE_EXPANDER(expander), box);
    g_object_set_data(G_OBJECT(list_item), "check", check);
    g_object_set_data(G_OBJECT(list_item), "title", title);
    g_object_set_data(G_OBJECT(list_item), "detail", detail);
    gtk_list_item_set_child(list_item, expander);
}

static void
expanded(GtkTreeListRow *row, GParamSpec *spec, gpointer unused)
{
    g_autoptr(RkRunItem) item = gtk_tree_list_row_get_item(row);
    if (item != NULL && gtk_tree_list_row_get_expanded(row))
        rk_run_item_open(item);
}

static void
bind_row(GtkListItemFactory *factory, GtkListItem *list_item, gpointer unused)
{
    GtkTreeListRow *row = gtk_list_item_get_item(list_item);
    RkRunItem *item = item_of(list_item);
    GtkWidget *check = g_object_get_data(G_OBJECT(list_item), "check");
    GtkLabel *title = g_object_get_data(G_OBJECT(list_item), "title");
    GtkLabel *detail = g_object_get_data(G_OBJECT(list_item), "detail");
    gtk_tree_expander_set_list_row(GTK_TREE_EXPANDER(gtk_list_item_get_child(list_item)), row);
    gtk_label_set_text(title, item->title);
    gtk_widget_set_sensitive(check, item->readable);
    gtk_accessible_update_property(GTK_ACCESSIBLE(check), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   item->title, -1);
    g_object_set_data(G_OBJECT(list_item), "binding",
                      g_object_bind_property(item, "picked", check, "active",
                                             G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL));
    g_object_set_data(
        G_OBJECT(list_item), "detail-binding",
        g_object_bind_property(item, "detail", detail, "label", G_BINDING_SYNC_CREATE));
    if (item->children != NULL)
        g_signal_connect(row, "notify::expanded", G_CALLBACK(expanded), NULL);
}

static void
unbind_row(GtkListItemFactory *factory, GtkListItem *list_item, gpointer unused)
{
    static const char *const NAMES[] = {"binding", "detail-binding"};
    GtkTreeListRow *row = gtk_list_item_get_item(list_item);
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        GBinding *binding = g_object_steal_data(G_OBJECT(list_item), NAMES[i]);
        if (binding != NULL)
            g_binding_unbind(binding);
    }
    if (row != NULL)
        g_signal_handlers_disconnect_by_func(row, expanded, NULL);
    gtk_tree_expander_set_list_row(GTK_TREE_EXPANDER(gtk_list_item_get_child(list_item)), NULL);
}

GtkListItemFactory *
rk_run_rows_new(void)
{
    GtkListItemFactory *factory = gtk_signal_list_item_factory_new();
    g_signal_connect(factory, "setup", G_CALLBACK(setup_row), NULL);
    g_signal_connect(factory, "bind", G_CALLBACK(bind_row), NULL);
    g_signal_connect(factory, "unbind", G_CALLBACK(unbind_row), NULL);
    return factory;
}
