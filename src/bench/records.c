// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/records.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>

// Touched, so that no page fault falls into a measurement, and locked if the system lets us.
static void *
allocate(RkLoadRecords *records, size_t n, size_t each)
{
    void *memory = g_try_malloc_n(MAX(n, 1), each);
    if (memory == NULL)
        return NULL;
    memset(memory, 0, n * each);
    if (n > 0 && mlock(memory, n * each) == 0)
        records->n_locked_bytes += n * each;
    return memory;
}

static void
release(void *memory, size_t n_bytes)
{
    if (memory != NULL && n_bytes > 0)
        munlock(memory, n_bytes);
    g_free(memory);
}

RkLoadRecords *
rk_load_records_new(uint64_t n, GError **error)
{
    g_autoptr(RkLoadRecords) records = g_new0(RkLoadRecords, 1);
    records->n = n;
    records->scheduled_ns = allocate(records, n, sizeof *records->scheduled_ns);
    records->issued_ns = allocate(records, n, sizeof *records->issued_ns);
    records->record = allocate(records, n, sizeof *records->record);
    if (records->scheduled_ns != NULL && records->issued_ns != NULL && records->record != NULL)
        return g_steal_pointer(&records);
    g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                "Can't keep records of %" G_GUINT64_FORMAT " queries: %" G_GUINT64_FORMAT
                " MiB of memory aren't there. Lower duration_s or qps.",
                n, (n * (sizeof(RkLoadRecord) + 16)) >> 20);
    return NULL;
}

void
rk_load_records_free(RkLoadRecords *records)
{
    if (records == NULL)
        return;
    release(records->scheduled_ns, records->n * sizeof *records->scheduled_ns);
    release(records->issued_ns, records->n * sizeof *records->issued_ns);
    release(records->record, records->n * sizeof *records->record);
    g_free(records);
}

// ---- the file ------------------------------------------------------------------------------

static gboolean
write_lines(const RkLoadRecords *records, GOutputStream *out, GError **error)
{
    const size_t FLUSH_BYTES = 1 << 16;
    g_autoptr(GString) text = g_string_new("query,scheduled_ns,issued_ns,done_ns,batch,flags");
    for (int s = 0; s < RK_N_STAGES; s++)
        g_string_append_printf(text, ",%s_ns", rk_stage_name((RkStage)s));
    g_string_append_c(text, '\n');
    for (uint64_t i = 0; i < records->n_issued; i++) {
        const RkLoadRecord *r = &records->record[i];
        g_string_append_printf(text,
                               "%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT
                               ",%" G_GUINT64_FORMAT ",%u,%u",
                               i, records->scheduled_ns[i], records->issued_ns[i], r->done_ns,
                               r->batch, r->flags);
        for (int s = 0; s < RK_N_STAGES; s++)
            g_string_append_printf(text, ",%u", r->stage_ns[s]);
        g_string_append_c(text, '\n');
        if (text->len < FLUSH_BYTES)
            continue;
        if (!g_output_stream_write_all(out, text->str, text->len, NULL, NULL, error))
            return FALSE;
        g_string_truncate(text, 0);
    }
    return g_output_stream_write_all(out, text->str, text->len, NULL, NULL, error) &&
           g_output_stream_close(out, NULL, error);
}

// A file is written beside its name and then renamed, so that it is there whole or not at all; what
// isn't a file (a pipe, a device) is written to as it is.
gboolean
rk_load_records_write(const RkLoadRecords *records, const char *path, GError **error)
{
    g_autoptr(GError) cause = NULL;
    gboolean is_file =
        !g_file_test(path, G_FILE_TEST_EXISTS) || g_file_test(path, G_FILE_TEST_IS_REGULAR);
    g_autofree char *partial = is_file ? g_strconcat(path, ".part", NULL) : g_strdup(path);
    g_autoptr(GFile) file = g_file_new_for_path(partial);
    g_autoptr(GOutputStream) out = G_OUTPUT_STREAM(
        is_file ? g_file_replace(file, NULL, FALSE, G_FILE_CREATE_REPLACE_DESTINATION, NULL, &cause)
                : g_file_append_to(file, G_FILE_CREATE_NONE, NULL, &cause));
    if (out != NULL && g_str_has_suffix(path, ".gz")) {
        g_autoptr(GConverter) gzip =
            G_CONVERTER(g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, 1));
        GOutputStream *packed = g_converter_output_stream_new(out, gzip);
        g_object_unref(out);
        out = packed;
    }
    if (out != NULL && write_lines(records, out, &cause) &&
        (!is_file || g_rename(partial, path) == 0))
        return TRUE;
    if (is_file)
        g_unlink(partial);
    g_set_error(error, RK_ERROR, RK_ERROR_FAILED,
                "Can't write the records to %s: %s. The result itself is kept; give another path "
                "or make room, and run again for the records.",
                path, cause != NULL ? cause->message : "it can't be renamed");
    return FALSE;
}
