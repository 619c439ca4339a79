// SPDX-License-Identifier: GPL-3.0-or-later
//
// `rankine import PATH... --as NAME`: files into a stored dataset.
#include "app/cli_store.h"
#include "app/import_preview.h"

#include "base/clock.h"
#include "base/json.h"
#include "dataset/features.h"
#include "store/intake.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    RkCli *cli;
    // Options.
    char *name, *format, *key_file;
    char **assignments;
    char **paths;
    gboolean dry_run;
    // What they say.
    RkParams *import_settings, *clean, *split;
    GPtrArray *edits;    // of char *, borrowed
    GPtrArray *features; // the same
    RkPseudonym *pseudonym;
} Command;

static void
command_clear(Command *command)
{
    g_free(command->name);
    g_free(command->format);
    g_free(command->key_file);
    g_strfreev(command->assignments);
    g_strfreev(command->paths);
    g_clear_pointer(&command->import_settings, rk_params_free);
    g_clear_pointer(&command->clean, rk_params_free);
    g_clear_pointer(&command->split, rk_params_free);
    g_clear_pointer(&command->edits, g_ptr_array_unref);
    g_clear_pointer(&command->features, g_ptr_array_unref);
    g_clear_pointer(&command->pseudonym, rk_pseudonym_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Command, command_clear)

// ---- the command line ----------------------------------------------------------------------

static char *
help_text(void)
{
    g_autofree char *formats = rk_import_formats_help();
    g_autofree char *import = rk_params_help(rk_import_params, rk_n_import_params);
    g_autofree char *clean = rk_params_help(rk_clean_params, rk_n_clean_params);
    g_autofree char *split = rk_params_help(rk_split_params, rk_n_split_params);
    g_autofree char *features = rk_features_help();
    return g_strdup_printf("PATH is a file, a folder, or - for standard input; files may be "
                           "compressed by gzip or zstd.\n\n"
                           "Formats:\n%s\n"
                           "Changes to the schema (see --dry-run):\n"
                           "  [TABLE.]FIELD.kind     user, item, categorical, multi, number, "
                           "timestamp, label, text, ignore\n"
                           "  [TABLE.]FIELD.separator, .unit (s, ms, us, ns), .vocabulary; "
                           "TABLE.role (events, items, users, other)\n\n"
                           "Settings of the reading:\n%s\nCleaning:\n%s\nSplit:\n%s\n"
                           "Features, fitted on the training part:\n%s",
                           formats, import, clean, split, features);
}

// One --set: a change to the schema, or a setting of the table that has it.
static gboolean
assign(Command *command, const char *assignment, GError **error)
{
    const struct {
        RkParams *params;
        const RkParam *table;
        size_t n;
    } SETS[] = {{command->import_settings, rk_import_params, rk_n_import_params},
                {command->clean, rk_clean_params, rk_n_clean_params},
                {command->split, rk_split_params, rk_n_split_params}};
    g_autofree char *name = g_strndup(assignment, strcspn(assignment, "="));
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    if (rk_import_is_edit(assignment)) {
        g_ptr_array_add(command->edits, (char *)assignment);
        return TRUE;
    }
    if (rk_features_is_setting(assignment)) {
        g_ptr_array_add(command->features, (char *)assignment);
        return TRUE;
    }
    for (size_t s = 0; s < G_N_ELEMENTS(SETS); s++)
        for (size_t i = 0; i < SETS[s].n; i++) {
            if (strcmp(SETS[s].table[i].name, name) == 0)
                return rk_params_assign(SETS[s].params, assignment, error);
            g_ptr_array_add(names, (char *)SETS[s].table[i].name);
        }
    const char *nearest = rk_nearest_word(name, (const char *const *)names->pdata, names->len);
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't set %s: there is no such setting.%s%s%s See rankine import --help.", name,
                nearest ? " Did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
    return FALSE;
}

static gboolean
read_settings(Command *command, GError **error)
{
    command->import_settings = rk_params_new(rk_import_params, rk_n_import_params);
    command->clean = rk_params_new(rk_clean_params, rk_n_clean_params);
    command->split = rk_params_new(rk_split_params, rk_n_split_params);
    command->edits = g_ptr_array_new();
    command->features = g_ptr_array_new();
    for (char **word = command->assignments; word != NULL && *word != NULL; word++)
        if (!assign(command, *word, error))
            return FALSE;
    if (command->key_file == NULL)
        return TRUE;
    const char *ids = rk_params_text(command->import_settings, "pseudonymize.ids");
    command->pseudonym =
        rk_pseudonym_load(command->key_file, strcmp(ids, "users-and-items") == 0, error);
    return command->pseudonym != NULL;
}

static gboolean
read_command_line(Command *command, int argc, char **argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"as", 0, 0, G_OPTION_ARG_STRING, &command->name, "Name of the dataset", "NAME"},
        {"format", 0, 0, G_OPTION_ARG_STRING, &command->format,
         "Format of the files (default: found out)", "F"},
        {"dry-run", 0, 0, G_OPTION_ARG_NONE, &command->dry_run,
         "Show what was found out and the first rows; store nothing", NULL},
        {"pseudonymize", 0, 0, G_OPTION_ARG_FILENAME, &command->key_file,
         "Replace ids by a hash keyed with this file (HMAC-SHA-256)", "KEYFILE"},
        {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &command->assignments,
         "A setting or a change to the schema; see below", "key=value"},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &command->paths, NULL, NULL},
        G_OPTION_ENTRY_NULL};
    g_autofree char *help = help_text();
    if (!rk_cli_parse(command->cli, &argc, &argv, entries, "PATH... --as NAME", help, error))
        return FALSE;
    if (command->paths == NULL || *command->paths == NULL) {
        g_set_error_literal(error, RK_ERROR, RK_ERROR_USAGE,
                            "Can't import nothing: name a file, a folder, or - for standard "
                            "input. See rankine import --help.");
        return FALSE;
    }
    if ((command->name == NULL || *command->name == '\0') && !command->dry_run) {
        g_set_error_literal(error, RK_ERROR, RK_ERROR_USAGE,
                            "Can't import without a name: pass --as NAME, or --dry-run to look "
                            "at the files only.");
        return FALSE;
    }
    return read_settings(command, error);
}

// ---- running -------------------------------------------------------------------------------

// From here on an interrupt ends the process as usual: what was written isn't published before the
// commit, so nothing of it shows.
static void
reading_done(gpointer data)
{
    rk_cli_progress_end(data);
    rk_cli_release_interrupts();
}

typedef struct {
    RkCli *cli;
    const gint *interrupted; // the reading stops at the next batch and leaves nothing behind
} Reading;

static gboolean
show_reading(gpointer data, uint64_t done_bytes, uint64_t all_bytes, uint64_t n_rows)
{
    const Reading *reading = data;
    // The rows in all are known only as far as the bytes tell.
    uint64_t all_rows = 0;
    if (done_bytes > 0 && all_bytes > 0)
        all_rows = (uint64_t)((double)n_rows * (double)all_bytes / (double)done_bytes);
    rk_cli_progress(reading->cli, "import", n_rows, all_rows, "rows");
    return !g_atomic_int_get(reading->interrupted);
}

static void
show_pass(void *data, const char *what, uint64_t done, uint64_t total)
{
    rk_cli_progress(data, what, done, total, "rows");
}

// How to make the dataset again.
static char *
params_json(const Command *command)
{
    const struct {
        const char *name;
        const RkParams *params;
    } SETS[] = {{"reading", command->import_settings},
                {"cleaning", command->clean},
                {"splitting", command->split}};
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    rk_json_add_text(builder, "made_by", "import");
    json_builder_set_member_name(builder, "paths");
    json_builder_begin_array(builder);
    for (char **path = command->paths; *path != NULL; path++) {
        g_autofree char *shown = g_filename_display_name(*path);
        json_builder_add_string_value(builder, shown);
    }
    json_builder_end_array(builder);
    rk_json_add_text(builder, "format", command->format ? command->format : "auto");
    json_builder_set_member_name(builder, "pseudonymized");
    json_builder_add_boolean_value(builder, command->pseudonym != NULL);
    rk_json_add_int(builder, "seed", command->cli->seed);
    rk_json_add_texts(builder, "schema_changes", (const char *const *)command->edits->pdata,
                      command->edits->len);
    rk_json_add_texts(builder, "feature_settings", (const char *const *)command->features->pdata,
                      command->features->len);
    for (size_t s = 0; s < G_N_ELEMENTS(SETS); s++) {
        json_builder_set_member_name(builder, SETS[s].name);
        rk_params_to_json(SETS[s].params, builder);
    }
    json_builder_end_object(builder);
    return rk_json_text(builder, FALSE);
}

static void
print_json(const Command *command, const RkImport *import, const RkIntakeReport *report,
           double seconds)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    rk_json_add_text(builder, "name", command->name);
    rk_json_add_int(builder, "rows", (int64_t)report->n_rows[0]);
    json_builder_set_member_name(builder, "table_rows");
    json_builder_begin_object(builder);
    for (uint32_t t = 0; t < report->n_tables; t++)
        rk_json_add_int(builder, rk_schema_table(rk_import_schema(import), t)->name,
                        (int64_t)report->n_rows[t]);
    json_builder_end_object(builder);
    rk_json_add_real(builder, "seconds", seconds);
    rk_import_to_json(import, builder);
    rk_import_report_to_json(&report->read, builder);
    if (report->clean_json != NULL)
        rk_json_add_json(builder, "clean", report->clean_json);
    if (report->split_json != NULL)
        rk_json_add_json(builder, "split", report->split_json);
    json_builder_end_object(builder);
    g_autofree char *text = rk_json_text(builder, TRUE);
    puts(text);
}

static void
print_text(const Command *command, const RkImport *import, const RkIntakeReport *report,
           double seconds)
{
    const RkSkipped *skipped = &report->read.skipped;
    printf("Imported %s in %.2f s\n", command->name, seconds);
    for (uint32_t t = 0; t < report->n_tables; t++) {
        const RkTable *table = rk_schema_table(rk_import_schema(import), t);
        printf("%12" G_GUINT64_FORMAT " rows of %s (%s)\n", report->n_rows[t], table->name,
               rk_table_role_name(table->role));
    }
    if (skipped->n_skipped > 0)
        printf("%12" G_GUINT64_FORMAT " bad rows skipped, the first ones:\n", skipped->n_skipped);
    for (guint i = 0; i < skipped->examples->len; i++)
        printf("  %s\n", (const char *)g_ptr_array_index(skipped->examples, i));
    for (guint i = 0; i < report->read.notes->len; i++)
        printf("%s\n", (const char *)g_ptr_array_index(report->read.notes, i));
    if (report->clean_text != NULL)
        fputs(report->clean_text, stdout);
    if (report->split_text != NULL)
        puts(report->split_text);
}

static gboolean
run(Command *command, RkImport *import, GError **error)
{
    RkCli *cli = command->cli;
    const uint64_t start_ns = rk_clock_ns();
    const RkPassProgress pass = {.rows = show_pass, .data = cli};
    g_autofree char *params = params_json(command);
    Reading reading = {.cli = cli};
    const RkIntakeOptions options = {
        .name = command->name,
        .clean = command->clean,
        .split = command->split,
        .seed = (uint64_t)cli->seed,
        .params_json = params,
        .import = {.pseudonym = command->pseudonym,
                   .progress = show_reading,
                   .progress_data = &reading},
        .progress = &pass,
        .reading_done = reading_done,
        .reading_done_data = cli,
    };
    g_autoptr(RkStore) store = rk_cli_store(cli, RK_STORE_DEFAULT, error);
    g_auto(RkIntakeReport) report = {0};
    if (store == NULL)
        return FALSE;
    reading.interrupted = rk_cli_catch_interrupts();
    gboolean done = rk_intake_import(store, import, &options, &report, error);
    reading_done(cli);
    if (!done)
        return FALSE;
    g_autoptr(RkDataset) dataset = rk_dataset_open(store, command->name, error);
    if (dataset == NULL || !rk_cli_fit_features(cli, NULL, dataset, command->features, error))
        return FALSE;
    const double seconds = (double)(rk_clock_ns() - start_ns) * 1e-9;
    if (cli->json)
        print_json(command, import, &report, seconds);
    else
        print_text(command, import, &report, seconds);
    return TRUE;
}

gboolean
rk_command_import(RkCli *cli, int argc, char **argv, GError **error)
{
    g_auto(Command) command = {.cli = cli};
    if (!read_command_line(&command, argc, argv, error))
        return FALSE;
    g_autoptr(RkImport) import = rk_import_new((const char *const *)command.paths, command.format,
                                               command.import_settings, error);
    if (import == NULL)
        return FALSE;
    for (guint i = 0; i < command.edits->len; i++)
        if (!rk_import_edit(import, g_ptr_array_index(command.edits, i), error))
            return FALSE;
    if (!rk_cli_fit_features(cli, rk_import_schema(import), NULL, command.features, error))
        return FALSE;
    if (command.dry_run)
        return rk_import_preview(import, command.pseudonym, cli->json, error);
    return run(&command, import, error);
}
