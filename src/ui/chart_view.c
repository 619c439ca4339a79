// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chart_view.h"

#include <glib/gi18n.h>

#include "ui/chart_menu.h"
#include "ui/table_view.h"
#include "ui/widgets.h"

#define TABLE_ROWS 10000u // that are shown; a CSV file has all

struct _RkChartView {
    AdwBin parent;
    GtkLabel *title;
    GtkWidget *reset;
    GtkMenuButton *menu;
    GtkStack *stack;
    RkChartPlot *plot;
    AdwBin *table;
    GSimpleActionGroup *actions;
};

G_DEFINE_FINAL_TYPE(RkChartView, rk_chart_view, ADW_TYPE_BIN)

// ---- the table -----------------------------------------------------------------------------

static gboolean
shows_table(RkChartView *view)
{
    return g_strcmp0(gtk_stack_get_visible_child_name(view->stack), "table") == 0;
}

static void
fill_table(RkChartView *view)
{
    RkChart *chart = rk_chart_plot_chart(view->plot);
    adw_bin_set_child(view->table,
                      chart != NULL ? rk_table_view_new(rk_chart_table(chart, TABLE_ROWS)) : NULL);
}

static void
change_table(GSimpleAction *action, GVariant *state, gpointer data)
{
    RkChartView *view = data;
    const gboolean shown = g_variant_get_boolean(state);
    g_simple_action_set_state(action, state);
    if (shown)
        fill_table(view);
    gtk_stack_set_visible_child_name(view->stack, shown ? "table" : "plot");
    if (!shown)
        adw_bin_set_child(view->table, NULL);
}

// ---- what is shown -------------------------------------------------------------------------

static void
zoom_in(GSimpleAction *action, GVariant *parameter, gpointer view)
{
    rk_chart_plot_zoom(RK_CHART_VIEW(view)->plot, 1.5);
}

static void
zoom_out(GSimpleAction *action, GVariant *parameter, gpointer view)
{
    rk_chart_plot_zoom(RK_CHART_VIEW(view)->plot, 1 / 1.5);
}

static void
reset(GSimpleAction *action, GVariant *parameter, gpointer view)
{
    rk_chart_plot_reset(RK_CHART_VIEW(view)->plot);
}

static void
view_changed(RkChartView *view)
{
    const gboolean zoomed = rk_chart_plot_is_zoomed(view->plot);
    GAction *action = g_action_map_lookup_action(G_ACTION_MAP(view->actions), "reset");
    g_simple_action_set_enabled(G_SIMPLE_ACTION(action), zoomed);
    gtk_widget_set_visible(view->reset, zoomed);
    rk_chart_menu_update(view->actions, view->plot);
    if (shows_table(view))
        fill_table(view);
}

// ---- the class -----------------------------------------------------------------------------

static const GActionEntry ACTIONS[] = {
    {.name = "zoom-in", .activate = zoom_in},
    {.name = "zoom-out", .activate = zoom_out},
    {.name = "reset", .activate = reset},
    {.name = "table", .state = "false", .change_state = change_table},
};

static void
view_dispose(GObject *object)
{
    RkChartView *view = RK_CHART_VIEW(object);
    g_clear_object(&view->actions);
    G_OBJECT_CLASS(rk_chart_view_parent_class)->dispose(object);
}

static void
rk_chart_view_class_init(RkChartViewClass *class)
{
    G_OBJECT_CLASS(class)->dispose = view_dispose;
    gtk_widget_class_set_css_name(GTK_WIDGET_CLASS(class), "chartview");
}

static GtkWidget *
new_head(RkChartView *view)
{
    GtkWidget *head = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    view->title = GTK_LABEL(gtk_label_new(NULL));
    view->reset = gtk_button_new_from_icon_name("zoom-original-symbolic");
    view->menu = GTK_MENU_BUTTON(gtk_menu_button_new());
    g_object_set(view->title, "xalign", 0.0F, "hexpand", TRUE, "ellipsize", PANGO_ELLIPSIZE_END,
                 NULL);
    gtk_widget_add_css_class(GTK_WIDGET(view->title), "heading");
    gtk_widget_add_css_class(view->reset, "flat");
    gtk_widget_add_css_class(GTK_WIDGET(view->menu), "flat");
    rk_set_tooltip(view->reset, _("Show all"));
    gtk_accessible_update_property(GTK_ACCESSIBLE(view->reset), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _("Show all"), -1);
    gtk_actionable_set_action_name(GTK_ACTIONABLE(view->reset), "chart.reset");
    gtk_menu_button_set_icon_name(view->menu, "view-more-symbolic");
    rk_set_tooltip(GTK_WIDGET(view->menu), _("Chart menu"));
    gtk_accessible_update_property(GTK_ACCESSIBLE(view->menu), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _("Chart menu"), -1);
    g_object_set(head, "margin-start", 9, "margin-end", 3, "margin-top", 3, NULL);
    gtk_box_append(GTK_BOX(head), GTK_WIDGET(view->title));
    gtk_box_append(GTK_BOX(head), view->reset);
    gtk_box_append(GTK_BOX(head), GTK_WIDGET(view->menu));
    return head;
}

// The card has the ground of the picture, which is black there.
static void
take_theme(RkChartView *view)
{
    AdwStyleManager *style = adw_style_manager_get_default();
    if (adw_style_manager_get_high_contrast(style) && adw_style_manager_get_dark(style))
        gtk_widget_add_css_class(GTK_WIDGET(view), "black");
    else
        gtk_widget_remove_css_class(GTK_WIDGET(view), "black");
}

static void
rk_chart_view_init(RkChartView *view)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    AdwStyleManager *style = adw_style_manager_get_default();
    view->plot = RK_CHART_PLOT(rk_chart_plot_new());
    view->stack = GTK_STACK(gtk_stack_new());
    view->table = ADW_BIN(adw_bin_new());
    view->actions = g_simple_action_group_new();
    gtk_box_append(GTK_BOX(box), new_head(view));
    gtk_stack_add_named(view->stack, GTK_WIDGET(view->plot), "plot");
    gtk_stack_add_named(view->stack, GTK_WIDGET(view->table), "table");
    gtk_widget_set_vexpand(GTK_WIDGET(view->stack), TRUE);
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(view->stack));
    gtk_widget_add_css_class(GTK_WIDGET(view), "card");
    gtk_widget_set_overflow(GTK_WIDGET(view), GTK_OVERFLOW_HIDDEN);
    adw_bin_set_child(ADW_BIN(view), box);
    g_action_map_add_action_entries(G_ACTION_MAP(view->actions), ACTIONS, G_N_ELEMENTS(ACTIONS),
                                    view);
    rk_chart_menu_add(view, view->actions, view->menu);
    gtk_widget_insert_action_group(GTK_WIDGET(view), "chart", G_ACTION_GROUP(view->actions));
    g_signal_connect_object(view->plot, "view-changed", G_CALLBACK(view_changed), view,
                            G_CONNECT_SWAPPED);
    g_signal_connect_object(style, "notify::high-contrast", G_CALLBACK(take_theme), view,
                            G_CONNECT_SWAPPED);
    g_signal_connect_object(style, "notify::dark", G_CALLBACK(take_theme), view, G_CONNECT_SWAPPED);
    take_theme(view);
    view_changed(view);
}

GtkWidget *
rk_chart_view_new(void)
{
    return g_object_new(RK_TYPE_CHART_VIEW, NULL);
}

// A chart that has neither points nor a word of what would bring them says so with its title alone.
static void
show_names(RkChartView *view)
{
    RkChart *chart = rk_chart_plot_chart(view->plot);
    gtk_label_set_text(view->title, chart != NULL ? chart->title : "");
    gtk_widget_set_sensitive(GTK_WIDGET(view->menu), chart != NULL);
    gtk_menu_button_set_menu_model(view->menu, NULL);
    if (chart == NULL)
        return;
    g_autoptr(GMenuModel) model = rk_chart_menu_new(view->actions, view->plot);
    gtk_menu_button_set_menu_model(view->menu, model);
}

void
rk_chart_view_set_chart(RkChartView *view, RkChart *chart)
{
    rk_chart_plot_set_chart(view->plot, chart);
    show_names(view);
}

RkChart *
rk_chart_view_chart(RkChartView *view)
{
    return rk_chart_plot_chart(view->plot);
}

RkChartPlot *
rk_chart_view_plot(RkChartView *view)
{
    return view->plot;
}

void
rk_chart_view_changed(RkChartView *view, gboolean only_appended)
{
    rk_chart_plot_changed(view->plot, only_appended);
    if (only_appended)
        return;
    show_names(view);
    view_changed(view);
}
