// SPDX-License-Identifier: GPL-3.0-or-later
#include "job/suite_output.h"

#include "bench/records.h"
#include "report/export.h"
#include "report/report.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

static gboolean
fail_write(const char *path, const char *cause, GError **error)
{
    g_set_error(error, RK_ERROR, RK_ERROR_FAILED,
                "Can't write %s: %s. Free space or name another folder with --out.", path, cause);
    return FALSE;
}

gboolean
rk_suite_output_check(const char *folder, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *trials = g_build_filename(folder, "trials", NULL);
    g_autofree char *probe = g_build_filename(trials, ".probe", NULL);
    if (g_mkdir_with_parents(trials, 0777) != 0)
        return fail_write(trials, g_strerror(errno), error);
    if (!g_file_set_contents(probe, "rankine\n", -1, &cause))
        return fail_write(trials, cause->message, error);
    g_unlink(probe);
    return TRUE;
}

// ---- raw records ---------------------------------------------------------------------------

static const char *const STAGES[] = {"parse_ns", "lookup_ns",   "wait_ns",  "upload_ns",
                                     "gpu_ns",   "readback_ns", "select_ns"};
_Static_assert(G_N_ELEMENTS(STAGES) == RK_N_STAGES, "a field a stage");

static RkLoadRecords *
read_records(RkStore *store, const RkStoredTrial *stored, GError **error)
{
    g_autofree int64_t *scheduled = rk_trials_values(store, stored, "scheduled_ns", error);
    g_autofree int64_t *issued =
        scheduled != NULL ? rk_trials_values(store, stored, "issued_ns", error) : NULL;
    g_autofree int64_t *done =
        issued != NULL ? rk_trials_values(store, stored, "done_ns", error) : NULL;
    g_autofree int64_t *batch =
        done != NULL ? rk_trials_values(store, stored, "batch", error) : NULL;
    g_autofree int64_t *flags =
        batch != NULL ? rk_trials_values(store, stored, "flags", error) : NULL;
    g_autoptr(RkLoadRecords) records = flags != NULL ? rk_load_records_new(stored->n, error) : NULL;
    if (records == NULL)
        return NULL;
    for (uint64_t i = 0; i < stored->n; i++) {
        records->scheduled_ns[i] = (uint64_t)scheduled[i];
        records->issued_ns[i] = (uint64_t)issued[i];
        records->record[i].done_ns = (uint64_t)done[i];
        records->record[i].batch = (uint32_t)batch[i];
        records->record[i].flags = (uint32_t)flags[i];
    }
    for (int s = 0; s < RK_N_STAGES; s++) {
        g_autofree int64_t *ns = rk_trials_values(store, stored, STAGES[s], error);
        if (ns == NULL)
            return NULL;
        for (uint64_t i = 0; i < stored->n; i++)
            records->record[i].stage_ns[s] = (uint32_t)ns[i];
    }
    records->n_issued = stored->n;
    return g_steal_pointer(&records);
}

static gboolean
has_repeat(const RkResults *results, const RkStoredTrial *stored)
{
    for (guint t = 0; t < results->trials->len; t++) {
        const RkTrialResult *trial = g_ptr_array_index(results->trials, t);
        for (guint r = 0; strcmp(trial->id, stored->trial) == 0 && r < trial->repeats->len; r++)
            if (((RkRepeat *)g_ptr_array_index(trial->repeats, r))->repeat == stored->repeat)
                return TRUE;
    }
    return FALSE;
}

gboolean
rk_suite_output_trials(const char *folder, RkStore *store, const RkResults *results,
                       const GPtrArray *stored, GError **error)
{
    for (guint i = 0; i < stored->len; i++) {
        const RkStoredTrial *one = g_ptr_array_index(stored, i);
        g_autofree char *name = g_strdup_printf("%s-%u.csv.gz", one->trial, one->repeat + 1);
        g_autofree char *path = g_build_filename(folder, "trials", name, NULL);
        if (one->n == 0 || !has_repeat(results, one))
            continue;
        g_autoptr(RkLoadRecords) records = read_records(store, one, error);
        if (records == NULL || !rk_load_records_write(records, path, error))
            return FALSE;
    }
    return TRUE;
}

// ---- reports -------------------------------------------------------------------------------

static gboolean
write_text(const char *path, char *text, GError **error)
{
    g_autofree char *owned = text;
    g_autoptr(GError) cause = NULL;
    return g_file_set_contents(path, owned, -1, &cause) || fail_write(path, cause->message, error);
}

static gboolean
write_json(const RkResults *results, const char *path, GError **error)
{
    return write_text(path, rk_results_to_json(results), error);
}

static gboolean
write_csv(const RkResults *results, const char *path, GError **error)
{
    return write_text(path, rk_export_csv(results), error);
}

static gboolean
write_junit(const RkResults *results, const char *path, GError **error)
{
    return write_text(path, rk_export_junit(results), error);
}

static gboolean
write_markdown(const RkResults *results, const char *path, GError **error)
{
    return write_text(path, rk_export_markdown(results), error);
}

static gboolean
write_prometheus(const RkResults *results, const char *path, GError **error)
{
    return write_text(path, rk_export_prometheus(results), error);
}

static gboolean
write_html(const RkResults *results, const char *path, GError **error)
{
    g_autoptr(RkDocument) document = rk_report_new(&results, 1);
    return write_text(path, rk_document_to_html(document), error);
}

static gboolean
write_pdf(const RkResults *results, const char *path, GError **error)
{
    g_autoptr(RkDocument) document = rk_report_new(&results, 1);
    return rk_document_to_pdf(document, path, error);
}

static const struct {
    const char *kind, *file;
    gboolean (*write)(const RkResults *results, const char *path, GError **error);
} REPORTS[] = {
    {"html", "report.html", write_html},  {"pdf", "report.pdf", write_pdf},
    {"csv", "results.csv", write_csv},    {"junit", "junit.xml", write_junit},
    {"md", "summary.md", write_markdown}, {"prom", "metrics.prom", write_prometheus},
};

gboolean
rk_suite_output_reports(const char *folder, const RkSuite *suite, const RkResults *results,
                        GError **error)
{
    g_autofree char *json = g_build_filename(folder, "results.json", NULL);
    if (!write_json(results, json, error)) // always: baselines and reports are made of it
        return FALSE;
    for (size_t i = 0; i < G_N_ELEMENTS(REPORTS); i++) {
        if (!g_strv_contains((const char *const *)suite->report, REPORTS[i].kind))
            continue;
        g_autofree char *path = g_build_filename(folder, REPORTS[i].file, NULL);
        if (!REPORTS[i].write(results, path, error))
            return FALSE;
    }
    return TRUE;
}
