// SPDX-License-Identifier: GPL-3.0-or-later
//
// Pieces wait, gathered, until a table has RK_CHUNK_ROWS rows; then they are joined. A full chunk
// that meets an empty queue goes straight through.
#include "dataset/rechunk.h"

#include <string.h>

#include "dataset/forms.h"

typedef struct {
    GPtrArray *pieces; // of RkChunk, owned
    uint32_t n_waiting;
    uint64_t n_given; // rows handed over
} Pending;

struct RkRechunk {
    RkChunkSink sink; // first, so that a sink is a rechunk
    RkSchema *schema;
    RkChunkSink *out;
    Pending *tables;
};

static gboolean
sink_chunk(RkChunkSink *sink, const RkChunk *chunk, GError **error)
{
    return rk_rechunk_add((RkRechunk *)sink, chunk, NULL, chunk->n_rows, error);
}

RkRechunk *
rk_rechunk_new(const RkSchema *schema, RkChunkSink *out)
{
    RkRechunk *rechunk = g_new0(RkRechunk, 1);
    rechunk->sink.chunk = sink_chunk;
    rechunk->schema = rk_schema_copy(schema);
    rechunk->out = out;
    rechunk->tables = g_new0(Pending, schema->tables->len);
    for (guint t = 0; t < schema->tables->len; t++)
        rechunk->tables[t].pieces = g_ptr_array_new_with_free_func((GDestroyNotify)rk_chunk_free);
    return rechunk;
}

void
rk_rechunk_free(RkRechunk *rechunk)
{
    if (rechunk == NULL)
        return;
    for (guint t = 0; t < rechunk->schema->tables->len; t++)
        g_ptr_array_unref(rechunk->tables[t].pieces);
    g_free(rechunk->tables);
    rk_schema_free(rechunk->schema);
    g_free(rechunk);
}

RkChunkSink *
rk_rechunk_sink(RkRechunk *rechunk)
{
    return &rechunk->sink;
}

uint64_t
rk_rechunk_n_rows(const RkRechunk *rechunk, uint32_t table)
{
    g_assert(table < rechunk->schema->tables->len);
    return rechunk->tables[table].n_given + rechunk->tables[table].n_waiting;
}

// ---- joining -------------------------------------------------------------------------------

typedef struct {
    RkColumn *to;
    uint32_t n_rows;   // joined so far
    uint32_t n_values; // payload elements joined so far, of CODES and TEXT
    size_t value_bytes;
} Join;

// Makes room for the payloads of CODES and TEXT columns; fails past RK_CHUNK_PAYLOAD_BYTES.
static gboolean
size_payload(const GPtrArray *pieces, uint32_t c, Join *join, GError **error)
{
    uint64_t n = 0;
    for (guint i = 0; i < pieces->len; i++) {
        const RkColumn *from = &((RkChunk *)g_ptr_array_index(pieces, i))->columns[c];
        n += from->offset[from->n_rows];
    }
    if (n * join->value_bytes > RK_CHUNK_PAYLOAD_BYTES) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                    "Can't hold column %u: %u rows have more than 1 GiB. Leave the column out.",
                    c + 1, RK_CHUNK_ROWS);
        return FALSE;
    }
    join->to->text = n > 0 ? g_malloc_n(n, join->value_bytes) : NULL;
    return TRUE;
}

static void
join_values(Join *join, const RkColumn *from)
{
    RkColumn *to = join->to;
    if (from->offset != NULL) {
        uint32_t n = from->offset[from->n_rows];
        if (n > 0)
            memcpy(to->text + join->n_values * join->value_bytes, from->text,
                   n * join->value_bytes);
        for (uint32_t i = 0; i < from->n_rows; i++)
            to->offset[join->n_rows + i + 1] = join->n_values + from->offset[i + 1];
        join->n_values += n;
    } else {
        memcpy((char *)to->code + join->n_rows * join->value_bytes, from->code,
               from->n_rows * join->value_bytes);
    }
    join->n_rows += from->n_rows;
}

// Cells of a piece whose style differs from the whole's are kept as odd where that shows.
static void
add_restyled(RkFormsBuilder *builder, const RkField *field, const RkColumn *from,
             uint32_t first_row)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GString) restyled = g_string_new(NULL);
    RkForms whole = {.style = builder->style};
    RkColumn as_whole = *from;
    as_whole.forms = &whole;
    uint32_t odd = 0;
    uint32_t none = 0;
    for (uint32_t row = 0; row < from->n_rows; row++) {
        g_string_truncate(text, 0);
        g_string_truncate(restyled, 0);
        rk_form_append_cell(field, from, NULL, row, &odd, text);
        rk_form_append_cell(field, &as_whole, NULL, row, &none, restyled);
        if (!g_string_equal(text, restyled))
            rk_forms_builder_add(builder, first_row + row, text->str, (uint32_t)text->len);
    }
}

static RkForms *
join_forms(const GPtrArray *pieces, uint32_t c, const RkField *field)
{
    g_auto(RkFormsBuilder) builder = {0};
    uint32_t first_row = 0;
    for (guint i = 0; i < pieces->len; i++) {
        const RkColumn *from = &((RkChunk *)g_ptr_array_index(pieces, i))->columns[c];
        const RkForms *forms = from->forms;
        uint8_t style = forms != NULL ? forms->style : 0;
        if (i == 0)
            builder.style = style;
        if (style != builder.style)
            add_restyled(&builder, field, from, first_row);
        else
            for (uint32_t o = 0; forms != NULL && o < forms->n_odd; o++)
                rk_forms_builder_add(&builder, first_row + forms->odd_row[o],
                                     forms->odd_text + forms->odd_offset[o],
                                     forms->odd_offset[o + 1] - forms->odd_offset[o]);
        first_row += from->n_rows;
    }
    return rk_forms_builder_end(&builder);
}

// Hands over what waits in a table as one chunk.
static gboolean
flush(RkRechunk *rechunk, uint32_t t, GError **error)
{
    Pending *pending = &rechunk->tables[t];
    const RkTable *table = rk_schema_table(rechunk->schema, t);
    if (pending->n_waiting == 0)
        return TRUE;
    g_autoptr(RkChunk) chunk = rk_chunk_new(table, t, pending->n_given, pending->n_waiting);
    for (uint32_t c = 0; c < chunk->n_columns; c++) {
        RkColumn *column = &chunk->columns[c];
        Join join = {.to = column, .value_bytes = rk_column_value_bytes(column->type)};
        if (column->offset != NULL && !size_payload(pending->pieces, c, &join, error))
            return FALSE;
        for (guint i = 0; i < pending->pieces->len; i++)
            join_values(&join, &((RkChunk *)g_ptr_array_index(pending->pieces, i))->columns[c]);
        column->forms = join_forms(pending->pieces, c, rk_table_field(table, c));
    }
    g_ptr_array_set_size(pending->pieces, 0);
    pending->n_given += chunk->n_rows;
    pending->n_waiting = 0;
    return rechunk->out->chunk(rechunk->out, chunk, error);
}

static gboolean
check_piece(const RkRechunk *rechunk, const RkChunk *chunk)
{
    if (chunk->table >= rechunk->schema->tables->len)
        return FALSE;
    const RkTable *table = rk_schema_table(rechunk->schema, chunk->table);
    gboolean fits = chunk->n_columns == table->fields->len;
    for (uint32_t c = 0; fits && c < chunk->n_columns; c++)
        fits = chunk->columns[c].n_rows == chunk->n_rows &&
               chunk->columns[c].type == rk_field_column_type(rk_table_field(table, c)->kind);
    return fits;
}

static gboolean
pass_through(RkRechunk *rechunk, Pending *pending, const RkChunk *chunk, GError **error)
{
    RkChunk moved = *chunk;
    moved.first_row = pending->n_given;
    pending->n_given += chunk->n_rows;
    return rechunk->out->chunk(rechunk->out, &moved, error);
}

gboolean
rk_rechunk_add(RkRechunk *rechunk, const RkChunk *chunk, const uint32_t *rows, uint32_t n_rows,
               GError **error)
{
    g_return_val_if_fail(check_piece(rechunk, chunk), FALSE);
    Pending *pending = &rechunk->tables[chunk->table];
    if (rows == NULL && n_rows == RK_CHUNK_ROWS && pending->n_waiting == 0)
        return pass_through(rechunk, pending, chunk, error);
    g_autofree uint32_t *all = NULL;
    if (rows == NULL) {
        all = g_new(uint32_t, n_rows);
        for (uint32_t i = 0; i < n_rows; i++)
            all[i] = i;
        rows = all;
    }
    for (uint32_t start = 0; start < n_rows;) {
        uint32_t n = MIN(n_rows - start, RK_CHUNK_ROWS - pending->n_waiting);
        g_ptr_array_add(pending->pieces, rk_chunk_gather(chunk, rows + start, n));
        pending->n_waiting += n;
        start += n;
        if (pending->n_waiting == RK_CHUNK_ROWS && !flush(rechunk, chunk->table, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
rk_rechunk_finish(RkRechunk *rechunk, GError **error)
{
    for (guint t = 0; t < rechunk->schema->tables->len; t++)
        if (!flush(rechunk, t, error))
            return FALSE;
    return TRUE;
}
