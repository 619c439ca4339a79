// SPDX-License-Identifier: GPL-3.0-or-later
//
// How cells were written, so that numbers and times come back as the same bytes: a style a cell
// while a chunk is encoded, one style a chunk when it is kept, and the text of the odd cells that
// no style gives back. Any thread.
#pragma once

#include "dataset/column.h"
#include "dataset/rows.h"
#include "dataset/vocabulary.h"

// The style of a REAL cell: 0..15 is its number of decimals, RK_STYLE_TRAILING is added when the
// last of them is a 0.
enum {
    RK_STYLE_TRAILING = 0x40,
    RK_STYLE_MISSING = 0xfe, // an empty cell
    RK_STYLE_ODD = 0xff,     // no style gives it back: exponents, plus signs, leading zeros
};

// The style of a TIME cell.
typedef enum {
    RK_TIME_INTEGER, // 1260759144, or 1260759144000 where per_second is 1000
    RK_TIME_POINT_0, // 1260759144.0
    RK_TIME_DATE,    // 2009-12-14
    RK_TIME_SPACE,   // 2009-12-14 02:52:24
    RK_TIME_T,       // 2009-12-14T02:52:24
    RK_TIME_T_Z,     // 2009-12-14T02:52:24Z
    RK_N_TIME_STYLES,
} RkTimeStyle;

// Enough for any number or time that is printed here, NUL included.
#define RK_FORM_TEXT 400

// The style of a cell that rk_cell_real() or rk_cell_time() read as `value`.
uint8_t rk_form_of_real(const RkCell *cell, double value);
uint8_t rk_form_of_time(const RkCell *cell, uint32_t per_second, int64_t value);

// Prints the shortest decimal that reads back as `value`, with at least `min_decimals` decimals;
// nothing for NaN. Returns the number of bytes without the NUL.
uint32_t rk_real_print(double value, uint8_t min_decimals, char text[RK_FORM_TEXT]);

// Prints a time in a style; nothing for a missing one.
uint32_t rk_time_print(int64_t value, RkTimeStyle style, uint32_t per_second,
                       char text[RK_FORM_TEXT]);

// The style for a whole chunk that leaves the fewest odd cells, from the number of cells of each
// style.
uint8_t rk_form_best_real(const uint32_t count[256]);
uint8_t rk_form_best_time(const uint32_t count[256]);

// Whether a chunk in style `best` gives back a REAL cell of style `style`.
gboolean rk_form_covers_real(uint8_t best, uint8_t style);

// Appends the text of one cell of a column chunk. `vocabulary` is the field's (NULL for kinds
// without). `odd` is the reader's place among the odd cells: 0 at a chunk's first row, and rows
// then come in order.
void rk_form_append_cell(const RkField *field, const RkColumn *column,
                         const RkVocabulary *vocabulary, uint32_t row, uint32_t *odd, GString *out);

// Collects the odd cells of one column chunk, in row order. Zeroed to start with.
typedef struct {
    uint8_t style;
    GArray *rows;    // of uint32_t
    GArray *offsets; // of uint32_t, the start of each text
    GByteArray *text;
} RkFormsBuilder;

void rk_forms_builder_add(RkFormsBuilder *builder, uint32_t row, const char *text, uint32_t length);

// The forms, and an empty builder of style 0 again; NULL where there is nothing to say (style 0,
// no odd cell).
RkForms *rk_forms_builder_end(RkFormsBuilder *builder);
void rk_forms_builder_clear(RkFormsBuilder *builder);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RkFormsBuilder, rk_forms_builder_clear)
