// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/tensors-private.h"

#include <string.h>

#include "store/codec.h"

#define CHUNK_BYTES ((size_t)1 << 20)

// Ids of tensors are drawn, so that whoever reads a removed model never meets the chunks of the
// next one under the same id.
static const struct {
    const char *insert;
    const char *list;
} OWNERS[] = {
    [RK_OWNER_MODEL] = {"INSERT INTO tensor (id, model, position, name, dtype, shape, n_bytes) "
                        "VALUES (abs(random() >> 10), ?, ?, ?, ?, ?, ?)",
                        "SELECT id, name, dtype, shape, n_bytes FROM tensor WHERE model = ? "
                        "ORDER BY position"},
    [RK_OWNER_CHECKPOINT] = {"INSERT INTO tensor (id, checkpoint, position, name, dtype, shape, "
                             "n_bytes) VALUES (abs(random() >> 10), ?, ?, ?, ?, ?, ?)",
                             "SELECT id, name, dtype, shape, n_bytes FROM tensor "
                             "WHERE checkpoint = ? ORDER BY position"},
};

// ---- shapes as text ------------------------------------------------------------------------

static char *
shape_text(const RkTensorInfo *info)
{
    GString *text = g_string_new(NULL);
    for (uint32_t i = 0; i < info->rank; i++)
        g_string_append_printf(text, "%s%u", i > 0 ? "," : "", info->dim[i]);
    return g_string_free(text, FALSE);
}

static gboolean
parse_shape(const char *text, RkTensorInfo *info, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text != NULL ? text : "?", ",", -1);
    info->rank = g_strv_length(parts); // 0 of ""
    gboolean fine = info->rank <= RK_STORED_RANK;
    for (uint32_t i = 0; fine && i < info->rank; i++) {
        guint64 extent = 0;
        fine = g_ascii_string_to_unsigned(parts[i], 10, 0, UINT32_MAX, &extent, NULL);
        info->dim[i] = (uint32_t)extent;
    }
    if (!fine)
        g_set_error(error, RK_ERROR, RK_ERROR_DATA, "the shape \"%s\" makes no sense.", text);
    return fine;
}

// ---- writing -------------------------------------------------------------------------------

static gboolean
insert_chunks(RkStore *store, RkCodec *codec, int64_t id, const RkTensorSource *source, uint32_t i,
              void *buffer, GError **error)
{
    uint64_t n_bytes = source->tensors[i].n_bytes;
    for (uint64_t at = 0; at < n_bytes; at += CHUNK_BYTES) {
        size_t n = (size_t)MIN(n_bytes - at, CHUNK_BYTES);
        if (!source->read(source->data, i, at, buffer, n, error))
            return FALSE;
        RkEncoded encoded = rk_codec_bytes(codec, buffer, n);
        if (!rk_sql_run(store, error,
                        "INSERT INTO tensor_chunk (tensor, position, checksum, data) "
                        "VALUES (?, ?, ?, ?)",
                        "iiib", id, (int64_t)(at / CHUNK_BYTES), (int64_t)encoded.checksum,
                        encoded.data->data, (size_t)encoded.data->len))
            return FALSE;
    }
    return TRUE;
}

gboolean
rk_tensors_insert(RkStore *store, RkTensorOwner owner, int64_t id, const RkTensorSource *source,
                  GError **error)
{
    g_autoptr(RkCodec) codec = rk_codec_new();
    g_autofree void *buffer = g_malloc(CHUNK_BYTES);
    for (uint32_t i = 0; i < source->n_tensors; i++) {
        const RkTensorInfo *info = &source->tensors[i];
        g_assert(info->rank <= RK_STORED_RANK);
        g_autofree char *shape = shape_text(info);
        if (!rk_sql_run(store, error, OWNERS[owner].insert, "iisssi", id, (int64_t)i, info->name,
                        info->dtype, shape, (int64_t)info->n_bytes) ||
            !insert_chunks(store, codec, sqlite3_last_insert_rowid(store->db), source, i, buffer,
                           error)) {
            g_prefix_error(error, "the tensor %s: ", info->name);
            return FALSE;
        }
    }
    return TRUE;
}

// ---- reading -------------------------------------------------------------------------------

typedef struct {
    int64_t id;
    RkTensorInfo info; // its texts owned
} Row;

struct RkTensorList {
    RkStore *store;
    GArray *rows; // of Row
};

static void
row_clear(gpointer data)
{
    Row *row = data;
    g_free((char *)row->info.name);
    g_free((char *)row->info.dtype);
}

void
rk_tensor_list_free(RkTensorList *list)
{
    if (list == NULL)
        return;
    g_array_unref(list->rows);
    rk_store_unref(list->store);
    g_free(list);
}

static const Row *
row_at(const RkTensorList *list, uint32_t i)
{
    g_assert(i < list->rows->len);
    return &g_array_index(list->rows, Row, i);
}

uint32_t
rk_tensor_list_n(const RkTensorList *list)
{
    return list->rows->len;
}

const RkTensorInfo *
rk_tensor_list_at(const RkTensorList *list, uint32_t i)
{
    return &row_at(list, i)->info;
}

int
rk_tensor_list_find(const RkTensorList *list, const char *name)
{
    for (uint32_t i = 0; i < list->rows->len; i++)
        if (g_strcmp0(row_at(list, i)->info.name, name) == 0)
            return (int)i;
    return -1;
}

RkTensorList *
rk_tensors_list(RkStore *store, RkTensorOwner owner, int64_t id, GError **error)
{
    g_auto(RkRows) rows = {0};
    g_autoptr(RkTensorList) list = g_new0(RkTensorList, 1);
    list->store = rk_store_ref(store);
    list->rows = g_array_new(FALSE, TRUE, sizeof(Row));
    g_array_set_clear_func(list->rows, row_clear);
    if (!rk_rows_query(&rows, store, error, OWNERS[owner].list, "i", id))
        return NULL;
    int next;
    while ((next = rk_rows_next(&rows, error)) == 1) {
        Row row = {.id = sqlite3_column_int64(rows.stmt, 0)};
        row.info.name = g_strdup((const char *)sqlite3_column_text(rows.stmt, 1));
        row.info.dtype = g_strdup((const char *)sqlite3_column_text(rows.stmt, 2));
        row.info.n_bytes = (uint64_t)sqlite3_column_int64(rows.stmt, 4);
        g_array_append_val(list->rows, row);
        RkTensorInfo *info = &g_array_index(list->rows, Row, list->rows->len - 1).info;
        if (!parse_shape((const char *)sqlite3_column_text(rows.stmt, 3), info, error))
            return NULL;
    }
    return next == 0 ? g_steal_pointer(&list) : NULL;
}

// The bytes of one chunk, decoded outside of the store's lock.
static GBytes *
read_chunk(RkStore *store, int64_t tensor, uint64_t position, size_t n, GError **error)
{
    g_autofree void *copy = NULL;
    RkStored stored = {0};
    {
        g_auto(RkRows) rows = {0};
        if (!rk_rows_query(&rows, store, error,
                           "SELECT checksum, data FROM tensor_chunk WHERE tensor = ? AND "
                           "position = ?",
                           "ii", tensor, (int64_t)position))
            return NULL;
        int next = rk_rows_next(&rows, error);
        if (next == 0)
            g_set_error(error, RK_ERROR, RK_ERROR_NOT_FOUND,
                        "it isn't there. It was removed meanwhile, or the database is damaged: run "
                        "rankine doctor.");
        if (next != 1)
            return NULL;
        const void *data = sqlite3_column_blob(rows.stmt, 1);
        stored.n_data = data != NULL ? (size_t)sqlite3_column_bytes(rows.stmt, 1) : 0;
        copy = g_memdup2(data, stored.n_data);
        stored.data = copy;
        stored.checksum = (uint32_t)sqlite3_column_int64(rows.stmt, 0);
    }
    g_autoptr(GBytes) bytes = rk_stored_bytes(&stored, error);
    if (bytes != NULL && g_bytes_get_size(bytes) != n) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                    "it has %" G_GSIZE_FORMAT " bytes instead of %" G_GSIZE_FORMAT
                    ". Run rankine doctor.",
                    g_bytes_get_size(bytes), n);
        return NULL;
    }
    return g_steal_pointer(&bytes);
}

gboolean
rk_tensor_list_read(const RkTensorList *list, uint32_t i,
                    gboolean (*write)(gpointer data, uint64_t at, const void *bytes, size_t n,
                                      GError **error),
                    gpointer data, GError **error)
{
    const Row *row = row_at(list, i);
    for (uint64_t at = 0; at < row->info.n_bytes; at += CHUNK_BYTES) {
        size_t n = (size_t)MIN(row->info.n_bytes - at, CHUNK_BYTES);
        g_autoptr(GBytes) bytes = read_chunk(list->store, row->id, at / CHUNK_BYTES, n, error);
        if (bytes == NULL) {
            g_prefix_error(error, "Can't read part %d of the tensor %s: ", (int)(at / CHUNK_BYTES),
                           row->info.name);
            return FALSE;
        }
        if (!write(data, at, g_bytes_get_data(bytes, NULL), n, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
copy_piece(gpointer data, uint64_t at, const void *bytes, size_t n, GError **error G_GNUC_UNUSED)
{
    memcpy((char *)data + at, bytes, n);
    return TRUE;
}

void *
rk_tensor_list_load(const RkTensorList *list, uint32_t i, GError **error)
{
    const RkTensorInfo *info = rk_tensor_list_at(list, i);
    g_autofree void *bytes = g_try_malloc(MAX(info->n_bytes, 1));
    if (bytes == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                    "Can't load the tensor %s: %" G_GUINT64_FORMAT
                    " bytes are not to be had. Close other programs.",
                    info->name, info->n_bytes);
        return NULL;
    }
    return rk_tensor_list_read(list, i, copy_piece, bytes, error) ? g_steal_pointer(&bytes) : NULL;
}

// ---- checking ------------------------------------------------------------------------------

static gboolean
drop_piece(gpointer data G_GNUC_UNUSED, uint64_t at G_GNUC_UNUSED, const void *bytes G_GNUC_UNUSED,
           size_t n G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
    return TRUE;
}

static gboolean
check_owner(RkStore *store, RkTensorOwner owner, int64_t id, const char *what, GPtrArray *damages)
{
    g_autoptr(GError) damage = NULL;
    g_autoptr(RkTensorList) list = rk_tensors_list(store, owner, id, &damage);
    gboolean fine = list != NULL;
    for (uint32_t i = 0; fine && i < rk_tensor_list_n(list); i++)
        fine = rk_tensor_list_read(list, i, drop_piece, NULL, &damage);
    if (!fine)
        g_ptr_array_add(damages, g_strdup_printf("The %s is damaged: %s", what, damage->message));
    return fine;
}

gboolean
rk_tensors_check(RkStore *store, GPtrArray *damages, GError **error)
{
    g_auto(RkRows) rows = {0};
    if (!rk_rows_query(
            &rows, store, error,
            "SELECT 0, id, 'model ' || name || ' (version ' || version || ')' FROM model "
            "UNION ALL SELECT 1, c.id, 'checkpoint at step ' || step || ' of the run ' "
            "|| r.name FROM checkpoint c JOIN run r ON c.run = r.id",
            ""))
        return FALSE;
    int next;
    while ((next = rk_rows_next(&rows, error)) == 1)
        check_owner(store,
                    sqlite3_column_int64(rows.stmt, 0) == 0 ? RK_OWNER_MODEL : RK_OWNER_CHECKPOINT,
                    sqlite3_column_int64(rows.stmt, 1),
                    (const char *)sqlite3_column_text(rows.stmt, 2), damages);
    return next == 0;
}
