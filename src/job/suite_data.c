// SPDX-License-Identifier: GPL-3.0-or-later
#include "job/suite_data.h"

#include "base/json.h"
#include "dataset/features.h"
#include "dataset/synth.h"
#include "store/intake.h"
#include "store/parts.h"

#include <string.h>

typedef struct {
    const RkSuite *suite;
    const RkSuiteWatch *watch;
    RkParams *clean, *split, *reading;
    GPtrArray *edits, *features; // of char *, "key=value"
} Import;

static void
import_clear(Import *import)
{
    g_clear_pointer(&import->clean, rk_params_free);
    g_clear_pointer(&import->split, rk_params_free);
    g_clear_pointer(&import->reading, rk_params_free);
    g_clear_pointer(&import->edits, g_ptr_array_unref);
    g_clear_pointer(&import->features, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Import, import_clear)

static void
show_pass(void *data, const char *what, uint64_t done, uint64_t total)
{
    const RkSuiteWatch *watch = data;
    if (watch->progress != NULL)
        watch->progress(watch->data, what, done, total, "rows");
}

static gboolean
show_reading(gpointer data, uint64_t done_bytes, uint64_t all_bytes, uint64_t n_rows)
{
    const RkSuiteWatch *watch = data;
    if (watch->progress != NULL)
        watch->progress(watch->data, "import", done_bytes, all_bytes, "bytes");
    return watch->cancelled == NULL || !g_atomic_int_get(watch->cancelled);
}

// ---- importing -----------------------------------------------------------------------------

// A setting goes to the table that has its name.
static gboolean
assign(Import *import, const RkSetting *setting, GError **error)
{
    const struct {
        RkParams *params;
        const RkParam *table;
        size_t n;
    } SETS[] = {{import->reading, rk_import_params, rk_n_import_params},
                {import->clean, rk_clean_params, rk_n_clean_params},
                {import->split, rk_split_params, rk_n_split_params}};
    char *text = g_strdup_printf("%s=%s", setting->name, setting->text);
    if (rk_import_is_edit(text) || rk_features_is_setting(text)) {
        g_ptr_array_add(rk_import_is_edit(text) ? import->edits : import->features, text);
        return TRUE;
    }
    g_free(text);
    for (size_t s = 0; s < G_N_ELEMENTS(SETS); s++)
        for (size_t i = 0; i < SETS[s].n; i++)
            if (strcmp(SETS[s].table[i].name, setting->name) == 0)
                return rk_params_set(SETS[s].params, setting->name, setting->text, error);
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't set %s of data.set: there is no such setting. See rankine import --help.",
                setting->name);
    return FALSE;
}

static gboolean
read_settings(Import *import, GError **error)
{
    const RkSuiteData *data = &import->suite->data;
    import->reading = rk_params_new(rk_import_params, rk_n_import_params);
    import->clean = rk_params_new(rk_clean_params, rk_n_clean_params);
    import->split = rk_params_new(rk_split_params, rk_n_split_params);
    import->edits = g_ptr_array_new_with_free_func(g_free);
    import->features = g_ptr_array_new_with_free_func(g_free);
    if (data->split != NULL && !rk_params_set(import->split, "split", data->split, error))
        return FALSE;
    for (guint i = 0; i < data->set->len; i++)
        if (!assign(import, &g_array_index(data->set, RkSetting, i), error))
            return FALSE;
    g_ptr_array_add(import->features, NULL);
    return TRUE;
}

static char *
recipe_json(const RkSuite *suite)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    rk_json_add_text(json, "made_by", "suite");
    rk_json_add_text(json, "suite", suite->name);
    rk_json_add_json(json, "recipe", suite->text);
    json_builder_end_object(json);
    return rk_json_text(json, FALSE);
}

static RkDataset *
import_files(RkStore *store, const RkSuite *suite, const char *name, const RkSuiteWatch *watch,
             GError **error)
{
    g_auto(Import) set = {.suite = suite, .watch = watch};
    if (!read_settings(&set, error))
        return NULL;
    g_autoptr(RkImport) import =
        rk_import_new((const char *const *)suite->data.import, NULL, set.reading, error);
    for (guint i = 0; import != NULL && i < set.edits->len; i++)
        if (!rk_import_edit(import, g_ptr_array_index(set.edits, i), error))
            return NULL;
    const RkPassProgress pass = {show_pass, (void *)watch};
    g_autofree char *recipe = recipe_json(suite);
    const RkIntakeOptions options = {
        .name = name,
        .clean = set.clean,
        .split = set.split,
        .seed = suite->data.seed,
        .params_json = recipe,
        .import = {.progress = show_reading, .progress_data = (gpointer)watch},
        .progress = &pass,
    };
    if (import == NULL || !rk_intake_import(store, import, &options, NULL, error))
        return NULL;
    g_autoptr(RkDataset) dataset = rk_dataset_open(store, name, error);
    if (dataset == NULL || set.features->len == 1)
        return g_steal_pointer(&dataset);
    g_autoptr(RkFeatures) features =
        rk_dataset_fit_features(dataset, (const char *const *)set.features->pdata, &pass, error);
    return features != NULL ? g_steal_pointer(&dataset) : NULL;
}

// ---- generating ----------------------------------------------------------------------------

static RkDataset *
generate(RkStore *store, const RkSuite *suite, const char *name, const RkSuiteWatch *watch,
         GError **error)
{
    const RkSuiteData *data = &suite->data;
    const RkPassProgress pass = {show_pass, (void *)watch};
    const RkParam *table;
    const char *kind_split;
    size_t n;
    if (!rk_synth_kind(data->synth, &table, &n, NULL, &kind_split, error))
        return NULL;
    g_autoptr(RkParams) params = rk_params_new(table, n);
    g_autoptr(RkParams) how = rk_params_new(rk_split_params, rk_n_split_params);
    for (guint i = 0; i < data->set->len; i++) {
        const RkSetting *setting = &g_array_index(data->set, RkSetting, i);
        if (!rk_params_set(params, setting->name, setting->text, error))
            return NULL;
    }
    g_autoptr(RkSynth) synth =
        rk_params_set(how, "split", kind_split, error)
            ? rk_synth_new(data->synth, params, data->seed, data->rows, error)
            : NULL;
    if (synth == NULL)
        return NULL;
    g_autoptr(RkSplit) split =
        rk_split_build(rk_synth_source(synth), how, data->seed,
                       rk_synth_vocabulary_size(synth, "user"), &pass, error);
    g_autofree char *ceiling = split != NULL ? rk_synth_ceiling(synth, error) : NULL;
    g_autofree char *recipe =
        rk_synth_params_json(data->synth, params, how, data->seed, data->rows);
    g_autoptr(RkDatasetWriter) writer =
        ceiling != NULL
            ? rk_dataset_writer_new(store, name, rk_synth_source(synth)->schema, recipe, error)
            : NULL;
    if (writer == NULL ||
        !rk_intake_synth(writer, rk_dataset_writer_chunks(writer), synth, split, ceiling,
                         g_get_num_processors(), &pass, error) ||
        !rk_dataset_writer_commit(writer, error))
        return NULL;
    return rk_dataset_open(store, name, error);
}

RkDataset *
rk_suite_data_make(RkStore *store, const RkSuite *suite, const RkSuiteWatch *watch, GError **error)
{
    if (suite->data.dataset != NULL)
        return rk_dataset_open(store, suite->data.dataset, error);
    g_autofree char *hash = rk_suite_data_hash(suite);
    g_autofree char *name = g_strdup_printf("%s-data-%s", suite->name, hash);
    if (rk_dataset_exists(store, name))
        return rk_dataset_open(store, name, error);
    return (suite->data.synth != NULL ? generate : import_files)(store, suite, name, watch, error);
}
