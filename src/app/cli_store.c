// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli_store.h"

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
