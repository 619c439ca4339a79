// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/import_preview.h"

#include "base/json.h"

#include <stdio.h>

#define PREVIEW_ROWS    5u
#define PREVIEW_FIELDS  12u // shown side by side
#define CELL_CHARACTERS 24

typedef struct {
    RkRowSink sink;
    GPtrArray **rows; // [n_tables] of GStrv
} Preview;

static gboolean
take_rows(RkRowSink *sink, const RkRowBatch *batch, GError **error)
{
    Preview *preview = (Preview *)sink;
    GPtrArray *rows = preview->rows[batch->table];
    for (uint32_t row = 0; row < batch->n_rows && rows->len < PREVIEW_ROWS; row++) {
        GStrv cells = g_new0(char *, batch->n_fields + 1);
        for (uint32_t f = 0; f < batch->n_fields; f++) {
            const RkCell *cell = &batch->cells[(size_t)row * batch->n_fields + f];
            cells[f] = g_strndup(cell->length > 0 ? cell->text : "", cell->length);
        }
        g_ptr_array_add(rows, cells);
    }
    sink->n_taken = batch->n_rows;
    return TRUE;
}

static void
print_files(const RkImport *import)
{
    for (uint32_t i = 0; i < rk_import_n_files(import); i++) {
        const RkImportFileInfo info = rk_import_file(import, i);
        if (info.format == NULL) {
            printf("%s: left out; %s\n", info.name, info.why);
            continue;
        }
        printf("%s: %s%s%s, %d %% sure: %s%s%s\n", info.name, info.format,
               info.compression ? " compressed by " : "", info.compression ? info.compression : "",
               info.confidence, info.why,
               info.part != RK_PART_NONE ? "; the part of a split: " : "",
               info.part != RK_PART_NONE ? rk_part_name(info.part) : "");
    }
}

// A cell on one line and of bounded width.
static char *
short_text(const char *text)
{
    g_autofree char *flat = g_strdup(text);
    for (char *p = flat; *p != '\0'; p++)
        if (g_ascii_iscntrl(*p)) // a terminal would obey
            *p = ' ';
    if (g_utf8_strlen(flat, -1) <= CELL_CHARACTERS)
        return g_steal_pointer(&flat);
    g_autofree char *start = g_utf8_substring(flat, 0, CELL_CHARACTERS - 1);
    return g_strconcat(start, "\u2026", NULL);
}

static void
print_padded(const char *text, glong width)
{
    g_autofree char *cell = short_text(text);
    printf("  %s%*s", cell, (int)MAX(0, width - g_utf8_strlen(cell, -1)), "");
}

static void
print_rows(const RkTable *table, const GPtrArray *rows)
{
    const uint32_t n = MIN(table->fields->len, PREVIEW_FIELDS);
    glong width[PREVIEW_FIELDS];
    for (uint32_t f = 0; f < n; f++) {
        width[f] = MIN(CELL_CHARACTERS, g_utf8_strlen(rk_table_field(table, f)->name, -1));
        for (guint row = 0; row < rows->len; row++) {
            g_autofree char *cell = short_text(((GStrv)g_ptr_array_index(rows, row))[f]);
            width[f] = MAX(width[f], g_utf8_strlen(cell, -1));
        }
    }
    for (int row = -1; row < (int)rows->len; row++) {
        for (uint32_t f = 0; f < n; f++)
            print_padded(row < 0 ? rk_table_field(table, f)->name
                                 : ((GStrv)g_ptr_array_index(rows, (guint)row))[f],
                         width[f]);
        puts(n < table->fields->len ? "  \u2026" : "");
    }
}

static void
print_text(const RkImport *import, GPtrArray *const *rows)
{
    const RkSchema *schema = rk_import_schema(import);
    print_files(import);
    for (guint t = 0; t < schema->tables->len; t++) {
        const RkTable *table = rk_schema_table(schema, t);
        printf("\nTable %s (%s)\n", table->name, rk_table_role_name(table->role));
        for (guint f = 0; f < table->fields->len; f++) {
            const RkField *field = rk_table_field(table, f);
            printf("  %-22s %-12s %s\n", field->name, rk_field_kind_name(field->kind), field->why);
        }
        puts("");
        print_rows(table, rows[t]);
    }
    puts("\nChange a guess with --set FIELD.kind=..., leave a field out with FIELD.kind=ignore.");
}

static void
print_json(const RkImport *import, GPtrArray *const *rows)
{
    const RkSchema *schema = rk_import_schema(import);
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    rk_import_to_json(import, builder);
    json_builder_set_member_name(builder, "first_rows");
    json_builder_begin_object(builder);
    for (guint t = 0; t < schema->tables->len; t++) {
        json_builder_set_member_name(builder, rk_schema_table(schema, t)->name);
        json_builder_begin_array(builder);
        for (guint row = 0; row < rows[t]->len; row++) {
            json_builder_begin_array(builder);
            for (GStrv cell = g_ptr_array_index(rows[t], row); *cell != NULL; cell++)
                json_builder_add_string_value(builder, *cell);
            json_builder_end_array(builder);
        }
        json_builder_end_array(builder);
    }
    json_builder_end_object(builder);
    json_builder_end_object(builder);
    g_autofree char *text = rk_json_text(builder, TRUE);
    puts(text);
}

gboolean
rk_import_preview(RkImport *import, const RkPseudonym *pseudonym, gboolean json, GError **error)
{
    const RkSchema *schema = rk_import_schema(import);
    const RkImportOptions options = {.pseudonym = pseudonym, .max_rows = PREVIEW_ROWS};
    g_autofree GPtrArray **rows = g_new0(GPtrArray *, schema->tables->len);
    for (guint t = 0; t < schema->tables->len; t++)
        rows[t] = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    Preview preview = {.sink = {.rows = take_rows}, .rows = rows};
    gboolean done = rk_import_run(import, &preview.sink, &options, NULL, error);
    if (json)
        print_json(import, rows);
    else
        print_text(import, rows);
    for (guint t = 0; t < schema->tables->len; t++)
        g_ptr_array_unref(rows[t]);
    return done;
}
