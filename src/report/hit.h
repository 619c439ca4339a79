// SPDX-License-Identifier: GPL-3.0-or-later
//
// What is under the pointer, and stepping through points by keyboard. Plain functions over a
// layout; its owner's thread.
#pragma once

#include "report/layout.h"

typedef struct {
    const RkSeries *series; // NULL: nothing
    guint panel;
    gsize index; // of the point
    RkPoint at;  // px; the middle of a bar or a cell
} RkHit;

// The point nearest to px within `reach`, or the bar or cell around it. FALSE when there is none.
// Lines of a million points are searched by bisection.
gboolean rk_layout_hit(const RkLayout *layout, RkPoint px, double reach, RkHit *hit);

// Of every visible line and band of a panel the point nearest in x: what a crosshair shows. GArray
// of RkHit.
GArray *rk_layout_hits_at_x(const RkLayout *layout, guint panel, double px);

// The next point of the same series (+1, -1) that can be seen, or the first there is when `hit` has
// no series. FALSE at the end.
gboolean rk_layout_step(const RkLayout *layout, int direction, RkHit *hit);
// The same place in the next series.
gboolean rk_layout_step_series(const RkLayout *layout, int direction, RkHit *hit);

// The panel whose plot holds a point, or -1.
int rk_layout_panel_at(const RkLayout *layout, RkPoint px);

// "int8: p99 1.25 ms at 12.4 k/s". Free it.
char *rk_hit_text(const RkLayout *layout, const RkHit *hit);
