// SPDX-License-Identifier: GPL-3.0-or-later
//
// `rankine remove NAME`: a dataset, a model or a run goes, and its space with it.
#include "app/cli_store.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "store/dataset.h"
#include "store/model.h"
#include "store/run.h"

static gboolean
run_exists(RkStore *store, const char *name)
{
    g_autoptr(RkStoredRun) run = rk_run_open(store, name, NULL);
    return run != NULL;
}

static const struct {
    const char *kind;
    gboolean (*exists)(RkStore *store, const char *name);
    gboolean (*remove)(RkStore *store, const char *name, GError **error);
} KINDS[] = {
    {"dataset", rk_dataset_exists, rk_dataset_remove}, // the first, for what isn't there
    {"model", rk_model_exists, rk_model_remove},
    {"run", run_exists, rk_run_remove},
};

// The kind that was asked for, or the only one of that name.
static int
find_kind(RkStore *store, const char *name, const char *kind, GError **error)
{
    int found = -1;
    for (int i = 0; i < (int)G_N_ELEMENTS(KINDS); i++) {
        if (kind != NULL ? strcmp(kind, KINDS[i].kind) != 0 : !KINDS[i].exists(store, name))
            continue;
        if (found >= 0) {
            g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                        "Can't remove %s: there is a %s and a %s of that name. Say which with "
                        "--kind %s or --kind %s.",
                        name, KINDS[found].kind, KINDS[i].kind, KINDS[found].kind, KINDS[i].kind);
            return -1;
        }
        found = i;
    }
    if (found < 0 && kind != NULL)
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't remove %s: \"%s\" is no kind. Say dataset, model or run with --kind.",
                    name, kind);
    return found < 0 && kind == NULL ? 0 : found;
}

gboolean
rk_command_remove(RkCli *cli, int argc, char **argv, GError **error)
{
    g_autofree char *kind = NULL;
    const GOptionEntry entries[] = {{"kind", 0, 0, G_OPTION_ARG_STRING, &kind,
                                     "What it is, where several have the name",
                                     "dataset|model|run"},
                                    G_OPTION_ENTRY_NULL};
    if (!rk_cli_parse(cli, &argc, &argv, entries, "NAME - remove a dataset, a model or a run", NULL,
                      error))
        return FALSE;
    const char *name = rk_cli_one_argument(cli, argc, argv, "dataset, model or run", error);
    g_autoptr(RkStore) store = name != NULL ? rk_cli_store(cli, RK_STORE_EXISTING, error) : NULL;
    int found = store != NULL ? find_kind(store, name, kind, error) : -1;
    if (found < 0 || !KINDS[found].remove(store, name, error))
        return FALSE;
    if (!cli->json) {
        printf("Removed the %s %s.\n", KINDS[found].kind, name);
        return TRUE;
    }
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    rk_json_add_text(builder, "removed", name);
    rk_json_add_text(builder, "kind", KINDS[found].kind);
    json_builder_end_object(builder);
    g_autofree char *text = rk_json_text(builder, TRUE);
    puts(text);
    return TRUE;
}
