// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/records.h"

#include <string.h>

typedef struct {
    RkSource *source;
    RkEmit *emit;
    size_t usual_block, max_record;
    char *text;      // of the block at hand, `capacity` bytes
    size_t capacity; // without the padding
    RkBlock block;
    gboolean at_start;
} Reader;

gboolean
rk_text_is_dirty(const char *text, size_t n)
{
    uint64_t bits = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t word;
        memcpy(&word, text + i, 8);
        bits |= word;
    }
    for (; i < n; i++)
        bits |= (unsigned char)text[i];
    return (bits & 0x8080808080808080u) != 0 || memchr(text, '\0', n) != NULL;
}

static void
drop_byte_order_mark(Reader *reader)
{
    if (!reader->at_start)
        return;
    reader->at_start = FALSE;
    if (reader->block.n >= 3 && memcmp(reader->block.text, "\xEF\xBB\xBF", 3) == 0) {
        reader->block.text += 3;
        reader->block.n -= 3;
    }
}

// A new block: what was left of the last one, then fresh text up to `capacity`.
static gboolean
next_block(Reader *reader, size_t left, size_t capacity, GError **error)
{
    const char *rest = reader->block.text + reader->block.n - left;
    // The old block must outlive the copy: a new one would free it.
    g_autofree char *keep = g_memdup2(rest, left);
    reader->text = rk_emit_block(reader->emit, capacity);
    reader->capacity = capacity;
    if (left > 0)
        memcpy(reader->text, keep, left);
    gssize got = rk_source_read(reader->source, reader->text + left, capacity - left, error);
    if (got < 0)
        return FALSE;
    RkBlock *block = &reader->block;
    block->text = reader->text;
    block->n = left + (size_t)got;
    block->end = block->n < capacity ? RK_BLOCK_LAST : RK_BLOCK_MORE;
    memset(reader->text + block->n, 0, capacity - block->n + RK_BLOCK_PADDING);
    drop_byte_order_mark(reader);
    block->dirty = rk_text_is_dirty(block->text, block->n);
    return TRUE;
}

// Throws the begun line away, however long it is; *left is what follows it.
static gboolean
discard_line(Reader *reader, size_t *left, GError **error)
{
    for (;;) {
        RkBlock *block = &reader->block;
        const char *feed = memchr(block->text, '\n', block->n);
        if (feed != NULL) {
            block->line++;
            *left = block->n - (size_t)(feed + 1 - block->text);
            return TRUE;
        }
        *left = 0;
        if (block->end == RK_BLOCK_LAST)
            return TRUE;
        if (!next_block(reader, 0, reader->usual_block, error))
            return FALSE;
    }
}

// The first record of the block goes beyond the allowed length.
static gboolean
refuse_long(Reader *reader, size_t *left, RkSplitter split, gpointer state, GError **error)
{
    RkBlock *block = &reader->block;
    const RkBlockEnd end = block->end;
    block->end = RK_BLOCK_FULL;
    gssize taken = split(state, reader->emit, block, error);
    block->end = end;
    if (taken < 0)
        return FALSE;
    *left = block->n - (size_t)taken;
    if (taken > 0)
        return TRUE;
    if (!rk_emit_refuse(reader->emit, block->line, -1, error,
                        "is longer than %" G_GSIZE_FORMAT " MiB. Is its line feed missing? Raise "
                        "--set record.max if lines are meant to be that long, or pass --set "
                        "on-error=skip.",
                        reader->max_record >> 20))
        return FALSE;
    return discard_line(reader, left, error);
}

gboolean
rk_records_read(RkSource *source, size_t block, size_t max_record, RkSplitter split, gpointer state,
                RkEmit *emit, GError **error)
{
    Reader reader = {.source = source,
                     .emit = emit,
                     .usual_block = block,
                     .max_record = MAX(max_record, block),
                     .block = {.text = "", .line = 1},
                     .at_start = TRUE};
    size_t left = 0;
    size_t capacity = block;
    for (;;) {
        // Something must be read: a block that is all rest would come again and again.
        while (capacity <= left)
            capacity *= 2;
        if (!next_block(&reader, left, capacity, error))
            return FALSE;
        const size_t n = reader.block.n;
        if (n == 0)
            return TRUE;
        gssize taken = split(state, emit, &reader.block, error);
        if (taken < 0)
            return FALSE;
        left = n - (size_t)taken;
        if (reader.block.end == RK_BLOCK_LAST)
            return TRUE;
        if (taken > 0)
            capacity = block;
        else if (capacity < reader.max_record)
            capacity = MIN(2 * capacity, reader.max_record);
        else if (!refuse_long(&reader, &left, split, state, error))
            return FALSE;
    }
}

gssize
rk_lines_split(RkLine one, gpointer state, RkEmit *emit, RkBlock *block, GError **error)
{
    const char *p = block->text;
    const char *end = p + block->n;
    if (block->end == RK_BLOCK_FULL)
        return 0;
    while (p < end) {
        const char *feed = memchr(p, '\n', (size_t)(end - p));
        if (feed == NULL && block->end != RK_BLOCK_LAST)
            break;
        size_t n = (size_t)((feed ? feed : end) - p);
        if (n > 0 && p[n - 1] == '\r')
            n--;
        if (n > 0 && !one(state, emit, block, p, n, error))
            return -1;
        block->line++;
        p = feed ? feed + 1 : end;
    }
    return p - block->text;
}
