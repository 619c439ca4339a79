// SPDX-License-Identifier: GPL-3.0-or-later
//
// The seam between importers and whoever keeps the rows: an importer (or a generator) hands over
// batches of cells as slices of its own read buffer; the sink types, encodes and stores them.
// Batches keep the cost a call away from the cost a row. One thread drives a sink.
#pragma once

#include "dataset/schema.h"

#include <stddef.h>

typedef struct {
    const char *text; // not NUL-terminated, UTF-8 checked by the importer
    uint32_t length;  // bytes; 0 is a missing cell
} RkCell;

typedef struct {
    const char *file; // for messages
    uint32_t table;   // index into the schema
    uint32_t n_rows;
    uint32_t n_fields;    // = the table's
    const RkCell *cells;  // [n_rows][n_fields], valid during the call only
    const uint64_t *line; // [n_rows] line of each row in the file, from 1
} RkRowBatch;

typedef struct RkRowSink RkRowSink;
struct RkRowSink {
    // Takes a batch. A cell that can't be typed is an RK_ERROR_DATA that names file, line and
    // column; then the n_taken rows before it were taken, it and those behind it were not, and the
    // caller may go on with a batch that starts after it (on-error=skip). Cells of an IGNORE field
    // are there but not looked at.
    gboolean (*rows)(RkRowSink *sink, const RkRowBatch *batch, GError **error);
    uint32_t n_taken; // rows of the last batch that were taken
};
