// SPDX-License-Identifier: GPL-3.0-or-later
//
// Reading the files: a thread opens, splits and checks them; the caller's takes the batches,
// minds the ids and feeds the sink.
#include "dataset/import-core.h"
#include "dataset/import-ids.h"

#include <string.h>

#define QUEUE_DEPTH 4u // batches that may wait, some 1 MiB each

// The part that both threads touch.
typedef struct {
    RkImport *import;
    RkEmit *emit;
    uint64_t max_rows;
    GMutex lock;
    RkSource *source;    // being read, under the lock
    uint64_t done_bytes; // of the files before it, under the lock
    GPtrArray *notes;    // the reader's until it has ended
} Run;

// ---- the reader ----------------------------------------------------------------------------

static void
set_source(Run *run, RkSource *source)
{
    g_mutex_lock(&run->lock);
    if (run->source != NULL)
        run->done_bytes += rk_source_taken(run->source);
    run->source = source;
    g_mutex_unlock(&run->lock);
}

static gboolean
read_file(Run *run, RkImportFile *file, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (!rk_import_open(file, error))
        return FALSE;
    file->target = rk_schema_table(run->import->schema, file->table);
    set_source(run, file->source);
    rk_emit_target(run->emit, &(RkEmitTarget){.file = file->name,
                                              .table = file->target,
                                              .table_index = file->table,
                                              .max_rows = run->max_rows,
                                              .encoding = file->encoding});
    if (file->importer->start != NULL)
        file->importer->start(file);
    const size_t max_record = (size_t)rk_params_int(file->settings, "record.max") << 20;
    gboolean done = rk_records_read(file->source, RK_BLOCK_BYTES, max_record, file->importer->split,
                                    file, run->emit, &cause) ||
                    rk_emit_full(run->emit);
    if (done && file->importer->finish != NULL)
        file->importer->finish(file, run->notes);
    set_source(run, NULL);
    rk_import_close(file);
    if (!done)
        g_propagate_error(error, g_steal_pointer(&cause));
    return done;
}

// Table after table, so that the codes of the events' users and items come first.
static gpointer
read_files(gpointer data)
{
    Run *run = data;
    GError *error = NULL;
    const RkImport *import = run->import;
    for (guint t = 0; t < import->schema->tables->len; t++)
        for (guint i = 0; i < import->files->len && error == NULL; i++) {
            RkImportFile *file = g_ptr_array_index(import->files, i);
            if (file->importer != NULL && file->table == t)
                read_file(run, file, &error);
        }
    rk_emit_close(run->emit, error);
    return NULL;
}

// ---- the taker -----------------------------------------------------------------------------

typedef struct {
    Run run;
    RkRowSink *sink;
    const RkImportOptions *options;
    RkImportReport *report;
    RkImportIds *ids;
    gboolean skip;
    const char *missing;
    size_t n_missing;
    uint32_t file; // that the last batch came from
    uint64_t n_rows, all_bytes;
} Taker;

static const char *
without_prefix(const char *message)
{
    static const char PREFIX[] = "Can't import ";
    return g_str_has_prefix(message, PREFIX) ? message + strlen(PREFIX) : message;
}

static void
empty_missing(const Taker *taker, RkEmitBatch *batch)
{
    const RkRowBatch *rows = rk_emit_batch_rows(batch);
    RkCell *cell = rk_emit_batch_cells(batch);
    for (size_t n = (size_t)rows->n_rows * rows->n_fields; n > 0; n--, cell++)
        if (cell->length == taker->n_missing &&
            memcmp(cell->text, taker->missing, taker->n_missing) == 0)
            cell->length = 0;
}

static void
remove_row(RkEmitBatch *batch, uint32_t row)
{
    RkRowBatch *rows = rk_emit_batch_rows(batch);
    RkCell *cells = rk_emit_batch_cells(batch) + (size_t)row * rows->n_fields;
    uint64_t *line = rk_emit_batch_lines(batch) + row;
    const size_t n_behind = rows->n_rows - row - 1;
    memmove(cells, cells + rows->n_fields, n_behind * rows->n_fields * sizeof *cells);
    memmove(line, line + 1, n_behind * sizeof *line);
    rows->n_rows--;
}

static gboolean
check_keys(Taker *taker, RkEmitBatch *batch, GError **error)
{
    RkRowBatch *rows = rk_emit_batch_rows(batch);
    const RkTableRole role = rk_schema_table(taker->run.import->schema, rows->table)->role;
    if (role != RK_TABLE_ITEMS && role != RK_TABLE_USERS)
        return TRUE;
    for (uint32_t row = 0; row < rows->n_rows;) {
        g_autofree char *wrong = rk_import_ids_check(taker->ids, rows, row);
        if (wrong == NULL) {
            row++;
            continue;
        }
        if (!taker->skip) {
            g_set_error(error, RK_ERROR, RK_ERROR_DATA, "Can't import %s", wrong);
            return FALSE;
        }
        rk_skipped_add(&taker->report->skipped, wrong);
        remove_row(batch, row);
    }
    return TRUE;
}

static void
count_rows(Taker *taker, const RkRowBatch *rows, uint32_t n)
{
    const GPtrArray *files = taker->run.import->files;
    // A batch names its file by that file's own string.
    while (((RkImportFile *)g_ptr_array_index(files, taker->file))->name != rows->file)
        taker->file = (taker->file + 1) % files->len;
    taker->report->file_rows[taker->file] += n;
    taker->report->n_rows[rows->table] += n;
    taker->n_rows += n;
}

// Feeds the sink, going on behind rows that it refuses where they are to be skipped.
static gboolean
feed(Taker *taker, RkRowBatch *rows, GError **error)
{
    while (rows->n_rows > 0) {
        g_autoptr(GError) cause = NULL;
        taker->sink->n_taken = 0;
        gboolean all = taker->sink->rows(taker->sink, rows, &cause);
        const uint32_t n_taken = all ? rows->n_rows : taker->sink->n_taken;
        count_rows(taker, rows, n_taken);
        if (all)
            return TRUE;
        if (!taker->skip || !g_error_matches(cause, RK_ERROR, RK_ERROR_DATA) ||
            n_taken >= rows->n_rows) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        }
        rk_skipped_add(&taker->report->skipped, without_prefix(cause->message));
        rows->n_rows -= n_taken + 1;
        rows->cells += (size_t)(n_taken + 1) * rows->n_fields;
        rows->line += n_taken + 1;
    }
    return TRUE;
}

static gboolean
tell_progress(Taker *taker, GError **error)
{
    const RkImportOptions *options = taker->options;
    if (options->progress == NULL)
        return TRUE;
    g_mutex_lock(&taker->run.lock);
    uint64_t done = taker->run.done_bytes;
    if (taker->run.source != NULL)
        done += rk_source_taken(taker->run.source);
    g_mutex_unlock(&taker->run.lock);
    if (options->progress(options->progress_data, done, taker->all_bytes, taker->n_rows))
        return TRUE;
    g_set_error_literal(error, RK_ERROR, RK_ERROR_CANCELLED,
                        "The import was interrupted; nothing of it is kept.");
    return FALSE;
}

static gboolean
take_batch(Taker *taker, RkEmitBatch *batch, GError **error)
{
    if (taker->n_missing > 0)
        empty_missing(taker, batch);
    if (!check_keys(taker, batch, error))
        return FALSE;
    rk_import_ids_replace(taker->ids, batch);
    return feed(taker, rk_emit_batch_rows(batch), error) && tell_progress(taker, error);
}

static gboolean
take_all(Taker *taker, GError **error)
{
    for (;;) {
        g_autoptr(GError) cause = NULL;
        g_autoptr(RkEmitBatch) batch = rk_emit_take(taker->run.emit, &cause);
        if (cause != NULL) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        }
        if (batch == NULL)
            return TRUE;
        if (!take_batch(taker, batch, error))
            return FALSE;
    }
}

// ---- both ----------------------------------------------------------------------------------

// As stored; 0 when one of them has no size.
static uint64_t
bytes_of(const RkImport *import)
{
    uint64_t sum = 0;
    for (guint i = 0; i < import->files->len; i++) {
        const RkImportFile *file = g_ptr_array_index(import->files, i);
        if (file->importer != NULL && file->n_bytes == 0)
            return 0;
        sum += file->importer != NULL ? file->n_bytes : 0;
    }
    return sum;
}

static gboolean
has_field(const RkTable *table)
{
    for (uint32_t f = 0; f < table->fields->len; f++)
        if (rk_table_field(table, f)->kind != RK_FIELD_IGNORE)
            return TRUE;
    return FALSE;
}

static gboolean
check_ready(RkImport *import, gboolean preview, GError **error)
{
    const RkTable *first = rk_schema_table(import->schema, 0);
    if (!preview && first->role != RK_TABLE_EVENTS) {
        const char *what =
            first->role == RK_TABLE_OTHER ? "users or items" : rk_table_role_name(first->role);
        g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                    "Can't import %s: it describes %s, but there are no interactions beside it. "
                    "Name the file that has them too, or say which table is it with --set "
                    "TABLE.role=events.",
                    first->name, what);
        return FALSE;
    }
    if (!preview && !has_field(first)) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't import %s: every field of it is left out. Give one of them another "
                    "kind than ignore.",
                    first->name);
        return FALSE;
    }
    for (guint i = 0; i < import->files->len && import->ran; i++) {
        const RkImportFile *file = g_ptr_array_index(import->files, i);
        if (file->importer != NULL && file->once) {
            g_set_error(error, RK_ERROR, RK_ERROR_FAILED,
                        "Can't read %s a second time: save it in a file.", file->name);
            return FALSE;
        }
    }
    import->ran = TRUE;
    return TRUE;
}

static gboolean
check_rows(const RkImport *import, const RkImportReport *report, GError **error)
{
    if (report->n_rows[0] > 0)
        return TRUE;
    const GPtrArray *examples = report->skipped.examples;
    g_set_error(error, RK_ERROR, RK_ERROR_DATA, "Can't import %s: it holds no %srow.%s%s",
                rk_schema_table(import->schema, 0)->name, examples->len > 0 ? "good " : "",
                examples->len > 0 ? " The first bad one: " : " Is this the right file?",
                examples->len > 0 ? (const char *)g_ptr_array_index(examples, 0) : "");
    return FALSE;
}

static void
add_skipped(RkSkipped *to, const RkSkipped *from)
{
    for (guint i = 0; i < from->examples->len; i++)
        rk_skipped_add(to, g_ptr_array_index(from->examples, i));
    to->n_skipped += from->n_skipped - from->examples->len;
}

static void
init_report(RkImportReport *report, const RkImport *import)
{
    const uint32_t n_tables = import->schema->tables->len;
    *report = (RkImportReport){.n_rows = g_new0(uint64_t, n_tables),
                               .n_tables = n_tables,
                               .file_rows = g_new0(uint64_t, import->files->len),
                               .n_files = import->files->len,
                               .notes = g_ptr_array_new_with_free_func(g_free)};
    rk_skipped_init(&report->skipped);
}

gboolean
rk_import_run(RkImport *import, RkRowSink *sink, const RkImportOptions *options,
              RkImportReport *report, GError **error)
{
    static const RkImportOptions NONE = {0};
    g_auto(RkImportReport) own = {0};
    options = options ? options : &NONE;
    report = report ? report : &own;
    const gboolean preview = options->max_rows > 0;
    init_report(report, import);
    if (!check_ready(import, preview, error) ||
        (!preview && !rk_import_ids_ready(import->schema, options->pseudonym, error)))
        return FALSE;
    const char *missing = rk_params_text(import->settings, "missing");
    const gboolean skip = strcmp(rk_params_text(import->settings, "on-error"), "skip") == 0;
    Taker taker = {.run = {.import = import,
                           .emit = rk_emit_new(skip, QUEUE_DEPTH),
                           .max_rows = options->max_rows,
                           .notes = report->notes},
                   .sink = sink,
                   .options = options,
                   .report = report,
                   .ids = rk_import_ids_new(import->schema, options->pseudonym),
                   .skip = skip,
                   .missing = missing,
                   .n_missing = strlen(missing),
                   .all_bytes = bytes_of(import)};
    g_mutex_init(&taker.run.lock);
    GThread *reader = g_thread_new("import", read_files, &taker.run);
    gboolean done = take_all(&taker, error);
    rk_emit_stop(taker.run.emit);
    g_thread_join(reader);
    add_skipped(&report->skipped, rk_emit_skipped(taker.run.emit));
    rk_emit_free(taker.run.emit);
    rk_import_ids_free(taker.ids);
    g_mutex_clear(&taker.run.lock);
    return done && (preview || check_rows(import, report, error));
}

void
rk_import_report_clear(RkImportReport *report)
{
    g_clear_pointer(&report->n_rows, g_free);
    g_clear_pointer(&report->file_rows, g_free);
    rk_skipped_clear(&report->skipped);
    g_clear_pointer(&report->notes, g_ptr_array_unref);
}

RkSplit *
rk_import_split(const RkImport *import, const RkImportReport *report)
{
    g_autofree uint64_t *end = g_new(uint64_t, import->files->len);
    g_autofree RkPart *part = g_new(RkPart, import->files->len);
    uint32_t n = 0;
    uint64_t rows = 0;
    uint64_t of_part[RK_N_PARTS] = {0};
    for (guint i = 0; i < import->files->len; i++) {
        const RkImportFile *file = g_ptr_array_index(import->files, i);
        if (file->importer == NULL || file->table != 0)
            continue;
        rows += report->file_rows[i];
        of_part[file->part] += report->file_rows[i];
        end[n] = rows;
        part[n++] = file->part;
    }
    if (of_part[RK_PART_TRAIN] == 0 || of_part[RK_PART_TEST] + of_part[RK_PART_VALID] == 0)
        return NULL;
    return rk_split_new_ranges(end, part, n);
}
