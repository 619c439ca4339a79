// SPDX-License-Identifier: GPL-3.0-or-later
//
// Reading datasets. The database is asked under the store's lock for one blob at a time; checking
// and decoding happen outside of it, so several threads decode at once.
#include "store/dataset.h"

#include <string.h>

#include "base/params.h"
#include "store/codec.h"
#include "store/records.h"
#include "store/sql.h"

typedef struct {
    uint64_t n_rows;
    int64_t *field_ids;
} Table;

struct RkDataset {
    RkChunkSource source; // first, so that a source is a dataset
    gint refs;
    RkStore *store;
    int64_t id;
    char *name;
    RkSchema *schema;
    Table *tables;
    GHashTable *sizes; // vocabulary name -> number of codes
    GMutex mutex;      // guards the vocabularies
    GHashTable *vocabularies;
};

// ---- blobs ---------------------------------------------------------------------------------

// A copy of what a row holds, so that the row can be let go before decoding.
typedef struct {
    RkStored stored;
    void *copy;
    int64_t n; // rows or codes
} Blob;

static void
blob_clear(Blob *blob)
{
    g_clear_pointer(&blob->copy, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Blob, blob_clear)

// From the columns n, checksum, data and, if there are four, forms of the current row.
static void
copy_blob(sqlite3_stmt *stmt, Blob *blob)
{
    const void *data = sqlite3_column_blob(stmt, 2); // NULL when memory ran out, then 0 bytes
    size_t n_data = data != NULL ? (size_t)sqlite3_column_bytes(stmt, 2) : 0;
    gboolean has_forms =
        sqlite3_column_count(stmt) > 3 && sqlite3_column_type(stmt, 3) != SQLITE_NULL;
    const void *forms = has_forms ? sqlite3_column_blob(stmt, 3) : NULL;
    size_t n_forms = forms != NULL ? (size_t)sqlite3_column_bytes(stmt, 3) : 0;
    char *copy = g_malloc(MAX(n_data + n_forms, 1));
    if (n_data > 0)
        memcpy(copy, data, n_data);
    if (n_forms > 0)
        memcpy(copy + n_data, forms, n_forms);
    blob->copy = copy;
    blob->n = sqlite3_column_int64(stmt, 0);
    blob->stored = (RkStored){.data = copy,
                              .n_data = n_data,
                              .forms = has_forms ? copy + n_data : NULL,
                              .n_forms = n_forms,
                              .checksum = (uint32_t)sqlite3_column_int64(stmt, 1)};
}

// Runs a query with two integer arguments for one blob.
static gboolean
read_blob(RkStore *store, const char *sql, int64_t a, int64_t b, Blob *blob, GError **error)
{
    g_auto(RkRows) rows = {0};
    if (!rk_rows_query(&rows, store, error, sql, "ii", a, b))
        return FALSE;
    int next = rk_rows_next(&rows, error);
    if (next == 1)
        copy_blob(rows.stmt, blob);
    else if (next == 0)
        g_set_error(error, RK_ERROR, RK_ERROR_NOT_FOUND,
                    "it isn't there. The dataset was removed meanwhile, or the database is "
                    "damaged: run rankine doctor.");
    return next == 1;
}

// ---- opening -------------------------------------------------------------------------------

static gboolean
load_field(RkRows *rows, RkTable *table, GArray *ids, GError **error)
{
    RkFieldKind kind;
    if (!rk_field_kind_parse((const char *)sqlite3_column_text(rows->stmt, 2), &kind, error))
        return FALSE;
    int64_t id = sqlite3_column_int64(rows->stmt, 0);
    RkField *field =
        rk_table_add_field(table, (const char *)sqlite3_column_text(rows->stmt, 1), kind);
    g_free(field->vocabulary);
    field->vocabulary = g_strdup((const char *)sqlite3_column_text(rows->stmt, 3));
    field->separator = (char)sqlite3_column_int(rows->stmt, 4);
    field->per_second = (uint32_t)sqlite3_column_int64(rows->stmt, 5);
    field->why = g_strdup((const char *)sqlite3_column_text(rows->stmt, 6));
    g_array_append_val(ids, id);
    return TRUE;
}

static gboolean
load_fields(RkDataset *dataset, int64_t table_id, RkTable *table, int64_t **ids, GError **error)
{
    g_auto(RkRows) rows = {0};
    g_autoptr(GArray) all = g_array_new(TRUE, FALSE, sizeof(int64_t));
    if (!rk_rows_query(&rows, dataset->store, error,
                       "SELECT id, name, kind, vocabulary, separator, per_second, why "
                       "FROM field WHERE in_table = ? ORDER BY position",
                       "i", table_id))
        return FALSE;
    int next;
    while ((next = rk_rows_next(&rows, error)) == 1)
        if (!load_field(&rows, table, all, error))
            return FALSE;
    *ids = (int64_t *)(void *)g_array_free(g_steal_pointer(&all), FALSE);
    return next == 0;
}

static gboolean
load_tables(RkDataset *dataset, GError **error)
{
    g_auto(RkRows) rows = {0};
    g_autoptr(GArray) tables = g_array_new(TRUE, TRUE, sizeof(Table));
    dataset->schema = rk_schema_new();
    gboolean fine = rk_rows_query(&rows, dataset->store, error,
                                  "SELECT id, name, role, n_rows FROM dataset_table "
                                  "WHERE dataset = ? ORDER BY position",
                                  "i", dataset->id);
    int next = 0;
    while (fine && (next = rk_rows_next(&rows, error)) == 1) {
        RkTableRole role = RK_TABLE_OTHER;
        fine = rk_table_role_parse((const char *)sqlite3_column_text(rows.stmt, 2), &role, error);
        RkTable *table = rk_schema_add_table(dataset->schema,
                                             (const char *)sqlite3_column_text(rows.stmt, 1), role);
        Table loaded = {.n_rows = (uint64_t)sqlite3_column_int64(rows.stmt, 3)};
        fine = fine && load_fields(dataset, sqlite3_column_int64(rows.stmt, 0), table,
                                   &loaded.field_ids, error);
        g_array_append_val(tables, loaded);
    }
    dataset->tables = (Table *)(void *)g_array_free(g_steal_pointer(&tables), FALSE);
    return fine && next == 0;
}

static gboolean
load_sizes(RkDataset *dataset, GError **error)
{
    g_auto(RkRows) rows = {0};
    if (!rk_rows_query(&rows, dataset->store, error,
                       "SELECT name, n_codes FROM vocabulary WHERE dataset = ?", "i", dataset->id))
        return FALSE;
    int next;
    while ((next = rk_rows_next(&rows, error)) == 1)
        g_hash_table_replace(dataset->sizes,
                             g_strdup((const char *)sqlite3_column_text(rows.stmt, 0)),
                             GUINT_TO_POINTER((guint)sqlite3_column_int64(rows.stmt, 1)));
    return next == 0;
}

static uint64_t
source_n_rows(RkChunkSource *source, uint32_t table)
{
    return rk_dataset_n_rows((RkDataset *)source, table);
}

static RkChunk *source_read(RkChunkSource *source, uint32_t table, uint32_t i,
                            const gboolean *columns, GError **error);

RkDataset *
rk_dataset_open_id(RkStore *store, int64_t id, const char *name, GError **error)
{
    g_autoptr(RkDataset) dataset = g_new0(RkDataset, 1);
    dataset->refs = 1;
    dataset->store = rk_store_ref(store);
    dataset->id = id;
    dataset->name = g_strdup(name);
    dataset->sizes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    dataset->vocabularies =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)rk_vocabulary_unref);
    g_mutex_init(&dataset->mutex);
    gboolean loaded = load_tables(dataset, error) && load_sizes(dataset, error);
    dataset->source = (RkChunkSource){dataset->schema, source_n_rows, source_read};
    return loaded ? g_steal_pointer(&dataset) : NULL;
}

// The nearest name there is, for a hint; NULL without.
static char *
nearest_name(RkStore *store, const char *name)
{
    g_autoptr(GPtrArray) all = rk_dataset_list(store, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; all != NULL && i < all->len; i++)
        g_ptr_array_add(names, ((RkDatasetInfo *)g_ptr_array_index(all, i))->name);
    return g_strdup(rk_nearest_word(name, (const char *const *)names->pdata, names->len));
}

static gboolean
find_id(RkStore *store, const char *name, int64_t *id, GError **error)
{
    if (!rk_sql_int(store, id, -1, error, "SELECT id FROM dataset WHERE name = ?", "s", name))
        return FALSE;
    if (*id >= 0)
        return TRUE;
    g_autofree char *nearest = nearest_name(store, name);
    g_autofree char *hint = nearest != NULL ? g_strdup_printf("Did you mean %s?", nearest)
                                            : g_strdup("List them with rankine datasets.");
    g_set_error(error, RK_ERROR, RK_ERROR_NOT_FOUND, "%s has no dataset of that name. %s",
                store->path, hint);
    return FALSE;
}

RkDataset *
rk_dataset_open(RkStore *store, const char *name, GError **error)
{
    int64_t id = 0;
    RkDataset *dataset =
        find_id(store, name, &id, error) ? rk_dataset_open_id(store, id, name, error) : NULL;
    if (dataset == NULL)
        g_prefix_error(error, "Can't open the dataset %s: ", name);
    return dataset;
}

RkDataset *
rk_dataset_ref(RkDataset *dataset)
{
    g_atomic_int_inc(&dataset->refs);
    return dataset;
}

void
rk_dataset_unref(RkDataset *dataset)
{
    if (dataset == NULL || !g_atomic_int_dec_and_test(&dataset->refs))
        return;
    for (guint t = 0; dataset->tables != NULL && t < dataset->schema->tables->len; t++)
        g_free(dataset->tables[t].field_ids);
    g_free(dataset->tables);
    rk_schema_free(dataset->schema);
    g_hash_table_unref(dataset->sizes);
    g_hash_table_unref(dataset->vocabularies);
    g_mutex_clear(&dataset->mutex);
    g_free(dataset->name);
    rk_store_unref(dataset->store);
    g_free(dataset);
}

// ---- plain facts ---------------------------------------------------------------------------

const char *
rk_dataset_name(const RkDataset *dataset)
{
    return dataset->name;
}

const RkSchema *
rk_dataset_schema(const RkDataset *dataset)
{
    return dataset->schema;
}

uint64_t
rk_dataset_n_rows(const RkDataset *dataset, uint32_t table)
{
    g_assert(table < dataset->schema->tables->len);
    return dataset->tables[table].n_rows;
}

RkChunkSource *
rk_dataset_source(RkDataset *dataset)
{
    return &dataset->source;
}

uint32_t
rk_dataset_vocabulary_size(const RkDataset *dataset, const char *name)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(dataset->sizes, name));
}

uint32_t
rk_dataset_vocabulary_size_of(void *dataset, const char *name)
{
    return rk_dataset_vocabulary_size(dataset, name);
}

// ---- chunks --------------------------------------------------------------------------------

static gboolean
read_column(RkDataset *dataset, int64_t field, uint32_t i, uint32_t n_rows, RkColumn *column,
            GError **error)
{
    g_auto(Blob) blob = {0};
    if (!read_blob(dataset->store,
                   "SELECT n_rows, checksum, data, forms FROM column_chunk "
                   "WHERE field = ? AND position = ?",
                   field, i, &blob, error))
        return FALSE;
    if (blob.n != n_rows) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                    "it has %d rows instead of %u. Run rankine doctor.", (int)blob.n, n_rows);
        return FALSE;
    }
    return rk_stored_column(&blob.stored, n_rows, column, error);
}

static RkChunk *
source_read(RkChunkSource *source, uint32_t table, uint32_t i, const gboolean *columns,
            GError **error)
{
    RkDataset *dataset = (RkDataset *)source;
    const RkTable *about = rk_schema_table(dataset->schema, table);
    uint64_t n_rows = dataset->tables[table].n_rows;
    uint64_t first_row = (uint64_t)i * RK_CHUNK_ROWS;
    g_return_val_if_fail(first_row < n_rows, NULL);
    g_autoptr(RkChunk) chunk = g_new0(RkChunk, 1);
    chunk->table = table;
    chunk->first_row = first_row;
    chunk->n_rows = (uint32_t)MIN(n_rows - first_row, RK_CHUNK_ROWS);
    chunk->n_columns = about->fields->len;
    chunk->columns = g_new0(RkColumn, chunk->n_columns);
    for (uint32_t c = 0; c < chunk->n_columns; c++) {
        const RkField *field = rk_table_field(about, c);
        chunk->columns[c].type = rk_field_column_type(field->kind);
        if (columns != NULL && !columns[c])
            continue;
        if (!read_column(dataset, dataset->tables[table].field_ids[c], i, chunk->n_rows,
                         &chunk->columns[c], error)) {
            g_prefix_error(error, "Can't read chunk %u of %s.%s in the dataset %s: ", i,
                           about->name, field->name, dataset->name);
            return NULL;
        }
    }
    return g_steal_pointer(&chunk);
}

// ---- vocabularies --------------------------------------------------------------------------

static RkVocabulary *
load_blocks(RkDataset *dataset, int64_t id, uint32_t n, GError **error)
{
    g_autoptr(RkVocabulary) vocabulary = rk_vocabulary_new();
    for (uint32_t b = 0; rk_vocabulary_size(vocabulary) < n; b++) {
        g_auto(Blob) blob = {0};
        if (!read_blob(dataset->store,
                       "SELECT n_codes, checksum, data FROM vocabulary_block "
                       "WHERE vocabulary = ? AND position = ?",
                       id, b, &blob, error))
            return NULL;
        if (blob.n <= 0 || blob.n > RK_VOCABULARY_BLOCK ||
            !rk_stored_vocabulary_block(&blob.stored, (uint32_t)blob.n, vocabulary, error))
            return NULL;
    }
    return g_steal_pointer(&vocabulary);
}

static RkVocabulary *
load_vocabulary(RkDataset *dataset, const char *name, GError **error)
{
    g_autofree char *prefix = NULL;
    int64_t id = 0, n = 0, first = 0;
    {
        g_auto(RkRows) rows = {0};
        if (!rk_rows_query(&rows, dataset->store, error,
                           "SELECT id, n_codes, prefix, first FROM vocabulary "
                           "WHERE dataset = ? AND name = ?",
                           "is", dataset->id, name))
            return NULL;
        int next = rk_rows_next(&rows, error);
        if (next == 0)
            g_set_error(error, RK_ERROR, RK_ERROR_NOT_FOUND, "there is no such vocabulary.");
        if (next != 1)
            return NULL;
        id = sqlite3_column_int64(rows.stmt, 0);
        n = sqlite3_column_int64(rows.stmt, 1);
        prefix = g_strdup((const char *)sqlite3_column_text(rows.stmt, 2));
        first = sqlite3_column_int64(rows.stmt, 3);
    }
    if (prefix != NULL)
        return rk_vocabulary_new_range(prefix, (uint64_t)first, (uint32_t)n);
    return load_blocks(dataset, id, (uint32_t)n, error);
}

const RkVocabulary *
rk_dataset_vocabulary(RkDataset *dataset, const char *name, GError **error)
{
    g_mutex_lock(&dataset->mutex);
    RkVocabulary *vocabulary = g_hash_table_lookup(dataset->vocabularies, name);
    if (vocabulary == NULL) {
        vocabulary = load_vocabulary(dataset, name, error);
        if (vocabulary != NULL)
            g_hash_table_replace(dataset->vocabularies, g_strdup(name), vocabulary);
        else
            g_prefix_error(error, "Can't read the vocabulary %s of the dataset %s: ", name,
                           dataset->name);
    }
    g_mutex_unlock(&dataset->mutex);
    return vocabulary;
}

// ---- metadata and attached blobs -----------------------------------------------------------

char *
rk_dataset_meta(RkDataset *dataset, const char *key, GError **error)
{
    g_auto(RkRows) rows = {0};
    int next = -1;
    if (rk_rows_query(&rows, dataset->store, error,
                      "SELECT value FROM dataset_meta WHERE dataset = ? AND key = ?", "is",
                      dataset->id, key))
        next = rk_rows_next(&rows, error);
    if (next < 0)
        g_prefix_error(error, "Can't read \"%s\" of the dataset %s: ", key, dataset->name);
    return next == 1 ? g_strdup((const char *)sqlite3_column_text(rows.stmt, 0)) : NULL;
}

gboolean
rk_dataset_set_meta(RkDataset *dataset, const char *key, const char *json, GError **error)
{
    return rk_records_set_meta(dataset->store, dataset->id, key, json, error);
}

GBytes *
rk_dataset_blob(RkDataset *dataset, const char *key, uint32_t part, GError **error)
{
    g_auto(Blob) blob = {0};
    int next = -1;
    {
        g_auto(RkRows) rows = {0};
        if (rk_rows_query(&rows, dataset->store, error,
                          "SELECT 0, checksum, data FROM dataset_blob "
                          "WHERE dataset = ? AND key = ? AND part = ?",
                          "isi", dataset->id, key, (int64_t)part))
            next = rk_rows_next(&rows, error);
        if (next == 1)
            copy_blob(rows.stmt, &blob);
    }
    GBytes *bytes = next == 1 ? rk_stored_bytes(&blob.stored, error) : NULL;
    if (next < 0 || (next == 1 && bytes == NULL))
        g_prefix_error(error, "Can't read \"%s\" part %u of the dataset %s: ", key, part,
                       dataset->name);
    return bytes;
}

gboolean
rk_dataset_set_blob(RkDataset *dataset, const char *key, uint32_t part, GBytes *bytes,
                    GError **error)
{
    return rk_records_set_blob(dataset->store, dataset->id, key, part, bytes, error);
}

gboolean
rk_dataset_remove(RkStore *store, const char *name, GError **error)
{
    int64_t id = 0;
    if (find_id(store, name, &id, error) && rk_records_delete(store, id, error))
        return TRUE;
    g_prefix_error(error, "Can't remove the dataset %s: ", name);
    return FALSE;
}
