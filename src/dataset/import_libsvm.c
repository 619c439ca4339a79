// SPDX-License-Identifier: GPL-3.0-or-later
//
// Sparse lines: libsvm and libFM "label index:value ...", libFFM "label field:index:value ...",
// each with an optional qid:N behind the label and a # comment at the end. How features become
// columns is read off the first lines:
//   bag    every value is 1: one multi-valued field of indexes
//   dense  few indexes with numbers: one number a column, 0 where a line leaves it out
//   pairs  many indexes with numbers: one multi-valued field of "index:value"
// With fields (libFFM), each of them is a categorical or multi-valued column of its own.
#include "dataset/cell.h"
#include "dataset/import-private.h"

#include <math.h>
#include <string.h>

#define SNIFF_LINES 50u
#define MAX_DENSE   1024u // columns

typedef enum { BAG, DENSE, PAIRS, FIELDS } Layout;

typedef struct {
    Layout layout;
    gboolean has_qid;
    uint32_t n_features; // columns behind label and qid
} State;

typedef struct {
    int64_t field; // -1 without
    int64_t index;
    RkCell value;      // the text behind the last colon
    RkCell index_text; // the index as written
    gboolean is_one;
    gboolean is_qid; // then value is its number
} Feature;

typedef enum { FEATURE_READ, FEATURE_NONE, FEATURE_BAD } FeatureStatus;

static gboolean
read_index(const char *text, size_t n, int64_t *index)
{
    *index = 0;
    if (n == 0 || n > 18) // that fit 64 bits
        return FALSE;
    for (size_t i = 0; i < n; i++) {
        if (!g_ascii_isdigit(text[i]))
            return FALSE;
        *index = *index * 10 + (text[i] - '0');
    }
    return TRUE;
}

// The next "index:value", "field:index:value" or "qid:N" of a line.
static FeatureStatus
next_feature(const char **p, const char *end, Feature *feature)
{
    while (*p < end && (**p == ' ' || **p == '\t'))
        (*p)++;
    const char *start = *p;
    while (*p < end && **p != ' ' && **p != '\t')
        (*p)++;
    const char *stop = *p;
    if (start == stop || *start == '#') {
        *p = end;
        return FEATURE_NONE;
    }
    *feature = (Feature){.field = -1};
    const char *colon = memchr(start, ':', (size_t)(stop - start));
    if (colon == NULL)
        return FEATURE_BAD;
    const char *second = memchr(colon + 1, ':', (size_t)(stop - colon - 1));
    feature->is_qid = colon - start == 3 && memcmp(start, "qid", 3) == 0;
    if (second != NULL && !read_index(start, (size_t)(colon - start), &feature->field))
        return FEATURE_BAD;
    const char *index = second ? colon + 1 : start;
    const char *value = second ? second + 1 : colon + 1;
    feature->index_text = (RkCell){.text = index, .length = (uint32_t)(value - 1 - index)};
    feature->value = (RkCell){.text = value, .length = (uint32_t)(stop - value)};
    if (feature->is_qid)
        return stop > value ? FEATURE_READ : FEATURE_BAD;
    double number = 0;
    if (!read_index(index, feature->index_text.length, &feature->index) ||
        feature->value.length == 0 || rk_cell_real(&feature->value, &number) != NULL ||
        isnan(number))
        return FEATURE_BAD;
    feature->is_one = number == 1;
    return FEATURE_READ;
}

// The label at the start of a line.
static gboolean
take_label(const char **p, const char *end, RkCell *label)
{
    double number = 0;
    const char *start = *p;
    while (*p < end && **p != ' ' && **p != '\t')
        (*p)++;
    *label = (RkCell){.text = start, .length = (uint32_t)(*p - start)};
    return label->length > 0 && rk_cell_real(label, &number) == NULL;
}

// What the first lines hold.
typedef struct {
    uint32_t n_lines, n_bad, n_features;
    gboolean fields, no_fields, qid, all_ones, repeats;
    int64_t max_index, max_field;
} Look;

static void
look_at_line(Look *look, const char *p, const char *end)
{
    RkCell label;
    Feature feature;
    FeatureStatus status = FEATURE_NONE;
    g_autoptr(GHashTable) seen = g_hash_table_new(g_int64_hash, g_int64_equal);
    g_autoptr(GPtrArray) keep = g_ptr_array_new_with_free_func(g_free);
    look->n_lines++;
    if (!take_label(&p, end, &label)) {
        look->n_bad++;
        return;
    }
    while ((status = next_feature(&p, end, &feature)) == FEATURE_READ) {
        look->qid = look->qid || feature.is_qid;
        if (feature.is_qid)
            continue;
        look->n_features++;
        look->all_ones = look->all_ones && feature.is_one;
        look->max_index = MAX(look->max_index, feature.index);
        look->max_field = MAX(look->max_field, feature.field);
        look->fields = look->fields || feature.field >= 0;
        look->no_fields = look->no_fields || feature.field < 0;
        int64_t *field = g_new(int64_t, 1);
        *field = feature.field;
        g_ptr_array_add(keep, field);
        look->repeats = look->repeats || !g_hash_table_add(seen, field);
    }
    look->n_bad += status == FEATURE_BAD;
}

static Look
look_at(const RkImportFile *file, uint32_t max_lines)
{
    Look look = {.all_ones = TRUE, .max_field = -1};
    const char *p = file->head;
    const char *end = p + file->n_head;
    while (p < end && look.n_lines < max_lines) {
        const char *feed = memchr(p, '\n', (size_t)(end - p));
        if (feed == NULL && !file->head_is_all)
            break;
        const char *stop = feed ? feed : end;
        const char *next = feed ? feed + 1 : end;
        if (stop > p && stop[-1] == '\r')
            stop--;
        if (stop > p && *p != '#')
            look_at_line(&look, p, stop);
        p = next;
    }
    return look;
}

static int
sniff(const RkImportFile *file, char **why)
{
    Look look = look_at(file, SNIFF_LINES);
    if (look.n_features == 0 || look.n_bad * 10 > look.n_lines || (look.fields && look.no_fields))
        return 0;
    *why = g_strdup(look.fields ? "its lines are a label and field:index:value words"
                                : "its lines are a label and index:value words");
    return 93;
}

static Layout
layout_of(const RkImportFile *file, const Look *look)
{
    const char *setting = rk_params_text(file->settings, "layout");
    if (look->fields)
        return FIELDS;
    if (strcmp(setting, "auto") != 0)
        return strcmp(setting, "bag") == 0 ? BAG : strcmp(setting, "dense") == 0 ? DENSE : PAIRS;
    return look->all_ones ? BAG : look->max_index < MAX_DENSE ? DENSE : PAIRS;
}

static gboolean
check_counts(const RkImportFile *file, const Look *look, Layout layout, GError **error)
{
    if (look->n_features == 0) {
        g_set_error(
            error, RK_ERROR, RK_ERROR_DATA,
            "Can't import %s: line 1 isn't \"label index:value ...\". Try another --format.",
            file->name);
        return FALSE;
    }
    const int64_t n = layout == FIELDS ? look->max_field : layout == DENSE ? look->max_index : 0;
    if (n < RK_MAX_FIELDS - 2)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                "Can't import %s: it would have %" G_GINT64_FORMAT " columns, at most %u are "
                "taken. Pass --set layout=pairs.",
                file->name, n, RK_MAX_FIELDS - 2);
    return FALSE;
}

static gboolean
describe(RkImportFile *file, RkTable *table, GError **error)
{
    Look look = look_at(file, UINT32_MAX);
    State *state = g_new0(State, 1);
    file->state = state;
    file->free_state = g_free;
    file->names_fields = TRUE;
    state->layout = layout_of(file, &look);
    state->has_qid = look.qid;
    if (!check_counts(file, &look, state->layout, error))
        return FALSE;
    table->role = RK_TABLE_EVENTS;
    rk_import_add(table, "label", RK_FIELD_LABEL, "the first number of a line");
    if (look.qid)
        rk_import_add(table, "qid", RK_FIELD_CATEGORICAL, "the query");
    if (state->layout == BAG || state->layout == PAIRS) {
        RkField *field =
            rk_import_add(table, "features", RK_FIELD_MULTI,
                          state->layout == BAG ? "indexes whose value is 1" : "index:value words");
        field->separator = ' ';
        state->n_features = 1;
    } else if (state->layout == DENSE) {
        state->n_features = (uint32_t)look.max_index + 1;
        for (uint32_t i = 0; i < state->n_features; i++) {
            g_autofree char *name = g_strdup_printf("f%u", i);
            rk_import_add(table, name, RK_FIELD_NUMBER, "the value of its index, or 0");
        }
    } else {
        state->n_features = (uint32_t)look.max_field + 1;
        for (uint32_t i = 0; i < state->n_features; i++) {
            g_autofree char *name = g_strdup_printf("field%u", i);
            RkField *field =
                rk_import_add(table, name, look.repeats ? RK_FIELD_MULTI : RK_FIELD_CATEGORICAL,
                              "the indexes of its field");
            field->separator = ' ';
        }
    }
    file->n_fields = table->fields->len;
    return TRUE;
}

// ---- reading -------------------------------------------------------------------------------

typedef struct {
    const State *state;
    RkEmit *emit;
    const RkBlock *block;
    RkCell *row;
    RkCell *features; // behind label and qid
    char *text;       // for the words of one multi-valued cell
} Line;

// Takes the row back and says why.
static gboolean
refuse(Line *line, const char *cause, const Feature *feature, GError **error)
{
    g_autofree char *word =
        feature ? g_strdup_printf(" (%.*s:%.*s)", (int)MIN(feature->index_text.length, 20),
                                  feature->index_text.text, (int)MIN(feature->value.length, 20),
                                  feature->value.text)
                : g_strdup("");
    rk_emit_drop_row(line->emit);
    line->row = NULL;
    return rk_emit_refuse(line->emit, line->block->line, -1, error,
                          "%s%s. Mend it or pass --set "
                          "on-error=skip.",
                          cause, word);
}

static void
append_word(RkCell *cell, char *text, const char *word, size_t n)
{
    uint32_t length = cell->length;
    if (length > 0)
        text[length++] = ' ';
    memcpy(text + length, word, n);
    *cell = (RkCell){.text = text, .length = length + (uint32_t)n};
}

static size_t
capacity_of(size_t length)
{
    size_t capacity = 16;
    while (capacity < length)
        capacity *= 2;
    return capacity;
}

static gboolean
put_field(Line *line, const Feature *feature, GError **error)
{
    if (feature->field < 0 || feature->field >= line->state->n_features)
        return refuse(line, "has a feature of a field that the first lines lack", feature, error);
    RkCell *cell = &line->features[feature->field];
    const char *word = feature->index_text.text;
    const size_t n = feature->is_one ? feature->index_text.length
                                     : (size_t)(feature->value.text + feature->value.length - word);
    if (cell->length == 0) {
        *cell = (RkCell){.text = word, .length = (uint32_t)n};
        return TRUE;
    }
    // Text of our own has the next power of two as its capacity, so appending is linear.
    const gboolean own =
        cell->text < line->block->text || cell->text >= line->block->text + line->block->n;
    char *text = (char *)cell->text;
    if (!own || cell->length + 1 + n > capacity_of(cell->length)) {
        text = rk_emit_text(line->emit, capacity_of(cell->length + 1 + n));
        memcpy(text, cell->text, cell->length);
    }
    append_word(cell, text, word, n);
    return TRUE;
}

static gboolean
put_feature(Line *line, const Feature *feature, size_t n_line, GError **error)
{
    const State *state = line->state;
    if (feature->is_qid) {
        if (!state->has_qid)
            return refuse(line, "has a qid, unlike the first lines", feature, error);
        line->row[1] = feature->value;
        return TRUE;
    }
    if (state->layout == FIELDS)
        return put_field(line, feature, error);
    if (feature->field >= 0)
        return refuse(line, "has a field:index:value word, unlike the first lines", feature, error);
    if (state->layout == DENSE) {
        if (feature->index >= state->n_features)
            return refuse(line,
                          "has an index beyond those of the first lines; pass --set "
                          "layout=pairs to take it",
                          feature, error);
        line->features[feature->index] = feature->value;
        return TRUE;
    }
    if (state->layout == BAG && !feature->is_one)
        return refuse(line,
                      "has a value that isn't 1, unlike the first lines; pass --set "
                      "layout=pairs or layout=dense to take it",
                      feature, error);
    if (line->text == NULL)
        line->text = rk_emit_text(line->emit, n_line + 1);
    const char *word = feature->index_text.text;
    const size_t n = state->layout == BAG
                         ? feature->index_text.length
                         : (size_t)(feature->value.text + feature->value.length - word);
    append_word(&line->features[0], line->text, word, n);
    return TRUE;
}

static gboolean
one_line(gpointer data, RkEmit *emit, const RkBlock *block, const char *text, size_t n,
         GError **error)
{
    const State *state = ((RkImportFile *)data)->state;
    const char *p = text;
    const char *end = text + n;
    if (*text == '#')
        return TRUE;
    RkCell *row = rk_emit_row(emit, block->line, error);
    if (row == NULL)
        return FALSE;
    Line line = {.state = state, .emit = emit, .block = block, .row = row};
    line.features = row + 1 + state->has_qid;
    if (!take_label(&p, end, &row[0]))
        return refuse(&line, "doesn't begin with a number", NULL, error);
    for (uint32_t f = 0; f < state->n_features && state->layout == DENSE; f++)
        line.features[f] = (RkCell){.text = "0", .length = 1};
    Feature feature = {0};
    FeatureStatus status = FEATURE_NONE;
    while ((status = next_feature(&p, end, &feature)) == FEATURE_READ) {
        if (!put_feature(&line, &feature, n, error))
            return FALSE;
        if (line.row == NULL)
            return TRUE;
    }
    if (status == FEATURE_BAD)
        return refuse(&line, "has a word that isn't index:value", NULL, error);
    gboolean bad = FALSE;
    return !block->dirty ||
           rk_emit_check_row(emit, row, ((RkImportFile *)data)->n_fields, block->line, &bad, error);
}

static gssize
split(gpointer data, RkEmit *emit, RkBlock *block, GError **error)
{
    return rk_lines_split(one_line, data, emit, block, error);
}

const RkImporter rk_importer_libsvm = {
    .name = "libsvm",
    .label = "Sparse lines: libsvm, libFM, libFFM",
    .sniff = sniff,
    .describe = describe,
    .split = split,
};
