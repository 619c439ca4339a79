// SPDX-License-Identifier: GPL-3.0-or-later
//
// The rows that batches are drawn from, in memory: one record of 32-bit words a row, so that a
// shuffled row costs one trip to memory and not one a column. Of the event table the rows of one
// part; of a side table all rows, found by the code of their key. Immutable once loaded; any
// thread reads.
#pragma once

#include "dataset/features.h"

typedef enum {
    RK_FRAME_CODE, // u32, RK_CODE_MISSING where empty
    RK_FRAME_REAL, // f32, 0 where empty (features: as they are fitted)
    RK_FRAME_TIME, // i64 in two words, INT64_MIN where empty
    RK_FRAME_BAG,  // codes [offset[row] .. offset[row + 1]); no word
} RkFrameType;

typedef struct {
    char *name;
    RkFrameType type;
    RkFieldKind kind; // of the field it comes from
    gboolean is_past; // a feature of the past
    uint32_t word;    // place in the record
    uint64_t *offset; // BAG: [n_rows + 2]
    uint32_t *codes;
} RkFrameColumn;

typedef struct {
    uint32_t table;
    uint32_t n_rows;
    uint32_t n_words; // of a record
    uint32_t n_columns;
    uint32_t *words; // [n_rows + 1, n_words]; the last record is that of a missing row
    RkFrameColumn *columns;
    uint32_t *row_of; // side tables: [n_codes] row of a key's code, n_rows without one
    uint32_t n_codes;
} RkFrame;

typedef struct {
    const RkSplit *split;       // of the event table; NULL for all rows
    RkPart part;                // the rows to load, with a split
    const RkFeatures *features; // their names come before fields' names; may be NULL
    uint32_t n_threads;
} RkFrameOptions;

// Loads `columns` (names of features or fields) of a table. Fails with RK_ERROR_NOT_FOUND when one
// isn't there, RK_ERROR_USAGE when it is text or there are 2^32 - 2 rows or more.
RkFrame *rk_frame_load(RkChunkSource *source, uint32_t table, const char *const *columns,
                       uint32_t n_columns, const RkFrameOptions *options, GError **error);
void rk_frame_free(RkFrame *frame);

// Index of a column by name or by the first of a field kind; -1 when there is none.
int rk_frame_find(const RkFrame *frame, const char *name);
int rk_frame_find_kind(const RkFrame *frame, RkFieldKind kind);

static inline const uint32_t *
rk_frame_record(const RkFrame *frame, uint32_t row)
{
    return frame->words + (size_t)row * frame->n_words;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkFrame, rk_frame_free)
