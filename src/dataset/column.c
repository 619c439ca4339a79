// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/column.h"

#include <math.h>
#include <string.h>

// Bytes of one value, by RkColumnType; for CODES and TEXT of one payload element.
static const size_t VALUE_BYTES[] = {
    [RK_COLUMN_CODE] = sizeof(uint32_t),
    [RK_COLUMN_CODES] = sizeof(uint32_t),
    [RK_COLUMN_REAL] = sizeof(double),
    [RK_COLUMN_TIME] = sizeof(int64_t),
    [RK_COLUMN_TEXT] = 1,
};

size_t
rk_column_value_bytes(RkColumnType type)
{
    return VALUE_BYTES[type];
}

gboolean
rk_column_is_missing(const RkColumn *column, uint32_t row)
{
    switch (column->type) {
    case RK_COLUMN_CODE:
        return column->code[row] == RK_CODE_MISSING;
    case RK_COLUMN_REAL:
        return isnan(column->real[row]);
    case RK_COLUMN_TIME:
        return column->time[row] == INT64_MIN;
    case RK_COLUMN_CODES:
    case RK_COLUMN_TEXT:
        return column->offset[row] == column->offset[row + 1];
    }
    return FALSE;
}

static gboolean
is_ragged(RkColumnType type)
{
    return type == RK_COLUMN_CODES || type == RK_COLUMN_TEXT;
}

// Number of payload elements of a column.
static size_t
n_values(const RkColumn *column)
{
    if (!is_ragged(column->type))
        return column->n_rows;
    return column->n_rows > 0 ? column->offset[column->n_rows] : 0;
}

static void
allocate(RkColumn *column, RkColumnType type, uint32_t n_rows)
{
    column->type = type;
    column->n_rows = n_rows;
    if (is_ragged(type))
        column->offset = g_new0(uint32_t, (size_t)n_rows + 1);
    else
        column->code = g_malloc_n(MAX(n_rows, 1), VALUE_BYTES[type]);
}

RkChunk *
rk_chunk_new(const RkTable *table, uint32_t table_index, uint64_t first_row, uint32_t n_rows)
{
    RkChunk *chunk = g_new0(RkChunk, 1);
    chunk->table = table_index;
    chunk->first_row = first_row;
    chunk->n_rows = n_rows;
    chunk->n_columns = table->fields->len;
    chunk->columns = g_new0(RkColumn, chunk->n_columns);
    for (uint32_t c = 0; c < chunk->n_columns; c++)
        allocate(&chunk->columns[c], rk_field_column_type(rk_table_field(table, c)->kind), n_rows);
    return chunk;
}

void
rk_forms_free(RkForms *forms)
{
    if (forms == NULL)
        return;
    g_free(forms->odd_row);
    g_free(forms->odd_offset);
    g_free(forms->odd_text);
    g_free(forms);
}

void
rk_chunk_free(RkChunk *chunk)
{
    if (chunk == NULL)
        return;
    for (uint32_t c = 0; c < chunk->n_columns; c++) {
        g_free(chunk->columns[c].code); // the first member stands for the union
        g_free(chunk->columns[c].offset);
        rk_forms_free(chunk->columns[c].forms);
    }
    g_free(chunk->columns);
    g_free(chunk);
}

static RkForms *
copy_forms(const RkForms *forms)
{
    RkForms *copy = g_new0(RkForms, 1);
    *copy = *forms;
    uint32_t n = forms->n_odd;
    copy->odd_row = g_memdup2(forms->odd_row, n * sizeof(uint32_t));
    copy->odd_offset = n > 0 ? g_memdup2(forms->odd_offset, (n + 1) * sizeof(uint32_t)) : NULL;
    copy->odd_text = n > 0 ? g_memdup2(forms->odd_text, forms->odd_offset[n]) : NULL;
    return copy;
}

static void
copy_column(const RkColumn *from, RkColumn *to)
{
    to->type = from->type;
    to->n_rows = from->n_rows;
    size_t n = n_values(from);
    to->code = n > 0 ? g_memdup2(from->code, n * VALUE_BYTES[from->type]) : NULL;
    if (is_ragged(from->type) && from->offset != NULL)
        to->offset = g_memdup2(from->offset, ((size_t)from->n_rows + 1) * sizeof(uint32_t));
    to->forms = from->forms ? copy_forms(from->forms) : NULL;
}

RkChunk *
rk_chunk_copy(const RkChunk *chunk)
{
    RkChunk *copy = g_new0(RkChunk, 1);
    *copy = *chunk;
    copy->columns = g_new0(RkColumn, chunk->n_columns);
    for (uint32_t c = 0; c < chunk->n_columns; c++)
        copy_column(&chunk->columns[c], &copy->columns[c]);
    return copy;
}

// The forms of picked rows. An odd row is looked up by a row -> odd index map, because rows may
// come in any order.
static RkForms *
gather_forms(const RkForms *from, uint32_t n_from, const uint32_t *rows, uint32_t n_rows)
{
    RkForms *to = g_new0(RkForms, 1);
    to->style = from->style;
    if (from->n_odd == 0)
        return to;
    g_autofree uint32_t *odd_of = g_malloc0_n(n_from, sizeof(uint32_t)); // index + 1
    for (uint32_t i = 0; i < from->n_odd; i++)
        odd_of[from->odd_row[i]] = i + 1;
    size_t n_bytes = 0;
    for (uint32_t i = 0; i < n_rows; i++) {
        uint32_t odd = odd_of[rows[i]];
        if (odd == 0)
            continue;
        to->n_odd++;
        n_bytes += from->odd_offset[odd] - from->odd_offset[odd - 1];
    }
    if (to->n_odd == 0)
        return to;
    g_assert(n_bytes <= UINT32_MAX);
    to->odd_row = g_new(uint32_t, to->n_odd);
    to->odd_offset = g_new(uint32_t, (size_t)to->n_odd + 1);
    to->odd_text = g_malloc(MAX(n_bytes, 1));
    uint32_t n = 0, end = 0;
    for (uint32_t i = 0; i < n_rows; i++) {
        uint32_t odd = odd_of[rows[i]];
        if (odd == 0)
            continue;
        uint32_t start = from->odd_offset[odd - 1];
        uint32_t length = from->odd_offset[odd] - start;
        to->odd_row[n] = i;
        to->odd_offset[n++] = end;
        memcpy(to->odd_text + end, from->odd_text + start, length);
        end += length;
    }
    to->odd_offset[n] = end;
    return to;
}

static void
gather_ragged(const RkColumn *from, const uint32_t *rows, uint32_t n_rows, RkColumn *to)
{
    size_t size = VALUE_BYTES[from->type];
    size_t n = 0;
    for (uint32_t i = 0; i < n_rows; i++)
        n += from->offset[rows[i] + 1] - from->offset[rows[i]];
    g_assert(n <= UINT32_MAX);
    to->text = n > 0 ? g_malloc_n(n, size) : NULL;
    uint32_t end = 0;
    for (uint32_t i = 0; i < n_rows; i++) {
        uint32_t start = from->offset[rows[i]];
        uint32_t length = from->offset[rows[i] + 1] - start;
        if (length > 0)
            memcpy(to->text + end * size, from->text + start * size, length * size);
        end += length;
        to->offset[i + 1] = end;
    }
}

static void
gather_column(const RkColumn *from, const uint32_t *rows, uint32_t n_rows, RkColumn *to)
{
    allocate(to, from->type, n_rows);
    if (is_ragged(from->type)) {
        gather_ragged(from, rows, n_rows, to);
    } else if (from->type == RK_COLUMN_CODE) {
        for (uint32_t i = 0; i < n_rows; i++)
            to->code[i] = from->code[rows[i]];
    } else { // REAL and TIME are both 8 bytes
        for (uint32_t i = 0; i < n_rows; i++)
            to->time[i] = from->time[rows[i]];
    }
    if (from->forms != NULL)
        to->forms = gather_forms(from->forms, from->n_rows, rows, n_rows);
}

RkChunk *
rk_chunk_gather(const RkChunk *chunk, const uint32_t *rows, uint32_t n_rows)
{
    RkChunk *picked = g_new0(RkChunk, 1);
    *picked = *chunk;
    picked->n_rows = n_rows;
    picked->columns = g_new0(RkColumn, chunk->n_columns);
    for (uint32_t i = 0; i < n_rows; i++)
        g_assert(rows[i] < chunk->n_rows);
    for (uint32_t c = 0; c < chunk->n_columns; c++) {
        const RkColumn *from = &chunk->columns[c];
        if (from->n_rows == chunk->n_rows)
            gather_column(from, rows, n_rows, &picked->columns[c]);
        else
            picked->columns[c].type = from->type;
    }
    return picked;
}
