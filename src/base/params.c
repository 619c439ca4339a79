// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/params.h"

#include <math.h>
#include <string.h>

typedef struct {
    char *text;    // as typed, for CHOICE and TEXT
    double number; // INT, REAL; BOOL as 0 or 1
    gboolean is_set;
} Value;

struct RkParams {
    const RkParam *table;
    size_t n_rows;
    Value *values;
};

static const char *const BOOL_WORDS[][2] = {
    {"false", "true"}, {"no", "yes"}, {"off", "on"}, {"0", "1"}};

static gboolean
parse_bool(const char *text, double *out)
{
    for (size_t i = 0; i < G_N_ELEMENTS(BOOL_WORDS); i++)
        for (int b = 0; b < 2; b++)
            if (g_ascii_strcasecmp(text, BOOL_WORDS[i][b]) == 0) {
                *out = b;
                return TRUE;
            }
    return FALSE;
}

static gboolean
is_choice(const RkParam *row, const char *text)
{
    g_auto(GStrv) words = g_strsplit(row->choices, "|", -1);
    return g_strv_contains((const char *const *)words, text);
}

static gboolean
fail_value(const RkParam *row, const char *text, GError **error)
{
    const char *unit = row->unit ? row->unit : "";
    g_autofree char *hint = NULL;
    if (row->type == RK_PARAM_BOOL)
        hint = g_strdup("true or false");
    else if (row->type == RK_PARAM_CHOICE)
        hint = g_strdup_printf("one of %s", row->choices);
    else
        hint = g_strdup_printf("%s from %g to %g %s",
                               row->type == RK_PARAM_INT ? "a whole number" : "a number", row->min,
                               row->max, unit);
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't set %s to \"%s\": it takes %s.", row->name,
                text, g_strchomp(hint));
    return FALSE;
}

// Leaves `value` as it was when the text is refused.
static gboolean
parse_value(const RkParam *row, const char *text, Value *value, GError **error)
{
    double number = 0;
    gboolean fits = TRUE;
    char *end = NULL;
    switch (row->type) {
    case RK_PARAM_INT:
    case RK_PARAM_REAL:
        number = g_ascii_strtod(text, &end);
        fits = end != text && *end == '\0' && isfinite(number) && number >= row->min &&
               number <= row->max && (row->type == RK_PARAM_REAL || number == floor(number));
        break;
    case RK_PARAM_BOOL:
        fits = parse_bool(text, &number);
        break;
    case RK_PARAM_CHOICE:
        fits = is_choice(row, text);
        break;
    case RK_PARAM_TEXT:
        break;
    }
    if (!fits)
        return fail_value(row, text, error);
    value->number = number;
    g_free(value->text);
    value->text = g_strdup(text);
    return TRUE;
}

RkParams *
rk_params_new(const RkParam *table, size_t n_rows)
{
    RkParams *params = g_new0(RkParams, 1);
    params->table = table;
    params->n_rows = n_rows;
    params->values = g_new0(Value, n_rows);
    for (size_t i = 0; i < n_rows; i++) {
        g_autoptr(GError) error = NULL;
        if (!parse_value(&table[i], table[i].initial, &params->values[i], &error))
            g_error("parameter table: %s", error->message);
    }
    return params;
}

RkParams *
rk_params_copy(const RkParams *params)
{
    RkParams *copy = g_new0(RkParams, 1);
    *copy = *params;
    copy->values = g_new0(Value, params->n_rows);
    for (size_t i = 0; i < params->n_rows; i++) {
        copy->values[i] = params->values[i];
        copy->values[i].text = g_strdup(params->values[i].text);
    }
    return copy;
}

void
rk_params_free(RkParams *params)
{
    if (params == NULL)
        return;
    for (size_t i = 0; i < params->n_rows; i++)
        g_free(params->values[i].text);
    g_free(params->values);
    g_free(params);
}

static gssize
find_row(const RkParams *params, const char *name)
{
    for (size_t i = 0; i < params->n_rows; i++)
        if (strcmp(params->table[i].name, name) == 0)
            return (gssize)i;
    return -1;
}

gboolean
rk_params_set(RkParams *params, const char *name, const char *value, GError **error)
{
    gssize row = find_row(params, name);
    if (row >= 0) {
        if (!parse_value(&params->table[row], value, &params->values[row], error))
            return FALSE;
        params->values[row].is_set = TRUE;
        return TRUE;
    }
    g_autofree const char **names = g_new(const char *, params->n_rows + 1);
    for (size_t i = 0; i < params->n_rows; i++)
        names[i] = params->table[i].name;
    names[params->n_rows] = NULL;
    const char *nearest = rk_nearest_word(name, names, params->n_rows);
    if (nearest != NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't set %s: there is no such setting. Did you mean %s?", name, nearest);
        return FALSE;
    }
    g_autofree char *all = g_strjoinv(", ", (char **)names);
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't set %s: there is no such setting. There are: %s.", name, all);
    return FALSE;
}

gboolean
rk_params_assign(RkParams *params, const char *assignment, GError **error)
{
    const char *equals = strchr(assignment, '=');
    if (equals == NULL || equals == assignment) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't read the setting \"%s\": write it as name=value.", assignment);
        return FALSE;
    }
    g_autofree char *name = g_strndup(assignment, (gsize)(equals - assignment));
    return rk_params_set(params, name, equals + 1, error);
}

static const Value *
get(const RkParams *params, const char *name, RkParamType a, RkParamType b)
{
    gssize row = find_row(params, name);
    if (row < 0 || (params->table[row].type != a && params->table[row].type != b))
        g_error("parameter %s is not in this table with that type", name);
    return &params->values[row];
}

int64_t
rk_params_int(const RkParams *params, const char *name)
{
    return (int64_t)get(params, name, RK_PARAM_INT, RK_PARAM_INT)->number;
}

double
rk_params_real(const RkParams *params, const char *name)
{
    return get(params, name, RK_PARAM_REAL, RK_PARAM_INT)->number;
}

gboolean
rk_params_bool(const RkParams *params, const char *name)
{
    return get(params, name, RK_PARAM_BOOL, RK_PARAM_BOOL)->number != 0;
}

const char *
rk_params_text(const RkParams *params, const char *name)
{
    return get(params, name, RK_PARAM_TEXT, RK_PARAM_CHOICE)->text;
}

char *
rk_params_value_text(const RkParams *params, const char *name)
{
    gssize row = find_row(params, name);
    g_assert(row >= 0);
    const Value *value = &params->values[row];
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    switch (params->table[row].type) {
    case RK_PARAM_INT:
        return g_strdup_printf("%" G_GINT64_FORMAT, (gint64)value->number);
    case RK_PARAM_REAL:
        return g_strdup(g_ascii_dtostr(number, sizeof number, value->number));
    case RK_PARAM_BOOL:
        return g_strdup(value->number != 0 ? "true" : "false");
    case RK_PARAM_CHOICE:
    case RK_PARAM_TEXT:
        break;
    }
    return g_strdup(value->text);
}

gboolean
rk_params_is_set(const RkParams *params, const char *name)
{
    gssize row = find_row(params, name);
    g_assert(row >= 0);
    return params->values[row].is_set;
}

void
rk_params_to_json(const RkParams *params, JsonBuilder *builder)
{
    json_builder_begin_object(builder);
    for (size_t i = 0; i < params->n_rows; i++) {
        const Value *value = &params->values[i];
        json_builder_set_member_name(builder, params->table[i].name);
        switch (params->table[i].type) {
        case RK_PARAM_INT:
            json_builder_add_int_value(builder, (gint64)value->number);
            break;
        case RK_PARAM_REAL:
            json_builder_add_double_value(builder, value->number);
            break;
        case RK_PARAM_BOOL:
            json_builder_add_boolean_value(builder, value->number != 0);
            break;
        case RK_PARAM_CHOICE:
        case RK_PARAM_TEXT:
            json_builder_add_string_value(builder, value->text);
            break;
        }
    }
    json_builder_end_object(builder);
}

char *
rk_params_help(const RkParam *table, size_t n_rows)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < n_rows; i++) {
        const RkParam *row = &table[i];
        g_autofree char *range = NULL;
        if (row->type == RK_PARAM_CHOICE)
            range = g_strdup(row->choices);
        else if (row->type == RK_PARAM_BOOL)
            range = g_strdup("true|false");
        else if (row->type == RK_PARAM_TEXT)
            range = g_strdup("text");
        else
            range = g_strdup_printf("%g..%g", row->min, row->max);
        const char *unit = row->unit ? row->unit : "";
        g_string_append_printf(text, "  %-22s %s (%s; default %s%s%s)\n", row->name, row->help,
                               range, *row->initial ? row->initial : "none", *unit ? " " : "",
                               unit);
    }
    return g_string_free(text, FALSE);
}

// Levenshtein distance with one row of state.
static size_t
edit_distance(const char *a, const char *b)
{
    size_t n = strlen(b);
    g_autofree size_t *row = g_new(size_t, n + 1);
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t substitute = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = MIN(substitute, MIN(row[j], row[j - 1]) + 1);
        }
    }
    return row[n];
}

const char *
rk_nearest_word(const char *word, const char *const *candidates, size_t n)
{
    const char *best = NULL;
    size_t best_distance = MAX(strlen(word) / 3, 1) + 1; // a third of the letters may differ
    for (size_t i = 0; i < n; i++) {
        size_t distance = edit_distance(word, candidates[i]);
        if (distance < best_distance) {
            best = candidates[i];
            best_distance = distance;
        }
    }
    return best;
}
