// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui_test.h"

#include "app/application.h"
#include "ui/window.h"
#include "screen.h"

#include <gdk/x11/gdkx.h>
#include <glib/gstdio.h>
#include <string.h>

#define WIDTH      1400 // px of the screen
#define HEIGHT     1000
#define PATIENCE_S 60

// ---- the app -------------------------------------------------------------------------------

static void
remove_folder(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            remove_folder(path);
        else
            g_remove(path);
    }
    g_rmdir(folder);
}

// Nothing of the user's. GTest's own isolation would hide the icons and the installed schemas, too.
static void
own_folders(char **home)
{
    static const char *const NAMES[] = {"XDG_DATA_HOME", "XDG_CONFIG_HOME"};
    *home = g_dir_make_tmp("rankine-ui-home-XXXXXX", NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++)
        g_setenv(NAMES[i], *home, TRUE);
}

// Out of the windows' way. Else it stays in the screen's middle, over whatever comes to lie there:
// GTK 4.8 then waits to show a tooltip, and looks for the pointer in a window that may be gone.
static void
park_pointer(void)
{
    Display *display = gdk_x11_display_get_xdisplay(gdk_display_get_default());
    XWarpPointer(display, None, DefaultRootWindow(display), 0, 0, 0, 0, WIDTH - 1, HEIGHT - 1);
    XSync(display, False);
}

int
rk_ui_main(int argc, char **argv, void (*add)(void))
{
    const char *why;
    g_autofree char *home = NULL;
    g_test_init(&argc, &argv, NULL);
    own_folders(&home);
    if (!rk_screen_start(WIDTH, HEIGHT, &why) || !gtk_init_check()) {
        g_print("1..0 # SKIP %s\n", why);
        return 0;
    }
    park_pointer();
    adw_init();
    add();
    const int status = g_test_run();
    rk_screen_stop();
    remove_folder(home);
    return status;
}

RkUi *
rk_ui_open(const char *db)
{
    RkUi *ui = g_new0(RkUi, 1);
    ui->folder = g_dir_make_tmp("rankine-ui-XXXXXX", NULL);
    ui->db = db != NULL ? g_strdup(db) : g_build_filename(ui->folder, "test.db", NULL);
    ui->app = GTK_APPLICATION(rk_application_new(ui->db));
    g_application_set_flags(G_APPLICATION(ui->app), G_APPLICATION_NON_UNIQUE);
    g_assert_true(g_application_register(G_APPLICATION(ui->app), NULL, NULL));
    g_application_activate(G_APPLICATION(ui->app));
    rk_ui_idle(ui, 50);
    return ui;
}

GtkWindow *
rk_ui_window(const RkUi *ui)
{
    for (GList *one = gtk_application_get_windows(ui->app); one != NULL; one = one->next)
        if (RK_IS_WINDOW(one->data))
            return one->data;
    return NULL;
}

static gboolean
close_window(gpointer window)
{
    gtk_window_close(window);
    return G_SOURCE_REMOVE;
}

// Opened by hand, the app is still run, for its end alone: it takes its leave of all it is
// registered with.
void
rk_ui_end(RkUi *ui, GSourceFunc func, gpointer data)
{
    g_idle_add(func, data);
    g_application_run(G_APPLICATION(ui->app), 0, NULL);
    g_assert_null(rk_ui_window(ui));
    g_object_unref(ui->app);
    remove_folder(ui->folder);
    g_free(ui->folder);
    g_free(ui->db);
    g_free(ui);
}

void
rk_ui_close(RkUi *ui)
{
    if (rk_ui_window(ui) == NULL)
        g_application_activate(G_APPLICATION(ui->app));
    rk_ui_end(ui, close_window, rk_ui_window(ui));
}

// ---- looking -------------------------------------------------------------------------------

static const char *
text_of(GtkWidget *widget)
{
    if (GTK_IS_LABEL(widget))
        return gtk_label_get_text(GTK_LABEL(widget));
    if (GTK_IS_INSCRIPTION(widget))
        return gtk_inscription_get_text(GTK_INSCRIPTION(widget));
    if (GTK_IS_TEXT(widget))
        return gtk_editable_get_text(GTK_EDITABLE(widget));
    return NULL;
}

typedef gboolean (*Matches)(GtkWidget *widget, const char *text);

static GtkWidget *
find_below(GtkWidget *widget, Matches matches, const char *text)
{
    if (!gtk_widget_get_mapped(widget))
        return NULL;
    if (matches(widget, text))
        return widget;
    for (GtkWidget *child = gtk_widget_get_first_child(widget); child != NULL;
         child = gtk_widget_get_next_sibling(child)) {
        GtkWidget *found = find_below(child, matches, text);
        if (found != NULL)
            return found;
    }
    return NULL;
}

// The newest window first: a dialog is in front of what it belongs to.
static GtkWidget *
find(RkUi *ui, Matches matches, const char *text)
{
    GListModel *windows = gtk_window_get_toplevels();
    for (guint i = g_list_model_get_n_items(windows); i-- > 0;) {
        g_autoptr(GtkWidget) window = g_list_model_get_item(windows, i);
        GtkWidget *found = find_below(window, matches, text);
        if (found != NULL)
            return found;
    }
    return NULL;
}

static gboolean
contains(GtkWidget *widget, const char *text)
{
    const char *own = text_of(widget);
    return own != NULL && strstr(own, text) != NULL;
}

static GtkWidget *
button_or_row(GtkWidget *widget)
{
    while (widget != NULL && !GTK_IS_BUTTON(widget) && !GTK_IS_LIST_BOX_ROW(widget) &&
           !GTK_IS_MENU_BUTTON(widget))
        widget = gtk_widget_get_parent(widget);
    return widget;
}

static gboolean
is_called(GtkWidget *widget, const char *text)
{
    const char *own = text_of(widget);
    const char *tooltip = GTK_IS_BUTTON(widget) || GTK_IS_MENU_BUTTON(widget)
                              ? gtk_widget_get_tooltip_text(widget)
                              : NULL;
    return (g_strcmp0(own, text) == 0 || g_strcmp0(tooltip, text) == 0) &&
           button_or_row(widget) != NULL;
}

static gboolean
print_text(GtkWidget *widget, const char *unused)
{
    const char *own = text_of(widget);
    if (own != NULL && *own != '\0')
        g_printerr("  | %s\n", own);
    return FALSE;
}

static void
fail_waiting(RkUi *ui, const char *what, const char *text)
{
    g_printerr("The screen shows:\n");
    find(ui, print_text, NULL);
    g_error("Waited %d s for the screen to %s \"%s\".", PATIENCE_S, what, text);
}

static gboolean
wake(gpointer data)
{
    return G_SOURCE_CONTINUE;
}

// Runs the main loop until the text is found, or isn't any more.
static GtkWidget *
wait_for(RkUi *ui, Matches matches, const char *text, gboolean wanted)
{
    const gint64 end = g_get_monotonic_time() + (gint64)PATIENCE_S * G_USEC_PER_SEC;
    const guint ticks = g_timeout_add(20, wake, NULL);
    GtkWidget *found;
    while (((found = find(ui, matches, text)) != NULL) != wanted) {
        if (g_get_monotonic_time() > end)
            fail_waiting(ui, wanted ? "show" : "lose", text);
        g_main_context_iteration(NULL, TRUE);
    }
    g_source_remove(ticks);
    return found;
}

void
rk_ui_see(RkUi *ui, const char *text)
{
    wait_for(ui, contains, text, TRUE);
}

void
rk_ui_see_no(RkUi *ui, const char *text)
{
    wait_for(ui, contains, text, FALSE);
}

gboolean
rk_ui_shows(RkUi *ui, const char *text)
{
    return find(ui, contains, text) != NULL;
}

GtkWidget *
rk_ui_find(RkUi *ui, GType type, const char *text)
{
    GtkWidget *widget = find(ui, contains, text);
    return widget != NULL ? gtk_widget_get_ancestor(widget, type) : NULL;
}

GtkWidget *
rk_ui_find_type(GtkWidget *from, GType type)
{
    GtkWidget *found = NULL;
    if (G_TYPE_CHECK_INSTANCE_TYPE(from, type) && gtk_widget_get_mapped(from))
        return from;
    for (GtkWidget *child = gtk_widget_get_first_child(from); child != NULL && found == NULL;
         child = gtk_widget_get_next_sibling(child))
        found = rk_ui_find_type(child, type);
    return found;
}

void
rk_ui_idle(RkUi *ui, guint ms)
{
    const gint64 end = g_get_monotonic_time() + (gint64)ms * 1000;
    const guint ticks = g_timeout_add(5, wake, NULL);
    while (g_get_monotonic_time() < end)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(ticks);
}

// ---- acting --------------------------------------------------------------------------------

static void
scroll_to(RkUi *ui, GtkWidget *widget)
{
    GtkWidget *scrolled = gtk_widget_get_ancestor(widget, GTK_TYPE_SCROLLED_WINDOW);
    graphene_rect_t at;
    if (scrolled == NULL || !gtk_widget_compute_bounds(widget, scrolled, &at))
        return;
    GtkAdjustment *where = gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(scrolled));
    const double middle = gtk_widget_get_height(scrolled) / 2.0;
    gtk_adjustment_set_value(where, gtk_adjustment_get_value(where) + at.origin.y - middle);
    rk_ui_idle(ui, 100);
}

void
rk_ui_press(RkUi *ui, const char *text)
{
    GtkWidget *widget = button_or_row(wait_for(ui, is_called, text, TRUE));
    if (!gtk_widget_is_sensitive(widget))
        g_error("\"%s\" is a button that can't be pressed now.", text);
    if (GTK_IS_MENU_BUTTON(gtk_widget_get_parent(widget)))
        scroll_to(ui, widget); // what is scrolled away can't have a popover beside it
    if (GTK_IS_BUTTON(widget))
        g_signal_emit_by_name(widget, "clicked");
    else if (GTK_IS_MENU_BUTTON(widget))
        gtk_menu_button_popup(GTK_MENU_BUTTON(widget));
    else
        gtk_widget_activate(widget);
    rk_ui_idle(ui, 20);
}

static gboolean
takes_text(GtkWidget *widget, const char *title)
{
    if (!GTK_IS_EDITABLE(widget) || GTK_IS_TEXT(widget))
        return FALSE;
    if (ADW_IS_PREFERENCES_ROW(widget))
        return g_strcmp0(adw_preferences_row_get_title(ADW_PREFERENCES_ROW(widget)), title) == 0;
    if (GTK_IS_SEARCH_ENTRY(widget)) {
        g_autofree char *hint = NULL;
        g_object_get(widget, "placeholder-text", &hint, NULL);
        return g_strcmp0(hint, title) == 0;
    }
    GtkWidget *row = gtk_widget_get_ancestor(widget, ADW_TYPE_PREFERENCES_ROW);
    if (row == NULL)
        return FALSE;
    if (!adw_preferences_row_get_use_underline(ADW_PREFERENCES_ROW(row)))
        return g_strcmp0(adw_preferences_row_get_title(ADW_PREFERENCES_ROW(row)), title) == 0;
    g_autofree char *plain = g_strdup(adw_preferences_row_get_title(ADW_PREFERENCES_ROW(row)));
    g_strdelimit(plain, "_", '\t');
    GString *name = g_string_new(plain);
    g_string_replace(name, "\t", "", 0);
    const gboolean same = strcmp(name->str, title) == 0;
    g_string_free(name, TRUE);
    return same;
}

void
rk_ui_type(RkUi *ui, const char *title, const char *text)
{
    GtkWidget *entry = wait_for(ui, takes_text, title, TRUE);
    gtk_editable_set_text(GTK_EDITABLE(entry), text);
    if (GTK_IS_SPIN_BUTTON(entry))
        gtk_spin_button_update(GTK_SPIN_BUTTON(entry));
    rk_ui_idle(ui, 20);
}

void
rk_ui_drop(RkUi *ui, const char *page_type, const char *text, const char *path)
{
    GtkDropTarget *drop = NULL;
    GtkWidget *page = rk_ui_find(ui, g_type_from_name(page_type), text);
    g_autoptr(GListModel) controllers = gtk_widget_observe_controllers(page);
    for (guint i = 0; i < g_list_model_get_n_items(controllers); i++) {
        g_autoptr(GObject) one = g_list_model_get_item(controllers, i);
        if (GTK_IS_DROP_TARGET(one))
            drop = GTK_DROP_TARGET(one);
    }
    g_assert_nonnull(drop);
    g_auto(GValue) value = G_VALUE_INIT;
    gboolean taken = FALSE;
    GSList *files = g_slist_append(NULL, g_file_new_for_path(path));
    g_value_init(&value, GDK_TYPE_FILE_LIST);
    g_value_take_boxed(&value, gdk_file_list_new_from_list(files));
    g_slist_free_full(files, g_object_unref);
    g_signal_emit_by_name(drop, "drop", &value, 0.0, 0.0, &taken);
    g_assert_true(taken);
}

void
rk_ui_act(RkUi *ui, const char *action, const char *target)
{
    g_assert_true(
        gtk_widget_activate_action_variant(GTK_WIDGET(rk_ui_window(ui)), action,
                                           target != NULL ? g_variant_new_string(target) : NULL));
    rk_ui_idle(ui, 20);
}

void
rk_ui_page(RkUi *ui, const char *id)
{
    rk_ui_act(ui, "win.page", id);
    rk_ui_idle(ui, 250); // the old page fades out
}

// ---- the rest ------------------------------------------------------------------------------

char *
rk_ui_movielens(void)
{
    char *folder = g_build_filename(g_getenv("RANKINE_TEST_SOURCE"), "..", "shared", "data",
                                    "ml-latest-small", NULL);
    if (g_file_test(folder, G_FILE_TEST_IS_DIR))
        return folder;
    g_test_skip("MovieLens isn't in ../shared/data/ml-latest-small.");
    g_free(folder);
    return NULL;
}

// The dialog where one is open.
static GtkWidget *
front_window(RkUi *ui)
{
    GListModel *windows = gtk_window_get_toplevels();
    for (guint i = 0; i < g_list_model_get_n_items(windows); i++) {
        g_autoptr(GtkWidget) window = g_list_model_get_item(windows, i);
        if (gtk_widget_get_mapped(window) && !RK_IS_WINDOW(window))
            return window;
    }
    return GTK_WIDGET(rk_ui_window(ui));
}

void
rk_ui_shot(RkUi *ui, const char *name)
{
    const char *folder = g_getenv("RANKINE_UI_SHOTS");
    if (folder == NULL)
        return;
    rk_ui_idle(ui, 600);
    GtkWidget *window = front_window(ui);
    g_autoptr(GdkPaintable) paintable = gtk_widget_paintable_new(window);
    GtkSnapshot *snapshot = gtk_snapshot_new();
    gdk_paintable_snapshot(paintable, snapshot, gdk_paintable_get_intrinsic_width(paintable),
                           gdk_paintable_get_intrinsic_height(paintable));
    g_autoptr(GskRenderNode) node = gtk_snapshot_free_to_node(snapshot);
    if (node == NULL) { // nothing was drawn yet
        g_test_message("no picture %s", name);
        return;
    }
    GskRenderer *renderer = gtk_native_get_renderer(GTK_NATIVE(window));
    g_autoptr(GdkTexture) texture = gsk_renderer_render_texture(renderer, node, NULL);
    g_autofree char *file = g_strdup_printf("%s/%s.png", folder, name);
    g_assert_true(gdk_texture_save_to_png(texture, file));
}

void
rk_ui_generate(RkUi *ui, const char *name, const char *rows)
{
    rk_ui_act(ui, "win.generate", NULL);
    rk_ui_type(ui, "Name of the dataset", name);
    rk_ui_type(ui, "Rows", rows);
    rk_ui_press(ui, "Generate");
}
