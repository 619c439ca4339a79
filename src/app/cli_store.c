// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli_store.h"

#include "base/json.h"

#include <stdio.h>

RkStore *
rk_cli_store(const RkCli *cli, RkStoreFlags flags, GError **error)
{
    g_autofree char *path = rk_cli_db_path(cli, error);
    if (path == NULL)
        return NULL;
    // Nobody typed the default path, so a fresh machine simply has an empty database there.
    return rk_store_open(path, cli->db != NULL ? flags : RK_STORE_DEFAULT, error);
}

const char *
rk_cli_one_argument(const RkCli *cli, int argc, char **argv, const char *what, GError **error)
{
    if (argc == 2)
        return argv[1];
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't run %s: it takes one %s and got %d. See rankine %s --help.", cli->command,
                what, argc - 1, cli->command);
    return NULL;
}

gboolean
rk_cli_print_ceiling(const char *json, GError **error)
{
    JsonObject *metrics = NULL;
    g_autoptr(JsonNode) root = rk_json_parse(json, "the best reachable metrics", error);
    if (root == NULL || !rk_json_object(json_node_get_object(root), "metrics", &metrics, error))
        return FALSE;
    printf("Best reachable, from the planted truth\n");
    g_autoptr(GList) names = json_object_get_members(metrics);
    for (GList *n = names; n != NULL; n = n->next)
        printf("  %-26s %.5f\n", (char *)n->data, json_object_get_double_member(metrics, n->data));
    return TRUE;
}
