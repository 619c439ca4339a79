// SPDX-License-Identifier: GPL-3.0-or-later
//
// JSON Lines: an object a line. Members of nested objects become fields named by their path
// ("user.id"); an array of plain values is one multi-valued cell; an array of arrays or objects is
// kept as its JSON text. Fields are those of the first rows; further ones are counted and told.
#include "dataset/detect.h"
#include "dataset/json_scan.h"

#include <string.h>

#define MAX_PATH    256u  // bytes of a field's name
#define MAX_NESTING 8     // objects in each other that are flattened
#define MAX_NAMES   4096u // different fields; more means that ids are used as names
#define SAMPLE_ROWS 1000u

static const char SEPARATORS[] = "|;,\x1f"; // for arrays: the first that no value holds

typedef struct {
    gboolean array;             // some value was one
    gboolean raw;               // some value was an array of arrays or objects: kept as text
    gboolean taken[4];          // a value holds that one of SEPARATORS
    uint64_t n_values, n_bytes; // of its arrays
} FieldLook;

typedef struct {
    GHashTable *index; // name -> number of the field
    GArray *looks;     // of FieldLook
    gboolean latin1;   // lines are made UTF-8 first: an escape in them is Unicode's
    uint64_t *row_of;  // [n_fields] the row that set the field last
    uint64_t n_rows;
    uint64_t n_unknown; // members left out
    char *unknown;      // the first of them
    uint64_t unknown_line;
} State;

// One line's walk: `value` is called for every member that is no object.
typedef struct Walk Walk;
struct Walk {
    gboolean (*value)(Walk *walk, const RkJsonSlice *value, GError **error);
    RkImportFile *file;
    State *state;
    RkTable *table; // that is being described
    RkEmit *emit;
    const RkBlock *block;
    RkCell *row;
    RkJsonScan json;
    char path[MAX_PATH];
    size_t n_path;
    int column; // the field of the member at hand, -1 for none
};

static void
free_state(gpointer p)
{
    State *state = p;
    g_hash_table_unref(state->index);
    g_array_unref(state->looks);
    g_free(state->row_of);
    g_free(state->unknown);
    g_free(state);
}

static gboolean
wrong(Walk *walk, const char *what)
{
    if (walk->json.wrong == NULL)
        walk->json.wrong = what;
    return FALSE;
}

static gboolean
append_path(Walk *walk, const RkJsonSlice *name)
{
    const size_t dot = walk->n_path > 0;
    if (walk->n_path + dot + name->text.length >= MAX_PATH)
        return wrong(walk, "has a name of more than 255 bytes");
    if (dot)
        walk->path[walk->n_path] = '.';
    char *to = walk->path + walk->n_path + dot;
    gssize n = name->text.length;
    if (name->escaped)
        n = rk_json_scan_unescape(&name->text, to);
    else if (n > 0)
        memcpy(to, name->text.text, (size_t)n);
    if (n < 0)
        return wrong(walk, "has a \\ escape that is no character");
    walk->n_path += dot + (size_t)n;
    walk->path[walk->n_path] = '\0';
    return TRUE;
}

// The field of the member at hand, -1 when there is none.
static int
find_field(const Walk *walk)
{
    gpointer found = NULL;
    if (!g_hash_table_lookup_extended(walk->state->index, walk->path, NULL, &found))
        return -1;
    return (int)GPOINTER_TO_UINT(found);
}

// The members of the object whose brace was taken. FALSE when the line is bad (json.wrong) or
// on an error.
static gboolean
walk_object(Walk *walk, int depth, GError **error)
{
    const size_t n_path = walk->n_path;
    for (gboolean first = TRUE; rk_json_scan_next(&walk->json, first, '}'); first = FALSE) {
        RkJsonSlice name;
        RkJsonSlice value;
        if (!rk_json_scan_name(&walk->json, &name) || !append_path(walk, &name))
            return FALSE;
        walk->column = find_field(walk);
        if (depth < MAX_NESTING && rk_json_scan_take(&walk->json, '{')) {
            if (!walk_object(walk, depth + 1, error))
                return FALSE;
        } else if (!rk_json_scan_value(&walk->json, &value) || !walk->value(walk, &value, error)) {
            return FALSE;
        }
        walk->n_path = n_path;
        walk->column = -1;
    }
    return walk->json.wrong == NULL;
}

static gboolean
walk_line(Walk *walk, const char *line, size_t n, GError **error)
{
    rk_json_scan_init(&walk->json, line, n);
    walk->n_path = 0;
    walk->column = -1;
    if (!rk_json_scan_take(&walk->json, '{'))
        return wrong(walk, "doesn't begin with '{'");
    if (!walk_object(walk, 1, error))
        return FALSE;
    return rk_json_scan_at_end(&walk->json) || wrong(walk, "has something behind its object");
}

// ---- describing ----------------------------------------------------------------------------

static void
look_at_array(FieldLook *look, const RkJsonSlice *array)
{
    look->array = TRUE;
    look->raw = look->raw || array->nested;
    if (array->nested)
        return;
    RkJsonScan json;
    RkJsonSlice value;
    rk_json_scan_init(&json, array->text.text, array->text.length);
    rk_json_scan_take(&json, '[');
    for (gboolean first = TRUE; rk_json_scan_next(&json, first, ']'); first = FALSE) {
        if (!rk_json_scan_value(&json, &value))
            return;
        look->n_values++;
        look->n_bytes += value.text.length;
        for (size_t s = 0; s < strlen(SEPARATORS) && value.text.length > 0; s++)
            look->taken[s] =
                look->taken[s] || memchr(value.text.text, SEPARATORS[s], value.text.length) != NULL;
    }
}

static gboolean
look_at_value(Walk *walk, const RkJsonSlice *value, GError **error)
{
    State *state = walk->state;
    guint index = walk->column < 0 ? state->looks->len : (guint)walk->column;
    if (walk->column < 0) {
        if (index == MAX_NAMES || !g_utf8_validate(walk->path, (gssize)walk->n_path, NULL))
            return TRUE;
        g_hash_table_insert(state->index, g_strdup(walk->path), GUINT_TO_POINTER(index));
        g_array_set_size(state->looks, index + 1);
        rk_table_add_field(walk->table, walk->n_path > 0 ? walk->path : "unnamed", RK_FIELD_TEXT);
    }
    if (value->type == RK_JSON_ARRAY)
        look_at_array(&g_array_index(state->looks, FieldLook, index), value);
    if (value->type == RK_JSON_OBJECT) // deeper than what is flattened
        g_array_index(state->looks, FieldLook, index).raw = TRUE;
    return TRUE;
}

static void
look_at_lines(RkImportFile *file, RkTable *table, State *state)
{
    Walk walk = {.value = look_at_value, .file = file, .state = state, .table = table};
    const char *p = file->head;
    const char *end = p + file->n_head;
    for (uint32_t n = 0; p < end && n < SAMPLE_ROWS; n++) {
        const char *feed = memchr(p, '\n', (size_t)(end - p));
        if (feed == NULL && !file->head_is_all)
            return;
        const char *stop = feed ? feed : end;
        walk_line(&walk, p, (size_t)(stop - p), NULL); // a bad line is told when it is read
        p = feed ? feed + 1 : end;
    }
}

static gboolean
fail(const RkImportFile *file, const char *what, GError **error)
{
    g_set_error(error, RK_ERROR, RK_ERROR_DATA, "Can't import %s: %s.", file->name, what);
    return FALSE;
}

// What the arrays were decides over what the joined cells look like.
static void
set_arrays(RkTable *table, const State *state)
{
    for (uint32_t f = 0; f < table->fields->len; f++) {
        const FieldLook *look = &g_array_index(state->looks, FieldLook, f);
        RkField *field = rk_table_field(table, f);
        if (!look->array && !look->raw)
            continue;
        g_free(field->why);
        if (look->raw) {
            rk_field_set_kind(table, field, RK_FIELD_TEXT);
            field->why = g_strdup("arrays or objects in each other, kept as JSON");
            continue;
        }
        const gboolean are_texts = look->n_bytes > 40 * look->n_values; // sentences, addresses
        rk_field_set_kind(table, field, are_texts ? RK_FIELD_TEXT : RK_FIELD_MULTI);
        field->why = g_strdup(are_texts ? "arrays of long texts" : "arrays of plain values");
    }
}

static void start(RkImportFile *file);
static gssize split(gpointer data, RkEmit *emit, RkBlock *block, GError **error);

static gboolean
describe(RkImportFile *file, RkTable *table, GError **error)
{
    State *state = g_new0(State, 1);
    state->index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    state->looks = g_array_new(FALSE, TRUE, sizeof(FieldLook));
    file->state = state;
    file->free_state = free_state;
    file->names_fields = TRUE;
    state->latin1 = file->encoding == RK_TEXT_LATIN1;
    file->encoding = RK_TEXT_UTF8;
    if (*file->head == '[')
        return fail(file,
                    "line 1 opens a JSON array; one object a line is read. Convert it: "
                    "jq -c '.[]' FILE | rankine import - ...",
                    error);
    look_at_lines(file, table, state);
    if (table->fields->len == 0)
        return fail(file,
                    "line 1 is no complete JSON object; one object a line is read. Convert "
                    "it: jq -c . FILE | rankine import - ...",
                    error);
    if (table->fields->len >= MAX_NAMES)
        return fail(file,
                    "the first rows have more than 4095 different names. Are ids used as "
                    "names? Give each thing a line of its own",
                    error);
    for (uint32_t f = 0; f < table->fields->len; f++) {
        const FieldLook *look = &g_array_index(state->looks, FieldLook, f);
        for (size_t s = 0; s < strlen(SEPARATORS); s++)
            if (!look->taken[s]) {
                rk_table_field(table, f)->separator = SEPARATORS[s];
                break;
            }
    }
    file->n_fields = table->fields->len;
    g_auto(RkSample) sample = {0};
    file->target = table;
    start(file);
    rk_sample_take(&sample, file, split, file, table, SAMPLE_ROWS, FALSE, NULL);
    g_autofree char *separators = g_new(char, file->n_fields);
    for (uint32_t f = 0; f < file->n_fields; f++)
        separators[f] = rk_table_field(table, f)->separator;
    rk_detect_kinds(table, TRUE, &sample);
    for (uint32_t f = 0; f < file->n_fields; f++)
        if (g_array_index(state->looks, FieldLook, f).array)
            rk_table_field(table, f)->separator = separators[f];
    set_arrays(table, state);
    return TRUE;
}

static int
sniff(const RkImportFile *file, char **why)
{
    size_t n = 0;
    const char *line = rk_import_first_line(file, &n);
    RkJsonScan json;
    RkJsonSlice value;
    rk_json_scan_init(&json, line, n);
    const gboolean is_object = rk_json_scan_value(&json, &value) && rk_json_scan_at_end(&json) &&
                               value.type == RK_JSON_OBJECT;
    if (is_object) {
        *why = g_strdup("its first line is a JSON object");
        return 95;
    }
    if (*line != '{' && *line != '[')
        return 0;
    *why = g_strdup_printf("it begins with '%c'", *line);
    return strncmp(file->extension, "json", 4) == 0 || strcmp(file->extension, "ndjson") == 0 ? 70
                                                                                              : 40;
}

// ---- reading -------------------------------------------------------------------------------

static void
start(RkImportFile *file)
{
    State *state = file->state;
    g_free(state->row_of);
    state->row_of = g_new0(uint64_t, file->n_fields);
    state->n_rows = state->n_unknown = 0;
    g_clear_pointer(&state->unknown, g_free);
}

// The cell of a plain value. FALSE when an escape is broken.
static gboolean
scalar_cell(RkEmit *emit, const RkJsonSlice *value, RkCell *cell)
{
    *cell = value->text;
    if (value->type == RK_JSON_TRUE || value->type == RK_JSON_FALSE)
        *cell = (RkCell){.text = value->type == RK_JSON_TRUE ? "1" : "0", .length = 1};
    else if (value->type == RK_JSON_NULL || (value->type == RK_JSON_NUMBER && *cell->text == 'N'))
        *cell = (RkCell){0};
    if (value->type != RK_JSON_STRING || !value->escaped)
        return TRUE;
    char *text = rk_emit_text(emit, value->text.length);
    gssize n = rk_json_scan_unescape(&value->text, text);
    *cell = (RkCell){.text = text, .length = (uint32_t)MAX(n, 0)};
    return n >= 0;
}

// The values of an array in one cell.
static gboolean
array_cell(Walk *walk, const RkJsonSlice *array, char separator, RkCell *cell)
{
    RkJsonScan json;
    RkJsonSlice value;
    RkCell part;
    char *text = rk_emit_text(walk->emit, array->text.length);
    uint32_t n = 0;
    rk_json_scan_init(&json, array->text.text, array->text.length);
    rk_json_scan_take(&json, '[');
    for (gboolean first = TRUE; rk_json_scan_next(&json, first, ']'); first = FALSE) {
        if (!rk_json_scan_value(&json, &value) || !scalar_cell(walk->emit, &value, &part))
            return wrong(walk, "has a \\ escape that is no character");
        if (part.length == 0)
            continue;
        if (memchr(part.text, separator, part.length) != NULL)
            return wrong(walk, "has an array value that holds the field's separator; choose "
                               "another one with --set FIELD.separator=...");
        if (n > 0)
            text[n++] = separator;
        memcpy(text + n, part.text, part.length);
        n += part.length;
    }
    *cell = (RkCell){.text = text, .length = n};
    return TRUE;
}

static gboolean
take_unknown(Walk *walk)
{
    State *state = walk->state;
    if (state->n_unknown++ > 0)
        return TRUE;
    state->unknown = g_utf8_make_valid(walk->path, (gssize)walk->n_path);
    state->unknown_line = walk->block->line;
    return TRUE;
}

static gboolean
take_value(Walk *walk, const RkJsonSlice *value, GError **error)
{
    State *state = walk->state;
    if (walk->column < 0)
        return take_unknown(walk);
    const guint f = (guint)walk->column;
    const RkField *field = rk_table_field(walk->file->target, f);
    const gboolean raw = g_array_index(state->looks, FieldLook, f).raw;
    if (state->row_of[f] == state->n_rows)
        return wrong(walk, "is there twice");
    state->row_of[f] = state->n_rows;
    if (field->kind == RK_FIELD_IGNORE)
        return TRUE;
    if (value->type == RK_JSON_ARRAY || value->type == RK_JSON_OBJECT) {
        if (raw || field->kind == RK_FIELD_TEXT) {
            walk->row[f] = value->text;
            return TRUE;
        }
        if (value->type == RK_JSON_OBJECT || value->nested)
            return wrong(walk, "has arrays or objects in each other, unlike the first rows");
        return array_cell(walk, value, field->separator, &walk->row[f]);
    }
    return scalar_cell(walk->emit, value, &walk->row[f]) ||
           wrong(walk, "has a \\ escape that is no character");
}

static gboolean
one_line(gpointer data, RkEmit *emit, const RkBlock *block, const char *line, size_t n,
         GError **error)
{
    RkImportFile *file = data;
    Walk walk = {
        .value = take_value, .file = file, .state = file->state, .emit = emit, .block = block};
    walk.row = rk_emit_row(emit, block->line, error);
    if (walk.row == NULL)
        return FALSE;
    walk.state->n_rows++;
    if (block->dirty && walk.state->latin1) {
        const RkCell converted =
            rk_emit_latin1(emit, (RkCell){.text = line, .length = (uint32_t)n});
        line = converted.text;
        n = converted.length;
    }
    if (!walk_line(&walk, line, n, error)) {
        rk_emit_drop_row(emit);
        return rk_emit_refuse(emit, block->line, walk.column, error,
                              "%s (byte %" G_GSIZE_FORMAT
                              " of the line). Mend it or pass --set on-error=skip.",
                              walk.json.wrong, (size_t)(walk.json.p - line) + 1);
    }
    gboolean bad = FALSE;
    return !block->dirty ||
           rk_emit_check_row(emit, walk.row, file->n_fields, block->line, &bad, error);
}

static gssize
split(gpointer data, RkEmit *emit, RkBlock *block, GError **error)
{
    return rk_lines_split(one_line, data, emit, block, error);
}

static void
finish(RkImportFile *file, GPtrArray *notes)
{
    const State *state = file->state;
    if (state->n_unknown > 0)
        g_ptr_array_add(notes, g_strdup_printf("%s: %" G_GUINT64_FORMAT
                                               " values of fields that the first rows lack were "
                                               "left out, the first one \"%s\" in line "
                                               "%" G_GUINT64_FORMAT ".",
                                               file->name, state->n_unknown, state->unknown,
                                               state->unknown_line));
}

const RkImporter rk_importer_jsonl = {
    .name = "jsonl",
    .label = "JSON Lines: an object a line",
    .sniff = sniff,
    .describe = describe,
    .start = start,
    .split = split,
    .finish = finish,
};
