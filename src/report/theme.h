// SPDX-License-Identifier: GPL-3.0-or-later
//
// Colours by role. A chart names inks and never colours, so that one drawing serves light, dark,
// print and high contrast, and an SVG takes its colours from the page. Constant data: any thread.
#pragma once

#include <glib.h>

#define RK_N_SERIES_INKS 8
#define RK_N_HEAT_INKS   9

typedef enum {
    RK_INK_NONE,
    RK_INK_SURFACE, // behind everything
    RK_INK_TEXT,
    RK_INK_MUTED, // axis labels, notes
    RK_INK_GRID,
    RK_INK_AXIS,
    RK_INK_LIMIT,   // what must not be passed
    RK_INK_NEUTRAL, // bounds, defaults, what is there for comparison
    RK_INK_SERIES,  // and the seven after it
    RK_INK_HEAT = RK_INK_SERIES + RK_N_SERIES_INKS, // low to high
    RK_INK_ON_LOW = RK_INK_HEAT + RK_N_HEAT_INKS,   // text on the lower heat inks
    RK_INK_ON_HIGH,
    RK_INK_ON_SERIES, // text on a series' area
    RK_N_INKS,
} RkInk;

typedef enum {
    RK_THEME_LIGHT,
    RK_THEME_DARK,
    RK_THEME_PRINT,
    RK_THEME_LIGHT_CONTRAST,
    RK_THEME_DARK_CONTRAST,
    RK_N_THEMES,
} RkTheme;

const char *rk_theme_name(RkTheme theme); // "light"

// 0xRRGGBB.
guint32 rk_theme_color(RkTheme theme, RkInk ink);

// Which of the heat inks stands for a share 0 .. 1, and the ink of text on it.
RkInk rk_heat_ink(double share);
RkInk rk_heat_text_ink(RkInk heat);
