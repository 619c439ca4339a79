// SPDX-License-Identifier: GPL-3.0-or-later
//
// A dataset in memory: takes chunks as a sink and gives them back as a source, so that what works
// on chunks is tested without a database.
#pragma once

#include "dataset/column.h"

typedef struct {
    RkChunkSource source;
    RkChunkSink sink;
    RkSchema *schema;
    GPtrArray *tables; // of RkChunk: all rows of a table in one
    uint32_t n_reads;  // atomic: chunks given out
} Memory;

Memory *memory_new(RkSchema *schema); // takes the schema
void memory_free(Memory *memory);

// Appends the rows of a chunk; the chunk stays the caller's.
void memory_add(Memory *memory, const RkChunk *chunk);

// All rows of a column.
const RkColumn *memory_column(const Memory *memory, uint32_t table, const char *field);
uint64_t memory_n_rows(const Memory *memory, uint32_t table);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Memory, memory_free)
