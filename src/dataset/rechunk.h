// SPDX-License-Identifier: GPL-3.0-or-later
//
// Makes full chunks of RK_CHUNK_ROWS rows out of pieces of any size: what a filter, a merge or a
// generator gives. Row order is kept; first_row is counted anew. Owner's thread only.
#pragma once

#include "dataset/column.h"

typedef struct RkRechunk RkRechunk;

// `schema` (copied) has no IGNORE fields. `out` must outlive it.
RkRechunk *rk_rechunk_new(const RkSchema *schema, RkChunkSink *out);
void rk_rechunk_free(RkRechunk *rechunk);

// A chunk sink that takes pieces; owned by the rechunk.
RkChunkSink *rk_rechunk_sink(RkRechunk *rechunk);

// Appends rows[0..n_rows) of a chunk of table chunk->table, forms included.
gboolean rk_rechunk_add(RkRechunk *rechunk, const RkChunk *chunk, const uint32_t *rows,
                        uint32_t n_rows, GError **error);

// Hands over the last, partly filled chunks. Nothing may follow.
gboolean rk_rechunk_finish(RkRechunk *rechunk, GError **error);

uint64_t rk_rechunk_n_rows(const RkRechunk *rechunk, uint32_t table);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkRechunk, rk_rechunk_free)
