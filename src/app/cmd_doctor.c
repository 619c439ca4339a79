// SPDX-License-Identifier: GPL-3.0-or-later
//
// `rankine doctor`: checks the database, repairs what can be, says what it did. Fails (exit status
// 1) while something is left that it couldn't repair.
#include "app/cli_store.h"

#include <stdio.h>

#include "base/json.h"
#include "store/doctor.h"

static gboolean
show_progress(gpointer cli, uint64_t done, uint64_t total)
{
    rk_cli_progress(cli, "Checking", done, total, "chunks");
    return TRUE;
}

static void
add_findings(JsonBuilder *builder, const char *member, const GPtrArray *findings)
{
    json_builder_set_member_name(builder, member);
    json_builder_begin_array(builder);
    for (guint i = 0; i < findings->len; i++) {
        const RkFinding *finding = g_ptr_array_index(findings, i);
        json_builder_begin_object(builder);
        rk_json_add_text(builder, "what", finding->what);
        json_builder_set_member_name(builder, "repaired");
        json_builder_add_boolean_value(builder, finding->repaired);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

static void
print_json(const RkStore *store, const RkDoctorReport *report, const GPtrArray *salvaged)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    rk_json_add_text(builder, "database", rk_store_path(store));
    rk_json_add_int(builder, "version", report->version);
    json_builder_set_member_name(builder, "healthy");
    json_builder_add_boolean_value(builder, rk_doctor_report_is_healthy(report));
    rk_json_add_int(builder, "datasets", report->n_datasets);
    rk_json_add_int(builder, "chunks", (int64_t)report->n_blobs);
    rk_json_add_int(builder, "stored_bytes", (int64_t)report->n_blob_bytes);
    rk_json_add_int(builder, "freed_bytes", (int64_t)report->freed_bytes);
    add_findings(builder, "findings", report->findings);
    if (salvaged != NULL)
        add_findings(builder, "salvaged", salvaged);
    json_builder_end_object(builder);
    g_autofree char *text = rk_json_text(builder, TRUE);
    puts(text);
}

static void
print_text(const RkStore *store, const RkDoctorReport *report, const GPtrArray *salvaged)
{
    g_autofree char *size = g_format_size_full(report->n_blob_bytes, G_FORMAT_SIZE_IEC_UNITS);
    printf("%s, schema version %d: %u datasets, %" G_GUINT64_FORMAT " chunks, %s checked.\n",
           rk_store_path(store), report->version, report->n_datasets, report->n_blobs, size);
    for (guint i = 0; i < report->findings->len; i++) {
        const RkFinding *finding = g_ptr_array_index(report->findings, i);
        printf("%s  %s\n", finding->repaired ? "repaired" : "  damage", finding->what);
    }
    for (guint i = 0; salvaged != NULL && i < salvaged->len; i++) {
        const RkFinding *finding = g_ptr_array_index(salvaged, i);
        printf("%s  %s\n", finding->repaired ? "salvaged" : "    lost", finding->what);
    }
    if (report->freed_bytes > 0) {
        g_autofree char *freed = g_format_size_full(report->freed_bytes, G_FORMAT_SIZE_IEC_UNITS);
        printf("%s given back to the file system.\n", freed);
    }
    if (report->findings->len == 0)
        puts("All is well.");
}

static gboolean
fail_damaged(const RkStore *store, const RkDoctorReport *report, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < report->damaged->len; i++)
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "",
                               (const char *)g_ptr_array_index(report->damaged, i));
    if (names->len > 0)
        g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                    "Can't repair all of %s: damaged data can only be imported again. Remove and "
                    "import again: %s. --salvage NEW.db copies the datasets that are whole.",
                    rk_store_path(store), names->str);
    else
        g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                    "Can't repair all of %s. --salvage NEW.db copies the datasets that are whole.",
                    rk_store_path(store));
    return FALSE;
}

gboolean
rk_command_doctor(RkCli *cli, int argc, char **argv, GError **error)
{
    gboolean dry_run = FALSE;
    g_autofree char *salvage = NULL;
    const GOptionEntry entries[] = {
        {"dry-run", 0, 0, G_OPTION_ARG_NONE, &dry_run, "Look, repair nothing", NULL},
        {"salvage", 0, 0, G_OPTION_ARG_FILENAME, &salvage,
         "Copy every dataset that is whole into another database", "NEW.db"},
        G_OPTION_ENTRY_NULL};
    if (!rk_cli_parse(cli, &argc, &argv, entries, "- check the database and repair it", NULL,
                      error))
        return FALSE;
    if (argc > 1) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't check %s: doctor takes no argument. Name the database with --db.",
                    argv[1]);
        return FALSE;
    }
    g_autoptr(RkStore) store = rk_cli_store(cli, RK_STORE_EXISTING, error);
    if (store == NULL)
        return FALSE;
    const RkDoctorOptions options = {
        .repair = !dry_run, .progress = show_progress, .progress_data = cli};
    g_autoptr(RkDoctorReport) report = rk_doctor_run(store, &options, error);
    rk_cli_progress_end(cli);
    if (report == NULL)
        return FALSE;
    g_autoptr(GPtrArray) salvaged = NULL;
    if (salvage != NULL) {
        g_autoptr(RkStore) to = rk_store_open(salvage, RK_STORE_DEFAULT, error);
        salvaged = to != NULL ? rk_doctor_salvage(store, to, error) : NULL;
        if (salvaged == NULL)
            return FALSE;
    }
    (cli->json ? print_json : print_text)(store, report, salvaged);
    return rk_doctor_report_is_healthy(report) || fail_damaged(store, report, error);
}
