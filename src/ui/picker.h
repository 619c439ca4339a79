// SPDX-License-Identifier: GPL-3.0-or-later
//
// A popover with a long list that is searched as one types: what can be added to something. Main
// thread.
//
// Signal "picked" (id): the popover closes.
#pragma once

#include <adwaita.h>

#define RK_TYPE_PICKER (rk_picker_get_type())
G_DECLARE_FINAL_TYPE(RkPicker, rk_picker, RK, PICKER, GtkPopover)

typedef struct {
    const char *id;
    const char *title;
    const char *subtitle; // may be NULL
    const char *group;    // those of one stand together under it; NULL for none
} RkPickerItem;

// `hint` stands in the empty search: "Search axes".
GtkWidget *rk_picker_new(const char *hint);

// Replaces the list; copied.
void rk_picker_fill(RkPicker *picker, const RkPickerItem *picks, guint n);

// A button with a plus that opens it.
GtkWidget *rk_picker_button(RkPicker *picker, const char *label);
