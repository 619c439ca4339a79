// SPDX-License-Identifier: GPL-3.0-or-later
//
// `rankine report RUN... --to FILE`: a report on what suites found. A RUN is a results.json, the
// folder that --batch wrote it to, or the name of a suite whose newest run the database holds;
// NAME#ID is the run with that number.
#include "app/cli_store.h"

#include "base/json.h"
#include "report/report.h"
#include "report/write.h"
#include "store/trial.h"

#include <stdio.h>
#include <string.h>

static void
results_free(gpointer results)
{
    rk_results_free(results);
}

// The newest run of "quick", or "quick#12" itself, that has results; 0 when there is none.
static int64_t
find_stored(const GPtrArray *stored, const char *run)
{
    for (guint i = 0; i < stored->len; i++) {
        const RkStoredSuite *suite = g_ptr_array_index(stored, i);
        g_autofree char *exact = g_strdup_printf("%s#%" G_GINT64_FORMAT, suite->name, suite->id);
        if (suite->has_results && (strcmp(suite->name, run) == 0 || strcmp(exact, run) == 0))
            return suite->id;
    }
    return 0;
}

static RkResults *
read_stored(RkCli *cli, const char *run, GError **error)
{
    g_autoptr(RkStore) store = rk_cli_store(cli, RK_STORE_EXISTING, error);
    g_autoptr(GPtrArray) stored = store != NULL ? rk_trials_runs(store, error) : NULL;
    if (stored == NULL)
        return NULL;
    const int64_t id = find_stored(stored, run);
    if (id == 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_NOT_FOUND,
                    "Can't report on %s: there is no such file, and no ended suite of that name in "
                    "the database. Name a results.json, the folder that rankine --batch SUITE.json "
                    "--out wrote, or a suite that rankine runs lists.",
                    run);
        return NULL;
    }
    g_autofree char *json = rk_trials_run_results(store, id, error);
    return json != NULL ? rk_results_from_json(json, run, error) : NULL;
}

static RkResults *
read_run(RkCli *cli, const char *run, GError **error)
{
    g_autofree char *path = g_file_test(run, G_FILE_TEST_IS_DIR)
                                ? g_build_filename(run, "results.json", NULL)
                                : g_strdup(run);
    return g_file_test(path, G_FILE_TEST_EXISTS) ? rk_results_read(path, error)
                                                 : read_stored(cli, run, error);
}

static GPtrArray *
read_runs(RkCli *cli, int argc, char **argv, GError **error)
{
    g_autoptr(GPtrArray) runs = g_ptr_array_new_with_free_func(results_free);
    for (int i = 1; i < argc; i++) {
        RkResults *results = read_run(cli, argv[i], error);
        if (results == NULL)
            return NULL;
        g_ptr_array_add(runs, results);
    }
    return g_steal_pointer(&runs);
}

static void
print_json(const GPtrArray *runs, const char *to)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    rk_json_add_text(json, "report", to);
    json_builder_set_member_name(json, "runs");
    json_builder_begin_array(json);
    for (guint i = 0; i < runs->len; i++) {
        const RkResults *results = g_ptr_array_index(runs, i);
        g_autofree char *answer = rk_report_answer(results);
        json_builder_begin_object(json);
        rk_json_add_text(json, "suite", results->suite);
        rk_json_add_int(json, "trials", results->trials->len);
        rk_json_add_text(json, "recommended", results->recommended.id);
        rk_json_add_text(json, "answer", answer);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
    g_autofree char *text = rk_json_text(json, TRUE);
    puts(text);
}

static void
print_text(const GPtrArray *runs, const char *to)
{
    for (guint i = 0; i < runs->len; i++) {
        const RkResults *results = g_ptr_array_index(runs, i);
        g_autofree char *answer = rk_report_answer(results);
        if (runs->len > 1)
            printf("%s\n", results->suite != NULL ? results->suite : "Results");
        puts(answer);
    }
    printf("Wrote %s\n", to);
}

gboolean
rk_command_report(RkCli *cli, int argc, char **argv, GError **error)
{
    g_autofree char *to = NULL;
    const GOptionEntry entries[] = {
        {"to", 0, 0, G_OPTION_ARG_FILENAME, &to,
         "Where to; the ending names the form: html, pdf, csv, json, md, xml, prom", "FILE"},
        G_OPTION_ENTRY_NULL};
    if (!rk_cli_parse(cli, &argc, &argv, entries,
                      "RUN... --to FILE - a report on what suites found; RUN is a results.json, "
                      "its folder, or a suite that rankine runs lists",
                      NULL, error))
        return FALSE;
    if (argc < 2 || to == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't write a report: %s.",
                    argc < 2
                        ? "name at least one results.json, its folder, or a suite in the database"
                        : "say where with --to FILE.html, .pdf, .csv, .json, .md, .xml or .prom");
        return FALSE;
    }
    if (!rk_report_check_path(to, error))
        return FALSE;
    g_autoptr(GPtrArray) runs = read_runs(cli, argc, argv, error);
    if (runs == NULL ||
        !rk_report_write((const RkResults *const *)runs->pdata, runs->len, to, error))
        return FALSE;
    (cli->json ? print_json : print_text)(runs, to);
    return TRUE;
}
