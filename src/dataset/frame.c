// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/frame.h"

#include <math.h>
#include <string.h>

// One column while it is loaded.
typedef struct {
    int field;
    const RkFeature *feature; // NULL for the field as it is
    float *past;              // [rows of the table] of a feature of the past
    uint32_t **bag;           // [n_chunks] codes
    uint32_t **lengths;       // [n_chunks] of each row's bag
} Loading;

typedef struct {
    RkChunkSource *source;
    RkFrame *frame;
    const RkFrameOptions *options;
    gboolean *select; // [fields]
    Loading *loading; // [n_columns]
    uint32_t n_chunks;
    uint64_t *first; // [n_chunks + 1] row of the frame
    int next;        // atomic: chunk to load
    int key;         // field that names the row of a side table; -1
    uint32_t *keys;  // [n_rows]
    GMutex lock;
    GError *error; // the first one
} Load;

// ---- which columns -----------------------------------------------------------------------------

static gboolean
find_column(const Load *load, const RkTable *table, const char *name, uint32_t c, GError **error)
{
    RkFrameColumn *column = &load->frame->columns[c];
    Loading *loading = &load->loading[c];
    column->name = g_strdup(name);
    if (load->options->features != NULL)
        loading->feature = rk_features_find(load->options->features, load->frame->table, name);
    if (loading->feature != NULL) {
        RkFeatureInfo info = rk_feature_info(loading->feature);
        loading->field = (int)info.field;
        column->type = info.is_code ? RK_FRAME_CODE : RK_FRAME_REAL;
        column->kind = RK_FIELD_NUMBER;
        column->is_past = info.is_past;
        load->select[info.field] |= !info.is_past;
        return TRUE;
    }
    static const RkFrameType TYPES[] = {[RK_COLUMN_CODE] = RK_FRAME_CODE,
                                        [RK_COLUMN_CODES] = RK_FRAME_BAG,
                                        [RK_COLUMN_REAL] = RK_FRAME_REAL,
                                        [RK_COLUMN_TIME] = RK_FRAME_TIME};
    loading->field = rk_table_find(table, name);
    if (loading->field < 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_NOT_FOUND,
                    "Can't load the column %s: the table %s has no such field or feature. See "
                    "rankine dataset NAME.",
                    name, table->name);
        return FALSE;
    }
    const RkField *field = rk_table_field(table, (uint32_t)loading->field);
    if (rk_field_column_type(field->kind) == RK_COLUMN_TEXT) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't load the column %s: text is no feature. Import it again with --set "
                    "%s.kind=categorical.",
                    name, name);
        return FALSE;
    }
    column->type = TYPES[rk_field_column_type(field->kind)];
    column->kind = field->kind;
    load->select[loading->field] = TRUE;
    return TRUE;
}

static gboolean
find_columns(Load *load, const RkTable *table, const char *const *names, GError **error)
{
    RkFrame *frame = load->frame;
    for (uint32_t c = 0; c < frame->n_columns; c++) {
        if (!find_column(load, table, names[c], c, error))
            return FALSE;
        RkFrameColumn *column = &frame->columns[c];
        column->word = frame->n_words;
        frame->n_words += column->type == RK_FRAME_TIME ? 2 : column->type != RK_FRAME_BAG;
        if (column->type == RK_FRAME_BAG) {
            load->loading[c].bag = g_new0(uint32_t *, load->n_chunks);
            load->loading[c].lengths = g_new0(uint32_t *, load->n_chunks);
        }
        if (!column->is_past)
            continue;
        load->loading[c].past =
            rk_feature_past(load->loading[c].feature, load->source, load->options->split, error);
        if (load->loading[c].past == NULL)
            return FALSE;
    }
    load->key = -1;
    if (table->role == RK_TABLE_ITEMS || table->role == RK_TABLE_USERS)
        load->key = rk_table_find_kind(table, table->role == RK_TABLE_ITEMS ? RK_FIELD_ITEM
                                                                            : RK_FIELD_USER);
    if (load->key >= 0)
        load->select[load->key] = TRUE;
    return TRUE;
}

// ---- rows --------------------------------------------------------------------------------------

static gboolean
is_taken(const RkFrameOptions *options, const uint8_t *part, uint32_t row)
{
    return options->split == NULL || part[row] == options->part;
}

static gboolean
count_rows(Load *load, GError **error)
{
    const RkFrameOptions *options = load->options;
    uint64_t n_rows = load->source->n_rows(load->source, load->frame->table);
    g_autofree uint8_t *part = g_malloc(RK_CHUNK_ROWS);
    load->first = g_new0(uint64_t, load->n_chunks + 1);
    for (uint32_t i = 0; i < load->n_chunks; i++) {
        uint64_t start = (uint64_t)i * RK_CHUNK_ROWS;
        uint32_t n = (uint32_t)MIN(RK_CHUNK_ROWS, n_rows - start), taken = 0;
        if (options->split != NULL)
            rk_split_parts(options->split, start, n, part);
        for (uint32_t row = 0; row < n; row++)
            taken += is_taken(options, part, row);
        load->first[i + 1] = load->first[i] + taken;
    }
    if (load->first[load->n_chunks] >= UINT32_MAX - 1) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't load %" G_GUINT64_FORMAT " rows at once: 4 thousand million is the "
                    "most. Train on a smaller part (split.test).",
                    load->first[load->n_chunks]);
        return FALSE;
    }
    load->frame->n_rows = (uint32_t)load->first[load->n_chunks];
    return TRUE;
}

static void
put(const RkFrameColumn *column, const Loading *loading, RkCellValue cell, uint32_t *record)
{
    if (loading->feature != NULL) {
        RkFeatureValue value = rk_feature_apply(loading->feature, cell);
        record[column->word] = value.code; // the same word, whatever it holds
    } else if (column->type == RK_FRAME_REAL) {
        float real = isnan(cell.real) ? 0 : (float)cell.real;
        memcpy(&record[column->word], &real, sizeof real);
    } else if (column->type == RK_FRAME_TIME)
        memcpy(&record[column->word], &cell.time, sizeof cell.time);
    else
        record[column->word] = cell.code;
}

static void
take_bags(const Load *load, const RkChunk *chunk, uint32_t i, const uint8_t *part, uint32_t c)
{
    const RkColumn *from = &chunk->columns[load->loading[c].field];
    uint32_t n_taken = (uint32_t)(load->first[i + 1] - load->first[i]), at = 0, r = 0;
    uint32_t *codes = g_new(uint32_t, MAX(from->offset[chunk->n_rows], 1));
    uint32_t *lengths = g_new(uint32_t, MAX(n_taken, 1));
    for (uint32_t row = 0; row < chunk->n_rows; row++) {
        if (!is_taken(load->options, part, row))
            continue;
        lengths[r] = from->offset[row + 1] - from->offset[row];
        memcpy(codes + at, from->codes + from->offset[row], lengths[r] * sizeof *codes);
        at += lengths[r++];
    }
    load->loading[c].bag[i] = codes;
    load->loading[c].lengths[i] = lengths;
}

static void
take_column(const Load *load, const RkChunk *chunk, uint32_t i, const uint8_t *part, uint32_t c)
{
    const RkFrame *frame = load->frame;
    const RkFrameColumn *column = &frame->columns[c];
    const Loading *loading = &load->loading[c];
    const RkColumn *from = &chunk->columns[loading->field];
    uint32_t *record = frame->words + load->first[i] * frame->n_words;
    for (uint32_t row = 0; row < chunk->n_rows; row++) {
        if (!is_taken(load->options, part, row))
            continue;
        if (loading->past != NULL)
            memcpy(&record[column->word], &loading->past[chunk->first_row + row], sizeof(float));
        else
            put(column, loading, rk_column_cell(from, row), record);
        record += frame->n_words;
    }
}

static gboolean
take_chunk(Load *load, uint32_t i, uint8_t *part, GError **error)
{
    const RkFrame *frame = load->frame;
    g_autoptr(RkChunk) chunk =
        load->source->read(load->source, frame->table, i, load->select, error);
    if (chunk == NULL)
        return FALSE;
    if (load->options->split != NULL)
        rk_split_parts(load->options->split, chunk->first_row, chunk->n_rows, part);
    for (uint32_t c = 0; c < frame->n_columns; c++)
        if (frame->columns[c].type == RK_FRAME_BAG)
            take_bags(load, chunk, i, part, c);
        else
            take_column(load, chunk, i, part, c);
    for (uint32_t row = 0; load->keys != NULL && row < chunk->n_rows; row++)
        load->keys[chunk->first_row + row] = chunk->columns[load->key].code[row];
    return TRUE;
}

static gpointer
work(gpointer data)
{
    Load *load = data;
    g_autofree uint8_t *part = g_malloc(RK_CHUNK_ROWS);
    for (;;) {
        GError *error = NULL;
        uint32_t i = (uint32_t)g_atomic_int_add(&load->next, 1);
        if (i >= load->n_chunks)
            return NULL;
        if (take_chunk(load, i, part, &error))
            continue;
        g_atomic_int_set(&load->next, (int)load->n_chunks);
        g_mutex_lock(&load->lock);
        if (load->error == NULL)
            load->error = error;
        else
            g_error_free(error);
        g_mutex_unlock(&load->lock);
    }
}

static gboolean
load_chunks(Load *load, GError **error)
{
    uint32_t n = CLAMP(load->options->n_threads, 1, 64);
    GThread *threads[64];
    for (uint32_t i = 0; i + 1 < n; i++)
        threads[i] = g_thread_new("rows", work, load);
    work(load);
    for (uint32_t i = 0; i + 1 < n; i++)
        g_thread_join(threads[i]);
    if (load->error == NULL)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&load->error));
    return FALSE;
}

// ---- what is left ------------------------------------------------------------------------------

static void
join_bags(const Load *load, uint32_t c)
{
    RkFrameColumn *column = &load->frame->columns[c];
    column->offset = g_new0(uint64_t, load->frame->n_rows + 2ull);
    uint64_t row = 0, n = 0;
    for (uint32_t i = 0; i < load->n_chunks; i++)
        for (uint64_t r = load->first[i]; r < load->first[i + 1]; r++, row++)
            column->offset[row + 1] =
                column->offset[row] + load->loading[c].lengths[i][row - load->first[i]];
    n = column->offset[row];
    column->offset[row + 1] = n; // the missing row has none
    column->codes = g_new(uint32_t, MAX(n, 1));
    for (uint32_t i = 0; i < load->n_chunks; i++) {
        uint64_t from = column->offset[load->first[i]], to = column->offset[load->first[i + 1]];
        if (to > from)
            memcpy(column->codes + from, load->loading[c].bag[i], (to - from) * sizeof(uint32_t));
    }
}

static void
add_missing_row(const Load *load)
{
    RkFrame *frame = load->frame;
    uint32_t *record = frame->words + (size_t)frame->n_rows * frame->n_words;
    const RkTable *table = rk_schema_table(load->source->schema, frame->table);
    for (uint32_t c = 0; c < frame->n_columns; c++) {
        if (frame->columns[c].type == RK_FRAME_BAG)
            continue;
        RkFieldKind kind = rk_table_field(table, (uint32_t)load->loading[c].field)->kind;
        RkCellValue cell = {.code = RK_CODE_MISSING};
        if (rk_field_column_type(kind) == RK_COLUMN_REAL)
            cell.real = NAN;
        else if (rk_field_column_type(kind) == RK_COLUMN_TIME)
            cell.time = INT64_MIN;
        put(&frame->columns[c], &load->loading[c], cell, record);
    }
}

static void
index_keys(Load *load)
{
    RkFrame *frame = load->frame;
    for (uint32_t row = 0; row < frame->n_rows; row++)
        if (load->keys[row] != RK_CODE_MISSING)
            frame->n_codes = MAX(frame->n_codes, load->keys[row] + 1);
    frame->row_of = g_new(uint32_t, MAX(frame->n_codes, 1));
    for (uint32_t code = 0; code < frame->n_codes; code++)
        frame->row_of[code] = frame->n_rows;
    for (uint32_t row = frame->n_rows; row-- > 0;) // of several rows the first
        if (load->keys[row] != RK_CODE_MISSING)
            frame->row_of[load->keys[row]] = row;
}

static void
load_clear(Load *load)
{
    for (uint32_t c = 0; c < load->frame->n_columns; c++) {
        Loading *loading = &load->loading[c];
        for (uint32_t i = 0; loading->bag != NULL && i < load->n_chunks; i++) {
            g_free(loading->bag[i]);
            g_free(loading->lengths[i]);
        }
        g_free(loading->bag);
        g_free(loading->lengths);
        g_free(loading->past);
    }
    g_free(load->loading);
    g_free(load->select);
    g_free(load->first);
    g_free(load->keys);
    g_mutex_clear(&load->lock);
}

static gboolean
load_rows(Load *load, const char *const *columns, GError **error)
{
    RkFrame *frame = load->frame;
    const RkTable *table = rk_schema_table(load->source->schema, frame->table);
    if (!count_rows(load, error) || !find_columns(load, table, columns, error))
        return FALSE;
    if (load->key >= 0)
        load->keys = g_new(uint32_t, MAX(frame->n_rows, 1));
    frame->words = g_try_malloc_n(frame->n_rows + 1ull, MAX(frame->n_words, 1) * 4ull);
    if (frame->words == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                    "Can't load %u rows of %s: %" G_GUINT64_FORMAT " bytes of memory aren't there. "
                    "Name fewer columns, or train on a smaller part.",
                    frame->n_rows, table->name, (uint64_t)frame->n_rows * 4 * frame->n_words);
        return FALSE;
    }
    if (!load_chunks(load, error))
        return FALSE;
    for (uint32_t c = 0; c < frame->n_columns; c++)
        if (frame->columns[c].type == RK_FRAME_BAG)
            join_bags(load, c);
    add_missing_row(load);
    if (load->key >= 0)
        index_keys(load);
    return TRUE;
}

RkFrame *
rk_frame_load(RkChunkSource *source, uint32_t table, const char *const *columns, uint32_t n_columns,
              const RkFrameOptions *options, GError **error)
{
    g_autoptr(RkFrame) frame = g_new0(RkFrame, 1);
    RkFrameOptions all = *options;
    if (table != 0)
        all.split = NULL; // side tables have no parts
    frame->table = table;
    frame->n_columns = n_columns;
    frame->columns = g_new0(RkFrameColumn, MAX(n_columns, 1));
    Load load = {.source = source,
                 .frame = frame,
                 .options = &all,
                 .n_chunks = rk_n_chunks(source->n_rows(source, table)),
                 .select = g_new0(gboolean, rk_schema_table(source->schema, table)->fields->len),
                 .loading = g_new0(Loading, MAX(n_columns, 1))};
    g_mutex_init(&load.lock);
    gboolean done = load_rows(&load, columns, error);
    load_clear(&load);
    return done ? g_steal_pointer(&frame) : NULL;
}

void
rk_frame_free(RkFrame *frame)
{
    if (frame == NULL)
        return;
    for (uint32_t c = 0; c < frame->n_columns; c++) {
        g_free(frame->columns[c].name);
        g_free(frame->columns[c].offset);
        g_free(frame->columns[c].codes);
    }
    g_free(frame->columns);
    g_free(frame->words);
    g_free(frame->row_of);
    g_free(frame);
}

int
rk_frame_find(const RkFrame *frame, const char *name)
{
    for (uint32_t c = 0; c < frame->n_columns; c++)
        if (strcmp(frame->columns[c].name, name) == 0)
            return (int)c;
    return -1;
}

int
rk_frame_find_kind(const RkFrame *frame, RkFieldKind kind)
{
    for (uint32_t c = 0; c < frame->n_columns; c++)
        if (frame->columns[c].kind == kind)
            return (int)c;
    return -1;
}
