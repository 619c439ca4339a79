// SPDX-License-Identifier: GPL-3.0-or-later
//
// Training curves: losses in the upper panel, metrics in the lower, a colour a run or a figure.
#include "report/charts.h"

#include <math.h>
#include <string.h>

static gboolean
is_loss(const RkTrainingCurve *curve)
{
    return strstr(curve->figure, "loss") != NULL;
}

static void
add_curve(RkChart *chart, guint panel, const RkTrainingCurve *c, gboolean several)
{
    g_autofree char *name =
        several ? g_strdup_printf("%s %s", c->run, c->figure) : g_strdup(c->figure);
    RkSeries *line = rk_chart_series(chart, panel, name, RK_SERIES_LINE);
    line->markers = c->n <= 30;
    for (gsize i = 0; i < c->n; i++)
        rk_series_add(line, c->step[i], c->value[i]);
}

// "valid.auc" is of the metric auc.
static const char *
metric_of(const RkTrainingCurve *curve)
{
    const char *dot = strchr(curve->figure, '.');
    return dot != NULL && dot[1] != '\0' ? dot + 1 : curve->figure;
}

// The metrics' names, as far as an axis has room for them.
static char *
metric_title(const RkTrainingCurve *curves, gsize n)
{
    enum { MOST = 3 };
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (gsize i = 0; i < n; i++) {
        const char *name = metric_of(&curves[i]);
        if (!is_loss(&curves[i]) &&
            !g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
            g_ptr_array_add(names, (gpointer)name);
    }
    if (names->len > MOST)
        return g_strdup("Metrics");
    g_ptr_array_add(names, NULL);
    return g_strjoinv(", ", (char **)names->pdata);
}

// The best step of the first metric, or the last loss.
static void
summarize(RkChart *chart, const RkTrainingCurve *curves, gsize n)
{
    const RkTrainingCurve *told = NULL;
    for (gsize i = 0; i < n; i++)
        if (curves[i].n > 0 && (told == NULL || (is_loss(told) && !is_loss(&curves[i]))))
            told = &curves[i];
    if (told == NULL)
        return;
    gsize best = 0;
    for (gsize i = 1; i < told->n; i++)
        if (is_loss(told) ? told->value[i] < told->value[best] : told->value[i] > told->value[best])
            best = i;
    g_autofree char *value = rk_quantity(told->value[best], RK_UNIT_METRIC);
    g_autofree char *step = rk_quantity(told->step[best], RK_UNIT_COUNT);
    g_autofree char *axis = g_utf8_strdown(chart->x.title, -1);
    rk_chart_set_summary(chart, "%s: %s was best at %s %s, with %s.", told->run, told->figure, axis,
                         step, value);
}

RkChart *
rk_chart_training(const RkTrainingCurve *curves, gsize n, const char *step_title)
{
    RkChart *chart = rk_chart_new("Training");
    rk_axis_set(&chart->x, step_title, RK_SCALE_LINEAR, RK_UNIT_COUNT);
    chart->x.pad = 0;
    gsize n_losses = 0;
    gboolean several = FALSE;
    for (gsize i = 0; i < n; i++) {
        n_losses += is_loss(&curves[i]);
        several |= strcmp(curves[i].run, curves[0].run) != 0;
    }
    RkPanel *upper = rk_chart_panel(chart, 0);
    g_autofree char *metric = metric_title(curves, n);
    rk_axis_set(&upper->y, n_losses > 0 || n == 0 ? "Loss" : metric, RK_SCALE_LINEAR, RK_UNIT_NONE);
    if (n_losses > 0 && n_losses < n) {
        RkPanel *lower = rk_chart_add_panel(chart, 1);
        rk_axis_set(&lower->y, metric, RK_SCALE_LINEAR, RK_UNIT_NONE);
    }
    for (gsize i = 0; i < n; i++)
        add_curve(chart, chart->panels->len > 1 && !is_loss(&curves[i]), &curves[i], several);
    summarize(chart, curves, n);
    return chart;
}
