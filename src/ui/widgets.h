// SPDX-License-Identifier: GPL-3.0-or-later
//
// Small pieces that several pages are made of. What makes a widget returns it floating. Main
// thread.
#pragma once

#include <adwaita.h>

// gtk_widget_set_tooltip_text(), for widgets that aren't shown yet without a look at what is under
// the pointer: GTK 4.8 falls over the surface of a window that was just closed.
void rk_set_tooltip(GtkWidget *widget, const char *text);

// A row of a name and a value that can be selected and copied.
GtkWidget *rk_fact_row(const char *title, const char *value);

// Adds a row to a group and notes it there, so that rk_group_clear() finds it.
void rk_group_add(AdwPreferencesGroup *group, GtkWidget *row);
void rk_group_clear(AdwPreferencesGroup *group);

// A page for what failed: a title, the error's message, and a button that copies it.
GtkWidget *rk_error_page(const char *title, const GError *error);

// Shows what fits the contents of the database in a page's stack: "error", whose reason goes into
// `error_bin`, "reading" until they are read, "empty" with n 0, else "list".
void rk_show_contents(GtkStack *stack, AdwBin *error_bin, const GError *error, gboolean are_read,
                      guint n);

// Shows a pane of the leaflet that it is in.
void rk_show_pane(GtkWidget *pane);

// Bars of shares beside their labels: a histogram that a screen reader reads as text.
typedef struct {
    char *label;
    char *value;  // "1,204 (12.5 %)"
    double share; // 0 .. 1 of the longest bar
} RkBar;
GtkWidget *rk_bars_new(const RkBar *bars, guint n, const char *summary);

// A number with the locale's thousands separators; "1.25 k" style is rk_short_number().
char *rk_grouped_number(guint64 value);
char *rk_short_number(double value);
char *rk_duration_text(double seconds); // "12 s", "3 min 5 s"
