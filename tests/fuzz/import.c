// SPDX-License-Identifier: GPL-3.0-or-later
#include "target.h"

#include "dataset/encode.h"
#include "dataset/import-core.h"

#include <string.h>

#define MAX_ENCODED 64u // columns; a chunk of more takes long to make

const char *const rk_fuzz_targets[] = {"auto",
#define RK_IMPORTER(id) #id,
#include "dataset/importers.def"
#undef RK_IMPORTER
                                       NULL};

// A stream of settings drawn from the bytes themselves, so that a file alone says all.
static uint32_t
digest(const uint8_t *data, size_t n)
{
    uint32_t h = 2166136261u; // FNV-1a
    for (size_t i = 0; i < n; i++)
        h = (h ^ data[i]) * 16777619u;
    return h ^ (h >> 15);
}

static RkParams *
draw_settings(uint32_t bits, gboolean skip)
{
    static const char *const LAYOUTS[] = {"auto", "bag", "dense", "pairs"};
    static const char *const HEADERS[] = {"auto", "auto", "yes", "no"};
    RkParams *settings = rk_params_new(rk_import_params, rk_n_import_params);
    const char *const set[][2] = {{"on-error", skip ? "skip" : "fail"},
                                  {"layout", LAYOUTS[bits & 3]},
                                  {"header", HEADERS[bits >> 2 & 3]},
                                  {"encoding", (bits >> 4 & 3) == 0 ? "latin1" : "auto"},
                                  {"quotes", (bits >> 6 & 3) == 0 ? "no" : "auto"},
                                  {"missing", (bits >> 8 & 3) == 0 ? "1" : ""}};
    for (size_t i = 0; i < G_N_ELEMENTS(set); i++)
        if (!rk_params_set(settings, set[i][0], set[i][1], NULL))
            g_error("there is no setting %s=%s", set[i][0], set[i][1]);
    return settings;
}

static void
check_error(const GError *error)
{
    if (error->domain != RK_ERROR || !g_utf8_validate(error->message, -1, NULL) ||
        !g_str_has_prefix(error->message, "Can't "))
        g_error("an error's message is \"%s\"", error->message);
}

static void
check_cells(const RkRowBatch *rows, const RkTable *table)
{
    if (rows->n_fields != table->fields->len)
        g_error("%u cells for %u fields", rows->n_fields, table->fields->len);
    for (size_t i = 0; i < (size_t)rows->n_rows * rows->n_fields; i++) {
        const RkCell *cell = &rows->cells[i];
        if (cell->length > 0 && !g_utf8_validate(cell->text, cell->length, NULL))
            g_error("cell %" G_GSIZE_FORMAT " isn't UTF-8", i);
    }
}

// ---- splitting, by blocks of some size -----------------------------------------------------

static void
write_batch(GString *out, RkEmitBatch *batch)
{
    const RkRowBatch *rows = rk_emit_batch_rows(batch);
    for (uint32_t row = 0; row < rows->n_rows; row++) {
        g_string_append_printf(out, "%" G_GUINT64_FORMAT, rows->line[row]);
        for (uint32_t f = 0; f < rows->n_fields; f++) {
            const RkCell *cell = &rows->cells[(size_t)row * rows->n_fields + f];
            g_string_append_c(out, '\x1f');
            g_string_append_len(out, cell->text, cell->length);
        }
        g_string_append_c(out, '\n');
    }
}

// The rows, the skipped ones and the error as text.
static GString *
split_by(RkImport *import, size_t block, gboolean skip)
{
    GString *out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(RkEmit) emit = rk_emit_new(skip, 0);
    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
    RkImportFile *file = g_ptr_array_index(import->files, 0);
    g_autoptr(RkSource) source = rk_source_new_bytes(file->name, file->bytes);
    file->target = rk_schema_table(import->schema, file->table);
    const RkEmitTarget target = {
        .file = file->name, .table = file->target, .encoding = file->encoding};
    rk_emit_target(emit, &target);
    if (file->importer->start != NULL)
        file->importer->start(file);
    if (rk_records_read(source, block, 1u << 20, file->importer->split, file, emit, &error) &&
        file->importer->finish != NULL)
        file->importer->finish(file, notes);
    rk_emit_close(emit, NULL);
    for (RkEmitBatch *batch; (batch = rk_emit_take(emit, NULL)) != NULL;) {
        check_cells(rk_emit_batch_rows(batch), file->target);
        write_batch(out, batch);
        rk_emit_batch_free(batch);
    }
    const RkSkipped *skipped = rk_emit_skipped(emit);
    g_string_append_printf(out, "skipped %" G_GUINT64_FORMAT "\n", skipped->n_skipped);
    for (guint i = 0; i < skipped->examples->len; i++)
        g_string_append_printf(out, "%s\n", (char *)g_ptr_array_index(skipped->examples, i));
    for (guint i = 0; i < notes->len; i++)
        g_string_append_printf(out, "%s\n", (char *)g_ptr_array_index(notes, i));
    if (error != NULL) {
        check_error(error);
        g_string_append(out, error->message);
    }
    return out;
}

static void
compare_blocks(RkImport *import, uint32_t bits, gboolean skip)
{
    const size_t block = 8 + bits % 61;
    g_autoptr(GString) whole = split_by(import, RK_BLOCK_BYTES, skip);
    g_autoptr(GString) pieces = split_by(import, block, skip);
    if (!g_string_equal(whole, pieces))
        g_error("blocks of %" G_GSIZE_FORMAT " bytes give\n%s\ninstead of\n%s", block, pieces->str,
                whole->str);
}

// ---- the whole import ----------------------------------------------------------------------

static gboolean
drop_chunk(RkChunkSink *sink, const RkChunk *chunk, GError **error)
{
    return TRUE;
}

static gboolean
drop_rows(RkRowSink *sink, const RkRowBatch *batch, GError **error)
{
    sink->n_taken = batch->n_rows;
    return TRUE;
}

static void
import_whole(RkImport *import)
{
    g_autoptr(GError) error = NULL;
    g_auto(RkImportReport) report = {0};
    g_autoptr(RkVocabularies) vocabularies = rk_vocabularies_new();
    RkChunkSink chunks = {.chunk = drop_chunk};
    RkRowSink rows = {.rows = drop_rows};
    const RkSchema *schema = rk_import_schema(import);
    const gboolean wide = rk_schema_table(schema, 0)->fields->len > MAX_ENCODED;
    g_autoptr(RkEncoder) encoder = rk_encoder_new(schema, vocabularies, &chunks);
    RkRowSink *sink = wide ? &rows : rk_encoder_rows(encoder);
    if (rk_import_run(import, sink, NULL, &report, &error) && !rk_encoder_finish(encoder, &error))
        g_error("%s", error->message);
    if (error != NULL)
        check_error(error);
}

void
rk_fuzz_import(const char *target, const uint8_t *data, size_t n)
{
    const uint32_t bits = digest(data, n);
    const char *format = strcmp(target, "auto") == 0 ? NULL : target;
    g_autoptr(GBytes) bytes = g_bytes_new_static(data, n);
    for (int skip = 0; skip < 2; skip++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RkParams) settings = draw_settings(bits, skip);
        g_autoptr(RkImport) import = rk_import_new_bytes("input", bytes, format, settings, &error);
        if (import == NULL) {
            check_error(error);
            continue;
        }
        compare_blocks(import, bits, skip);
        import_whole(import);
    }
}
