// SPDX-License-Identifier: GPL-3.0-or-later
#include "results_db.h"

#include "report/results.h"
#include "store/trial.h"

#include <glib/gstdio.h>

static void
add_run(RkStore *store, const RkResults *results, const char *json)
{
    g_autoptr(GError) error = NULL;
    int64_t id = 0;
    rk_trials_begin(store, "made-up", results->suite, "{}", FALSE, &id, NULL, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < results->trials->len; i++) {
        const RkTrialResult *trial = g_ptr_array_index(results->trials, i);
        const RkTrialRecord record = {.trial = trial->id, .config = "{}", .result = "{}"};
        rk_trials_keep(store, id, &record, &error);
        g_assert_no_error(error);
    }
    rk_trials_keep_results(store, id, json, results->complete, &error);
    g_assert_no_error(error);
}

char *
rk_ui_results_db_new(guint n)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("rankine-ui-results-XXXXXX", NULL);
    g_autofree char *source =
        g_build_filename(g_getenv("RANKINE_TEST_SOURCE"), "tests", "report", "results.json", NULL);
    g_autofree char *json = NULL;
    char *path = g_build_filename(folder, "results.db", NULL);
    g_file_get_contents(source, &json, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(RkResults) results = rk_results_from_json(json, source, &error);
    g_assert_no_error(error);
    g_autoptr(RkStore) store = rk_store_open(path, RK_STORE_DEFAULT, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < n; i++)
        add_run(store, results, json);
    return path;
}

void
rk_ui_results_db_free(char *path)
{
    static const char *const ENDS[] = {"", "-wal", "-shm"};
    g_autofree char *folder = g_path_get_dirname(path);
    for (size_t i = 0; i < G_N_ELEMENTS(ENDS); i++) {
        g_autofree char *file = g_strconcat(path, ENDS[i], NULL);
        g_remove(file);
    }
    g_rmdir(folder);
    g_free(path);
}
