// SPDX-License-Identifier: GPL-3.0-or-later
//
// `rankine synth KIND --as NAME`: a generated dataset with its ceiling.
#include "app/cli_store.h"

#include "base/clock.h"
#include "base/json.h"
#include "dataset/features.h"
#include "dataset/synth.h"
#include "store/intake.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_ROWS 1000000

typedef struct {
    RkCli *cli;
    // Options.
    char *name;
    char **assignments;
    char **words;
    int64_t n_rows;
    int64_t n_threads;
    // What they say.
    const char *kind;
    RkParams *params, *split;
    GPtrArray *features; // of char *, borrowed
} Command;

static void
command_clear(Command *command)
{
    g_free(command->name);
    g_strfreev(command->assignments);
    g_strfreev(command->words);
    g_clear_pointer(&command->params, rk_params_free);
    g_clear_pointer(&command->split, rk_params_free);
    g_clear_pointer(&command->features, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Command, command_clear)

// ---- the command line ----------------------------------------------------------------------

static char *
help_text(void)
{
    GString *text = g_string_new("KIND is one of:\n");
    for (int i = 0; rk_synth_kinds[i] != NULL; i++) {
        const RkParam *params;
        const char *summary, *split;
        size_t n;
        rk_synth_kind(rk_synth_kinds[i], &params, &n, &summary, &split, NULL);
        g_autofree char *help = rk_params_help(params, n);
        g_string_append_printf(text, "\n%s: %s (split %s)\n%s", rk_synth_kinds[i], summary, split,
                               help);
    }
    g_autofree char *split = rk_params_help(rk_split_params, rk_n_split_params);
    g_autofree char *features = rk_features_help();
    g_string_append_printf(text, "\nSplit:\n%s\nFeatures:\n%s", split, features);
    return g_string_free(text, FALSE);
}

static gboolean
read_settings(Command *command, GError **error)
{
    const RkParam *table;
    const char *split;
    size_t n;
    if (!rk_synth_kind(command->kind, &table, &n, NULL, &split, error))
        return FALSE;
    command->params = rk_params_new(table, n);
    command->split = rk_params_new(rk_split_params, rk_n_split_params);
    if (!rk_params_set(command->split, "split", split, error))
        return FALSE;
    command->features = g_ptr_array_new();
    for (char **word = command->assignments; word != NULL && *word != NULL; word++) {
        if (rk_features_is_setting(*word)) {
            g_ptr_array_add(command->features, *word);
            continue;
        }
        gboolean splits = strncmp(*word, "split", 5) == 0;
        if (!rk_params_assign(splits ? command->split : command->params, *word, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
read_command_line(Command *command, int argc, char **argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"as", 0, 0, G_OPTION_ARG_STRING, &command->name, "Name of the dataset", "NAME"},
        {"rows", 0, 0, G_OPTION_ARG_INT64, &command->n_rows, "Number of rows (default 1000000)",
         "N"},
        {"threads", 0, 0, G_OPTION_ARG_INT64, &command->n_threads,
         "Threads that compute (default: one a core); the rows are the same with any", "N"},
        {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &command->assignments, "A setting; see below",
         "key=value"},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &command->words, NULL, NULL},
        G_OPTION_ENTRY_NULL};
    g_autofree char *help = help_text();
    command->n_rows = DEFAULT_ROWS;
    command->n_threads = g_get_num_processors();
    if (!rk_cli_parse(command->cli, &argc, &argv, entries, "KIND --as NAME", help, error))
        return FALSE;
    g_autofree char *kinds = g_strjoinv(", ", (char **)rk_synth_kinds);
    const char *cause = NULL;
    if (command->words == NULL || command->words[0] == NULL || command->words[1] != NULL)
        cause = "name one kind";
    else if (command->name == NULL || *command->name == '\0')
        cause = "pass --as NAME";
    else if (command->n_rows <= 0)
        cause = "--rows must be 1 or more";
    else if (command->n_threads < 1 || command->n_threads > 256)
        cause = "--threads takes 1 to 256";
    if (cause != NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't generate a dataset: %s. The kinds are %s; see rankine synth --help.",
                    cause, kinds);
        return FALSE;
    }
    command->kind = command->words[0];
    return read_settings(command, error);
}

// ---- running -------------------------------------------------------------------------------

static void
show_pass(void *data, const char *what, uint64_t done, uint64_t total)
{
    rk_cli_progress(data, what, done, total, "rows");
}

static gboolean
print_result(const Command *command, RkSynth *synth, const char *ceiling, const RkSplit *split,
             double seconds, GError **error)
{
    RkChunkSource *source = rk_synth_source(synth);
    g_autofree char *split_json = rk_split_to_json(split);
    g_autoptr(JsonBuilder) b = json_builder_new();
    json_builder_begin_object(b);
    rk_json_add_text(b, "name", command->name);
    rk_json_add_int(b, "rows", (int64_t)source->n_rows(source, 0));
    rk_json_add_int(b, "users", rk_synth_vocabulary_size(synth, "user"));
    rk_json_add_int(b, "items", rk_synth_vocabulary_size(synth, "item"));
    rk_json_add_real(b, "seconds", seconds);
    rk_json_add_json(b, "ceiling", ceiling);
    rk_json_add_json(b, "split", split_json);
    json_builder_end_object(b);
    if (command->cli->json) {
        g_autofree char *text = rk_json_text(b, TRUE);
        puts(text);
        return TRUE;
    }
    printf("Generated %s in %.2f s\n", command->name, seconds);
    for (uint32_t t = 0; t < source->schema->tables->len; t++)
        printf("%12" G_GUINT64_FORMAT " rows of %s\n", source->n_rows(source, t),
               rk_schema_table(source->schema, t)->name);
    printf("split %s: %" G_GUINT64_FORMAT " train, %" G_GUINT64_FORMAT " valid, %" G_GUINT64_FORMAT
           " test\n",
           rk_split_kind(split), rk_split_n(split, RK_PART_TRAIN), rk_split_n(split, RK_PART_VALID),
           rk_split_n(split, RK_PART_TEST));
    return rk_cli_print_ceiling(ceiling, error);
}

static gboolean
write_dataset(const Command *command, RkStore *store, RkSynth *synth, const char *ceiling,
              const RkSplit *split, GError **error)
{
    const RkPassProgress pass = {show_pass, command->cli};
    g_autofree char *params =
        rk_synth_params_json(command->kind, command->params, command->split,
                             (uint64_t)command->cli->seed, (uint64_t)command->n_rows);
    g_autoptr(RkDatasetWriter) writer =
        rk_dataset_writer_new(store, command->name, rk_synth_source(synth)->schema, params, error);
    if (writer == NULL)
        return FALSE;
    return rk_intake_synth(writer, rk_dataset_writer_chunks(writer), synth, split, ceiling,
                           (uint32_t)command->n_threads, &pass, error) &&
           rk_dataset_writer_commit(writer, error);
}

gboolean
rk_command_synth(RkCli *cli, int argc, char **argv, GError **error)
{
    g_auto(Command) command = {.cli = cli};
    if (!read_command_line(&command, argc, argv, error))
        return FALSE;
    const uint64_t start_ns = rk_clock_ns();
    const uint64_t seed = (uint64_t)cli->seed;
    const RkPassProgress pass = {show_pass, cli};
    g_autoptr(RkStore) store = rk_cli_store(cli, RK_STORE_DEFAULT, error);
    g_autoptr(RkSynth) synth = store != NULL ? rk_synth_new(command.kind, command.params, seed,
                                                            (uint64_t)command.n_rows, error)
                                             : NULL;
    if (synth == NULL ||
        !rk_cli_fit_features(cli, rk_synth_source(synth)->schema, NULL, command.features, error))
        return FALSE;
    g_autoptr(RkSplit) split =
        rk_split_build(rk_synth_source(synth), command.split, seed,
                       rk_synth_vocabulary_size(synth, "user"), &pass, error);
    g_autofree char *ceiling = split != NULL ? rk_synth_ceiling(synth, error) : NULL;
    if (ceiling == NULL || !write_dataset(&command, store, synth, ceiling, split, error))
        return FALSE;
    rk_cli_progress_end(cli);
    g_autoptr(RkDataset) dataset = rk_dataset_open(store, command.name, error);
    if (dataset == NULL || !rk_cli_fit_features(cli, NULL, dataset, command.features, error))
        return FALSE;
    const double seconds = (double)(rk_clock_ns() - start_ns) * 1e-9;
    return print_result(&command, synth, ceiling, split, seconds, error);
}
