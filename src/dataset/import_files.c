// SPDX-License-Identifier: GPL-3.0-or-later
//
// The files of an import: those named, those in folders named, and the beginning of each.
#include "dataset/import-core.h"

#include <string.h>

void
rk_import_file_free(gpointer p)
{
    RkImportFile *file = p;
    if (file->free_state != NULL)
        file->free_state(file->state);
    g_clear_pointer(&file->source, rk_source_free);
    g_clear_pointer(&file->bytes, g_bytes_unref);
    g_free(file->path);
    g_free(file->name);
    g_free(file->stem);
    g_free(file->extension);
    g_free(file->compression);
    g_free(file->why);
    g_free(file);
}

// "ratings" and "csv" of "data/ratings.csv.gz".
static void
name_parts(RkImportFile *file, const char *path)
{
    static const char *const COMPRESSED[] = {".gz", ".gzip", ".zst", ".zstd"};
    if (strcmp(path, "-") == 0) {
        file->stem = g_strdup("events");
        file->extension = g_strdup("");
        return;
    }
    g_autofree char *base = g_path_get_basename(path);
    for (size_t i = 0; i < G_N_ELEMENTS(COMPRESSED); i++)
        if (g_str_has_suffix(base, COMPRESSED[i]) && strlen(base) > strlen(COMPRESSED[i]))
            base[strlen(base) - strlen(COMPRESSED[i])] = '\0';
    char *dot = strrchr(base, '.');
    if (dot == base)
        dot = NULL;
    file->extension = g_ascii_strdown(dot ? dot + 1 : "", -1);
    if (dot != NULL)
        *dot = '\0';
    g_autofree char *valid = g_utf8_make_valid(base, -1);
    file->stem = g_steal_pointer(&valid);
}

// A path that is named twice, or beside its folder, is one file.
static RkImportFile *
find_file(const RkImport *import, const char *path)
{
    g_autofree char *full = g_canonicalize_filename(path, NULL);
    for (guint i = 0; i < import->files->len; i++) {
        RkImportFile *file = g_ptr_array_index(import->files, i);
        g_autofree char *other = g_canonicalize_filename(file->path, NULL);
        if (strcmp(other, full) == 0)
            return file;
    }
    return NULL;
}

RkImportFile *
rk_import_add_file(RkImport *import, const char *path, gboolean in_folder)
{
    RkImportFile *known = find_file(import, path);
    if (known != NULL) {
        known->in_folder = known->in_folder && in_folder;
        return known;
    }
    RkImportFile *file = g_new0(RkImportFile, 1);
    file->path = g_strdup(path);
    file->in_folder = in_folder;
    file->settings = import->settings;
    name_parts(file, path);
    g_ptr_array_add(import->files, file);
    return file;
}

static int
compare_paths(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static gboolean
add_folder(RkImport *import, const char *path, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) folder = g_dir_open(path, 0, &cause);
    if (folder == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_NOT_FOUND, "Can't read the folder %s: %s.", path,
                    cause->message);
        return FALSE;
    }
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; (name = g_dir_read_name(folder)) != NULL;) {
        g_autofree char *full = g_build_filename(path, name, NULL);
        if (name[0] != '.' && g_file_test(full, G_FILE_TEST_IS_REGULAR))
            g_ptr_array_add(paths, g_steal_pointer(&full));
    }
    g_ptr_array_sort(paths, compare_paths); // the same order on every file system
    for (guint i = 0; i < paths->len; i++)
        rk_import_add_file(import, g_ptr_array_index(paths, i), TRUE);
    if (paths->len > 0)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                "Can't import the folder %s: there is no file in it.", path);
    return FALSE;
}

gboolean
rk_import_add_paths(RkImport *import, const char *const *paths, GError **error)
{
    gboolean has_stdin = FALSE;
    if (paths == NULL || *paths == NULL) {
        g_set_error_literal(
            error, RK_ERROR, RK_ERROR_USAGE,
            "Can't import nothing: name a file, a folder, or - for standard input.");
        return FALSE;
    }
    for (; *paths != NULL; paths++) {
        const gboolean is_stdin = strcmp(*paths, "-") == 0;
        if (is_stdin && has_stdin) {
            g_set_error_literal(error, RK_ERROR, RK_ERROR_USAGE,
                                "Can't import standard input twice: name - once.");
            return FALSE;
        }
        has_stdin = has_stdin || is_stdin;
        if (!is_stdin && g_file_test(*paths, G_FILE_TEST_IS_DIR)) {
            if (!add_folder(import, *paths, error))
                return FALSE;
        } else {
            rk_import_add_file(import, *paths, FALSE);
        }
    }
    return TRUE;
}

gboolean
rk_import_open(RkImportFile *file, GError **error)
{
    if (file->source == NULL)
        file->source = file->path ? rk_source_open(file->path, error)
                                  : rk_source_new_bytes(file->name, file->bytes);
    if (file->source != NULL)
        file->once = !rk_source_is_seekable(file->source);
    return file->source != NULL;
}

void
rk_import_close(RkImportFile *file)
{
    file->head = NULL;
    file->n_head = 0;
    if (!file->once)
        g_clear_pointer(&file->source, rk_source_free);
}

gboolean
rk_import_peek(RkImportFile *file, size_t n_head, GError **error)
{
    if (!rk_import_open(file, error))
        return FALSE;
    if (file->name == NULL)
        file->name = g_strdup(rk_source_name(file->source));
    // One byte more tells whether that is all.
    file->head = rk_source_peek(file->source, n_head + 1, &file->n_head, error);
    if (file->head == NULL) {
        g_prefix_error(error, "Can't import %s: ", file->name);
        return FALSE;
    }
    g_free(file->compression);
    file->compression = g_strdup(rk_source_compression(file->source));
    file->n_bytes = rk_source_size(file->source);
    file->head_is_all = file->n_head <= n_head;
    file->n_head = MIN(file->n_head, n_head);
    if (file->n_head >= 3 && memcmp(file->head, "\xEF\xBB\xBF", 3) == 0) {
        file->head += 3;
        file->n_head -= 3;
    }
    return TRUE;
}

const char *
rk_import_first_line(const RkImportFile *file, size_t *n)
{
    const char *feed = memchr(file->head, '\n', file->n_head);
    *n = feed ? (size_t)(feed - file->head) : file->n_head;
    if (*n > 0 && file->head[*n - 1] == '\r')
        (*n)--;
    return file->head;
}
