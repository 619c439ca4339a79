// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/doctor.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "store/migrate.h"
#include "store/records.h"
#include "store/sql.h"
#include "store/tensors-private.h"
#include "store/writers.h"

#define MAX_MESSAGES 20 // of one kind; a damaged file can have thousands

typedef struct {
    RkStore *store;
    const RkDoctorOptions *options;
    RkDoctorReport *report;
    int64_t bytes_before; // of the file
} Doctor;

void
rk_finding_free(gpointer data)
{
    RkFinding *finding = data;
    g_free(finding->what);
    g_free(finding);
}

void
rk_doctor_report_free(RkDoctorReport *report)
{
    if (report == NULL)
        return;
    g_ptr_array_unref(report->findings);
    g_ptr_array_unref(report->damaged);
    g_free(report);
}

gboolean
rk_doctor_report_is_healthy(const RkDoctorReport *report)
{
    for (guint i = 0; i < report->findings->len; i++)
        if (!((RkFinding *)g_ptr_array_index(report->findings, i))->repaired)
            return FALSE;
    return TRUE;
}

static void G_GNUC_PRINTF(3, 4) find(Doctor *doctor, gboolean repaired, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    RkFinding *finding = g_new0(RkFinding, 1);
    finding->what = g_strdup_vprintf(format, arguments);
    finding->repaired = repaired;
    va_end(arguments);
    g_ptr_array_add(doctor->report->findings, finding);
}

// ---- pages and indices ---------------------------------------------------------------------

// The messages of integrity_check; empty when all is well.
static GPtrArray *
check_integrity(Doctor *doctor, GError **error)
{
    g_auto(RkRows) rows = {0};
    g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(g_free);
    if (!rk_rows_query(&rows, doctor->store, error, "PRAGMA integrity_check(20)", ""))
        return NULL;
    int next;
    while ((next = rk_rows_next(&rows, error)) == 1) {
        const char *text = (const char *)sqlite3_column_text(rows.stmt, 0);
        if (g_strcmp0(text, "ok") != 0)
            g_ptr_array_add(messages, g_strdup(text));
    }
    return next == 0 ? g_steal_pointer(&messages) : NULL;
}

static gboolean
check_pages(Doctor *doctor, GError **error)
{
    g_autoptr(GPtrArray) messages = check_integrity(doctor, error);
    if (messages == NULL)
        return FALSE;
    // A damaged index is made anew from its table.
    if (messages->len > 0 && doctor->options->repair &&
        rk_sql_exec(doctor->store, "REINDEX", NULL)) {
        g_autoptr(GPtrArray) left = check_integrity(doctor, error);
        if (left == NULL)
            return FALSE;
        if (left->len == 0) {
            find(doctor, TRUE, "An index was damaged (%s); all were made anew.",
                 (const char *)g_ptr_array_index(messages, 0));
            return TRUE;
        }
    }
    for (guint i = 0; i < messages->len; i++)
        find(doctor, FALSE, "The file is damaged: %s.",
             (const char *)g_ptr_array_index(messages, i));
    return TRUE;
}

// ---- references and leftovers --------------------------------------------------------------

// Rows whose parent is gone, by the reference that they break. Deleting them is the repair; every
// parent's key is its id.
static gboolean
list_orphans(RkStore *store, GString *repair, GError **error)
{
    g_auto(RkRows) rows = {0};
    if (!rk_rows_query(&rows, store, error,
                       "SELECT DISTINCT c.\"table\", l.\"from\", c.parent "
                       "FROM pragma_foreign_key_check c "
                       "JOIN pragma_foreign_key_list(c.\"table\") l ON l.id = c.fkid",
                       ""))
        return FALSE;
    int next;
    while ((next = rk_rows_next(&rows, error)) == 1)
        g_string_append_printf(repair,
                               "DELETE FROM \"%s\" WHERE \"%s\" NOT IN (SELECT id FROM \"%s\");",
                               (const char *)sqlite3_column_text(rows.stmt, 0),
                               (const char *)sqlite3_column_text(rows.stmt, 1),
                               (const char *)sqlite3_column_text(rows.stmt, 2));
    return next == 0;
}

static gboolean
check_references(Doctor *doctor, GError **error)
{
    g_autoptr(GString) repair = g_string_new(NULL);
    int64_t n = 0;
    if (!rk_sql_int(doctor->store, &n, 0, error, "SELECT count(*) FROM pragma_foreign_key_check",
                    ""))
        return FALSE;
    if (n == 0)
        return TRUE;
    if (!doctor->options->repair) {
        find(doctor, FALSE, "%d rows belong to nothing.", (int)n);
        return TRUE;
    }
    g_auto(RkTransaction) transaction = {0};
    if (!list_orphans(doctor->store, repair, error) ||
        !rk_transaction_begin(&transaction, doctor->store, error) ||
        !rk_sql_exec(doctor->store, repair->str, error) ||
        !rk_transaction_commit(&transaction, error))
        return FALSE;
    find(doctor, TRUE, "%d rows belonged to nothing; they were deleted.", (int)n);
    return TRUE;
}

// Datasets without a name: an import runs right now, or it was killed.
static gboolean
check_unfinished(Doctor *doctor, GError **error)
{
    int64_t n = 0;
    if (!rk_sql_int(doctor->store, &n, 0, error, "SELECT count(*) FROM dataset WHERE name IS NULL",
                    ""))
        return FALSE;
    if (n == 0)
        return TRUE;
    gboolean first = FALSE;
    gboolean busy = FALSE;
    uint32_t n_swept = 0;
    g_autoptr(GError) refusal = NULL;
    if (!rk_writers_enter(doctor->store, &first, &busy, &refusal)) {
        if (busy)
            return TRUE; // its writer is alive
        g_propagate_error(error, g_steal_pointer(&refusal));
        return FALSE;
    }
    gboolean swept = TRUE;
    if (first && doctor->options->repair)
        swept = rk_records_sweep(doctor->store, &n_swept, error);
    rk_writers_leave(doctor->store);
    if (n_swept > 0)
        find(doctor, TRUE, "%u unfinished imports were removed.", n_swept);
    else if (first)
        find(doctor, FALSE, "%d imports were killed and left data behind.", (int)n);
    return swept;
}

static gboolean
count_bytes(RkStore *store, int64_t *bytes, GError **error)
{
    int64_t n_pages = 0;
    int64_t page_bytes = 0;
    if (!rk_sql_int(store, &n_pages, 0, error, "PRAGMA page_count", "") ||
        !rk_sql_int(store, &page_bytes, 0, error, "PRAGMA page_size", ""))
        return FALSE;
    *bytes = n_pages * page_bytes;
    return TRUE;
}

// ---- datasets ------------------------------------------------------------------------------

static gboolean
tick(Doctor *doctor, uint64_t total, GError **error)
{
    doctor->report->n_blobs++;
    if (doctor->options->progress == NULL ||
        doctor->options->progress(doctor->options->progress_data, doctor->report->n_blobs, total))
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_CANCELLED, "interrupted.");
    return FALSE;
}

static gboolean
check_column(Doctor *doctor, RkDataset *dataset, uint32_t t, uint32_t c, uint64_t total,
             guint *n_damaged, GError **error)
{
    RkChunkSource *source = rk_dataset_source(dataset);
    const RkTable *table = rk_schema_table(source->schema, t);
    g_autofree gboolean *columns = g_new0(gboolean, table->fields->len);
    columns[c] = TRUE;
    for (uint32_t i = 0; i < rk_n_chunks(source->n_rows(source, t)); i++) {
        g_autoptr(GError) damage = NULL;
        g_autoptr(RkChunk) chunk = source->read(source, t, i, columns, &damage);
        if (chunk == NULL && ++*n_damaged <= MAX_MESSAGES)
            find(doctor, FALSE, "%s", damage->message);
        if (!tick(doctor, total, error))
            return FALSE;
    }
    return TRUE;
}

static void
check_vocabularies(Doctor *doctor, RkDataset *dataset, guint *n_damaged)
{
    const RkSchema *schema = rk_dataset_schema(dataset);
    for (guint t = 0; t < schema->tables->len; t++)
        for (guint f = 0; f < rk_schema_table(schema, t)->fields->len; f++) {
            const char *name = rk_table_field(rk_schema_table(schema, t), f)->vocabulary;
            g_autoptr(GError) damage = NULL;
            if (name == NULL || rk_dataset_vocabulary(dataset, name, &damage) != NULL)
                continue;
            if (++*n_damaged <= MAX_MESSAGES)
                find(doctor, FALSE, "%s", damage->message);
        }
}

static gboolean
check_attached(Doctor *doctor, RkDataset *dataset, guint *n_damaged, GError **error)
{
    g_auto(RkRows) rows = {0};
    if (!rk_rows_query(&rows, doctor->store, error,
                       "SELECT key, part FROM dataset_blob JOIN dataset d ON dataset = d.id "
                       "WHERE d.name = ?",
                       "s", rk_dataset_name(dataset)))
        return FALSE;
    int next;
    while ((next = rk_rows_next(&rows, error)) == 1) {
        g_autoptr(GError) damage = NULL;
        g_autoptr(GBytes) bytes =
            rk_dataset_blob(dataset, (const char *)sqlite3_column_text(rows.stmt, 0),
                            (uint32_t)sqlite3_column_int64(rows.stmt, 1), &damage);
        if (bytes == NULL && ++*n_damaged <= MAX_MESSAGES)
            find(doctor, FALSE, "%s", damage->message);
    }
    return next == 0;
}

static gboolean
check_dataset(Doctor *doctor, const char *name, uint64_t total, GError **error)
{
    guint n_damaged = 0;
    g_autoptr(GError) damage = NULL;
    g_autoptr(RkDataset) dataset = rk_dataset_open(doctor->store, name, &damage);
    if (dataset == NULL) {
        n_damaged = 1;
        find(doctor, FALSE, "%s", damage->message);
    } else {
        const RkSchema *schema = rk_dataset_schema(dataset);
        for (guint t = 0; t < schema->tables->len; t++)
            for (guint c = 0; c < rk_schema_table(schema, t)->fields->len; c++)
                if (!check_column(doctor, dataset, t, c, total, &n_damaged, error))
                    return FALSE;
        check_vocabularies(doctor, dataset, &n_damaged);
        if (!check_attached(doctor, dataset, &n_damaged, error))
            return FALSE;
    }
    if (n_damaged > 0)
        g_ptr_array_add(doctor->report->damaged, g_strdup(name));
    if (n_damaged > MAX_MESSAGES)
        find(doctor, FALSE, "%u more parts of the dataset %s are damaged.",
             n_damaged - MAX_MESSAGES, name);
    return TRUE;
}

static gboolean
check_datasets(Doctor *doctor, GError **error)
{
    int64_t total = 0;
    g_autoptr(GPtrArray) list = rk_dataset_list(doctor->store, error);
    if (list == NULL ||
        !rk_sql_int(doctor->store, &total, 0, error, "SELECT count(*) FROM column_chunk", ""))
        return FALSE;
    doctor->report->n_datasets = list->len;
    for (guint i = 0; i < list->len; i++) {
        const RkDatasetInfo *info = g_ptr_array_index(list, i);
        doctor->report->n_blob_bytes += info->stored_bytes;
        if (!check_dataset(doctor, info->name, (uint64_t)total, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
check_tensors(Doctor *doctor, GError **error)
{
    g_autoptr(GPtrArray) damages = g_ptr_array_new_with_free_func(g_free);
    if (!rk_tensors_check(doctor->store, damages, error))
        return FALSE;
    for (guint i = 0; i < damages->len; i++)
        find(doctor, FALSE, "%s", (const char *)g_ptr_array_index(damages, i));
    return TRUE;
}

// ---- all of it -----------------------------------------------------------------------------

static gboolean
tidy(Doctor *doctor, GError **error)
{
    int64_t bytes_after = 0;
    if (!doctor->options->repair)
        return TRUE;
    if (!rk_records_give_space_back(doctor->store, error) ||
        !rk_sql_exec(doctor->store, "PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)", error) ||
        !count_bytes(doctor->store, &bytes_after, error))
        return FALSE;
    doctor->report->freed_bytes = (uint64_t)MAX(0, doctor->bytes_before - bytes_after);
    return TRUE;
}

// Runs a check. One that can't be run on a damaged file is a finding, not the end.
static gboolean
run_check(Doctor *doctor, gboolean (*check)(Doctor *doctor, GError **error), GError **error)
{
    g_autoptr(GError) refusal = NULL;
    if (check(doctor, &refusal))
        return TRUE;
    if (g_error_matches(refusal, RK_ERROR, RK_ERROR_CANCELLED)) {
        g_propagate_error(error, g_steal_pointer(&refusal));
        return FALSE;
    }
    find(doctor, FALSE, "%s", refusal->message);
    return TRUE;
}

RkDoctorReport *
rk_doctor_run(RkStore *store, const RkDoctorOptions *options, GError **error)
{
    static gboolean (*const CHECKS[])(Doctor *, GError **) = {check_unfinished, check_references,
                                                              check_datasets, check_tensors, tidy};
    g_autoptr(RkDoctorReport) report = g_new0(RkDoctorReport, 1);
    report->findings = g_ptr_array_new_with_free_func(rk_finding_free);
    report->damaged = g_ptr_array_new_with_free_func(g_free);
    report->version = rk_migrate_latest();
    RkDoctorOptions how = *options;
    Doctor doctor = {.store = store, .options = &how, .report = report};
    gboolean done =
        count_bytes(store, &doctor.bytes_before, error) && run_check(&doctor, check_pages, error);
    // A file whose pages are damaged is not written to: what is there must not get worse.
    how.repair = options->repair && rk_doctor_report_is_healthy(report);
    for (size_t i = 0; done && i < G_N_ELEMENTS(CHECKS); i++)
        done = run_check(&doctor, CHECKS[i], error);
    if (done)
        return g_steal_pointer(&report);
    g_prefix_error(error, "Can't check the database %s: ", rk_store_path(store));
    return NULL;
}
