// SPDX-License-Identifier: GPL-3.0-or-later
#include "chooser.h"

#define TRIES 10

GtkFileChooser *
rk_chooser_of(const char *title)
{
    GtkWidget *found = NULL;
    for (int i = 0; i < 200 && found == NULL; i++) {
        GListModel *windows = gtk_window_get_toplevels();
        for (guint w = 0; w < g_list_model_get_n_items(windows); w++) {
            g_autoptr(GtkWidget) window = g_list_model_get_item(windows, w);
            if (GTK_IS_FILE_CHOOSER_DIALOG(window) && gtk_widget_get_mapped(window))
                found = window;
        }
        rk_ui_idle(NULL, 20);
    }
    g_assert_nonnull(found);
    g_assert_cmpstr(gtk_window_get_title(GTK_WINDOW(found)), ==, title);
    g_assert_true(gtk_window_get_modal(GTK_WINDOW(found)));
    g_assert_nonnull(gtk_window_get_transient_for(GTK_WINDOW(found)));
    return GTK_FILE_CHOOSER(found);
}

void
rk_chooser_assert_kind(GtkFileChooser *chooser, const char *name)
{
    g_autoptr(GListModel) filters = gtk_file_chooser_get_filters(chooser);
    g_assert_cmpuint(g_list_model_get_n_items(filters), ==, 1);
    g_autoptr(GtkFileFilter) filter = g_list_model_get_item(filters, 0);
    g_assert_cmpstr(gtk_file_filter_get_name(filter), ==, name);
}

static gboolean
has_chosen(GtkFileChooser *chooser, GFile *file)
{
    g_autoptr(GFile) now = gtk_file_chooser_get_file(chooser);
    return now != NULL && g_file_equal(now, file);
}

// Reading a folder takes a while, and what is chosen before the first one was read may be
// forgotten.
static gboolean
waited(RkUi *ui, GtkFileChooser *chooser, GFile *file)
{
    for (int i = 0; i < 100 && !has_chosen(chooser, file); i++)
        rk_ui_idle(ui, 20);
    return has_chosen(chooser, file);
}

void
rk_chooser_open(RkUi *ui, GtkFileChooser *chooser, const char *path)
{
    g_autoptr(GFile) file = g_file_new_for_path(path);
    gboolean chosen = FALSE;
    g_assert_cmpint(gtk_file_chooser_get_action(chooser), ==, GTK_FILE_CHOOSER_ACTION_OPEN);
    for (int i = 0; i < TRIES && !chosen; i++) {
        g_assert_true(gtk_file_chooser_set_file(chooser, file, NULL));
        chosen = waited(ui, chooser, file);
    }
    g_assert_true(chosen);
    rk_ui_press(ui, "Open");
}

char *
rk_chooser_save(RkUi *ui, GtkFileChooser *chooser, const char *button, const char *name)
{
    g_autoptr(GFile) folder = g_file_new_for_path(ui->folder);
    g_autofree char *proposed = gtk_file_chooser_get_current_name(chooser);
    char *path = g_build_filename(ui->folder, name != NULL ? name : proposed, NULL);
    g_autoptr(GFile) file = g_file_new_for_path(path);
    gboolean chosen = FALSE;
    g_assert_cmpint(gtk_file_chooser_get_action(chooser), ==, GTK_FILE_CHOOSER_ACTION_SAVE);
    for (int i = 0; i < TRIES && !chosen; i++) {
        g_assert_true(gtk_file_chooser_set_current_folder(chooser, folder, NULL));
        gtk_file_chooser_set_current_name(chooser, name != NULL ? name : proposed);
        chosen = waited(ui, chooser, file);
    }
    g_assert_true(chosen);
    rk_ui_press(ui, button);
    return path;
}
