// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/trained-private.h"

#include "base/json.h"

#include <math.h>
#include <string.h>

#define VOCABULARY "vocabulary:" // prefix of the tensors that hold ids, NUL after each
#define FITTED     "fitted"      // the tensor that holds totals of fitted features

static const char *const KINDS[] = {
    [RK_FEATURE_CODE] = "code", [RK_FEATURE_BAG] = "bag", [RK_FEATURE_NUMBER] = "number"};

void
rk_trained_free(RkTrained *trained)
{
    if (trained == NULL)
        return;
    rk_stored_model_free(trained->stored);
    rk_train_settings_free(trained->settings);
    g_free((void *)trained->data.features);
    g_clear_pointer(&trained->names, g_ptr_array_unref);
    g_clear_pointer(&trained->vocabulary_of, g_ptr_array_unref);
    g_clear_pointer(&trained->vocabularies, g_hash_table_unref);
    g_clear_pointer(&trained->form, rk_model_form_free);
    g_clear_pointer(&trained->facts, json_node_unref);
    g_free(trained);
}

// ---- reading -------------------------------------------------------------------------------

// Settings by name as text; those of another Rankine's table that this one lacks are left out.
static gboolean
read_settings(RkTrained *t, GError **error)
{
    g_autoptr(JsonNode) root = rk_json_parse(t->stored->settings, "the model's settings", error);
    if (root == NULL)
        return FALSE;
    t->settings = rk_train_settings_new(t->model);
    JsonObject *object = json_node_get_object(root);
    for (size_t i = 0; i < t->settings->n; i++) {
        const char *name = t->settings->table[i].name;
        if (!json_object_has_member(object, name))
            continue;
        g_autofree char *text = rk_json_scalar_text(json_object_get_member(object, name));
        if (!rk_params_set(t->settings->values, name, text, error)) {
            g_prefix_error(error, "Can't read the model's settings: ");
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
read_feature(RkTrained *t, JsonObject *object, RkModelFeature *feature, GError **error)
{
    const char *name, *kind, *vocabulary = NULL;
    int64_t rows, width, capacity;
    if (!rk_json_string(object, "name", &name, error) ||
        !rk_json_string(object, "kind", &kind, error) ||
        !rk_json_int(object, "rows", &rows, error) ||
        !rk_json_int(object, "width", &width, error) ||
        !rk_json_int(object, "capacity", &capacity, error))
        return FALSE;
    if (json_object_has_member(object, "vocabulary") &&
        !rk_json_string(object, "vocabulary", &vocabulary, error))
        return FALSE;
    char *own = g_strdup(name);
    g_ptr_array_add(t->names, own);
    g_ptr_array_add(t->vocabulary_of, g_strdup(vocabulary));
    *feature = (RkModelFeature){.name = own,
                                .rows = (uint32_t)rows,
                                .width = (uint32_t)width,
                                .capacity = (uint32_t)capacity};
    for (int k = 0; k < (int)G_N_ELEMENTS(KINDS); k++)
        if (strcmp(KINDS[k], kind) == 0) {
            feature->kind = (RkModelFeatureKind)k;
            return TRUE;
        }
    g_set_error(error, RK_ERROR, RK_ERROR_DATA, "feature %s has the unknown kind %s", name, kind);
    return FALSE;
}

static gboolean
read_data(RkTrained *t, GError **error)
{
    JsonObject *data;
    JsonArray *list;
    int64_t user, item, history;
    if (!rk_json_object(json_node_get_object(t->facts), "data", &data, error) ||
        !rk_json_array(data, "features", &list, error) ||
        !rk_json_int(data, "user", &user, error) || !rk_json_int(data, "item", &item, error) ||
        !rk_json_int(data, "history", &history, error) ||
        !rk_json_real(data, "label_mean", &t->data.label_mean, error))
        return FALSE;
    guint n = json_array_get_length(list);
    RkModelFeature *features = g_new0(RkModelFeature, MAX(n, 1));
    t->data.features = features;
    t->data.n_features = n;
    if (user < -1 || user >= (int64_t)n || item < -1 || item >= (int64_t)n) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATA, "its user or item is none of its features");
        return FALSE;
    }
    t->data.user = (int)user;
    t->data.item = (int)item;
    t->data.history = (uint32_t)history;
    for (guint i = 0; i < n; i++)
        if (!read_feature(t, json_array_get_object_element(list, i), &features[i], error))
            return FALSE;
    return TRUE;
}

static gboolean
read_form(RkTrained *t, GError **error)
{
    JsonArray *array;
    JsonObject *facts = json_node_get_object(t->facts);
    if (!json_object_has_member(facts, "form"))
        return TRUE;
    if (!rk_json_array(facts, "form", &array, error))
        return FALSE;
    t->data.form = t->form = rk_model_form_from_json(array, error);
    return t->form != NULL;
}

static RkVocabulary *
read_interned(const RkTrained *t, const char *name, GError **error)
{
    g_autofree char *tensor = g_strconcat(VOCABULARY, name, NULL);
    int at = rk_tensor_list_find(t->stored->tensors, tensor);
    if (at < 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATA, "the ids of %s are not there", name);
        return NULL;
    }
    uint64_t n = rk_tensor_list_at(t->stored->tensors, (uint32_t)at)->n_bytes;
    g_autofree char *text = rk_tensor_list_load(t->stored->tensors, (uint32_t)at, error);
    if (text == NULL)
        return NULL;
    RkVocabulary *vocabulary = rk_vocabulary_new();
    for (uint64_t i = 0; i < n;) {
        size_t length = strnlen(text + i, n - i);
        rk_vocabulary_intern(vocabulary, text + i, (uint32_t)length);
        i += length + 1;
    }
    return vocabulary;
}

static gboolean
read_vocabularies(RkTrained *t, GError **error)
{
    JsonObject *all;
    if (!rk_json_object(json_node_get_object(t->facts), "vocabularies", &all, error))
        return FALSE;
    g_autoptr(GList) names = json_object_get_members(all);
    for (GList *l = names; l != NULL; l = l->next) {
        JsonObject *one;
        const char *prefix;
        int64_t n, first;
        RkVocabulary *vocabulary;
        if (!rk_json_object(all, l->data, &one, error) || !rk_json_int(one, "n", &n, error))
            return FALSE;
        if (!json_object_has_member(one, "prefix"))
            vocabulary = read_interned(t, l->data, error);
        else if (!rk_json_string(one, "prefix", &prefix, error) ||
                 !rk_json_int(one, "first", &first, error))
            return FALSE;
        else
            vocabulary = rk_vocabulary_new_range(prefix, (uint64_t)first, (uint32_t)n);
        if (vocabulary == NULL)
            return FALSE;
        g_hash_table_insert(t->vocabularies, g_strdup(l->data), vocabulary);
        if (rk_vocabulary_size(vocabulary) != (uint64_t)n) {
            g_set_error(error, RK_ERROR, RK_ERROR_DATA, "some ids of %s are missing",
                        (char *)l->data);
            return FALSE;
        }
    }
    return TRUE;
}

RkTrained *
rk_trained_open(RkStore *store, const char *name, uint32_t version, GError **error)
{
    g_autoptr(RkTrained) t = g_new0(RkTrained, 1);
    t->names = g_ptr_array_new_with_free_func(g_free);
    t->vocabulary_of = g_ptr_array_new_with_free_func(g_free);
    t->vocabularies =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)rk_vocabulary_unref);
    t->stored = rk_model_open(store, name, version, error);
    if (t->stored == NULL)
        return NULL;
    t->model = rk_model_find(t->stored->kind, error);
    if (t->model != NULL)
        t->facts = rk_json_parse(t->stored->facts, "the model's facts", error);
    if (t->facts != NULL && read_settings(t, error) && read_data(t, error) && read_form(t, error) &&
        read_vocabularies(t, error))
        return g_steal_pointer(&t);
    g_prefix_error(error, "Can't open the model %s: ", name);
    return NULL;
}

gboolean
rk_trained_has_own_split(const RkTrained *trained)
{
    return json_object_get_boolean_member_with_default(json_node_get_object(trained->facts),
                                                       "own_split", FALSE);
}

uint64_t
rk_trained_seed(const RkTrained *trained)
{
    return (uint64_t)json_object_get_int_member_with_default(json_node_get_object(trained->facts),
                                                             "seed", 1);
}

JsonArray *
rk_trained_steps(const RkTrained *trained)
{
    JsonObject *facts = json_node_get_object(trained->facts);
    JsonNode *steps = json_object_get_member(facts, "compress");
    return steps != NULL && JSON_NODE_HOLDS_ARRAY(steps) ? json_node_get_array(steps) : NULL;
}

void
rk_trained_add_step(const RkTrained *trained, const char *dataset, uint64_t seed,
                    const char *const *passes, uint32_t n, JsonBuilder *json)
{
    JsonArray *before = rk_trained_steps(trained);
    json_builder_set_member_name(json, "compress");
    json_builder_begin_array(json);
    for (guint i = 0; before != NULL && i < json_array_get_length(before); i++)
        json_builder_add_value(json, json_array_dup_element(before, i));
    json_builder_begin_object(json);
    rk_json_add_text(json, "parent", trained->stored->name);
    rk_json_add_int(json, "parent_version", trained->stored->version);
    rk_json_add_text(json, "data", dataset);
    rk_json_add_int(json, "seed", (int64_t)seed);
    rk_json_add_texts(json, "passes", passes, n);
    json_builder_end_object(json);
    json_builder_end_array(json);
}

// Whether a feature is of a field: "hour of time" is time.hour, a table's field may stand behind
// its table's name.
static gboolean
is_of_field(const char *feature, const char *field)
{
    g_autofree char *begin = g_strconcat(field, ".", NULL);
    g_autofree char *end = g_strconcat(".", field, NULL);
    g_autofree char *middle = g_strconcat(".", begin, NULL);
    return strcmp(feature, field) == 0 || g_str_has_prefix(feature, begin) ||
           g_str_has_suffix(feature, end) || strstr(feature, middle) != NULL;
}

static gboolean
has_field(const RkSchema *schema, const char *feature)
{
    for (guint t = 0; t < schema->tables->len; t++) {
        const GPtrArray *fields = rk_schema_table(schema, t)->fields;
        for (guint f = 0; f < fields->len; f++)
            if (is_of_field(feature, ((const RkField *)g_ptr_array_index(fields, f))->name))
                return TRUE;
    }
    return FALSE;
}

// A dataset must have the fields of every feature; a user is a user, whatever its field's name.
static gboolean
check_fields(const RkTrained *t, RkDataset *dataset, GError **error)
{
    g_autoptr(GString) lacks = g_string_new(NULL);
    for (uint32_t i = 0; i < t->data.n_features; i++) {
        const char *name = t->data.features[i].name;
        gboolean role = (int)i == t->data.user || (int)i == t->data.item;
        if (!role && !has_field(rk_dataset_schema(dataset), name))
            g_string_append_printf(lacks, "%s%s", lacks->len > 0 ? ", " : "", name);
    }
    if (lacks->len > 0)
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't use the model %s on %s: it was trained with fields that aren't there "
                    "(%s). Name a dataset with the same fields.",
                    t->stored->name, rk_dataset_name(dataset), lacks->str);
    return lacks->len == 0;
}

RkFeatures *
rk_trained_fitted(const RkTrained *trained, RkDataset *dataset, GError **error)
{
    if (!check_fields(trained, dataset, error))
        return NULL;
    JsonNode *node = json_object_get_member(json_node_get_object(trained->facts), "fitted");
    if (node == NULL || JSON_NODE_HOLDS_NULL(node)) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                    "Can't use the model %s: its fitted features are not stored",
                    trained->stored->name);
        return NULL;
    }
    g_autofree char *json = rk_json_node_text(node, FALSE);
    g_autoptr(GBytes) bytes = NULL;
    int at = rk_tensor_list_find(trained->stored->tensors, FITTED);
    if (at >= 0) {
        void *loaded = rk_tensor_list_load(trained->stored->tensors, (uint32_t)at, error);
        if (loaded == NULL)
            return NULL;
        bytes = g_bytes_new_take(
            loaded, rk_tensor_list_at(trained->stored->tensors, (uint32_t)at)->n_bytes);
    }
    RkFeatures *features = rk_features_from_json(rk_dataset_schema(dataset), json, bytes, error);
    if (features == NULL)
        g_prefix_error(error,
                       "Can't read %s as the model %s was trained: ", rk_dataset_name(dataset),
                       trained->stored->name);
    return features;
}

// ---- weights -------------------------------------------------------------------------------

// Rows of a table, from the model's codes to a dataset's.
typedef struct {
    const RkVocabulary *from;
    const RkVocabulary *to;
    uint32_t n_unknown;
} Matching;

static gboolean
find_matching(const RkTrained *t, const RkTrainFeatures *features, int feature, Matching *m,
              GError **error)
{
    *m = (Matching){0};
    const char *name = features->data.features[feature].name;
    const char *to = g_ptr_array_index(features->vocabulary_of, (guint)feature);
    for (uint32_t i = 0; i < t->data.n_features; i++) {
        // A user is a user, whatever a dataset calls the field.
        gboolean role = (feature == features->data.user && (int)i == t->data.user) ||
                        (feature == features->data.item && (int)i == t->data.item);
        const char *from = g_ptr_array_index(t->vocabulary_of, i);
        if (!role && strcmp(t->data.features[i].name, name) != 0)
            continue;
        if (from == NULL || to == NULL)
            return TRUE; // ranges of numbers: the same codes
        m->from = g_hash_table_lookup(t->vocabularies, from);
        m->to = rk_dataset_vocabulary(features->dataset, to, error);
        return m->to != NULL;
    }
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't use the model %s on %s: it was trained without the field %s. Train on a "
                "dataset with the same fields.",
                t->stored->name, rk_dataset_name(features->dataset), name);
    return FALSE;
}

static void
match_rows(Matching *m, const uint8_t *stored, uint32_t n_stored, uint8_t *rows, uint32_t n_rows,
           size_t row_bytes)
{
    for (uint32_t code = 0; code < n_rows; code++) {
        uint32_t at = code;
        if (m->from != NULL) {
            char scratch[RK_VOCABULARY_SCRATCH];
            uint32_t length;
            const char *text = rk_vocabulary_text(m->to, code, scratch, &length);
            at = rk_vocabulary_find(m->from, text, length);
        }
        if (at < n_stored)
            memcpy(rows + code * row_bytes, stored + at * row_bytes, row_bytes);
        else
            m->n_unknown++;
    }
}

// Values that are codes, from the model's to a dataset's; UINT32_MAX for ids that it doesn't have.
static void
match_values(const Matching *m, uint32_t *values, uint64_t n)
{
    for (uint64_t i = 0; m->from != NULL && i < n; i++) {
        char scratch[RK_VOCABULARY_SCRATCH];
        uint32_t length;
        if (values[i] >= rk_vocabulary_size(m->from))
            continue;
        const char *text = rk_vocabulary_text(m->from, values[i], scratch, &length);
        values[i] = rk_vocabulary_find(m->to, text, length);
    }
}

static gboolean
fail_type(const RkTrained *t, const char *name, const RkTensor *is, const RkTensor *wanted,
          GError **error)
{
    g_autofree char *has = is != NULL ? rk_tensor_text(is) : g_strdup("not there");
    g_autofree char *needs = rk_tensor_text(wanted);
    g_set_error(error, RK_ERROR, RK_ERROR_SHAPE,
                "Can't use the weights of %s: %s is %s, the model to be built needs %s. Use the "
                "settings that it was trained with.",
                t->stored->name, name, has, needs);
    return FALSE;
}

static void
note_unseen(GArray *unseen, const char *feature, const Matching *m, uint32_t n)
{
    RkUnseen one = {feature, m->n_unknown, n};
    gboolean known = one.n_unknown == 0;
    for (guint i = 0; i < unseen->len; i++) // a feature may have several tables
        known |= strcmp(g_array_index(unseen, RkUnseen, i).feature, feature) == 0;
    if (!known)
        g_array_append_val(unseen, one);
}

static gboolean
read_param(const RkTrained *t, const RkModelParam *param, const RkTensor *type,
           const RkTrainFeatures *features, uint8_t *values, GArray *unseen, GError **error)
{
    int at = rk_tensor_list_find(t->stored->tensors, param->name);
    RkTensor stored;
    Matching m = {0}, of_values = {0};
    gboolean rows = param->feature >= 0 && features != NULL;
    if (rows &&
        (!find_matching(t, features, param->feature, &m, error) ||
         (param->codes >= 0 && !find_matching(t, features, param->codes, &of_values, error))))
        return FALSE;
    if (!rk_trained_type(t, at, &stored))
        return fail_type(t, param->name, NULL, type, error);
    RkTensor expected = stored;
    if (rows)
        expected.dim[0] = type->dim[0];
    if (expected.dtype != type->dtype || expected.rank != type->rank ||
        memcmp(expected.dim, type->dim, type->rank * sizeof *type->dim) != 0)
        return fail_type(t, param->name, &stored, type, error);
    g_autofree void *packed = rk_trained_tensor(t, at, error);
    if (packed == NULL)
        return FALSE;
    if (!rows) {
        memcpy(values, packed, rk_tensor_bytes(type));
        return TRUE;
    }
    match_values(&of_values, packed, param->codes >= 0 ? rk_tensor_numel(&stored) : 0);
    match_rows(&m, packed, stored.dim[0], values, type->dim[0],
               rk_tensor_row_words(type) * sizeof(uint32_t));
    if (unseen != NULL)
        note_unseen(unseen, features->data.features[param->feature].name, &m, type->dim[0]);
    return TRUE;
}

gboolean
rk_trained_read(const RkTrained *trained, const RkModelParam *param, const RkTensor *type,
                const RkTrainFeatures *features, void *packed, GError **error)
{
    return read_param(trained, param, type, features, packed, NULL, error);
}

static gboolean
load_param(const RkTrained *t, const RkModelParam *param, const RkTrainFeatures *features,
           RkState *state, GArray *unseen, GError **error)
{
    const RkTensor *type = rk_state_tensor(state, param->name);
    size_t bytes = rk_tensor_bytes(type);
    g_autofree uint8_t *values = g_malloc(MAX(bytes, 1));
    return rk_state_read(state, param->name, values, bytes, error) &&
           read_param(t, param, type, features, values, unseen, error) &&
           rk_state_write(state, param->name, values, bytes, error);
}

gboolean
rk_trained_load(const RkTrained *trained, const RkModelBuild *build,
                const RkTrainFeatures *features, RkState *state, GArray **unseen, GError **error)
{
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(RkUnseen));
    for (guint i = 0; i < build->params->len; i++)
        if (!load_param(trained, &g_array_index(build->params, RkModelParam, i), features, state,
                        found, error))
            return FALSE;
    if (unseen != NULL)
        *unseen = g_steal_pointer(&found);
    return TRUE;
}
