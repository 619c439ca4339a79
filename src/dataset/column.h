// SPDX-License-Identifier: GPL-3.0-or-later
//
// Typed columns in memory: the form that features, splits, batches and the store all read.
// A chunk is some 64 Ki consecutive rows of one table. Immutable once built; any thread reads.
#pragma once

#include "dataset/schema.h"

#define RK_CHUNK_ROWS 65536u

// The codes or texts of one column chunk take no more.
#define RK_CHUNK_PAYLOAD_BYTES ((size_t)1 << 30)

// How the cells of a column chunk were written, so that an export gives the same text back.
// Kept by the row sink and the store; computed columns have none (NULL): then numbers come out
// in their shortest decimal form and times as whole seconds.
typedef struct {
    uint8_t style;        // REAL: least number of decimals; TIME: an RkTimeStyle (dataset/forms.h)
    uint32_t n_odd;       // cells that the style doesn't reproduce
    uint32_t *odd_row;    // [n_odd] row in the chunk, ascending
    uint32_t *odd_offset; // [n_odd + 1] into odd_text
    char *odd_text;       // [odd_offset[n_odd]] bytes
} RkForms;

typedef struct {
    RkColumnType type;
    uint32_t n_rows;
    union {
        uint32_t *code;  // CODE: [n_rows]
        double *real;    // REAL: [n_rows]
        int64_t *time;   // TIME: [n_rows]
        uint32_t *codes; // CODES: [offset[n_rows]]
        char *text;      // TEXT: [offset[n_rows]] bytes
    };
    uint32_t *offset; // CODES, TEXT: [n_rows + 1]; else NULL
    RkForms *forms;   // NULL when unknown
} RkColumn;

typedef struct {
    uint32_t table;
    uint64_t first_row; // of this chunk in its table
    uint32_t n_rows;
    uint32_t n_columns;
    RkColumn *columns;
} RkChunk;

RkChunk *rk_chunk_new(const RkTable *table, uint32_t table_index, uint64_t first_row,
                      uint32_t n_rows); // columns allocated but for CODES and TEXT payloads
void rk_chunk_free(RkChunk *chunk);

// A deep copy, forms included.
RkChunk *rk_chunk_copy(const RkChunk *chunk);

// A new chunk of rows[0..n_rows) of `chunk`, in that order, forms included; a row may repeat.
// Columns that were not read (n_rows 0) stay empty.
RkChunk *rk_chunk_gather(const RkChunk *chunk, const uint32_t *rows, uint32_t n_rows);

// Bytes of one value of a column; for CODES and TEXT of one payload element.
size_t rk_column_value_bytes(RkColumnType type);

void rk_forms_free(RkForms *forms);

// Whether a row of a column is missing: an empty cell, of whatever type.
gboolean rk_column_is_missing(const RkColumn *column, uint32_t row);

// Number of chunks that n_rows rows take: every chunk is full but the last.
static inline uint32_t
rk_n_chunks(uint64_t n_rows)
{
    return (uint32_t)((n_rows + RK_CHUNK_ROWS - 1) / RK_CHUNK_ROWS);
}

// Whoever takes chunks (the store, a test). The chunk is the caller's again after the call. The
// chunks of a table come in row order; they may be of any size (the store makes full ones).
typedef struct RkChunkSink RkChunkSink;
struct RkChunkSink {
    gboolean (*chunk)(RkChunkSink *sink, const RkChunk *chunk, GError **error);
};

// Whoever gives chunks (a stored dataset, a generator). Callable from several threads at once.
typedef struct RkChunkSource RkChunkSource;
struct RkChunkSource {
    const RkSchema *schema;
    uint64_t (*n_rows)(RkChunkSource *source, uint32_t table);
    // Chunk i of a table, a new chunk that the caller frees. `columns` selects by index; the
    // others come back empty (n_rows 0). NULL selects all.
    RkChunk *(*read)(RkChunkSource *source, uint32_t table, uint32_t i, const gboolean *columns,
                     GError **error);
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkChunk, rk_chunk_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkForms, rk_forms_free)
