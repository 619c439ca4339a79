// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/trained-private.h"

#include "base/json.h"

#include <string.h>

// What is streamed into the store: weights from the device piece by piece, ids and totals from
// memory.
typedef struct {
    const RkTrainedSave *save;
    GArray *infos;    // of RkTensorInfo
    GPtrArray *names; // owned texts of infos
    GPtrArray *bytes; // [infos] GBytes; NULL for weights that the device has as they are stored
} Stream;

static void
add_info(Stream *s, char *name, const char *dtype, const RkTensor *type, GBytes *bytes)
{
    RkTensorInfo info = {.name = name, .dtype = dtype, .rank = 1};
    if (type != NULL) {
        info.rank = type->rank;
        memcpy(info.dim, type->dim, sizeof info.dim);
        info.n_bytes = rk_tensor_bytes(type);
    } else {
        info.n_bytes = g_bytes_get_size(bytes);
        info.dim[0] = (uint32_t)info.n_bytes;
    }
    g_ptr_array_add(s->names, name);
    g_array_append_val(s->infos, info);
    g_ptr_array_add(s->bytes, bytes);
}

static gboolean
read_piece(gpointer data, uint32_t tensor, uint64_t at, void *bytes, size_t n, GError **error)
{
    Stream *s = data;
    GBytes *kept = g_ptr_array_index(s->bytes, tensor);
    if (kept != NULL) {
        memcpy(bytes, (const uint8_t *)g_bytes_get_data(kept, NULL) + at, n);
        return TRUE;
    }
    const char *name = g_array_index(s->infos, RkTensorInfo, tensor).name;
    return rk_state_read_at(s->save->state, name, at, bytes, n, error);
}

static GBytes *
vocabulary_bytes(const RkVocabulary *vocabulary)
{
    GByteArray *bytes = g_byte_array_new();
    uint32_t n = rk_vocabulary_size(vocabulary);
    for (uint32_t block = 0; block * (uint64_t)RK_VOCABULARY_BLOCK < n; block++) {
        RkVocabularyBlock b = rk_vocabulary_block(vocabulary, block);
        g_byte_array_append(bytes, (const uint8_t *)b.text, b.offset[b.n]);
    }
    return g_byte_array_free_to_bytes(bytes);
}

static gboolean
add_vocabularies(Stream *s, JsonBuilder *json, GError **error)
{
    const RkTrainFeatures *f = s->save->features;
    g_autoptr(GHashTable) done = g_hash_table_new(g_str_hash, g_str_equal);
    json_builder_set_member_name(json, "vocabularies");
    json_builder_begin_object(json);
    for (uint32_t i = 0; i < f->data.n_features; i++) {
        const char *name = g_ptr_array_index(f->vocabulary_of, i);
        if (name == NULL || !g_hash_table_add(done, (gpointer)name))
            continue;
        const RkVocabulary *vocabulary = rk_dataset_vocabulary(f->dataset, name, error);
        const char *prefix;
        uint64_t first;
        if (vocabulary == NULL)
            return FALSE;
        json_builder_set_member_name(json, name);
        json_builder_begin_object(json);
        rk_json_add_int(json, "n", rk_vocabulary_size(vocabulary));
        if (rk_vocabulary_is_range(vocabulary, &prefix, &first)) {
            rk_json_add_text(json, "prefix", prefix);
            rk_json_add_int(json, "first", (int64_t)first);
        } else {
            add_info(s, g_strconcat("vocabulary:", name, NULL), "text", NULL,
                     vocabulary_bytes(vocabulary));
        }
        json_builder_end_object(json);
    }
    json_builder_end_object(json);
    return TRUE;
}

static void
add_data(const RkTrainFeatures *f, JsonBuilder *json)
{
    static const char *const kinds[] = {
        [RK_FEATURE_CODE] = "code", [RK_FEATURE_BAG] = "bag", [RK_FEATURE_NUMBER] = "number"};
    json_builder_set_member_name(json, "data");
    json_builder_begin_object(json);
    json_builder_set_member_name(json, "features");
    json_builder_begin_array(json);
    for (uint32_t i = 0; i < f->data.n_features; i++) {
        const RkModelFeature *feature = &f->data.features[i];
        const char *vocabulary = g_ptr_array_index(f->vocabulary_of, i);
        json_builder_begin_object(json);
        rk_json_add_text(json, "name", feature->name);
        rk_json_add_text(json, "kind", kinds[feature->kind]);
        rk_json_add_int(json, "rows", feature->rows);
        rk_json_add_int(json, "width", feature->width);
        rk_json_add_int(json, "capacity", feature->capacity);
        if (vocabulary != NULL)
            rk_json_add_text(json, "vocabulary", vocabulary);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    rk_json_add_int(json, "user", f->data.user);
    rk_json_add_int(json, "item", f->data.item);
    rk_json_add_int(json, "history", f->data.history);
    rk_json_add_real(json, "label_mean", f->data.label_mean);
    json_builder_end_object(json);
}

// The caller's facts come first, then the data's shape.
static char *
facts_text(Stream *s, GError **error)
{
    const RkTrainFeatures *f = s->save->features;
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    g_autoptr(JsonNode) given =
        rk_json_parse(s->save->facts != NULL ? s->save->facts : "{}", "the facts", error);
    if (given == NULL)
        return NULL;
    g_autoptr(GList) names = json_object_get_members(json_node_get_object(given));
    for (GList *l = names; l != NULL; l = l->next) {
        json_builder_set_member_name(json, l->data);
        json_builder_add_value(json, json_object_dup_member(json_node_get_object(given), l->data));
    }
    add_data(f, json);
    if (f->data.form != NULL) {
        json_builder_set_member_name(json, "form");
        rk_model_form_to_json(f->data.form, json);
    }
    if (f->fitted != NULL) {
        g_autofree char *fitted = rk_features_to_json(f->fitted);
        GBytes *totals = rk_features_to_bytes(f->fitted);
        rk_json_add_json(json, "fitted", fitted);
        if (totals != NULL)
            add_info(s, g_strdup("fitted"), "bytes", NULL, totals);
    }
    if (!add_vocabularies(s, json, error))
        return NULL;
    json_builder_end_object(json);
    return rk_json_text(json, FALSE);
}

static gboolean
add_weights(Stream *s, GError **error)
{
    const RkTrainedSave *save = s->save;
    for (guint i = 0; i < save->params->len; i++) {
        const char *name = g_array_index(save->params, RkModelParam, i).name;
        const RkParamForm *form = rk_model_form_find(save->features->data.form, name);
        RkTensor type = *rk_state_tensor(save->state, name);
        GBytes *kept = NULL;
        if (form != NULL && form->format == RK_FORMAT_MASKED) {
            kept = rk_trained_keep(save->state, name, &type, error);
            if (kept == NULL)
                return FALSE;
        }
        add_info(s, g_strdup(name), rk_dtype_name(type.dtype), &type, kept);
    }
    return TRUE;
}

static void
unref_bytes(gpointer bytes)
{
    if (bytes != NULL)
        g_bytes_unref(bytes);
}

gboolean
rk_trained_save(RkStore *store, const RkTrainedSave *save, GError **error)
{
    Stream s = {.save = save,
                .infos = g_array_new(FALSE, FALSE, sizeof(RkTensorInfo)),
                .names = g_ptr_array_new_with_free_func(g_free),
                .bytes = g_ptr_array_new_with_free_func(unref_bytes)};
    g_autofree char *facts = add_weights(&s, error) ? facts_text(&s, error) : NULL;
    g_autoptr(JsonBuilder) builder = json_builder_new();
    rk_params_to_json(save->settings->values, builder);
    g_autofree char *settings = rk_json_text(builder, FALSE);
    RkStoredModel model = {.name = (char *)save->name,
                           .kind = (char *)save->model->name,
                           .dataset = (char *)rk_dataset_name(save->features->dataset),
                           .parent = (char *)save->parent,
                           .parent_version = save->parent_version,
                           .settings = settings,
                           .facts = facts};
    RkTensorSource source = {.n_tensors = s.infos->len,
                             .tensors = (const RkTensorInfo *)(void *)s.infos->data,
                             .read = read_piece,
                             .data = &s};
    gboolean saved = facts != NULL && rk_model_save(store, &model, &source, save->update, error);
    g_array_unref(s.infos);
    g_ptr_array_unref(s.names);
    g_ptr_array_unref(s.bytes);
    return saved;
}
