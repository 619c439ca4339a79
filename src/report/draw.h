// SPDX-License-Identifier: GPL-3.0-or-later
//
// Drawing a laid-out chart in layers. A widget keeps a node for each and makes it again only when
// what it shows has changed: the grid when ranges or size do, the data when something settles, the
// tail with every update. Owner's thread.
#pragma once

#include "report/layout.h"
#include "base/error.h"

typedef enum {
    RK_LAYER_GRID = 1 << 0,  // background, grid, axes, titles, legend
    RK_LAYER_DATA = 1 << 1,  // the settled points of each series
    RK_LAYER_TAIL = 1 << 2,  // the points after them
    RK_LAYER_MARKS = 1 << 3, // limits, names at lines' ends and points
    RK_LAYER_ALL = 15,
} RkLayers;

void rk_chart_draw(const RkLayout *layout, RkCanvas *canvas, unsigned layers);

// ---- to files ------------------------------------------------------------------------------

// A standalone SVG document with the theme's colours inside. Free it.
char *rk_chart_to_svg(RkChart *chart, RkMeasure *measure, RkTheme theme, double width,
                      double height);

// For a page that has rk_svg_style() with variables: an <svg class="c ..."> without title, role
// img with the summary as its label. Appends.
void rk_chart_to_inline_svg(RkChart *chart, RkMeasure *measure, double width, double height,
                            const char *class, GString *out);

// A picture of width x height px, times `scale` for dense displays. RK_ERROR_FAILED when the file
// can't be written.
gboolean rk_chart_to_png(RkChart *chart, RkMeasure *measure, RkTheme theme, double width,
                         double height, double scale, const char *path, GError **error);

// The same in memory: ARGB, opaque. The caller's.
cairo_surface_t *rk_chart_to_image(RkChart *chart, RkMeasure *measure, RkTheme theme, double width,
                                   double height, double scale);

// A PDF of one page of that size in points.
gboolean rk_chart_to_pdf(RkChart *chart, RkMeasure *measure, RkTheme theme, double width,
                         double height, const char *path, GError **error);
