// SPDX-License-Identifier: GPL-3.0-or-later
//
// Copying what is whole out of a damaged database.
#include "store/doctor.h"

#include "store/dataset.h"
#include "store/sql.h"

static gboolean
copy_rows(RkDataset *from, RkDatasetWriter *to, GError **error)
{
    RkChunkSource *source = rk_dataset_source(from);
    RkChunkSink *sink = rk_dataset_writer_chunks(to);
    for (guint t = 0; t < source->schema->tables->len; t++) {
        const RkTable *table = rk_schema_table(source->schema, t);
        for (guint f = 0; f < table->fields->len; f++) {
            const char *name = rk_table_field(table, f)->vocabulary;
            const RkVocabulary *vocabulary =
                name != NULL ? rk_dataset_vocabulary(from, name, error) : NULL;
            if (name != NULL && vocabulary == NULL)
                return FALSE;
            if (name != NULL) // nothing is interned any more, so the two may share it
                rk_dataset_writer_set_vocabulary(to, name, (RkVocabulary *)vocabulary);
        }
        for (uint32_t i = 0; i < rk_n_chunks(source->n_rows(source, t)); i++) {
            g_autoptr(RkChunk) chunk = source->read(source, t, i, NULL, error);
            if (chunk == NULL || !sink->chunk(sink, chunk, error))
                return FALSE;
        }
    }
    return TRUE;
}

static gboolean
copy_attached(RkStore *store, RkDataset *from, RkDatasetWriter *to, GError **error)
{
    const char *name = rk_dataset_name(from);
    g_auto(RkRows) metas = {0};
    g_auto(RkRows) blobs = {0};
    int next;
    if (!rk_rows_query(&metas, store, error,
                       "SELECT key, value FROM dataset_meta JOIN dataset d ON dataset = d.id "
                       "WHERE d.name = ?",
                       "s", name))
        return FALSE;
    while ((next = rk_rows_next(&metas, error)) == 1)
        if (!rk_dataset_writer_set_meta(to, (const char *)sqlite3_column_text(metas.stmt, 0),
                                        (const char *)sqlite3_column_text(metas.stmt, 1), error))
            return FALSE;
    if (next < 0 || !rk_rows_query(&blobs, store, error,
                                   "SELECT key, part FROM dataset_blob "
                                   "JOIN dataset d ON dataset = d.id WHERE d.name = ?",
                                   "s", name))
        return FALSE;
    while ((next = rk_rows_next(&blobs, error)) == 1) {
        const char *key = (const char *)sqlite3_column_text(blobs.stmt, 0);
        uint32_t part = (uint32_t)sqlite3_column_int64(blobs.stmt, 1);
        g_autoptr(GBytes) bytes = rk_dataset_blob(from, key, part, error);
        if (bytes == NULL || !rk_dataset_writer_set_blob(to, key, part, bytes, error))
            return FALSE;
    }
    return next == 0;
}

static gboolean
salvage(RkStore *from_store, RkStore *to_store, const char *name, GError **error)
{
    g_autoptr(RkDataset) from = rk_dataset_open(from_store, name, error);
    if (from == NULL)
        return FALSE;
    g_autoptr(RkDatasetWriter) to =
        rk_dataset_writer_new(to_store, name, rk_dataset_schema(from), NULL, error);
    return to != NULL && copy_rows(from, to, error) && copy_attached(from_store, from, to, error) &&
           rk_dataset_writer_commit(to, error);
}

GPtrArray *
rk_doctor_salvage(RkStore *from, RkStore *to, GError **error)
{
    g_autoptr(GPtrArray) list = rk_dataset_list(from, error);
    if (list == NULL)
        return NULL;
    GPtrArray *findings = g_ptr_array_new_with_free_func(rk_finding_free);
    for (guint i = 0; i < list->len; i++) {
        const char *name = ((RkDatasetInfo *)g_ptr_array_index(list, i))->name;
        g_autoptr(GError) refusal = NULL;
        RkFinding *finding = g_new0(RkFinding, 1);
        finding->repaired = salvage(from, to, name, &refusal);
        finding->what = finding->repaired
                            ? g_strdup_printf("%s was copied to %s.", name, rk_store_path(to))
                            : g_strdup(refusal->message);
        g_ptr_array_add(findings, finding);
    }
    return findings;
}
