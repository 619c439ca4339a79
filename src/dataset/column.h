// SPDX-License-Identifier: GPL-3.0-or-later
//
// Typed columns in memory: the form that features, splits, batches and the store all read.
// A chunk is some 64 Ki consecutive rows of one table. Immutable once built; any thread reads.
#pragma once

#include "dataset/schema.h"

#define RK_CHUNK_ROWS 65536u

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

// Whoever takes chunks (the store, a test).
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
