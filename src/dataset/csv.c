// SPDX-License-Identifier: GPL-3.0-or-later
//
// Structural bytes are found 64 at a time as bits of a word (the idea of Langdale and Lemire,
// "Parsing Gigabytes of JSON per Second", VLDB Journal 2019, here with plain 64-bit arithmetic),
// so the cost is one a field, not one a byte.
#include "dataset/csv.h"

#include <string.h>

#define EACH_BYTE 0x0101010101010101u

// 0x80 in every byte of `word` that is zero, exactly.
static inline uint64_t
zero_bytes(uint64_t word)
{
    const uint64_t low = 0x7F7F7F7F7F7F7F7Fu;
    return ~(((word & low) + low) | word | low);
}

// Bit i says whether text[i] is one of three bytes (given eightfold); reads 64 bytes.
static inline uint64_t
find_bytes(const char *text, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t mask = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t word;
        memcpy(&word, text + i * 8, 8);
        word = GUINT64_FROM_LE(word);
        uint64_t hits = zero_bytes(word ^ a) | zero_bytes(word ^ b) | zero_bytes(word ^ c);
        // Gathers the top bits of the eight bytes into one byte.
        mask |= ((hits >> 7) * 0x0102040810204080u >> 56) << (i * 8);
    }
    return mask;
}

typedef struct {
    RkCsv *csv;
    RkEmit *emit;
    RkBlock *block;
    size_t n_separator;
    const char *end;    // of the block's text
    const char *record; // start of the record at hand
    const char *field;  // start of the field at hand
    uint64_t line;      // of the record
    uint64_t feeds;     // line feeds inside its quoted fields
    RkCell *row;        // NULL until its first cell
    uint32_t n_cells;
    gboolean quoted; // the field at hand was quoted; its cell is in `cell`
    RkCell cell;
} Split;

typedef enum { QUOTE_CLOSED, QUOTE_OPEN, QUOTE_TRAILED } QuoteStatus;

// Finds the end of a quoted field that starts at `quote`. *after is the byte behind the closing
// quote; *doubled says whether quotes inside are doubled.
static QuoteStatus
find_quote_end(const char *quote, const char *end, const char *separator, size_t n_separator,
               const char **after, gboolean *doubled)
{
    const char *p = quote + 1;
    *doubled = FALSE;
    while ((p = memchr(p, '"', (size_t)(end - p))) != NULL) {
        p++;
        if (p < end && *p == '"') {
            *doubled = TRUE;
            p++;
            continue;
        }
        *after = p;
        if (p == end || *p == '\n' || (*p == '\r' && (p + 1 == end || p[1] == '\n')) ||
            ((size_t)(end - p) >= n_separator && memcmp(p, separator, n_separator) == 0))
            return QUOTE_CLOSED;
        return QUOTE_TRAILED;
    }
    return QUOTE_OPEN;
}

static uint64_t
count_feeds(const char *text, const char *end)
{
    uint64_t n = 0;
    while ((text = memchr(text, '\n', (size_t)(end - text))) != NULL) {
        n++;
        text++;
    }
    return n;
}

// The text between the quotes with doubled ones made single, in memory of the batch.
static RkCell
unquote(RkEmit *emit, const char *from, const char *to)
{
    char *text = rk_emit_text(emit, (size_t)(to - from));
    uint32_t n = 0;
    for (; from < to; from++) {
        text[n++] = *from;
        if (*from == '"')
            from++;
    }
    return (RkCell){.text = text, .length = n};
}

static gboolean
begin_row(Split *s, GError **error)
{
    if (s->row != NULL || s->csv->n_drop > 0)
        return TRUE;
    s->row = rk_emit_row(s->emit, s->line, error);
    return s->row != NULL;
}

static void
drop_row(Split *s)
{
    if (s->row != NULL)
        rk_emit_drop_row(s->emit);
    s->row = NULL;
}

static gboolean
end_field(Split *s, const char *at, GError **error)
{
    if (s->n_cells < s->csv->n_fields) {
        if (!begin_row(s, error))
            return FALSE;
        if (s->row != NULL)
            s->row[s->n_cells] =
                s->quoted ? s->cell
                          : (RkCell){.text = s->field, .length = (uint32_t)(at - s->field)};
    }
    s->n_cells++;
    s->quoted = FALSE;
    return TRUE;
}

static void
next_record(Split *s, const char *at)
{
    s->record = s->field = at;
    s->line += 1 + s->feeds;
    s->feeds = 0;
    s->row = NULL;
    s->n_cells = 0;
    s->quoted = FALSE;
}

// `at` is the line feed or the end of the text.
static gboolean
end_record(Split *s, const char *at, GError **error)
{
    const uint32_t n_fields = s->csv->n_fields;
    const char *stop = at > s->field && at[-1] == '\r' && !s->quoted ? at - 1 : at;
    if (s->n_cells == 0 && stop == s->field && !s->quoted) {
        next_record(s, at + 1);
        return TRUE;
    }
    if (!end_field(s, stop, error))
        return FALSE;
    gboolean bad = FALSE;
    if (s->csv->n_drop > 0) {
        s->csv->n_drop--;
    } else if (s->n_cells != n_fields) {
        drop_row(s);
        if (!rk_emit_refuse(s->emit, s->line, -1, error,
                            "has %u field%s, expected %u. Check the separator, pass --format or "
                            "--set separator=..., or skip such lines with --set on-error=skip.",
                            s->n_cells, s->n_cells == 1 ? "" : "s", n_fields))
            return FALSE;
    } else if (s->row != NULL && s->block->dirty &&
               !rk_emit_check_row(s->emit, s->row, n_fields, s->line, &bad, error)) {
        return FALSE;
    }
    next_record(s, at + 1);
    return TRUE;
}

typedef enum { GO_ON, STOP_HERE, FAILED } Step;

// Refuses the record because of its quotes; goes on at the line after the one it starts in.
static Step
refuse_quote(Split *s, const char *cause, const char **resume, GError **error)
{
    const char *feed = memchr(s->record, '\n', (size_t)(s->end - s->record));
    if (feed == NULL && s->block->end != RK_BLOCK_LAST)
        return STOP_HERE; // its line goes on; on FULL it is too long first of all
    drop_row(s);
    if (!rk_emit_refuse(s->emit, s->line, (int)s->n_cells, error,
                        "%s. Mend it, pass --set quotes=no if quotes are plain text in this file, "
                        "or skip such lines with --set on-error=skip.",
                        cause))
        return FAILED;
    s->feeds = 0;
    s->csv->n_drop -= s->csv->n_drop > 0;
    next_record(s, feed ? feed + 1 : s->end);
    *resume = s->record;
    return s->block->end == RK_BLOCK_FULL ? STOP_HERE : GO_ON;
}

// A quote at the start of a field. *resume is where to go on.
static Step
take_quoted(Split *s, const char **resume, GError **error)
{
    const char *after = NULL;
    gboolean doubled = FALSE;
    QuoteStatus status =
        find_quote_end(s->field, s->end, s->csv->separator, s->n_separator, &after, &doubled);
    const gboolean at_edge = status == QUOTE_OPEN || s->end - after < (ptrdiff_t)s->n_separator + 1;
    if (at_edge && s->block->end == RK_BLOCK_MORE)
        return STOP_HERE;
    if (status == QUOTE_OPEN)
        return refuse_quote(s, "opens a quote that is never closed", resume, error);
    if (status == QUOTE_TRAILED)
        return refuse_quote(s, "has text behind its closing quote", resume, error);
    if (!begin_row(s, error))
        return FAILED;
    s->cell = (RkCell){.text = s->field + 1, .length = (uint32_t)(after - 1 - (s->field + 1))};
    if (doubled && s->row != NULL)
        s->cell = unquote(s->emit, s->field + 1, after - 1);
    s->feeds += count_feeds(s->field, after);
    s->quoted = TRUE;
    s->field = after;
    *resume = after;
    return GO_ON;
}

gssize
rk_csv_split(gpointer state, RkEmit *emit, RkBlock *block, GError **error)
{
    RkCsv *csv = state;
    const char first = csv->separator[0];
    Split s = {.csv = csv,
               .emit = emit,
               .block = block,
               .n_separator = strlen(csv->separator),
               .end = block->text + block->n,
               .line = block->line};
    const uint64_t separators = EACH_BYTE * (unsigned char)first;
    const uint64_t feeds = EACH_BYTE * '\n';
    const uint64_t quotes = csv->quotes ? EACH_BYTE * '"' : feeds;
    const char *base = block->text;
    s.record = s.field = base;
    while (base < s.end) {
        uint64_t mask = find_bytes(base, separators, feeds, quotes);
        const char *next = base + 64;
        for (; mask != 0; mask &= mask - 1) {
            const char *at = base + __builtin_ctzll(mask);
            if (at >= s.end)
                break;
            if (at < s.field) // within a separator of several bytes
                continue;
            if (*at == '\n') {
                if (!end_record(&s, at, error))
                    return -1;
            } else if (*at == first) {
                if (s.n_separator > 1 && ((size_t)(s.end - at) < s.n_separator ||
                                          memcmp(at, csv->separator, s.n_separator) != 0))
                    continue;
                if (!end_field(&s, at, error))
                    return -1;
                s.field = at + s.n_separator;
            } else if (at == s.field) {
                Step step = take_quoted(&s, &next, error);
                if (step == FAILED)
                    return -1;
                if (step == STOP_HERE)
                    next = s.end;
                break;
            }
        }
        base = next;
    }
    const gboolean last = block->end == RK_BLOCK_LAST;
    if (last && s.record < s.end && !end_record(&s, s.end, error))
        return -1;
    if (!last && s.row != NULL)
        rk_emit_drop_row(emit); // it comes again with the next block
    block->line = s.line;
    return MIN(s.record, s.end) - block->text;
}

// ---- finding out the separator -------------------------------------------------------------

typedef struct {
    uint32_t n_fields;
    gboolean broken, complete;
} Record;

// One record, byte by byte: this runs over a few hundred lines only.
static const char *
walk_record(const char *p, const char *end, const char *separator, gboolean quotes, Record *record)
{
    const size_t n_separator = strlen(separator);
    const char *start = p;
    *record = (Record){.n_fields = 1};
    gboolean at_field = TRUE;
    while (p < end && *p != '\n') {
        if (at_field && quotes && *p == '"') {
            gboolean doubled = FALSE;
            const char *after = NULL;
            QuoteStatus status = find_quote_end(p, end, separator, n_separator, &after, &doubled);
            if (status != QUOTE_CLOSED) {
                record->broken = TRUE;
                p = memchr(start, '\n', (size_t)(end - start));
                record->complete = p != NULL;
                return p ? p + 1 : end;
            }
            p = after;
            at_field = FALSE;
            continue;
        }
        at_field = (size_t)(end - p) >= n_separator && memcmp(p, separator, n_separator) == 0;
        record->n_fields += at_field;
        p += at_field ? n_separator : 1;
    }
    record->complete = p < end;
    return p < end ? p + 1 : end;
}

RkCsvShape
rk_csv_shape(const char *text, size_t n, gboolean is_all, const char *separator, gboolean quotes,
             uint32_t max_records)
{
    RkCsvShape shape = {0};
    const char *end = text + n;
    g_autoptr(GHashTable) counts = g_hash_table_new(NULL, NULL);
    while (text < end && shape.n_records < max_records) {
        Record record;
        const char *next = walk_record(text, end, separator, quotes, &record);
        if (!record.complete && !is_all)
            break;
        const gboolean empty = *text == '\n' || (*text == '\r' && next - text <= 2);
        text = next;
        if (empty)
            continue;
        shape.n_records++;
        shape.n_broken += record.broken;
        if (record.broken)
            continue;
        gpointer key = GUINT_TO_POINTER(record.n_fields);
        uint32_t seen = GPOINTER_TO_UINT(g_hash_table_lookup(counts, key)) + 1;
        g_hash_table_insert(counts, key, GUINT_TO_POINTER(seen));
        if (seen > shape.n_agree) {
            shape.n_agree = seen;
            shape.n_fields = record.n_fields;
        }
    }
    return shape;
}
