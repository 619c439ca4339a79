// SPDX-License-Identifier: GPL-3.0-or-later
//
// The menu of a chart: copying and saving it, and its series. Main thread.
#pragma once

#include "ui/chart_view.h"

// Adds the actions that copy and save, and the context menu of the plot, which is the button's.
void rk_chart_menu_add(RkChartView *view, GSimpleActionGroup *actions, GtkMenuButton *button);

// The menu of the chart that the plot has; adds an action for each series.
GMenuModel *rk_chart_menu_new(GSimpleActionGroup *actions, RkChartPlot *plot);

// Makes the series' actions say what is hidden and pinned.
void rk_chart_menu_update(GSimpleActionGroup *actions, RkChartPlot *plot);
