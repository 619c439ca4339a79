// SPDX-License-Identifier: GPL-3.0-or-later
#include "import_rig.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <zstd.h>

#include "dataset/encode.h"

// Types the rows as the store does, then writes down those that were taken.
typedef struct {
    RkRowSink sink;
    const RkSchema *schema;
    RkRowSink *typed;
    GString *rows;
} Writer;

static gboolean
drop_chunk(RkChunkSink *sink, const RkChunk *chunk, GError **error)
{
    return TRUE;
}

static gboolean
write_rows(RkRowSink *sink, const RkRowBatch *batch, GError **error)
{
    Writer *writer = (Writer *)sink;
    const RkTable *table = rk_schema_table(writer->schema, batch->table);
    g_assert_cmpuint(batch->n_fields, ==, table->fields->len);
    gboolean all = writer->typed->rows(writer->typed, batch, error);
    sink->n_taken = all ? batch->n_rows : writer->typed->n_taken;
    for (uint32_t row = 0; row < sink->n_taken; row++) {
        g_string_append_printf(writer->rows, "%s:", table->name);
        for (uint32_t f = 0; f < batch->n_fields; f++) {
            const RkCell *cell = &batch->cells[(size_t)row * batch->n_fields + f];
            g_string_append(writer->rows, f > 0 ? " | " : " ");
            g_assert_true(cell->length == 0 || g_utf8_validate(cell->text, cell->length, NULL));
            g_string_append_len(writer->rows, cell->text, cell->length);
        }
        g_string_append_c(writer->rows, '\n');
    }
    return all;
}

// Splits assignments into settings and schema changes.
static gboolean
read_assignments(const char *assignments, RkParams *settings, GPtrArray *edits, GError **error)
{
    g_auto(GStrv) words = g_strsplit(assignments ? assignments : "", " ", -1);
    for (char **word = words; *word != NULL; word++) {
        if (**word == '\0')
            continue;
        if (rk_import_is_edit(*word))
            g_ptr_array_add(edits, g_strdup(*word));
        else if (!rk_params_assign(settings, *word, error))
            return FALSE;
    }
    return TRUE;
}

static Imported
import_it(const char *const *paths, const char *name, GBytes *bytes, const char *format,
          const char *assignments, const RkImportOptions *options)
{
    Imported result = {.rows = g_string_new(NULL)};
    g_autoptr(RkParams) settings = rk_params_new(rk_import_params, rk_n_import_params);
    g_autoptr(GPtrArray) edits = g_ptr_array_new_with_free_func(g_free);
    if (!read_assignments(assignments, settings, edits, &result.error))
        return result;
    result.import = paths ? rk_import_new(paths, format, settings, &result.error)
                          : rk_import_new_bytes(name, bytes, format, settings, &result.error);
    if (result.import == NULL)
        return result;
    for (guint i = 0; i < edits->len; i++)
        if (!rk_import_edit(result.import, g_ptr_array_index(edits, i), &result.error))
            return result;
    RkChunkSink chunks = {.chunk = drop_chunk};
    RkVocabularies *vocabularies = rk_vocabularies_new();
    RkEncoder *encoder = rk_encoder_new(rk_import_schema(result.import), vocabularies, &chunks);
    Writer writer = {.sink = {.rows = write_rows},
                     .schema = rk_import_schema(result.import),
                     .typed = rk_encoder_rows(encoder),
                     .rows = result.rows};
    gboolean done =
        rk_import_run(result.import, &writer.sink, options, &result.report, &result.error);
    g_assert_true(done == (result.error == NULL));
    rk_encoder_free(encoder);
    rk_vocabularies_free(vocabularies);
    return result;
}

Imported
import_text(const char *name, const char *text, size_t n, const char *format,
            const char *assignments)
{
    g_autoptr(GBytes) bytes = g_bytes_new(text, n);
    return import_it(NULL, name, bytes, format, assignments, NULL);
}

Imported
import_paths(const char *const *paths, const char *format, const char *assignments,
             const RkImportOptions *options)
{
    return import_it(paths, NULL, NULL, format, assignments, options);
}

void
imported_clear(Imported *imported)
{
    g_clear_pointer(&imported->import, rk_import_free);
    g_string_free(imported->rows, TRUE);
    rk_import_report_clear(&imported->report);
    g_clear_error(&imported->error);
}

char *
schema_text(const RkSchema *schema)
{
    GString *text = g_string_new(NULL);
    for (guint t = 0; t < schema->tables->len; t++) {
        const RkTable *table = rk_schema_table(schema, t);
        g_string_append_printf(text, "%s(%s):", table->name, rk_table_role_name(table->role));
        for (guint f = 0; f < table->fields->len; f++) {
            const RkField *field = rk_table_field(table, f);
            g_assert_nonnull(field->why); // every guess has its reason
            g_string_append_printf(text, "%s %s %s", f > 0 ? "," : "", field->name,
                                   rk_field_kind_name(field->kind));
        }
        g_string_append_c(text, '\n');
    }
    return g_string_free(text, FALSE);
}

char *
make_folder(void)
{
    g_autoptr(GError) error = NULL;
    char *folder = g_dir_make_tmp("rankine-test-XXXXXX", &error);
    g_assert_no_error(error);
    return folder;
}

char *
write_file(const char *folder, const char *name, const char *text, gssize n)
{
    g_autoptr(GError) error = NULL;
    char *path = g_build_filename(folder, name, NULL);
    g_file_set_contents(path, text, n, &error);
    g_assert_no_error(error);
    return path;
}

void
remove_folder(char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_assert_cmpint(g_unlink(path), ==, 0);
    }
    g_assert_cmpint(g_rmdir(folder), ==, 0);
    g_free(folder);
}

GBytes *
compress(const char *how, const char *text, size_t n)
{
    if (strcmp(how, "zstd") == 0) {
        const size_t bound = ZSTD_compressBound(n);
        char *out = g_malloc(bound);
        ZSTD_CCtx *context = ZSTD_createCCtx();
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1); // as the zstd program does
        const size_t size = ZSTD_compress2(context, out, bound, text, n);
        g_assert_false(ZSTD_isError(size));
        ZSTD_freeCCtx(context);
        return g_bytes_new_take(out, size);
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(GConverter) gzip =
        G_CONVERTER(g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, 6));
    g_autoptr(GInputStream) plain = g_memory_input_stream_new_from_data(text, (gssize)n, NULL);
    g_autoptr(GInputStream) stream = g_converter_input_stream_new(plain, gzip);
    g_autoptr(GOutputStream) out = g_memory_output_stream_new_resizable();
    g_output_stream_splice(out, stream, G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, &error);
    g_assert_no_error(error);
    return g_memory_output_stream_steal_as_bytes(G_MEMORY_OUTPUT_STREAM(out));
}
