// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/export.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "dataset/forms.h"

#define WRITE_BYTES ((size_t)1 << 20) // a write call each, so that text doesn't pile up

typedef struct {
    RkDataset *dataset;
    const RkExportOptions *options;
    const RkTable *table;
    uint32_t index; // of the table
    const RkVocabulary **vocabularies;
    FILE *file;
    GString *text; // not yet written
    GString *cell;
} Export;

char *
rk_export_file_name(const RkDataset *dataset, uint32_t table, const RkExportOptions *options)
{
    char *name = g_strdup_printf("%s.%s", rk_schema_table(rk_dataset_schema(dataset), table)->name,
                                 options->separator == '\t' ? "tsv" : "csv");
    g_strdelimit(name, "/\\", '_');
    return name;
}

// RFC 4180 quoting. An empty cell alone on its line is quoted too: an empty line is no row.
static void
append_quoted(Export *export, const char *cell, size_t length, gboolean alone)
{
    gboolean plain = length > 0 || !alone;
    for (size_t i = 0; plain && i < length; i++)
        plain = cell[i] != '"' && cell[i] != '\n' && cell[i] != '\r' &&
                cell[i] != export->options->separator;
    if (plain) {
        g_string_append_len(export->text, cell, (gssize)length);
        return;
    }
    g_string_append_c(export->text, '"');
    for (size_t i = 0; i < length; i++) {
        if (cell[i] == '"')
            g_string_append_c(export->text, '"');
        g_string_append_c(export->text, cell[i]);
    }
    g_string_append_c(export->text, '"');
}

static void
append_header(Export *export)
{
    guint n = export->table->fields->len;
    for (guint f = 0; f < n; f++) {
        const char *name = rk_table_field(export->table, f)->name;
        if (f > 0)
            g_string_append_c(export->text, export->options->separator);
        append_quoted(export, name, strlen(name), n == 1);
    }
    g_string_append_c(export->text, '\n');
}

static gboolean
write_text(Export *export, GError **error)
{
    size_t n = export->text->len;
    if (fwrite(export->text->str, 1, n, export->file) != n) {
        g_set_error(error, RK_ERROR, RK_ERROR_FAILED,
                    "%s. Free space there or name another folder.", g_strerror(errno));
        return FALSE;
    }
    g_string_truncate(export->text, 0);
    return TRUE;
}

static gboolean
append_chunk(Export *export, const RkChunk *chunk, GError **error)
{
    g_autofree uint32_t *odd = g_new0(uint32_t, chunk->n_columns);
    for (uint32_t row = 0; row < chunk->n_rows; row++) {
        for (uint32_t c = 0; c < chunk->n_columns; c++) {
            if (c > 0)
                g_string_append_c(export->text, export->options->separator);
            g_string_truncate(export->cell, 0);
            rk_form_append_cell(rk_table_field(export->table, c), &chunk->columns[c],
                                export->vocabularies[c], row, &odd[c], export->cell);
            append_quoted(export, export->cell->str, export->cell->len, chunk->n_columns == 1);
        }
        g_string_append_c(export->text, '\n');
        if (export->text->len >= WRITE_BYTES && !write_text(export, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
report(const Export *export, uint64_t done, uint64_t total, GError **error)
{
    const RkExportOptions *options = export->options;
    if (options->progress == NULL || options->progress(options->progress_data, done, total))
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_CANCELLED, "interrupted.");
    return FALSE;
}

static gboolean
write_rows(Export *export, GError **error)
{
    RkChunkSource *source = rk_dataset_source(export->dataset);
    uint64_t n_rows = source->n_rows(source, export->index);
    for (guint f = 0; f < export->table->fields->len; f++) {
        const char *name = rk_table_field(export->table, f)->vocabulary;
        if (name == NULL)
            continue;
        export->vocabularies[f] = rk_dataset_vocabulary(export->dataset, name, error);
        if (export->vocabularies[f] == NULL)
            return FALSE;
    }
    if (export->options->header)
        append_header(export);
    for (uint32_t i = 0; i < rk_n_chunks(n_rows); i++) {
        g_autoptr(RkChunk) chunk = source->read(source, export->index, i, NULL, error);
        if (chunk == NULL || !append_chunk(export, chunk, error) ||
            !report(export, chunk->first_row + chunk->n_rows, n_rows, error))
            return FALSE;
    }
    return write_text(export, error);
}

gboolean
rk_export_table(RkDataset *dataset, uint32_t table, const char *path,
                const RkExportOptions *options, GError **error)
{
    const RkTable *about = rk_schema_table(rk_dataset_schema(dataset), table);
    g_autofree char *partial = g_strconcat(path, ".partial", NULL);
    g_autofree const RkVocabulary **vocabularies =
        g_new0(const RkVocabulary *, about->fields->len + 1);
    Export export = {.dataset = dataset,
                     .options = options,
                     .table = about,
                     .index = table,
                     .vocabularies = vocabularies,
                     .file = fopen(partial, "wb"),
                     .text = g_string_new(NULL),
                     .cell = g_string_new(NULL)};
    gboolean done = FALSE;
    if (export.file == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_FAILED, "%s. Name a folder that may be written to.",
                    g_strerror(errno));
    } else {
        done = write_rows(&export, error);
        if ((fclose(export.file) != 0 || (done && g_rename(partial, path) != 0)) && done) {
            g_set_error(error, RK_ERROR, RK_ERROR_FAILED, "%s. Free space there.",
                        g_strerror(errno));
            done = FALSE;
        }
        if (!done)
            g_remove(partial);
    }
    g_string_free(export.text, TRUE);
    g_string_free(export.cell, TRUE);
    if (!done)
        g_prefix_error(error, "Can't export %s to %s: ", about->name, path);
    return done;
}
