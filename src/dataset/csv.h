// SPDX-License-Identifier: GPL-3.0-or-later
//
// Separated values: one record a line, fields between separators of one or more bytes, optionally
// quoted as RFC 4180 has it (doubled quotes, separators and line feeds inside). A quote within an
// unquoted field stands for itself. Empty lines are left out. Reader's thread.
#pragma once

#include "dataset/records.h"

typedef struct {
    char separator[9]; // 1 to 8 bytes
    gboolean quotes;   // whether '"' at the start of a field quotes it
    uint32_t n_fields; // every record has that many
    uint32_t n_drop;   // records to take without emitting: 1 for a header; counts down
} RkCsv;

// RkSplitter over an RkCsv.
gssize rk_csv_split(gpointer csv, RkEmit *emit, RkBlock *block, GError **error);

// How the complete records at the start of a text would split, for finding out the separator.
typedef struct {
    uint32_t n_records; // looked at
    uint32_t n_fields;  // the most frequent number of fields
    uint32_t n_agree;   // records that have it
    uint32_t n_broken;  // records with a quote left open or text behind a closing quote
} RkCsvShape;

// `is_all` says that the last record may lack its line feed. Looks at up to max_records.
RkCsvShape rk_csv_shape(const char *text, size_t n, gboolean is_all, const char *separator,
                        gboolean quotes, uint32_t max_records);
