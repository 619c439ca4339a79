// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/schema.h"

#include "base/params.h"

#include <string.h>

// One row a kind, in the order of RkFieldKind. `vocabulary` names the shared one; "" means one of
// the field's own.
static const struct {
    const char *name;
    RkColumnType type;
    const char *vocabulary;
} KINDS[] = {
    [RK_FIELD_USER] = {"user", RK_COLUMN_CODE, "user"},
    [RK_FIELD_ITEM] = {"item", RK_COLUMN_CODE, "item"},
    [RK_FIELD_CATEGORICAL] = {"categorical", RK_COLUMN_CODE, ""},
    [RK_FIELD_MULTI] = {"multi", RK_COLUMN_CODES, ""},
    [RK_FIELD_NUMBER] = {"number", RK_COLUMN_REAL, NULL},
    [RK_FIELD_TIMESTAMP] = {"timestamp", RK_COLUMN_TIME, NULL},
    [RK_FIELD_LABEL] = {"label", RK_COLUMN_REAL, NULL},
    [RK_FIELD_TEXT] = {"text", RK_COLUMN_TEXT, NULL},
    [RK_FIELD_IGNORE] = {"ignore", RK_COLUMN_TEXT, NULL},
};
_Static_assert(G_N_ELEMENTS(KINDS) == RK_N_FIELD_KINDS, "a row for every kind");

static const char *const ROLES[] = {
    [RK_TABLE_EVENTS] = "events",
    [RK_TABLE_ITEMS] = "items",
    [RK_TABLE_USERS] = "users",
    [RK_TABLE_OTHER] = "other",
};

// Index of `name` among `n` names, or an error that lists them.
static int
parse_word(const char *what, const char *name, const char *const *names, size_t n, GError **error)
{
    for (size_t i = 0; i < n; i++)
        if (g_strcmp0(name, names[i]) == 0)
            return (int)i;
    const char *nearest = rk_nearest_word(name, names, n);
    g_autoptr(GString) all = g_string_new(NULL);
    for (size_t i = 0; i < n; i++)
        g_string_append_printf(all, "%s%s", i > 0 ? ", " : "", names[i]);
    if (nearest != NULL)
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't read the %s \"%s\": there is no such one. Did you mean %s?", what, name,
                    nearest);
    else
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't read the %s \"%s\": it is one of %s.",
                    what, name, all->str);
    return -1;
}

const char *
rk_field_kind_name(RkFieldKind kind)
{
    g_assert((unsigned)kind < RK_N_FIELD_KINDS);
    return KINDS[kind].name;
}

gboolean
rk_field_kind_parse(const char *name, RkFieldKind *kind, GError **error)
{
    const char *names[RK_N_FIELD_KINDS];
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        names[i] = KINDS[i].name;
    int i = parse_word("field kind", name, names, G_N_ELEMENTS(names), error);
    if (i < 0)
        return FALSE;
    *kind = (RkFieldKind)i;
    return TRUE;
}

RkColumnType
rk_field_column_type(RkFieldKind kind)
{
    g_assert((unsigned)kind < RK_N_FIELD_KINDS);
    return KINDS[kind].type;
}

const char *
rk_table_role_name(RkTableRole role)
{
    g_assert((unsigned)role < G_N_ELEMENTS(ROLES));
    return ROLES[role];
}

gboolean
rk_table_role_parse(const char *name, RkTableRole *role, GError **error)
{
    int i = parse_word("table role", name, ROLES, G_N_ELEMENTS(ROLES), error);
    if (i < 0)
        return FALSE;
    *role = (RkTableRole)i;
    return TRUE;
}

static void
free_field(gpointer p)
{
    RkField *field = p;
    g_free(field->name);
    g_free(field->vocabulary);
    g_free(field->why);
    g_free(field);
}

static void
free_table(gpointer p)
{
    RkTable *table = p;
    g_free(table->name);
    g_ptr_array_unref(table->fields);
    g_free(table);
}

RkSchema *
rk_schema_new(void)
{
    RkSchema *schema = g_new0(RkSchema, 1);
    schema->tables = g_ptr_array_new_with_free_func(free_table);
    return schema;
}

static RkSchema *
copy_schema(const RkSchema *schema, gboolean with_ignored)
{
    RkSchema *copy = rk_schema_new();
    for (guint t = 0; t < schema->tables->len; t++) {
        const RkTable *table = rk_schema_table(schema, t);
        RkTable *to = rk_schema_add_table(copy, table->name, table->role);
        for (guint f = 0; f < table->fields->len; f++) {
            const RkField *field = rk_table_field(table, f);
            if (field->kind == RK_FIELD_IGNORE && !with_ignored)
                continue;
            RkField *twin = rk_table_add_field(to, field->name, field->kind);
            g_free(twin->vocabulary);
            twin->vocabulary = g_strdup(field->vocabulary);
            twin->separator = field->separator;
            twin->per_second = field->per_second;
            twin->why = g_strdup(field->why);
        }
    }
    return copy;
}

RkSchema *
rk_schema_copy(const RkSchema *schema)
{
    return copy_schema(schema, TRUE);
}

RkSchema *
rk_schema_copy_stored(const RkSchema *schema)
{
    return copy_schema(schema, FALSE);
}

void
rk_schema_free(RkSchema *schema)
{
    if (schema == NULL)
        return;
    g_ptr_array_unref(schema->tables);
    g_free(schema);
}

RkTable *
rk_schema_add_table(RkSchema *schema, const char *name, RkTableRole role)
{
    RkTable *table = g_new0(RkTable, 1);
    table->name = g_strdup(name);
    table->role = role;
    table->fields = g_ptr_array_new_with_free_func(free_field);
    g_ptr_array_add(schema->tables, table);
    return table;
}

RkField *
rk_table_add_field(RkTable *table, const char *name, RkFieldKind kind)
{
    RkField *field = g_new0(RkField, 1);
    field->name = g_strdup(name);
    field->separator = '|';
    rk_field_set_kind(table, field, kind);
    g_ptr_array_add(table->fields, field);
    return field;
}

void
rk_field_set_kind(const RkTable *table, RkField *field, RkFieldKind kind)
{
    g_assert((unsigned)kind < RK_N_FIELD_KINDS);
    field->kind = kind;
    g_clear_pointer(&field->vocabulary, g_free);
    const char *shared = KINDS[kind].vocabulary;
    if (shared != NULL)
        field->vocabulary =
            *shared ? g_strdup(shared) : g_strdup_printf("%s.%s", table->name, field->name);
}

const RkTable *
rk_schema_table(const RkSchema *schema, uint32_t table)
{
    g_assert(table < schema->tables->len);
    return g_ptr_array_index(schema->tables, table);
}

RkField *
rk_table_field(const RkTable *table, uint32_t field)
{
    g_assert(field < table->fields->len);
    return g_ptr_array_index(table->fields, field);
}

int
rk_schema_find(const RkSchema *schema, const char *name)
{
    for (guint t = 0; t < schema->tables->len; t++)
        if (strcmp(rk_schema_table(schema, t)->name, name) == 0)
            return (int)t;
    return -1;
}

int
rk_schema_find_role(const RkSchema *schema, RkTableRole role)
{
    for (guint t = 0; t < schema->tables->len; t++)
        if (rk_schema_table(schema, t)->role == role)
            return (int)t;
    return -1;
}

int
rk_table_find(const RkTable *table, const char *name)
{
    for (guint f = 0; f < table->fields->len; f++)
        if (strcmp(rk_table_field(table, f)->name, name) == 0)
            return (int)f;
    return -1;
}

int
rk_table_find_kind(const RkTable *table, RkFieldKind kind)
{
    for (guint f = 0; f < table->fields->len; f++)
        if (rk_table_field(table, f)->kind == kind)
            return (int)f;
    return -1;
}
