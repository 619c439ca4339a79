// SPDX-License-Identifier: GPL-3.0-or-later
//
// Rows on their way from the thread that reads and splits files to the one that stores them: the
// reader fills batches of cells, a short queue hands them over, the taker frees them. Cells point
// into the block of file text that their batch keeps alive, or into text made for the batch, so
// nothing is copied and nothing is allocated a cell.
//
// The reader's half and the taker's half each belong to one thread.
#pragma once

#include "dataset/rows.h"

// Zero bytes that stand behind the text of a block, so that scanners may load whole words.
#define RK_BLOCK_PADDING 64u

typedef struct RkEmit RkEmit;

typedef enum {
    RK_TEXT_UTF8,   // anything else is an error
    RK_TEXT_LATIN1, // ISO 8859-1, converted
    RK_TEXT_EITHER, // a cell that isn't UTF-8 is taken as ISO 8859-1
} RkTextEncoding;

// The file that rows come from and the table they go to. Everything pointed to outlives the emit.
typedef struct {
    const char *file; // as messages call it
    const RkTable *table;
    uint32_t table_index;
    uint64_t max_rows; // of this file (a preview); 0 for all
    RkTextEncoding encoding;
} RkEmitTarget;

// What was left out on the way.
typedef struct {
    uint64_t n_skipped;  // rows skipped under on-error=skip
    GPtrArray *examples; // of char *: what was wrong with the first few, owned
} RkSkipped;

// `skip` counts bad rows instead of failing; `depth` is how many batches may wait (0: any number,
// for use by one thread).
RkEmit *rk_emit_new(gboolean skip, uint32_t depth);
void rk_emit_free(RkEmit *emit); // when the reader is done

// ---- the reader's half ---------------------------------------------------------------------

void rk_emit_target(RkEmit *emit, const RkEmitTarget *target);

// Memory for a block of text: n bytes and the padding, zeroed behind n. It lives until the last
// batch with cells in it is freed; batches begun so far are sent off.
char *rk_emit_block(RkEmit *emit, size_t n);

// The cells of a new row, all empty. NULL with RK_ERROR_CANCELLED when the taker
// has stopped or the target's max_rows are there (then rk_emit_full() is TRUE).
RkCell *rk_emit_row(RkEmit *emit, uint64_t line, GError **error);
void rk_emit_drop_row(RkEmit *emit); // takes the last row back
gboolean rk_emit_full(const RkEmit *emit);

// Memory for n bytes of a cell of the last row.
char *rk_emit_text(RkEmit *emit, size_t n);

// A text in ISO 8859-1 as UTF-8, in memory of the last row's batch.
RkCell rk_emit_latin1(RkEmit *emit, RkCell text);

// Refuses a row: counts it and returns TRUE under on-error=skip, else fails with RK_ERROR_DATA
// "Can't import FILE: line LINE, column COLUMN (NAME) ...". `column` counts from 0; -1 for none.
gboolean rk_emit_refuse(RkEmit *emit, uint64_t line, int column, GError **error, const char *format,
                        ...) G_GNUC_PRINTF(5, 6);

// Looks at the first n_cells cells of the last row for NUL bytes and wrong encoding. *bad says
// whether the row was refused (and dropped); FALSE when that is an error.
gboolean rk_emit_check_row(RkEmit *emit, RkCell *cells, uint32_t n_cells, uint64_t line,
                           gboolean *bad, GError **error);

// Sends off what is there and ends the stream; `error` (owned, may be NULL) goes with it.
void rk_emit_close(RkEmit *emit, GError *error);

// ---- the taker's half ----------------------------------------------------------------------

typedef struct RkEmitBatch RkEmitBatch;

// The next batch, or NULL at the end; then `error` is what the reader closed with.
RkEmitBatch *rk_emit_take(RkEmit *emit, GError **error);
RkRowBatch *rk_emit_batch_rows(RkEmitBatch *batch);
RkCell *rk_emit_batch_cells(RkEmitBatch *batch);   // the same cells, to be changed in place
uint64_t *rk_emit_batch_lines(RkEmitBatch *batch); // likewise
char *rk_emit_batch_text(RkEmitBatch *batch, size_t n);
void rk_emit_batch_free(RkEmitBatch *batch);

// Lets the reader's next row fail and drops what waits.
void rk_emit_stop(RkEmit *emit);

// What the reader skipped; after the end.
const RkSkipped *rk_emit_skipped(const RkEmit *emit);

void rk_skipped_init(RkSkipped *skipped);
void rk_skipped_add(RkSkipped *skipped, const char *what);
void rk_skipped_clear(RkSkipped *skipped);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkEmit, rk_emit_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkEmitBatch, rk_emit_batch_free)
