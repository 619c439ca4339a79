// SPDX-License-Identifier: GPL-3.0-or-later
//
// Steps of laying a chart out, each its own file.
#pragma once

#include "report/layout.h"

#define RK_SWATCH_WIDTH 24.0 // px: a dash pattern shows twice

// Places the legend's entries from `top` on, wrapped; returns where it ends. Does nothing, and
// returns `top`, when the series are labelled where they are.
double rk_layout_legend(RkLayout *layout, double top);

// Whether the lines' names stand at their right ends; then rk_layout_label_width() is what they
// need.
gboolean rk_layout_labels_lines(const RkLayout *layout);
double rk_layout_label_width(const RkLayout *layout);

// Once the plots are known: names at lines' ends, names of points, texts of marks.
void rk_layout_labels(RkLayout *layout);
