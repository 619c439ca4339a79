// SPDX-License-Identifier: GPL-3.0-or-later
//
// A blob is a frame: one byte PLAIN or ZSTD, for ZSTD the varint size of what is inside; then the
// content, which is laid out by the column's type (see encode_* and decode_*).
#include "store/codec.h"

#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "store/numbers.h"

#define ZSTD_LEVEL  1                    // level 3 saves 1 % of a ratings table and takes longer
#define MAX_CONTENT ((size_t)UINT32_MAX) // of one blob

enum { FRAME_PLAIN, FRAME_ZSTD };

struct RkCodec {
    ZSTD_CCtx *zstd;
    GByteArray *content;
    GByteArray *data;
    GByteArray *forms;
    GArray *values; // of uint64_t
};

RkCodec *
rk_codec_new(void)
{
    RkCodec *codec = g_new0(RkCodec, 1);
    codec->zstd = ZSTD_createCCtx();
    codec->content = g_byte_array_new();
    codec->data = g_byte_array_new();
    codec->forms = g_byte_array_new();
    codec->values = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    return codec;
}

void
rk_codec_free(RkCodec *codec)
{
    if (codec == NULL)
        return;
    ZSTD_freeCCtx(codec->zstd);
    g_byte_array_unref(codec->content);
    g_byte_array_unref(codec->data);
    g_byte_array_unref(codec->forms);
    g_array_unref(codec->values);
    g_free(codec);
}

// ---- frames --------------------------------------------------------------------------------

// Puts the content into a frame, compressed where that saves a 32nd or more.
static void
frame(RkCodec *codec, GByteArray *out)
{
    const GByteArray *content = codec->content;
    g_byte_array_set_size(out, 0);
    uint8_t kind = FRAME_ZSTD;
    g_byte_array_append(out, &kind, 1);
    rk_varint_append(out, content->len);
    guint head = out->len;
    size_t bound = ZSTD_compressBound(content->len);
    if (content->len > 64 && bound < G_MAXUINT - head) {
        g_byte_array_set_size(out, head + (guint)bound);
        size_t n = ZSTD_compressCCtx(codec->zstd, out->data + head, bound, content->data,
                                     content->len, ZSTD_LEVEL);
        if (!ZSTD_isError(n) && n < content->len - content->len / 32) {
            g_byte_array_set_size(out, head + (guint)n);
            return;
        }
    }
    kind = FRAME_PLAIN;
    g_byte_array_set_size(out, 0);
    g_byte_array_append(out, &kind, 1);
    g_byte_array_append(out, content->data, content->len);
}

static gboolean
fail_damaged(GError **error)
{
    g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                "its content is damaged. Run rankine doctor, then import the dataset again.");
    return FALSE;
}

// The content of a frame: in place, or unpacked into *buffer, which the caller frees.
static gboolean
unframe(const void *data, size_t n_data, uint8_t **buffer, RkBytes *content, GError **error)
{
    RkBytes bytes = {data, (const uint8_t *)data + n_data};
    uint64_t n = 0;
    *buffer = NULL;
    if (n_data == 0)
        return fail_damaged(error);
    uint8_t kind = *bytes.p++;
    if (kind == FRAME_PLAIN) {
        *content = bytes;
        return TRUE;
    }
    if (kind != FRAME_ZSTD || !rk_varint_take(&bytes, &n) || n > MAX_CONTENT)
        return fail_damaged(error);
    *buffer = g_malloc(MAX(n, 1));
    size_t got = ZSTD_decompress(*buffer, n, bytes.p, (size_t)(bytes.end - bytes.p));
    *content = (RkBytes){*buffer, *buffer + n};
    return (!ZSTD_isError(got) && got == n) || fail_damaged(error);
}

static uint32_t
checksum_of(const void *data, size_t n_data, const void *forms, size_t n_forms)
{
    uLong sum = crc32_z(0, data, n_data);
    return (uint32_t)(n_forms > 0 ? crc32_z(sum, forms, n_forms) : sum);
}

static RkEncoded
encoded(const RkCodec *codec, const GByteArray *forms)
{
    const GByteArray *data = codec->data;
    return (RkEncoded){.data = data,
                       .forms = forms,
                       .checksum = checksum_of(data->data, data->len, forms ? forms->data : NULL,
                                               forms ? forms->len : 0)};
}

uint32_t
rk_stored_checksum(const RkStored *stored)
{
    return checksum_of(stored->data, stored->n_data, stored->forms, stored->n_forms);
}

gboolean
rk_stored_check(const RkStored *stored, GError **error)
{
    uint32_t sum = rk_stored_checksum(stored);
    if (sum == stored->checksum)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                "its checksum is %08x and should be %08x. Run rankine doctor, then import the "
                "dataset again.",
                sum, stored->checksum);
    return FALSE;
}

// ---- codes ---------------------------------------------------------------------------------

static uint64_t *
scratch(RkCodec *codec, size_t n)
{
    g_array_set_size(codec->values, (guint)n);
    return (uint64_t *)(void *)codec->values->data;
}

// Codes move up by one (modulo 2^32), so that the missing one is 0 and doesn't widen the rest.
static void
encode_codes(RkCodec *codec, const uint32_t *codes, size_t n)
{
    uint64_t *v = scratch(codec, n);
    for (size_t i = 0; i < n; i++)
        v[i] = codes[i] + 1u;
    rk_ints_encode(v, n, codec->content);
}

static gboolean
decode_codes(RkBytes *bytes, uint32_t *codes, size_t n)
{
    g_autofree uint64_t *v = g_new(uint64_t, n);
    if (!rk_ints_decode(bytes, v, n))
        return FALSE;
    for (size_t i = 0; i < n; i++)
        codes[i] = (uint32_t)v[i] - 1u;
    return TRUE;
}

// ---- offsets of ragged columns, as lengths -------------------------------------------------

static void
encode_offsets(RkCodec *codec, const uint32_t *offset, size_t n)
{
    uint64_t *v = scratch(codec, n);
    for (size_t i = 0; i < n; i++)
        v[i] = offset[i + 1] - offset[i];
    rk_ints_encode(v, n, codec->content);
}

// n + 1 offsets.
static gboolean
decode_offsets(RkBytes *bytes, uint32_t *offset, size_t n)
{
    g_autofree uint64_t *v = g_new(uint64_t, n);
    if (!rk_ints_decode(bytes, v, n))
        return FALSE;
    uint64_t end = 0;
    offset[0] = 0;
    for (size_t i = 0; i < n; i++) {
        if (v[i] > RK_CHUNK_PAYLOAD_BYTES || (end += v[i]) > RK_CHUNK_PAYLOAD_BYTES)
            return FALSE;
        offset[i + 1] = (uint32_t)end;
    }
    return TRUE;
}

// ---- texts and forms -----------------------------------------------------------------------

static gboolean
take_text(RkBytes *bytes, size_t n, char **text)
{
    if ((size_t)(bytes->end - bytes->p) < n)
        return FALSE;
    *text = n > 0 ? g_memdup2(bytes->p, n) : NULL;
    bytes->p += n;
    return TRUE;
}

static void
encode_forms(RkCodec *codec, const RkForms *forms)
{
    g_byte_array_set_size(codec->content, 0);
    g_byte_array_append(codec->content, &forms->style, 1);
    rk_varint_append(codec->content, forms->n_odd);
    if (forms->n_odd > 0) {
        uint64_t *v = scratch(codec, forms->n_odd);
        for (uint32_t i = 0; i < forms->n_odd; i++)
            v[i] = forms->odd_row[i];
        rk_ints_encode(v, forms->n_odd, codec->content);
        encode_offsets(codec, forms->odd_offset, forms->n_odd);
        g_byte_array_append(codec->content, (const guint8 *)forms->odd_text,
                            forms->odd_offset[forms->n_odd]);
    }
    frame(codec, codec->forms);
}

static gboolean
decode_odd(RkBytes *bytes, uint32_t n_rows, RkForms *forms)
{
    g_autofree uint64_t *rows = g_new(uint64_t, forms->n_odd);
    forms->odd_row = g_new(uint32_t, forms->n_odd);
    forms->odd_offset = g_new(uint32_t, (size_t)forms->n_odd + 1);
    if (!rk_ints_decode(bytes, rows, forms->n_odd))
        return FALSE;
    for (uint32_t i = 0; i < forms->n_odd; i++) {
        if (rows[i] >= n_rows)
            return FALSE;
        forms->odd_row[i] = (uint32_t)rows[i];
    }
    return decode_offsets(bytes, forms->odd_offset, forms->n_odd) &&
           take_text(bytes, forms->odd_offset[forms->n_odd], &forms->odd_text);
}

static gboolean
decode_forms(const RkStored *stored, uint32_t n_rows, RkForms **forms, GError **error)
{
    g_autofree uint8_t *buffer = NULL;
    RkBytes bytes;
    if (stored->forms == NULL)
        return TRUE;
    if (!unframe(stored->forms, stored->n_forms, &buffer, &bytes, error))
        return FALSE;
    uint64_t n_odd = 0;
    *forms = g_new0(RkForms, 1);
    if (bytes.p == bytes.end)
        return fail_damaged(error);
    (*forms)->style = *bytes.p++;
    if (!rk_varint_take(&bytes, &n_odd) || n_odd > n_rows)
        return fail_damaged(error);
    (*forms)->n_odd = (uint32_t)n_odd;
    return n_odd == 0 || decode_odd(&bytes, n_rows, *forms) || fail_damaged(error);
}

// ---- columns -------------------------------------------------------------------------------

RkEncoded
rk_codec_column(RkCodec *codec, const RkColumn *column)
{
    const size_t n = column->n_rows;
    g_byte_array_set_size(codec->content, 0);
    switch (column->type) {
    case RK_COLUMN_CODE:
        encode_codes(codec, column->code, n);
        break;
    case RK_COLUMN_CODES:
        encode_offsets(codec, column->offset, n);
        encode_codes(codec, column->codes, column->offset[n]);
        break;
    case RK_COLUMN_REAL:
        rk_reals_encode(column->real, n, codec->values, codec->content);
        break;
    case RK_COLUMN_TIME:
        rk_times_encode(column->time, n, codec->values, codec->content);
        break;
    case RK_COLUMN_TEXT:
        encode_offsets(codec, column->offset, n);
        if (column->offset[n] > 0)
            g_byte_array_append(codec->content, (const guint8 *)column->text, column->offset[n]);
        break;
    }
    frame(codec, codec->data);
    if (column->forms != NULL)
        encode_forms(codec, column->forms);
    return encoded(codec, column->forms != NULL ? codec->forms : NULL);
}

static gboolean
decode_values(RkBytes *bytes, uint32_t n_rows, RkColumn *column)
{
    const size_t n = n_rows;
    switch (column->type) {
    case RK_COLUMN_CODE:
        column->code = g_new(uint32_t, n);
        return decode_codes(bytes, column->code, n);
    case RK_COLUMN_REAL:
        column->real = g_new(double, n);
        return rk_reals_decode(bytes, column->real, n);
    case RK_COLUMN_TIME:
        column->time = g_new(int64_t, n);
        return rk_times_decode(bytes, column->time, n);
    case RK_COLUMN_CODES:
    case RK_COLUMN_TEXT:
        column->offset = g_new(uint32_t, n + 1);
        if (!decode_offsets(bytes, column->offset, n))
            return FALSE;
        if (column->type == RK_COLUMN_TEXT)
            return take_text(bytes, column->offset[n], &column->text);
        column->codes = g_new(uint32_t, column->offset[n]);
        return decode_codes(bytes, column->codes, column->offset[n]);
    }
    return FALSE;
}

gboolean
rk_stored_column(const RkStored *stored, uint32_t n_rows, RkColumn *column, GError **error)
{
    g_autofree uint8_t *buffer = NULL;
    RkBytes bytes;
    if (!rk_stored_check(stored, error) ||
        !unframe(stored->data, stored->n_data, &buffer, &bytes, error))
        return FALSE;
    column->n_rows = n_rows;
    if (!decode_values(&bytes, n_rows, column) || bytes.p != bytes.end)
        return fail_damaged(error);
    return decode_forms(stored, n_rows, &column->forms, error);
}

// ---- vocabulary blocks and plain bytes -----------------------------------------------------

RkEncoded
rk_codec_vocabulary_block(RkCodec *codec, const RkVocabularyBlock *block)
{
    g_byte_array_set_size(codec->content, 0);
    encode_offsets(codec, block->offset, block->n);
    g_byte_array_append(codec->content, (const guint8 *)block->text, block->offset[block->n]);
    frame(codec, codec->data);
    return encoded(codec, NULL);
}

gboolean
rk_stored_vocabulary_block(const RkStored *stored, uint32_t n, RkVocabulary *vocabulary,
                           GError **error)
{
    g_autofree uint8_t *buffer = NULL;
    g_autofree uint32_t *offset = g_new(uint32_t, (size_t)n + 1);
    RkBytes bytes;
    if (!rk_stored_check(stored, error) ||
        !unframe(stored->data, stored->n_data, &buffer, &bytes, error))
        return FALSE;
    if (!decode_offsets(&bytes, offset, n) || (size_t)(bytes.end - bytes.p) != offset[n])
        return fail_damaged(error);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t code = rk_vocabulary_size(vocabulary);
        if (offset[i + 1] == offset[i] ||
            rk_vocabulary_intern(vocabulary, (const char *)bytes.p + offset[i],
                                 offset[i + 1] - offset[i] - 1) != code)
            return fail_damaged(error);
    }
    return TRUE;
}

RkEncoded
rk_codec_bytes(RkCodec *codec, const void *bytes, size_t n)
{
    g_byte_array_set_size(codec->content, 0);
    if (n > 0)
        g_byte_array_append(codec->content, bytes, (guint)n);
    frame(codec, codec->data);
    return encoded(codec, NULL);
}

GBytes *
rk_stored_bytes(const RkStored *stored, GError **error)
{
    g_autofree uint8_t *buffer = NULL;
    RkBytes bytes;
    if (!rk_stored_check(stored, error) ||
        !unframe(stored->data, stored->n_data, &buffer, &bytes, error))
        return NULL;
    return g_bytes_new(bytes.p, (size_t)(bytes.end - bytes.p));
}
