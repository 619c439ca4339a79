// SPDX-License-Identifier: GPL-3.0-or-later
//
// From settings to what is done to each column.
#include "dataset/clean-private.h"

#include "dataset/cell.h"

#include <string.h>

#define BIT(kind) (1u << (kind))
#define REALS     (BIT(RK_FIELD_NUMBER) | BIT(RK_FIELD_LABEL))
#define ANY       ((1u << RK_N_FIELD_KINDS) - 1)

// The strategies for missing cells: which kinds each fits when a field is named, and which it is
// applied to as the setting for all.
static const struct {
    const char *name;
    uint32_t named, all;
} MISSING[RK_N_MISSING] = {
    [RK_MISSING_KEEP] = {"keep", ANY, 0},
    [RK_MISSING_DROP] = {"drop", ANY,
                         REALS | BIT(RK_FIELD_CATEGORICAL) | BIT(RK_FIELD_TIMESTAMP) |
                             BIT(RK_FIELD_USER) | BIT(RK_FIELD_ITEM)},
    [RK_MISSING_MEAN] = {"mean", REALS, BIT(RK_FIELD_NUMBER)},
    [RK_MISSING_MEDIAN] = {"median", REALS, BIT(RK_FIELD_NUMBER)},
    [RK_MISSING_MOST_FREQUENT] = {"most-frequent", REALS | BIT(RK_FIELD_CATEGORICAL),
                                  BIT(RK_FIELD_NUMBER) | BIT(RK_FIELD_CATEGORICAL)},
    [RK_MISSING_CONSTANT] = {"constant",
                             REALS | BIT(RK_FIELD_CATEGORICAL) | BIT(RK_FIELD_TIMESTAMP),
                             BIT(RK_FIELD_NUMBER) | BIT(RK_FIELD_CATEGORICAL)},
};

static const char *const OUTLIERS[RK_N_OUTLIERS] = {"keep", "clip", "missing", "drop"};

static gboolean
fail_field(const char *setting, const char *field, const char *cause, GError **error)
{
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't read %s: the field \"%s\" %s", setting,
                field, cause);
    return FALSE;
}

// The rule of "table.field" or of the first "field".
static RkRule *
find_rule(RkClean *clean, const char *setting, const char *name, GError **error)
{
    for (guint r = 0; r < clean->rules->len; r++) {
        RkRule *rule = &g_array_index(clean->rules, RkRule, r);
        if (strcmp(rule->name, name) == 0)
            return rule;
    }
    g_autofree const char **names = g_new0(const char *, clean->rules->len + 1);
    for (guint r = 0; r < clean->rules->len; r++) {
        RkRule *rule = &g_array_index(clean->rules, RkRule, r);
        if (strcmp(rule->field->name, name) == 0)
            return rule;
        names[r] = rule->field->name;
    }
    const char *nearest = rk_nearest_word(name, names, clean->rules->len);
    g_autofree char *all = g_strjoinv(", ", (char **)names);
    g_autofree char *cause = nearest != NULL
                                 ? g_strdup_printf("is not there. Did you mean %s?", nearest)
                                 : g_strdup_printf("is not there. There are: %s.", all);
    fail_field(setting, name, cause, error);
    return NULL;
}

static gboolean
set_constant(RkRule *rule, const char *text, GError **error)
{
    g_free(rule->constant);
    rule->constant = g_strdup(text);
    const RkCell cell = {text, (uint32_t)strlen(text)};
    const char *problem = NULL;
    if (rk_field_column_type(rule->field->kind) == RK_COLUMN_REAL)
        problem = rk_cell_real(&cell, &rule->fill);
    else if (rk_field_column_type(rule->field->kind) == RK_COLUMN_TIME)
        problem = rk_cell_time(&cell, 1, &rule->fill_time);
    else
        rule->fill_code = RK_CODE_MISSING;
    if (problem == NULL && *text == '\0')
        problem = "is empty";
    if (problem == NULL)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't fill %s with the constant \"%s\": it %s. Write %s=constant:VALUE.",
                rule->name, text, problem, rule->field->name);
    return FALSE;
}

// "median", "constant:0".
static gboolean
set_missing(RkRule *rule, const char *how, GError **error)
{
    for (int m = 0; m < RK_N_MISSING; m++) {
        size_t length = strlen(MISSING[m].name);
        gboolean constant = m == RK_MISSING_CONSTANT && strncmp(how, "constant:", 9) == 0;
        if (!constant && strcmp(how, MISSING[m].name) != 0)
            continue;
        if (!(MISSING[m].named & BIT(rule->field->kind))) {
            g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                        "Can't fill the %s field %s with its %s: choose another way.",
                        rk_field_kind_name(rule->field->kind), rule->name, MISSING[m].name);
            return FALSE;
        }
        rule->missing = (RkMissing)m;
        if (m != RK_MISSING_CONSTANT)
            return TRUE;
        return set_constant(rule, constant ? how + length + 1 : "", error);
    }
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't read clean.missing.fields: \"%s\" is none of keep, drop, mean, median, "
                "most-frequent, constant:VALUE.",
                how);
    return FALSE;
}

static gboolean
missing_rules(RkClean *clean, GError **error)
{
    const RkParams *params = clean->input.clean;
    const char *all = rk_params_text(params, "clean.missing");
    for (guint r = 0; r < clean->rules->len; r++) {
        RkRule *rule = &g_array_index(clean->rules, RkRule, r);
        for (int m = 0; m < RK_N_MISSING; m++) {
            if (strcmp(all, MISSING[m].name) != 0)
                continue;
            // Categories have no mean: what is nearest to one is the most frequent.
            if (rule->field->kind == RK_FIELD_CATEGORICAL &&
                (m == RK_MISSING_MEAN || m == RK_MISSING_MEDIAN))
                m = RK_MISSING_MOST_FREQUENT;
            if (!(MISSING[m].all & BIT(rule->field->kind)))
                break;
            rule->missing = (RkMissing)m;
            if (m == RK_MISSING_CONSTANT &&
                !set_constant(rule, rk_params_text(params, "clean.missing.value"), error))
                return FALSE;
            break;
        }
    }
    g_auto(GStrv) fields = g_strsplit(rk_params_text(params, "clean.missing.fields"), ",", -1);
    for (int i = 0; fields[i] != NULL; i++) {
        char *equals = strchr(fields[i], '=');
        if (*fields[i] == '\0')
            continue;
        if (equals == NULL)
            return fail_field("clean.missing.fields", fields[i],
                              "has no strategy. Write FIELD=median, say.", error);
        *equals = '\0';
        RkRule *rule = find_rule(clean, "clean.missing.fields", g_strstrip(fields[i]), error);
        if (rule == NULL || !set_missing(rule, g_strstrip(equals + 1), error))
            return FALSE;
    }
    return TRUE;
}

// The fields that a list setting names, or all of the kinds in `kinds` when it is empty.
static gboolean
mark_fields(RkClean *clean, const char *setting, uint32_t kinds, gboolean events_only,
            void (*mark)(RkClean *clean, RkRule *rule), GError **error)
{
    const char *text = rk_params_text(clean->input.clean, setting);
    g_auto(GStrv) names = g_strsplit(text, ",", -1);
    for (guint r = 0; *text == '\0' && r < clean->rules->len; r++) {
        RkRule *rule = &g_array_index(clean->rules, RkRule, r);
        if ((kinds & BIT(rule->field->kind)) && (rule->table == 0 || !events_only))
            mark(clean, rule);
    }
    for (int i = 0; *text != '\0' && names[i] != NULL; i++) {
        RkRule *rule = find_rule(clean, setting, g_strstrip(names[i]), error);
        if (rule == NULL)
            return FALSE;
        if (!(kinds & BIT(rule->field->kind)))
            return fail_field(setting, names[i], "is of another kind. Leave it out.", error);
        if (events_only && rule->table != 0)
            return fail_field(setting, names[i], "is not one of the events. Leave it out.", error);
        mark(clean, rule);
    }
    return TRUE;
}

static void
mark_outliers(RkClean *clean, RkRule *rule)
{
    const char *how = rk_params_text(clean->input.clean, "clean.outliers");
    for (int o = 0; o < RK_N_OUTLIERS; o++)
        if (strcmp(how, OUTLIERS[o]) == 0)
            rule->outliers = (RkOutliers)o;
}

static void
mark_rare(RkClean *clean, RkRule *rule)
{
    rule->rare = TRUE;
    RkWords *words = &g_array_index(clean->words, RkWords, rule->vocabulary);
    if (words->count == NULL)
        words->count = g_new0(uint32_t, MAX(words->n, 1));
}

gboolean
rk_clean_rules(RkClean *clean, GError **error)
{
    const RkParams *params = clean->input.clean;
    if (!missing_rules(clean, error))
        return FALSE;
    if (strcmp(rk_params_text(params, "clean.outliers"), "keep") != 0) {
        if (rk_params_real(params, "clean.outliers.low") >=
            rk_params_real(params, "clean.outliers.high")) {
            g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                        "Can't look for outliers: clean.outliers.low must be below "
                        "clean.outliers.high.");
            return FALSE;
        }
        if (!mark_fields(clean, "clean.outliers.fields", BIT(RK_FIELD_NUMBER), TRUE, mark_outliers,
                         error))
            return FALSE;
    }
    if (strcmp(rk_params_text(params, "clean.rare"), "keep") != 0 &&
        !mark_fields(clean, "clean.rare.fields", BIT(RK_FIELD_CATEGORICAL) | BIT(RK_FIELD_MULTI),
                     FALSE, mark_rare, error))
        return FALSE;
    return TRUE;
}
