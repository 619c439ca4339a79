// SPDX-License-Identifier: GPL-3.0-or-later
//
// The pages of the window. A page is src/ui/pages/x.c with a widget over ui/x.ui, a line in the
// gresource and a row in pages.def. It is made when it is first shown and kept. Main thread.
#pragma once

#include "ui/app_session.h"

typedef struct {
    const char *id;    // "data"
    const char *title; // not translated yet
    const char *icon;
    GtkWidget *(*make)(RkAppSession *session);
} RkPageRow;

extern const RkPageRow rk_pages[]; // up to a row without id

#define RK_PAGE(id, title, icon, make) GtkWidget *make(RkAppSession *session);
#include "ui/pages.def"
#undef RK_PAGE

// A page may say what Ctrl+F goes to, as the data "search" of its GObject: a GtkWidget of its own.
