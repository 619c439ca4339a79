// SPDX-License-Identifier: GPL-3.0-or-later
#include "job/suite_draft.h"

#include "base/json.h"
#include "job/suite_run.h"

#include <math.h>
#include <string.h>

static const char *const PARTS[RK_N_DRAFT_PARTS] = {
    [RK_DRAFT_SWEEP] = "sweep",
    [RK_DRAFT_SERVE] = "serve",
    [RK_DRAFT_LOAD] = "load",
    [RK_DRAFT_GATES] = "gates",
};

// ---- making --------------------------------------------------------------------------------

static void
row_free(gpointer data)
{
    RkDraftRow *row = data;
    g_free(row->name);
    g_free(row->values);
    g_free(row);
}

static void
model_free(gpointer data)
{
    RkDraftModel *model = data;
    g_free(model->name);
    g_free(model->kind);
    g_free(model->set);
    g_free(model);
}

RkSuiteDraft *
rk_suite_draft_new(void)
{
    RkSuiteDraft *draft = g_new0(RkSuiteDraft, 1);
    draft->name = g_strdup("sweep");
    draft->models = g_ptr_array_new_with_free_func(model_free);
    for (int p = 0; p < RK_N_DRAFT_PARTS; p++)
        draft->rows[p] = g_ptr_array_new_with_free_func(row_free);
    draft->repeats = g_strdup("3");
    return draft;
}

void
rk_suite_draft_free(RkSuiteDraft *draft)
{
    if (draft == NULL)
        return;
    g_free(draft->name);
    g_free(draft->dataset);
    g_free(draft->data);
    g_free(draft->repeats);
    g_free(draft->rest);
    g_ptr_array_unref(draft->models);
    for (int p = 0; p < RK_N_DRAFT_PARTS; p++)
        g_ptr_array_unref(draft->rows[p]);
    g_free(draft);
}

RkDraftRow *
rk_suite_draft_add(RkSuiteDraft *draft, RkDraftPart part, const char *name, const char *values)
{
    RkDraftRow *row = g_new0(RkDraftRow, 1);
    *row = (RkDraftRow){g_strdup(name), g_strdup(values)};
    g_ptr_array_add(draft->rows[part], row);
    return row;
}

RkDraftRow *
rk_suite_draft_find(const RkSuiteDraft *draft, RkDraftPart part, const char *name)
{
    for (guint i = 0; i < draft->rows[part]->len; i++) {
        RkDraftRow *row = g_ptr_array_index(draft->rows[part], i);
        if (strcmp(row->name, name) == 0)
            return row;
    }
    return NULL;
}

static gboolean
has_model(const RkSuiteDraft *draft, const char *name)
{
    for (guint i = 0; i < draft->models->len; i++)
        if (strcmp(((RkDraftModel *)g_ptr_array_index(draft->models, i))->name, name) == 0)
            return TRUE;
    return FALSE;
}

RkDraftModel *
rk_suite_draft_add_model(RkSuiteDraft *draft, const char *kind, gboolean stored)
{
    RkDraftModel *model = g_new0(RkDraftModel, 1);
    char *name = g_strdup(kind);
    for (guint i = 2; has_model(draft, name); i++) {
        g_free(name);
        name = g_strdup_printf("%s-%u", kind, i);
    }
    *model = (RkDraftModel){name, g_strdup(kind), g_strdup(""), stored};
    g_ptr_array_add(draft->models, model);
    return model;
}

// ---- values as they are typed --------------------------------------------------------------

// "lru", or in quotes where it would be read as something else.
static void
append_value(GString *to, JsonNode *node)
{
    g_autofree char *text = rk_json_scalar_text(node);
    if (text == NULL)
        text = rk_json_node_text(node, FALSE); // wrong, and stays so
    g_string_append_printf(to, "%s%s", to->len > 0 ? ", " : "", text);
}

static char *
values_of(JsonNode *node)
{
    GString *text = g_string_new(NULL);
    JsonArray *array = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    for (guint i = 0; array != NULL && i < json_array_get_length(array); i++)
        append_value(text, json_array_get_element(array, i));
    if (array == NULL)
        append_value(text, node);
    return g_string_free(text, FALSE);
}

static JsonNode *
value_node(const char *text)
{
    char *end = NULL;
    JsonNode *node = json_node_alloc();
    const gint64 whole = g_ascii_strtoll(text, &end, 10);
    if (*text != '\0' && *end == '\0')
        return json_node_init_int(node, whole);
    const double number = g_ascii_strtod(text, &end);
    if (*text != '\0' && *end == '\0' && isfinite(number))
        return json_node_init_double(node, number);
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return json_node_init_boolean(node, text[0] == 't');
    return json_node_init_string(node, text);
}

// A value, or a list where there are several or none.
static void
add_values(JsonBuilder *json, const char *name, const char *values)
{
    g_auto(GStrv) parts = g_strsplit(values, ",", -1);
    const guint n = g_strv_length(parts);
    json_builder_set_member_name(json, name);
    if (n != 1)
        json_builder_begin_array(json);
    for (guint i = 0; i < n; i++) {
        const char *text = g_strstrip(parts[i]);
        if (*text != '\0' || n > 1)
            json_builder_add_value(json, value_node(text));
    }
    if (n == 1 && *parts[0] == '\0') {
        json_builder_begin_array(json);
        json_builder_end_array(json);
    }
    if (n != 1)
        json_builder_end_array(json);
}

static void
add_settings(JsonBuilder *json, const char *name, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    json_builder_set_member_name(json, name);
    json_builder_begin_object(json);
    for (char **part = parts; *part != NULL; part++) {
        g_auto(GStrv) pair = g_strsplit(g_strstrip(*part), "=", 2);
        if (pair[0] == NULL || *pair[0] == '\0')
            continue;
        json_builder_set_member_name(json, g_strstrip(pair[0]));
        json_builder_add_value(json, value_node(pair[1] != NULL ? g_strstrip(pair[1]) : ""));
    }
    json_builder_end_object(json);
}

static char *
settings_of(JsonNode *node)
{
    GString *text = g_string_new(NULL);
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;
    if (node == NULL || !JSON_NODE_HOLDS_OBJECT(node))
        return g_string_free(text, FALSE);
    json_object_iter_init_ordered(&iter, json_node_get_object(node));
    while (json_object_iter_next_ordered(&iter, &name, &value)) {
        g_autofree char *one = rk_json_scalar_text(value);
        g_string_append_printf(text, "%s%s=%s", text->len > 0 ? ", " : "", name,
                               one != NULL ? one : "");
    }
    return g_string_free(text, FALSE);
}

// ---- reading -------------------------------------------------------------------------------

static const char *
text_member(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);
    return node != NULL && JSON_NODE_HOLDS_VALUE(node) &&
                   json_node_get_value_type(node) == G_TYPE_STRING
               ? json_node_get_string(node)
               : NULL;
}

static void
read_models(RkSuiteDraft *draft, JsonNode *node)
{
    JsonArray *array = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    for (guint i = 0; array != NULL && i < json_array_get_length(array); i++) {
        JsonNode *one = json_array_get_element(array, i);
        if (!JSON_NODE_HOLDS_OBJECT(one))
            continue;
        JsonObject *object = json_node_get_object(one);
        const char *stored = text_member(object, "stored");
        const char *kind = stored != NULL ? stored : text_member(object, "model");
        const char *name = text_member(object, "name");
        RkDraftModel *model =
            rk_suite_draft_add_model(draft, kind != NULL ? kind : "", stored != NULL);
        g_free(model->set);
        model->set = settings_of(json_object_get_member(object, "set"));
        if (name != NULL) {
            g_free(model->name);
            model->name = g_strdup(name);
        }
    }
}

static void
read_rows(RkSuiteDraft *draft, RkDraftPart part, JsonNode *node)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return;
    json_object_iter_init_ordered(&iter, json_node_get_object(node));
    while (json_object_iter_next_ordered(&iter, &name, &value)) {
        g_autofree char *values = values_of(value);
        rk_suite_draft_add(draft, part, name, values);
    }
}

// Paths by the folder of the document: it may be saved elsewhere.
static void
make_absolute(JsonObject *data, const char *path)
{
    g_autofree char *relative = g_path_get_dirname(path);
    g_autofree char *folder = g_canonicalize_filename(relative, NULL);
    JsonNode *node = json_object_get_member(data, "import");
    JsonArray *array = json_array_new();
    const gboolean many = node != NULL && JSON_NODE_HOLDS_ARRAY(node);
    const guint n = many ? json_array_get_length(json_node_get_array(node)) : node != NULL ? 1 : 0;
    for (guint i = 0; i < n; i++) {
        JsonNode *one = many ? json_array_get_element(json_node_get_array(node), i) : node;
        g_autofree char *text = rk_json_scalar_text(one);
        g_autofree char *absolute = g_canonicalize_filename(text != NULL ? text : "", folder);
        json_array_add_string_element(array, absolute);
    }
    if (n > 0)
        json_object_set_array_member(data, "import", array);
    else
        json_array_unref(array);
}

static void
read_data(RkSuiteDraft *draft, JsonNode *node, const char *path)
{
    JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    if (object != NULL && json_object_get_size(object) == 1)
        draft->dataset = g_strdup(text_member(object, "dataset"));
    if (draft->dataset != NULL)
        return;
    if (object != NULL)
        make_absolute(object, path);
    draft->data = rk_json_node_text(node, FALSE);
}

RkSuiteDraft *
rk_suite_draft_parse(const char *text, const char *path, GError **error)
{
    g_autoptr(JsonNode) root = rk_json_parse(text, path, error);
    if (root == NULL)
        return NULL;
    RkSuiteDraft *draft = rk_suite_draft_new();
    g_autofree char *base = g_path_get_basename(path);
    g_autoptr(JsonNode) rest = json_node_copy(root);
    JsonObject *object = json_node_get_object(root);
    JsonObject *others = json_object_new();
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;
    g_free(draft->name);
    draft->name =
        g_str_has_suffix(base, ".json") ? g_strndup(base, strlen(base) - 5) : g_strdup(base);
    json_object_iter_init_ordered(&iter, object);
    while (json_object_iter_next_ordered(&iter, &name, &value)) {
        RkDraftPart part = 0;
        while (part < RK_N_DRAFT_PARTS && strcmp(PARTS[part], name) != 0)
            part++;
        if (part < RK_N_DRAFT_PARTS) {
            read_rows(draft, part, value);
        } else if (strcmp(name, "name") == 0 && text_member(object, "name") != NULL) {
            g_free(draft->name);
            draft->name = g_strdup(text_member(object, "name"));
        } else if (strcmp(name, "data") == 0) {
            read_data(draft, value, path);
        } else if (strcmp(name, "models") == 0) {
            read_models(draft, value);
        } else if (strcmp(name, "repeats") == 0) {
            g_free(draft->repeats);
            draft->repeats = values_of(value);
        } else if (strcmp(name, "rankine") != 0) {
            json_object_set_member(others, name, json_node_copy(value));
        }
    }
    json_node_take_object(rest, others);
    draft->rest = rk_json_node_text(rest, FALSE);
    return draft;
}

// ---- writing -------------------------------------------------------------------------------

static void
add_models(JsonBuilder *json, const RkSuiteDraft *draft)
{
    json_builder_set_member_name(json, "models");
    json_builder_begin_array(json);
    for (guint i = 0; i < draft->models->len; i++) {
        const RkDraftModel *model = g_ptr_array_index(draft->models, i);
        json_builder_begin_object(json);
        rk_json_add_text(json, "name", model->name);
        rk_json_add_text(json, model->stored ? "stored" : "model", model->kind);
        if (!model->stored && *model->set != '\0')
            add_settings(json, "set", model->set);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

static void
add_rows(JsonBuilder *json, const RkSuiteDraft *draft, RkDraftPart part)
{
    const GPtrArray *rows = draft->rows[part];
    if (rows->len == 0)
        return;
    json_builder_set_member_name(json, PARTS[part]);
    json_builder_begin_object(json);
    for (guint i = 0; i < rows->len; i++) {
        const RkDraftRow *row = g_ptr_array_index(rows, i);
        add_values(json, row->name, row->values);
    }
    json_builder_end_object(json);
}

static void
add_rest(JsonBuilder *json, const char *rest)
{
    g_autoptr(JsonNode) root = rest != NULL ? json_from_string(rest, NULL) : NULL;
    if (root == NULL)
        return;
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;
    json_object_iter_init_ordered(&iter, json_node_get_object(root));
    while (json_object_iter_next_ordered(&iter, &name, &value)) {
        json_builder_set_member_name(json, name);
        json_builder_add_value(json, json_node_copy(value));
    }
}

char *
rk_suite_draft_text(const RkSuiteDraft *draft)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    g_autoptr(JsonNode) repeats = value_node(draft->repeats);
    json_builder_begin_object(json);
    rk_json_add_int(json, "rankine", 1);
    rk_json_add_text(json, "name", draft->name);
    if (draft->dataset != NULL || draft->data == NULL) {
        json_builder_set_member_name(json, "data");
        json_builder_begin_object(json);
        if (draft->dataset != NULL)
            rk_json_add_text(json, "dataset", draft->dataset);
        json_builder_end_object(json);
    } else {
        rk_json_add_json(json, "data", draft->data);
    }
    add_models(json, draft);
    for (RkDraftPart part = 0; part < RK_N_DRAFT_PARTS; part++)
        add_rows(json, draft, part);
    json_builder_set_member_name(json, "repeats");
    json_builder_add_value(json, g_steal_pointer(&repeats));
    add_rest(json, draft->rest);
    json_builder_end_object(json);
    return rk_json_text(json, TRUE);
}
