// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a batch consists of: columns of 32-bit values that a consumer asks for by a table, in the
// shapes that models take as inputs (models/model.h). Rows past the end of a partial last batch
// are padded: codes UINT32_MAX, numbers and weights 0. UINT32_MAX also stands for a missing code.
// Plain data; any thread.
#pragma once

#include "dataset/frame.h"

// What one sample is.
typedef enum {
    RK_SAMPLES_ROWS, // an event
    // An event, or one of negatives.n negatives of an event: its row with another item and label 0
    // (He et al., WWW 2017; Rendle et al., RecSys 2020). All of them are shuffled together.
    RK_SAMPLES_POINTWISE,
    // A user's events in order of time, for models of sequences: HISTORY holds up to T items, and
    // TARGET what follows each of them.
    RK_SAMPLES_SEQUENCES,
} RkSamples;

// B samples, T = `width` of HISTORY and TARGET (one T a loader), C = `width` of NEGATIVES. With
// RK_SAMPLES_SEQUENCES CODE, NUMBER, LABEL, ROW are those of the event of the last target.
typedef enum {
    RK_BATCH_CODE, // u32 [B]: `field`, a user, item or category, of the event or joined
    // `field`, several categories: u32 [B, width], those past `width` left out; or with width 0
    // ragged, u32 [B * capacity] with ENDS. Unused places are UINT32_MAX.
    RK_BATCH_BAG,
    RK_BATCH_ENDS,   // u32 [B]: where each sample's values of the ragged BAG of[0] end
    RK_BATCH_NUMBER, // f32 [B]: `field`; `missing` where it has none
    RK_BATCH_TIME,   // u32 [B]: `field`, seconds after rk_frame_first_time()
    RK_BATCH_LABEL,  // f32 [B]: as stored, or 0 and 1 (label.binary). 1 without a label field
    RK_BATCH_WEIGHT, // f32 [B]: of the sample's class; 0 for padding, a missing label, no negative
    // u32 [B, T]: items of the same user strictly before the event, the oldest first
    RK_BATCH_HISTORY,
    RK_BATCH_HISTORY_LENGTH, // u32 [B]: how many of HISTORY of[0] there are
    RK_BATCH_TARGET,         // u32 [B, T], sequences only
    // u32 [B, C], or with sequences [B, T, C] (none where there is no target)
    RK_BATCH_NEGATIVES,
    RK_BATCH_CANDIDATES, // u32 [B, 1 + C] or [B, T, 1 + C]: item or target, then its negatives
    RK_BATCH_ROW,        // u32 [B]: number of the event in its table
    // f32, in the shape of the item CODE, TARGET, NEGATIVES or CANDIDATES of[0]: the log of how
    // often each item is expected among the draws. Draws: C; for a CODE or TARGET `width`, or 1
    RK_BATCH_LOG_Q,
    // u32 [3, n]: the u32 columns of[0..n_of), n elements in all, as rk_sort_rows() orders them
    RK_BATCH_SORTED,
    RK_N_BATCH_KINDS,
} RkBatchKind;

#define RK_BATCH_MAX_OF 8

typedef struct {
    const char *name; // for messages
    RkBatchKind kind;
    const char *field; // as RkFrameOptions.fields names it; NULL with CODE: the item field
    uint32_t width;
    uint32_t capacity; // ragged BAG: values a sample that there is room for
    float missing;
    uint32_t n_of; // columns it derives from, all before it in the table
    uint32_t of[RK_BATCH_MAX_OF];
} RkBatchColumn;

// The settings of batches, one table: `batch`, `shuffle`, `drop-last`, `loader.threads`,
// `label.binary`, `label.threshold`, `bag.capacity`, `bag.overflow`, `history.parts`,
// `sequence.windows`. Those of negatives.h and imbalance.h stand beside it; a set made of several
// tables does for all.
extern const RkParam rk_batch_params[];
extern const size_t rk_n_batch_params;

typedef struct {
    RkFrame *frame; // must outlive what is made of it
    unsigned parts; // bits 1 << RkPart: whose rows are samples
    RkSamples samples;
    const RkBatchColumn *columns;
    uint32_t n_columns;
    const RkParams *batch;     // has the rows of rk_batch_params; NULL for the defaults
    const RkParams *negatives; // of rk_negatives_params; NULL: none are drawn
    const RkParams *imbalance; // of rk_imbalance_params; NULL: rows as they are
    uint64_t seed;
} RkBatchOptions;

// 32-bit words of column i in batches of `batch` samples.
uint64_t rk_batch_column_words(const RkBatchOptions *options, uint32_t i, uint32_t batch);
gboolean rk_batch_kind_is_float(RkBatchKind kind);
const char *rk_batch_kind_name(RkBatchKind kind);
