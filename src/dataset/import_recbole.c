// SPDX-License-Identifier: GPL-3.0-or-later
//
// RecBole's atomic files (Zhao et al., "RecBole", CIKM 2021): .inter, .user and .item, separated
// by tabs, with a header of name:type where type is token, token_seq, float or float_seq.
#include "dataset/csv.h"
#include "dataset/detect.h"

#include <string.h>

static const struct {
    const char *extension;
    RkTableRole role;
} EXTENSIONS[] = {{"inter", RK_TABLE_EVENTS}, {"item", RK_TABLE_ITEMS}, {"user", RK_TABLE_USERS}};

static const struct {
    const char *type;
    RkFieldKind kind;
    const char *why;
} TYPES[] = {
    {"token", RK_FIELD_CATEGORICAL, "a token"},
    {"token_seq", RK_FIELD_MULTI, "tokens with a blank between them"},
    {"float", RK_FIELD_NUMBER, "a float"},
    {"float_seq", RK_FIELD_TEXT, "a list of floats, which is no feature here"},
};

// Names that RecBole's configurations use.
static const struct {
    const char *type, *name;
    RkFieldKind kind;
    const char *why;
} NAMES[] = {
    {"token", "user_id", RK_FIELD_USER, "the user"},
    {"token", "item_id", RK_FIELD_ITEM, "the item"},
    {"float", "rating", RK_FIELD_LABEL, "the rating"},
    {"float", "label", RK_FIELD_LABEL, "the label"},
    {"float", "timestamp", RK_FIELD_TIMESTAMP, "seconds since 1970"},
};

static int
find_type(const char *type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(TYPES); i++)
        if (strcmp(TYPES[i].type, type) == 0)
            return (int)i;
    return -1;
}

// The header as "name:type" words, or NULL when some word isn't that.
static GStrv
header_of(const RkImportFile *file)
{
    size_t n = 0;
    const char *line = rk_import_first_line(file, &n);
    g_autofree char *text = g_strndup(line, n);
    if (!g_utf8_validate(text, -1, NULL))
        return NULL;
    g_auto(GStrv) words = g_strsplit(text, "\t", -1);
    for (char **word = words; *word != NULL; word++) {
        const char *colon = strrchr(*word, ':');
        if (colon == NULL || colon == *word || find_type(colon + 1) < 0)
            return NULL;
    }
    return words[0] != NULL ? g_steal_pointer(&words) : NULL;
}

static int
extension_of(const RkImportFile *file)
{
    for (size_t i = 0; i < G_N_ELEMENTS(EXTENSIONS); i++)
        if (strcmp(EXTENSIONS[i].extension, file->extension) == 0)
            return (int)i;
    return -1;
}

static int
sniff(const RkImportFile *file, char **why)
{
    g_auto(GStrv) header = header_of(file);
    if (header == NULL)
        return 0;
    *why = g_strdup("its first line has names with types (token, token_seq, float, float_seq)");
    return extension_of(file) >= 0 ? 99 : 92;
}

static gboolean
fail(const RkImportFile *file, const char *what, const char *word, GError **error)
{
    g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                "Can't import %s: line 1 %s%s. It should have names with types, user_id:token say.",
                file->name, what, word);
    return FALSE;
}

static void
add_field(RkTable *table, const char *name, const char *type, gboolean *labelled)
{
    const int t = find_type(type);
    RkField *field = rk_import_add(table, name, TYPES[t].kind, TYPES[t].why);
    field->separator = ' ';
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        if (strcmp(NAMES[i].name, name) != 0 || strcmp(NAMES[i].type, type) != 0)
            continue;
        if (NAMES[i].kind == RK_FIELD_LABEL && (*labelled || table->role != RK_TABLE_EVENTS))
            continue;
        *labelled = *labelled || NAMES[i].kind == RK_FIELD_LABEL;
        rk_field_set_kind(table, field, NAMES[i].kind);
        g_free(field->why);
        field->why = g_strdup(NAMES[i].why);
    }
    // Lists of items, as sequential data sets have them, share the items' vocabulary.
    if (field->kind == RK_FIELD_MULTI && g_str_has_prefix(name, "item_id")) {
        g_free(field->vocabulary);
        field->vocabulary = g_strdup("item");
    }
}

// Some files have milliseconds where seconds are meant.
static void
find_time_units(RkImportFile *file, RkTable *table, RkCsv *csv)
{
    g_auto(RkSample) sample = {0};
    csv->n_drop = 1;
    rk_sample_take(&sample, file, rk_csv_split, csv, table, 1000, FALSE, NULL);
    for (uint32_t f = 0; f < table->fields->len; f++) {
        RkField *field = rk_table_field(table, f);
        if (field->kind == RK_FIELD_TIMESTAMP)
            rk_detect_time(field, &sample, f);
    }
}

static gboolean
describe(RkImportFile *file, RkTable *table, GError **error)
{
    g_auto(GStrv) header = header_of(file);
    if (header == NULL)
        return fail(file, "is no header of atomic files", "", error);
    const int extension = extension_of(file);
    table->role = extension >= 0 ? EXTENSIONS[extension].role : RK_TABLE_EVENTS;
    gboolean labelled = FALSE;
    for (char **word = header; *word != NULL; word++) {
        char *colon = strrchr(*word, ':');
        *colon = '\0';
        if (rk_table_find(table, *word) >= 0)
            return fail(file, "repeats the name ", *word, error);
        add_field(table, *word, colon + 1, &labelled);
    }
    RkCsv *csv = g_new0(RkCsv, 1);
    csv->separator[0] = '\t';
    csv->n_fields = table->fields->len;
    file->state = csv;
    file->free_state = g_free;
    file->n_fields = table->fields->len;
    file->names_fields = TRUE;
    find_time_units(file, table, csv);
    return TRUE;
}

static void
start(RkImportFile *file)
{
    ((RkCsv *)file->state)->n_drop = 1;
}

static gssize
split(gpointer data, RkEmit *emit, RkBlock *block, GError **error)
{
    return rk_csv_split(((RkImportFile *)data)->state, emit, block, error);
}

const RkImporter rk_importer_recbole = {
    .name = "recbole",
    .label = "RecBole atomic files: .inter, .user, .item",
    .sniff = sniff,
    .describe = describe,
    .start = start,
    .split = split,
};
