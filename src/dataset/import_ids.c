// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/import-ids.h"

#include "dataset/vocabulary.h"

#include <string.h>

// The ids of a side table that were met.
typedef struct {
    int field; // -1 for a table without a key
    RkVocabulary *met;
    GArray *lines; // of uint64_t: where, by code
} Key;

// Ids of users or of items, each with its pseudonym.
typedef struct {
    RkVocabulary *ids;
    GByteArray *digits; // RK_PSEUDONYM_DIGITS each, by code
} Names;

struct RkImportIds {
    const RkSchema *schema;
    const RkPseudonym *pseudonym;
    Key *keys;         // of each table
    GHashTable *names; // "user", "item" -> Names
};

static void
free_names(gpointer p)
{
    Names *names = p;
    rk_vocabulary_unref(names->ids);
    g_byte_array_unref(names->digits);
    g_free(names);
}

static int
key_field(const RkTable *table)
{
    if (table->role == RK_TABLE_ITEMS)
        return rk_table_find_kind(table, RK_FIELD_ITEM);
    if (table->role == RK_TABLE_USERS)
        return rk_table_find_kind(table, RK_FIELD_USER);
    return -1;
}

// "user" or "item" for a field whose values are such ids, by its own kind or because it shares the
// vocabulary of one that is; NULL for others.
static const char *
whose_ids(const RkSchema *schema, const RkField *field)
{
    if (field->kind == RK_FIELD_USER || g_strcmp0(field->vocabulary, "user") == 0)
        return "user";
    if (field->kind == RK_FIELD_ITEM || g_strcmp0(field->vocabulary, "item") == 0)
        return "item";
    for (guint t = 0; t < schema->tables->len && field->vocabulary != NULL; t++) {
        const RkTable *table = rk_schema_table(schema, t);
        for (uint32_t f = 0; f < table->fields->len; f++) {
            const RkField *other = rk_table_field(table, f);
            if ((other->kind == RK_FIELD_USER || other->kind == RK_FIELD_ITEM) &&
                g_strcmp0(other->vocabulary, field->vocabulary) == 0)
                return other->kind == RK_FIELD_USER ? "user" : "item";
        }
    }
    return NULL;
}

// The same, NULL where they stay as they are.
static const char *
replaced_ids(const RkSchema *schema, const RkPseudonym *pseudonym, const RkField *field)
{
    const char *whose = pseudonym ? whose_ids(schema, field) : NULL;
    return whose != NULL && rk_pseudonym_wants(pseudonym, whose) ? whose : NULL;
}

gboolean
rk_import_ids_ready(const RkSchema *schema, const RkPseudonym *pseudonym, GError **error)
{
    for (guint t = 0; t < schema->tables->len && pseudonym != NULL; t++) {
        const RkTable *table = rk_schema_table(schema, t);
        for (uint32_t f = 0; f < table->fields->len; f++)
            if (replaced_ids(schema, pseudonym, rk_table_field(table, f)) != NULL)
                return TRUE;
    }
    if (pseudonym == NULL)
        return TRUE;
    g_set_error_literal(error, RK_ERROR, RK_ERROR_USAGE,
                        "Can't pseudonymize: no field is the id of a user. Mark it with --set "
                        "FIELD.kind=user, or leave --pseudonymize out.");
    return FALSE;
}

RkImportIds *
rk_import_ids_new(const RkSchema *schema, const RkPseudonym *pseudonym)
{
    RkImportIds *ids = g_new0(RkImportIds, 1);
    ids->schema = schema;
    ids->pseudonym = pseudonym;
    ids->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_names);
    ids->keys = g_new0(Key, schema->tables->len);
    for (guint t = 0; t < schema->tables->len; t++)
        ids->keys[t].field = key_field(rk_schema_table(schema, t));
    return ids;
}

void
rk_import_ids_free(RkImportIds *ids)
{
    if (ids == NULL)
        return;
    for (guint t = 0; t < ids->schema->tables->len; t++) {
        g_clear_pointer(&ids->keys[t].met, rk_vocabulary_unref);
        g_clear_pointer(&ids->keys[t].lines, g_array_unref);
    }
    g_free(ids->keys);
    g_hash_table_unref(ids->names);
    g_free(ids);
}

char *
rk_import_ids_check(RkImportIds *ids, const RkRowBatch *rows, uint32_t row)
{
    Key *key = &ids->keys[rows->table];
    if (key->field < 0)
        return NULL;
    const RkTable *table = rk_schema_table(ids->schema, rows->table);
    const RkCell *id = &rows->cells[(size_t)row * rows->n_fields + (uint32_t)key->field];
    const uint64_t line = rows->line[row];
    g_autofree char *where =
        g_strdup_printf("%s: line %" G_GUINT64_FORMAT ", column %d (%s)", rows->file, line,
                        key->field + 1, rk_table_field(table, (uint32_t)key->field)->name);
    if (id->length == 0)
        return g_strdup_printf("%s has no id. Fill it in or pass --set on-error=skip.", where);
    if (key->met == NULL) {
        key->met = rk_vocabulary_new();
        key->lines = g_array_new(FALSE, FALSE, sizeof line);
    }
    const uint32_t code = rk_vocabulary_intern(key->met, id->text, id->length);
    if (code == key->lines->len) {
        g_array_append_val(key->lines, line);
        return NULL;
    }
    // A message may be stored, so a secret id isn't in it.
    const RkField *field = rk_table_field(table, (uint32_t)key->field);
    const gboolean secret = replaced_ids(ids->schema, ids->pseudonym, field) != NULL;
    return g_strdup_printf(
        "%s repeats the id %s%.*s%sof line %" G_GUINT64_FORMAT ". Remove one of them, pass --set "
        "on-error=skip to keep the first, or --set %s.role=other if it isn't one row an id.",
        where, secret ? "" : "\"", secret ? 0 : (int)MIN(id->length, 60), id->text,
        secret ? "" : "\" ", code < key->lines->len ? g_array_index(key->lines, uint64_t, code) : 0,
        table->name);
}

// The digits of an id; they move when the next new one comes.
static const guint8 *
pseudonym_of(RkImportIds *ids, const char *whose, const char *id, uint32_t n)
{
    Names *names = g_hash_table_lookup(ids->names, whose);
    if (names == NULL) {
        names = g_new0(Names, 1);
        names->ids = rk_vocabulary_new();
        names->digits = g_byte_array_new();
        g_hash_table_insert(ids->names, g_strdup(whose), names);
    }
    const uint32_t code = rk_vocabulary_intern(names->ids, id, n);
    if ((size_t)code * RK_PSEUDONYM_DIGITS == names->digits->len) {
        char digits[RK_PSEUDONYM_DIGITS];
        rk_pseudonym_of(ids->pseudonym, whose, id, n, digits);
        g_byte_array_append(names->digits, (const guint8 *)digits, sizeof digits);
    }
    return names->digits->data + (size_t)code * RK_PSEUDONYM_DIGITS;
}

// The ids of a multi-valued cell, each replaced.
static RkCell
replace_values(RkImportIds *ids, RkEmitBatch *batch, const RkField *field, const char *whose,
               RkCell cell)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const char *p = cell.text;
    const char *end = p + cell.length;
    while (p <= end) {
        const char *stop = p < end ? memchr(p, field->separator, (size_t)(end - p)) : NULL;
        stop = stop ? stop : end;
        if (stop > p) {
            const guint8 *digits = pseudonym_of(ids, whose, p, (uint32_t)(stop - p));
            g_string_append_len(text, (const char *)digits, RK_PSEUDONYM_DIGITS);
        }
        if (stop < end)
            g_string_append_c(text, field->separator);
        p = stop + 1;
    }
    char *copy = rk_emit_batch_text(batch, text->len + 1);
    memcpy(copy, text->str, text->len);
    return (RkCell){.text = copy, .length = (uint32_t)text->len};
}

static RkCell
replace_id(RkImportIds *ids, RkEmitBatch *batch, const RkField *field, const char *whose,
           RkCell cell)
{
    if (field->kind == RK_FIELD_MULTI)
        return replace_values(ids, batch, field, whose, cell);
    char *copy = rk_emit_batch_text(batch, RK_PSEUDONYM_DIGITS);
    memcpy(copy, pseudonym_of(ids, whose, cell.text, cell.length), RK_PSEUDONYM_DIGITS);
    return (RkCell){.text = copy, .length = RK_PSEUDONYM_DIGITS};
}

void
rk_import_ids_replace(RkImportIds *ids, RkEmitBatch *batch)
{
    const RkRowBatch *rows = rk_emit_batch_rows(batch);
    RkCell *cells = rk_emit_batch_cells(batch);
    const RkTable *table = rk_schema_table(ids->schema, rows->table);
    for (uint32_t f = 0; f < rows->n_fields && ids->pseudonym != NULL; f++) {
        const RkField *field = rk_table_field(table, f);
        const char *whose = replaced_ids(ids->schema, ids->pseudonym, field);
        if (whose == NULL)
            continue;
        for (uint32_t row = 0; row < rows->n_rows; row++) {
            RkCell *cell = &cells[(size_t)row * rows->n_fields + f];
            if (cell->length > 0)
                *cell = replace_id(ids, batch, field, whose, *cell);
        }
    }
}
