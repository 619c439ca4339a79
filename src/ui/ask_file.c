// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/ask_file.h"

#include <string.h>

typedef struct {
    GWeakRef owner;
    RkFilesChosen chosen;
    gpointer data;
    GDestroyNotify free_data;
    char *ending; // or NULL
} Asking;

static void
asking_free(gpointer data, GClosure *closure)
{
    Asking *asking = data;
    g_weak_ref_clear(&asking->owner);
    if (asking->free_data != NULL)
        asking->free_data(asking->data);
    g_free(asking->ending);
    g_free(asking);
}

// The path with the ending where its name has none; takes it.
static char *
completed(char *path, const char *ending)
{
    const char *slash = strrchr(path, G_DIR_SEPARATOR);
    const char *dot = strrchr(path, '.');
    if (ending == NULL || (dot != NULL && (slash == NULL || dot > slash)))
        return path;
    char *whole = g_strconcat(path, ending, NULL);
    g_free(path);
    return whole;
}

static void
answered(GtkNativeDialog *dialog, int response, Asking *asking)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GObject) owner = g_weak_ref_get(&asking->owner);
    g_autoptr(GListModel) files = gtk_file_chooser_get_files(GTK_FILE_CHOOSER(dialog));
    for (guint i = 0; i < g_list_model_get_n_items(files); i++) {
        g_autoptr(GFile) file = g_list_model_get_item(files, i);
        char *path = g_file_get_path(file);
        if (path != NULL)
            g_ptr_array_add(paths, completed(path, asking->ending));
    }
    if (response == GTK_RESPONSE_ACCEPT && paths->len > 0 && owner != NULL) {
        g_ptr_array_add(paths, NULL);
        asking->chosen(owner, (const char *const *)paths->pdata, asking->data);
    }
    g_object_unref(dialog);
}

void
rk_ask_file(GtkWidget *widget, const RkAskFile *ask, GObject *owner, RkFilesChosen chosen,
            gpointer data, GDestroyNotify free_data)
{
    Asking *asking = g_new0(Asking, 1);
    GtkFileChooserNative *native = gtk_file_chooser_native_new(
        ask->title, GTK_WINDOW(gtk_widget_get_root(widget)), ask->action, ask->accept, NULL);
    GtkFileChooser *chooser = GTK_FILE_CHOOSER(native);
    g_weak_ref_init(&asking->owner, owner);
    asking->chosen = chosen;
    asking->data = data;
    asking->free_data = free_data;
    asking->ending = g_strdup(ask->ending);
    gtk_file_chooser_set_select_multiple(chooser, ask->many);
    if (ask->kind != NULL) {
        g_autoptr(GtkFileFilter) filter = gtk_file_filter_new();
        gtk_file_filter_set_name(filter, ask->kind);
        for (const char *const *pattern = ask->patterns; *pattern != NULL; pattern++)
            gtk_file_filter_add_pattern(filter, *pattern);
        gtk_file_chooser_add_filter(chooser, filter);
    }
    if (ask->name != NULL)
        gtk_file_chooser_set_current_name(chooser, ask->name);
    gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(native), TRUE);
    g_signal_connect_data(native, "response", G_CALLBACK(answered), asking, asking_free, 0);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(native));
}

void
rk_ask_form(GtkWidget *widget, const RkAskFile *ask, const char *form, GObject *owner,
            RkFilesChosen chosen, gpointer data, GDestroyNotify free_data)
{
    g_autofree char *ending = g_strconcat(".", form, NULL);
    g_autofree char *pattern = g_strconcat("*", ending, NULL);
    g_autofree char *kind = g_ascii_strup(form, -1);
    const char *const patterns[] = {pattern, NULL};
    RkAskFile whole = *ask;
    whole.action = GTK_FILE_CHOOSER_ACTION_SAVE;
    whole.kind = kind;
    whole.patterns = patterns;
    whole.ending = ending;
    rk_ask_file(widget, &whole, owner, chosen, data, free_data);
}
