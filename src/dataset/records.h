// SPDX-License-Identifier: GPL-3.0-or-later
//
// From a source to records: blocks of text that begin with a record go to a splitter, which takes
// the complete ones; the rest leads the next block. Memory stays bounded by the longest record
// that is allowed. Reader's thread.
#pragma once

#include "dataset/emit.h"
#include "dataset/source.h"

typedef enum {
    RK_BLOCK_MORE, // more text follows
    RK_BLOCK_LAST, // the file ends here, with or without a line feed
    RK_BLOCK_FULL, // the first record doesn't end within the largest length allowed
} RkBlockEnd;

typedef struct {
    const char *text; // n bytes and RK_BLOCK_PADDING zeros
    size_t n;
    uint64_t line; // of the first byte, from 1; a splitter adds the line feeds it takes
    RkBlockEnd end;
    gboolean dirty; // has NUL or bytes beyond ASCII, so rows want rk_emit_check_row()
} RkBlock;

// Emits the rows of the complete records at the start of the block and returns how many bytes they
// took; -1 on error. 0 asks for a longer block. On LAST it must take everything; on FULL it may
// refuse and take what is wrong (a quote left open), or return 0 for a line that is too long.
typedef gssize (*RkSplitter)(gpointer state, RkEmit *emit, RkBlock *block, GError **error);

// Of a block: its text and cells fit the second-level cache.
#define RK_BLOCK_BYTES ((size_t)256 * 1024)

// Reads a source to its end through a splitter, some `block` bytes (8 or more) at a time, more
// where a record is longer, up to `max_record`. What comes out doesn't depend on `block`. A
// byte-order mark at the start is dropped. RK_ERROR_CANCELLED when the emit wants no more rows.
gboolean rk_records_read(RkSource *source, size_t block, size_t max_record, RkSplitter split,
                         gpointer state, RkEmit *emit, GError **error);

// Splits a block into lines (without "\n" or "\r\n"; empty ones are left out) for formats whose
// records are lines. `one` emits the rows of a line; FALSE is an error.
typedef gboolean (*RkLine)(gpointer state, RkEmit *emit, const RkBlock *block, const char *line,
                           size_t n, GError **error);
gssize rk_lines_split(RkLine one, gpointer state, RkEmit *emit, RkBlock *block, GError **error);

// Whether the bytes hold a NUL or anything beyond ASCII.
gboolean rk_text_is_dirty(const char *text, size_t n);
