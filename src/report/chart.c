// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/chart.h"

#include "report/text.h"

#include <math.h>
#include <string.h>

static void
series_free(gpointer data)
{
    RkSeries *series = data;
    g_free(series->name);
    g_free(series->x);
    g_free(series->y);
    g_free(series->low);
    g_free(series->size);
    g_free(series->flags);
    g_clear_pointer(&series->labels, g_ptr_array_unref);
    g_free(series);
}

static void
mark_clear(gpointer mark)
{
    g_free(((RkMark *)mark)->label);
}

static void
panel_free(gpointer data)
{
    RkPanel *panel = data;
    rk_axis_clear(&panel->y);
    g_ptr_array_unref(panel->series);
    g_array_unref(panel->marks);
    g_free(panel->size_title);
    g_free(panel);
}

RkChart *
rk_chart_new(const char *title)
{
    RkChart *chart = g_new0(RkChart, 1);
    chart->title = rk_text_clean(title);
    chart->summary = g_strdup("");
    chart->empty = g_strdup("Nothing to show yet");
    rk_axis_init(&chart->x, "", RK_SCALE_LINEAR, RK_UNIT_NONE);
    chart->panels = g_ptr_array_new_with_free_func(panel_free);
    chart->styles = g_ptr_array_new_with_free_func(g_free);
    rk_chart_add_panel(chart, 1);
    return chart;
}

void
rk_chart_free(RkChart *chart)
{
    if (chart == NULL)
        return;
    rk_axis_clear(&chart->x);
    g_ptr_array_unref(chart->panels);
    g_ptr_array_unref(chart->styles);
    g_free(chart->kind);
    g_free(chart->title);
    g_free(chart->summary);
    g_free(chart->note);
    g_free(chart->empty);
    g_free(chart);
}

RkPanel *
rk_chart_panel(const RkChart *chart, guint i)
{
    g_return_val_if_fail(i < chart->panels->len, NULL);
    return g_ptr_array_index(chart->panels, i);
}

RkPanel *
rk_chart_add_panel(RkChart *chart, double weight)
{
    RkPanel *panel = g_new0(RkPanel, 1);
    rk_axis_init(&panel->y, "", RK_SCALE_LINEAR, RK_UNIT_NONE);
    panel->series = g_ptr_array_new_with_free_func(series_free);
    panel->marks = g_array_new(FALSE, FALSE, sizeof(RkMark));
    g_array_set_clear_func(panel->marks, mark_clear);
    panel->weight = weight;
    g_ptr_array_add(chart->panels, panel);
    return panel;
}

void
rk_chart_set_summary(RkChart *chart, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_free(chart->summary);
    chart->summary = rk_text_clean(text);
}

void
rk_chart_set_note(RkChart *chart, const char *note)
{
    g_free(chart->note);
    chart->note = rk_text_clean(note);
}

// ---- series --------------------------------------------------------------------------------

static guint
style_of(RkChart *chart, const char *name)
{
    for (guint i = 0; i < chart->styles->len; i++)
        if (strcmp(g_ptr_array_index(chart->styles, i), name) == 0)
            return i;
    g_ptr_array_add(chart->styles, g_strdup(name));
    return chart->styles->len - 1;
}

RkSeries *
rk_chart_series(RkChart *chart, guint panel, const char *name, RkSeriesKind kind)
{
    RkSeries *series = g_new0(RkSeries, 1);
    series->name = rk_text_clean(name);
    series->kind = kind;
    series->style = style_of(chart, series->name);
    g_ptr_array_add(rk_chart_panel(chart, panel)->series, series);
    return series;
}

static void
grow(RkSeries *s)
{
    if (s->n < s->capacity)
        return;
    s->capacity = MAX(64, s->capacity * 2);
    s->x = g_renew(double, s->x, s->capacity);
    s->y = g_renew(double, s->y, s->capacity);
    if (s->low != NULL)
        s->low = g_renew(double, s->low, s->capacity);
    if (s->size != NULL)
        s->size = g_renew(double, s->size, s->capacity);
    if (s->flags != NULL)
        s->flags = g_renew(guint8, s->flags, s->capacity);
}

void
rk_series_add(RkSeries *s, double x, double y)
{
    g_return_if_fail(s->low == NULL && s->size == NULL);
    grow(s);
    s->x[s->n] = x;
    s->y[s->n++] = y;
}

void
rk_series_add_low(RkSeries *s, double x, double low, double y)
{
    g_return_if_fail(s->n == 0 || s->low != NULL);
    grow(s);
    if (s->low == NULL)
        s->low = g_new(double, s->capacity);
    s->x[s->n] = x;
    s->low[s->n] = low;
    s->y[s->n++] = y;
}

void
rk_series_add_point(RkSeries *s, double x, double y, double size, unsigned flags, const char *label)
{
    g_return_if_fail(s->n == 0 || s->size != NULL);
    grow(s);
    if (s->size == NULL) {
        s->size = g_new(double, s->capacity);
        s->flags = g_new(guint8, s->capacity);
        s->labels = g_ptr_array_new_with_free_func(g_free);
    }
    s->x[s->n] = x;
    s->y[s->n] = y;
    s->size[s->n] = size;
    s->flags[s->n++] = (guint8)flags;
    g_ptr_array_add(s->labels, label != NULL ? rk_text_clean(label) : NULL);
}

static void
drop(double *values, gsize n, gsize left)
{
    if (values != NULL)
        memmove(values, values + n, left * sizeof *values);
}

void
rk_series_drop_first(RkSeries *s, gsize n)
{
    n = MIN(n, s->n);
    gsize left = s->n - n;
    drop(s->x, n, left);
    drop(s->y, n, left);
    drop(s->low, n, left);
    drop(s->size, n, left);
    if (s->flags != NULL)
        memmove(s->flags, s->flags + n, left);
    if (s->labels != NULL && n > 0)
        g_ptr_array_remove_range(s->labels, 0, (guint)n);
    s->n = left;
    s->n_settled -= MIN(n, s->n_settled);
}

void
rk_series_settle(RkSeries *series)
{
    series->n_settled = series->n;
}

RkInk
rk_series_ink(const RkSeries *series)
{
    if (series->dimmed || series->hidden) // the legend still has it
        return RK_INK_AXIS;
    return series->ink != RK_INK_NONE ? series->ink
                                      : RK_INK_SERIES + series->style % RK_N_SERIES_INKS;
}

void
rk_chart_mark(RkChart *chart, guint panel, gboolean vertical, double value, RkInk ink,
              const char *label)
{
    if (!isfinite(value))
        return;
    RkMark mark = {vertical, value, rk_text_clean(label), ink};
    g_array_append_val(rk_chart_panel(chart, panel)->marks, mark);
}

// ---- ranges --------------------------------------------------------------------------------

typedef struct {
    double low, high;
} Range;

static void
take(Range *range, const RkChartAxis *axis, const double *values, gsize n)
{
    for (gsize i = 0; values != NULL && i < n; i++)
        if (rk_axis_can_show(axis, values[i])) {
            range->low = MIN(range->low, values[i]);
            range->high = MAX(range->high, values[i]);
        }
}

static gboolean
low_is_x(const RkSeries *series) // else it is a y, or there is none
{
    return series->kind == RK_SERIES_BINS || series->kind == RK_SERIES_SPANS;
}

void
rk_chart_fit(RkChart *chart)
{
    Range across = {INFINITY, -INFINITY};
    for (guint p = 0; p < chart->panels->len; p++) {
        RkPanel *panel = rk_chart_panel(chart, p);
        Range up = {INFINITY, -INFINITY};
        for (guint i = 0; i < panel->series->len; i++) {
            const RkSeries *s = g_ptr_array_index(panel->series, i);
            if (s->hidden)
                continue;
            take(&across, &chart->x, s->x, s->n);
            take(&up, &panel->y, s->y, s->n);
            take(low_is_x(s) ? &across : &up, low_is_x(s) ? &chart->x : &panel->y, s->low, s->n);
        }
        for (guint i = 0; i < panel->marks->len && up.low <= up.high; i++) {
            const RkMark *mark = &g_array_index(panel->marks, RkMark, i);
            if (!mark->vertical)
                take(&up, &panel->y, &mark->value, 1);
        }
        rk_axis_fit(&panel->y, up.low, up.high);
    }
    rk_axis_fit(&chart->x, across.low, across.high);
}

gboolean
rk_chart_is_empty(const RkChart *chart)
{
    for (guint p = 0; p < chart->panels->len; p++) {
        const RkPanel *panel = rk_chart_panel(chart, p);
        for (guint i = 0; i < panel->series->len; i++) {
            const RkSeries *s = g_ptr_array_index(panel->series, i);
            for (gsize k = 0; !s->hidden && k < s->n; k++)
                if (rk_axis_can_show(&chart->x, s->x[k]) && rk_axis_can_show(&panel->y, s->y[k]))
                    return FALSE;
        }
    }
    return TRUE;
}
