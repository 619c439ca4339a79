// SPDX-License-Identifier: GPL-3.0-or-later
//
// `rankine remove NAME`: a dataset goes, and its space with it.
#include "app/cli_store.h"

#include <stdio.h>

#include "base/json.h"
#include "store/dataset.h"

gboolean
rk_command_remove(RkCli *cli, int argc, char **argv, GError **error)
{
    if (!rk_cli_parse(cli, &argc, &argv, NULL, "NAME - remove a dataset", NULL, error))
        return FALSE;
    const char *name = rk_cli_one_argument(cli, argc, argv, "dataset", error);
    if (name == NULL)
        return FALSE;
    g_autoptr(RkStore) store = rk_cli_store(cli, RK_STORE_EXISTING, error);
    if (store == NULL || !rk_dataset_remove(store, name, error))
        return FALSE;
    if (!cli->json) {
        printf("Removed the dataset %s.\n", name);
        return TRUE;
    }
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    rk_json_add_text(builder, "removed", name);
    json_builder_end_object(builder);
    g_autofree char *text = rk_json_text(builder, TRUE);
    puts(text);
    return TRUE;
}
