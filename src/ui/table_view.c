// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/table_view.h"
#include "ui/widgets.h"

#include <glib/gi18n.h>
#include <math.h>

// ---- rows as a list model ------------------------------------------------------------------

#define RK_TYPE_TABLE_ROWS (rk_table_rows_get_type())
G_DECLARE_FINAL_TYPE(RkTableRows, rk_table_rows, RK, TABLE_ROWS, GObject)

struct _RkTableRows {
    GObject parent;
    RkFigureTable *table;
};

#define RK_TYPE_TABLE_ROW (rk_table_row_get_type())
G_DECLARE_FINAL_TYPE(RkTableRow, rk_table_row, RK, TABLE_ROW, GObject)

struct _RkTableRow {
    GObject parent;
    RkTableRows *rows;
    guint index;
};

G_DEFINE_FINAL_TYPE(RkTableRow, rk_table_row, G_TYPE_OBJECT)

static void
row_finalize(GObject *object)
{
    g_object_unref(RK_TABLE_ROW(object)->rows);
    G_OBJECT_CLASS(rk_table_row_parent_class)->finalize(object);
}

static void
rk_table_row_class_init(RkTableRowClass *class)
{
    G_OBJECT_CLASS(class)->finalize = row_finalize;
}

static void
rk_table_row_init(RkTableRow *row)
{
}

static GType
rows_item_type(GListModel *model)
{
    return RK_TYPE_TABLE_ROW;
}

static guint
rows_n_items(GListModel *model)
{
    return RK_TABLE_ROWS(model)->table->rows->len;
}

static gpointer
rows_item(GListModel *model, guint i)
{
    if (i >= rows_n_items(model))
        return NULL;
    RkTableRow *row = g_object_new(RK_TYPE_TABLE_ROW, NULL);
    row->rows = g_object_ref(RK_TABLE_ROWS(model));
    row->index = i;
    return row;
}

static void
rows_iface(GListModelInterface *iface)
{
    iface->get_item_type = rows_item_type;
    iface->get_n_items = rows_n_items;
    iface->get_item = rows_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(RkTableRows, rk_table_rows, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(G_TYPE_LIST_MODEL, rows_iface))

static void
rows_finalize(GObject *object)
{
    rk_table_free(RK_TABLE_ROWS(object)->table);
    G_OBJECT_CLASS(rk_table_rows_parent_class)->finalize(object);
}

static void
rk_table_rows_class_init(RkTableRowsClass *class)
{
    G_OBJECT_CLASS(class)->finalize = rows_finalize;
}

static void
rk_table_rows_init(RkTableRows *rows)
{
}

// ---- columns -------------------------------------------------------------------------------

static const RkFigureCell *
cell_of(gconstpointer item, gpointer column)
{
    const RkTableRow *row = item;
    return rk_table_cell(row->rows->table, row->index, GPOINTER_TO_UINT(column));
}

// By value; texts by themselves, and what has no value at the end.
static int
compare(gconstpointer a, gconstpointer b, gpointer column)
{
    const RkFigureCell *x = cell_of(a, column), *y = cell_of(b, column);
    if (isnan(x->value) && isnan(y->value))
        return g_utf8_collate(x->text != NULL ? x->text : "", y->text != NULL ? y->text : "");
    if (isnan(x->value) || isnan(y->value))
        return isnan(x->value) ? 1 : -1;
    return (x->value > y->value) - (x->value < y->value);
}

static void
set_up(GtkSignalListItemFactory *factory, GtkListItem *item, gpointer figures)
{
    GtkWidget *label = gtk_label_new(NULL);
    const gboolean right = figures != NULL;
    g_object_set(label, "xalign", right ? 1.0F : 0.0F, "ellipsize",
                 right ? PANGO_ELLIPSIZE_NONE : PANGO_ELLIPSIZE_END, NULL);
    if (!right) { // settings may differ anywhere, so that most are to be seen whole
        g_object_set(label, "width-chars", 28, "max-width-chars", 40, "wrap", TRUE, "wrap-mode",
                     PANGO_WRAP_WORD_CHAR, "lines", 3, NULL);
    }
    if (right)
        gtk_widget_add_css_class(label, "numeric");
    gtk_list_item_set_child(item, label);
}

static void
bind(GtkSignalListItemFactory *factory, GtkListItem *item, gpointer column)
{
    GtkWidget *label = gtk_list_item_get_child(item);
    const RkTableRow *row = gtk_list_item_get_item(item);
    const RkFigureCell *cell = cell_of(row, column);
    const char *text = cell->text != NULL ? cell->text : "";
    const gboolean figure =
        g_array_index(row->rows->table->columns, RkFigureColumn, GPOINTER_TO_UINT(column)).figures;
    // "+0.1" reads from left to right everywhere; nothing in it says so but this mark.
    g_autofree char *marked = figure && gtk_widget_get_direction(label) == GTK_TEXT_DIR_RTL
                                  ? g_strconcat("\u200e", text, NULL)
                                  : NULL;
    gtk_label_set_text(GTK_LABEL(label), marked != NULL ? marked : text);
    rk_set_tooltip(label, g_utf8_strlen(text, -1) > 28 ? text : NULL);
    if (row->rows->table->marked == row->index + 1)
        gtk_widget_add_css_class(label, "heading");
    else
        gtk_widget_remove_css_class(label, "heading");
}

static void
add_column(GtkColumnView *view, const RkFigureTable *table, guint i)
{
    const RkFigureColumn *column = &g_array_index(table->columns, RkFigureColumn, i);
    GtkListItemFactory *factory = gtk_signal_list_item_factory_new();
    g_signal_connect(factory, "setup", G_CALLBACK(set_up), GUINT_TO_POINTER(column->figures));
    g_signal_connect(factory, "bind", G_CALLBACK(bind), GUINT_TO_POINTER(i));
    g_autoptr(GtkColumnViewColumn) shown = gtk_column_view_column_new(column->title, factory);
    g_autoptr(GtkSorter) sorter =
        GTK_SORTER(gtk_custom_sorter_new(compare, GUINT_TO_POINTER(i), NULL));
    gtk_column_view_column_set_sorter(shown, sorter);
    gtk_column_view_column_set_resizable(shown, TRUE);
    gtk_column_view_column_set_expand(shown, !column->figures);
    gtk_column_view_append_column(view, shown);
}

static GtkWidget *
left_out_label(gsize n)
{
    g_autofree char *text =
        g_strdup_printf(ngettext("%zu more row isn't shown. Save as CSV to have them all.",
                                 "%zu more rows aren't shown. Save as CSV to have them all.", n),
                        n);
    GtkWidget *label = gtk_label_new(text);
    g_object_set(label, "wrap", TRUE, "xalign", 0.0F, "margin-start", 12, "margin-end", 12,
                 "margin-top", 6, "margin-bottom", 6, NULL);
    gtk_widget_add_css_class(label, "dim-label");
    return label;
}

GtkWidget *
rk_table_view_new(RkFigureTable *table)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    GtkWidget *scrolled = gtk_scrolled_window_new();
    RkTableRows *rows = g_object_new(RK_TYPE_TABLE_ROWS, NULL);
    rows->table = table;
    GtkWidget *view = gtk_column_view_new(NULL);
    for (guint i = 0; i < table->columns->len; i++)
        add_column(GTK_COLUMN_VIEW(view), table, i);
    GtkSorter *sorter = gtk_column_view_get_sorter(GTK_COLUMN_VIEW(view));
    GtkSortListModel *sorted =
        gtk_sort_list_model_new(G_LIST_MODEL(rows), sorter != NULL ? g_object_ref(sorter) : NULL);
    g_autoptr(GtkSelectionModel) selection =
        GTK_SELECTION_MODEL(gtk_single_selection_new(G_LIST_MODEL(sorted)));
    gtk_single_selection_set_autoselect(GTK_SINGLE_SELECTION(selection), FALSE);
    gtk_column_view_set_model(GTK_COLUMN_VIEW(view), selection);
    gtk_column_view_set_show_row_separators(GTK_COLUMN_VIEW(view), TRUE);
    gtk_widget_add_css_class(view, "data-table");
    gtk_accessible_update_property(GTK_ACCESSIBLE(view), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   table->caption != NULL ? table->caption : _("Table"), -1);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scrolled), view);
    gtk_widget_set_vexpand(scrolled, TRUE);
    gtk_box_append(GTK_BOX(box), scrolled);
    if (table->n_left_out > 0)
        gtk_box_append(GTK_BOX(box), left_out_label(table->n_left_out));
    return box;
}
