// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/emit.h"

#include "base/arena.h"

#include <string.h>

#define BATCH_CELLS 32768u // 512 KiB of cells: a batch stays in the second-level cache
#define N_EXAMPLES  5u     // of skipped rows that a report shows

typedef struct {
    int refs;
    char text[];
} Block;

struct RkEmitBatch {
    RkRowBatch rows;
    RkCell *cells;
    uint64_t *line;
    uint32_t capacity; // rows
    Block *block;
    RkArena *arena; // text made for this batch; NULL until there is some
};

struct RkEmit {
    // The reader's.
    RkEmitTarget target;
    gboolean skip;
    gboolean full;
    uint64_t n_rows; // of the target
    Block *block;
    RkEmitBatch *batch;
    RkSkipped skipped;

    // Shared, under the lock.
    GMutex lock;
    GCond changed;
    uint32_t depth;
    GQueue waiting;
    gboolean closed;
    int stopped; // atomic too: the reader looks at every row
    GError *error;
};

static void
block_unref(Block *block)
{
    if (block != NULL && g_atomic_int_dec_and_test(&block->refs))
        g_free(block);
}

void
rk_emit_batch_free(RkEmitBatch *batch)
{
    if (batch == NULL)
        return;
    block_unref(batch->block);
    g_clear_pointer(&batch->arena, rk_arena_free);
    g_free(batch->cells);
    g_free(batch->line);
    g_free(batch);
}

RkRowBatch *
rk_emit_batch_rows(RkEmitBatch *batch)
{
    return &batch->rows;
}

RkCell *
rk_emit_batch_cells(RkEmitBatch *batch)
{
    return batch->cells;
}

uint64_t *
rk_emit_batch_lines(RkEmitBatch *batch)
{
    return batch->line;
}

char *
rk_emit_batch_text(RkEmitBatch *batch, size_t n)
{
    if (batch->arena == NULL)
        batch->arena = rk_arena_new();
    return rk_arena_alloc(batch->arena, n, 1);
}

void
rk_skipped_init(RkSkipped *skipped)
{
    *skipped = (RkSkipped){.examples = g_ptr_array_new_with_free_func(g_free)};
}

void
rk_skipped_add(RkSkipped *skipped, const char *what)
{
    if (skipped->n_skipped++ < N_EXAMPLES)
        g_ptr_array_add(skipped->examples, g_strdup(what));
}

void
rk_skipped_clear(RkSkipped *skipped)
{
    g_clear_pointer(&skipped->examples, g_ptr_array_unref);
}

RkEmit *
rk_emit_new(gboolean skip, uint32_t depth)
{
    RkEmit *emit = g_new0(RkEmit, 1);
    emit->skip = skip;
    emit->depth = depth;
    g_mutex_init(&emit->lock);
    g_cond_init(&emit->changed);
    rk_skipped_init(&emit->skipped);
    return emit;
}

void
rk_emit_free(RkEmit *emit)
{
    if (emit == NULL)
        return;
    rk_emit_batch_free(emit->batch);
    block_unref(emit->block);
    g_queue_clear_full(&emit->waiting, (GDestroyNotify)rk_emit_batch_free);
    rk_skipped_clear(&emit->skipped);
    g_clear_error(&emit->error);
    g_cond_clear(&emit->changed);
    g_mutex_clear(&emit->lock);
    g_free(emit);
}

// Hands the begun batch over, waiting while the queue is full.
static void
send_batch(RkEmit *emit)
{
    RkEmitBatch *batch = g_steal_pointer(&emit->batch);
    if (batch == NULL)
        return;
    g_mutex_lock(&emit->lock);
    while (emit->depth > 0 && emit->waiting.length >= emit->depth && !emit->stopped)
        g_cond_wait(&emit->changed, &emit->lock);
    if (!emit->stopped && batch->rows.n_rows > 0)
        g_queue_push_tail(&emit->waiting, g_steal_pointer(&batch));
    g_cond_broadcast(&emit->changed);
    g_mutex_unlock(&emit->lock);
    rk_emit_batch_free(batch);
}

void
rk_emit_target(RkEmit *emit, const RkEmitTarget *target)
{
    send_batch(emit);
    emit->target = *target;
    emit->n_rows = 0;
    emit->full = FALSE;
}

char *
rk_emit_block(RkEmit *emit, size_t n)
{
    send_batch(emit);
    block_unref(emit->block);
    emit->block = g_malloc(sizeof(Block) + n + RK_BLOCK_PADDING);
    emit->block->refs = 1;
    memset(emit->block->text + n, 0, RK_BLOCK_PADDING);
    return emit->block->text;
}

static void
begin_batch(RkEmit *emit)
{
    RkEmitBatch *batch = g_new0(RkEmitBatch, 1);
    const uint32_t n_fields = emit->target.table->fields->len;
    batch->capacity = CLAMP(BATCH_CELLS / MAX(n_fields, 1), 16, BATCH_CELLS / 2);
    batch->cells = g_new(RkCell, (size_t)batch->capacity * n_fields);
    batch->line = g_new(uint64_t, batch->capacity);
    batch->block = emit->block;
    if (batch->block != NULL)
        g_atomic_int_inc(&batch->block->refs);
    batch->rows = (RkRowBatch){.file = emit->target.file,
                               .table = emit->target.table_index,
                               .n_fields = n_fields,
                               .cells = batch->cells,
                               .line = batch->line};
    emit->batch = batch;
}

RkCell *
rk_emit_row(RkEmit *emit, uint64_t line, GError **error)
{
    if (emit->batch != NULL && emit->batch->rows.n_rows == emit->batch->capacity)
        send_batch(emit);
    emit->full = emit->target.max_rows > 0 && emit->n_rows == emit->target.max_rows;
    if (emit->full || g_atomic_int_get(&emit->stopped)) {
        g_set_error_literal(error, RK_ERROR, RK_ERROR_CANCELLED, "Stopped reading.");
        return NULL;
    }
    if (emit->batch == NULL)
        begin_batch(emit);
    RkEmitBatch *batch = emit->batch;
    const uint32_t n_fields = batch->rows.n_fields;
    RkCell *row = batch->cells + (size_t)batch->rows.n_rows * n_fields;
    memset(row, 0, n_fields * sizeof *row);
    batch->line[batch->rows.n_rows++] = line;
    emit->n_rows++;
    return row;
}

void
rk_emit_drop_row(RkEmit *emit)
{
    g_assert(emit->batch != NULL && emit->batch->rows.n_rows > 0);
    emit->batch->rows.n_rows--;
    emit->n_rows--;
}

gboolean
rk_emit_full(const RkEmit *emit)
{
    return emit->full;
}

char *
rk_emit_text(RkEmit *emit, size_t n)
{
    g_assert(emit->batch != NULL);
    return rk_emit_batch_text(emit->batch, n);
}

gboolean
rk_emit_refuse(RkEmit *emit, uint64_t line, int column, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *cause = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autoptr(GString) where = g_string_new(NULL);
    g_string_printf(where, "line %" G_GUINT64_FORMAT, line);
    if (column >= 0)
        g_string_append_printf(where, ", column %d", column + 1);
    if (column >= 0 && (guint)column < emit->target.table->fields->len)
        g_string_append_printf(where, " (%s)",
                               rk_table_field(emit->target.table, (uint32_t)column)->name);
    g_autofree char *what = g_strdup_printf("%s: %s %s", emit->target.file, where->str, cause);
    for (char *p = what; *p != '\0'; p++)
        if (g_ascii_iscntrl(*p)) // of the file's: a terminal would obey
            *p = '?';
    if (emit->skip) {
        rk_skipped_add(&emit->skipped, what);
        return TRUE;
    }
    g_set_error(error, RK_ERROR, RK_ERROR_DATA, "Can't import %s", what);
    return FALSE;
}

// Its characters are the first 256 of Unicode.
RkCell
rk_emit_latin1(RkEmit *emit, RkCell cell)
{
    char *text = rk_emit_text(emit, 2 * (size_t)cell.length);
    uint32_t n = 0;
    for (uint32_t i = 0; i < cell.length; i++) {
        const unsigned char c = (unsigned char)cell.text[i];
        if (c < 0x80) {
            text[n++] = (char)c;
        } else {
            text[n++] = (char)(0xC0 | (c >> 6));
            text[n++] = (char)(0x80 | (c & 0x3F));
        }
    }
    return (RkCell){.text = text, .length = n};
}

gboolean
rk_emit_check_row(RkEmit *emit, RkCell *cells, uint32_t n_cells, uint64_t line, gboolean *bad,
                  GError **error)
{
    const RkTextEncoding encoding = emit->target.encoding;
    *bad = TRUE;
    for (uint32_t f = 0; f < n_cells; f++) {
        RkCell *cell = &cells[f];
        if (cell->length == 0)
            continue;
        if (memchr(cell->text, '\0', cell->length) != NULL) {
            rk_emit_drop_row(emit);
            return rk_emit_refuse(emit, line, (int)f, error,
                                  "holds a NUL byte. Is this a text file? Mend it or pass "
                                  "--set on-error=skip.");
        }
        const char *end = NULL;
        gboolean valid = g_utf8_validate(cell->text, cell->length, &end);
        if (valid && encoding != RK_TEXT_LATIN1)
            continue;
        if (encoding == RK_TEXT_UTF8) {
            rk_emit_drop_row(emit);
            return rk_emit_refuse(emit, line, (int)f, error,
                                  "isn't valid UTF-8 (byte 0x%02x). Pass --set encoding=latin1 "
                                  "if the file is ISO 8859-1, or --set on-error=skip.",
                                  (unsigned char)*end);
        }
        *cell = rk_emit_latin1(emit, *cell);
    }
    *bad = FALSE;
    return TRUE;
}

void
rk_emit_close(RkEmit *emit, GError *error)
{
    send_batch(emit);
    g_mutex_lock(&emit->lock);
    emit->closed = TRUE;
    emit->error = error;
    g_cond_broadcast(&emit->changed);
    g_mutex_unlock(&emit->lock);
}

RkEmitBatch *
rk_emit_take(RkEmit *emit, GError **error)
{
    g_mutex_lock(&emit->lock);
    while (emit->waiting.length == 0 && !emit->closed)
        g_cond_wait(&emit->changed, &emit->lock);
    RkEmitBatch *batch = g_queue_pop_head(&emit->waiting);
    if (batch == NULL && emit->error != NULL)
        g_propagate_error(error, g_steal_pointer(&emit->error));
    g_cond_broadcast(&emit->changed);
    g_mutex_unlock(&emit->lock);
    return batch;
}

void
rk_emit_stop(RkEmit *emit)
{
    g_mutex_lock(&emit->lock);
    g_atomic_int_set(&emit->stopped, TRUE);
    g_queue_clear_full(&emit->waiting, (GDestroyNotify)rk_emit_batch_free);
    g_cond_broadcast(&emit->changed);
    g_mutex_unlock(&emit->lock);
}

const RkSkipped *
rk_emit_skipped(const RkEmit *emit)
{
    return &emit->skipped;
}
