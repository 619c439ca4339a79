// SPDX-License-Identifier: GPL-3.0-or-later
//
// Batches: rows of a part as the arrays that a model reads, written into memory that the caller
// names. A batch follows from (seed, epoch, index) alone. Immutable once built; any thread fills,
// each with a scratch of its own; filling allocates nothing.
#pragma once

#include "dataset/balance.h"
#include "dataset/frame.h"
#include "dataset/negatives.h"

// R is the number of rows: `batch`, or batch * (1 + negatives) where negatives are rows.
typedef enum {
    RK_BATCH_CODES,     // u32 [R, n_columns]
    RK_BATCH_REALS,     // f32 [R, n_columns]
    RK_BATCH_TIMES,     // i64 [R, n_columns]
    RK_BATCH_BAG,       // u32 [R * length], then ends u32 [R]: bag r is ends[r - 1] .. ends[r]
    RK_BATCH_HISTORY,   // u32 [R, length] of items, oldest first, filled up with `missing`
    RK_BATCH_SEQUENCE,  // the same ragged, as a BAG
    RK_BATCH_NEGATIVES, // u32 [batch, negatives], drawn items; not where they are rows
    RK_BATCH_WEIGHTS,   // f32 [R]: class weights; 0 for what fills up a last batch
    RK_BATCH_ROWS,      // u32 [R]: row of the part
    RK_BATCH_SORTED,    // u32 [3, n]: part `of`, n words, by base/sort_rows.h; UINT32_MAX and what
                        // a BAG leaves unused is no row
    RK_N_BATCH_KINDS,
} RkBatchKind;

// One array of a batch. Columns are "field" of the events, or "table.field" of a side table, joined
// by the row's item or user; features by their names.
typedef struct {
    const char *name;
    RkBatchKind kind;
    const char *const *columns; // CODES, REALS, TIMES; one for BAG
    uint32_t n_columns;
    const uint32_t *base; // CODES: added to the codes of each column, for tables joined into one
    uint32_t missing;     // CODES: instead of a missing code (base is not added); HISTORY: filler
    uint32_t length;      // BAG, HISTORY, SEQUENCE: the most elements; a history keeps the last
    gboolean at_end;      // HISTORY: the filler stands first
    uint32_t of;          // SORTED: an earlier part of u32s
} RkBatchPart;

typedef struct {
    uint32_t batch;             // rows of the dataset in a batch
    gboolean shuffle;           // anew every epoch
    gboolean drop_last;         // else the last batch repeats its last row, with weight 0
    gboolean negative_rows;     // behind each row its negatives as rows with label 0
    const RkParams *negatives;  // of rk_negative_params, or NULL
    const RkParams *balance;    // of rk_balance_params, or NULL
    const RkSplit *split;       // NULL for all rows
    RkPart part;                // which rows
    const RkFeatures *features; // or NULL
    uint32_t n_users, n_items;  // sizes of the vocabularies
    uint64_t seed;
    uint32_t n_threads; // that load the rows
} RkBatchOptions;

typedef struct RkBatcher RkBatcher;
typedef struct RkBatchScratch RkBatchScratch;

// Loads what the parts need. `parts` is copied, its strings and arrays are not looked at again.
// Fails with RK_ERROR_USAGE when something the parts need isn't there or doesn't fit together.
RkBatcher *rk_batcher_new(RkChunkSource *source, const RkBatchPart *parts, uint32_t n_parts,
                          const RkBatchOptions *options, GError **error);
void rk_batcher_free(RkBatcher *batcher);

uint32_t rk_batcher_n_parts(const RkBatcher *batcher);
uint64_t rk_batcher_words(const RkBatcher *batcher, uint32_t part); // 32-bit words of an array
uint64_t rk_batcher_epoch_rows(const RkBatcher *batcher);
uint64_t rk_batcher_n_batches(const RkBatcher *batcher); // in an epoch

RkBatchScratch *rk_batch_scratch_new(const RkBatcher *batcher);
void rk_batch_scratch_free(RkBatchScratch *scratch);

// Fills memory[n_parts] with batch `index` of an epoch. Memory is only written, in order, so it may
// be write-combined. *n_rows is how many of the `batch` rows are real. Fails with RK_ERROR_DATA
// where negatives can't be drawn.
gboolean rk_batcher_fill(const RkBatcher *batcher, RkBatchScratch *scratch, uint32_t epoch,
                         uint64_t index, void *const *memory, uint32_t *n_rows, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkBatcher, rk_batcher_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkBatchScratch, rk_batch_scratch_free)
