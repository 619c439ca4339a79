// SPDX-License-Identifier: GPL-3.0-or-later
//
// The arrays of a batch, a function a kind.
#include "dataset/batch-private.h"

#include "base/sort_rows.h"

#include <string.h>

#define AHEAD 16u // records asked for before they are read: some 100 ns of memory latency

// ---- which record ------------------------------------------------------------------------------

// Output row r comes from row r / n_each of the batch; those behind the first of each are its
// negatives.
static uint32_t
item_of(const RkBatcher *b, const RkBatchScratch *s, uint32_t r)
{
    uint32_t row = r / b->n_each, k = r % b->n_each;
    return k == 0 ? s->item[row] : s->negative[(size_t)row * (b->n_each - 1) + k - 1];
}

static uint32_t
record_row(const RkBatcher *b, const RkBatchScratch *s, const RkBatchColumn *column, uint32_t r)
{
    if (column->join == RK_JOIN_EVENT)
        return s->row[r / b->n_each];
    uint32_t code = column->join == RK_JOIN_ITEM ? item_of(b, s, r) : s->user[r / b->n_each];
    return code < column->frame->n_codes ? column->frame->row_of[code] : column->frame->n_rows;
}

static void
prefetch(const RkBatcher *b, const RkBatchScratch *s, const RkBatchColumn *column, uint32_t r)
{
    if (r < b->n_out)
        __builtin_prefetch(rk_frame_record(column->frame, record_row(b, s, column, r)) +
                           column->word);
}

// ---- kinds -------------------------------------------------------------------------------------

static void
write_codes(const RkBatcher *b, const RkBatchScratch *s, const RkBatchArray *array, uint32_t *out)
{
    for (uint32_t r = 0; r < b->n_out; r++) {
        prefetch(b, s, &array->columns[0], r + AHEAD);
        for (uint32_t c = 0; c < array->is.n_columns; c++) {
            const RkBatchColumn *column = &array->columns[c];
            uint32_t code =
                column->is_item
                    ? item_of(b, s, r)
                    : rk_frame_record(column->frame, record_row(b, s, column, r))[column->word];
            *out++ = code == RK_CODE_MISSING ? array->is.missing : code + column->base;
        }
    }
}

static void
write_reals(const RkBatcher *b, const RkBatchScratch *s, const RkBatchArray *array, uint32_t *out)
{
    for (uint32_t r = 0; r < b->n_out; r++) {
        prefetch(b, s, &array->columns[0], r + AHEAD);
        for (uint32_t c = 0; c < array->is.n_columns; c++) {
            const RkBatchColumn *column = &array->columns[c];
            gboolean zero = column->is_label && r % b->n_each != 0;
            // 0.0f has no bit set
            *out++ =
                zero ? 0
                     : rk_frame_record(column->frame, record_row(b, s, column, r))[column->word];
        }
    }
}

static void
write_times(const RkBatcher *b, const RkBatchScratch *s, const RkBatchArray *array, uint32_t *out)
{
    for (uint32_t r = 0; r < b->n_out; r++) {
        prefetch(b, s, &array->columns[0], r + AHEAD);
        for (uint32_t c = 0; c < array->is.n_columns; c++, out += 2) {
            const RkBatchColumn *column = &array->columns[c];
            memcpy(out, rk_frame_record(column->frame, record_row(b, s, column, r)) + column->word,
                   sizeof(int64_t));
        }
    }
}

static void
end_ragged(const RkBatcher *b, const RkBatchArray *array, uint32_t *out, uint32_t n)
{
    uint32_t capacity = b->n_out * array->is.length;
    memset(out + n, 0, (capacity - n) * sizeof *out); // in range of any table
}

static void
write_bag(const RkBatcher *b, const RkBatchScratch *s, const RkBatchArray *array, uint32_t *out)
{
    const RkBatchColumn *column = &array->columns[0];
    const RkFrameColumn *bags = &column->frame->columns[column->column];
    uint32_t *ends = out + (size_t)b->n_out * array->is.length, n = 0;
    for (uint32_t r = 0; r < b->n_out; r++) {
        uint32_t row = record_row(b, s, column, r);
        uint32_t length =
            (uint32_t)MIN(bags->offset[row + 1] - bags->offset[row], (uint64_t)array->is.length);
        const uint32_t *codes = bags->codes + bags->offset[row];
        for (uint32_t i = 0; i < length; i++)
            out[n++] = codes[i] + column->base;
        ends[r] = n;
    }
    end_ragged(b, array, out, n);
}

static uint32_t
history_of(const RkBatcher *b, const RkBatchScratch *s, uint32_t r, uint32_t longest,
           const uint32_t **items)
{
    uint32_t row = r / b->n_each;
    return rk_history_before(b->history, s->user[row], s->row[row], longest, items);
}

static void
write_history(const RkBatcher *b, const RkBatchScratch *s, const RkBatchArray *array, uint32_t *out)
{
    for (uint32_t r = 0; r < b->n_out; r++, out += array->is.length) {
        const uint32_t *items;
        uint32_t n = history_of(b, s, r, array->is.length, &items);
        uint32_t at = array->is.at_end ? array->is.length - n : 0;
        for (uint32_t i = 0; i < array->is.length; i++)
            out[i] = i >= at && i < at + n ? items[i - at] : array->is.missing;
    }
}

static void
write_sequence(const RkBatcher *b, const RkBatchScratch *s, const RkBatchArray *array,
               uint32_t *out)
{
    uint32_t *ends = out + (size_t)b->n_out * array->is.length, n = 0;
    for (uint32_t r = 0; r < b->n_out; r++) {
        const uint32_t *items;
        uint32_t length = history_of(b, s, r, array->is.length, &items);
        memcpy(out + n, items, length * sizeof *out);
        n += length;
        ends[r] = n;
    }
    end_ragged(b, array, out, n);
}

static void
write_negatives(const RkBatcher *b, const RkBatchScratch *s, const RkBatchArray *array,
                uint32_t *out)
{
    memcpy(out, s->negative, array->n_words * sizeof *out);
}

static void
write_weights(const RkBatcher *b, const RkBatchScratch *s, const RkBatchArray *array, uint32_t *out)
{
    const RkFrame *events = b->frames[0];
    for (uint32_t r = 0; r < b->n_out; r++) {
        uint32_t row = r / b->n_each;
        float label = 0, weight = 0;
        if (b->label_word >= 0 && r % b->n_each == 0)
            memcpy(&label, &rk_frame_record(events, s->row[row])[b->label_word], sizeof label);
        if (row < s->n_rows)
            weight = rk_balance_weight(b->balance, label);
        memcpy(&out[r], &weight, sizeof weight);
    }
}

static void
write_rows(const RkBatcher *b, const RkBatchScratch *s, const RkBatchArray *array, uint32_t *out)
{
    for (uint32_t r = 0; r < b->n_out; r++)
        out[r] = s->row[r / b->n_each];
}

// Words of an array that are indices, without the ends of a ragged one.
static uint32_t
index_words(const RkBatcher *b, const RkBatchPart *part, uint64_t n_words)
{
    gboolean ragged = part->kind == RK_BATCH_BAG || part->kind == RK_BATCH_SEQUENCE;
    return (uint32_t)(ragged ? n_words - b->n_out : n_words);
}

// Written a second time rather than read back: the memory may be uncached for reading.
static void
write_sorted(const RkBatcher *b, const RkBatchScratch *s, const RkBatchArray *array, uint32_t *out)
{
    const RkBatchArray *of = &b->arrays[array->is.of];
    uint32_t n = index_words(b, &of->is, of->n_words);
    uint32_t *index = s->sorted, *packed = index + of->n_words;
    uint32_t *spare = packed + RK_SORT_ROWS_WORDS(n);
    rk_batch_write(b, s, of, index);
    if (of->n_words > n) { // ragged: what is past the last end names no row
        uint32_t used = index[of->n_words - 1];
        memset(index + used, 0xff, (n - used) * sizeof *index);
    }
    rk_sort_rows(index, n, packed, spare);
    memcpy(out, packed, 3ull * n * sizeof *out);
}

// ---- the table ---------------------------------------------------------------------------------

typedef void (*Write)(const RkBatcher *batcher, const RkBatchScratch *scratch,
                      const RkBatchArray *array, uint32_t *out);

static const struct {
    Write write;
    uint32_t each;      // words of an output row and column, or element
    uint32_t ends;      // words of an output row behind them
    gboolean by_column; // as many as columns, else as `length`
} KINDS[RK_N_BATCH_KINDS] = {
    [RK_BATCH_CODES] = {write_codes, 1, 0, TRUE},
    [RK_BATCH_REALS] = {write_reals, 1, 0, TRUE},
    [RK_BATCH_TIMES] = {write_times, 2, 0, TRUE},
    [RK_BATCH_BAG] = {write_bag, 1, 1, FALSE},
    [RK_BATCH_HISTORY] = {write_history, 1, 0, FALSE},
    [RK_BATCH_SEQUENCE] = {write_sequence, 1, 1, FALSE},
    [RK_BATCH_NEGATIVES] = {write_negatives, 0, 0, FALSE},
    [RK_BATCH_WEIGHTS] = {write_weights, 0, 1, FALSE},
    [RK_BATCH_ROWS] = {write_rows, 0, 1, FALSE},
    [RK_BATCH_SORTED] = {write_sorted, 0, 0, FALSE},
};

void
rk_batch_write(const RkBatcher *batcher, const RkBatchScratch *scratch, const RkBatchArray *array,
               uint32_t *out)
{
    KINDS[array->is.kind].write(batcher, scratch, array, out);
}

uint64_t
rk_batch_words(const RkBatcher *b, const RkBatchPart *part, uint64_t *sorted)
{
    if (part->kind == RK_BATCH_NEGATIVES)
        return (uint64_t)b->is.batch * rk_negatives_count(b->negatives);
    if (part->kind == RK_BATCH_SORTED) {
        const RkBatchArray *of = &b->arrays[part->of];
        uint64_t n = index_words(b, &of->is, of->n_words);
        *sorted = of->n_words + RK_SORT_ROWS_WORDS(n) + n;
        return 3 * n;
    }
    uint64_t n = KINDS[part->kind].by_column ? part->n_columns : part->length;
    return (n * KINDS[part->kind].each + KINDS[part->kind].ends) * b->n_out;
}
