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

// A stretch of a series, with where it is drawn.
typedef struct {
    const RkLayout *layout;
    const RkPanelLayout *panel;
    const RkSeries *series;
    gsize from, to;
    RkCanvas *canvas;
} RkStretch;

// One for each kind that has a file of its own; the rest are in draw_series.c.
void rk_draw_line_series(const RkStretch *stretch);
void rk_draw_band_series(const RkStretch *stretch);

RkStyle rk_line_style(const RkSeries *series);
void rk_draw_marker(const RkStretch *stretch, RkPoint at, double radius, unsigned flags);

// What is drawn between the two shows point i's values on hover, where a series has few points.
void rk_begin_tip(const RkStretch *stretch, gsize i);
void rk_end_tip(const RkStretch *stretch);

// A series' sign in the legend.
void rk_draw_swatch(const RkSeries *series, RkRect box, RkCanvas *canvas);
