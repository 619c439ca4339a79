// SPDX-License-Identifier: GPL-3.0-or-later
//
// Fewer points that draw the same picture: of each pixel column the first, the lowest, the highest
// and the last value stay (Jugel et al., "M4: A Visualization-Oriented Time Series Data
// Aggregation", VLDB 2014). A spike a single sample wide is never lost. Any thread.
#pragma once

#include "report/axis.h"

typedef struct {
    double x, y; // px; y is NaN where a line is interrupted
} RkPoint;

// A walk over the pixel columns of values that ascend in x; see rk_columns_next().
typedef struct {
    const RkChartAxis *axis;
    const double *x;
    gsize n;
    double left, width; // of the plot, px
    gsize at;
    gsize end; // of what is shown, with a neighbour on each side
} RkColumns;

// x [n] ascends. The walk takes in one point beyond each end of what the axis shows, so that lines
// go on to the edge.
RkColumns rk_columns(const RkChartAxis *axis, const double *x, gsize n, double left, double width);

// The next column with points: they are x[from .. to). FALSE at the end.
gboolean rk_columns_next(RkColumns *columns, gsize *from, gsize *to);

// Places a line's points x, y [n] (x ascends) in the plot at left, top with that size: px, at most
// four a pixel column, in order. Values that an axis can't show interrupt the line. GArray of
// RkPoint.
GArray *rk_decimate_line(const RkChartAxis *x_axis, const RkChartAxis *y_axis, const double *x,
                         const double *y, gsize n, double left, double top, double width,
                         double height);

// Of points in any order, the indices [of uint32_t] of one for each square pixel that has some, the
// first of them; those outside the plot are left out. GArray.
GArray *rk_decimate_points(const RkChartAxis *x_axis, const RkChartAxis *y_axis, const double *x,
                           const double *y, gsize n, double width, double height);
