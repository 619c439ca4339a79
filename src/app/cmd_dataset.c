// SPDX-License-Identifier: GPL-3.0-or-later
//
// `rankine dataset NAME`: what a dataset holds; with --to its tables as files again.
#include "app/cli_store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "dataset/profile.h"
#include "store/export.h"
#include "store/parts.h"

typedef struct {
    char *to;
    char *separator;
    gboolean no_header;
} Options;

// ---- export --------------------------------------------------------------------------------

typedef struct {
    RkCli *cli;
    char *what;
} Telling;

static gboolean
show_progress(gpointer data, uint64_t done, uint64_t total)
{
    const Telling *telling = data;
    rk_cli_progress(telling->cli, telling->what, done, total, "rows");
    return TRUE;
}

static gboolean
read_separator(const char *text, char *separator, GError **error)
{
    if (text == NULL || strcmp(text, ",") == 0)
        *separator = ',';
    else if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0)
        *separator = '\t';
    else if (strlen(text) == 1 && strchr("\"\r\n", *text) == NULL)
        *separator = *text;
    else {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't read --separator \"%s\": it is one character, or tab.", text);
        return FALSE;
    }
    return TRUE;
}

// Every table into the folder; the paths go to `files`.
static gboolean export(RkCli *cli, RkDataset *dataset, const Options *options, GPtrArray *files,
                       GError **error)
{
    RkExportOptions how = {.header = !options->no_header, .progress = show_progress};
    if (!read_separator(options->separator, &how.separator, error))
        return FALSE;
    if (g_mkdir_with_parents(options->to, 0777) != 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_FAILED,
                    "Can't create the folder %s: %s. Name another with --to.", options->to,
                    g_strerror(errno));
        return FALSE;
    }
    const RkSchema *schema = rk_dataset_schema(dataset);
    for (guint t = 0; t < schema->tables->len; t++) {
        g_autofree char *name = rk_export_file_name(dataset, t, &how);
        char *path = g_build_filename(options->to, name, NULL);
        Telling telling = {cli, name};
        g_ptr_array_add(files, path);
        how.progress_data = &telling;
        gboolean done = rk_export_table(dataset, t, path, &how, error);
        rk_cli_progress_end(cli);
        if (!done)
            return FALSE;
    }
    return TRUE;
}

static void
print_files(const RkCli *cli, const RkDataset *dataset, const GPtrArray *files)
{
    if (!cli->json) {
        for (guint t = 0; t < files->len; t++)
            printf("%12" G_GUINT64_FORMAT " rows  %s\n", rk_dataset_n_rows(dataset, t),
                   (const char *)g_ptr_array_index(files, t));
        return;
    }
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    rk_json_add_text(builder, "name", rk_dataset_name(dataset));
    json_builder_set_member_name(builder, "files");
    json_builder_begin_array(builder);
    for (guint t = 0; t < files->len; t++) {
        json_builder_begin_object(builder);
        rk_json_add_text(builder, "table", rk_schema_table(rk_dataset_schema(dataset), t)->name);
        rk_json_add_text(builder, "path", g_ptr_array_index(files, t));
        rk_json_add_int(builder, "rows", (int64_t)rk_dataset_n_rows(dataset, t));
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    g_autofree char *text = rk_json_text(builder, TRUE);
    puts(text);
}

// ---- what it holds -------------------------------------------------------------------------

static gboolean
add_meta(JsonBuilder *builder, RkDataset *dataset, const char *member, const char *key,
         GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autofree char *json = rk_dataset_meta(dataset, key, &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    if (json != NULL)
        rk_json_add_json(builder, member, json);
    return TRUE;
}

static void
show_pass(void *data, const char *what, uint64_t done, uint64_t total)
{
    rk_cli_progress(data, what, done, total, "rows");
}

static gboolean
print_json(RkDataset *dataset, const RkProfile *profile, GError **error)
{
    static const char *const METAS[][2] = {{"split_settings", "split"}, {"params", "params"},
                                           {"import", "import"},        {"clean", "clean"},
                                           {"features", "features"},    {"ceiling", "ceiling"}};
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    rk_json_add_text(builder, "name", rk_dataset_name(dataset));
    rk_profile_add_json(profile, builder);
    for (size_t i = 0; i < G_N_ELEMENTS(METAS); i++)
        if (!add_meta(builder, dataset, METAS[i][0], METAS[i][1], error))
            return FALSE;
    json_builder_end_object(builder);
    g_autofree char *text = rk_json_text(builder, TRUE);
    puts(text);
    return TRUE;
}

static gboolean
print_text(RkDataset *dataset, const RkProfile *profile, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autofree char *text = rk_profile_to_text(profile);
    g_autofree char *ceiling = rk_dataset_meta(dataset, "ceiling", &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    fputs(text, stdout);
    g_autoptr(RkFeatures) features = rk_dataset_features(dataset, &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    if (features != NULL) {
        g_autofree char *fitted = rk_features_to_text(features, rk_dataset_schema(dataset));
        printf("Features, fitted on the training part\n%s", fitted);
    }
    return ceiling == NULL || rk_cli_print_ceiling(ceiling, error);
}

static gboolean
describe(RkCli *cli, RkDataset *dataset, GError **error)
{
    const RkPassProgress pass = {show_pass, cli};
    g_autoptr(GError) failure = NULL;
    g_autoptr(RkSplit) split = rk_dataset_split(dataset, &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    g_autoptr(RkProfile) profile = rk_profile_new(
        rk_dataset_source(dataset), split, rk_dataset_vocabulary_size_of, dataset, &pass, error);
    rk_cli_progress_end(cli);
    if (profile == NULL)
        return FALSE;
    return cli->json ? print_json(dataset, profile, error) : print_text(dataset, profile, error);
}

gboolean
rk_command_dataset(RkCli *cli, int argc, char **argv, GError **error)
{
    g_autofree char *to = NULL;
    g_autofree char *separator = NULL;
    g_auto(GStrv) assignments = NULL;
    gboolean no_header = FALSE;
    const GOptionEntry entries[] = {
        {"to", 0, 0, G_OPTION_ARG_FILENAME, &to, "Write its tables as files into a folder",
         "FOLDER"},
        {"separator", 0, 0, G_OPTION_ARG_STRING, &separator,
         "Between the cells of these files: one character, or tab (default ,)", "C"},
        {"no-header", 0, 0, G_OPTION_ARG_NONE, &no_header, "No line of names in these files", NULL},
        {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &assignments,
         "Fit the features anew with this setting; see below", "key=value"},
        G_OPTION_ENTRY_NULL};
    g_autofree char *features = rk_features_help();
    g_autofree char *help = g_strdup_printf("Features:\n%s", features);
    if (!rk_cli_parse(cli, &argc, &argv, entries, "NAME - profile a dataset, or export it", help,
                      error))
        return FALSE;
    const char *name = rk_cli_one_argument(cli, argc, argv, "dataset", error);
    if (name == NULL)
        return FALSE;
    g_autoptr(RkStore) store = rk_cli_store(cli, RK_STORE_EXISTING, error);
    g_autoptr(RkDataset) dataset = store != NULL ? rk_dataset_open(store, name, error) : NULL;
    if (dataset == NULL)
        return FALSE;
    g_autoptr(GPtrArray) settings = g_ptr_array_new();
    for (char **word = assignments; word != NULL && *word != NULL; word++)
        g_ptr_array_add(settings, *word);
    if (!rk_cli_fit_features(cli, NULL, dataset, settings, error))
        return FALSE;
    if (to == NULL)
        return describe(cli, dataset, error);
    const Options options = {to, separator, no_header};
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    if (!export(cli, dataset, &options, files, error))
        return FALSE;
    print_files(cli, dataset, files);
    return TRUE;
}
