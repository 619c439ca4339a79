// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chart_menu.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>

#include "report/draw.h"
#include "ui/ask_file.h"

#define FILE_WIDTH  960.0 // px of a saved picture
#define FILE_SCALE  2.0   // of its pixels
#define MAX_ENTRIES 30u   // of series in the menu

// ---- files ---------------------------------------------------------------------------------

// Documents are white, whatever the desktop is.
static gboolean
write_picture(RkChart *chart, const char *path, GError **error)
{
    g_autoptr(RkMeasure) measure = rk_measure_new(NULL, 1);
    const double height = rk_layout_natural_height(chart, FILE_WIDTH) + 24;
    if (g_str_has_suffix(path, ".png"))
        return rk_chart_to_png(chart, measure, RK_THEME_LIGHT, FILE_WIDTH, height, FILE_SCALE, path,
                               error);
    g_autofree char *svg = rk_chart_to_svg(chart, measure, RK_THEME_LIGHT, FILE_WIDTH, height);
    return g_file_set_contents(path, svg, -1, error);
}

gboolean
rk_chart_view_save(RkChartView *view, const char *path, GError **error)
{
    RkChart *chart = rk_chart_view_chart(view);
    g_return_val_if_fail(chart != NULL, FALSE);
    if (g_str_has_suffix(path, ".csv")) {
        g_autoptr(RkFigureTable) table = rk_chart_table(chart, G_MAXUINT32);
        g_autofree char *csv = rk_table_to_csv(table);
        return g_file_set_contents(path, csv, -1, error);
    }
    if (!g_str_has_suffix(path, ".png") && !g_str_has_suffix(path, ".svg")) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't save the chart as %s: the name ends in none of .png, .svg and .csv. "
                    "Add one of them.",
                    path);
        return FALSE;
    }
    const gboolean done = write_picture(chart, path, error);
    rk_chart_view_changed(view, FALSE); // drawing fits the ranges again
    return done;
}

static void
tell(RkChartView *view, const char *text)
{
    GtkWidget *overlay = gtk_widget_get_ancestor(GTK_WIDGET(view), ADW_TYPE_TOAST_OVERLAY);
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    if (overlay != NULL)
        adw_toast_overlay_add_toast(ADW_TOAST_OVERLAY(overlay), adw_toast_new(escaped));
}

static char *
file_name(const RkChart *chart, const char *ending)
{
    g_autofree char *name = g_str_to_ascii(chart->title, "C");
    for (char *c = name; *c != '\0'; c++)
        *c = g_ascii_isalnum(*c) ? g_ascii_tolower(*c) : '-';
    return g_strdup_printf("%s%s", name[0] != '\0' ? name : "chart", ending);
}

static void
chosen(gpointer view, const char *const *paths, gpointer ending)
{
    g_autoptr(GError) error = NULL;
    // What it is named otherwise is no choice of another form: the menu had one entry for each.
    g_autofree char *path = g_str_has_suffix(paths[0], ending)
                                ? g_strdup(paths[0])
                                : g_strconcat(paths[0], ending, NULL);
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *shown = g_filename_display_name(base);
    g_autofree char *saved = g_strdup_printf(_("Saved %s"), shown);
    if (rk_chart_view_chart(view) != NULL)
        tell(view, rk_chart_view_save(view, path, &error) ? saved : error->message);
}

static void
save(GSimpleAction *action, GVariant *target, gpointer data)
{
    RkChartView *view = data;
    const char *form = g_variant_get_string(target, NULL);
    const RkChart *chart = rk_chart_view_chart(view);
    if (chart == NULL)
        return;
    char *ending = g_strdup_printf(".%s", form);
    g_autofree char *name = file_name(chart, ending);
    const RkAskFile ask = {.title = _("Save the Chart"), .accept = _("_Save"), .name = name};
    rk_ask_form(GTK_WIDGET(view), &ask, form, G_OBJECT(view), chosen, ending, g_free);
}

// ---- the clipboard -------------------------------------------------------------------------

static void
copy_picture(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    RkChartView *view = data;
    RkChart *chart = rk_chart_view_chart(view);
    g_autoptr(RkMeasure) measure = rk_measure_new(NULL, 1);
    if (chart == NULL)
        return;
    const double height = rk_layout_natural_height(chart, FILE_WIDTH) + 24;
    const int w = (int)(FILE_WIDTH * FILE_SCALE), h = (int)(height * FILE_SCALE);
    cairo_surface_t *surface =
        rk_chart_to_image(chart, measure, RK_THEME_LIGHT, FILE_WIDTH, height, FILE_SCALE);
    const int stride = cairo_image_surface_get_stride(surface);
    g_autoptr(GBytes) bytes =
        g_bytes_new_with_free_func(cairo_image_surface_get_data(surface), (gsize)stride * (gsize)h,
                                   (GDestroyNotify)cairo_surface_destroy, surface);
    g_autoptr(GdkTexture) texture =
        gdk_memory_texture_new(w, h, GDK_MEMORY_DEFAULT, bytes, (gsize)stride);
    gdk_clipboard_set_texture(gtk_widget_get_clipboard(GTK_WIDGET(view)), texture);
    rk_chart_view_changed(view, FALSE); // drawing fits the ranges again
    tell(view, _("Copied the picture"));
}

static void
copy_table(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    RkChartView *view = data;
    const RkChart *chart = rk_chart_view_chart(view);
    if (chart == NULL)
        return;
    g_autoptr(RkFigureTable) table = rk_chart_table(chart, G_MAXUINT32);
    g_autofree char *csv = rk_table_to_csv(table);
    gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(view)), csv);
    tell(view, _("Copied the figures"));
}

// ---- series --------------------------------------------------------------------------------

static void
change_series(GSimpleAction *action, GVariant *state, gpointer plot)
{
    const char *name = g_action_get_name(G_ACTION(action));
    const guint style = (guint)g_ascii_strtoull(strchr(name, '-') + 1, NULL, 10);
    if (g_str_has_prefix(name, "series-"))
        rk_chart_plot_set_hidden(plot, style, !g_variant_get_boolean(state));
    else
        rk_chart_plot_set_pinned(plot, style, g_variant_get_boolean(state));
}

static void
add_action(GSimpleActionGroup *actions, RkChartPlot *plot, const char *kind, guint style,
           gboolean state)
{
    g_autofree char *name = g_strdup_printf("%s-%u", kind, style);
    g_autoptr(GSimpleAction) action =
        g_simple_action_new_stateful(name, NULL, g_variant_new_boolean(state));
    g_signal_connect_object(action, "change-state", G_CALLBACK(change_series), plot, 0);
    g_action_map_add_action(G_ACTION_MAP(actions), G_ACTION(action));
}

// Names that a legend has, each once.
static void
add_series(GMenu *menu, GMenu *pins, GSimpleActionGroup *actions, RkChartPlot *plot)
{
    const RkChart *chart = rk_chart_plot_chart(plot);
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    for (guint p = 0; p < chart->panels->len; p++) {
        const GPtrArray *all = rk_chart_panel(chart, p)->series;
        for (guint i = 0; i < all->len && g_hash_table_size(seen) < MAX_ENTRIES; i++) {
            const RkSeries *s = g_ptr_array_index(all, i);
            if (s->quiet || s->name[0] == '\0' ||
                !g_hash_table_add(seen, GUINT_TO_POINTER(s->style)))
                continue;
            g_autofree char *show = g_strdup_printf("chart.series-%u", s->style);
            g_autofree char *pin = g_strdup_printf("chart.pin-%u", s->style);
            add_action(actions, plot, "series", s->style, !s->hidden);
            add_action(actions, plot, "pin", s->style, rk_chart_plot_is_pinned(plot, s->style));
            g_autoptr(GString) label = g_string_new(s->name);
            g_string_replace(label, "_", "__", 0); // no mnemonic
            g_menu_append(menu, label->str, show);
            g_menu_append(pins, label->str, pin);
        }
    }
}

static void
append(GMenu *menu, const char *label, const char *action, const char *target)
{
    g_autoptr(GMenuItem) item = g_menu_item_new(label, NULL);
    g_menu_item_set_action_and_target_value(item, action,
                                            target != NULL ? g_variant_new_string(target) : NULL);
    g_menu_append_item(menu, item);
}

GMenuModel *
rk_chart_menu_new(GSimpleActionGroup *actions, RkChartPlot *plot)
{
    GMenu *menu = g_menu_new();
    g_autoptr(GMenu) view = g_menu_new();
    g_autoptr(GMenu) zoom = g_menu_new();
    g_autoptr(GMenu) files = g_menu_new();
    g_autoptr(GMenu) series = g_menu_new();
    g_autoptr(GMenu) pins = g_menu_new();
    g_autoptr(GMenu) names = g_menu_new();
    append(view, _("Show as _Table"), "chart.table", NULL);
    append(zoom, _("Zoom _In"), "chart.zoom-in", NULL);
    append(zoom, _("Zoom _Out"), "chart.zoom-out", NULL);
    append(zoom, _("Show _All"), "chart.reset", NULL);
    append(files, _("_Copy Picture"), "chart.copy-picture", NULL);
    append(files, _("Copy _Figures"), "chart.copy-table", NULL);
    append(files, _("Save as _PNG…"), "chart.save", "png");
    append(files, _("Save as _SVG…"), "chart.save", "svg");
    append(files, _("Save as CS_V…"), "chart.save", "csv");
    add_series(series, pins, actions, plot);
    g_menu_append_section(menu, NULL, G_MENU_MODEL(view));
    g_menu_append_section(menu, NULL, G_MENU_MODEL(zoom));
    if (g_menu_model_get_n_items(G_MENU_MODEL(series)) > 1) {
        g_menu_append_submenu(names, _("S_how"), G_MENU_MODEL(series));
        // Translators: pinned series keep their colour, the others go grey.
        g_menu_append_submenu(names, _("P_in"), G_MENU_MODEL(pins));
        g_menu_append_section(menu, NULL, G_MENU_MODEL(names));
    }
    g_menu_append_section(menu, NULL, G_MENU_MODEL(files));
    return G_MENU_MODEL(menu);
}

void
rk_chart_menu_update(GSimpleActionGroup *actions, RkChartPlot *plot)
{
    g_auto(GStrv) names = g_action_group_list_actions(G_ACTION_GROUP(actions));
    for (char **name = names; *name != NULL; name++) {
        const char *dash = strchr(*name, '-');
        const gboolean show = g_str_has_prefix(*name, "series-");
        if (!show && !g_str_has_prefix(*name, "pin-"))
            continue;
        const guint style = (guint)g_ascii_strtoull(dash + 1, NULL, 10);
        GAction *action = g_action_map_lookup_action(G_ACTION_MAP(actions), *name);
        const gboolean state =
            show ? !rk_chart_plot_is_hidden(plot, style) : rk_chart_plot_is_pinned(plot, style);
        g_simple_action_set_state(G_SIMPLE_ACTION(action), g_variant_new_boolean(state));
    }
}

// ---- the context menu ----------------------------------------------------------------------

static gboolean
take_away(gpointer popover)
{
    if (gtk_widget_get_parent(popover) != NULL)
        gtk_widget_unparent(popover);
    return G_SOURCE_REMOVE;
}

// The item that was chosen is still to be activated.
static void
on_closed(GtkPopover *popover)
{
    g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, take_away, g_object_ref(popover), g_object_unref);
}

static void
popup(GtkWidget *plot, GtkMenuButton *button, double x, double y)
{
    GMenuModel *model = gtk_menu_button_get_menu_model(button);
    if (model == NULL)
        return;
    GtkWidget *popover = gtk_popover_menu_new_from_model(model);
    gtk_widget_set_parent(popover, plot);
    gtk_widget_set_halign(popover, GTK_ALIGN_START);
    gtk_popover_set_has_arrow(GTK_POPOVER(popover), FALSE);
    gtk_popover_set_pointing_to(GTK_POPOVER(popover), &(GdkRectangle){(int)x, (int)y, 1, 1});
    g_signal_connect(popover, "closed", G_CALLBACK(on_closed), NULL);
    gtk_popover_popup(GTK_POPOVER(popover));
}

static void
on_secondary(GtkGestureClick *click, int n_press, double x, double y, GtkMenuButton *button)
{
    gtk_gesture_set_state(GTK_GESTURE(click), GTK_EVENT_SEQUENCE_CLAIMED);
    popup(gtk_event_controller_get_widget(GTK_EVENT_CONTROLLER(click)), button, x, y);
}

static void
on_long_press(GtkGestureLongPress *press, double x, double y, GtkMenuButton *button)
{
    gtk_gesture_set_state(GTK_GESTURE(press), GTK_EVENT_SEQUENCE_CLAIMED);
    popup(gtk_event_controller_get_widget(GTK_EVENT_CONTROLLER(press)), button, x, y);
}

static gboolean
on_menu_key(GtkWidget *plot, GVariant *arguments, gpointer button)
{
    popup(plot, button, gtk_widget_get_width(plot) / 2.0, gtk_widget_get_height(plot) / 2.0);
    return TRUE;
}

void
rk_chart_menu_add(RkChartView *view, GSimpleActionGroup *actions, GtkMenuButton *button)
{
    static const GActionEntry ENTRIES[] = {
        {.name = "save", .activate = save, .parameter_type = "s"},
        {.name = "copy-picture", .activate = copy_picture},
        {.name = "copy-table", .activate = copy_table},
    };
    GtkWidget *plot = GTK_WIDGET(rk_chart_view_plot(view));
    GtkGesture *secondary = gtk_gesture_click_new();
    GtkGesture *long_press = gtk_gesture_long_press_new();
    GtkEventController *keys = gtk_shortcut_controller_new();
    g_action_map_add_action_entries(G_ACTION_MAP(actions), ENTRIES, G_N_ELEMENTS(ENTRIES), view);
    gtk_gesture_single_set_button(GTK_GESTURE_SINGLE(secondary), GDK_BUTTON_SECONDARY);
    g_signal_connect(secondary, "pressed", G_CALLBACK(on_secondary), button);
    gtk_widget_add_controller(plot, GTK_EVENT_CONTROLLER(secondary));
    gtk_gesture_single_set_touch_only(GTK_GESTURE_SINGLE(long_press), TRUE);
    g_signal_connect(long_press, "pressed", G_CALLBACK(on_long_press), button);
    gtk_widget_add_controller(plot, GTK_EVENT_CONTROLLER(long_press));
    gtk_shortcut_controller_add_shortcut(
        GTK_SHORTCUT_CONTROLLER(keys),
        gtk_shortcut_new(gtk_shortcut_trigger_parse_string("Menu|<Shift>F10"),
                         gtk_callback_action_new(on_menu_key, button, NULL)));
    gtk_widget_add_controller(plot, keys);
}
