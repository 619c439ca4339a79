// SPDX-License-Identifier: GPL-3.0-or-later
//
// Writing a dataset. The owner's thread types rows into chunks; the writer's thread encodes them
// and puts them into the database, some MiB a transaction, under a dataset without a name. The
// commit gives the name. At most MAX_QUEUED chunks wait, so memory doesn't grow with the dataset.
#include "store/dataset.h"

#include <string.h>

#include "dataset/rechunk.h"
#include "store/codec.h"
#include "store/records.h"
#include "store/sql.h"
#include "store/writers.h"

#define MAX_QUEUED 2

typedef struct {
    RkChunkSink sink; // first; takes full chunks and queues copies
    RkDatasetWriter *writer;
} Intake;

struct RkDatasetWriter {
    RkStore *store;
    char *name;
    RkSchema *stored;
    int64_t id; // 0 until the records are there
    int64_t *table_ids;
    GArray **field_ids; // a table
    gboolean entered;   // has the right to write
    gboolean ending;    // its owner hands over nothing more
    gboolean ended;     // the thread has been joined and everything is in the database
    gboolean committed;

    RkVocabularies *vocabularies;
    Intake intake;
    RkEncoder *encoder;
    RkRechunk *rechunk;

    GThread *thread;
    GMutex mutex; // guards what follows
    GCond changed;
    GQueue queue; // of RkChunk, owned
    gboolean closing;
    GError *failure; // of the thread
    // the thread's own until it is joined
    uint64_t *n_rows;     // stored so far, a table
    uint64_t **max_codes; // largest code + 1, a table and field
};

// ---- the writer's thread -------------------------------------------------------------------

static void
note_max_code(RkDatasetWriter *writer, uint32_t table, uint32_t c, const RkColumn *column)
{
    size_t n = column->n_rows;
    if (column->type == RK_COLUMN_CODES)
        n = column->offset[n];
    else if (column->type != RK_COLUMN_CODE)
        return;
    uint32_t max = 0; // of code + 1, so that the missing one counts as 0
    for (size_t i = 0; i < n; i++)
        max = MAX(max, column->code[i] + 1u);
    writer->max_codes[table][c] = MAX(writer->max_codes[table][c], max);
}

static gboolean
insert_column(RkDatasetWriter *writer, RkCodec *codec, const RkChunk *chunk, uint32_t c,
              GError **error)
{
    const RkColumn *column = &chunk->columns[c];
    int64_t field = g_array_index(writer->field_ids[chunk->table], int64_t, c);
    RkEncoded encoded = rk_codec_column(codec, column);
    note_max_code(writer, chunk->table, c, column);
    return rk_sql_run(writer->store, error,
                      "INSERT INTO column_chunk (field, position, n_rows, checksum, data, forms) "
                      "VALUES (?, ?, ?, ?, ?, ?)",
                      "iiiibb", field, (int64_t)(chunk->first_row / RK_CHUNK_ROWS),
                      (int64_t)chunk->n_rows, (int64_t)encoded.checksum, encoded.data->data,
                      (size_t)encoded.data->len, encoded.forms ? encoded.forms->data : NULL,
                      (size_t)(encoded.forms ? encoded.forms->len : 0));
}

static gboolean
insert_chunk(RkDatasetWriter *writer, RkCodec *codec, const RkChunk *chunk, GError **error)
{
    for (uint32_t c = 0; c < chunk->n_columns; c++)
        if (!insert_column(writer, codec, chunk, c, error))
            return FALSE;
    writer->n_rows[chunk->table] = chunk->first_row + chunk->n_rows;
    return TRUE;
}

// The next chunk of the queue, or NULL when it is closed and empty or something failed.
static RkChunk *
take_chunk(RkDatasetWriter *writer)
{
    g_mutex_lock(&writer->mutex);
    while (g_queue_is_empty(&writer->queue) && !writer->closing)
        g_cond_wait(&writer->changed, &writer->mutex);
    RkChunk *chunk = g_queue_pop_head(&writer->queue);
    g_cond_broadcast(&writer->changed);
    g_mutex_unlock(&writer->mutex);
    return chunk;
}

static gpointer
run_writer(gpointer data)
{
    RkDatasetWriter *writer = data;
    g_autoptr(RkCodec) codec = rk_codec_new();
    for (RkChunk *chunk = take_chunk(writer); chunk != NULL; chunk = take_chunk(writer)) {
        GError *error = NULL;
        gboolean done = insert_chunk(writer, codec, chunk, &error);
        rk_chunk_free(chunk);
        if (done)
            continue;
        g_mutex_lock(&writer->mutex);
        writer->failure = error;
        g_cond_broadcast(&writer->changed);
        g_mutex_unlock(&writer->mutex);
        break;
    }
    return NULL;
}

// ---- handing chunks to it ------------------------------------------------------------------

static void
prefix_name(const RkDatasetWriter *writer, GError **error)
{
    g_prefix_error(error,
                   "Can't write the dataset %s: ", writer->name ? writer->name : "(scratch)");
}

static gboolean
queue_chunk(RkChunkSink *sink, const RkChunk *chunk, GError **error)
{
    RkDatasetWriter *writer = ((Intake *)sink)->writer;
    g_return_val_if_fail(!writer->ended && chunk->first_row % RK_CHUNK_ROWS == 0, FALSE);
    RkChunk *copy = rk_chunk_copy(chunk);
    g_mutex_lock(&writer->mutex);
    while (writer->queue.length >= MAX_QUEUED && writer->failure == NULL)
        g_cond_wait(&writer->changed, &writer->mutex);
    gboolean fine = writer->failure == NULL;
    if (fine)
        g_queue_push_tail(&writer->queue, copy);
    else
        g_propagate_error(error, g_error_copy(writer->failure));
    g_cond_broadcast(&writer->changed);
    g_mutex_unlock(&writer->mutex);
    if (fine)
        return TRUE;
    rk_chunk_free(copy);
    if (!writer->ending) // else whoever ends says so
        prefix_name(writer, error);
    return FALSE;
}

// Lets the thread work off the queue (or drop it) and waits for its end.
static void
join_thread(RkDatasetWriter *writer, gboolean drop)
{
    if (writer->thread == NULL)
        return;
    g_mutex_lock(&writer->mutex);
    writer->closing = TRUE;
    if (drop)
        g_queue_clear_full(&writer->queue, (GDestroyNotify)rk_chunk_free);
    g_cond_broadcast(&writer->changed);
    g_mutex_unlock(&writer->mutex);
    g_thread_join(g_steal_pointer(&writer->thread));
    g_queue_clear_full(&writer->queue, (GDestroyNotify)rk_chunk_free); // left by a failure
}

// ---- starting ------------------------------------------------------------------------------

static gboolean
check_name(RkStore *store, const char *name, GError **error)
{
    if (name == NULL)
        return TRUE;
    gboolean fits = *name != '\0' && *name != '-' && g_utf8_validate(name, -1, NULL);
    for (const char *p = name; *p; p++)
        fits &= !g_ascii_iscntrl(*p) && *p != '/';
    if (!fits) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "a name is UTF-8 text without slashes that doesn't start with a dash. Choose "
                    "another with --as.");
        return FALSE;
    }
    if (!rk_dataset_exists(store, name))
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "there is a dataset of that name. Choose another with --as, or remove it with "
                "rankine remove.");
    return FALSE;
}

static gboolean
start_records(RkDatasetWriter *writer, const char *params_json, GError **error)
{
    gboolean first = FALSE;
    gboolean busy = FALSE;
    uint32_t n_swept = 0;
    writer->entered = rk_writers_enter(writer->store, &first, &busy, error);
    return writer->entered && (!first || rk_records_sweep(writer->store, &n_swept, error)) &&
           rk_records_insert(writer->store, writer->stored, &writer->id, writer->table_ids,
                             writer->field_ids, error) &&
           (params_json == NULL ||
            rk_records_set_meta(writer->store, writer->id, "params", params_json, error));
}

RkDatasetWriter *
rk_dataset_writer_new(RkStore *store, const char *name, const RkSchema *schema,
                      const char *params_json, GError **error)
{
    g_autoptr(RkDatasetWriter) writer = g_new0(RkDatasetWriter, 1);
    guint n_tables = schema->tables->len;
    g_mutex_init(&writer->mutex);
    g_cond_init(&writer->changed);
    g_queue_init(&writer->queue);
    writer->store = rk_store_ref(store);
    writer->name = g_strdup(name);
    writer->stored = rk_schema_copy_stored(schema);
    writer->table_ids = g_new0(int64_t, n_tables + 1);
    writer->field_ids = g_new0(GArray *, n_tables + 1);
    writer->n_rows = g_new0(uint64_t, n_tables + 1);
    writer->max_codes = g_new0(uint64_t *, n_tables + 1);
    for (guint t = 0; t < n_tables; t++) {
        writer->field_ids[t] = g_array_new(FALSE, FALSE, sizeof(int64_t));
        writer->max_codes[t] =
            g_new0(uint64_t, rk_schema_table(writer->stored, t)->fields->len + 1);
    }
    writer->vocabularies = rk_vocabularies_new();
    writer->intake = (Intake){{queue_chunk}, writer};
    writer->encoder = rk_encoder_new(schema, writer->vocabularies, &writer->intake.sink);
    writer->rechunk = rk_rechunk_new(writer->stored, &writer->intake.sink);
    if (!check_name(store, name, error) || !start_records(writer, params_json, error)) {
        prefix_name(writer, error);
        return NULL;
    }
    writer->thread = g_thread_new("rk-writer", run_writer, writer);
    return g_steal_pointer(&writer);
}

void
rk_dataset_writer_free(RkDatasetWriter *writer)
{
    if (writer == NULL)
        return;
    join_thread(writer, TRUE);
    // Should the removal fail (a full disk, say), the next writer or doctor sweeps the rest.
    if (writer->id != 0 && !writer->committed)
        rk_records_delete(writer->store, writer->id, NULL);
    if (writer->entered)
        rk_writers_leave(writer->store);
    rk_encoder_free(writer->encoder);
    rk_rechunk_free(writer->rechunk);
    rk_vocabularies_free(writer->vocabularies);
    for (guint t = 0; t < writer->stored->tables->len; t++) {
        g_array_unref(writer->field_ids[t]);
        g_free(writer->max_codes[t]);
    }
    g_free(writer->field_ids);
    g_free(writer->max_codes);
    g_free(writer->table_ids);
    g_free(writer->n_rows);
    rk_schema_free(writer->stored);
    g_clear_error(&writer->failure);
    g_mutex_clear(&writer->mutex);
    g_cond_clear(&writer->changed);
    g_free(writer->name);
    rk_store_unref(writer->store);
    g_free(writer);
}

// ---- what its owner sees -------------------------------------------------------------------

RkRowSink *
rk_dataset_writer_rows(RkDatasetWriter *writer)
{
    return rk_encoder_rows(writer->encoder);
}

RkChunkSink *
rk_dataset_writer_chunks(RkDatasetWriter *writer)
{
    return rk_rechunk_sink(writer->rechunk);
}

RkVocabulary *
rk_dataset_writer_vocabulary(RkDatasetWriter *writer, const char *name)
{
    return rk_vocabularies_get(writer->vocabularies, name);
}

void
rk_dataset_writer_set_vocabulary(RkDatasetWriter *writer, const char *name,
                                 RkVocabulary *vocabulary)
{
    rk_vocabularies_take(writer->vocabularies, name, rk_vocabulary_ref(vocabulary));
}

uint64_t
rk_dataset_writer_n_rows(const RkDatasetWriter *writer, uint32_t table)
{
    return rk_encoder_n_rows(writer->encoder, table) + rk_rechunk_n_rows(writer->rechunk, table);
}

gboolean
rk_dataset_writer_set_meta(RkDatasetWriter *writer, const char *key, const char *json,
                           GError **error)
{
    return rk_records_set_meta(writer->store, writer->id, key, json, error);
}

gboolean
rk_dataset_writer_set_blob(RkDatasetWriter *writer, const char *key, uint32_t part, GBytes *bytes,
                           GError **error)
{
    return rk_records_set_blob(writer->store, writer->id, key, part, bytes, error);
}

// ---- ending --------------------------------------------------------------------------------

// Every code must be one of its vocabulary's.
static gboolean
check_codes(RkDatasetWriter *writer, GError **error)
{
    for (guint t = 0; t < writer->stored->tables->len; t++) {
        const RkTable *table = rk_schema_table(writer->stored, t);
        for (guint f = 0; f < table->fields->len; f++) {
            const RkField *field = rk_table_field(table, f);
            if (field->vocabulary == NULL)
                continue;
            uint32_t n =
                rk_vocabulary_size(rk_vocabularies_get(writer->vocabularies, field->vocabulary));
            if (writer->max_codes[t][f] <= n)
                continue;
            g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                        "the field %s of %s has the code %" G_GUINT64_FORMAT
                        " and its vocabulary %s has %u codes. Hand over the vocabulary before the "
                        "commit.",
                        field->name, table->name, writer->max_codes[t][f] - 1, field->vocabulary,
                        n);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
store_row_counts(RkDatasetWriter *writer, GError **error)
{
    for (guint t = 0; t < writer->stored->tables->len; t++)
        if (!rk_sql_run(writer->store, error, "UPDATE dataset_table SET n_rows = ? WHERE id = ?",
                        "ii", (int64_t)writer->n_rows[t], writer->table_ids[t]))
            return FALSE;
    return TRUE;
}

// Everything into the database; afterwards nothing can be added.
static gboolean
end(RkDatasetWriter *writer, GError **error)
{
    if (writer->ended)
        return TRUE;
    writer->ending = TRUE;
    if (!rk_encoder_finish(writer->encoder, error) || !rk_rechunk_finish(writer->rechunk, error))
        return FALSE;
    join_thread(writer, FALSE);
    if (writer->failure != NULL) {
        g_propagate_error(error, g_error_copy(writer->failure));
        return FALSE;
    }
    writer->ended =
        check_codes(writer, error) && store_row_counts(writer, error) &&
        rk_records_insert_vocabularies(writer->store, writer->id, writer->vocabularies, error);
    return writer->ended;
}

static gboolean
publish(RkDatasetWriter *writer, GError **error)
{
    g_auto(RkTransaction) transaction = {0};
    if (!rk_transaction_begin(&transaction, writer->store, error) ||
        !check_name(writer->store, writer->name, error) ||
        !rk_sql_run(writer->store, error, "UPDATE dataset SET name = ? WHERE id = ?", "si",
                    writer->name, writer->id) ||
        !rk_records_measure(writer->store, writer->id, error))
        return FALSE;
    return rk_transaction_commit(&transaction, error);
}

gboolean
rk_dataset_writer_commit(RkDatasetWriter *writer, GError **error)
{
    g_return_val_if_fail(writer->name != NULL && !writer->committed, FALSE);
    writer->committed = end(writer, error) && publish(writer, error);
    if (!writer->committed)
        prefix_name(writer, error);
    return writer->committed;
}

RkDataset *
rk_dataset_writer_read(RkDatasetWriter *writer, GError **error)
{
    if (end(writer, error))
        return rk_dataset_open_id(writer->store, writer->id, "", error);
    prefix_name(writer, error);
    return NULL;
}
