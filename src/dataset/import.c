// SPDX-License-Identifier: GPL-3.0-or-later
//
// Finding out what the files are: sniffing, describing.
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
        if (file->head == NULL && !rk_import_peek(file, n_head, error))
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
    import->files = g_ptr_array_new_with_free_func(rk_import_file_free);
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
        if (!rk_import_peek(file, n_head, error))
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
    if (!rk_import_add_paths(import, paths, error) || !look_at_files(import, format, error))
        return NULL;
    return g_steal_pointer(&import);
}

RkImport *
rk_import_new_bytes(const char *name, GBytes *bytes, const char *format, const RkParams *settings,
                    GError **error)
{
    g_autoptr(RkImport) import = import_new(settings);
    RkImportFile *file = rk_import_add_file(import, name, FALSE);
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
