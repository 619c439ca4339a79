// SPDX-License-Identifier: GPL-3.0-or-later
//
// The import's schema: tables of several files gathered into one schema, roles, and the changes
// that --set makes.
#include "dataset/import-core.h"

#include <string.h>

static const char *const PROPERTIES[] = {"kind", "separator", "unit", "vocabulary", "role"};

static const struct {
    const char *name;
    uint32_t per_second;
} UNITS[] = {{"s", 1}, {"ms", 1000}, {"us", 1000000}, {"ns", 1000000000}};

// Words of a file name that say which part of a split the file is.
static const struct {
    const char *word;
    RkPart part;
} PARTS[] = {{"train", RK_PART_TRAIN},      {"training", RK_PART_TRAIN}, {"test", RK_PART_TEST},
             {"testing", RK_PART_TEST},     {"eval", RK_PART_TEST},      {"valid", RK_PART_VALID},
             {"validation", RK_PART_VALID}, {"val", RK_PART_VALID},      {"dev", RK_PART_VALID}};

// Splits "ml-1m.train" into "ml-1m" and train, "part-00003" into "part" and none.
static char *
base_of(const char *stem, RkPart *part)
{
    g_autoptr(GString) base = g_string_new(NULL);
    *part = RK_PART_NONE;
    while (*stem != '\0') {
        const size_t n = strcspn(stem, "._-");
        gboolean drop = n > 0 && strspn(stem, "0123456789") == n && base->len > 0;
        for (size_t i = 0; i < G_N_ELEMENTS(PARTS); i++)
            if (n == strlen(PARTS[i].word) && g_ascii_strncasecmp(stem, PARTS[i].word, n) == 0) {
                *part = PARTS[i].part;
                drop = TRUE;
            }
        const size_t step = stem[n] != '\0' ? n + 1 : n;
        if (!drop)
            g_string_append_len(base, stem, (gssize)step);
        stem += step;
    }
    while (base->len > 0 && strchr("._-", base->str[base->len - 1]) != NULL)
        g_string_truncate(base, base->len - 1);
    return base->len > 0 ? g_strdup(base->str) : g_strdup("events");
}

static RkTable *
table_at(const RkSchema *schema, uint32_t t)
{
    return g_ptr_array_index(schema->tables, t);
}

static gboolean
same_fields(const RkTable *a, const RkTable *b, gboolean named)
{
    if (a->role != b->role || a->fields->len != b->fields->len)
        return FALSE;
    for (uint32_t f = 0; f < a->fields->len; f++) {
        const RkField *x = rk_table_field(a, f);
        const RkField *y = rk_table_field(b, f);
        if (strcmp(x->name, y->name) != 0 || (!named && x->kind != y->kind))
            return FALSE;
    }
    return TRUE;
}

// The table that a file's rows continue, or -1: same format and columns, and either interactions
// or a part of the same thing by name.
static int
find_twin(const RkImport *import, guint i, RkSchema **tables, const char *base)
{
    const RkImportFile *file = g_ptr_array_index(import->files, i);
    for (guint j = 0; j < i; j++) {
        const RkImportFile *other = g_ptr_array_index(import->files, j);
        if (tables[j] == NULL || other->importer != file->importer)
            continue;
        const RkTable *table = table_at(tables[i], 0);
        RkPart part = RK_PART_NONE;
        g_autofree char *other_base = base_of(other->stem, &part);
        if (same_fields(table, table_at(tables[j], 0), file->names_fields && other->names_fields) &&
            (table->role == RK_TABLE_EVENTS || strcmp(base, other_base) == 0))
            return (int)other->table;
    }
    return -1;
}

static void
add_copy(RkSchema *schema, const RkTable *table, const char *name)
{
    g_autofree char *unique = g_strdup(name);
    if (rk_schema_find(schema, unique) >= 0) { // ml-1m.inter and ml-1m.item, say
        g_free(unique);
        unique = g_strdup_printf("%s_%s", name, rk_table_role_name(table->role));
    }
    for (int n = 2; rk_schema_find(schema, unique) >= 0; n++) {
        g_free(unique);
        unique = g_strdup_printf("%s_%d", name, n);
    }
    RkTable *copy = rk_schema_add_table(schema, unique, table->role);
    for (uint32_t f = 0; f < table->fields->len; f++) {
        const RkField *from = rk_table_field(table, f);
        RkField *field = rk_table_add_field(copy, from->name, from->kind);
        field->separator = from->separator;
        field->per_second = from->per_second;
        field->why = g_strdup(from->why);
        // The field's own vocabulary bears the table's name; a shared one stays.
        if (g_strcmp0(from->vocabulary, "user") == 0 || g_strcmp0(from->vocabulary, "item") == 0) {
            g_free(field->vocabulary);
            field->vocabulary = g_strdup(from->vocabulary);
        }
    }
}

// Fields that a model could use.
static uint32_t
n_features(const RkTable *table)
{
    uint32_t n = 0;
    for (uint32_t f = 0; f < table->fields->len; f++) {
        const RkFieldKind kind = rk_table_field(table, f)->kind;
        n += kind == RK_FIELD_CATEGORICAL || kind == RK_FIELD_MULTI || kind == RK_FIELD_NUMBER;
    }
    return n;
}

static int
compare_tables(gconstpointer a, gconstpointer b)
{
    const RkTable *x = *(RkTable *const *)a;
    const RkTable *y = *(RkTable *const *)b;
    if (x->role != y->role)
        return x->role < y->role ? -1 : 1;
    const uint32_t nx = n_features(x);
    const uint32_t ny = n_features(y);
    return nx != ny ? (nx > ny ? -1 : 1) : strcmp(x->name, y->name);
}

// The event table comes first, then items, users, others; of one role the one that says more, so
// that movies stand before links. Files follow their tables.
static void
order_tables(RkImport *import)
{
    GPtrArray *tables = import->schema->tables;
    g_autofree gpointer *before = g_memdup2(tables->pdata, tables->len * sizeof(gpointer));
    g_ptr_array_sort(tables, compare_tables);
    for (guint i = 0; i < import->files->len; i++) {
        RkImportFile *file = g_ptr_array_index(import->files, i);
        if (file->importer != NULL)
            g_ptr_array_find(tables, before[file->table], &file->table);
    }
}

// How much a table looks like the interactions rather than something said beside them.
static int
event_score(const RkTable *table)
{
    static const char *const WORDS[] = {"rating", "inter", "event",   "click",
                                        "view",   "log",   "purchase"};
    int score = 4 * (rk_table_find_kind(table, RK_FIELD_LABEL) >= 0) +
                (rk_table_find_kind(table, RK_FIELD_TIMESTAMP) >= 0);
    g_autofree char *name = g_ascii_strdown(table->name, -1);
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++)
        if (strstr(name, WORDS[i]) != NULL)
            return score + 2;
    return score;
}

// A dataset has one event table: the likeliest; the others keep their rows as further tables.
static void
choose_events(RkSchema *schema)
{
    RkTable *best = NULL;
    gboolean has_events = FALSE;
    for (guint t = 0; t < schema->tables->len; t++)
        has_events = has_events || table_at(schema, t)->role == RK_TABLE_EVENTS;
    for (guint t = 0; t < schema->tables->len; t++) {
        RkTable *table = table_at(schema, t);
        // Tags alone are what users did to items.
        if (!has_events && table->role == RK_TABLE_OTHER &&
            rk_table_find_kind(table, RK_FIELD_USER) >= 0 &&
            rk_table_find_kind(table, RK_FIELD_ITEM) >= 0)
            table->role = RK_TABLE_EVENTS;
        if (table->role == RK_TABLE_EVENTS &&
            (best == NULL || event_score(table) > event_score(best)))
            best = table;
    }
    for (guint t = 0; t < schema->tables->len; t++) {
        RkTable *table = table_at(schema, t);
        if (table->role == RK_TABLE_EVENTS && table != best)
            table->role = RK_TABLE_OTHER;
    }
}

void
rk_import_merge(RkImport *import, RkSchema **tables)
{
    for (guint i = 0; i < import->files->len; i++) {
        RkImportFile *file = g_ptr_array_index(import->files, i);
        if (tables[i] == NULL)
            continue;
        const RkTable *table = table_at(tables[i], 0);
        RkPart part = RK_PART_NONE;
        g_autofree char *base = base_of(file->stem, &part);
        file->part = part;
        int twin = find_twin(import, i, tables, base);
        file->table = twin >= 0 ? (uint32_t)twin : import->schema->tables->len;
        const gboolean own_name = strcmp(table->name, file->stem) != 0;
        if (twin < 0)
            add_copy(import->schema, table, own_name ? table->name : base);
    }
    choose_events(import->schema);
    order_tables(import);
}

// ---- changes -------------------------------------------------------------------------------

gboolean
rk_import_is_edit(const char *assignment)
{
    const char *equals = strchr(assignment, '=');
    if (equals == NULL)
        return FALSE;
    g_autofree char *key = g_strndup(assignment, (gsize)(equals - assignment));
    const char *dot = strrchr(key, '.');
    for (size_t i = 0; dot != NULL && i < G_N_ELEMENTS(PROPERTIES); i++)
        if (strcmp(dot + 1, PROPERTIES[i]) == 0)
            return TRUE;
    return FALSE;
}

// "FIELD" in any table, or "TABLE.FIELD"; names may contain dots themselves.
static RkField *
find_field(const RkSchema *schema, const char *path, RkTable **in)
{
    for (guint t = 0; t < schema->tables->len; t++) {
        *in = table_at(schema, t);
        int f = rk_table_find(*in, path);
        if (f >= 0)
            return rk_table_field(*in, (uint32_t)f);
    }
    for (guint t = 0; t < schema->tables->len; t++) {
        *in = table_at(schema, t);
        const size_t n = strlen((*in)->name);
        if (strncmp(path, (*in)->name, n) != 0 || path[n] != '.')
            continue;
        int f = rk_table_find(*in, path + n + 1);
        if (f >= 0)
            return rk_table_field(*in, (uint32_t)f);
    }
    return NULL;
}

static gboolean
fail_no_field(const RkSchema *schema, const char *path, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) all = g_string_new(NULL);
    for (guint t = 0; t < schema->tables->len; t++)
        for (uint32_t f = 0; f < table_at(schema, t)->fields->len; f++) {
            const char *name = rk_table_field(table_at(schema, t), f)->name;
            g_ptr_array_add(names, g_strdup(name));
            if (names->len <= 40) // a Criteo row has as many
                g_string_append_printf(all, "%s%s.%s", all->len ? ", " : "",
                                       table_at(schema, t)->name, name);
        }
    const char *nearest = rk_nearest_word(path, (const char *const *)names->pdata, names->len);
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't change the field %s: there is no such field. There are: %s%s.%s%s%s", path,
                all->str, names->len > 40 ? ", ..." : "", nearest ? " Did you mean " : "",
                nearest ? nearest : "", nearest ? "?" : "");
    return FALSE;
}

static gboolean
fail_value(const char *key, const char *value, const char *takes, GError **error)
{
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't set %s to \"%s\": it takes %s.", key, value,
                takes);
    return FALSE;
}

static gboolean
set_role(RkImport *import, const char *path, const char *value, GError **error)
{
    int t = rk_schema_find(import->schema, path);
    RkTableRole role = RK_TABLE_OTHER;
    if (t < 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't set the role of %s: there is no such table. See --dry-run.", path);
        return FALSE;
    }
    if (!rk_table_role_parse(value, &role, error))
        return FALSE;
    for (guint i = 0; i < import->schema->tables->len && role == RK_TABLE_EVENTS; i++)
        if (table_at(import->schema, i)->role == RK_TABLE_EVENTS)
            table_at(import->schema, i)->role = RK_TABLE_OTHER;
    table_at(import->schema, (uint32_t)t)->role = role;
    order_tables(import);
    return TRUE;
}

static gboolean
set_unit(RkField *field, const char *key, const char *value, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(UNITS); i++)
        if (strcmp(UNITS[i].name, value) == 0) {
            field->per_second = UNITS[i].per_second;
            return TRUE;
        }
    return fail_value(key, value, "s, ms, us or ns", error);
}

static gboolean
set_property(RkTable *table, RkField *field, const char *key, const char *property,
             const char *value, GError **error)
{
    RkFieldKind kind = field->kind;
    if (strcmp(property, "unit") == 0)
        return set_unit(field, key, value, error);
    if (strcmp(property, "separator") == 0) {
        if (strlen(value) != 1)
            return fail_value(key, value, "one character", error);
        field->separator = value[0];
        return TRUE;
    }
    if (strcmp(property, "vocabulary") == 0) {
        if (field->vocabulary == NULL || *value == '\0')
            return fail_value(key, value,
                              "a name, and only ids, categorical and multi-valued "
                              "fields have one",
                              error);
        g_free(field->vocabulary);
        field->vocabulary = g_strdup(value);
        return TRUE;
    }
    if (!rk_field_kind_parse(value, &kind, error))
        return FALSE;
    rk_field_set_kind(table, field, kind);
    return TRUE;
}

gboolean
rk_import_edit(RkImport *import, const char *assignment, GError **error)
{
    const char *equals = strchr(assignment, '=');
    g_autofree char *key = equals ? g_strndup(assignment, (gsize)(equals - assignment)) : NULL;
    char *dot = key ? strrchr(key, '.') : NULL;
    if (dot == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't read the change \"%s\": write it as FIELD.kind=label, say.", assignment);
        return FALSE;
    }
    g_autofree char *path = g_strndup(key, (gsize)(dot - key));
    if (strcmp(dot + 1, "role") == 0)
        return set_role(import, path, equals + 1, error);
    RkTable *table = NULL;
    RkField *field = find_field(import->schema, path, &table);
    if (field == NULL)
        return fail_no_field(import->schema, path, error);
    if (!set_property(table, field, key, dot + 1, equals + 1, error))
        return FALSE;
    g_free(field->why);
    field->why = g_strdup("--set");
    return TRUE;
}
