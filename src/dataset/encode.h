// SPDX-License-Identifier: GPL-3.0-or-later
//
// From cells to typed columns: a row sink that reads numbers and times, looks ids up in
// vocabularies and hands full chunks to a chunk sink. No allocation a cell. Owner's thread only.
//
// A row whose cell can't be typed ends the batch there (see RkRowSink): the rows before it are
// taken, the row itself adds nothing, not even to a vocabulary.
#pragma once

#include "dataset/column.h"
#include "dataset/rows.h"
#include "dataset/vocabulary.h"

typedef struct RkEncoder RkEncoder;

// `schema` is copied and is the full one, IGNORE fields included; chunks follow its stored copy.
// `vocabularies` and `out` must outlive the encoder.
RkEncoder *rk_encoder_new(const RkSchema *schema, RkVocabularies *vocabularies, RkChunkSink *out);
void rk_encoder_free(RkEncoder *encoder);

RkRowSink *rk_encoder_rows(RkEncoder *encoder); // owned by the encoder

// Hands over the last, partly filled chunks. No rows may follow.
gboolean rk_encoder_finish(RkEncoder *encoder, GError **error);

uint64_t rk_encoder_n_rows(const RkEncoder *encoder, uint32_t table); // rows taken

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkEncoder, rk_encoder_free)
