// SPDX-License-Identifier: GPL-3.0-or-later
//
// A session's weights: on the device, or for tables that are too large for it, behind row caches.
#include "serve/session-private.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    RkIds ids;
    const char *of; // in cache.rows.of
    const char *what;
    const char *json;
} TABLES[] = {{RK_IDS_USER, "users", "rows of users", "user_rows"},
              {RK_IDS_ITEM, "items", "rows of items", "item_rows"}};

static int
feature_of(const RkSession *s, RkIds ids)
{
    return ids == RK_IDS_USER ? s->features->data.user : s->features->data.item;
}

// Different codes that a batch may name.
static uint32_t
most_of(const RkSession *s, RkIds ids, uint32_t n_codes)
{
    uint64_t history = s->features->data.history;
    uint64_t most = s->batch_max;
    if (ids == RK_IDS_ITEM)
        most = MAX((uint64_t)s->most_pairs, s->most_candidates) + s->batch_max * history;
    return (uint32_t)CLAMP(most, 1, n_codes);
}

static gboolean
make_cache(RkSession *s, size_t which, GError **error)
{
    RkIds ids = TABLES[which].ids;
    int feature = feature_of(s, ids);
    const char *of = rk_params_text(s->set, "cache.rows.of");
    if (strcmp(of, TABLES[which].of) != 0 && strcmp(of, "both") != 0)
        return TRUE;
    if (feature < 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't keep the %s outside the device: the dataset has none. Set "
                    "cache.rows.of=none.",
                    TABLES[which].what);
        return FALSE;
    }
    uint32_t n = s->features->data.features[feature].rows;
    gboolean next = strcmp(rk_params_text(s->set, "cache.rows.prefetch"), "next") == 0;
    const RkRowCacheOptions options = {
        .what = TABLES[which].what,
        .n_codes = n,
        .room = MIN(rk_session_entries(s, "cache.rows.rows"), n),
        .n_batches = s->n_slots,
        .most = most_of(s, ids, n),
        .policy = rk_session_policy(s, "cache.rows.policy"),
        .in_database = strcmp(rk_params_text(s->set, "cache.rows.source"), "sqlite") == 0,
        .next = next && ids == RK_IDS_ITEM ? rk_serve_inputs_next_items(s->inputs) : NULL,
        .set = s->set};
    s->rows[ids] = rk_row_cache_new(&options, error);
    if (s->rows[ids] == NULL)
        return FALSE;
    ((RkModelFeature *)s->served.features)[feature].rows = rk_row_cache_n_rows(s->rows[ids]);
    return TRUE;
}

gboolean
rk_session_make_rows(RkSession *s, GError **error)
{
    s->served = s->features->data;
    s->served.features =
        g_memdup2(s->features->data.features, s->served.n_features * sizeof *s->served.features);
    for (size_t i = 0; i < G_N_ELEMENTS(TABLES); i++)
        if (!make_cache(s, i, error))
            return FALSE;
    size_t rows = s->pairs ? MAX(s->most_pairs, s->most_candidates) : s->batch_max;
    size_t past = rows * s->features->data.history;
    s->words = g_new(uint32_t, MAX(MAX(s->most_pairs, s->most_candidates), past));
    return TRUE;
}

// Which cache a parameter's rows go through; NULL for one that the device has whole.
static RkRowCache *
cache_of(const RkSession *s, const RkModelParam *param)
{
    for (int ids = 0; ids < RK_N_IDS; ids++)
        if (s->rows[ids] != NULL && param->feature >= 0 &&
            param->feature == feature_of(s, (RkIds)ids))
            return s->rows[ids];
    return NULL;
}

static gboolean
load_table(RkSession *s, const RkTrained *trained, const RkModelParam *param, RkRowCache *rows,
           GError **error)
{
    RkTensor type = *rk_state_tensor(s->state, param->name);
    if (param->codes >= 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_UNSUPPORTED,
                    "Can't keep %s of %s outside the device: its values name rows themselves. Set "
                    "cache.rows.of=none.",
                    param->name, s->name);
        return FALSE;
    }
    type.dim[0] = s->features->data.features[param->feature].rows;
    g_autofree void *packed = g_try_malloc0(MAX(rk_tensor_bytes(&type), 1));
    if (packed == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                    "Can't keep %s of %s in memory: it takes %zu MiB. Use a smaller model.",
                    param->name, s->name, rk_tensor_bytes(&type) >> 20);
        return FALSE;
    }
    if (!rk_trained_read(trained, param, &type, s->features, packed, error))
        return FALSE;
    rk_row_cache_set_table(rows, param->name, rk_tensor_row_words(&type), g_steal_pointer(&packed));
    return TRUE;
}

static gboolean
load_whole(RkSession *s, const RkTrained *trained, const RkModelParam *param, GError **error)
{
    const RkTensor *type = rk_state_tensor(s->state, param->name);
    size_t bytes = rk_tensor_bytes(type);
    g_autofree void *packed = g_malloc0(MAX(bytes, 1));
    return rk_trained_read(trained, param, type, s->features, packed, error) &&
           rk_state_write(s->state, param->name, packed, bytes, error);
}

static int
compare_counts(gconstpointer a, gconstpointer b, gpointer data)
{
    const uint64_t *count = data;
    uint64_t x = count[*(const uint32_t *)a], y = count[*(const uint32_t *)b];
    return (x < y) - (x > y);
}

// The most popular items first, as long as there is room.
static gboolean
fetch_popular(RkSession *s, GError **error)
{
    RkRowCache *rows = s->rows[RK_IDS_ITEM];
    if (rows == NULL || strcmp(rk_params_text(s->set, "cache.rows.prefetch"), "popular") != 0)
        return TRUE;
    const uint64_t *count = rk_frame_item_counts(s->features->frame, error);
    if (count == NULL)
        return FALSE;
    uint32_t n = rk_serve_inputs_n_items(s->inputs);
    uint32_t room = MIN(n, rk_session_entries(s, "cache.rows.rows"));
    g_autofree uint32_t *item = g_new(uint32_t, MAX(n, 1));
    for (uint32_t i = 0; i < n; i++)
        item[i] = i;
    g_qsort_with_data(item, (int)n, sizeof *item, compare_counts, (gpointer)count);
    for (uint32_t i = 0; i < room; i++)
        if (!rk_row_cache_fetch_ahead(rows, item[i], error))
            return FALSE;
    return TRUE;
}

gboolean
rk_session_load(RkSession *s, const RkTrained *trained, GError **error)
{
    const RkModelBuild *build = g_ptr_array_index(s->builds, 0);
    if (s->rows[RK_IDS_USER] == NULL && s->rows[RK_IDS_ITEM] == NULL)
        return rk_trained_load(trained, build, s->features, s->state, NULL, error);
    for (guint i = 0; i < build->params->len; i++) {
        const RkModelParam *param = &g_array_index(build->params, RkModelParam, i);
        RkRowCache *rows = cache_of(s, param);
        if (rows != NULL ? !load_table(s, trained, param, rows, error)
                         : !load_whole(s, trained, param, error))
            return FALSE;
    }
    for (int ids = 0; ids < RK_N_IDS; ids++)
        if (s->rows[ids] != NULL && !rk_row_cache_start(s->rows[ids], s->state, error))
            return FALSE;
    return fetch_popular(s, error);
}

void
rk_session_rows_to_json(RkSession *s, JsonBuilder *json)
{
    for (size_t i = 0; i < G_N_ELEMENTS(TABLES); i++) {
        RkRowCache *rows = s->rows[TABLES[i].ids];
        if (rows == NULL)
            continue;
        json_builder_set_member_name(json, TABLES[i].json);
        rk_row_cache_to_json(rows, json);
    }
}
