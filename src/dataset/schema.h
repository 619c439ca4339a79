// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a dataset is: tables of typed fields. The event table holds one row an interaction; side
// tables describe items or users and join by their key. A schema is plain data, owned by one
// thread until it is frozen into a dataset.
#pragma once

#include "base/error.h"

#include <stdint.h>

typedef enum {
    RK_FIELD_USER,        // id of a user; a code of the vocabulary "user"
    RK_FIELD_ITEM,        // id of an item; a code of the vocabulary "item"
    RK_FIELD_CATEGORICAL, // one value of a finite set; a code of the field's own vocabulary
    RK_FIELD_MULTI,       // any number of such values, in order
    RK_FIELD_NUMBER,      // a real number
    RK_FIELD_TIMESTAMP,   // seconds since 1970 UTC, int64
    RK_FIELD_LABEL,       // a real number to predict
    RK_FIELD_TEXT,        // kept as it is, never a feature
    RK_FIELD_IGNORE,      // left out before anything is written
    RK_N_FIELD_KINDS,
} RkFieldKind;

typedef enum {
    RK_TABLE_EVENTS, // the interactions
    RK_TABLE_ITEMS,  // one row an item
    RK_TABLE_USERS,  // one row a user
    RK_TABLE_OTHER,  // further rows that name users or items (tags, say)
} RkTableRole;

// How a column's values are held in memory; it follows from the kind.
typedef enum {
    RK_COLUMN_CODE,  // uint32_t, RK_CODE_MISSING where the cell was empty
    RK_COLUMN_CODES, // uint32_t values with offsets
    RK_COLUMN_REAL,  // double, NaN where the cell was empty
    RK_COLUMN_TIME,  // int64_t, INT64_MIN where the cell was empty
    RK_COLUMN_TEXT,  // UTF-8 bytes with offsets
} RkColumnType;

#define RK_CODE_MISSING UINT32_MAX

typedef struct {
    char *name;
    RkFieldKind kind;
    char *vocabulary;    // name of the vocabulary that codes refer to; NULL for other kinds
    char separator;      // between the values of a MULTI cell
    uint32_t per_second; // units of a TIMESTAMP cell in a second (0 means 1, 1000 for ms)
    char *why;           // why an importer guessed this kind, a phrase for --dry-run; may be NULL
} RkField;

typedef struct {
    char *name; // "ratings"
    RkTableRole role;
    GPtrArray *fields; // of RkField, owned
} RkTable;

typedef struct {
    GPtrArray *tables; // of RkTable, owned; the event table first
} RkSchema;

// "user", "item", "categorical", "multi", "number", "timestamp", "label", "text", "ignore".
const char *rk_field_kind_name(RkFieldKind kind);
gboolean rk_field_kind_parse(const char *name, RkFieldKind *kind, GError **error);
RkColumnType rk_field_column_type(RkFieldKind kind);

RkSchema *rk_schema_new(void);
RkSchema *rk_schema_copy(const RkSchema *schema);
void rk_schema_free(RkSchema *schema);

// Appends and returns a table (owned by the schema) or a field (owned by the table).
RkTable *rk_schema_add_table(RkSchema *schema, const char *name, RkTableRole role);
RkField *rk_table_add_field(RkTable *table, const char *name, RkFieldKind kind);

// Changes the kind of a field, its column type and its vocabulary with it: "user" and "item" for
// ids, "TABLE.FIELD" for categories, NULL otherwise. rk_table_add_field() sets the same default;
// set `vocabulary` afterwards to share one (a MULTI field of items, say).
void rk_field_set_kind(const RkTable *table, RkField *field, RkFieldKind kind);

// A copy without IGNORE fields: what is stored. Columns of a chunk are in this schema's order,
// cells of a row batch in the order of the full one.
RkSchema *rk_schema_copy_stored(const RkSchema *schema);

// Index of the table with that name, or of the first in that role; -1 when there is none.
int rk_schema_find(const RkSchema *schema, const char *name);
int rk_schema_find_role(const RkSchema *schema, RkTableRole role);
const RkTable *rk_schema_table(const RkSchema *schema, uint32_t table);
RkField *rk_table_field(const RkTable *table, uint32_t field);

// "events", "items", "users", "other".
const char *rk_table_role_name(RkTableRole role);
gboolean rk_table_role_parse(const char *name, RkTableRole *role, GError **error);

// Index of the field with that name, or of the first of that kind; -1 when there is none.
int rk_table_find(const RkTable *table, const char *name);
int rk_table_find_kind(const RkTable *table, RkFieldKind kind);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkSchema, rk_schema_free)
