// SPDX-License-Identifier: GPL-3.0-or-later
//
// `rankine runs`: every run of training, the newest first.
#include "app/cli_store.h"

#include <stdio.h>

#include "base/json.h"
#include "store/run.h"

static void
print_json(const GPtrArray *list)
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
    json_builder_end_object(builder);
    g_autofree char *text = rk_json_text(builder, TRUE);
    puts(text);
}

static void
print_text(const GPtrArray *list)
{
    if (list->len == 0) {
        puts("No runs yet.");
        return;
    }
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
}

gboolean
rk_command_runs(RkCli *cli, int argc, char **argv, GError **error)
{
    if (!rk_cli_parse(cli, &argc, &argv, NULL, "- list the runs of training", NULL, error))
        return FALSE;
    if (argc > 1) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't list %s: runs takes no argument.",
                    argv[1]);
        return FALSE;
    }
    g_autoptr(RkStore) store = rk_cli_store(cli, RK_STORE_EXISTING, error);
    g_autoptr(GPtrArray) list = store != NULL ? rk_run_list(store, error) : NULL;
    if (list == NULL)
        return FALSE;
    (cli->json ? print_json : print_text)(list);
    return TRUE;
}
