// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/suite-private.h"

#include "base/json.h"

#include <math.h>
#include <string.h>

gsize
rk_suite_enter(RkSuiteReader *reader, const char *name)
{
    gsize before = reader->path->len;
    g_string_append_printf(reader->path, "%s%s", before > 0 ? "." : "", name);
    return before;
}

void
rk_suite_leave(RkSuiteReader *reader, gsize to)
{
    g_string_truncate(reader->path, to);
}

gboolean
rk_suite_fail(RkSuiteReader *reader, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't run %s: %s %s", reader->file,
                reader->path->len > 0 ? reader->path->str : "the document", what);
    return FALSE;
}

JsonObject *
rk_suite_object(RkSuiteReader *reader, JsonNode *node, const char *const *names, GError **error)
{
    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        rk_suite_fail(reader, error, "is not an object: write it in braces.");
        return NULL;
    }
    JsonObject *object = json_node_get_object(node);
    g_autoptr(GList) members = json_object_get_members(object);
    for (GList *member = members; member != NULL; member = member->next) {
        const char *name = member->data;
        if (g_strv_contains(names, name))
            continue;
        const char *nearest = rk_nearest_word(name, names, g_strv_length((GStrv)names));
        g_autofree char *all = g_strjoinv(", ", (GStrv)names);
        rk_suite_enter(reader, name);
        if (nearest != NULL)
            rk_suite_fail(reader, error, "is not known. Did you mean %s?", nearest);
        else
            rk_suite_fail(reader, error, "is not known. There are: %s.", all);
        return NULL;
    }
    return object;
}

gboolean
rk_suite_text(RkSuiteReader *reader, JsonNode *node, char **text, GError **error)
{
    if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING ||
        *json_node_get_string(node) == '\0')
        return rk_suite_fail(reader, error, "is not a text, or an empty one.");
    g_free(*text);
    *text = json_node_dup_string(node);
    return TRUE;
}

gboolean
rk_suite_count(RkSuiteReader *reader, JsonNode *node, uint64_t min, uint64_t max, uint64_t *value,
               GError **error)
{
    if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_INT64 ||
        json_node_get_int(node) < (gint64)min || json_node_get_int(node) > (gint64)max)
        return rk_suite_fail(
            reader, error,
            "is not a whole number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT ".", min, max);
    *value = (uint64_t)json_node_get_int(node);
    return TRUE;
}

gboolean
rk_suite_real(RkSuiteReader *reader, JsonNode *node, double *value, GError **error)
{
    GType type = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : G_TYPE_INVALID;
    if ((type != G_TYPE_INT64 && type != G_TYPE_DOUBLE) || !isfinite(json_node_get_double(node)))
        return rk_suite_fail(reader, error, "is not a number.");
    *value = json_node_get_double(node);
    return TRUE;
}

gboolean
rk_suite_scalar(RkSuiteReader *reader, JsonNode *node, const char *name, GArray *settings,
                GError **error)
{
    g_autofree char *text = rk_json_scalar_text(node);
    if (text == NULL)
        return rk_suite_fail(reader, error, "is not a number, a text, true or false.");
    rk_settings_add(settings, name, text);
    return TRUE;
}

gboolean
rk_suite_settings(RkSuiteReader *reader, JsonNode *node, GArray *settings, GError **error)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return rk_suite_fail(reader, error, "is not an object: write it in braces.");
    json_object_iter_init_ordered(&iter, json_node_get_object(node));
    while (json_object_iter_next_ordered(&iter, &name, &value)) {
        gsize before = rk_suite_enter(reader, name);
        if (!rk_suite_scalar(reader, value, name, settings, error))
            return FALSE;
        rk_suite_leave(reader, before);
    }
    return TRUE;
}
