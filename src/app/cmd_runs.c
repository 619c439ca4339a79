// SPDX-License-Identifier: GPL-3.0-or-later
//
// `rankine runs`: every run of training and of suites, the newest first.
#include "app/cli_store.h"

#include <stdio.h>

#include "base/json.h"
#include "store/run.h"
#include "store/trial.h"

static const char *
suite_status(const RkStoredSuite *suite)
{
    return suite->complete ? "complete" : suite->has_results ? "interrupted" : "unfinished";
}

static void
add_suites(JsonBuilder *builder, const GPtrArray *suites)
{
    json_builder_set_member_name(builder, "suites");
    json_builder_begin_array(builder);
    for (guint i = 0; i < suites->len; i++) {
        const RkStoredSuite *suite = g_ptr_array_index(suites, i);
        g_autofree char *created = rk_cli_iso_time(suite->created_s);
        json_builder_begin_object(builder);
        rk_json_add_text(builder, "name", suite->name);
        rk_json_add_int(builder, "id", suite->id);
        rk_json_add_int(builder, "trials", suite->n_trials);
        rk_json_add_int(builder, "repeats", suite->n_repeats);
        rk_json_add_text(builder, "status", suite_status(suite));
        rk_json_add_text(builder, "created", created);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

static void
print_json(const GPtrArray *list, const GPtrArray *suites)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "runs");
    json_builder_begin_array(builder);
    for (guint i = 0; i < list->len; i++) {
        const RkStoredRun *run = g_ptr_array_index(list, i);
        g_autofree char *created = rk_cli_iso_time(run->created_s);
        json_builder_begin_object(builder);
        rk_json_add_text(builder, "name", run->name);
        rk_json_add_text(builder, "model", run->kind);
        rk_json_add_text(builder, "data", run->dataset);
        rk_json_add_text(builder, "status", rk_run_status_name(run->status));
        rk_json_add_text(builder, "why", run->why);
        rk_json_add_int(builder, "seed", (int64_t)run->seed);
        rk_json_add_text(builder, "device", run->device);
        rk_json_add_text(builder, "driver", run->driver);
        rk_json_add_json(builder, "config", run->config);
        rk_json_add_text(builder, "created", created);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    add_suites(builder, suites);
    json_builder_end_object(builder);
    g_autofree char *text = rk_json_text(builder, TRUE);
    puts(text);
}

static void
print_suites(const GPtrArray *suites)
{
    printf("\n%-24s %7s %8s %-12s  %s\n", "suite", "trials", "repeats", "status", "created (UTC)");
    for (guint i = 0; i < suites->len; i++) {
        const RkStoredSuite *suite = g_ptr_array_index(suites, i);
        g_autofree char *created = rk_cli_iso_time(suite->created_s);
        g_autofree char *name = g_strdup_printf("%s#%" G_GINT64_FORMAT, suite->name, suite->id);
        printf("%-24s %7u %8u %-12s  %s\n", name, suite->n_trials, suite->n_repeats,
               suite_status(suite), created);
    }
}

static void
print_text(const GPtrArray *list, const GPtrArray *suites)
{
    if (list->len == 0)
        puts("No runs of training yet.");
    else
        printf("%-24s %-14s %-20s %-12s %-28s  %s\n", "name", "model", "data", "status", "device",
               "created (UTC)");
    for (guint i = 0; i < list->len; i++) {
        const RkStoredRun *run = g_ptr_array_index(list, i);
        g_autofree char *created = rk_cli_iso_time(run->created_s);
        printf("%-24s %-14s %-20s %-12s %-28s  %s\n", run->name, run->kind, run->dataset,
               rk_run_status_name(run->status), run->device, created);
        if (run->why != NULL)
            printf("  %s\n", run->why);
    }
    if (suites->len > 0)
        print_suites(suites);
}

gboolean
rk_command_runs(RkCli *cli, int argc, char **argv, GError **error)
{
    if (!rk_cli_parse(cli, &argc, &argv, NULL, "- list the runs of training and of suites", NULL,
                      error))
        return FALSE;
    if (argc > 1) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't list %s: runs takes no argument.",
                    argv[1]);
        return FALSE;
    }
    g_autoptr(RkStore) store = rk_cli_store(cli, RK_STORE_EXISTING, error);
    g_autoptr(GPtrArray) list = store != NULL ? rk_run_list(store, error) : NULL;
    g_autoptr(GPtrArray) suites = list != NULL ? rk_trials_runs(store, error) : NULL;
    if (suites == NULL)
        return FALSE;
    (cli->json ? print_json : print_text)(list, suites);
    return TRUE;
}
