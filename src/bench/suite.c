// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/suite-private.h"

#include "base/json.h"
#include "bench/gate.h"
#include "train/metric.h"

#include <string.h>

#define REPEATS          3u    // by default: the fewest that show how repeats differ
#define TOLERANCE        0.05  // by default: 5 % of a latency or a throughput
#define METRIC_TOLERANCE 0.002 // by default, of an accuracy

const char *const rk_suite_reports[] = {"html", "pdf", "csv", "json", "junit", "md", "prom", NULL};

// ---- parts ---------------------------------------------------------------------------------

typedef gboolean (*ReadPart)(RkSuiteReader *reader, RkSuite *suite, JsonNode *node, GError **error);

static gboolean
read_version(RkSuiteReader *reader, RkSuite *suite, JsonNode *node, GError **error)
{
    if (JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_INT64 &&
        json_node_get_int(node) == 1)
        return TRUE;
    return rk_suite_fail(reader, error, "is not 1, the version of suites that this Rankine knows.");
}

static gboolean
read_name(RkSuiteReader *reader, RkSuite *suite, JsonNode *node, GError **error)
{
    return rk_suite_text(reader, node, &suite->name, error);
}

static gboolean
read_sweep(RkSuiteReader *reader, RkSuite *suite, JsonNode *node, GError **error)
{
    return rk_suite_read_axes(reader, suite, node, RK_N_PLACES, error);
}

static gboolean
read_load(RkSuiteReader *reader, RkSuite *suite, JsonNode *node, GError **error)
{
    return rk_suite_read_axes(reader, suite, node, RK_PLACE_LOAD, error);
}

static gboolean
read_serve(RkSuiteReader *reader, RkSuite *suite, JsonNode *node, GError **error)
{
    return rk_suite_read_axes(reader, suite, node, RK_PLACE_SERVE, error);
}

static gboolean
read_repeats(RkSuiteReader *reader, RkSuite *suite, JsonNode *node, GError **error)
{
    uint64_t n = 0;
    if (!rk_suite_count(reader, node, 1, 1000, &n, error))
        return FALSE;
    suite->repeats = (uint32_t)n;
    return TRUE;
}

static gboolean
read_search(RkSuiteReader *reader, RkSuite *suite, JsonNode *node, GError **error)
{
    static const char *const NAMES[] = {"method", "trials", NULL};
    JsonObject *object = rk_suite_object(reader, node, NAMES, error);
    uint64_t n = 0;
    if (object == NULL)
        return FALSE;
    gsize before = rk_suite_enter(reader, "method");
    JsonNode *method = json_object_get_member(object, "method");
    if (method != NULL && !rk_suite_text(reader, method, &suite->search, error))
        return FALSE;
    if (strcmp(suite->search, "grid") != 0 && strcmp(suite->search, "random") != 0)
        return rk_suite_fail(reader, error, "is not grid or random.");
    rk_suite_leave(reader, before);
    rk_suite_enter(reader, "trials");
    JsonNode *trials = json_object_get_member(object, "trials");
    if (trials != NULL && !rk_suite_count(reader, trials, 1, 1000000, &n, error))
        return FALSE;
    if (n > 0 && strcmp(suite->search, "grid") == 0)
        return rk_suite_fail(reader, error, "is for \"method\": \"random\"; a grid has all.");
    suite->n_trials = (uint32_t)n;
    rk_suite_leave(reader, before);
    return TRUE;
}

static gboolean
read_seed(RkSuiteReader *reader, RkSuite *suite, JsonNode *node, GError **error)
{
    return rk_suite_count(reader, node, 0, 9007199254740991u, &suite->seed, error);
}

static gboolean
read_metric(RkSuiteReader *reader, RkSuite *suite, JsonNode *node, GError **error)
{
    g_autoptr(GError) cause = NULL;
    uint32_t k = 0;
    return rk_suite_text(reader, node, &suite->metric, error) &&
           (rk_metric_find(suite->metric, &k, &cause) != NULL ||
            rk_suite_fail(reader, error, "is wrong. %s", cause->message));
}

static gboolean
read_gates(RkSuiteReader *reader, RkSuite *suite, JsonNode *node, GError **error)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return rk_suite_fail(reader, error, "is not an object: write it in braces.");
    json_object_iter_init_ordered(&iter, json_node_get_object(node));
    while (json_object_iter_next_ordered(&iter, &name, &value)) {
        g_autoptr(GError) cause = NULL;
        RkSuiteGate gate = {NULL, 0};
        gsize before = rk_suite_enter(reader, name);
        if (!rk_gate_check_name(name, &cause))
            return rk_suite_fail(reader, error, "is not known. %s", cause->message);
        if (!rk_suite_real(reader, value, &gate.limit, error))
            return FALSE;
        gate.name = g_strdup(name);
        g_array_append_val(suite->gates, gate);
        rk_suite_leave(reader, before);
    }
    return TRUE;
}

static gboolean
read_baseline(RkSuiteReader *reader, RkSuite *suite, JsonNode *node, GError **error)
{
    static const char *const NAMES[] = {"tolerance", "metric_tolerance", NULL};
    double *const TO[] = {&suite->tolerance, &suite->metric_tolerance};
    JsonObject *object = rk_suite_object(reader, node, NAMES, error);
    for (int i = 0; object != NULL && NAMES[i] != NULL; i++) {
        JsonNode *value = json_object_get_member(object, NAMES[i]);
        gsize before = rk_suite_enter(reader, NAMES[i]);
        if (value != NULL && !rk_suite_real(reader, value, TO[i], error))
            return FALSE;
        if (*TO[i] < 0)
            return rk_suite_fail(reader, error, "is negative.");
        rk_suite_leave(reader, before);
    }
    return object != NULL;
}

static gboolean
read_plan(RkSuiteReader *reader, RkSuite *suite, JsonNode *node, GError **error)
{
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return rk_suite_fail(reader, error, "is not an object: write it in braces.");
    suite->plan = rk_json_node_text(node, FALSE);
    return TRUE;
}

static gboolean
read_report(RkSuiteReader *reader, RkSuite *suite, JsonNode *node, GError **error)
{
    g_autoptr(GPtrArray) kinds = g_ptr_array_new_with_free_func(g_free);
    if (!JSON_NODE_HOLDS_ARRAY(node))
        return rk_suite_fail(reader, error, "is not a list: write it as [\"html\", \"csv\"].");
    JsonArray *array = json_node_get_array(node);
    for (guint i = 0; i < json_array_get_length(array); i++) {
        char *kind = NULL;
        gsize before = reader->path->len;
        g_string_append_printf(reader->path, "[%u]", i);
        if (!rk_suite_text(reader, json_array_get_element(array, i), &kind, error))
            return FALSE;
        g_ptr_array_add(kinds, kind);
        if (!g_strv_contains(rk_suite_reports, kind)) {
            g_autofree char *all = g_strjoinv(", ", (GStrv)rk_suite_reports);
            return rk_suite_fail(reader, error, "is \"%s\", which is none of %s.", kind, all);
        }
        rk_suite_leave(reader, before);
    }
    g_ptr_array_add(kinds, NULL);
    g_strfreev(suite->report);
    suite->report = (GStrv)g_ptr_array_steal(kinds, NULL);
    return TRUE;
}

// In the order they are read: axes need the models.
static const struct {
    const char *name;
    ReadPart read;
    gboolean needed;
} PARTS[] = {
    {"rankine", read_version, TRUE},    {"name", read_name, FALSE},
    {"data", rk_suite_read_data, TRUE}, {"models", rk_suite_read_models, TRUE},
    {"sweep", read_sweep, FALSE},       {"load", read_load, FALSE},
    {"serve", read_serve, FALSE},       {"repeats", read_repeats, FALSE},
    {"search", read_search, FALSE},     {"seed", read_seed, FALSE},
    {"metric", read_metric, FALSE},     {"gates", read_gates, FALSE},
    {"baseline", read_baseline, FALSE}, {"plan", read_plan, FALSE},
    {"report", read_report, FALSE},
};

// ---- the whole -----------------------------------------------------------------------------

static void
clear_gate(gpointer data)
{
    g_free(((RkSuiteGate *)data)->name);
}

static RkSuite *
suite_new(const char *text, const char *path)
{
    RkSuite *suite = g_new0(RkSuite, 1);
    g_autofree char *base = g_path_get_basename(path);
    suite->name =
        g_str_has_suffix(base, ".json") ? g_strndup(base, strlen(base) - 5) : g_strdup(base);
    suite->text = g_strdup(text);
    suite->data = (RkSuiteData){.rows = 100000, .seed = 1, .set = rk_settings_new()};
    suite->models = g_ptr_array_new_with_free_func(rk_suite_model_free);
    suite->axes = g_ptr_array_new_with_free_func(rk_suite_axis_free);
    suite->repeats = REPEATS;
    suite->search = g_strdup("grid");
    suite->seed = 1;
    suite->gates = g_array_new(FALSE, FALSE, sizeof(RkSuiteGate));
    g_array_set_clear_func(suite->gates, clear_gate);
    suite->tolerance = TOLERANCE;
    suite->metric_tolerance = METRIC_TOLERANCE;
    suite->report = g_strdupv((GStrv)rk_suite_reports);
    return suite;
}

void
rk_suite_free(RkSuite *suite)
{
    if (suite == NULL)
        return;
    g_free(suite->name);
    g_free(suite->text);
    g_strfreev(suite->data.import);
    g_free(suite->data.synth);
    g_free(suite->data.dataset);
    g_free(suite->data.split);
    g_array_unref(suite->data.set);
    g_ptr_array_unref(suite->models);
    g_ptr_array_unref(suite->axes);
    g_free(suite->search);
    g_array_unref(suite->gates);
    g_free(suite->metric);
    g_free(suite->plan);
    g_strfreev(suite->report);
    g_free(suite);
}

static gboolean
read_parts(RkSuiteReader *reader, RkSuite *suite, JsonNode *root, GError **error)
{
    const char *names[G_N_ELEMENTS(PARTS) + 1] = {NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(PARTS); i++)
        names[i] = PARTS[i].name;
    JsonObject *object = rk_suite_object(reader, root, names, error);
    if (object == NULL)
        return FALSE;
    for (size_t i = 0; i < G_N_ELEMENTS(PARTS); i++) {
        JsonNode *node = json_object_get_member(object, PARTS[i].name);
        gsize before = rk_suite_enter(reader, PARTS[i].name);
        if (node == NULL && PARTS[i].needed)
            return rk_suite_fail(reader, error, "is not there: every suite has it.");
        if (node != NULL && !PARTS[i].read(reader, suite, node, error))
            return FALSE;
        rk_suite_leave(reader, before);
    }
    return rk_suite_complete_axes(reader, suite, error);
}

RkSuite *
rk_suite_parse(const char *text, const char *path, const RkAxisTable *tables, size_t n_tables,
               GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GString) at = g_string_new(NULL);
    g_autoptr(RkSuite) suite = suite_new(text, path);
    RkSuiteReader reader = {path, at, tables, n_tables};
    g_autoptr(JsonNode) root = json_from_string(text, &cause);
    if (root == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't run %s: it is not JSON: %s", path,
                    cause != NULL ? cause->message : "the file is empty.");
        return NULL;
    }
    return read_parts(&reader, suite, root, error) ? g_steal_pointer(&suite) : NULL;
}

RkSuite *
rk_suite_read(const char *path, const RkAxisTable *tables, size_t n_tables, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) cause = NULL;
    if (g_file_get_contents(path, &text, NULL, &cause))
        return rk_suite_parse(text, path, tables, n_tables, error);
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't run %s: %s.", path, cause->message);
    return NULL;
}

const RkAxis *
rk_suite_axis(const RkSuite *suite, const char *name)
{
    for (guint i = 0; i < suite->axes->len; i++)
        if (strcmp(((RkAxis *)g_ptr_array_index(suite->axes, i))->name, name) == 0)
            return g_ptr_array_index(suite->axes, i);
    return NULL;
}

const RkSuiteModel *
rk_suite_model(const RkSuite *suite, const char *name)
{
    for (guint i = 0; i < suite->models->len; i++)
        if (g_strcmp0(((RkSuiteModel *)g_ptr_array_index(suite->models, i))->name, name) == 0)
            return g_ptr_array_index(suite->models, i);
    return NULL;
}

// ---- hashes --------------------------------------------------------------------------------

static void
add_settings(GString *text, const GArray *settings)
{
    for (guint i = 0; settings != NULL && i < settings->len; i++) {
        const RkSetting *one = &g_array_index(settings, RkSetting, i);
        g_string_append_printf(text, "%s=%s\n", one->name, one->text);
    }
}

static void
add_data(GString *text, const RkSuiteData *data)
{
    g_string_append_printf(
        text, "data %s %s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %s\n",
        data->synth != NULL ? data->synth : "", data->dataset != NULL ? data->dataset : "",
        data->synth != NULL ? data->rows : 0, data->seed, data->split != NULL ? data->split : "");
    // By name, not by folder: the same files elsewhere are the same data.
    for (char **path = data->import; path != NULL && *path != NULL; path++) {
        g_autofree char *base = g_path_get_basename(*path);
        g_string_append_printf(text, "%s\n", base);
    }
    add_settings(text, data->set);
}

static void
add_model(GString *text, const RkSuiteModel *model)
{
    if (model->stored != NULL)
        g_string_append_printf(text, "stored %s\n", model->stored);
    else
        g_string_append_printf(text, "model %s\n", model->model->name);
    add_settings(text, model->set);
}

static char *
hash(const GString *text, guint n_digits)
{
    g_autofree char *all =
        g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str, (gssize)text->len);
    return g_strndup(all, n_digits);
}

char *
rk_suite_recipe(const RkSuite *suite)
{
    g_autoptr(GString) text = g_string_new(suite->name);
    add_data(text, &suite->data);
    for (guint i = 0; i < suite->models->len; i++) {
        const RkSuiteModel *model = g_ptr_array_index(suite->models, i);
        g_string_append_printf(text, "named %s\n", model->name);
        add_model(text, model);
    }
    return hash(text, 16);
}

char *
rk_suite_data_hash(const RkSuite *suite)
{
    g_autoptr(GString) text = g_string_new(NULL);
    add_data(text, &suite->data);
    return hash(text, 8);
}

char *
rk_suite_model_hash(const RkSuite *suite, const RkSuiteModel *model, const GArray *more)
{
    g_autoptr(GString) text = g_string_new(NULL);
    add_data(text, &suite->data);
    add_model(text, model);
    add_settings(text, more);
    return hash(text, 8);
}
