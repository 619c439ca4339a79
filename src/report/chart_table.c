// SPDX-License-Identifier: GPL-3.0-or-later
//
// The table twin of a chart: every figure that the picture shows.
#include "report/chart.h"

#include <math.h>
#include <string.h>

typedef struct {
    const RkPanel *panel;
    const RkSeries *series;
} Source;

static GArray *
sources_of(const RkChart *chart)
{
    GArray *sources = g_array_new(FALSE, FALSE, sizeof(Source));
    for (guint p = 0; p < chart->panels->len; p++) {
        const RkPanel *panel = rk_chart_panel(chart, p);
        for (guint i = 0; i < panel->series->len; i++) {
            Source source = {panel, g_ptr_array_index(panel->series, i)};
            if (!source.series->hidden && source.series->n > 0)
                g_array_append_val(sources, source);
        }
    }
    return sources;
}

// Lines and bands over the very same x read best side by side.
static gboolean
share_x(const GArray *sources)
{
    const RkSeries *first = g_array_index(sources, Source, 0).series;
    for (guint i = 0; i < sources->len; i++) {
        const RkSeries *s = g_array_index(sources, Source, i).series;
        if ((s->kind != RK_SERIES_LINE && s->kind != RK_SERIES_BAND) || s->n != first->n ||
            memcmp(s->x, first->x, s->n * sizeof *s->x) != 0)
            return FALSE;
    }
    return TRUE;
}

static void
axis_column(RkFigureTable *table, const RkChartAxis *axis, const char *title)
{
    if (axis->scale == RK_SCALE_CATEGORY)
        rk_table_text_column(table, title);
    else
        rk_table_column(table, title, axis->unit);
}

static void
set_on_axis(RkFigureTable *table, guint column, const RkChartAxis *axis, double value)
{
    if (axis->scale != RK_SCALE_CATEGORY)
        rk_table_set(table, column, value);
    else if (value >= 0 && value < axis->categories->len)
        rk_table_set_text(table, column, g_ptr_array_index(axis->categories, (guint)value));
}

static void
fill_wide(const RkChart *chart, const GArray *sources, gsize n, RkFigureTable *table)
{
    axis_column(table, &chart->x, chart->x.title);
    for (guint i = 0; i < sources->len; i++) {
        const Source *s = &g_array_index(sources, Source, i);
        g_autofree char *from = g_strdup_printf("%s, from", s->series->name);
        g_autofree char *to = g_strdup_printf("%s, to", s->series->name);
        if (s->series->low != NULL)
            axis_column(table, &s->panel->y, from);
        axis_column(table, &s->panel->y, s->series->low != NULL ? to : s->series->name);
    }
    for (gsize k = 0; k < n; k++) {
        guint column = 0;
        rk_table_row(table);
        set_on_axis(table, column++, &chart->x, g_array_index(sources, Source, 0).series->x[k]);
        for (guint i = 0; i < sources->len; i++) {
            const Source *s = &g_array_index(sources, Source, i);
            if (s->series->low != NULL)
                set_on_axis(table, column++, &s->panel->y, s->series->low[k]);
            set_on_axis(table, column++, &s->panel->y, s->series->y[k]);
        }
    }
}

typedef struct {
    guint series, label, x, y, low, size; // columns; 0 for none but the first
} Columns;

// Panels may differ in unit, so that a table of points belongs to one of them.
static Columns
add_columns(const RkChart *chart, const RkPanel *panel, const GArray *sources, RkFigureTable *table)
{
    Columns c = {0};
    gboolean labelled = FALSE, low = FALSE, size = FALSE;
    for (guint i = 0; i < sources->len; i++) {
        const RkSeries *s = g_array_index(sources, Source, i).series;
        for (guint k = 0; s->labels != NULL && k < s->labels->len; k++)
            labelled |= g_ptr_array_index(s->labels, k) != NULL;
        low |= s->low != NULL;
        size |= s->size != NULL;
    }
    const RkSeriesKind kind = g_array_index(sources, Source, 0).series->kind;
    const RkChartAxis *low_axis =
        kind == RK_SERIES_BINS || kind == RK_SERIES_SPANS ? &chart->x : &panel->y;
    rk_table_text_column(table, "Series");
    if (labelled) {
        c.label = table->columns->len;
        rk_table_text_column(table, "Name");
    }
    if (low) {
        g_autofree char *title = g_strdup_printf("%s, from", low_axis->title);
        c.low = table->columns->len;
        axis_column(table, low_axis, title);
    }
    c.x = table->columns->len;
    axis_column(table, &chart->x, chart->x.title);
    c.y = table->columns->len;
    axis_column(table, &panel->y, panel->y.title);
    if (size && panel->size_title != NULL) {
        c.size = table->columns->len;
        rk_table_column(table, panel->size_title, panel->size_unit);
    }
    return c;
}

static void
fill_long(const RkChart *chart, const GArray *sources, gsize max_rows, RkFigureTable *table)
{
    const RkPanel *panel = g_array_index(sources, Source, 0).panel;
    Columns c = add_columns(chart, panel, sources, table);
    for (guint i = 0; i < sources->len; i++) {
        const RkSeries *s = g_array_index(sources, Source, i).series;
        const RkPanel *own = g_array_index(sources, Source, i).panel;
        gboolean low_on_x = s->kind == RK_SERIES_BINS || s->kind == RK_SERIES_SPANS;
        for (gsize k = 0; k < s->n; k++) {
            if (table->rows->len >= max_rows) {
                table->n_left_out += s->n - k;
                break;
            }
            rk_table_row(table);
            rk_table_set_text(table, c.series, s->name);
            if (c.label > 0 && s->labels != NULL)
                rk_table_set_text(table, c.label, g_ptr_array_index(s->labels, k));
            if (c.low > 0 && s->low != NULL)
                set_on_axis(table, c.low, low_on_x ? &chart->x : &own->y, s->low[k]);
            set_on_axis(table, c.x, &chart->x, s->x[k]);
            if (own->y.unit == panel->y.unit) {
                set_on_axis(table, c.y, &own->y, s->y[k]);
            } else {
                g_autofree char *text = rk_quantity(s->y[k], own->y.unit);
                rk_table_set_figure(table, c.y, s->y[k], text);
            }
            if (c.size > 0 && s->size != NULL)
                rk_table_set(table, c.size, s->size[k]);
        }
    }
}

RkFigureTable *
rk_chart_table(const RkChart *chart, gsize max_rows)
{
    RkFigureTable *table = rk_table_new(chart->title);
    g_autoptr(GArray) sources = sources_of(chart);
    if (sources->len == 0)
        return table;
    if (!share_x(sources)) {
        fill_long(chart, sources, max_rows, table);
        return table;
    }
    gsize n = g_array_index(sources, Source, 0).series->n;
    fill_wide(chart, sources, MIN(n, max_rows), table);
    table->n_left_out = n - MIN(n, max_rows);
    return table;
}

// ---- one point -----------------------------------------------------------------------------

static void
append_value(GString *out, const RkChartAxis *axis, double value)
{
    if (out->len > 0 && out->str[out->len - 1] != ' ')
        g_string_append(out, ", ");
    if (axis->scale == RK_SCALE_CATEGORY) {
        if (value >= 0 && value < axis->categories->len)
            g_string_append(out, g_ptr_array_index(axis->categories, (guint)value));
        return;
    }
    g_autofree char *text = rk_quantity(value, axis->unit);
    if (axis->title[0] != '\0')
        g_string_append_printf(out, "%s ", axis->title);
    g_string_append(out, text);
}

static void
append_range(GString *out, const RkChartAxis *axis, double low, double high)
{
    g_autofree char *text = rk_quantity_range(low, high, axis->unit);
    g_string_append_printf(out, "%s %s", axis->title, text);
}

char *
rk_point_text(const RkChart *chart, const RkPanel *panel, const RkSeries *s, gsize i)
{
    const char *label = s->labels != NULL ? g_ptr_array_index(s->labels, i) : NULL;
    const char *name = label != NULL ? label : s->name;
    GString *out = g_string_new(NULL);
    if (name[0] != '\0')
        g_string_append_printf(out, "%s: ", name);
    if (s->kind == RK_SERIES_SPANS) {
        g_autofree char *length = rk_quantity(s->x[i] - s->low[i], chart->x.unit);
        g_string_append(out, length);
        append_value(out, &panel->y, s->y[i]);
        return g_string_free(out, FALSE);
    }
    if (s->kind == RK_SERIES_BAND)
        append_range(out, &panel->y, s->low[i], s->y[i]);
    else
        append_value(out, &panel->y, s->y[i]);
    if (s->kind == RK_SERIES_BINS) {
        g_string_append(out, ", ");
        append_range(out, &chart->x, s->low[i], s->x[i]);
    } else {
        append_value(out, &chart->x, s->x[i]);
    }
    if (s->size != NULL && panel->size_title != NULL) {
        g_autofree char *size = rk_quantity(s->size[i], panel->size_unit);
        g_string_append_printf(out, ", %s %s", panel->size_title, size);
    }
    return g_string_free(out, FALSE);
}
