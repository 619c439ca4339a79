// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/json.h"

#include <math.h>

// json-glib up to 1.6 writes 1e-08 as "1e-08.0", which nobody reads: takes such ends off again.
static char *
mend_exponents(char *text)
{
    gboolean in_text = FALSE, in_exponent = FALSE;
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        if (in_text && *from == '\\' && from[1] != '\0')
            *to++ = *from++;
        else if (*from == '"')
            in_text = !in_text;
        else if (!in_text && *from == 'e' && from > text && g_ascii_isdigit(from[-1]))
            in_exponent = TRUE;
        else if (!g_ascii_isdigit(*from) && *from != '-' && *from != '+' && *from != '.')
            in_exponent = FALSE;
        if (in_exponent && !in_text && from[0] == '.' && from[1] == '0') {
            from++;
            continue;
        }
        *to++ = *from;
    }
    *to = '\0';
    return text;
}

char *
rk_json_node_text(JsonNode *node, gboolean pretty)
{
    return mend_exponents(json_to_string(node, pretty));
}

char *
rk_json_text(JsonBuilder *builder, gboolean pretty)
{
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    return rk_json_node_text(root, pretty);
}

void
rk_json_add_real(JsonBuilder *builder, const char *name, double value)
{
    json_builder_set_member_name(builder, name);
    if (isfinite(value))
        json_builder_add_double_value(builder, value);
    else
        json_builder_add_null_value(builder);
}

void
rk_json_add_int(JsonBuilder *builder, const char *name, int64_t value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, value);
}

void
rk_json_add_text(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    if (value != NULL)
        json_builder_add_string_value(builder, value);
    else
        json_builder_add_null_value(builder);
}

void
rk_json_add_texts(JsonBuilder *builder, const char *name, const char *const *values, uint32_t n)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
    for (uint32_t i = 0; i < n; i++)
        json_builder_add_string_value(builder, values[i]);
    json_builder_end_array(builder);
}

void
rk_json_add_reals(JsonBuilder *builder, const char *name, const double *values, uint32_t n)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
    for (uint32_t i = 0; i < n; i++)
        if (isfinite(values[i]))
            json_builder_add_double_value(builder, values[i]);
        else
            json_builder_add_null_value(builder);
    json_builder_end_array(builder);
}

void
rk_json_add_json(JsonBuilder *builder, const char *name, const char *json)
{
    json_builder_set_member_name(builder, name);
    JsonNode *node = json != NULL ? json_from_string(json, NULL) : NULL;
    if (node != NULL)
        json_builder_add_value(builder, node);
    else
        json_builder_add_null_value(builder);
}

char *
rk_json_scalar_text(JsonNode *node)
{
    if (!JSON_NODE_HOLDS_VALUE(node))
        return NULL;
    GType type = json_node_get_value_type(node);
    if (type == G_TYPE_STRING)
        return json_node_dup_string(node);
    if (type == G_TYPE_BOOLEAN)
        return g_strdup(json_node_get_boolean(node) ? "true" : "false");
    if (type == G_TYPE_INT64)
        return g_strdup_printf("%" G_GINT64_FORMAT, json_node_get_int(node));
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    return g_strdup(g_ascii_dtostr(number, sizeof number, json_node_get_double(node)));
}

JsonNode *
rk_json_parse(const char *text, const char *what, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(JsonNode) root = json_from_string(text, &cause);
    if (root == NULL || !JSON_NODE_HOLDS_OBJECT(root)) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATA, "Can't read %s: %s.", what,
                    cause != NULL ? cause->message : "it is not a JSON object");
        return NULL;
    }
    return g_steal_pointer(&root);
}

static gboolean
fail(const char *name, const char *expected, GError **error)
{
    g_set_error(error, RK_ERROR, RK_ERROR_DATA, "Can't read the member \"%s\": it is not %s.", name,
                expected);
    return FALSE;
}

static JsonNode *
value_of(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);
    return node != NULL && JSON_NODE_HOLDS_VALUE(node) ? node : NULL;
}

static gboolean
node_real(JsonNode *node, double *value)
{
    if (JSON_NODE_HOLDS_NULL(node)) {
        *value = NAN;
        return TRUE;
    }
    if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) == G_TYPE_STRING ||
        json_node_get_value_type(node) == G_TYPE_BOOLEAN)
        return FALSE;
    *value = json_node_get_double(node);
    return TRUE;
}

gboolean
rk_json_real(JsonObject *object, const char *name, double *value, GError **error)
{
    JsonNode *node = json_object_get_member(object, name);
    if (node == NULL || !node_real(node, value))
        return fail(name, "a number", error);
    return TRUE;
}

gboolean
rk_json_int(JsonObject *object, const char *name, int64_t *value, GError **error)
{
    JsonNode *node = value_of(object, name);
    if (node == NULL || json_node_get_value_type(node) != G_TYPE_INT64)
        return fail(name, "a whole number", error);
    *value = json_node_get_int(node);
    return TRUE;
}

gboolean
rk_json_string(JsonObject *object, const char *name, const char **value, GError **error)
{
    JsonNode *node = value_of(object, name);
    if (node == NULL || json_node_get_value_type(node) != G_TYPE_STRING)
        return fail(name, "a text", error);
    *value = json_node_get_string(node);
    return TRUE;
}

gboolean
rk_json_object(JsonObject *object, const char *name, JsonObject **value, GError **error)
{
    JsonNode *node = json_object_get_member(object, name);
    if (node == NULL || !JSON_NODE_HOLDS_OBJECT(node))
        return fail(name, "an object", error);
    *value = json_node_get_object(node);
    return TRUE;
}

gboolean
rk_json_array(JsonObject *object, const char *name, JsonArray **value, GError **error)
{
    JsonNode *node = json_object_get_member(object, name);
    if (node == NULL || !JSON_NODE_HOLDS_ARRAY(node))
        return fail(name, "an array", error);
    *value = json_node_get_array(node);
    return TRUE;
}

gboolean
rk_json_reals(JsonObject *object, const char *name, double **values, uint32_t *n, GError **error)
{
    JsonArray *array = NULL;
    if (!rk_json_array(object, name, &array, error))
        return FALSE;
    *n = json_array_get_length(array);
    g_autofree double *out = g_new(double, MAX(*n, 1));
    for (uint32_t i = 0; i < *n; i++)
        if (!node_real(json_array_get_element(array, i), &out[i]))
            return fail(name, "an array of numbers", error);
    *values = g_steal_pointer(&out);
    return TRUE;
}
