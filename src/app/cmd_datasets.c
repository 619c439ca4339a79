// SPDX-License-Identifier: GPL-3.0-or-later
//
// `rankine datasets`: what there is, with sizes.
#include "app/cli_store.h"

#include <stdio.h>

#include "base/json.h"
#include "store/dataset.h"

static void
print_json(const GPtrArray *list)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "datasets");
    json_builder_begin_array(builder);
    for (guint i = 0; i < list->len; i++) {
        const RkDatasetInfo *info = g_ptr_array_index(list, i);
        g_autofree char *created = rk_cli_iso_time(info->created_s);
        json_builder_begin_object(builder);
        rk_json_add_text(builder, "name", info->name);
        rk_json_add_int(builder, "rows", (int64_t)info->n_rows);
        rk_json_add_int(builder, "users", info->n_users);
        rk_json_add_int(builder, "items", info->n_items);
        rk_json_add_int(builder, "tables", info->n_tables);
        rk_json_add_int(builder, "stored_bytes", (int64_t)info->stored_bytes);
        rk_json_add_text(builder, "created", created);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    g_autofree char *text = rk_json_text(builder, TRUE);
    puts(text);
}

static void
print_table(const GPtrArray *list)
{
    if (list->len == 0) {
        puts("No datasets yet. Make one with rankine import or rankine synth.");
        return;
    }
    printf("%-24s %12s %10s %10s %10s  %s\n", "name", "rows", "users", "items", "stored",
           "created (UTC)");
    for (guint i = 0; i < list->len; i++) {
        const RkDatasetInfo *info = g_ptr_array_index(list, i);
        g_autofree char *created = rk_cli_iso_time(info->created_s);
        g_autofree char *size = g_format_size_full(info->stored_bytes, G_FORMAT_SIZE_IEC_UNITS);
        printf("%-24s %12" G_GUINT64_FORMAT " %10u %10u %10s  %s\n", info->name, info->n_rows,
               info->n_users, info->n_items, size, created);
    }
}

gboolean
rk_command_datasets(RkCli *cli, int argc, char **argv, GError **error)
{
    if (!rk_cli_parse(cli, &argc, &argv, NULL, "- list the datasets", NULL, error))
        return FALSE;
    if (argc > 1) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't list %s: datasets takes no argument. See rankine dataset NAME.",
                    argv[1]);
        return FALSE;
    }
    g_autoptr(RkStore) store = rk_cli_store(cli, RK_STORE_EXISTING, error);
    g_autoptr(GPtrArray) list = store != NULL ? rk_dataset_list(store, error) : NULL;
    if (list == NULL)
        return FALSE;
    if (cli->json)
        print_json(list);
    else
        print_table(list);
    return TRUE;
}
