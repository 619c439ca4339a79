// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/model.h"

#include "store/records.h"
#include "store/tensors-private.h"

#define COLUMNS                                                                                    \
    "m.id, m.name, m.version, m.kind, m.dataset, p.name, p.version, m.settings, m.facts, "         \
    "m.created_s, (SELECT ifnull(sum(n_bytes), 0) FROM tensor WHERE model = m.id) "                \
    "FROM model m LEFT JOIN model p ON m.parent = p.id "

void
rk_stored_model_free(RkStoredModel *model)
{
    if (model == NULL)
        return;
    g_free(model->name);
    g_free(model->kind);
    g_free(model->dataset);
    g_free(model->parent);
    g_free(model->settings);
    g_free(model->facts);
    rk_tensor_list_free(model->tensors);
    g_free(model);
}

// ---- saving --------------------------------------------------------------------------------

// Finds the id of a version, the newest for 0; 0 without one.
static gboolean
find_id(RkStore *store, const char *name, uint32_t version, int64_t *id, GError **error)
{
    return rk_sql_int(store, id, 0, error,
                      "SELECT id FROM model WHERE name = ? AND (? IN (0, version)) "
                      "ORDER BY version DESC LIMIT 1",
                      "si", name, (int64_t)version);
}

static gboolean
fail_missing(const RkStore *store, const char *name, GError **error)
{
    g_set_error(error, RK_ERROR, RK_ERROR_NOT_FOUND,
                "%s has no model %s. List them with rankine models.", rk_store_path(store), name);
    return FALSE;
}

// What the new model is called and comes from.
static gboolean
find_place(RkStore *store, const RkStoredModel *model, gboolean update, int64_t *version,
           int64_t *parent, GError **error)
{
    int64_t same = 0;
    if (!find_id(store, model->name, 0, &same, error) ||
        !rk_sql_int(store, version, 1, error,
                    "SELECT ifnull(max(version), 0) + 1 FROM model WHERE name = ?", "s",
                    model->name))
        return FALSE;
    if (same == 0 && update)
        return fail_missing(store, model->name, error);
    if (same != 0 && !update) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "there is a model of that name. Choose another with --as, or remove it with "
                    "rankine remove.");
        return FALSE;
    }
    *parent = same;
    if (model->parent == NULL)
        return TRUE;
    if (!find_id(store, model->parent, model->parent_version, parent, error))
        return FALSE;
    return *parent != 0 || fail_missing(store, model->parent, error);
}

static gboolean
insert(RkStore *store, const RkStoredModel *model, gboolean update, int64_t *id, GError **error)
{
    int64_t version = 1;
    int64_t parent = 0;
    if (!find_place(store, model, update, &version, &parent, error) ||
        !rk_sql_run(store, error,
                    "INSERT INTO model (name, version, kind, dataset, parent, settings, facts, "
                    "created_s) VALUES (?, ?, ?, ?, nullif(?, 0), ?, ?, ?)",
                    "sississi", model->name, version, model->kind, model->dataset, parent,
                    model->settings ? model->settings : "{}", model->facts ? model->facts : "{}",
                    g_get_real_time() / G_USEC_PER_SEC))
        return FALSE;
    *id = sqlite3_last_insert_rowid(store->db);
    return TRUE;
}

gboolean
rk_model_save(RkStore *store, const RkStoredModel *model, const RkTensorSource *source,
              gboolean update, GError **error)
{
    g_auto(RkTransaction) transaction = {0};
    int64_t id = 0;
    if (rk_transaction_begin(&transaction, store, error) &&
        insert(store, model, update, &id, error) &&
        rk_tensors_insert(store, RK_OWNER_MODEL, id, source, error) &&
        rk_transaction_commit(&transaction, error))
        return TRUE;
    g_prefix_error(error, "Can't save the model %s: ", model->name);
    return FALSE;
}

// ---- reading -------------------------------------------------------------------------------

static char *
text_at(const RkRows *rows, int column)
{
    return g_strdup((const char *)sqlite3_column_text(rows->stmt, column));
}

static RkStoredModel *
read_model(const RkRows *rows)
{
    RkStoredModel *model = g_new0(RkStoredModel, 1);
    model->name = text_at(rows, 1);
    model->version = (uint32_t)sqlite3_column_int64(rows->stmt, 2);
    model->kind = text_at(rows, 3);
    model->dataset = text_at(rows, 4);
    model->parent = text_at(rows, 5);
    model->parent_version = (uint32_t)sqlite3_column_int64(rows->stmt, 6);
    model->settings = text_at(rows, 7);
    model->facts = text_at(rows, 8);
    model->created_s = sqlite3_column_int64(rows->stmt, 9);
    model->n_bytes = (uint64_t)sqlite3_column_int64(rows->stmt, 10);
    return model;
}

static RkStoredModel *
open_row(RkStore *store, const char *name, uint32_t version, GError **error)
{
    g_auto(RkRows) rows = {0};
    if (!rk_rows_query(&rows, store, error,
                       "SELECT " COLUMNS "WHERE m.name = ? AND (? IN (0, m.version)) "
                       "ORDER BY m.version DESC LIMIT 1",
                       "si", name, (int64_t)version))
        return NULL;
    int next = rk_rows_next(&rows, error);
    if (next == 0)
        fail_missing(store, name, error);
    if (next != 1)
        return NULL;
    g_autoptr(RkStoredModel) model = read_model(&rows);
    int64_t id = sqlite3_column_int64(rows.stmt, 0);
    model->tensors = rk_tensors_list(store, RK_OWNER_MODEL, id, error);
    return model->tensors != NULL ? g_steal_pointer(&model) : NULL;
}

RkStoredModel *
rk_model_open(RkStore *store, const char *name, uint32_t version, GError **error)
{
    RkStoredModel *model = open_row(store, name, version, error);
    if (model == NULL)
        g_prefix_error(error, "Can't open the model %s: ", name);
    return model;
}

GPtrArray *
rk_model_list(RkStore *store, GError **error)
{
    g_auto(RkRows) rows = {0};
    g_autoptr(GPtrArray) list =
        g_ptr_array_new_with_free_func((GDestroyNotify)rk_stored_model_free);
    int next = -1;
    if (rk_rows_query(&rows, store, error,
                      "SELECT " COLUMNS "WHERE m.version = (SELECT max(version) FROM model "
                      "WHERE name = m.name) ORDER BY m.name",
                      ""))
        while ((next = rk_rows_next(&rows, error)) == 1)
            g_ptr_array_add(list, read_model(&rows));
    if (next == 0)
        return g_steal_pointer(&list);
    g_prefix_error(error, "Can't list the models: ");
    return NULL;
}

gboolean
rk_model_exists(RkStore *store, const char *name)
{
    int64_t id = 0;
    return find_id(store, name, 0, &id, NULL) && id != 0;
}

gboolean
rk_model_remove(RkStore *store, const char *name, GError **error)
{
    int64_t id = 0;
    if (find_id(store, name, 0, &id, error) && (id != 0 || fail_missing(store, name, error)) &&
        rk_sql_run(store, error, "DELETE FROM model WHERE name = ?", "s", name) &&
        rk_records_give_space_back(store, error))
        return TRUE;
    g_prefix_error(error, "Can't remove the model %s: ", name);
    return FALSE;
}
