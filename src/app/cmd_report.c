// SPDX-License-Identifier: GPL-3.0-or-later
//
// `rankine report RUN... --to FILE`: a report on what suites found. A RUN is a results.json, or the
// folder that --batch wrote it to.
#include "app/cli.h"

#include "base/json.h"
#include "report/report.h"
#include "report/write.h"

#include <stdio.h>

static void
results_free(gpointer results)
{
    rk_results_free(results);
}

static RkResults *
read_run(const char *run, GError **error)
{
    g_autofree char *path = g_file_test(run, G_FILE_TEST_IS_DIR)
                                ? g_build_filename(run, "results.json", NULL)
                                : g_strdup(run);
    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_set_error(error, RK_ERROR, RK_ERROR_NOT_FOUND,
                    "Can't report on %s: there is no file %s. Name a results.json, or the folder "
                    "that rankine --batch SUITE.json --out wrote.",
                    run, path);
        return NULL;
    }
    return rk_results_read(path, error);
}

static GPtrArray *
read_runs(int argc, char **argv, GError **error)
{
    g_autoptr(GPtrArray) runs = g_ptr_array_new_with_free_func(results_free);
    for (int i = 1; i < argc; i++) {
        RkResults *results = read_run(argv[i], error);
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
                      "RUN... --to FILE - a report on what suites found; RUN is a results.json or "
                      "its folder",
                      NULL, error))
        return FALSE;
    if (argc < 2 || to == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't write a report: %s.",
                    argc < 2
                        ? "name at least one results.json or its folder"
                        : "say where with --to FILE.html, .pdf, .csv, .json, .md, .xml or .prom");
        return FALSE;
    }
    if (!rk_report_check_path(to, error))
        return FALSE;
    g_autoptr(GPtrArray) runs = read_runs(argc, argv, error);
    if (runs == NULL ||
        !rk_report_write((const RkResults *const *)runs->pdata, runs->len, to, error))
        return FALSE;
    (cli->json ? print_json : print_text)(runs, to);
    return TRUE;
}
