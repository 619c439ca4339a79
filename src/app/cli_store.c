// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli_store.h"

#include "base/json.h"
#include "store/parts.h"

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

static void
show_pass(void *data, const char *what, uint64_t done, uint64_t total)
{
    rk_cli_progress(data, what, done, total, "rows");
}

gboolean
rk_cli_fit_features(RkCli *cli, const RkSchema *schema, RkDataset *dataset,
                    const GPtrArray *settings, GError **error)
{
    const RkPassProgress pass = {show_pass, cli};
    if (settings->len == 0)
        return TRUE;
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    for (guint i = 0; i < settings->len; i++)
        g_ptr_array_add(list, g_ptr_array_index(settings, i));
    g_ptr_array_add(list, NULL);
    if (dataset == NULL)
        return rk_features_check(schema, (const char *const *)list->pdata, error);
    g_autoptr(RkFeatures) features =
        rk_dataset_fit_features(dataset, (const char *const *)list->pdata, &pass, error);
    rk_cli_progress_end(cli);
    return features != NULL;
}

char *
rk_cli_iso_time(int64_t seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
    return g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
}
