// SPDX-License-Identifier: GPL-3.0-or-later
#include "memory.h"

#include <string.h>

static size_t
value_bytes(RkColumnType type)
{
    return type == RK_COLUMN_REAL || type == RK_COLUMN_TIME ? 8 : type == RK_COLUMN_TEXT ? 1 : 4;
}

static void
append_column(RkColumn *to, const RkColumn *from)
{
    size_t bytes = value_bytes(to->type);
    if (to->offset == NULL) {
        to->code = g_realloc(to->code, MAX(1, (to->n_rows + from->n_rows) * bytes));
        memcpy((char *)to->code + to->n_rows * bytes, from->code, from->n_rows * bytes);
    } else {
        uint32_t n = to->offset[to->n_rows], more = from->offset[from->n_rows];
        to->text = g_realloc(to->text, MAX(1, (n + more) * bytes));
        if (more > 0)
            memcpy(to->text + n * bytes, from->text, more * bytes);
        to->offset = g_realloc_n(to->offset, to->n_rows + from->n_rows + 1, sizeof(uint32_t));
        for (uint32_t i = 0; i <= from->n_rows; i++)
            to->offset[to->n_rows + i] = n + from->offset[i];
    }
    to->n_rows += from->n_rows;
}

void
memory_add(Memory *memory, const RkChunk *chunk)
{
    RkChunk *all = memory->tables->pdata[chunk->table];
    g_assert_cmpuint(all->n_columns, ==, chunk->n_columns);
    for (uint32_t c = 0; c < all->n_columns; c++) {
        g_assert_cmpuint(chunk->columns[c].n_rows, ==, chunk->n_rows);
        append_column(&all->columns[c], &chunk->columns[c]);
    }
    all->n_rows += chunk->n_rows;
}

static gboolean
take(RkChunkSink *sink, const RkChunk *chunk, GError **error)
{
    memory_add((Memory *)((char *)sink - G_STRUCT_OFFSET(Memory, sink)), chunk);
    return TRUE;
}

static uint64_t
n_rows(RkChunkSource *source, uint32_t table)
{
    return memory_n_rows((Memory *)source, table);
}

static RkChunk *
read_chunk(RkChunkSource *source, uint32_t table, uint32_t i, const gboolean *columns,
           GError **error)
{
    Memory *memory = (Memory *)source;
    const RkChunk *all = memory->tables->pdata[table];
    uint64_t first = (uint64_t)i * RK_CHUNK_ROWS;
    g_assert_cmpuint(first, <, all->n_rows);
    uint32_t n = (uint32_t)MIN(RK_CHUNK_ROWS, all->n_rows - first);
    g_autofree RkColumn *selected = g_memdup2(all->columns, all->n_columns * sizeof(RkColumn));
    for (uint32_t c = 0; c < all->n_columns; c++)
        if (columns != NULL && !columns[c])
            selected[c].n_rows = 0;
    RkChunk view = *all;
    view.columns = selected;
    g_autofree uint32_t *rows = g_new(uint32_t, n);
    for (uint32_t r = 0; r < n; r++)
        rows[r] = (uint32_t)first + r;
    RkChunk *chunk = rk_chunk_gather(&view, rows, n);
    chunk->first_row = first;
    g_atomic_int_inc((int *)&memory->n_reads);
    return chunk;
}

Memory *
memory_new(RkSchema *schema)
{
    Memory *memory = g_new0(Memory, 1);
    memory->schema = schema;
    memory->source = (RkChunkSource){schema, n_rows, read_chunk};
    memory->sink.chunk = take;
    memory->tables = g_ptr_array_new_with_free_func((GDestroyNotify)rk_chunk_free);
    for (uint32_t t = 0; t < schema->tables->len; t++)
        g_ptr_array_add(memory->tables, rk_chunk_new(rk_schema_table(schema, t), t, 0, 0));
    return memory;
}

void
memory_free(Memory *memory)
{
    g_ptr_array_unref(memory->tables);
    rk_schema_free(memory->schema);
    g_free(memory);
}

const RkColumn *
memory_column(const Memory *memory, uint32_t table, const char *field)
{
    int c = rk_table_find(rk_schema_table(memory->schema, table), field);
    g_assert_cmpint(c, >=, 0);
    const RkChunk *all = memory->tables->pdata[table];
    return &all->columns[c];
}

uint64_t
memory_n_rows(const Memory *memory, uint32_t table)
{
    const RkChunk *all = memory->tables->pdata[table];
    return all->n_rows;
}
