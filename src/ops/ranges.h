// SPDX-License-Identifier: GPL-3.0-or-later
//
// Walking a tensor that is larger than one binding of the device may be: in ranges of rows, each
// starting where a binding may start. Only files in src/ops include this. Any thread.
#pragma once

#include "graph/op.h"

// What one row takes of an operand, and how a shader sees that operand.
typedef struct {
    RkBindKind kind;
    uint64_t row_bytes; // a multiple of 4
} RkRangeOperand;

// The most rows of a range, so that it fits every operand and the next one starts at an aligned
// offset: n_rows when all fit at once, 0 when not even the fewest aligned rows do.
uint32_t rk_range_rows(const RkCaps *caps, uint32_t n_rows, uint32_t n,
                       const RkRangeOperand *operands);

// Sets the part of the dispatch's operand `binding` that holds rows [first, first + rows).
void rk_range_set(RkDispatch *d, uint32_t binding, uint64_t row_bytes, uint32_t first,
                  uint32_t rows);
