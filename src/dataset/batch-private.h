// SPDX-License-Identifier: GPL-3.0-or-later
//
// Shared by batch.c (what a batch needs, its rows) and batch_parts.c (the arrays).
#pragma once

#include "dataset/batch.h"

// How a side table is joined.
enum { RK_JOIN_EVENT, RK_JOIN_ITEM, RK_JOIN_USER };

typedef struct {
    const RkFrame *frame;
    int join;
    uint32_t word;   // in the record
    uint32_t column; // of the frame
    uint32_t base;
    gboolean is_item;  // the item of the row: a negative's own
    gboolean is_label; // 0 for a negative
} RkBatchColumn;

typedef struct {
    RkBatchPart is;
    RkBatchColumn *columns; // [is.n_columns]
    uint64_t n_words;
} RkBatchArray;

struct RkBatcher {
    RkBatchOptions is;
    uint32_t n_arrays;
    RkBatchArray *arrays;
    uint32_t n_frames;
    RkFrame **frames; // by table; NULL where none is needed
    uint32_t n_each;  // rows that a row of the dataset makes: 1 + negatives
    uint32_t n_out;   // R
    uint64_t n_sorted;
    int user_word, item_word; // of the event record, -1
    RkHistory *history;
    RkNegatives *negatives;
    RkBalance *balance;
    int label_word;
};

struct RkBatchScratch {
    uint32_t *row;      // [batch] of the event frame
    uint32_t *user;     // [batch] codes
    uint32_t *item;     // [batch]
    uint32_t *negative; // [batch, count]
    uint32_t *joined;   // [R] rows of a side table
    uint32_t *sorted;   // [n_sorted] index, packed, spare
    uint32_t n_rows;    // real ones
};

// Writes one array.
void rk_batch_write(const RkBatcher *batcher, const RkBatchScratch *scratch,
                    const RkBatchArray *array, uint32_t *out);

// Words of an array; sets *sorted to the scratch it needs.
uint64_t rk_batch_words(const RkBatcher *batcher, const RkBatchPart *part, uint64_t *sorted);
