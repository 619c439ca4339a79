// SPDX-License-Identifier: GPL-3.0-or-later
//
// The real app in the test's process, driven by what a user sees: texts are looked for on mapped
// labels, and rows and buttons are found by theirs. Whatever is waited for fails the test after a
// minute, and prints what was on the screen instead. Main thread.
#pragma once

#include "ui/window.h"

typedef struct {
    GtkApplication *app;
    char *folder; // of this test alone; removed with it
    char *db;
} RkUi;

// Starts the X server and GTK and runs the tests; skips all of them, saying why, where there is
// no X server. `add` adds the tests.
int rk_ui_main(int argc, char **argv, void (*add)(void));

// Opens the app over a new database (`db` NULL) or that file, which isn't removed.
RkUi *rk_ui_open(const char *db);

// Closes the window, which must not ask, and ends the app.
void rk_ui_close(RkUi *ui);

// Runs the app as main() does until it ends, which what `func` does must bring about.
void rk_ui_end(RkUi *ui, GSourceFunc func, gpointer data);

GtkWindow *rk_ui_window(const RkUi *ui); // the main window

// Waits until a mapped label or entry contains the text, or none does.
void rk_ui_see(RkUi *ui, const char *text);
void rk_ui_see_no(RkUi *ui, const char *text);
gboolean rk_ui_shows(RkUi *ui, const char *text); // right now

// Waits for a button or a row with exactly that text or tooltip, and activates it.
void rk_ui_press(RkUi *ui, const char *text);

// Types into the entry of that title, placeholder or label.
void rk_ui_type(RkUi *ui, const char *title, const char *text);

// Drops a file or folder on the page of that type name, which shows the text.
void rk_ui_drop(RkUi *ui, const char *page_type, const char *text, const char *path);

// Activates an action of the main window.
void rk_ui_act(RkUi *ui, const char *action, const char *target);
void rk_ui_page(RkUi *ui, const char *id);

// Generates ratings under that name, as its dialog does it.
void rk_ui_generate(RkUi *ui, const char *name, const char *rows);

// Runs the main loop for that long: only for what has no text to wait for.
void rk_ui_idle(RkUi *ui, guint ms);

// The dataset of MovieLens beside the tree, or NULL after a skip.
char *rk_ui_movielens(void);

// Writes what the newest window shows as a picture, where RANKINE_UI_SHOTS names a folder.
void rk_ui_shot(RkUi *ui, const char *name);

// The mapped widget of a type that has that text below it, or NULL.
GtkWidget *rk_ui_find(RkUi *ui, GType type, const char *text);

// The first mapped widget of a type in that one, or NULL.
GtkWidget *rk_ui_find_type(GtkWidget *from, GType type);
