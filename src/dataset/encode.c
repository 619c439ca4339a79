// SPDX-License-Identifier: GPL-3.0-or-later
//
// A batch is taken column by column: first the numbers and times, which can be wrong and so decide
// how many rows are taken, then the styles, codes and texts of those rows alone.
#include "dataset/encode.h"

#include <string.h>

#include "dataset/cell.h"
#include "dataset/forms.h"

#define MESSAGE_CELL_BYTES 40 // of a wrong cell that a message shows

// What one column needs while its chunk is filled.
typedef struct {
    const RkField *field;
    uint32_t index;           // of the field in a row of cells
    RkVocabulary *vocabulary; // CODE, CODES
    size_t payload_capacity;  // CODES, TEXT: elements
    uint8_t *style;           // REAL, TIME: [RK_CHUNK_ROWS]
    uint32_t count[256];      // rows of each style
    RkFormsBuilder odd;       // cells of style ODD
} Filling;

typedef struct {
    RkChunk *chunk; // with room for RK_CHUNK_ROWS; made with the first row
    Filling *columns;
    uint32_t n; // rows in the chunk
    uint64_t n_given;
} Table;

struct RkEncoder {
    RkRowSink sink; // first, so that a sink is an encoder
    RkSchema *schema;
    RkSchema *stored;
    RkVocabularies *vocabularies;
    RkChunkSink *out;
    Table *tables;
};

// Where in a batch a run of rows lies.
typedef struct {
    const RkRowBatch *batch;
    const RkCell *cells; // of the first row
    uint32_t first;      // row in the batch
    uint32_t n;
} Run;

typedef struct {
    const char *why; // NULL when every cell was read
    uint32_t column; // in the file, from 0
} Wrong;

// ---- numbers and times ---------------------------------------------------------------------

// Reads a column of a run; returns the number of rows before the first wrong cell.
static uint32_t
read_values(const Filling *filling, const Run *run, RkColumn *column, uint32_t at, Wrong *wrong)
{
    const uint32_t stride = run->batch->n_fields;
    const uint32_t per_second = filling->field->per_second;
    const RkCell *cell = run->cells + filling->index;
    for (uint32_t i = 0; i < run->n; i++, cell += stride) {
        const char *why = column->type == RK_COLUMN_REAL
                              ? rk_cell_real(cell, &column->real[at + i])
                              : rk_cell_time(cell, per_second, &column->time[at + i]);
        if (why != NULL) {
            *wrong = (Wrong){.why = why, .column = filling->index};
            return i;
        }
    }
    return run->n;
}

static void
note_styles(Filling *filling, const Run *run, const RkColumn *column, uint32_t at)
{
    const uint32_t stride = run->batch->n_fields;
    const uint32_t per_second = filling->field->per_second;
    const RkCell *cell = run->cells + filling->index;
    for (uint32_t i = 0; i < run->n; i++, cell += stride) {
        uint32_t row = at + i;
        uint8_t style = column->type == RK_COLUMN_REAL
                            ? rk_form_of_real(cell, column->real[row])
                            : rk_form_of_time(cell, per_second, column->time[row]);
        filling->style[row] = style;
        filling->count[style]++;
        if (style == RK_STYLE_ODD)
            rk_forms_builder_add(&filling->odd, row, cell->text, cell->length);
    }
}

// ---- codes and texts -----------------------------------------------------------------------

static gboolean
fail_full(const Filling *filling, const char *what, GError **error)
{
    g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                "Can't encode the field %s: %s. Leave it out with --set %s.kind=ignore.",
                filling->field->name, what, filling->field->name);
    return FALSE;
}

// Room for n more payload elements behind `used`.
static gboolean
reserve(Filling *filling, RkColumn *column, size_t used, size_t n, GError **error)
{
    if ((used + n) * rk_column_value_bytes(column->type) > RK_CHUNK_PAYLOAD_BYTES)
        return fail_full(filling, "65536 rows of it take more than 1 GiB", error);
    if (used + n > filling->payload_capacity) {
        filling->payload_capacity = MAX(used + n, filling->payload_capacity * 3 / 2);
        column->text = g_realloc_n(column->text, filling->payload_capacity,
                                   rk_column_value_bytes(column->type));
    }
    return TRUE;
}

static gboolean
take_texts(Filling *filling, const Run *run, RkColumn *column, uint32_t at, GError **error)
{
    const RkCell *cell = run->cells + filling->index;
    for (uint32_t i = 0; i < run->n; i++, cell += run->batch->n_fields) {
        uint32_t end = column->offset[at + i];
        if (!reserve(filling, column, end, cell->length, error))
            return FALSE;
        if (cell->length > 0)
            memcpy(column->text + end, cell->text, cell->length);
        column->offset[at + i + 1] = end + cell->length;
    }
    return TRUE;
}

// Splits one MULTI cell; empty values between separators are dropped and make the cell odd.
static gboolean
split_cell(Filling *filling, const RkCell *cell, RkColumn *column, uint32_t row, GError **error)
{
    uint32_t n = column->offset[row];
    gboolean odd = FALSE;
    const char *end = cell->length > 0 ? cell->text + cell->length : NULL;
    for (const char *p = cell->text; end != NULL && p <= end;) {
        const char *stop = memchr(p, filling->field->separator, (size_t)(end - p));
        stop = stop != NULL ? stop : end;
        if (stop == p) {
            odd = TRUE;
        } else {
            uint32_t code = rk_vocabulary_intern(filling->vocabulary, p, (uint32_t)(stop - p));
            if (code == RK_CODE_MISSING)
                return fail_full(filling, "its vocabulary is full", error);
            if (!reserve(filling, column, n, 1, error))
                return FALSE;
            column->codes[n++] = code;
        }
        p = stop + 1;
    }
    column->offset[row + 1] = n;
    if (odd)
        rk_forms_builder_add(&filling->odd, row, cell->text, cell->length);
    return TRUE;
}

static gboolean
take_codes(Filling *filling, const Run *run, RkColumn *column, uint32_t at, GError **error)
{
    const RkCell *cells = run->cells + filling->index;
    const uint32_t stride = run->batch->n_fields;
    if (column->type == RK_COLUMN_CODE)
        return rk_vocabulary_intern_cells(filling->vocabulary, cells, stride, run->n,
                                          column->code + at) ||
               fail_full(filling, "its vocabulary is full", error);
    for (uint32_t i = 0; i < run->n; i++)
        if (!split_cell(filling, &cells[(size_t)i * stride], column, at + i, error))
            return FALSE;
    return TRUE;
}

// ---- handing chunks over -------------------------------------------------------------------

static gboolean
covers(RkColumnType type, uint8_t best, uint8_t style)
{
    if (type == RK_COLUMN_REAL)
        return rk_form_covers_real(best, style);
    return style == best || style == RK_STYLE_MISSING;
}

// The forms of a filled REAL or TIME column: the best style, and the text of what it doesn't give
// back, printed anew in the cell's own style unless it was kept.
static RkForms *
make_forms(Filling *filling, const RkColumn *column)
{
    gboolean is_real = column->type == RK_COLUMN_REAL;
    uint8_t best = is_real ? rk_form_best_real(filling->count) : rk_form_best_time(filling->count);
    gboolean restyle = FALSE;
    for (unsigned style = 0; style < RK_STYLE_ODD; style++)
        restyle |= filling->count[style] > 0 && !covers(column->type, best, (uint8_t)style);
    filling->odd.style = best;
    g_autoptr(RkForms) odd = rk_forms_builder_end(&filling->odd);
    if (!restyle)
        return g_steal_pointer(&odd);
    g_auto(RkFormsBuilder) builder = {.style = best};
    uint32_t next = 0;
    char text[RK_FORM_TEXT];
    for (uint32_t row = 0; row < column->n_rows; row++) {
        uint8_t style = filling->style[row];
        if (style == RK_STYLE_ODD) {
            uint32_t start = odd->odd_offset[next];
            rk_forms_builder_add(&builder, row, odd->odd_text + start,
                                 odd->odd_offset[++next] - start);
        } else if (!covers(column->type, best, style)) {
            uint32_t n = is_real ? rk_real_print(column->real[row],
                                                 style & (uint8_t)~RK_STYLE_TRAILING, text)
                                 : rk_time_print(column->time[row], (RkTimeStyle)style,
                                                 filling->field->per_second, text);
            rk_forms_builder_add(&builder, row, text, n);
        }
    }
    return rk_forms_builder_end(&builder);
}

static gboolean
flush(RkEncoder *encoder, uint32_t t, GError **error)
{
    Table *table = &encoder->tables[t];
    RkChunk *chunk = table->chunk;
    if (table->n == 0)
        return TRUE;
    chunk->first_row = table->n_given;
    chunk->n_rows = table->n;
    for (uint32_t c = 0; c < chunk->n_columns; c++) {
        Filling *filling = &table->columns[c];
        RkColumn *column = &chunk->columns[c];
        column->n_rows = table->n;
        column->forms = filling->style != NULL ? make_forms(filling, column)
                                               : rk_forms_builder_end(&filling->odd);
        memset(filling->count, 0, sizeof filling->count);
    }
    gboolean taken = encoder->out->chunk(encoder->out, chunk, error);
    for (uint32_t c = 0; c < chunk->n_columns; c++)
        g_clear_pointer(&chunk->columns[c].forms, rk_forms_free);
    table->n_given += table->n;
    table->n = 0;
    return taken;
}

// ---- taking batches ------------------------------------------------------------------------

static void
start_table(RkEncoder *encoder, uint32_t t)
{
    Table *table = &encoder->tables[t];
    const RkTable *full = rk_schema_table(encoder->schema, t);
    table->chunk = rk_chunk_new(rk_schema_table(encoder->stored, t), t, 0, RK_CHUNK_ROWS);
    table->columns = g_new0(Filling, MAX(table->chunk->n_columns, 1));
    uint32_t c = 0;
    for (uint32_t f = 0; f < full->fields->len; f++) {
        const RkField *field = rk_table_field(full, f);
        if (field->kind == RK_FIELD_IGNORE)
            continue;
        RkColumnType type = rk_field_column_type(field->kind);
        Filling *filling = &table->columns[c++];
        filling->field = field;
        filling->index = f;
        if (field->vocabulary != NULL)
            filling->vocabulary = rk_vocabularies_get(encoder->vocabularies, field->vocabulary);
        if (type == RK_COLUMN_REAL || type == RK_COLUMN_TIME)
            filling->style = g_malloc(RK_CHUNK_ROWS);
    }
}

static gboolean
fail_cell(const Run *run, const RkTable *table, uint32_t row, const Wrong *wrong, GError **error)
{
    const RkRowBatch *batch = run->batch;
    const RkCell *cell = &run->cells[(size_t)row * batch->n_fields + wrong->column];
    const char *name = rk_table_field(table, wrong->column)->name;
    g_autofree char *text = g_utf8_make_valid(cell->text, MIN(cell->length, MESSAGE_CELL_BYTES));
    for (char *p = text; *p; p++)
        if (g_ascii_iscntrl(*p))
            *p = '?';
    g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                "Can't import %s: line %" G_GUINT64_FORMAT ", column %u (%s): \"%s%s\" %s. Correct "
                "it, keep the field as text with --set %s.kind=text, or leave such rows out with "
                "--set on-error=skip.",
                batch->file, batch->line[run->first + row], wrong->column + 1, name, text,
                cell->length > MESSAGE_CELL_BYTES ? "..." : "", wrong->why, name);
    return FALSE;
}

// Takes as many rows of a run as fit the types; the chunk has room for all. FALSE when a cell is
// wrong or something is full.
static gboolean
take_run(RkEncoder *encoder, Run run, GError **error)
{
    Table *table = &encoder->tables[run.batch->table];
    RkChunk *chunk = table->chunk;
    Wrong wrong = {0};
    for (uint32_t c = 0; c < chunk->n_columns; c++)
        if (table->columns[c].style != NULL)
            run.n = read_values(&table->columns[c], &run, &chunk->columns[c], table->n, &wrong);
    for (uint32_t c = 0; c < chunk->n_columns; c++) {
        Filling *filling = &table->columns[c];
        RkColumn *column = &chunk->columns[c];
        gboolean taken = TRUE;
        if (filling->style != NULL)
            note_styles(filling, &run, column, table->n);
        else if (filling->vocabulary != NULL)
            taken = take_codes(filling, &run, column, table->n, error);
        else
            taken = take_texts(filling, &run, column, table->n, error);
        if (!taken)
            return FALSE;
    }
    table->n += run.n;
    encoder->sink.n_taken += run.n;
    if (wrong.why == NULL)
        return TRUE;
    return fail_cell(&run, rk_schema_table(encoder->schema, run.batch->table), run.n, &wrong,
                     error);
}

static gboolean
take_batch(RkRowSink *sink, const RkRowBatch *batch, GError **error)
{
    RkEncoder *encoder = (RkEncoder *)sink;
    sink->n_taken = 0;
    g_return_val_if_fail(batch->table < encoder->schema->tables->len, FALSE);
    g_return_val_if_fail(
        batch->n_fields == rk_schema_table(encoder->schema, batch->table)->fields->len, FALSE);
    Table *table = &encoder->tables[batch->table];
    if (table->chunk == NULL)
        start_table(encoder, batch->table);
    while (sink->n_taken < batch->n_rows) {
        Run run = {.batch = batch,
                   .cells = batch->cells + (size_t)sink->n_taken * batch->n_fields,
                   .first = sink->n_taken,
                   .n = MIN(batch->n_rows - sink->n_taken, RK_CHUNK_ROWS - table->n)};
        if (!take_run(encoder, run, error))
            return FALSE;
        if (table->n == RK_CHUNK_ROWS && !flush(encoder, batch->table, error))
            return FALSE;
    }
    return TRUE;
}

// ---- life ----------------------------------------------------------------------------------

RkEncoder *
rk_encoder_new(const RkSchema *schema, RkVocabularies *vocabularies, RkChunkSink *out)
{
    RkEncoder *encoder = g_new0(RkEncoder, 1);
    encoder->sink.rows = take_batch;
    encoder->schema = rk_schema_copy(schema);
    encoder->stored = rk_schema_copy_stored(schema);
    encoder->vocabularies = vocabularies;
    encoder->out = out;
    encoder->tables = g_new0(Table, MAX(schema->tables->len, 1));
    return encoder;
}

void
rk_encoder_free(RkEncoder *encoder)
{
    if (encoder == NULL)
        return;
    for (guint t = 0; t < encoder->schema->tables->len; t++) {
        Table *table = &encoder->tables[t];
        for (uint32_t c = 0; table->chunk != NULL && c < table->chunk->n_columns; c++) {
            g_free(table->columns[c].style);
            rk_forms_builder_clear(&table->columns[c].odd);
        }
        g_free(table->columns);
        rk_chunk_free(table->chunk);
    }
    g_free(encoder->tables);
    rk_schema_free(encoder->schema);
    rk_schema_free(encoder->stored);
    g_free(encoder);
}

RkRowSink *
rk_encoder_rows(RkEncoder *encoder)
{
    return &encoder->sink;
}

gboolean
rk_encoder_finish(RkEncoder *encoder, GError **error)
{
    for (guint t = 0; t < encoder->schema->tables->len; t++)
        if (!flush(encoder, t, error))
            return FALSE;
    return TRUE;
}

uint64_t
rk_encoder_n_rows(const RkEncoder *encoder, uint32_t table)
{
    g_assert(table < encoder->schema->tables->len);
    return encoder->tables[table].n_given + encoder->tables[table].n;
}
