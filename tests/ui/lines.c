// SPDX-License-Identifier: GPL-3.0-or-later
#include "lines.h"

#include <math.h>

RkChart *
two_lines(void)
{
    static const char *const NAMES[] = {"float32", "int8"};
    RkChart *chart = rk_chart_new("Latency over time");
    rk_axis_set(&chart->x, "Time", RK_SCALE_LINEAR, RK_UNIT_SECONDS);
    rk_axis_set(&rk_chart_panel(chart, 0)->y, "Latency", RK_SCALE_LINEAR, RK_UNIT_SECONDS);
    rk_chart_set_summary(chart, "int8 is faster all the time.");
    for (int s = 0; s < 2; s++) {
        RkSeries *series = rk_chart_series(chart, 0, NAMES[s], RK_SERIES_LINE);
        for (int i = 0; i < N_LINE; i++)
            rk_series_add(series, i, 0.004 * (2 - s) + 0.0005 * sin(i * 0.1));
    }
    return chart;
}
