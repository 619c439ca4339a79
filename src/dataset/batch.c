// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/batch-private.h"

#include <string.h>

// ---- what the parts need -----------------------------------------------------------------------

// Columns to load, by table.
typedef struct {
    RkChunkSource *source;
    GPtrArray **names; // [tables] of char *
} Needs;

static gboolean
refuse(GError **error, const RkBatchPart *part, const char *cause)
{
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't batch %s: %s.", part->name, cause);
    return FALSE;
}

// "field" of the events or "table.field"; a feature's own name may have dots.
static uint32_t
table_of(const RkSchema *schema, const char *column, const char **name)
{
    *name = column;
    for (guint t = 1; t < schema->tables->len; t++) {
        const char *table = rk_schema_table(schema, t)->name;
        size_t n = strlen(table);
        if (strncmp(column, table, n) == 0 && column[n] == '.') {
            *name = column + n + 1;
            return t;
        }
    }
    return 0;
}

static void
need(Needs *needs, uint32_t table, const char *name)
{
    if (needs->names[table] == NULL)
        needs->names[table] = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < needs->names[table]->len; i++)
        if (strcmp(g_ptr_array_index(needs->names[table], i), name) == 0)
            return;
    g_ptr_array_add(needs->names[table], g_strdup(name));
}

static int
need_kind(Needs *needs, RkFieldKind kind)
{
    const RkTable *events = rk_events_table(needs->source->schema);
    int field = rk_table_find_kind(events, kind);
    if (field >= 0)
        need(needs, 0, rk_table_field(events, (uint32_t)field)->name);
    return field;
}

static gboolean
load_frames(RkBatcher *b, Needs *needs, GError **error)
{
    const RkFrameOptions options = {b->is.split, b->is.part, b->is.features, b->is.n_threads};
    b->n_frames = needs->source->schema->tables->len;
    b->frames = g_new0(RkFrame *, b->n_frames);
    for (uint32_t t = 0; t < b->n_frames; t++) {
        GPtrArray *names = needs->names[t];
        if (names == NULL)
            continue;
        b->frames[t] = rk_frame_load(needs->source, t, (const char *const *)names->pdata,
                                     names->len, &options, error);
        if (b->frames[t] == NULL)
            return FALSE;
    }
    return TRUE;
}

static int
word_of(const RkFrame *frame, RkFieldKind kind)
{
    int column = rk_frame_find_kind(frame, kind);
    return column >= 0 ? (int)frame->columns[column].word : -1;
}

// ---- arrays ------------------------------------------------------------------------------------

static gboolean
join(const RkBatcher *b, const RkSchema *schema, const RkBatchPart *part, uint32_t table,
     RkBatchColumn *out, GError **error)
{
    RkTableRole role = rk_schema_table(schema, table)->role;
    out->join = role == RK_TABLE_ITEMS   ? RK_JOIN_ITEM
                : role == RK_TABLE_USERS ? RK_JOIN_USER
                                         : RK_JOIN_EVENT;
    if (table == 0)
        return TRUE;
    if (out->join == RK_JOIN_EVENT)
        return refuse(error, part, "only tables of items or users can be joined");
    if (out->frame->row_of == NULL || (out->join == RK_JOIN_ITEM ? b->item_word : b->user_word) < 0)
        return refuse(error, part, "the events or the side table lack the id to join by");
    return TRUE;
}

static gboolean
find_column(const RkBatcher *b, const RkSchema *schema, const RkBatchPart *part, uint32_t c,
            RkBatchColumn *out, GError **error)
{
    static const RkFrameType TYPES[] = {[RK_BATCH_CODES] = RK_FRAME_CODE,
                                        [RK_BATCH_REALS] = RK_FRAME_REAL,
                                        [RK_BATCH_TIMES] = RK_FRAME_TIME,
                                        [RK_BATCH_BAG] = RK_FRAME_BAG};
    const char *name;
    uint32_t table = table_of(schema, part->columns[c], &name);
    out->frame = b->frames[table];
    out->column = (uint32_t)rk_frame_find(out->frame, name);
    const RkFrameColumn *column = &out->frame->columns[out->column];
    out->word = column->word;
    out->base = part->base != NULL ? part->base[c] : 0;
    out->is_item = table == 0 && column->kind == RK_FIELD_ITEM && b->n_each > 1;
    out->is_label = table == 0 && column->kind == RK_FIELD_LABEL;
    if (column->type != TYPES[part->kind])
        return refuse(error, part,
                      "a column has another type: codes, numbers, times and bags go "
                      "into arrays of their own");
    if (column->is_past && b->n_each > 1)
        return refuse(error, part,
                      "counts and rates of the past aren't known for negative rows. Draw the "
                      "negatives as an array of their own");
    return join(b, schema, part, table, out, error);
}

static gboolean
is_index(const RkBatchArray *array)
{
    static const gboolean INDEX[RK_N_BATCH_KINDS] = {
        [RK_BATCH_CODES] = TRUE,    [RK_BATCH_BAG] = TRUE,       [RK_BATCH_HISTORY] = TRUE,
        [RK_BATCH_SEQUENCE] = TRUE, [RK_BATCH_NEGATIVES] = TRUE,
    };
    return INDEX[array->is.kind];
}

static gboolean
add_array(RkBatcher *b, const RkSchema *schema, const RkBatchPart *part, uint32_t i, GError **error)
{
    RkBatchArray *array = &b->arrays[i];
    array->is = *part;
    array->columns = g_new0(RkBatchColumn, MAX(part->n_columns, 1));
    for (uint32_t c = 0; c < part->n_columns; c++)
        if (!find_column(b, schema, part, c, &array->columns[c], error))
            return FALSE;
    if (part->kind == RK_BATCH_SORTED && (part->of >= i || !is_index(&b->arrays[part->of])))
        return refuse(error, part, "only an earlier array of codes can be sorted");
    if (part->kind == RK_BATCH_NEGATIVES &&
        (b->n_each > 1 || rk_negatives_count(b->negatives) == 0))
        return refuse(error, part, "negatives are off or are rows already");
    if ((part->kind == RK_BATCH_HISTORY || part->kind == RK_BATCH_SEQUENCE ||
         part->kind == RK_BATCH_BAG) &&
        part->length == 0)
        return refuse(error, part, "its length is 0");
    uint64_t sorted = 0;
    array->n_words = rk_batch_words(b, part, &sorted);
    b->n_sorted = MAX(b->n_sorted, sorted);
    if (array->n_words >= UINT32_MAX)
        return refuse(error, part, "it is larger than 16 GiB. Lower the batch");
    return TRUE;
}

// ---- building ----------------------------------------------------------------------------------

static gboolean
has_kind(const RkBatchPart *parts, uint32_t n, RkBatchKind kind)
{
    for (uint32_t i = 0; i < n; i++)
        if (parts[i].kind == kind)
            return TRUE;
    return FALSE;
}

static gboolean
add_negatives(RkBatcher *b, RkChunkSource *source, GError **error)
{
    if (b->is.negatives == NULL)
        return TRUE;
    b->negatives = rk_negatives_new(b->is.negatives, source, b->is.split, b->history, b->is.n_items,
                                    b->is.seed, error);
    if (b->negatives != NULL && b->is.negative_rows)
        b->n_each = 1 + rk_negatives_count(b->negatives);
    return b->negatives != NULL;
}

static gboolean
add_balance(RkBatcher *b, GError **error)
{
    const RkFrame *events = b->frames[0];
    g_autofree float *label = NULL;
    b->label_word = word_of(events, RK_FIELD_LABEL);
    if (b->label_word >= 0) {
        label = g_new(float, MAX(events->n_rows, 1));
        for (uint32_t row = 0; row < events->n_rows; row++)
            memcpy(&label[row], &rk_frame_record(events, row)[b->label_word], sizeof *label);
    }
    b->balance = rk_balance_new(b->is.balance, label, events->n_rows, b->is.seed, error);
    return b->balance != NULL;
}

static gboolean
needs_history(const RkBatcher *b, const RkBatchPart *parts, uint32_t n)
{
    gboolean excludes = b->is.negatives != NULL &&
                        strcmp(rk_params_text(b->is.negatives, "negatives"), "none") != 0 &&
                        rk_params_bool(b->is.negatives, "negatives.exclude-seen");
    return excludes || has_kind(parts, n, RK_BATCH_HISTORY) ||
           has_kind(parts, n, RK_BATCH_SEQUENCE);
}

static gboolean
build(RkBatcher *b, Needs *needs, const RkBatchPart *parts, GError **error)
{
    const RkSchema *schema = needs->source->schema;
    for (uint32_t i = 0; i < b->n_arrays; i++)
        for (uint32_t c = 0; c < parts[i].n_columns; c++) {
            const char *name;
            uint32_t table = table_of(schema, parts[i].columns[c], &name);
            need(needs, table, name);
        }
    int user = need_kind(needs, RK_FIELD_USER);
    need_kind(needs, RK_FIELD_ITEM);
    if (b->is.balance != NULL || has_kind(parts, b->n_arrays, RK_BATCH_WEIGHTS))
        need_kind(needs, RK_FIELD_LABEL);
    if (needs->names[0] == NULL) { // any column gives the number of rows
        need(needs, 0, rk_table_field(rk_events_table(schema), 0)->name);
    }
    if (!load_frames(b, needs, error))
        return FALSE;
    b->user_word = word_of(b->frames[0], RK_FIELD_USER);
    b->item_word = word_of(b->frames[0], RK_FIELD_ITEM);
    if (user >= 0 && needs_history(b, parts, b->n_arrays)) {
        b->history = rk_history_new(needs->source, b->is.split, b->is.part, b->is.n_users, error);
        if (b->history == NULL)
            return FALSE;
    }
    if (!add_negatives(b, needs->source, error) || !add_balance(b, error))
        return FALSE;
    b->n_out = b->is.batch * b->n_each;
    for (uint32_t i = 0; i < b->n_arrays; i++) {
        gboolean past = parts[i].kind == RK_BATCH_HISTORY || parts[i].kind == RK_BATCH_SEQUENCE;
        if (past && b->history == NULL)
            return refuse(error, &parts[i], "the events name no user");
        if (!add_array(b, schema, &parts[i], i, error))
            return FALSE;
    }
    return TRUE;
}

RkBatcher *
rk_batcher_new(RkChunkSource *source, const RkBatchPart *parts, uint32_t n_parts,
               const RkBatchOptions *options, GError **error)
{
    g_autoptr(RkBatcher) b = g_new0(RkBatcher, 1);
    b->is = *options;
    b->n_each = 1;
    b->n_arrays = n_parts;
    b->arrays = g_new0(RkBatchArray, MAX(n_parts, 1));
    g_assert(options->batch > 0);
    guint n_tables = source->schema->tables->len;
    Needs needs = {source, g_new0(GPtrArray *, n_tables)};
    gboolean done = build(b, &needs, parts, error);
    for (guint t = 0; t < n_tables; t++)
        g_clear_pointer(&needs.names[t], g_ptr_array_unref);
    g_free(needs.names);
    if (done && rk_batcher_n_batches(b) == 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't batch the %s part: it has %" G_GUINT64_FORMAT
                    " rows, a batch has %u. Lower the batch or choose another split.",
                    rk_part_name(options->part), rk_batcher_epoch_rows(b), options->batch);
        return NULL;
    }
    return done ? g_steal_pointer(&b) : NULL;
}

void
rk_batcher_free(RkBatcher *b)
{
    if (b == NULL)
        return;
    for (uint32_t i = 0; i < b->n_arrays; i++)
        g_free(b->arrays[i].columns);
    g_free(b->arrays);
    for (uint32_t t = 0; t < b->n_frames; t++)
        rk_frame_free(b->frames[t]);
    g_free(b->frames);
    rk_negatives_free(b->negatives);
    rk_history_free(b->history);
    rk_balance_free(b->balance);
    g_free(b);
}

uint32_t
rk_batcher_n_parts(const RkBatcher *b)
{
    return b->n_arrays;
}

uint64_t
rk_batcher_words(const RkBatcher *b, uint32_t part)
{
    return b->arrays[part].n_words;
}

uint64_t
rk_batcher_epoch_rows(const RkBatcher *b)
{
    return rk_balance_n_rows(b->balance);
}

uint64_t
rk_batcher_n_batches(const RkBatcher *b)
{
    uint64_t n = rk_batcher_epoch_rows(b);
    return b->is.drop_last ? n / b->is.batch : (n + b->is.batch - 1) / b->is.batch;
}

// ---- filling -----------------------------------------------------------------------------------

RkBatchScratch *
rk_batch_scratch_new(const RkBatcher *b)
{
    RkBatchScratch *s = g_new0(RkBatchScratch, 1);
    size_t n = b->is.batch, n_negatives = rk_negatives_count(b->negatives);
    s->row = g_new(uint32_t, n);
    s->user = g_new(uint32_t, n);
    s->item = g_new(uint32_t, n);
    s->negative = g_new(uint32_t, MAX(n * n_negatives, 1));
    s->sorted = g_new(uint32_t, MAX(b->n_sorted, 1));
    return s;
}

void
rk_batch_scratch_free(RkBatchScratch *s)
{
    if (s == NULL)
        return;
    g_free(s->row);
    g_free(s->user);
    g_free(s->item);
    g_free(s->negative);
    g_free(s->sorted);
    g_free(s);
}

static void
choose_rows(const RkBatcher *b, RkBatchScratch *s, uint32_t epoch, uint64_t first)
{
    const RkFrame *events = b->frames[0];
    s->n_rows = (uint32_t)MIN(b->is.batch, rk_batcher_epoch_rows(b) - first);
    for (uint32_t i = 0; i < s->n_rows; i++) {
        s->row[i] = rk_balance_row(b->balance, epoch, first + i, b->is.shuffle);
        __builtin_prefetch(rk_frame_record(events, s->row[i]));
    }
    for (uint32_t i = s->n_rows; i < b->is.batch; i++)
        s->row[i] = s->row[s->n_rows - 1];
    for (uint32_t i = 0; i < b->is.batch; i++) {
        const uint32_t *record = rk_frame_record(events, s->row[i]);
        s->user[i] = b->user_word >= 0 ? record[b->user_word] : RK_CODE_MISSING;
        s->item[i] = b->item_word >= 0 ? record[b->item_word] : RK_CODE_MISSING;
    }
}

gboolean
rk_batcher_fill(const RkBatcher *b, RkBatchScratch *s, uint32_t epoch, uint64_t index,
                void *const *memory, uint32_t *n_rows, GError **error)
{
    uint64_t first = index * b->is.batch;
    g_assert(index < rk_batcher_n_batches(b));
    choose_rows(b, s, epoch, first);
    if (rk_negatives_count(b->negatives) > 0) {
        const RkNegativeRows rows = {epoch, first, b->is.batch, b->user_word >= 0 ? s->user : NULL,
                                     s->item};
        if (!rk_negatives_draw(b->negatives, &rows, s->negative, error))
            return FALSE;
    }
    for (uint32_t i = 0; i < b->n_arrays; i++)
        rk_batch_write(b, s, &b->arrays[i], memory[i]);
    *n_rows = s->n_rows;
    return TRUE;
}
