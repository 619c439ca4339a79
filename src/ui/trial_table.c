// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/trial_table.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "report/quantity.h"

struct _RkTrialTable {
    AdwBin parent;
    GtkWidget *search, *n_shown;
    GtkColumnView *view;
    GtkCustomFilter *filter;
    GtkFilterListModel *filtered;
    GtkSortListModel *sorted;
    GtkSingleSelection *selection;
    GtkColumnViewColumn *accuracy; // the view's
    RkTrialList *list;
    char *wanted; // of the search, folded
};

G_DEFINE_FINAL_TYPE(RkTrialTable, rk_trial_table, ADW_TYPE_BIN)

enum { SELECTED, MARKED, N_SIGNALS };
static guint signals[N_SIGNALS];

// Columns: an axis by its index, or one of these.
enum { NUMBER = 1000, P50, P99, QPS, ACCURACY, STATUS, MARKS };

enum { PROP_PINNED = 1, PROP_HIDDEN }; // of the selected trial

#define MAX_CHARS 24u // of an axis's values; longer ones end in dots until the column is widened

// ---- what cells say ------------------------------------------------------------------------

static double
figure_of(const RkTrialRow *row, guint column)
{
    switch (column) {
    case NUMBER:
        return row->order;
    case P50:
        return row->p50_ms;
    case P99:
        return row->p99_ms;
    case QPS:
        return row->qps;
    case ACCURACY:
        return row->accuracy;
    default:
        return NAN;
    }
}

static char *
status_text(const RkTrialRow *row)
{
    if (row->state == RK_ROW_WAITING)
        return g_strdup(_("Waiting"));
    if (row->state == RK_ROW_RUNNING)
        return g_strdup(_("Running"));
    if (row->status == RK_TRIAL_FAILED)
        return g_strdup(_("Failed"));
    if (row->saturated)
        return g_strdup(_("Saturated"));
    if (row->status == RK_TRIAL_INVALID)
        return g_strdup(_("Not valid"));
    return g_strdup(row->recommended ? _("Recommended") : _("OK"));
}

static const char *
marks_text(const RkTrialRow *row)
{
    if (row->pinned && row->hidden)
        return _("Pinned, hidden");
    return row->pinned ? _("Pinned") : row->hidden ? _("Hidden") : "";
}

static char *
cell_text(RkTrialItem *item, guint column)
{
    const RkTrialRow *row = rk_trial_item_row(item);
    if (column < NUMBER)
        return g_strdup(row->cells[column]);
    if (column == NUMBER)
        return g_strdup_printf("%u", rk_trial_item_index(item) + 1);
    if (column == STATUS)
        return status_text(row);
    if (column == MARKS)
        return g_strdup(marks_text(row));
    const double value = figure_of(row, column);
    if (isnan(value))
        return g_strdup(row->state == RK_ROW_MEASURED ? "–" : "");
    return column == QPS        ? rk_quantity(value, RK_UNIT_PER_SECOND)
           : column == ACCURACY ? rk_quantity(value, RK_UNIT_METRIC)
                                : rk_quantity(value * 1e-3, RK_UNIT_SECONDS);
}

// ---- sorting and searching -----------------------------------------------------------------

static int
compare_figures(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) - isnan(b); // what isn't known comes last
    return a < b ? -1 : a > b;
}

// Numbers by their value, texts by the alphabet.
static int
compare_texts(const char *a, const char *b)
{
    char *end_a = NULL, *end_b = NULL;
    const double x = g_ascii_strtod(a, &end_a), y = g_ascii_strtod(b, &end_b);
    if (*a != '\0' && *b != '\0' && *end_a == '\0' && *end_b == '\0')
        return compare_figures(x, y);
    return strcmp(a, b);
}

static int
compare(gconstpointer a, gconstpointer b, gpointer data)
{
    RkTrialItem *x = RK_TRIAL_ITEM((gpointer)a), *y = RK_TRIAL_ITEM((gpointer)b);
    const RkTrialRow *row = rk_trial_item_row(x), *other = rk_trial_item_row(y);
    const guint column = GPOINTER_TO_UINT(data);
    if (column < NUMBER)
        return compare_texts(row->cells[column], other->cells[column]);
    if (column == NUMBER)
        return compare_figures(rk_trial_item_index(x), rk_trial_item_index(y));
    if (column == STATUS) {
        const int by_state = (int)other->state - (int)row->state;
        return by_state != 0 ? by_state : (int)row->status - (int)other->status;
    }
    if (column == MARKS)
        return other->pinned * 2 + other->hidden - row->pinned * 2 - row->hidden;
    return compare_figures(figure_of(row, column), figure_of(other, column));
}

static gboolean
matches(gpointer item, gpointer data)
{
    RkTrialTable *table = data;
    const RkTrialRow *row = rk_trial_item_row(item);
    if (table->wanted == NULL || *table->wanted == '\0')
        return TRUE;
    for (guint a = 0; a < rk_trial_list_n_axes(table->list); a++) {
        g_autofree char *text =
            g_strdup_printf("%s=%s", rk_trial_list_axis(table->list, a), row->cells[a]);
        if (strstr(text, table->wanted) != NULL)
            return TRUE;
    }
    g_autofree char *status = status_text(row);
    g_autofree char *folded = g_utf8_casefold(status, -1);
    return strstr(folded, table->wanted) != NULL;
}

static void
show_n(RkTrialTable *table)
{
    const guint n = g_list_model_get_n_items(G_LIST_MODEL(table->sorted));
    g_autofree char *text = g_strdup_printf(ngettext("%'u trial", "%'u trials", n), n);
    gtk_label_set_text(GTK_LABEL(table->n_shown), text);
}

static void
on_search(RkTrialTable *table)
{
    g_free(table->wanted);
    table->wanted = g_utf8_casefold(gtk_editable_get_text(GTK_EDITABLE(table->search)), -1);
    gtk_filter_changed(GTK_FILTER(table->filter), GTK_FILTER_CHANGE_DIFFERENT);
    show_n(table);
}

// ---- cells ---------------------------------------------------------------------------------

// Characters that a column is wide at first.
static guint
n_chars(RkTrialTable *table, guint column)
{
    size_t n = 0;
    if (column >= NUMBER)
        return column == STATUS || column == MARKS ? 12 : column == NUMBER ? 5 : 8;
    for (guint i = 0; i < rk_trial_list_n(table->list) && n < MAX_CHARS; i++)
        n = MAX(n, strlen(rk_trial_list_row(table->list, i)->cells[column]));
    return (guint)MIN(n, MAX_CHARS);
}

// GTK binds some 200 rows anew after a jump. An inscription's size doesn't depend on its text, so
// only the cells that are seen are ever laid out.
static void
setup_text(GtkSignalListItemFactory *factory, GtkListItem *item, gpointer data)
{
    const guint column = GPOINTER_TO_UINT(data);
    const guint chars = GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(factory), "n-chars"));
    GtkWidget *cell = gtk_inscription_new(NULL);
    const gboolean figures = column >= NUMBER && column < STATUS;
    g_object_set(cell, "xalign", figures ? 1.0F : 0.0F, "nat-chars", chars, "min-chars",
                 figures ? chars : 4, "text-overflow", GTK_INSCRIPTION_OVERFLOW_ELLIPSIZE_END,
                 NULL);
    gtk_widget_add_css_class(cell, "numeric");
    gtk_list_item_set_child(item, cell);
}

// A class that is there already costs a look; one that comes or goes, the cell's style.
static void
set_class(GtkWidget *widget, const char *class, gboolean wanted)
{
    if (wanted == gtk_widget_has_css_class(widget, class))
        return;
    if (wanted)
        gtk_widget_add_css_class(widget, class);
    else
        gtk_widget_remove_css_class(widget, class);
}

static void
bind_text(GtkSignalListItemFactory *factory, GtkListItem *item, gpointer data)
{
    RkTrialItem *trial = gtk_list_item_get_item(item);
    const RkTrialRow *row = rk_trial_item_row(trial);
    GtkWidget *cell = gtk_list_item_get_child(item);
    const guint column = GPOINTER_TO_UINT(data);
    g_autofree char *text = cell_text(trial, column);
    gtk_inscription_set_text(GTK_INSCRIPTION(cell), text);
    // Each setting makes GTK look for the pointer, whether it says anything new or not.
    if (column == STATUS && g_strcmp0(gtk_widget_get_tooltip_text(cell), row->why) != 0)
        gtk_widget_set_tooltip_text(cell, row->why);
    set_class(cell, "recommended", row->recommended);
    set_class(cell, "dim-label", row->state == RK_ROW_WAITING);
}

// ---- marks of the selected trial -----------------------------------------------------------

static RkTrialRow *
selected_row(RkTrialTable *table)
{
    RkTrialItem *item = gtk_single_selection_get_selected_item(table->selection);
    return item != NULL ? rk_trial_item_row(item) : NULL;
}

static void
table_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    const RkTrialRow *row = selected_row(RK_TRIAL_TABLE(object));
    g_value_set_boolean(value, row != NULL && (id == PROP_PINNED ? row->pinned : row->hidden));
}

// The buttons' state is the properties'.
static void
show_marks(RkTrialTable *table)
{
    const gboolean any = selected_row(table) != NULL;
    gtk_widget_action_set_enabled(GTK_WIDGET(table), "trial.pin", any);
    gtk_widget_action_set_enabled(GTK_WIDGET(table), "trial.hide", any);
    g_object_notify(G_OBJECT(table), "pinned");
    g_object_notify(G_OBJECT(table), "hidden");
}

static void
table_set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    RkTrialTable *table = RK_TRIAL_TABLE(object);
    RkTrialRow *row = selected_row(table);
    if (row == NULL)
        return;
    if (id == PROP_PINNED)
        row->pinned = g_value_get_boolean(value);
    else
        row->hidden = g_value_get_boolean(value);
    rk_trial_list_changed(table->list, rk_trial_table_selected(table));
    show_marks(table);
    g_signal_emit(table, signals[MARKED], 0);
}

static GtkWidget *
mark_button(const char *icon, const char *label, const char *tooltip, const char *action)
{
    GtkWidget *button = gtk_toggle_button_new();
    gtk_button_set_icon_name(GTK_BUTTON(button), icon);
    gtk_widget_set_tooltip_text(button, tooltip);
    gtk_actionable_set_action_name(GTK_ACTIONABLE(button), action);
    gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                   -1);
    return button;
}

// P and H mark the row that the keyboard is at.
static void
add_keys(RkTrialTable *table)
{
    static const struct {
        guint key;
        const char *action;
    } KEYS[] = {{GDK_KEY_p, "trial.pin"}, {GDK_KEY_h, "trial.hide"}};
    GtkEventController *keys = gtk_shortcut_controller_new();
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++)
        gtk_shortcut_controller_add_shortcut(
            GTK_SHORTCUT_CONTROLLER(keys), gtk_shortcut_new(gtk_keyval_trigger_new(KEYS[i].key, 0),
                                                            gtk_named_action_new(KEYS[i].action)));
    gtk_widget_add_controller(GTK_WIDGET(table->view), keys);
}

// ---- columns -------------------------------------------------------------------------------

static GtkColumnViewColumn *
add_column(RkTrialTable *table, const char *title, guint column)
{
    GtkListItemFactory *factory = gtk_signal_list_item_factory_new();
    GtkColumnViewColumn *one = gtk_column_view_column_new(title, factory);
    g_autoptr(GtkSorter) sorter =
        GTK_SORTER(gtk_custom_sorter_new(compare, GUINT_TO_POINTER(column), NULL));
    g_object_set_data(G_OBJECT(factory), "n-chars", GUINT_TO_POINTER(n_chars(table, column)));
    g_signal_connect(factory, "setup", G_CALLBACK(setup_text), GUINT_TO_POINTER(column));
    g_signal_connect(factory, "bind", G_CALLBACK(bind_text), GUINT_TO_POINTER(column));
    gtk_column_view_column_set_sorter(one, sorter);
    gtk_column_view_column_set_resizable(one, TRUE);
    gtk_column_view_column_set_expand(one, column == STATUS);
    gtk_column_view_append_column(table->view, one);
    g_object_unref(one); // the view's
    return one;
}

static void
make_columns(RkTrialTable *table)
{
    GListModel *columns = gtk_column_view_get_columns(table->view);
    while (g_list_model_get_n_items(columns) > 0) {
        g_autoptr(GtkColumnViewColumn) one = g_list_model_get_item(columns, 0);
        gtk_column_view_remove_column(table->view, one);
    }
    if (table->list == NULL)
        return;
    const char *metric = rk_trial_list_metric(table->list);
    // Translators: the heading of a column of numbers 1, 2, 3.
    add_column(table, _("No."), NUMBER);
    for (guint a = 0; a < rk_trial_list_n_axes(table->list); a++)
        add_column(table, rk_trial_list_axis(table->list, a), a);
    add_column(table, _("p50"), P50);
    add_column(table, _("p99"), P99);
    add_column(table, _("Throughput"), QPS);
    table->accuracy = add_column(table, metric != NULL ? metric : _("Accuracy"), ACCURACY);
    add_column(table, _("Status"), STATUS);
    // Translators: the heading of a column that says which trials are pinned in or hidden from
    // charts.
    add_column(table, _("Charts"), MARKS);
}

// ---- the class -----------------------------------------------------------------------------

static void
on_selected(RkTrialTable *table)
{
    show_marks(table);
    g_signal_emit(table, signals[SELECTED], 0);
}

static void
table_dispose(GObject *object)
{
    RkTrialTable *table = RK_TRIAL_TABLE(object);
    if (table->filtered != NULL)
        gtk_filter_list_model_set_model(table->filtered, NULL);
    g_clear_object(&table->filter);
    g_clear_object(&table->filtered);
    g_clear_object(&table->sorted);
    if (table->selection != NULL)
        g_signal_handlers_disconnect_by_data(table->selection, table);
    g_clear_object(&table->selection);
    g_clear_object(&table->list);
    g_clear_pointer(&table->wanted, g_free);
    G_OBJECT_CLASS(rk_trial_table_parent_class)->dispose(object);
}

static void
rk_trial_table_class_init(RkTrialTableClass *class)
{
    GObjectClass *object = G_OBJECT_CLASS(class);
    const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
    object->dispose = table_dispose;
    object->get_property = table_get_property;
    object->set_property = table_set_property;
    g_object_class_install_property(object, PROP_PINNED,
                                    g_param_spec_boolean("pinned", NULL, NULL, FALSE, flags));
    g_object_class_install_property(object, PROP_HIDDEN,
                                    g_param_spec_boolean("hidden", NULL, NULL, FALSE, flags));
    gtk_widget_class_install_property_action(GTK_WIDGET_CLASS(class), "trial.pin", "pinned");
    gtk_widget_class_install_property_action(GTK_WIDGET_CLASS(class), "trial.hide", "hidden");
    signals[SELECTED] = g_signal_new("selected", RK_TYPE_TRIAL_TABLE, G_SIGNAL_RUN_LAST, 0, NULL,
                                     NULL, NULL, G_TYPE_NONE, 0);
    signals[MARKED] = g_signal_new("marked", RK_TYPE_TRIAL_TABLE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 0);
}

static void
make_models(RkTrialTable *table)
{
    table->filter = gtk_custom_filter_new(matches, table, NULL);
    table->filtered = gtk_filter_list_model_new(NULL, GTK_FILTER(g_object_ref(table->filter)));
    table->sorted = gtk_sort_list_model_new(G_LIST_MODEL(g_object_ref(table->filtered)), NULL);
    gtk_sort_list_model_set_incremental(table->sorted, TRUE);
    table->selection = gtk_single_selection_new(G_LIST_MODEL(g_object_ref(table->sorted)));
    gtk_single_selection_set_autoselect(table->selection, FALSE);
    gtk_single_selection_set_can_unselect(table->selection, TRUE);
    gtk_single_selection_set_selected(table->selection, GTK_INVALID_LIST_POSITION);
    g_signal_connect_swapped(table->selection, "notify::selected", G_CALLBACK(on_selected), table);
}

static void
rk_trial_table_init(RkTrialTable *table)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
    GtkWidget *head = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
    GtkWidget *marks = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    GtkWidget *scrolled = gtk_scrolled_window_new();
    GtkWidget *view = gtk_column_view_new(NULL);
    table->view = GTK_COLUMN_VIEW(view);
    table->search = gtk_search_entry_new();
    table->n_shown = gtk_label_new(NULL);
    make_models(table);
    gtk_column_view_set_model(table->view, GTK_SELECTION_MODEL(table->selection));
    gtk_sort_list_model_set_sorter(table->sorted, gtk_column_view_get_sorter(table->view));
    gtk_column_view_set_show_row_separators(table->view, TRUE);
    gtk_widget_add_css_class(view, "data-table");
    g_object_set(table->search, "placeholder-text", _("Search trials"), "hexpand", TRUE, NULL);
    gtk_accessible_update_property(GTK_ACCESSIBLE(table->search), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _("Search trials"), -1);
    gtk_accessible_update_property(GTK_ACCESSIBLE(view), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Trials"),
                                   -1);
    gtk_widget_add_css_class(table->n_shown, "dim-label");
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scrolled), view);
    g_object_set(scrolled, "vexpand", TRUE, "min-content-height", 240, "has-frame", TRUE, NULL);
    gtk_box_append(GTK_BOX(head), table->search);
    GtkWidget *pin = mark_button("view-pin-symbolic", _("Pin in the charts"),
                                 _("Pin in the charts (P)"), "trial.pin");
    GtkWidget *hide = mark_button("view-conceal-symbolic", _("Hide from the charts"),
                                  _("Hide from the charts (H)"), "trial.hide");
    gtk_box_append(GTK_BOX(marks), pin);
    gtk_box_append(GTK_BOX(marks), hide);
    gtk_box_append(GTK_BOX(head), marks);
    gtk_box_append(GTK_BOX(head), table->n_shown);
    gtk_box_append(GTK_BOX(box), head);
    gtk_box_append(GTK_BOX(box), scrolled);
    adw_bin_set_child(ADW_BIN(table), box);
    g_signal_connect_swapped(table->search, "search-changed", G_CALLBACK(on_search), table);
    add_keys(table);
    show_marks(table);
}

GtkWidget *
rk_trial_table_new(void)
{
    return g_object_new(RK_TYPE_TRIAL_TABLE, NULL);
}

void
rk_trial_table_set(RkTrialTable *table, RkTrialList *list)
{
    gtk_filter_list_model_set_model(table->filtered, NULL);
    g_set_object(&table->list, list);
    make_columns(table);
    gtk_filter_list_model_set_model(table->filtered, G_LIST_MODEL(list));
    gtk_single_selection_set_selected(table->selection, GTK_INVALID_LIST_POSITION);
    show_n(table);
}

void
rk_trial_table_retitle(RkTrialTable *table)
{
    const char *metric = rk_trial_list_metric(table->list);
    if (metric != NULL)
        gtk_column_view_column_set_title(table->accuracy, metric);
}

guint
rk_trial_table_selected(RkTrialTable *table)
{
    RkTrialItem *item = gtk_single_selection_get_selected_item(table->selection);
    return item != NULL ? rk_trial_item_index(item) : G_MAXUINT;
}

GtkWidget *
rk_trial_table_search(RkTrialTable *table)
{
    return table->search;
}

GtkColumnView *
rk_trial_table_view(RkTrialTable *table)
{
    return table->view;
}
