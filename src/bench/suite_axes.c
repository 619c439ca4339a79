// SPDX-License-Identifier: GPL-3.0-or-later
//
// The data, the models and the axes of a suite: everything that parameter tables check.
#include "bench/suite-private.h"

#include "base/json.h"
#include "dataset/synth.h"

#include <string.h>

const RkParam rk_suite_run_params[] = {
    {.name = "device",
     .type = RK_PARAM_TEXT,
     .initial = "",
     .help = "Vulkan device by index, name or UUID"},
    {.name = "seed",
     .type = RK_PARAM_INT,
     .min = 0,
     .max = 9007199254740991.0, // 2^53 - 1: a double holds it
     .initial = "1",
     .help = "Seed of every random choice"},
};
const size_t rk_suite_n_run_params = G_N_ELEMENTS(rk_suite_run_params);

// ---- data ----------------------------------------------------------------------------------

// A path or a list of them, relative to the suite's folder.
static gboolean
read_paths(RkSuiteReader *reader, JsonNode *node, GStrv *paths, GError **error)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *relative = g_path_get_dirname(reader->file);
    g_autofree char *folder = g_canonicalize_filename(relative, NULL);
    const gboolean many = JSON_NODE_HOLDS_ARRAY(node);
    const guint n = many ? json_array_get_length(json_node_get_array(node)) : 1;
    for (guint i = 0; i < n; i++) {
        g_autofree char *path = NULL;
        JsonNode *one = many ? json_array_get_element(json_node_get_array(node), i) : node;
        if (!rk_suite_text(reader, one, &path, error))
            return FALSE;
        g_ptr_array_add(found, g_canonicalize_filename(path, folder));
    }
    if (n == 0)
        return rk_suite_fail(reader, error, "is empty: name a file or a folder.");
    g_ptr_array_add(found, NULL);
    *paths = (GStrv)g_ptr_array_steal(found, NULL);
    return TRUE;
}

static gboolean
check_synth(RkSuiteReader *reader, const RkSuiteData *data, GError **error)
{
    g_autoptr(GError) cause = NULL;
    const RkParam *table = NULL;
    size_t n = 0;
    if (!rk_synth_kind(data->synth, &table, &n, NULL, NULL, &cause))
        return rk_suite_fail(reader, error, "has a wrong \"synth\": %s", cause->message);
    g_autoptr(RkParams) params = rk_params_new(table, n);
    for (guint i = 0; i < data->set->len; i++) {
        const RkSetting *setting = &g_array_index(data->set, RkSetting, i);
        if (!rk_params_set(params, setting->name, setting->text, &cause))
            return rk_suite_fail(reader, error, "has a wrong \"set\": %s", cause->message);
    }
    return data->split == NULL ||
           rk_suite_fail(
               reader, error,
               "has a \"split\": generated data is split as its kind says. Leave it out.");
}

gboolean
rk_suite_read_data(RkSuiteReader *reader, RkSuite *suite, JsonNode *node, GError **error)
{
    static const char *const NAMES[] = {"import", "synth", "rows", "dataset",
                                        "split",  "seed",  "set",  NULL};
    RkSuiteData *data = &suite->data;
    JsonObject *object = rk_suite_object(reader, node, NAMES, error);
    if (object == NULL)
        return FALSE;
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;
    json_object_iter_init_ordered(&iter, object);
    while (json_object_iter_next_ordered(&iter, &name, &value)) {
        gsize before = rk_suite_enter(reader, name);
        char **text = strcmp(name, "synth") == 0     ? &data->synth
                      : strcmp(name, "dataset") == 0 ? &data->dataset
                                                     : &data->split;
        gboolean done =
            strcmp(name, "import") == 0 ? read_paths(reader, value, &data->import, error)
            : strcmp(name, "rows") == 0
                ? rk_suite_count(reader, value, 1, 1000000000000u, &data->rows, error)
            : strcmp(name, "seed") == 0
                ? rk_suite_count(reader, value, 0, G_MAXINT64, &data->seed, error)
            : strcmp(name, "set") == 0 ? rk_suite_settings(reader, value, data->set, error)
                                       : rk_suite_text(reader, value, text, error);
        if (!done)
            return FALSE;
        rk_suite_leave(reader, before);
    }
    const int n_sources = (data->import != NULL) + (data->synth != NULL) + (data->dataset != NULL);
    if (n_sources != 1)
        return rk_suite_fail(
            reader, error, "has %d of \"import\", \"synth\" and \"dataset\": give one.", n_sources);
    return data->synth == NULL || check_synth(reader, data, error);
}

// ---- models --------------------------------------------------------------------------------

void
rk_suite_model_free(gpointer pointer)
{
    RkSuiteModel *model = pointer;
    g_free(model->name);
    g_free(model->stored);
    g_clear_pointer(&model->settings, rk_train_settings_free);
    g_array_unref(model->set);
    g_free(model);
}

static gboolean
set_model(RkSuiteReader *reader, RkSuiteModel *model, GError **error)
{
    model->settings = rk_train_settings_new(model->model);
    for (guint i = 0; i < model->set->len; i++) {
        g_autoptr(GError) cause = NULL;
        const RkSetting *setting = &g_array_index(model->set, RkSetting, i);
        gsize before = rk_suite_enter(reader, "set");
        rk_suite_enter(reader, setting->name);
        if (!rk_params_set(model->settings->values, setting->name, setting->text, &cause))
            return rk_suite_fail(reader, error, "is wrong. %s", cause->message);
        rk_suite_leave(reader, before);
    }
    return TRUE;
}

// One to train, of the zoo, or one that is stored.
static gboolean
read_source(RkSuiteReader *reader, RkSuiteModel *model, JsonObject *object, GError **error)
{
    g_autofree char *kind = NULL;
    g_autoptr(GError) cause = NULL;
    JsonNode *named = json_object_get_member(object, "model");
    JsonNode *stored = json_object_get_member(object, "stored");
    gsize before = rk_suite_enter(reader, stored != NULL ? "stored" : "model");
    if (named != NULL && stored != NULL)
        return rk_suite_fail(reader, error, "is there beside \"model\": give one of the two.");
    if (stored != NULL && json_object_has_member(object, "set"))
        return rk_suite_fail(reader, error,
                             "has a \"set\" beside it: a stored model is as it was trained.");
    if (named == NULL && stored == NULL)
        return rk_suite_fail(reader, error,
                             "is not there: name a model of the zoo, or a \"stored\" one.");
    if (!rk_suite_text(reader, stored != NULL ? stored : named, &kind, error))
        return FALSE;
    if (stored == NULL && (model->model = rk_model_find(kind, &cause)) == NULL)
        return rk_suite_fail(reader, error, "is wrong. %s", cause->message);
    rk_suite_leave(reader, before);
    model->stored = stored != NULL ? g_strdup(kind) : NULL;
    model->name = g_steal_pointer(&kind);
    return TRUE;
}

static gboolean
read_model(RkSuiteReader *reader, RkSuite *suite, JsonNode *node, GError **error)
{
    static const char *const NAMES[] = {"name", "model", "stored", "set", NULL};
    JsonObject *object = rk_suite_object(reader, node, NAMES, error);
    if (object == NULL)
        return FALSE;
    RkSuiteModel *model = g_new0(RkSuiteModel, 1);
    model->set = rk_settings_new();
    g_ptr_array_add(suite->models, model);
    if (!read_source(reader, model, object, error))
        return FALSE;
    JsonNode *named = json_object_get_member(object, "name");
    gsize before = rk_suite_enter(reader, "name");
    if (named != NULL && !rk_suite_text(reader, named, &model->name, error))
        return FALSE;
    if (rk_suite_model(suite, model->name) != model)
        return rk_suite_fail(reader, error, "\"%s\" is there twice.", model->name);
    rk_suite_leave(reader, before);
    JsonNode *set = json_object_get_member(object, "set");
    rk_suite_enter(reader, "set");
    if (set != NULL && !rk_suite_settings(reader, set, model->set, error))
        return FALSE;
    rk_suite_leave(reader, before);
    return model->stored != NULL || set_model(reader, model, error);
}

gboolean
rk_suite_read_models(RkSuiteReader *reader, RkSuite *suite, JsonNode *node, GError **error)
{
    if (!JSON_NODE_HOLDS_ARRAY(node) || json_array_get_length(json_node_get_array(node)) == 0)
        return rk_suite_fail(reader, error, "is not a list with at least one model.");
    JsonArray *array = json_node_get_array(node);
    for (guint i = 0; i < json_array_get_length(array); i++) {
        gsize before = reader->path->len;
        g_string_append_printf(reader->path, "[%u]", i);
        if (!read_model(reader, suite, json_array_get_element(array, i), error))
            return FALSE;
        rk_suite_leave(reader, before);
    }
    return TRUE;
}

// ---- axes ----------------------------------------------------------------------------------

const char *
rk_place_name(RkPlace place)
{
    static const char *const NAMES[RK_N_PLACES] = {
        [RK_PLACE_MODEL] = "the models",         [RK_PLACE_TRAIN] = "the model's settings",
        [RK_PLACE_COMPRESS] = "compression",     [RK_PLACE_SERVE] = "the server's settings",
        [RK_PLACE_LOAD] = "the load's settings", [RK_PLACE_RUN] = "the run's settings",
    };
    g_return_val_if_fail(place < RK_N_PLACES, NULL);
    return NAMES[place];
}

void
rk_suite_axis_free(gpointer pointer)
{
    RkAxis *axis = pointer;
    g_free(axis->name);
    g_array_unref(axis->values);
    g_free(axis);
}

static const RkParam *
find_row(const RkParam *rows, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

// The tables that are looked into, in order; the models' own come last.
static const RkParam *
find_axis(const RkSuiteReader *reader, const char *name, RkPlace only, RkPlace *place)
{
    const RkParam *row = NULL;
    for (size_t t = 0; t < reader->n_tables && row == NULL; t++) {
        *place = reader->tables[t].place;
        if (only == RK_N_PLACES || only == *place)
            row = find_row(reader->tables[t].rows, reader->tables[t].n, name);
    }
    if (row == NULL && only == RK_N_PLACES) {
        *place = RK_PLACE_RUN;
        row = find_row(rk_suite_run_params, rk_suite_n_run_params, name);
    }
    return row;
}

static void
add_names(GPtrArray *names, const RkParam *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        g_ptr_array_add(names, (gpointer)rows[i].name);
}

static gboolean
fail_unknown(RkSuiteReader *reader, const RkSuite *suite, const char *name, RkPlace only,
             GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autoptr(GString) where = g_string_new(NULL);
    for (size_t t = 0; t < reader->n_tables; t++)
        if (only == RK_N_PLACES || only == reader->tables[t].place) {
            add_names(names, reader->tables[t].rows, reader->tables[t].n);
            g_string_append_printf(where, "%s%s", where->len > 0 ? ", " : "",
                                   rk_place_name(reader->tables[t].place));
        }
    if (only == RK_N_PLACES) {
        g_ptr_array_add(names, (gpointer) "model");
        add_names(names, rk_suite_run_params, rk_suite_n_run_params);
        for (guint m = 0; m < suite->models->len; m++) {
            const RkSuiteModel *model = g_ptr_array_index(suite->models, m);
            if (model->settings != NULL)
                add_names(names, model->settings->table, model->settings->n);
        }
        g_string_append_printf(where, "%s%s", where->len > 0 ? ", " : "",
                               rk_place_name(RK_PLACE_TRAIN));
    }
    const char *nearest = rk_nearest_word(name, (const char *const *)names->pdata, names->len);
    if (nearest != NULL)
        return rk_suite_fail(reader, error, "is not known. Did you mean %s?", nearest);
    return rk_suite_fail(reader, error,
                         "is in none of these tables: %s. See rankine bench --help "
                         "and rankine train MODEL --help.",
                         where->str);
}

// An axis of the models' own tables: every model must have it.
static gboolean
find_in_models(RkSuiteReader *reader, const RkSuite *suite, const char *name, GPtrArray *rows,
               GError **error)
{
    const char *lacks = NULL;
    for (guint m = 0; m < suite->models->len; m++) {
        const RkSuiteModel *model = g_ptr_array_index(suite->models, m);
        const RkTrainSettings *own = model->settings; // a stored model has none to choose
        const RkParam *row = own != NULL ? find_row(own->table, own->n, name) : NULL;
        if (row != NULL)
            g_ptr_array_add(rows, (gpointer)row);
        else
            lacks = model->name;
    }
    if (rows->len == 0)
        return fail_unknown(reader, suite, name, RK_N_PLACES, error);
    return lacks == NULL ||
           rk_suite_fail(reader, error,
                         "is no setting of the model %s: give the models that lack "
                         "it a suite of their own.",
                         lacks);
}

static gboolean
check_value(RkSuiteReader *reader, const RkParam *row, RkPlace place, const RkSetting *value,
            GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(RkParams) params = rk_params_new(row, 1);
    if (place == RK_PLACE_COMPRESS && strcmp(value->text, RK_NO_PASS) == 0)
        return TRUE;
    return rk_params_set(params, row->name, value->text, &cause) ||
           rk_suite_fail(reader, error, "is wrong. %s It is of %s: %s.", cause->message,
                         rk_place_name(place), row->help);
}

// A value; of a compression's setting null too, which is RK_NO_PASS.
static gboolean
read_value(RkSuiteReader *reader, JsonNode *node, RkAxis *axis, GError **error)
{
    if (axis->place != RK_PLACE_COMPRESS || !JSON_NODE_HOLDS_NULL(node))
        return rk_suite_scalar(reader, node, axis->name, axis->values, error);
    rk_settings_add_text(axis->values, axis->name, RK_NO_PASS);
    return TRUE;
}

// A value or a list of values.
static gboolean
read_values(RkSuiteReader *reader, JsonNode *node, RkAxis *axis, GPtrArray *rows, GError **error)
{
    const gboolean many = JSON_NODE_HOLDS_ARRAY(node);
    JsonArray *array = many ? json_node_get_array(node) : NULL;
    const guint n = many ? json_array_get_length(array) : 1;
    if (n == 0)
        return rk_suite_fail(reader, error, "is an empty list: give it a value.");
    for (guint i = 0; i < n; i++) {
        gsize before = reader->path->len;
        if (many)
            g_string_append_printf(reader->path, "[%u]", i);
        if (!read_value(reader, many ? json_array_get_element(array, i) : node, axis, error))
            return FALSE;
        const RkSetting *value = &g_array_index(axis->values, RkSetting, i);
        for (guint r = 0; r < rows->len; r++)
            if (!check_value(reader, g_ptr_array_index(rows, r), axis->place, value, error))
                return FALSE;
        for (guint j = 0; j < i; j++)
            if (strcmp(g_array_index(axis->values, RkSetting, j).text, value->text) == 0)
                return rk_suite_fail(reader, error, "is the value %s a second time.", value->text);
        rk_suite_leave(reader, before);
    }
    return TRUE;
}

static gboolean
check_models(RkSuiteReader *reader, const RkSuite *suite, const RkAxis *axis, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint m = 0; m < suite->models->len; m++)
        g_ptr_array_add(names, ((RkSuiteModel *)g_ptr_array_index(suite->models, m))->name);
    for (guint i = 0; i < axis->values->len; i++) {
        const char *name = g_array_index(axis->values, RkSetting, i).text;
        if (rk_suite_model(suite, name) != NULL)
            continue;
        const char *nearest = rk_nearest_word(name, (const char *const *)names->pdata, names->len);
        return rk_suite_fail(reader, error, "names %s, which is not among \"models\".%s%s%s", name,
                             nearest != NULL ? " Did you mean " : "",
                             nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
    }
    return TRUE;
}

static gboolean
read_axis(RkSuiteReader *reader, RkSuite *suite, const char *name, JsonNode *node, RkPlace only,
          GError **error)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new();
    RkPlace place = RK_PLACE_MODEL;
    const gboolean is_model = only == RK_N_PLACES && strcmp(name, "model") == 0;
    const RkParam *row = is_model ? NULL : find_axis(reader, name, only, &place);
    if (row != NULL) {
        g_ptr_array_add(rows, (gpointer)row);
    } else if (!is_model) {
        if (only != RK_N_PLACES)
            return fail_unknown(reader, suite, name, only, error);
        place = RK_PLACE_TRAIN;
        if (!find_in_models(reader, suite, name, rows, error))
            return FALSE;
    }
    if (rk_suite_axis(suite, name) != NULL)
        return rk_suite_fail(reader, error, "is there twice: it stands in \"sweep\" already.");
    RkAxis *axis = g_new0(RkAxis, 1);
    *axis = (RkAxis){g_strdup(name), place, rk_settings_new()};
    g_ptr_array_add(suite->axes, axis);
    return read_values(reader, node, axis, rows, error) &&
           (!is_model || check_models(reader, suite, axis, error));
}

gboolean
rk_suite_read_axes(RkSuiteReader *reader, RkSuite *suite, JsonNode *node, RkPlace only,
                   GError **error)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return rk_suite_fail(reader, error, "is not an object: write it in braces.");
    json_object_iter_init_ordered(&iter, json_node_get_object(node));
    while (json_object_iter_next_ordered(&iter, &name, &value)) {
        gsize before = rk_suite_enter(reader, name);
        if (!read_axis(reader, suite, name, value, only, error))
            return FALSE;
        rk_suite_leave(reader, before);
    }
    return TRUE;
}

gboolean
rk_suite_complete_axes(RkSuiteReader *reader, RkSuite *suite, GError **error)
{
    if (rk_suite_axis(suite, "model") == NULL) {
        RkAxis *axis = g_new0(RkAxis, 1);
        *axis = (RkAxis){g_strdup("model"), RK_PLACE_MODEL, rk_settings_new()};
        for (guint m = 0; m < suite->models->len; m++)
            rk_settings_add_text(axis->values, "model",
                                 ((RkSuiteModel *)g_ptr_array_index(suite->models, m))->name);
        g_ptr_array_insert(suite->axes, 0, axis);
    }
    double n_points = 1;
    for (guint a = 0; a < suite->axes->len; a++)
        n_points *= ((RkAxis *)g_ptr_array_index(suite->axes, a))->values->len;
    rk_suite_enter(reader, "sweep");
    if (n_points > 1e6)
        return rk_suite_fail(reader, error, "has %.3g combinations; a million is the most.",
                             n_points);
    rk_suite_leave(reader, 0);
    return TRUE;
}
