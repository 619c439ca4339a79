// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a cell's text says as a number or a time: the one reading that the guesses about a file
// and the typing of its columns share. The locale doesn't matter. Any thread.
#pragma once

#include "dataset/rows.h"

// Both return NULL when the cell was read, else a phrase that completes "column 3 (rating) ..." and
// says what is wrong. An empty cell reads as missing: NaN, INT64_MIN.

// A finite decimal number ("4", "-0.5", "1e-3"), correctly rounded. "nan" is missing.
const char *rk_cell_real(const RkCell *cell, double *value);

// Seconds since 1970 UTC, rounded down, in the years 1 to 9999: from a number of 1/per_second
// seconds (per_second 0 means 1), or from a date "2016-10-16", "2016-10-16 09:30[:15[.25]]" with a
// blank or T between and Z or an offset (+02:00) behind; UTC where there is none.
const char *rk_cell_time(const RkCell *cell, uint32_t per_second, int64_t *seconds);
