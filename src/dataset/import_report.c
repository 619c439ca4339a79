// SPDX-License-Identifier: GPL-3.0-or-later
//
// An import told as JSON: the files, the schema, what was skipped.
#include "base/json.h"
#include "dataset/import-core.h"

static void
file_to_json(const RkImport *import, uint32_t i, JsonBuilder *builder)
{
    const RkImportFileInfo info = rk_import_file(import, i);
    json_builder_begin_object(builder);
    rk_json_add_text(builder, "name", info.name);
    rk_json_add_text(builder, "format", info.format);
    if (info.compression != NULL)
        rk_json_add_text(builder, "compression", info.compression);
    rk_json_add_int(builder, "confidence", info.confidence);
    rk_json_add_text(builder, "why", info.why);
    if (info.format != NULL) {
        rk_json_add_text(builder, "table", rk_schema_table(import->schema, info.table)->name);
        if (info.part != RK_PART_NONE)
            rk_json_add_text(builder, "part", rk_part_name(info.part));
    }
    json_builder_end_object(builder);
}

static void
field_to_json(const RkField *field, JsonBuilder *builder)
{
    json_builder_begin_object(builder);
    rk_json_add_text(builder, "name", field->name);
    rk_json_add_text(builder, "kind", rk_field_kind_name(field->kind));
    rk_json_add_text(builder, "why", field->why);
    if (field->vocabulary != NULL)
        rk_json_add_text(builder, "vocabulary", field->vocabulary);
    if (field->kind == RK_FIELD_MULTI) {
        const char separator[2] = {field->separator, '\0'};
        rk_json_add_text(builder, "separator", separator);
    }
    if (field->kind == RK_FIELD_TIMESTAMP)
        rk_json_add_int(builder, "per_second", MAX(field->per_second, 1));
    json_builder_end_object(builder);
}

void
rk_import_to_json(const RkImport *import, JsonBuilder *builder)
{
    json_builder_set_member_name(builder, "files");
    json_builder_begin_array(builder);
    for (uint32_t i = 0; i < import->files->len; i++)
        file_to_json(import, i, builder);
    json_builder_end_array(builder);
    json_builder_set_member_name(builder, "tables");
    json_builder_begin_array(builder);
    for (guint t = 0; t < import->schema->tables->len; t++) {
        const RkTable *table = rk_schema_table(import->schema, t);
        json_builder_begin_object(builder);
        rk_json_add_text(builder, "name", table->name);
        rk_json_add_text(builder, "role", rk_table_role_name(table->role));
        json_builder_set_member_name(builder, "fields");
        json_builder_begin_array(builder);
        for (guint f = 0; f < table->fields->len; f++)
            field_to_json(rk_table_field(table, f), builder);
        json_builder_end_array(builder);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

static void
texts_to_json(const char *name, const GPtrArray *texts, JsonBuilder *builder)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
    for (guint i = 0; i < texts->len; i++)
        json_builder_add_string_value(builder, g_ptr_array_index(texts, i));
    json_builder_end_array(builder);
}

void
rk_import_report_to_json(const RkImportReport *report, JsonBuilder *builder)
{
    rk_json_add_int(builder, "skipped", (int64_t)report->skipped.n_skipped);
    texts_to_json("skipped_first", report->skipped.examples, builder);
    texts_to_json("notes", report->notes, builder);
}
