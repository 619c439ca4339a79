// SPDX-License-Identifier: GPL-3.0-or-later
//
// A dialog with a long list that is searched as one types: what can be added to something. It is
// hidden rather than destroyed; whoever made it destroys it. Main thread.
//
// Signal "picked" (id): the dialog closes.
#pragma once

#include <adwaita.h>

#define RK_TYPE_PICKER (rk_picker_get_type())
G_DECLARE_FINAL_TYPE(RkPicker, rk_picker, RK, PICKER, AdwWindow)

typedef struct {
    const char *id;
    const char *title;
    const char *subtitle; // may be NULL
    const char *group;    // those of one stand together under it; NULL for none
} RkPickerItem;

// `hint` stands in the empty search: "Search axes".
GtkWidget *rk_picker_new(const char *title, const char *hint);

// Replaces the list; copied.
void rk_picker_fill(RkPicker *picker, const RkPickerItem *picks, guint n);

// Opens it over the window that `near` is in.
void rk_picker_open(RkPicker *picker, GtkWidget *near);

// A button with a plus that opens it.
GtkWidget *rk_picker_button(RkPicker *picker, const char *label);
