// SPDX-License-Identifier: GPL-3.0-or-later
//
// `rankine models`: the zoo, and what was trained.
#include "app/cli_store.h"

#include <stdio.h>

#include "base/json.h"
#include "models/model.h"
#include "store/model.h"

static void
print_json(const GPtrArray *list)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "zoo");
    json_builder_begin_array(builder);
    for (size_t i = 0; rk_model_at(i) != NULL; i++) {
        json_builder_begin_object(builder);
        rk_json_add_text(builder, "name", rk_model_at(i)->name);
        rk_json_add_text(builder, "title", rk_model_at(i)->title);
        rk_json_add_text(builder, "paper", rk_model_at(i)->paper);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    json_builder_set_member_name(builder, "models");
    json_builder_begin_array(builder);
    for (guint i = 0; i < list->len; i++) {
        const RkStoredModel *model = g_ptr_array_index(list, i);
        g_autofree char *created = rk_cli_iso_time(model->created_s);
        json_builder_begin_object(builder);
        rk_json_add_text(builder, "name", model->name);
        rk_json_add_int(builder, "version", model->version);
        rk_json_add_text(builder, "model", model->kind);
        rk_json_add_text(builder, "data", model->dataset);
        rk_json_add_text(builder, "parent", model->parent);
        rk_json_add_int(builder, "bytes", (int64_t)model->n_bytes);
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
    puts("The zoo:");
    for (size_t i = 0; rk_model_at(i) != NULL; i++)
        printf("  %-14s %s\n", rk_model_at(i)->name, rk_model_at(i)->title);
    if (list->len == 0) {
        puts("\nNone trained yet.");
        return;
    }
    printf("\n%-24s %7s %-14s %-20s %10s  %s\n", "trained", "version", "model", "data", "size",
           "created (UTC)");
    for (guint i = 0; i < list->len; i++) {
        const RkStoredModel *model = g_ptr_array_index(list, i);
        g_autofree char *created = rk_cli_iso_time(model->created_s);
        g_autofree char *size = g_format_size_full(model->n_bytes, G_FORMAT_SIZE_IEC_UNITS);
        printf("%-24s %7u %-14s %-20s %10s  %s\n", model->name, model->version, model->kind,
               model->dataset ? model->dataset : "-", size, created);
    }
}

gboolean
rk_command_models(RkCli *cli, int argc, char **argv, GError **error)
{
    if (!rk_cli_parse(cli, &argc, &argv, NULL, "- the zoo and what was trained", NULL, error))
        return FALSE;
    if (argc > 1) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't list %s: models takes no argument. See rankine model NAME.", argv[1]);
        return FALSE;
    }
    g_autoptr(RkStore) store = rk_cli_store(cli, RK_STORE_EXISTING, error);
    g_autoptr(GPtrArray) list = store != NULL ? rk_model_list(store, error) : NULL;
    if (list == NULL)
        return FALSE;
    (cli->json ? print_json : print_text)(list);
    return TRUE;
}
