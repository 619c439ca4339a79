// SPDX-License-Identifier: GPL-3.0-or-later
//
// results.json read by its tables of members; an error names the path of what is wrong.
#include "report/results-private.h"

#include "base/json.h"

#include <math.h>
#include <string.h>

typedef struct {
    GString *path; // "trials[3].latency_ms"
    GError **error;
} Reader;

static gboolean
fail(Reader *reader, const char *expected)
{
    g_set_error(reader->error, RK_ERROR, RK_ERROR_DATA, "%s is not %s",
                reader->path->len > 0 ? reader->path->str : "the document", expected);
    return FALSE;
}

static gboolean read_record(Reader *reader, const RkRecord *record, JsonNode *node, void *data);

static gsize
enter(Reader *reader, const char *name)
{
    gsize before = reader->path->len;
    g_string_append_printf(reader->path, "%s%s", before > 0 ? "." : "", name);
    return before;
}

static gboolean
to_real(JsonNode *node, double *value)
{
    if (JSON_NODE_HOLDS_NULL(node)) {
        *value = NAN;
        return TRUE;
    }
    GType type = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : G_TYPE_INVALID;
    if (type != G_TYPE_INT64 && type != G_TYPE_DOUBLE)
        return FALSE;
    *value = json_node_get_double(node);
    return TRUE;
}

static gboolean
to_count(Reader *reader, JsonNode *node, uint64_t max, uint64_t *value)
{
    if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_INT64 ||
        json_node_get_int(node) < 0 || (uint64_t)json_node_get_int(node) > max)
        return fail(reader, "a whole number in its range");
    *value = (uint64_t)json_node_get_int(node);
    return TRUE;
}

static gboolean
to_text(Reader *reader, JsonNode *node, gboolean may_lack, char **text)
{
    if (JSON_NODE_HOLDS_NULL(node) && may_lack)
        return TRUE;
    if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING)
        return fail(reader, "a text");
    g_free(*text);
    *text = json_node_dup_string(node);
    return TRUE;
}

static gboolean
read_texts(Reader *reader, JsonNode *node, GPtrArray *texts)
{
    if (!JSON_NODE_HOLDS_ARRAY(node))
        return fail(reader, "a list of texts");
    JsonArray *array = json_node_get_array(node);
    for (guint i = 0; i < json_array_get_length(array); i++) {
        char *text = NULL;
        if (!to_text(reader, json_array_get_element(array, i), FALSE, &text))
            return FALSE;
        g_ptr_array_add(texts, text);
    }
    return TRUE;
}

static gboolean
read_enum(Reader *reader, const RkMember *member, JsonNode *node, unsigned *value)
{
    g_autofree char *text = NULL;
    if (!to_text(reader, node, FALSE, &text))
        return FALSE;
    for (*value = 0; *value < member->n_enum; ++*value)
        if (strcmp(member->enum_name(*value), text) == 0)
            return TRUE;
    return fail(reader, "a word that this Rankine knows");
}

static gboolean
read_settings(Reader *reader, JsonNode *node, GArray *settings)
{
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return fail(reader, "an object");
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;
    json_object_iter_init_ordered(&iter, json_node_get_object(node));
    while (json_object_iter_next_ordered(&iter, &name, &value)) {
        double number = NAN;
        if (JSON_NODE_HOLDS_VALUE(value) && json_node_get_value_type(value) == G_TYPE_STRING)
            rk_settings_add_text(settings, name, json_node_get_string(value));
        else if (JSON_NODE_HOLDS_VALUE(value) && json_node_get_value_type(value) == G_TYPE_BOOLEAN)
            rk_settings_add(settings, name, json_node_get_boolean(value) ? "true" : "false");
        else if (to_real(value, &number))
            rk_settings_add_number(settings, name, number);
        else
            return fail(reader, "an object of texts, numbers and truths");
    }
    return TRUE;
}

static gboolean
read_figures(Reader *reader, const RkMember *member, JsonNode *node, void *at)
{
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return fail(reader, "an object");
    JsonObject *object = json_node_get_object(node);
    for (int i = 0; i < RK_N_LATENCIES && member->kind != M_NAMEDS; i++) {
        JsonNode *value = json_object_get_member(object, rk_latency_stat_name(i));
        double *to = member->kind == M_REALS ? (double *)at + i : &((RkEstimate *)at + i)->value;
        if (value == NULL || !to_real(value, to))
            return fail(reader, "an object with the mean, p50 to p99.9 and max as numbers");
    }
    if (member->kind != M_NAMEDS)
        return TRUE;
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;
    json_object_iter_init_ordered(&iter, object);
    while (json_object_iter_next_ordered(&iter, &name, &value)) {
        RkEstimate estimate = rk_estimate(NAN);
        if (!to_real(value, &estimate.value))
            return fail(reader, "an object of numbers");
        rk_nameds_add(*(GArray **)at, name, estimate);
    }
    return TRUE;
}

static gboolean
read_points(Reader *reader, JsonObject *object, const char *name, double **values, uint32_t *n)
{
    g_free(*values);
    *values = NULL;
    return rk_json_reals(object, name, values, n, NULL) ||
           fail(reader, "a curve with the lists x and y");
}

static gboolean
read_curve(Reader *reader, JsonNode *node, RkCurve *curve)
{
    uint32_t n_y = 0;
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return fail(reader, "a curve");
    JsonObject *object = json_node_get_object(node);
    JsonNode *name = json_object_get_member(object, "name");
    if ((name != NULL && !to_text(reader, name, TRUE, &curve->name)) ||
        !read_points(reader, object, "x", &curve->x, &curve->n) ||
        !read_points(reader, object, "y", &curve->y, &n_y))
        return FALSE;
    return n_y == curve->n || fail(reader, "a curve with as many x as y");
}

static gboolean
read_list(Reader *reader, const RkMember *member, JsonNode *node, void *at)
{
    if (!JSON_NODE_HOLDS_ARRAY(node))
        return fail(reader, "a list");
    JsonArray *array = json_node_get_array(node);
    for (guint i = 0; i < json_array_get_length(array); i++) {
        gsize before = reader->path->len;
        g_string_append_printf(reader->path, "[%u]", i);
        void *one = NULL;
        if (member->kind == M_POINTERS) {
            one = member->record->new ();
            g_ptr_array_add(*(GPtrArray **)at, one);
        } else {
            GArray *values = *(GArray **)at;
            g_array_set_size(values, values->len + 1);
            one = values->data + (size_t)(values->len - 1) * member->record->size;
        }
        if (!read_record(reader, member->record, json_array_get_element(array, i), one))
            return FALSE;
        g_string_truncate(reader->path, before);
    }
    return TRUE;
}

static gboolean
read_scalar(Reader *reader, const RkMember *member, JsonNode *node, void *at)
{
    uint64_t count = 0;
    switch (member->kind) {
    case M_REAL:
        return to_real(node, at) || fail(reader, "a number");
    case M_ESTIMATE:
        *(RkEstimate *)at = rk_estimate(NAN);
        return to_real(node, &((RkEstimate *)at)->value) || fail(reader, "a number");
    case M_COUNT:
        return to_count(reader, node, INT64_MAX, at);
    case M_NUMBER:
        if (!to_count(reader, node, UINT32_MAX, &count))
            return FALSE;
        *(uint32_t *)at = (uint32_t)count;
        return TRUE;
    case M_TRUTH:
        if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_BOOLEAN)
            return fail(reader, "true or false");
        *(gboolean *)at = json_node_get_boolean(node);
        return TRUE;
    case M_ENUM:
        return read_enum(reader, member, node, at);
    default:
        return to_text(reader, node, TRUE, at);
    }
}

static gboolean
read_strv(Reader *reader, JsonNode *node, GStrv *strv)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    if (!read_texts(reader, node, texts))
        return FALSE;
    g_strfreev(*strv);
    g_ptr_array_add(texts, NULL);
    *strv = (GStrv)g_ptr_array_steal(texts, NULL);
    return TRUE;
}

static gboolean
read_member(Reader *reader, const RkMember *member, JsonNode *node, void *at)
{
    switch (member->kind) {
    case M_TEXTS:
        return read_strv(reader, node, at);
    case M_IDS:
        return read_texts(reader, node, *(GPtrArray **)at);
    case M_JSON:
        if (!JSON_NODE_HOLDS_NULL(node) && !JSON_NODE_HOLDS_OBJECT(node))
            return fail(reader, "an object");
        g_free(*(char **)at);
        *(char **)at = JSON_NODE_HOLDS_NULL(node) ? NULL : rk_json_node_text(node, FALSE);
        return TRUE;
    case M_LATENCIES:
    case M_REALS:
    case M_NAMEDS:
        return read_figures(reader, member, node, at);
    case M_SETTINGS:
        return read_settings(reader, node, *(GArray **)at);
    case M_CURVE:
        return read_curve(reader, node, at);
    case M_OBJECT:
        return read_record(reader, member->record, node, at);
    case M_VALUES:
    case M_POINTERS:
        return read_list(reader, member, node, at);
    default:
        return read_scalar(reader, member, node, at);
    }
}

// ---- intervals -----------------------------------------------------------------------------

static void
read_pair(JsonObject *intervals, const char *name, RkEstimate *estimate)
{
    g_autofree double *ends = NULL;
    uint32_t n = 0;
    if (json_object_has_member(intervals, name) &&
        rk_json_reals(intervals, name, &ends, &n, NULL) && n == 2) {
        estimate->low = ends[0];
        estimate->high = ends[1];
    }
}

static void
read_intervals_of(JsonObject *intervals, const RkMember *member, void *at)
{
    JsonObject *object = NULL;
    if (member->kind == M_ESTIMATE) {
        read_pair(intervals, member->name, at);
        return;
    }
    if (!rk_json_object(intervals, member->name, &object, NULL))
        return;
    for (int i = 0; i < RK_N_LATENCIES && member->kind == M_LATENCIES; i++)
        read_pair(object, rk_latency_stat_name(i), (RkEstimate *)at + i);
    GArray *nameds = member->kind == M_NAMEDS ? *(GArray **)at : NULL;
    for (guint i = 0; nameds != NULL && i < nameds->len; i++)
        read_pair(object, g_array_index(nameds, RkNamed, i).name,
                  &g_array_index(nameds, RkNamed, i).estimate);
}

static gboolean
read_members(Reader *reader, const RkRecord *record, JsonObject *object, void *data)
{
    for (size_t i = 0; i < record->n; i++) {
        const RkMember *member = &record->members[i];
        JsonNode *value = json_object_get_member(object, member->name);
        gsize before = enter(reader, member->name);
        if (value == NULL)
            return fail(reader, "there");
        if (!read_member(reader, member, value, (char *)data + member->offset))
            return FALSE;
        g_string_truncate(reader->path, before);
    }
    return TRUE;
}

static gboolean
read_record(Reader *reader, const RkRecord *record, JsonNode *node, void *data)
{
    if (record == &rk_curve_record)
        return read_curve(reader, node, data);
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return fail(reader, "an object");
    JsonObject *object = json_node_get_object(node), *intervals = NULL;
    if (!read_members(reader, record, object, data))
        return FALSE;
    if (!record->has_intervals || !rk_json_object(object, "intervals", &intervals, NULL))
        return TRUE;
    for (size_t i = 0; i < record->n; i++)
        if (rk_member_has_interval(&record->members[i]))
            read_intervals_of(intervals, &record->members[i],
                              (char *)data + record->members[i].offset);
    return TRUE;
}

static gboolean
check_schema(JsonObject *object, const char *what, GError **error)
{
    int64_t schema = 0;
    if (!rk_json_int(object, "schema", &schema, NULL) || schema < 1) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                    "Can't read %s: it has no \"schema\" number, so it is not a results.json. Name "
                    "one that rankine --batch wrote.",
                    what);
        return FALSE;
    }
    if (schema <= RK_RESULTS_SCHEMA)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                "Can't read %s: its schema is %d and this Rankine knows up to %d. Update Rankine.",
                what, (int)schema, RK_RESULTS_SCHEMA);
    return FALSE;
}

RkResults *
rk_results_from_json(const char *text, const char *what, GError **error)
{
    g_autoptr(JsonNode) root = rk_json_parse(text, what, error);
    if (root == NULL || !check_schema(json_node_get_object(root), what, error))
        return NULL;
    g_autoptr(RkResults) results = rk_results_new();
    g_autoptr(GString) path = g_string_new(NULL);
    g_autoptr(GError) cause = NULL;
    Reader reader = {path, &cause};
    if (read_members(&reader, &rk_results_record, json_node_get_object(root), results))
        return g_steal_pointer(&results);
    g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                "Can't read %s: %s. Name a results.json as rankine --batch wrote it.", what,
                cause->message);
    return NULL;
}

RkResults *
rk_results_read(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) cause = NULL;
    gsize n = 0;
    if (g_file_get_contents(path, &text, &n, &cause))
        return rk_results_from_json(text, path, error);
    g_set_error(error, RK_ERROR,
                g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT) ? RK_ERROR_NOT_FOUND
                                                                         : RK_ERROR_FAILED,
                "Can't read the results %s: %s.", path, cause->message);
    return NULL;
}
