// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/table.h"

#include "report/text.h"

#include <math.h>
#include <string.h>

// What a column of figures is in, as a heading says it.
static const char *const BASE_UNITS[RK_N_UNITS] = {
    [RK_UNIT_NONE] = "",
    [RK_UNIT_COUNT] = "",
    [RK_UNIT_SECONDS] = "s",
    [RK_UNIT_PER_SECOND] = "1/s",
    [RK_UNIT_BYTES] = "bytes",
    [RK_UNIT_SHARE] = "share",
    [RK_UNIT_METRIC] = "",
    [RK_UNIT_FLOPS] = "FLOP/s",
    [RK_UNIT_BYTES_PER_SECOND] = "B/s",
    [RK_UNIT_FLOP_PER_BYTE] = "FLOP/B",
};

static void
column_clear(gpointer column)
{
    g_free(((RkFigureColumn *)column)->title);
}

RkFigureTable *
rk_table_new(const char *caption)
{
    RkFigureTable *table = g_new0(RkFigureTable, 1);
    table->caption = rk_text_clean(caption);
    table->columns = g_array_new(FALSE, FALSE, sizeof(RkFigureColumn));
    g_array_set_clear_func(table->columns, column_clear);
    table->rows = g_ptr_array_new();
    return table;
}

void
rk_table_free(RkFigureTable *table)
{
    if (table == NULL)
        return;
    for (guint i = 0; i < table->rows->len; i++) {
        RkFigureCell *row = g_ptr_array_index(table->rows, i);
        for (guint k = 0; k < table->columns->len; k++)
            g_free(row[k].text);
        g_free(row);
    }
    g_ptr_array_unref(table->rows);
    g_array_unref(table->columns);
    g_free(table->caption);
    g_free(table);
}

static void
add_column(RkFigureTable *table, const char *title, RkUnit unit, gboolean figures)
{
    g_return_if_fail(table->rows->len == 0);
    RkFigureColumn column = {rk_text_clean(title), unit, figures, FALSE};
    g_array_append_val(table->columns, column);
}

void
rk_table_text_column(RkFigureTable *table, const char *title)
{
    add_column(table, title, RK_UNIT_NONE, FALSE);
}

void
rk_table_column(RkFigureTable *table, const char *title, RkUnit unit)
{
    add_column(table, title, unit, TRUE);
}

void
rk_table_row(RkFigureTable *table)
{
    RkFigureCell *row = g_new0(RkFigureCell, MAX(table->columns->len, 1));
    for (guint k = 0; k < table->columns->len; k++)
        row[k].value = NAN;
    g_ptr_array_add(table->rows, row);
}

static RkFigureCell *
last_cell(RkFigureTable *table, guint column)
{
    g_return_val_if_fail(table->rows->len > 0 && column < table->columns->len, NULL);
    return (RkFigureCell *)g_ptr_array_index(table->rows, table->rows->len - 1) + column;
}

void
rk_table_set_text(RkFigureTable *table, guint column, const char *text)
{
    RkFigureCell *cell = last_cell(table, column);
    g_free(cell->text);
    cell->text = rk_text_clean(text);
}

void
rk_table_set_figure(RkFigureTable *table, guint column, double value, const char *text)
{
    rk_table_set_text(table, column, text);
    last_cell(table, column)->value = value;
}

void
rk_table_set(RkFigureTable *table, guint column, double value)
{
    g_autofree char *text =
        rk_quantity(value, g_array_index(table->columns, RkFigureColumn, column).unit);
    rk_table_set_figure(table, column, value, text);
}

const RkFigureCell *
rk_table_cell(const RkFigureTable *table, guint row, guint column)
{
    return (const RkFigureCell *)g_ptr_array_index(table->rows, row) + column;
}

static void
append_field(GString *out, const char *text)
{
    gboolean formula = text[0] != '\0' && strchr("=+-@", text[0]) != NULL;
    gboolean quoted = formula || strpbrk(text, ",\"\r\n") != NULL;
    if (!quoted) {
        g_string_append(out, text);
        return;
    }
    g_string_append(out, formula ? "\"'" : "\"");
    for (const char *p = text; *p != '\0'; p++)
        g_string_append(out, *p == '"' ? "\"\"" : (const char[]){*p, '\0'});
    g_string_append_c(out, '"');
}

static void
append_heading(GString *out, const RkFigureColumn *column)
{
    const char *unit = column->figures ? BASE_UNITS[column->unit] : "";
    g_autofree char *title =
        unit[0] != '\0' ? g_strdup_printf("%s (%s)", column->title, unit) : g_strdup(column->title);
    append_field(out, title);
}

char *
rk_table_to_csv(const RkFigureTable *table)
{
    GString *out = g_string_new(NULL);
    guint n = table->columns->len;
    for (guint k = 0; k < n; k++) {
        append_heading(out, &g_array_index(table->columns, RkFigureColumn, k));
        g_string_append(out, k + 1 < n ? "," : "\r\n");
    }
    for (guint i = 0; i < table->rows->len; i++)
        for (guint k = 0; k < n; k++) {
            const RkFigureCell *cell = rk_table_cell(table, i, k);
            char digits[G_ASCII_DTOSTR_BUF_SIZE];
            if (!g_array_index(table->columns, RkFigureColumn, k).figures)
                append_field(out, cell->text != NULL ? cell->text : "");
            else if (isfinite(cell->value))
                g_string_append(out, g_ascii_dtostr(digits, sizeof digits, cell->value));
            g_string_append(out, k + 1 < n ? "," : "\r\n");
        }
    return g_string_free(out, FALSE);
}
