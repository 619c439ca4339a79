// SPDX-License-Identifier: GPL-3.0-or-later
//
// Column chunks, vocabulary blocks and attached blobs as bytes and back. The encoding is chosen a
// blob: integers by difference or value, decimals as integers, other doubles by byte planes;
// zstd on top where it saves something. Private to src/store. Any thread, a codec each.
#pragma once

#include "dataset/column.h"
#include "dataset/vocabulary.h"

typedef struct RkCodec RkCodec; // scratch memory of an encoding thread

RkCodec *rk_codec_new(void);
void rk_codec_free(RkCodec *codec);

// The bytes of a column chunk; `forms` becomes NULL when there is nothing to say. Both owned by the
// codec and valid until its next call.
typedef struct {
    const GByteArray *data;
    const GByteArray *forms;
    uint32_t checksum; // CRC-32 of data, then forms
} RkEncoded;

RkEncoded rk_codec_column(RkCodec *codec, const RkColumn *column);
RkEncoded rk_codec_vocabulary_block(RkCodec *codec, const RkVocabularyBlock *block);
RkEncoded rk_codec_bytes(RkCodec *codec, const void *bytes, size_t n);

// What the database gave.
typedef struct {
    const void *data;
    size_t n_data;
    const void *forms; // NULL without
    size_t n_forms;
    uint32_t checksum;
} RkStored;

uint32_t rk_stored_checksum(const RkStored *stored); // as it should be

// All fail with RK_ERROR_DATA when the checksum is wrong or the bytes make no sense; the caller
// prefixes which blob it is.
gboolean rk_stored_check(const RkStored *stored, GError **error);

// Fills `column`, whose type is set and whose other members are NULL, with n_rows rows.
gboolean rk_stored_column(const RkStored *stored, uint32_t n_rows, RkColumn *column,
                          GError **error);

// Interns the block's texts, which must all be new.
gboolean rk_stored_vocabulary_block(const RkStored *stored, uint32_t n, RkVocabulary *vocabulary,
                                    GError **error);
GBytes *rk_stored_bytes(const RkStored *stored, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkCodec, rk_codec_free)
