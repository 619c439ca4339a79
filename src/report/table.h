// SPDX-License-Identifier: GPL-3.0-or-later
//
// A table: what a chart shows in figures, and what a report lists. Owner's thread.
#pragma once

#include "report/quantity.h"

typedef struct {
    char *title;
    RkUnit unit;      // of figures
    gboolean figures; // right-aligned, sorted by value
    gboolean detail;  // of less weight: a narrow page may leave it out
} RkFigureColumn;

typedef struct {
    char *text;   // as shown
    double value; // what to sort by; NaN for text
} RkFigureCell;

typedef struct {
    GArray *columns; // of RkFigureColumn
    GPtrArray *rows; // of RkFigureCell[n columns]
    guint marked;    // row that stands out (the recommended one), 0 for none, else index + 1
    char *caption;
    gsize n_left_out; // rows that weren't taken, as the table would be too long
} RkFigureTable;

RkFigureTable *rk_table_new(const char *caption);
void rk_table_free(RkFigureTable *table);

// Columns come before rows.
void rk_table_text_column(RkFigureTable *table, const char *title);
void rk_table_column(RkFigureTable *table, const char *title, RkUnit unit);

// Starts a row of empty cells; the setters below fill those of the last row.
void rk_table_row(RkFigureTable *table);
void rk_table_set_text(RkFigureTable *table, guint column, const char *text); // cleaned
void rk_table_set(RkFigureTable *table, guint column, double value);

// A figure with a text of its own: "1.25 ms ± 0.1".
void rk_table_set_figure(RkFigureTable *table, guint column, double value, const char *text);

const RkFigureCell *rk_table_cell(const RkFigureTable *table, guint row, guint column);

// Comma-separated values by RFC 4180: figures in base units as numbers, the unit in the heading.
// A cell that a spreadsheet would run as a formula gets an apostrophe. Free it.
char *rk_table_to_csv(const RkFigureTable *table);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkFigureTable, rk_table_free)
