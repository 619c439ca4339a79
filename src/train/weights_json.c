// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/weights-private.h"

#include "base/json.h"

#include <math.h>

// Numbers gathered from nested lists, with the extents that they were nested in.
typedef struct {
    RkTensor type;
    GArray *values; // of float
} Nested;

// Adds a list at a depth; the first list of a depth says how long its like are.
static gboolean
add_list(Nested *to, JsonArray *list, uint32_t depth, GError **error)
{
    guint n = json_array_get_length(list);
    gboolean first = depth >= to->type.rank;
    if (first && depth < RK_MAX_RANK)
        to->type.dim[to->type.rank++] = n;
    if (depth >= RK_MAX_RANK || to->type.dim[depth] != n) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                    "its lists are nested deeper than %u or differ in length", RK_MAX_RANK);
        return FALSE;
    }
    for (guint i = 0; i < n; i++) {
        JsonNode *node = json_array_get_element(list, i);
        if (JSON_NODE_HOLDS_ARRAY(node)) {
            if (!add_list(to, json_node_get_array(node), depth + 1, error))
                return FALSE;
            continue;
        }
        if (depth + 1 != to->type.rank || !JSON_NODE_HOLDS_VALUE(node) ||
            json_node_get_value_type(node) == G_TYPE_STRING) {
            g_set_error(error, RK_ERROR, RK_ERROR_DATA, "it has something else than numbers");
            return FALSE;
        }
        float value = (float)json_node_get_double(node);
        g_array_append_val(to->values, value);
    }
    return TRUE;
}

// {"shape": [..], "data": [..]}
static gboolean
add_object(Nested *to, JsonObject *object, GError **error)
{
    JsonArray *data = NULL;
    g_autofree double *shape = NULL;
    uint32_t rank = 0;
    if (!rk_json_array(object, "data", &data, error) ||
        !rk_json_reals(object, "shape", &shape, &rank, error) || !add_list(to, data, 0, error))
        return FALSE;
    RkTensor type = {.dtype = RK_F32, .rank = rank};
    for (uint32_t i = 0; i < rank && i < RK_MAX_RANK; i++)
        type.dim[i] = shape[i] >= 0 && shape[i] < UINT32_MAX ? (uint32_t)shape[i] : 0;
    if (rank > RK_MAX_RANK || rk_tensor_numel(&type) != to->values->len) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                    "its shape doesn't have as many elements as its data");
        return FALSE;
    }
    to->type = type;
    return TRUE;
}

static gboolean
add_member(RkWeights *weights, const char *name, JsonNode *node, GError **error)
{
    Nested nested = {.type = {.dtype = RK_F32}, .values = g_array_new(FALSE, FALSE, sizeof(float))};
    gboolean read = FALSE;
    if (JSON_NODE_HOLDS_ARRAY(node))
        read = add_list(&nested, json_node_get_array(node), 0, error);
    else if (JSON_NODE_HOLDS_OBJECT(node))
        read = add_object(&nested, json_node_get_object(node), error);
    else
        g_set_error(error, RK_ERROR, RK_ERROR_DATA, "it is neither a list nor an object");
    if (!read || rk_tensor_numel(&nested.type) != nested.values->len) {
        if (read)
            g_set_error(error, RK_ERROR, RK_ERROR_DATA, "its lists differ in length");
        g_array_unref(nested.values);
        g_prefix_error(error, "array %s: ", name);
        return FALSE;
    }
    rk_weights_take(weights, name, &nested.type, g_array_free(nested.values, FALSE));
    return TRUE;
}

RkWeights *
rk_weights_read_json(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(RkWeights) weights = rk_weights_new();
    g_autoptr(JsonNode) root = NULL;
    if (!g_file_get_contents(path, &text, NULL, error) ||
        (root = rk_json_parse(text, path, error)) == NULL) {
        g_prefix_error(error, "Can't read the weights: ");
        return NULL;
    }
    JsonObject *object = json_node_get_object(root);
    g_autoptr(GList) names = json_object_get_members(object);
    for (GList *l = names; l != NULL; l = l->next)
        if (!add_member(weights, l->data, json_object_get_member(object, l->data), error)) {
            g_prefix_error(error, "Can't read the weights in %s: ", path);
            return NULL;
        }
    return g_steal_pointer(&weights);
}

gboolean
rk_weights_write_json(const RkWeights *weights, const char *path, GError **error)
{
    g_autoptr(GString) text = g_string_new("{");
    for (guint w = 0; w < weights->list->len; w++) {
        const RkWeight *weight = g_ptr_array_index(weights->list, w);
        g_autofree float *values = rk_weight_floats(weight);
        g_string_append_printf(text, "%s\n  \"%s\": {\"shape\": [", w > 0 ? "," : "", weight->name);
        for (uint32_t i = 0; i < weight->type.rank; i++)
            g_string_append_printf(text, "%s%u", i > 0 ? ", " : "", weight->type.dim[i]);
        g_string_append(text, "], \"data\": [");
        for (uint64_t i = 0; i < rk_tensor_numel(&weight->type); i++) {
            char number[G_ASCII_DTOSTR_BUF_SIZE];
            if (isfinite(values[i])) // nine digits bring a float back bit by bit
                g_ascii_formatd(number, sizeof number, "%.9g", (double)values[i]);
            else
                g_strlcpy(number, "null", sizeof number);
            g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", number);
        }
        g_string_append(text, "]}");
    }
    g_string_append(text, "\n}\n");
    if (g_file_set_contents(path, text->str, (gssize)text->len, error))
        return TRUE;
    g_prefix_error(error, "Can't write the weights: ");
    return FALSE;
}
