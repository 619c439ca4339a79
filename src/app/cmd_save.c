// SPDX-License-Identifier: GPL-3.0-or-later
//
// `rankine save NAME --to FILE`: a stored model's weights for other frameworks.
#include "app/cli_store.h"
#include "base/json.h"
#include "train/trained.h"

#include <stdio.h>

gboolean
rk_command_save(RkCli *cli, int argc, char **argv, GError **error)
{
    g_autofree char *to = NULL;
    const GOptionEntry entries[] = {
        {"to", 0, 0, G_OPTION_ARG_FILENAME, &to, "FILE.npz or FILE.json", "FILE"},
        G_OPTION_ENTRY_NULL};
    if (!rk_cli_parse(cli, &argc, &argv, entries, "NAME --to FILE - write a model's weights", NULL,
                      error))
        return FALSE;
    const char *name = rk_cli_one_argument(cli, argc, argv, "model", error);
    if (name == NULL)
        return FALSE;
    if (to == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't save %s: say where with --to FILE.npz or --to FILE.json.", name);
        return FALSE;
    }
    g_autoptr(RkStore) store = rk_cli_store(cli, RK_STORE_EXISTING, error);
    g_autoptr(RkTrained) trained = store != NULL ? rk_trained_open(store, name, 0, error) : NULL;
    g_autoptr(RkWeights) weights = trained != NULL ? rk_trained_weights(trained, error) : NULL;
    if (weights == NULL || !rk_weights_write(weights, to, error))
        return FALSE;
    if (!cli->json) {
        printf("Wrote %u tensors of %s to %s\n", weights->list->len, name, to);
        return TRUE;
    }
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    rk_json_add_text(json, "model", name);
    rk_json_add_int(json, "tensors", weights->list->len);
    json_builder_end_object(json);
    g_autofree char *text = rk_json_text(json, TRUE);
    puts(text);
    return TRUE;
}
