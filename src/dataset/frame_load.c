// SPDX-License-Identifier: GPL-3.0-or-later
//
// Reading a frame: which fields, then the side tables, then the events into records.
#include "dataset/frame-private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE_BYTES ((size_t)2 << 20) // x86-64 and most arm64; only speed depends on it

// ---- which fields ------------------------------------------------------------------------------

static const struct {
    RkTableRole role;
    RkFieldKind kind;
    RkFrameKey key;
} JOINS[] = {{RK_TABLE_USERS, RK_FIELD_USER, RK_KEY_USER},
             {RK_TABLE_ITEMS, RK_FIELD_ITEM, RK_KEY_ITEM}};

// How a side table joins: its key column, -1 when it doesn't.
static int
key_column(const RkTable *table, RkFrameKey *key)
{
    for (size_t i = 0; i < G_N_ELEMENTS(JOINS); i++)
        if (table->role == JOINS[i].role) {
            *key = JOINS[i].key;
            return rk_table_find_kind(table, JOINS[i].kind);
        }
    return -1;
}

// What a name stands for.
typedef struct {
    uint32_t table, column;
    const RkFeature *feature; // or NULL
} Found;

static gboolean
find_in(const RkFrame *frame, uint32_t table, const char *name, Found *found)
{
    *found = (Found){.table = table};
    if (frame->options.features != NULL)
        found->feature = rk_features_find(frame->options.features, table, name);
    int column = found->feature != NULL
                     ? (int)rk_feature_info(found->feature).field
                     : rk_table_find(rk_schema_table(frame->options.source->schema, table), name);
    found->column = (uint32_t)column;
    return column >= 0;
}

// Looks a name up as the header says; FALSE when it isn't there.
static gboolean
locate(const RkFrame *frame, const char *name, Found *found)
{
    const RkSchema *schema = frame->options.source->schema;
    Found other;
    if (find_in(frame, 0, name, found))
        return TRUE;
    for (const char *dot = strchr(name, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
        g_autofree char *prefix = g_strndup(name, (size_t)(dot - name));
        int table = rk_schema_find(schema, prefix);
        if (table >= 0 && find_in(frame, (uint32_t)table, dot + 1, found))
            return TRUE;
    }
    uint32_t n_found = 0;
    for (uint32_t t = 1; t < schema->tables->len; t++)
        if (find_in(frame, t, name, &other)) {
            *found = other;
            n_found++;
        }
    return n_found == 1;
}

static gboolean
refuse_field(const char *name, const char *cause, GError **error)
{
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't load the field %s: %s", name, cause);
    return FALSE;
}

static int
add_field(RkFrame *frame, const char *name, const Found *found)
{
    for (guint i = 0; i < frame->fields->len; i++) {
        const RkFrameField *have = rk_frame_field(frame, (int)i);
        if (have->table == found->table && have->column == found->column &&
            have->feature == found->feature && strcmp(have->name, name) == 0)
            return (int)i;
    }
    const RkField *about =
        rk_table_field(rk_schema_table(frame->options.source->schema, found->table), found->column);
    RkFrameField field = {.name = g_strdup(name),
                          .kind = about->kind,
                          .type = rk_field_column_type(about->kind),
                          .table = found->table,
                          .column = found->column,
                          .feature = found->feature};
    if (found->feature != NULL) {
        RkFeatureInfo info = rk_feature_info(found->feature);
        field.type = info.is_code ? RK_COLUMN_CODE : RK_COLUMN_REAL;
        field.n_codes = info.n_codes;
        field.of_item_past = info.is_past && about->kind == RK_FIELD_ITEM;
    } else if (about->vocabulary != NULL) {
        field.n_codes =
            frame->options.vocabulary_size(frame->options.vocabulary_data, about->vocabulary);
    }
    g_array_append_val(frame->fields, field);
    return (int)frame->fields->len - 1;
}

// The field of that kind in the event table, as it is.
static int
add_kind(RkFrame *frame, RkFieldKind kind)
{
    const RkTable *events = rk_events_table(frame->options.source->schema);
    int column = rk_table_find_kind(events, kind);
    Found found = {.column = (uint32_t)column};
    return column < 0 ? -1
                      : add_field(frame, rk_table_field(events, (uint32_t)column)->name, &found);
}

static gboolean
add_named(RkFrame *frame, const char *name, GError **error)
{
    Found found;
    if (!locate(frame, name, &found))
        return refuse_field(name,
                            "no table has it, or several do. Name it TABLE.FIELD; rankine "
                            "dataset lists them.",
                            error);
    const RkTable *about = rk_schema_table(frame->options.source->schema, found.table);
    RkFrameKey key = RK_KEY_ROW;
    if (rk_field_column_type(rk_table_field(about, found.column)->kind) == RK_COLUMN_TEXT)
        return refuse_field(name, "it is text. Import it as another kind with --set field.kind=...",
                            error);
    if (found.table > 0 && key_column(about, &key) < 0)
        return refuse_field(name,
                            "its table doesn't describe users or items, so its rows join no "
                            "event. Import it as a table of items or users.",
                            error);
    int by = key == RK_KEY_USER ? frame->user : frame->item;
    if (found.table > 0 && by < 0)
        return refuse_field(name, "the events have no user or item to join it by.", error);
    int index = add_field(frame, name, &found);
    RkFrameField *field = &g_array_index(frame->fields, RkFrameField, index);
    field->key = key;
    if (key != RK_KEY_ROW)
        field->n_keys = rk_frame_field(frame, by)->n_codes;
    return TRUE;
}

static gboolean
choose_fields(RkFrame *frame, GError **error)
{
    frame->user = add_kind(frame, RK_FIELD_USER);
    frame->item = add_kind(frame, RK_FIELD_ITEM);
    frame->label = add_kind(frame, RK_FIELD_LABEL);
    frame->time = frame->options.history ? add_kind(frame, RK_FIELD_TIMESTAMP) : -1;
    for (uint32_t i = 0; i < frame->options.n_fields; i++)
        if (!add_named(frame, frame->options.fields[i], error))
            return FALSE;
    for (guint i = 0; i < frame->fields->len; i++) {
        RkFrameField *field = &g_array_index(frame->fields, RkFrameField, i);
        if (field->key == RK_KEY_ROW && field->type != RK_COLUMN_CODES)
            field->word = frame->stride++;
        if (field->key == RK_KEY_ROW)
            field->n_keys = frame->n_rows;
    }
    return TRUE;
}

// ---- memory ------------------------------------------------------------------------------------

static gboolean
refuse_memory(const char *what, size_t bytes, GError **error)
{
    g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                "Can't load %s: %zu MiB are more than there is. Load fewer fields or rows.", what,
                bytes >> 20);
    return FALSE;
}

// What a feature gives for an empty cell.
static uint32_t
missing_feature(const RkFrameField *field)
{
    RkCellValue cell = {.code = RK_CODE_MISSING};
    if (rk_field_column_type(field->kind) == RK_COLUMN_REAL)
        cell.real = NAN;
    else if (rk_field_column_type(field->kind) == RK_COLUMN_TIME)
        cell.time = INT64_MIN;
    return rk_feature_apply(field->feature, cell).code; // the same word, whatever it holds
}

static gboolean
allocate_field(RkFrameField *field, GError **error)
{
    size_t n = MAX(field->n_keys, 1);
    if (field->type == RK_COLUMN_CODES) {
        field->begin = g_try_malloc0_n(n, sizeof *field->begin);
        field->length = g_try_malloc0_n(n, sizeof *field->length);
        field->values = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        return (field->begin != NULL && field->length != NULL) ||
               refuse_memory(field->name, 12 * n, error);
    }
    if (field->key == RK_KEY_ROW)
        return TRUE;
    field->value = g_try_malloc_n(n, sizeof *field->value);
    if (field->value == NULL)
        return refuse_memory(field->name, 4 * n, error);
    field->none = field->feature != NULL          ? missing_feature(field)
                  : field->type == RK_COLUMN_REAL ? rk_bits_of(NAN)
                                                  : UINT32_MAX;
    for (size_t i = 0; i < n; i++)
        field->value[i] = field->none;
    return TRUE;
}

static gboolean
allocate(RkFrame *frame, GError **error)
{
    for (guint i = 0; i < frame->fields->len; i++)
        if (!allocate_field(&g_array_index(frame->fields, RkFrameField, i), error))
            return FALSE;
    void *memory = NULL;
    frame->bytes = (size_t)frame->n_rows * frame->stride * sizeof(uint32_t);
    if (posix_memalign(&memory, frame->bytes >= HUGE_PAGE_BYTES ? HUGE_PAGE_BYTES : 64,
                       MAX(frame->bytes, 64)) != 0)
        return refuse_memory("the events", frame->bytes, error);
    frame->record = memory;
    // Rows are read at random: large pages spare a walk of the page table for each.
    if (frame->bytes >= HUGE_PAGE_BYTES)
        madvise(memory, frame->bytes, MADV_HUGEPAGE);
    return TRUE;
}

// ---- values ------------------------------------------------------------------------------------

static uint32_t
time_word(const RkFrame *frame, int64_t time)
{
    if (time == INT64_MIN)
        return UINT32_MAX;
    uint64_t seconds = (uint64_t)time - (uint64_t)frame->first_time;
    return (uint32_t)MIN(seconds, UINT32_MAX - 1); // 136 years; what is later ties
}

static uint32_t
word_of(const RkFrame *frame, const RkFrameField *field, const RkColumn *column, uint32_t i)
{
    if (field->feature != NULL)
        return rk_feature_apply(field->feature, rk_column_cell(column, i)).code;
    switch (column->type) {
    case RK_COLUMN_CODE:
        return column->code[i] < field->n_codes ? column->code[i] : UINT32_MAX;
    case RK_COLUMN_REAL:
        return rk_bits_of((float)column->real[i]);
    case RK_COLUMN_TIME:
        return time_word(frame, column->time[i]);
    case RK_COLUMN_CODES:
    case RK_COLUMN_TEXT:
        break;
    }
    g_assert_not_reached();
}

static gboolean
keep_codes(RkFrameField *field, const RkColumn *column, uint32_t i, uint32_t key, GError **error)
{
    uint32_t n = column->offset[i + 1] - column->offset[i];
    if (field->values->len > (guint)G_MAXINT / 2 - n) // a GArray's limit is 2^32 bytes
        return refuse_memory(field->name, (size_t)8 << 30, error);
    field->begin[key] = field->values->len;
    field->length[key] = n;
    if (n > 0)
        g_array_append_vals(field->values, column->codes + column->offset[i], n);
    return TRUE;
}

static gboolean
is_cancelled(const RkFrame *frame, GError **error)
{
    if (frame->options.cancelled == NULL || g_atomic_int_get(frame->options.cancelled) == 0)
        return FALSE;
    g_set_error_literal(error, RK_ERROR, RK_ERROR_CANCELLED, "Loading the dataset: interrupted.");
    return TRUE;
}

static gboolean
keep_events(const RkChunk *chunk, void *data, GError **error)
{
    RkFrame *frame = data;
    uint32_t first = (uint32_t)chunk->first_row, stride = frame->stride;
    if (is_cancelled(frame, error))
        return FALSE;
    for (guint f = 0; f < frame->fields->len; f++) {
        RkFrameField *field = &g_array_index(frame->fields, RkFrameField, f);
        if (field->table != 0)
            continue;
        const RkColumn *column = &chunk->columns[field->column];
        uint32_t *to = frame->record + (size_t)first * stride + field->word;
        for (uint32_t i = 0; i < chunk->n_rows; i++)
            if (field->past != NULL)
                to[(size_t)i * stride] = rk_bits_of(field->past[first + i]);
            else if (field->type != RK_COLUMN_CODES)
                to[(size_t)i * stride] = word_of(frame, field, column, i);
            else if (!keep_codes(field, column, i, first + i, error))
                return FALSE;
    }
    return TRUE;
}

static gboolean
find_first_time(const RkChunk *chunk, void *data, GError **error)
{
    RkFrame *frame = data;
    for (uint32_t c = 0; c < chunk->n_columns; c++)
        for (uint32_t i = 0;
             chunk->columns[c].type == RK_COLUMN_TIME && i < chunk->columns[c].n_rows; i++) {
            int64_t time = chunk->columns[c].time[i];
            if (time != INT64_MIN && time < frame->first_time)
                frame->first_time = time;
        }
    return !is_cancelled(frame, error);
}

typedef struct {
    RkFrame *frame;
    int key;       // column
    uint8_t *have; // [n_keys] a row came
    uint32_t n_keys;
} Side;

static gboolean
keep_side(const RkChunk *chunk, void *data, GError **error)
{
    Side *side = data;
    const uint32_t *key = chunk->columns[side->key].code;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        if (key[i] >= side->n_keys || side->have[key[i]])
            continue;
        side->have[key[i]] = 1;
        for (guint f = 0; f < side->frame->fields->len; f++) {
            RkFrameField *field = &g_array_index(side->frame->fields, RkFrameField, f);
            if (field->table != chunk->table)
                continue;
            const RkColumn *column = &chunk->columns[field->column];
            if (field->type != RK_COLUMN_CODES)
                field->value[key[i]] = word_of(side->frame, field, column, i);
            else if (!keep_codes(field, column, i, key[i], error))
                return FALSE;
        }
    }
    return !is_cancelled(side->frame, error);
}

// ---- tables ------------------------------------------------------------------------------------

// The columns of a table that fields need, for rk_scan(); n of them.
static int *
columns_of(const RkFrame *frame, uint32_t table, gboolean times_only, uint32_t *n)
{
    int *columns = g_new(int, frame->fields->len + 1);
    *n = 0;
    for (guint f = 0; f < frame->fields->len; f++) {
        const RkFrameField *field = rk_frame_field(frame, (int)f);
        if (field->table == table &&
            (!times_only || (field->type == RK_COLUMN_TIME && field->feature == NULL)))
            columns[(*n)++] = (int)field->column;
    }
    return columns;
}

static gboolean
load_side(RkFrame *frame, uint32_t table, GError **error)
{
    RkFrameKey key = RK_KEY_ROW;
    uint32_t n;
    g_autofree int *columns = columns_of(frame, table, FALSE, &n);
    if (n == 0)
        return TRUE;
    const RkTable *about = rk_schema_table(frame->options.source->schema, table);
    int by = key_column(about, &key);
    int events = key == RK_KEY_USER ? frame->user : frame->item;
    columns[n++] = by;
    uint32_t n_keys = rk_frame_field(frame, events)->n_codes;
    g_autofree uint8_t *have = g_malloc0(MAX(n_keys, 1));
    Side side = {frame, by, have, n_keys};
    return rk_scan(frame->options.source, table, columns, n, keep_side, &side, error);
}

static gboolean
load_times(RkFrame *frame, GError **error)
{
    frame->first_time = INT64_MAX;
    for (uint32_t t = 0; t < frame->options.source->schema->tables->len; t++) {
        uint32_t n;
        g_autofree int *columns = columns_of(frame, t, TRUE, &n);
        if (n > 0 && !rk_scan(frame->options.source, t, columns, n, find_first_time, frame, error))
            return FALSE;
    }
    if (frame->first_time == INT64_MAX)
        frame->first_time = 0;
    return TRUE;
}

// ---- codes that training never sees ------------------------------------------------------------

static void
forget_untrained(RkFrame *frame, const RkFrameField *field)
{
    g_autofree uint8_t *trained = g_malloc0((size_t)field->n_codes + 1);
    uint32_t *word = frame->record + field->word;
    for (uint32_t row = 0; row < frame->n_rows; row++)
        if (word[(size_t)row * frame->stride] < field->n_codes &&
            rk_frame_part(frame, row) == RK_PART_TRAIN)
            trained[word[(size_t)row * frame->stride]] = 1;
    for (uint32_t row = 0; row < frame->n_rows; row++) {
        uint32_t *code = &word[(size_t)row * frame->stride];
        if (*code < field->n_codes && !trained[*code])
            *code = UINT32_MAX;
    }
}

// Counts and rates of what was before each event.
static gboolean
count_past(RkFrame *frame, GError **error)
{
    for (guint f = 0; f < frame->fields->len; f++) {
        RkFrameField *field = &g_array_index(frame->fields, RkFrameField, f);
        if (field->table != 0 || field->feature == NULL || !rk_feature_info(field->feature).is_past)
            continue;
        field->past =
            rk_feature_past(field->feature, frame->options.source, frame->options.split, error);
        if (field->past == NULL)
            return FALSE;
    }
    return TRUE;
}

static void
forget_past(RkFrame *frame)
{
    for (guint f = 0; f < frame->fields->len; f++)
        g_clear_pointer(&g_array_index(frame->fields, RkFrameField, f).past, g_free);
}

gboolean
rk_frame_load(RkFrame *frame, GError **error)
{
    uint64_t n_rows = frame->options.source->n_rows(frame->options.source, 0);
    if (n_rows >= UINT32_MAX) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                    "Can't load the dataset: it has %" G_GUINT64_FORMAT
                    " rows, 2^32 - 2 at most can be trained on. Import fewer.",
                    n_rows);
        return FALSE;
    }
    frame->n_rows = (uint32_t)n_rows;
    if (!choose_fields(frame, error) || !allocate(frame, error) || !load_times(frame, error) ||
        !count_past(frame, error))
        return FALSE;
    for (uint32_t t = 1; t < frame->options.source->schema->tables->len; t++)
        if (!load_side(frame, t, error))
            return FALSE;
    uint32_t n;
    g_autofree int *columns = columns_of(frame, 0, FALSE, &n);
    if (!rk_scan_told(frame->options.source, 0, columns, n, keep_events, frame, "Loading",
                      frame->options.progress, error))
        return FALSE;
    forget_past(frame);
    for (guint f = 0; frame->options.trained_codes_only && f < frame->fields->len; f++)
        if (rk_frame_field(frame, (int)f)->key == RK_KEY_ROW &&
            rk_frame_field(frame, (int)f)->type == RK_COLUMN_CODE &&
            rk_frame_field(frame, (int)f)->feature == NULL)
            forget_untrained(frame, rk_frame_field(frame, (int)f));
    return TRUE;
}
