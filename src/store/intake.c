// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/intake.h"

#include "base/json.h"
#include "store/parts.h"

typedef struct {
    RkStore *store;
    RkImport *import;
    const RkIntakeOptions *options;
    RkIntakeReport *report;
    RkSplit *given;          // by the names of the files; or NULL
    RkDatasetWriter *writer; // of what is published
} Intake;

// What was guessed and what was left out, as "import" metadata.
static char *
import_json(const RkImport *import, const RkImportReport *report)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    rk_import_to_json(import, builder);
    rk_import_report_to_json(report, builder);
    json_builder_end_object(builder);
    return rk_json_text(builder, FALSE);
}

// Reads the files into a writer and learns the split that their names give.
static gboolean
read_files(Intake *intake, RkDatasetWriter *writer, GError **error)
{
    const RkIntakeOptions *options = intake->options;
    if (!rk_import_run(intake->import, rk_dataset_writer_rows(writer), &options->import,
                       &intake->report->read, error))
        return FALSE;
    if (options->reading_done != NULL)
        options->reading_done(options->reading_done_data);
    // A split that was asked for wins over names.
    if (options->split == NULL || !rk_params_is_set(options->split, "split"))
        intake->given = rk_import_split(intake->import, &intake->report->read);
    return TRUE;
}

static const RkVocabulary *
scratch_vocabulary(void *data, const char *name, GError **error)
{
    return rk_dataset_vocabulary(data, name, error);
}

static RkVocabulary *
writer_vocabulary(void *data, const char *name)
{
    return rk_dataset_writer_vocabulary(data, name);
}

static gboolean
keep_split(Intake *intake, const RkSplit *split, GError **error)
{
    intake->report->split_json = rk_split_to_json(split);
    intake->report->split_text = rk_split_to_text(split);
    return rk_dataset_writer_set_split(intake->writer, split, error);
}

static gboolean
write_clean(Intake *intake, RkDataset *raw, GError **error)
{
    const RkIntakeOptions *options = intake->options;
    const RkCleanInput input = {.source = rk_dataset_source(raw),
                                .clean = options->clean,
                                .split = intake->given ? NULL : options->split,
                                .given = intake->given,
                                .seed = options->seed,
                                .vocabulary = scratch_vocabulary,
                                .data = raw,
                                .progress = options->progress};
    g_autoptr(RkClean) clean = rk_clean_plan(&input, error);
    if (clean == NULL)
        return FALSE;
    intake->writer = rk_dataset_writer_new(intake->store, options->name, rk_dataset_schema(raw),
                                           options->params_json, error);
    if (intake->writer == NULL || !rk_clean_write(clean, rk_dataset_writer_chunks(intake->writer),
                                                  writer_vocabulary, intake->writer, error))
        return FALSE;
    intake->report->clean_json = rk_clean_to_json(clean);
    intake->report->clean_text = rk_clean_to_text(clean);
    return rk_dataset_writer_set_meta(intake->writer, "clean", intake->report->clean_json, error) &&
           keep_split(intake, rk_clean_split(clean), error);
}

static gboolean
import_cleaned(Intake *intake, GError **error)
{
    g_autoptr(RkDatasetWriter) scratch =
        rk_dataset_writer_new(intake->store, NULL, rk_import_schema(intake->import), NULL, error);
    if (scratch == NULL || !read_files(intake, scratch, error))
        return FALSE;
    g_autoptr(RkDataset) raw = rk_dataset_writer_read(scratch, error);
    return raw != NULL && write_clean(intake, raw, error);
}

static gboolean
split_rows(Intake *intake, GError **error)
{
    const RkIntakeOptions *options = intake->options;
    g_autoptr(RkSplit) built = NULL;
    if (intake->given == NULL && options->split == NULL)
        return TRUE;
    if (intake->given == NULL) {
        g_autoptr(RkDataset) rows = rk_dataset_writer_read(intake->writer, error);
        if (rows == NULL)
            return FALSE;
        built = rk_split_build(rk_dataset_source(rows), options->split, options->seed,
                               rk_dataset_vocabulary_size(rows, "user"), options->progress, error);
        if (built == NULL)
            return FALSE;
    }
    return keep_split(intake, built ? built : intake->given, error);
}

static gboolean
import_plain(Intake *intake, GError **error)
{
    intake->writer = rk_dataset_writer_new(intake->store, intake->options->name,
                                           rk_import_schema(intake->import),
                                           intake->options->params_json, error);
    return intake->writer != NULL && read_files(intake, intake->writer, error) &&
           split_rows(intake, error);
}

static gboolean
publish(Intake *intake, GError **error)
{
    RkIntakeReport *report = intake->report;
    g_autofree char *json = import_json(intake->import, &report->read);
    report->n_tables = rk_import_schema(intake->import)->tables->len;
    report->n_rows = g_new0(uint64_t, report->n_tables);
    if (!rk_dataset_writer_set_meta(intake->writer, "import", json, error) ||
        !rk_dataset_writer_commit(intake->writer, error))
        return FALSE;
    for (uint32_t t = 0; t < report->n_tables; t++)
        report->n_rows[t] = rk_dataset_writer_n_rows(intake->writer, t);
    return TRUE;
}

gboolean
rk_intake_import(RkStore *store, RkImport *import, const RkIntakeOptions *options,
                 RkIntakeReport *report, GError **error)
{
    g_auto(RkIntakeReport) own = {0};
    Intake intake = {
        .store = store, .import = import, .options = options, .report = report ? report : &own};
    *intake.report = (RkIntakeReport){0};
    const gboolean cleaned = options->clean != NULL && rk_clean_wanted(options->clean);
    gboolean done = (cleaned ? import_cleaned(&intake, error) : import_plain(&intake, error)) &&
                    publish(&intake, error);
    g_clear_pointer(&intake.writer, rk_dataset_writer_free);
    g_clear_pointer(&intake.given, rk_split_free);
    return done;
}

void
rk_intake_report_clear(RkIntakeReport *report)
{
    rk_import_report_clear(&report->read);
    g_clear_pointer(&report->n_rows, g_free);
    g_clear_pointer(&report->clean_json, g_free);
    g_clear_pointer(&report->clean_text, g_free);
    g_clear_pointer(&report->split_json, g_free);
    g_clear_pointer(&report->split_text, g_free);
}

gboolean
rk_intake_synth(RkDatasetWriter *writer, RkChunkSink *sink, RkSynth *synth, const RkSplit *split,
                const char *ceiling, uint32_t n_threads, const RkPassProgress *pass, GError **error)
{
    const char *name = NULL;
    RkVocabulary *vocabulary = NULL;
    for (uint32_t i = 0; (vocabulary = rk_synth_vocabulary(synth, i, &name)) != NULL; i++) {
        rk_dataset_writer_set_vocabulary(writer, name, vocabulary);
        rk_vocabulary_unref(vocabulary);
    }
    return rk_synth_write(synth, sink, n_threads, pass, error) &&
           (ceiling == NULL || rk_dataset_writer_set_meta(writer, "ceiling", ceiling, error)) &&
           rk_dataset_writer_set_split(writer, split, error);
}
