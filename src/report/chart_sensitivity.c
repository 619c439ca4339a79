// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which parts of a model bear compression: rows are its parameters, columns the amount, a cell what
// is lost.
#include "report/charts.h"

#include <math.h>

RkChart *
rk_chart_sensitivity(const char *const *rows, gsize n_rows, const char *const *columns,
                     gsize n_columns, const double *value, const char *metric)
{
    g_autofree char *title = g_strdup_printf("Loss of %s by part and amount", metric);
    RkChart *chart = rk_chart_new(title);
    RkPanel *panel = rk_chart_panel(chart, 0);
    rk_axis_set(&chart->x, "Compression", RK_SCALE_CATEGORY, RK_UNIT_NONE);
    rk_axis_set(&panel->y, "", RK_SCALE_CATEGORY, RK_UNIT_NONE);
    panel->size_title = g_strdup_printf("Loss of %s", metric);
    panel->size_unit = RK_UNIT_METRIC;
    for (gsize c = 0; c < n_columns; c++)
        rk_axis_category(&chart->x, columns[c]);
    RkSeries *cells = rk_chart_series(chart, 0, "", RK_SERIES_CELLS);
    gsize row = 0, column = 0;
    double most = -INFINITY;
    for (gsize r = 0; r < n_rows; r++) {
        rk_axis_category(&panel->y, rows[r]);
        for (gsize c = 0; c < n_columns; c++) {
            double v = value[r * n_columns + c];
            rk_series_add_point(cells, c, r, v, 0, NULL);
            if (isfinite(v) && v > most) {
                most = v;
                row = r;
                column = c;
            }
        }
    }
    if (isfinite(most)) {
        g_autofree char *lost = rk_quantity(most, RK_UNIT_METRIC);
        rk_chart_set_summary(chart, "%s at %s costs most: %s of %s.", rows[row], columns[column],
                             lost, metric);
    }
    rk_chart_set_note(chart, "Dark cells lose little, light ones much.");
    return chart;
}
