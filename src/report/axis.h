// SPDX-License-Identifier: GPL-3.0-or-later
//
// One axis of a chart: from values to places and back, ticks that fall on round numbers, zooming.
// Plain functions over a plain struct; whoever owns the axis calls them.
#pragma once

#include "report/quantity.h"

typedef enum {
    RK_SCALE_LINEAR,
    RK_SCALE_LOG,      // values above 0
    RK_SCALE_TIME,     // seconds, with ticks at whole minutes and hours
    RK_SCALE_NINES,    // a share below 1 as -log10(1 - p): 90 %, 99 % and 99.9 % equally far apart
    RK_SCALE_CATEGORY, // 0, 1, 2 ... are names
} RkScale;

typedef struct {
    RkScale scale;
    RkUnit unit;
    char *title;             // "Latency"; the unit is added where it is drawn
    GPtrArray *categories;   // names, RK_SCALE_CATEGORY only
    gboolean from_zero;      // the range starts at 0 (linear)
    gboolean fixed;          // the range was set and is not fitted to data
    double pad;              // share of the range left free at each end
    double full_lo, full_hi; // of all data, as fitted
    double lo, hi;           // shown: full, or a part when zoomed
} RkChartAxis;

void rk_axis_init(RkChartAxis *axis, const char *title, RkScale scale, RkUnit unit);
void rk_axis_clear(RkChartAxis *axis);

// Clears it and makes it another.
void rk_axis_set(RkChartAxis *axis, const char *title, RkScale scale, RkUnit unit);

// Adds a name and returns its index.
guint rk_axis_category(RkChartAxis *axis, const char *name);

// The data's range becomes the axis'; low > high says that there is none. Copes with one value,
// infinities and values that the scale can't show. A zoomed axis keeps what it shows.
void rk_axis_fit(RkChartAxis *axis, double low, double high);
void rk_axis_set_range(RkChartAxis *axis, double lo, double hi); // fixed from now on

// Whether the scale can show a value at all.
gboolean rk_axis_can_show(const RkChartAxis *axis, double value);

// Where a value lies: 0 at lo, 1 at hi, beyond them outside; NaN where it can't be shown.
double rk_axis_place(const RkChartAxis *axis, double value);
double rk_axis_value(const RkChartAxis *axis, double place); // the inverse

// ---- zoom ----------------------------------------------------------------------------------

gboolean rk_axis_is_zoomed(const RkChartAxis *axis);

// Magnifies `factor` times (below 1: takes in more) around a place of what is shown. Never past the
// full range, nor deeper than doubles can tell values apart.
void rk_axis_zoom(RkChartAxis *axis, double place, double factor);
void rk_axis_pan(RkChartAxis *axis, double places); // by so many widths of what is shown
void rk_axis_select(RkChartAxis *axis, double place, double other); // what lies between two places
void rk_axis_reset(RkChartAxis *axis);

// ---- ticks ---------------------------------------------------------------------------------

typedef struct {
    double value;
    char *label; // NULL for a minor tick
} RkTick;

// Ticks within what is shown, about `n` of them with labels. GArray of RkTick that frees its
// labels; empty without a range. On linear axes labels lack the unit, which the title has.
GArray *rk_axis_ticks(const RkChartAxis *axis, double n);

// "Latency (ms)", "Throughput (log scale)": the title with the unit of the labels. Free it.
char *rk_axis_full_title(const RkChartAxis *axis);
