// SPDX-License-Identifier: GPL-3.0-or-later
//
// A table of report/table.h on the screen: columns that sort by value, rows made as they come into
// sight. Main thread.
#pragma once

#include "report/table.h"

#include <adwaita.h>

// Takes the table; a floating widget that scrolls by itself. The row that the table marks is bold.
GtkWidget *rk_table_view_new(RkFigureTable *table);
