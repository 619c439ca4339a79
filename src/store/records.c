// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/records.h"

// ---- inserting -----------------------------------------------------------------------------

// Ids of fields are drawn, not counted up: chunks are found by them, and whoever still reads a
// dataset that was removed must not meet the chunks of the next one under the same id.
static gboolean
insert_field(RkStore *store, int64_t table, uint32_t position, const RkField *field, int64_t *id,
             GError **error)
{
    if (!rk_sql_run(store, error,
                    "INSERT INTO field (id, in_table, position, name, kind, vocabulary, separator, "
                    "per_second, why) VALUES (abs(random() >> 10), ?, ?, ?, ?, ?, ?, ?, ?)",
                    "iisssiis", table, (int64_t)position, field->name,
                    rk_field_kind_name(field->kind), field->vocabulary,
                    (int64_t)(uint8_t)field->separator, (int64_t)field->per_second, field->why))
        return FALSE;
    *id = sqlite3_last_insert_rowid(store->db);
    return TRUE;
}

static gboolean
insert_table(RkStore *store, int64_t dataset, uint32_t position, const RkTable *table, int64_t *id,
             GArray *field_ids, GError **error)
{
    if (!rk_sql_run(store, error,
                    "INSERT INTO dataset_table (dataset, position, name, role) VALUES (?, ?, ?, ?)",
                    "iiss", dataset, (int64_t)position, table->name,
                    rk_table_role_name(table->role)))
        return FALSE;
    *id = sqlite3_last_insert_rowid(store->db);
    for (guint f = 0; f < table->fields->len; f++) {
        int64_t field = 0;
        if (!insert_field(store, *id, f, rk_table_field(table, f), &field, error))
            return FALSE;
        g_array_append_val(field_ids, field);
    }
    return TRUE;
}

gboolean
rk_records_insert(RkStore *store, const RkSchema *schema, int64_t *id, int64_t *table_ids,
                  GArray **field_ids, GError **error)
{
    g_auto(RkTransaction) transaction = {0};
    if (!rk_transaction_begin(&transaction, store, error) ||
        !rk_sql_run(store, error, "INSERT INTO dataset (created_s) VALUES (?)", "i",
                    g_get_real_time() / G_USEC_PER_SEC))
        return FALSE;
    *id = sqlite3_last_insert_rowid(store->db);
    for (guint t = 0; t < schema->tables->len; t++)
        if (!insert_table(store, *id, t, rk_schema_table(schema, t), &table_ids[t], field_ids[t],
                          error))
            return FALSE;
    return rk_transaction_commit(&transaction, error);
}

static gboolean
insert_block(RkStore *store, RkCodec *codec, int64_t vocabulary, uint32_t position,
             const RkVocabularyBlock *block, GError **error)
{
    RkEncoded encoded = rk_codec_vocabulary_block(codec, block);
    return rk_sql_run(store, error,
                      "INSERT INTO vocabulary_block (vocabulary, position, n_codes, checksum, data)"
                      " VALUES (?, ?, ?, ?, ?)",
                      "iiiib", vocabulary, (int64_t)position, (int64_t)block->n,
                      (int64_t)encoded.checksum, encoded.data->data, (size_t)encoded.data->len);
}

static gboolean
insert_vocabulary(RkStore *store, RkCodec *codec, int64_t dataset, const char *name,
                  const RkVocabulary *vocabulary, GError **error)
{
    const char *prefix = NULL;
    uint64_t first = 0;
    uint32_t n = rk_vocabulary_size(vocabulary);
    gboolean is_range = rk_vocabulary_is_range(vocabulary, &prefix, &first);
    if (!rk_sql_run(store, error,
                    "INSERT INTO vocabulary (dataset, name, n_codes, prefix, first) "
                    "VALUES (?, ?, ?, ?, ?)",
                    "isisi", dataset, name, (int64_t)n, prefix, (int64_t)first))
        return FALSE;
    int64_t id = sqlite3_last_insert_rowid(store->db);
    for (uint32_t b = 0; !is_range && (uint64_t)b * RK_VOCABULARY_BLOCK < n; b++) {
        RkVocabularyBlock block = rk_vocabulary_block(vocabulary, b);
        if (!insert_block(store, codec, id, b, &block, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
rk_records_insert_vocabularies(RkStore *store, int64_t id, RkVocabularies *set, GError **error)
{
    g_autoptr(RkCodec) codec = rk_codec_new();
    for (uint32_t i = 0; i < rk_vocabularies_n(set); i++) {
        const char *name = rk_vocabularies_name(set, i);
        g_auto(RkTransaction) transaction = {0};
        if (!rk_transaction_begin(&transaction, store, error) ||
            !insert_vocabulary(store, codec, id, name, rk_vocabularies_get(set, name), error) ||
            !rk_transaction_commit(&transaction, error)) {
            g_prefix_error(error, "Can't store the vocabulary %s: ", name);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
rk_records_measure(RkStore *store, int64_t id, GError **error)
{
    // length() of a blob is read from its row's header, not from its pages.
    return rk_sql_run(store, error,
                      "UPDATE dataset SET stored_bytes = "
                      "(SELECT ifnull(sum(length(c.data) + ifnull(length(c.forms), 0)), 0) FROM "
                      "dataset_table t JOIN field f ON f.in_table = t.id JOIN column_chunk c "
                      "ON c.field = f.id WHERE t.dataset = dataset.id) + "
                      "(SELECT ifnull(sum(length(b.data)), 0) FROM vocabulary v "
                      "JOIN vocabulary_block b ON b.vocabulary = v.id WHERE v.dataset = dataset.id)"
                      " WHERE id = ?",
                      "i", id);
}

gboolean
rk_records_set_meta(RkStore *store, int64_t id, const char *key, const char *json, GError **error)
{
    gboolean done =
        json == NULL
            ? rk_sql_run(store, error, "DELETE FROM dataset_meta WHERE dataset = ? AND key = ?",
                         "is", id, key)
            : rk_sql_run(store, error,
                         "INSERT INTO dataset_meta (dataset, key, value) VALUES (?, ?, ?) "
                         "ON CONFLICT DO UPDATE SET value = excluded.value",
                         "iss", id, key, json);
    if (!done)
        g_prefix_error(error, "Can't store \"%s\" of the dataset: ", key);
    return done;
}

gboolean
rk_records_set_blob(RkStore *store, int64_t id, const char *key, uint32_t part, GBytes *bytes,
                    GError **error)
{
    gboolean done = FALSE;
    if (bytes == NULL) {
        done = rk_sql_run(store, error,
                          "DELETE FROM dataset_blob WHERE dataset = ? AND key = ? AND part = ?",
                          "isi", id, key, (int64_t)part);
    } else {
        g_autoptr(RkCodec) codec = rk_codec_new();
        size_t n = 0;
        const void *data = g_bytes_get_data(bytes, &n);
        RkEncoded encoded = rk_codec_bytes(codec, data, n);
        done = rk_sql_run(store, error,
                          "INSERT INTO dataset_blob (dataset, key, part, checksum, data) "
                          "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
                          "SET checksum = excluded.checksum, data = excluded.data",
                          "isiib", id, key, (int64_t)part, (int64_t)encoded.checksum,
                          encoded.data->data, (size_t)encoded.data->len);
    }
    if (!done)
        g_prefix_error(error, "Can't store \"%s\" part %u of the dataset: ", key, part);
    return done;
}

// ---- deleting ------------------------------------------------------------------------------

// Deletes a few rows of a table at a time until none is left.
static gboolean
delete_pieces(RkStore *store, const char *sql, int64_t id, GError **error)
{
    int n_changed = 1;
    while (n_changed > 0) {
        g_rec_mutex_lock(&store->lock);
        gboolean done = rk_sql_run(store, error, sql, "i", id);
        n_changed = sqlite3_changes(store->db);
        g_rec_mutex_unlock(&store->lock);
        if (!done)
            return FALSE;
    }
    return TRUE;
}

gboolean
rk_records_give_space_back(RkStore *store, GError **error)
{
    int64_t n_free = 1;
    int64_t n_before = 0;
    do {
        n_before = n_free;
        if (!rk_sql_run(store, error, "PRAGMA incremental_vacuum(4096)", "") ||
            !rk_sql_int(store, &n_free, 0, error, "PRAGMA freelist_count", ""))
            return FALSE;
    } while (n_free > 0 && n_free != n_before);
    return TRUE;
}

gboolean
rk_records_delete(RkStore *store, int64_t id, GError **error)
{
    // 64 blobs of some 100 KiB are what the WAL takes between two checkpoints.
    static const char *const PIECES[] = {
        "DELETE FROM column_chunk WHERE id IN (SELECT c.id FROM column_chunk c "
        "JOIN field f ON c.field = f.id JOIN dataset_table t ON f.in_table = t.id "
        "WHERE t.dataset = ? LIMIT 64)",
        "DELETE FROM vocabulary_block WHERE id IN (SELECT b.id FROM vocabulary_block b "
        "JOIN vocabulary v ON b.vocabulary = v.id WHERE v.dataset = ? LIMIT 64)",
        "DELETE FROM dataset_blob WHERE id IN "
        "(SELECT id FROM dataset_blob WHERE dataset = ? LIMIT 64)",
    };
    if (!rk_sql_run(store, error, "UPDATE dataset SET name = NULL WHERE id = ?", "i", id))
        return FALSE;
    for (size_t i = 0; i < G_N_ELEMENTS(PIECES); i++)
        if (!delete_pieces(store, PIECES[i], id, error))
            return FALSE;
    return rk_sql_run(store, error, "DELETE FROM dataset WHERE id = ?", "i", id) &&
           rk_records_give_space_back(store, error);
}

gboolean
rk_records_sweep(RkStore *store, uint32_t *n_swept, GError **error)
{
    *n_swept = 0;
    for (;;) {
        int64_t id = 0;
        if (!rk_sql_int(store, &id, -1, error, "SELECT id FROM dataset WHERE name IS NULL LIMIT 1",
                        ""))
            return FALSE;
        if (id < 0)
            return TRUE;
        if (!rk_records_delete(store, id, error))
            return FALSE;
        ++*n_swept;
    }
}
