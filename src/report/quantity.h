// SPDX-License-Identifier: GPL-3.0-or-later
//
// Numbers that a person reads: "1.25 ms", "12.4 k/s", "47.4 %". Values come in base units (seconds,
// bytes, shares of one); the text is the same in every locale. Any thread.
#pragma once

#include <glib.h>

typedef enum {
    RK_UNIT_NONE,             // a plain number
    RK_UNIT_COUNT,            // 9600, 12.4 k
    RK_UNIT_SECONDS,          // 250 ns to hours
    RK_UNIT_PER_SECOND,       // 12.4 k/s
    RK_UNIT_BYTES,            // 1.5 MiB
    RK_UNIT_SHARE,            // 0.474 is 47.4 %
    RK_UNIT_METRIC,           // an accuracy: four decimals
    RK_UNIT_FLOPS,            // FLOP/s
    RK_UNIT_BYTES_PER_SECOND, // GB/s, powers of ten as data sheets have them
    RK_UNIT_FLOP_PER_BYTE,
    RK_N_UNITS,
} RkUnit;

// One step of a unit: what a number is divided by and what is written behind it.
typedef struct {
    double factor;
    const char *symbol; // "ms"; "" for the plain unit
} RkUnitStep;

// The step that shows `magnitude` (of any sign) best; never NULL.
const RkUnitStep *rk_unit_step(RkUnit unit, double magnitude);

// A value with its unit and three significant digits (metrics: four decimals; whole counts below
// ten thousand as they are). NaN is an en dash, an infinity is its sign. Free it.
char *rk_quantity(double value, RkUnit unit);

// The number alone in one step, with so many decimals. Free it.
char *rk_quantity_in(double value, const RkUnitStep *step, int decimals);

// The interval between two values in the step of the larger: "1.2 to 1.4 ms". Free it.
char *rk_quantity_range(double low, double high, RkUnit unit);

// A difference with its sign, "+1.2 ms" or "−0.0021". Free it.
char *rk_quantity_difference(double value, RkUnit unit);

// What became of a value, in words: "2.1 times as high", "12 % lower", "the same". Free it.
char *rk_quantity_change(double from, double to, const char *more, const char *less);
