// SPDX-License-Identifier: GPL-3.0-or-later
//
// What draws the series of a panel, and the pieces that it shares with the rest.
#pragma once

#include "report/draw.h"
#include "report/layout-private.h"

void rk_draw_line(RkCanvas *canvas, RkPoint from, RkPoint to, const RkStyle *style);

// The series of a panel: what is settled, or only the tail, or (with both) all points.
void rk_draw_series(const RkLayout *layout, const RkPanelLayout *panel, gboolean only_tail,
                    gboolean with_tail, RkCanvas *canvas);

// A series' sign in the legend.
void rk_draw_swatch(const RkSeries *series, RkRect box, RkCanvas *canvas);
