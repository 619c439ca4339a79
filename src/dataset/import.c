// SPDX-License-Identifier: GPL-3.0-or-later
//
// Finding out what the files are: opening, sniffing, describing.
#include "dataset/import.h"

#include "dataset/import-core.h"

#include <string.h>

#define HEAD_BYTES (256u * 1024u) // of each file that guesses are made from
#define MANY_FILES 64u            // from here on heads are shorter
#define MANY_HEAD  (32u * 1024u)
#define SURE       90 // a format of this confidence makes a folder its own
#define UNSURE     80 // and files below that one are then left out

static const RkImporter *const IMPORTERS[] = {
#define RK_IMPORTER(id) &rk_importer_##id,
#include "dataset/importers.def"
#undef RK_IMPORTER
};

const RkParam rk_import_params[] = {
    {"header", RK_PARAM_CHOICE, 0, 0, "auto", NULL, "auto|yes|no",
     "Whether the first line names the columns"},
    {"separator", RK_PARAM_TEXT, 0, 0, "auto", NULL, NULL,
     "Between fields: 1 to 8 characters, or comma, tab, space, semicolon, pipe"},
    {"quotes", RK_PARAM_CHOICE, 0, 0, "auto", NULL, "auto|yes|no",
     "Whether a field may stand in double quotes"},
    {"encoding", RK_PARAM_CHOICE, 0, 0, "auto", NULL, "auto|utf-8|latin1", "Of the text"},
    {"missing", RK_PARAM_TEXT, 0, 0, "", NULL, NULL, "Text of a missing value, NULL or \\N say"},
    {"layout", RK_PARAM_CHOICE, 0, 0, "auto", NULL, "auto|bag|dense|pairs",
     "How libsvm features become columns"},
    {"record.max", RK_PARAM_INT, 1, 1024, "16", "MiB", NULL, "Longest record taken"},
    {"on-error", RK_PARAM_CHOICE, 0, 0, "fail", NULL, "fail|skip",
     "What a bad row does: end the import, or be counted and left out"},
    {"pseudonymize.ids", RK_PARAM_CHOICE, 0, 0, "users", NULL, "users|users-and-items",
     "Which ids --pseudonymize replaces"},
};
const size_t rk_n_import_params = G_N_ELEMENTS(rk_import_params);

// Files that people have and that aren't text, by their first bytes.
static const struct {
    const char *magic;
    size_t n;
    const char *what;
} FOREIGN[] = {
    {"PAR1", 4, "a Parquet file. Export it as CSV"},
    {"PK\x03\x04", 4, "a ZIP archive. Unpack it and import what is inside"},
    {"\xFD\x37zXZ", 5, "compressed by xz. Decompress it: xz -dc FILE | rankine import - ..."},
    {"BZh", 3, "compressed by bzip2. Decompress it: bzip2 -dc FILE | rankine import - ..."},
    {"\x89HDF", 4, "an HDF5 file. Export it as CSV"},
    {"\x93NUMPY", 6, "a NumPy array. Export it as CSV"},
    {"SQLite format 3", 15, "an SQLite database. Export its table as CSV"},
    {"\xFF\xFE", 2, "UTF-16 text. Convert it: iconv -f UTF-16 -t UTF-8"},
    {"\xFE\xFF", 2, "UTF-16 text. Convert it: iconv -f UTF-16 -t UTF-8"},
};

static void
free_file(gpointer p)
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

static RkImportFile *
add_file(RkImport *import, const char *path, gboolean in_folder)
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
        add_file(import, g_ptr_array_index(paths, i), TRUE);
    if (paths->len > 0)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                "Can't import the folder %s: there is no file in it.", path);
    return FALSE;
}

static gboolean
add_paths(RkImport *import, const char *const *paths, GError **error)
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
            add_file(import, *paths, FALSE);
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

static gboolean
peek(RkImportFile *file, size_t n_head, GError **error)
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

static const RkImporter *
find_importer(const char *name, GError **error)
{
    const char *names[G_N_ELEMENTS(IMPORTERS) + 1] = {NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(IMPORTERS); i++) {
        if (strcmp(IMPORTERS[i]->name, name) == 0)
            return IMPORTERS[i];
        names[i] = IMPORTERS[i]->name;
    }
    const char *nearest = rk_nearest_word(name, names, G_N_ELEMENTS(IMPORTERS));
    g_autofree char *all = g_strjoinv(", ", (char **)names);
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't import as %s: there is no such format. There are: %s.%s%s%s", name, all,
                nearest ? " Did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
    return NULL;
}

static gboolean
is_blank(const RkImportFile *file)
{
    for (size_t i = 0; i < file->n_head; i++)
        if (!g_ascii_isspace(file->head[i]))
            return FALSE;
    return TRUE;
}

// Why a file can't be imported whatever its format; NULL when it is text.
static char *
why_not_text(const RkImportFile *file)
{
    if (file->n_head == 0)
        return g_strdup("it is empty. Is this the right file?");
    if (is_blank(file))
        return g_strdup("it holds nothing but white space. Is this the right file?");
    for (size_t i = 0; i < G_N_ELEMENTS(FOREIGN); i++)
        if (file->n_head >= FOREIGN[i].n && memcmp(file->head, FOREIGN[i].magic, FOREIGN[i].n) == 0)
            return g_strdup_printf("it is %s.", FOREIGN[i].what);
    // A stray NUL deep inside is the bad line's matter; among the first bytes it says binary.
    uint32_t n_control = 0;
    const size_t n = MIN(file->n_head, 4096);
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)file->head[i];
        n_control += (c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != 0x01) || c == 0x7F;
    }
    if (n_control * 50 > n)
        return g_strdup_printf(
            "it is a binary file (%u control bytes among the first %" G_GSIZE_FORMAT
            "). Name a text file, plain or compressed by gzip or zstd.",
            n_control, n);
    return NULL;
}

static void
sniff(RkImportFile *file, const RkImporter *wanted)
{
    file->why = why_not_text(file);
    if (file->why != NULL)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(IMPORTERS); i++) {
        g_autofree char *why = NULL;
        if (wanted != NULL && wanted != IMPORTERS[i])
            continue;
        int confidence = IMPORTERS[i]->sniff(file, &why);
        if (confidence <= file->confidence)
            continue;
        file->confidence = confidence;
        file->importer = IMPORTERS[i];
        g_free(file->why);
        file->why = g_steal_pointer(&why);
    }
    if (wanted != NULL && file->importer == NULL && !file->in_folder) {
        file->importer = wanted; // the user knows better
        file->why = g_strdup("--format");
    }
    if (file->importer == NULL)
        file->why = g_strdup("its content fits no format. Name one with --format.");
}

static void
leave_out(RkImportFile *file, const char *why)
{
    file->importer = NULL;
    file->confidence = 0;
    g_free(file->why);
    file->why = g_strdup(why);
}

// A folder that is clearly of one format keeps it to itself: the notes and alternative splits that
// public datasets ship beside their data are left out. A named file must be understood.
static gboolean
choose_files(RkImport *import, GError **error)
{
    int best = 0;
    for (guint i = 0; i < import->files->len; i++) {
        RkImportFile *file = g_ptr_array_index(import->files, i);
        if (file->importer == NULL && !file->in_folder) {
            g_set_error(error, RK_ERROR, RK_ERROR_DATA, "Can't import %s: %s", file->name,
                        file->why);
            return FALSE;
        }
        best = MAX(best, file->confidence);
    }
    if (best == 0 && import->files->len > 0) {
        RkImportFile *file = g_ptr_array_index(import->files, 0);
        if (file->importer == NULL) {
            g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                        "Can't import the folder: none of its files is understood; %s: %s",
                        file->name, file->why);
            return FALSE;
        }
    }
    for (guint i = 0; i < import->files->len && best >= SURE; i++) {
        RkImportFile *file = g_ptr_array_index(import->files, i);
        if (file->in_folder && file->importer != NULL && file->confidence < UNSURE)
            leave_out(file, "the folder holds data of a format that is surer; name the file to "
                            "import it too");
    }
    return TRUE;
}

RkField *
rk_import_add(RkTable *table, const char *name, RkFieldKind kind, const char *why)
{
    RkField *field = rk_table_add_field(table, name, kind);
    field->why = g_strdup(why);
    return field;
}

static RkTextEncoding
encoding_of(const RkParams *settings)
{
    return strcmp(rk_params_text(settings, "encoding"), "latin1") == 0 ? RK_TEXT_LATIN1
                                                                       : RK_TEXT_UTF8;
}

// Every file that is taken becomes a schema of one table.
static gboolean
describe_files(RkImport *import, size_t n_head, RkSchema **tables, GError **error)
{
    for (guint i = 0; i < import->files->len; i++) {
        RkImportFile *file = g_ptr_array_index(import->files, i);
        if (file->importer == NULL)
            continue;
        if (file->head == NULL && !peek(file, n_head, error))
            return FALSE;
        file->encoding = encoding_of(import->settings);
        tables[i] = rk_schema_new();
        RkTable *table = rk_schema_add_table(tables[i], file->stem, RK_TABLE_EVENTS);
        gboolean described = file->importer->describe(file, table, error);
        rk_import_close(file);
        if (!described)
            return FALSE;
        g_assert(file->n_fields == table->fields->len);
    }
    return TRUE;
}

static RkImport *
import_new(const RkParams *settings)
{
    RkImport *import = g_new0(RkImport, 1);
    import->files = g_ptr_array_new_with_free_func(free_file);
    import->schema = rk_schema_new();
    import->settings =
        settings ? rk_params_copy(settings) : rk_params_new(rk_import_params, rk_n_import_params);
    return import;
}

// The files are there; opens, sniffs and describes them.
static gboolean
look_at_files(RkImport *import, const char *format, GError **error)
{
    const RkImporter *wanted = NULL;
    if (format != NULL && strcmp(format, "auto") != 0) {
        wanted = find_importer(format, error);
        if (wanted == NULL)
            return FALSE;
    }
    const size_t n_head = import->files->len < MANY_FILES ? HEAD_BYTES : MANY_HEAD;
    for (guint i = 0; i < import->files->len; i++) {
        RkImportFile *file = g_ptr_array_index(import->files, i);
        if (!peek(file, n_head, error))
            return FALSE;
        sniff(file, wanted);
        if (import->files->len >= MANY_FILES)
            rk_import_close(file); // file descriptors are few
    }
    if (!choose_files(import, error))
        return FALSE;
    g_autofree RkSchema **tables = g_new0(RkSchema *, import->files->len);
    gboolean described = describe_files(import, n_head, tables, error);
    if (described)
        rk_import_merge(import, tables);
    for (guint i = 0; i < import->files->len; i++)
        g_clear_pointer(&tables[i], rk_schema_free);
    return described;
}

RkImport *
rk_import_new(const char *const *paths, const char *format, const RkParams *settings,
              GError **error)
{
    g_autoptr(RkImport) import = import_new(settings);
    if (!add_paths(import, paths, error) || !look_at_files(import, format, error))
        return NULL;
    return g_steal_pointer(&import);
}

RkImport *
rk_import_new_bytes(const char *name, GBytes *bytes, const char *format, const RkParams *settings,
                    GError **error)
{
    g_autoptr(RkImport) import = import_new(settings);
    RkImportFile *file = add_file(import, name, FALSE);
    g_clear_pointer(&file->path, g_free);
    file->name = g_strdup(name);
    file->bytes = g_bytes_ref(bytes);
    if (!look_at_files(import, format, error))
        return NULL;
    return g_steal_pointer(&import);
}

void
rk_import_free(RkImport *import)
{
    if (import == NULL)
        return;
    g_ptr_array_unref(import->files);
    rk_schema_free(import->schema);
    rk_params_free(import->settings);
    g_free(import);
}

const RkSchema *
rk_import_schema(const RkImport *import)
{
    return import->schema;
}

uint32_t
rk_import_n_files(const RkImport *import)
{
    return import->files->len;
}

RkImportFileInfo
rk_import_file(const RkImport *import, uint32_t i)
{
    const RkImportFile *file = g_ptr_array_index(import->files, i);
    return (RkImportFileInfo){.name = file->name,
                              .format = file->importer ? file->importer->name : NULL,
                              .label = file->importer ? file->importer->label : NULL,
                              .compression = file->compression,
                              .why = file->why,
                              .confidence = file->confidence,
                              .table = file->table,
                              .part = file->part};
}

char *
rk_import_formats_help(void)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(IMPORTERS); i++)
        g_string_append_printf(text, "  %-22s %s\n", IMPORTERS[i]->name, IMPORTERS[i]->label);
    return g_string_free(text, FALSE);
}
