// SPDX-License-Identifier: GPL-3.0-or-later
//
// Separated values of any kind, with or without a header.
#include "dataset/csv.h"
#include "dataset/detect.h"

#include "dataset/cell.h"

#include <math.h>
#include <string.h>

#define SHAPE_RECORDS 500u  // looked at to find the separator
#define SAMPLE_ROWS   1000u // looked at to guess kinds

typedef struct {
    RkCsv csv;
    gboolean header;
} State;

static const struct {
    const char *word, *separator;
} WORDS[] = {{"comma", ","}, {"tab", "\t"}, {"\\t", "\t"},     {"semicolon", ";"},
             {"space", " "}, {"pipe", "|"}, {"ctrl-a", "\x01"}};

// In order of trust. Only in the first two does a quote at the start of a field surely quote.
static const char *const CANDIDATES[] = {",", ";", "\t", "::", "|", "\x01", " "};
#define N_SURELY_QUOTED 2

// What the separator setting says: NULL for auto.
static const char *
set_separator(const RkImportFile *file)
{
    const char *text = rk_params_text(file->settings, "separator");
    if (strcmp(text, "auto") == 0)
        return NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++)
        if (strcmp(text, WORDS[i].word) == 0)
            return WORDS[i].separator;
    return text;
}

static double
agreement(const RkCsvShape *shape)
{
    return shape->n_records > 0 ? (double)shape->n_agree / shape->n_records : 0;
}

// The shape under one separator, with quotes as the settings or the text have them.
static RkCsvShape
shape_with(const RkImportFile *file, const char *separator, gboolean surely_quoted, RkCsv *csv)
{
    const char *quotes = rk_params_text(file->settings, "quotes");
    RkCsvShape shape[2] = {0};
    for (int q = 0; q < 2; q++)
        shape[q] =
            rk_csv_shape(file->head, file->n_head, file->head_is_all, separator, q, SHAPE_RECORDS);
    csv->quotes = strcmp(quotes, "no") != 0;
    if (strcmp(quotes, "auto") == 0 && !surely_quoted && shape[1].n_broken > 0)
        csv->quotes = agreement(&shape[0]) <= agreement(&shape[1]);
    g_strlcpy(csv->separator, separator, sizeof csv->separator);
    csv->n_fields = shape[csv->quotes].n_fields;
    return shape[csv->quotes];
}

// The separator under which nearly all records have the same number of fields, and more of them
// than under others. FALSE when there is none; then there is one field a line.
static gboolean
find_shape(const RkImportFile *file, RkCsv *csv, RkCsvShape *best)
{
    const char *given = set_separator(file);
    if (given != NULL) {
        *best = shape_with(file, given, TRUE, csv);
        return TRUE;
    }
    gboolean found = FALSE;
    for (size_t i = 0; i < G_N_ELEMENTS(CANDIDATES); i++) {
        RkCsv candidate = {0};
        RkCsvShape shape = shape_with(file, CANDIDATES[i], i < N_SURELY_QUOTED, &candidate);
        const gboolean is_space = *CANDIDATES[i] == ' '; // prose has them too
        if (shape.n_fields < 2 || agreement(&shape) < (is_space ? 1.0 : 0.8))
            continue;
        // A record that is broken counts against the shape, but not for another separator.
        const double gain = agreement(&shape) - (found ? agreement(best) : 0);
        if (!found || (gain > -0.02 && shape.n_fields > best->n_fields) || gain > 0.1) {
            *csv = candidate;
            *best = shape;
            found = TRUE;
        }
    }
    if (!found)
        *best = shape_with(file, ",", TRUE, csv);
    return found;
}

static const char *
separator_name(const char *separator)
{
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++)
        if (strcmp(separator, WORDS[i].separator) == 0)
            return WORDS[i].word;
    return separator;
}

static gboolean
is_csv_extension(const RkImportFile *file)
{
    return strcmp(file->extension, "csv") == 0 || strcmp(file->extension, "tsv") == 0 ||
           strcmp(file->extension, "tab") == 0;
}

static int
sniff(const RkImportFile *file, char **why)
{
    RkCsv csv = {0};
    RkCsvShape shape = {0};
    const gboolean found = find_shape(file, &csv, &shape);
    const gboolean named = is_csv_extension(file);
    const gboolean blanks = *csv.separator == ' ' && set_separator(file) == NULL;
    if (shape.n_records == 0 || (!found && !named))
        return 0;
    if (blanks && shape.n_records == 1 && !named) // a sentence, for all one can tell
        return 0;
    *why = g_strdup_printf(
        "%u of the first %u lines have %u fields separated by %s%s", shape.n_agree, shape.n_records,
        shape.n_fields, separator_name(csv.separator), csv.quotes ? "" : ", quotes are plain text");
    return blanks ? 30 : named ? 65 : 50;
}

static gboolean
is_identifier(const RkCell *cell)
{
    for (uint32_t i = 0; i < cell->length; i++) {
        const char c = cell->text[i];
        if (!g_ascii_isalpha(c) && !(i > 0 && (g_ascii_isdigit(c) || strchr("_ -.:", c) != NULL)))
            return FALSE;
    }
    return cell->length > 0;
}

static gboolean
is_number(const RkCell *cell)
{
    double value = 0;
    return cell->length > 0 && rk_cell_real(cell, &value) == NULL && !isnan(value);
}

// Whether row 0 of the sample names the columns; *why a phrase.
static gboolean
has_header(const RkSample *sample, const char **why)
{
    const uint32_t n = sample->n_fields;
    uint32_t n_known = 0;
    uint32_t n_identifiers = 0;
    uint32_t n_number_below = 0;
    for (uint32_t f = 0; f < n; f++) {
        const RkCell *name = &sample->cells[f];
        *why = "its first line has numbers";
        if (is_number(name))
            return FALSE;
        g_autofree char *text = g_strndup(name->text, name->length);
        n_known += rk_detect_knows_name(text);
        n_identifiers += is_identifier(name);
        uint32_t n_numbers = 0;
        for (uint32_t row = 1; row < sample->n_rows; row++)
            n_numbers += is_number(&sample->cells[(size_t)row * n + f]);
        n_number_below += sample->n_rows > 1 && n_numbers * 10 >= (sample->n_rows - 1) * 9;
    }
    *why = "its first line has well-known names";
    if (n_known > 0)
        return TRUE;
    *why = "its first line has names, numbers stand below";
    if (n_number_below > 0)
        return TRUE;
    *why =
        n_identifiers == n ? "its first line reads like names" : "its first line reads like data";
    return n_identifiers == n;
}

static gboolean
fail_header(const RkImportFile *file, uint32_t column, const char *format, const char *name,
            GError **error)
{
    g_autofree char *what = g_strdup_printf(format, name);
    g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                "Can't import %s: line 1, column %u %s. Rename it, or pass --set header=no if the "
                "first line is data.",
                file->name, column + 1, what);
    return FALSE;
}

// Names the fields after the header's cells.
static gboolean
take_names(const RkImportFile *file, RkTable *table, const RkSample *first, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (uint32_t f = 0; f < first->n_fields; f++) {
        RkField *field = rk_table_field(table, f);
        g_autofree char *text = g_strndup(first->cells[f].text, first->cells[f].length);
        g_strstrip(text);
        if (*text == '\0')
            continue; // keeps its number as its name, as for an index that pandas wrote
        g_free(field->name);
        field->name = g_steal_pointer(&text);
        if (!g_hash_table_add(seen, field->name))
            return fail_header(file, f, "repeats the name \"%s\"", field->name, error);
    }
    return TRUE;
}

static gboolean
check_separator(const RkImportFile *file, GError **error)
{
    const char *text = set_separator(file);
    if (text == NULL || (*text != '\0' && strlen(text) <= 8 && strpbrk(text, "\"\r\n") == NULL))
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't set separator to \"%s\": it takes 1 to 8 characters without quotes and line "
                "feeds, or comma, tab, space, semicolon, pipe.",
                text);
    return FALSE;
}

static gboolean
describe(RkImportFile *file, RkTable *table, GError **error)
{
    if (!check_separator(file, error))
        return FALSE;
    State *state = g_new0(State, 1);
    file->state = state;
    file->free_state = g_free;
    RkCsvShape shape = {0};
    find_shape(file, &state->csv, &shape);
    if (shape.n_fields > RK_MAX_FIELDS || shape.n_fields == 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                    "Can't import %s: line 1 has %u fields or doesn't end, at most %u are taken. "
                    "Check the separator.",
                    file->name, shape.n_fields, RK_MAX_FIELDS);
        return FALSE;
    }
    file->n_fields = shape.n_fields;
    for (uint32_t f = 0; f < shape.n_fields; f++) {
        g_autofree char *name = g_strdup_printf("column_%u", f + 1);
        rk_table_add_field(table, name, RK_FIELD_TEXT);
    }
    g_auto(RkSample) first = {0};
    g_auto(RkSample) sample = {0};
    const char *setting = rk_params_text(file->settings, "header");
    const gboolean may_name = strcmp(setting, "no") != 0;
    if (!rk_sample_take(&first, file, rk_csv_split, &state->csv, table, 1, may_name, error) ||
        !rk_sample_take(&sample, file, rk_csv_split, &state->csv, table, SAMPLE_ROWS, FALSE, error))
        return FALSE;
    const char *why = "--set header";
    state->header = strcmp(setting, "yes") == 0;
    if (strcmp(setting, "auto") == 0)
        state->header = first.n_rows > 0 && has_header(&sample, &why);
    g_autofree char *before = g_steal_pointer(&file->why);
    file->why = g_strdup_printf("%s; %s header (%s)", before, state->header ? "a" : "no", why);
    file->names_fields = state->header;
    if (state->header && !take_names(file, table, &first, error))
        return FALSE;
    RkSample body = sample; // shares the sample's memory
    if (state->header && sample.n_rows > 0) {
        body.cells += sample.n_fields;
        body.n_rows--;
    }
    rk_detect_kinds(table, state->header, &body);
    return TRUE;
}

static void
start(RkImportFile *file)
{
    State *state = file->state;
    state->csv.n_drop = state->header;
}

static gssize
split(gpointer data, RkEmit *emit, RkBlock *block, GError **error)
{
    State *state = ((RkImportFile *)data)->state;
    return rk_csv_split(&state->csv, emit, block, error);
}

const RkImporter rk_importer_csv = {
    .name = "csv",
    .label = "Separated values: CSV, TSV or any separator",
    .sniff = sniff,
    .describe = describe,
    .start = start,
    .split = split,
};
