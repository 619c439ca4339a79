// SPDX-License-Identifier: GPL-3.0-or-later
//
// Files that the user names in the desktop's own chooser (a portal's in a sandbox). Main thread.
#pragma once

#include <gtk/gtk.h>

typedef struct {
    const char *title, *accept; // "Export the Report", "_Export"
    GtkFileChooserAction action;
    gboolean many;               // several may be chosen
    const char *kind;            // of files, by its name; NULL for all
    const char *const *patterns; // of that kind: "*.json", NULL
    const char *name;            // proposed for a new one, without a folder; or NULL
    const char *ending;          // ".html", which a new one without any gets; or NULL
} RkAskFile;

// `paths` is never empty, and ends with NULL.
typedef void (*RkFilesChosen)(gpointer owner, const char *const *paths, gpointer data);

// Asks, modal to the window of the widget. `chosen` is called when files were named and the owner
// is still there; `data` (may be NULL) is freed after that with `free_data`.
void rk_ask_file(GtkWidget *widget, const RkAskFile *ask, GObject *owner, RkFilesChosen chosen,
                 gpointer data, GDestroyNotify free_data);

// The same for a new file of one form, "html": `ask` has its title, accept and name, the rest is
// the form's.
void rk_ask_form(GtkWidget *widget, const RkAskFile *ask, const char *form, GObject *owner,
                 RkFilesChosen chosen, gpointer data, GDestroyNotify free_data);
