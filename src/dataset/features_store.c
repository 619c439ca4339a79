// SPDX-License-Identifier: GPL-3.0-or-later
//
// Features as JSON, bytes and text. JSON keeps 17 digits, so a number read back is the same.
#include "dataset/features-private.h"

#include "base/json.h"

#include <string.h>

static void
add_feature(JsonBuilder *b, const RkFeature *f)
{
    RkFeatureInfo info = rk_feature_info(f);
    json_builder_begin_object(b);
    rk_json_add_text(b, "name", f->name);
    rk_json_add_int(b, "table", f->table);
    rk_json_add_int(b, "field", f->field);
    rk_json_add_text(b, "kind", f->kind->name);
    if (info.is_code)
        rk_json_add_int(b, "codes", info.n_codes);
    rk_json_add_real(b, "center", f->center);
    rk_json_add_real(b, "scale", f->scale);
    rk_json_add_real(b, "missing", (double)f->missing);
    rk_json_add_reals(b, "knots", f->knots, f->n_knots);
    rk_json_add_int(b, "totals", f->n_totals);
    rk_json_add_real(b, "prior", f->prior);
    rk_json_add_real(b, "smoothing", f->smoothing);
    json_builder_end_object(b);
}

char *
rk_features_to_json(const RkFeatures *features)
{
    g_autoptr(JsonBuilder) b = json_builder_new();
    json_builder_begin_object(b);
    json_builder_set_member_name(b, "features");
    json_builder_begin_array(b);
    for (guint i = 0; i < features->features->len; i++)
        add_feature(b, g_ptr_array_index(features->features, i));
    json_builder_end_array(b);
    json_builder_end_object(b);
    return rk_json_text(b, FALSE);
}

GBytes *
rk_features_to_bytes(const RkFeatures *features)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    for (guint i = 0; i < features->features->len; i++) {
        const RkFeature *f = g_ptr_array_index(features->features, i);
        if (f->n_totals > 0)
            g_byte_array_append(bytes, (const guint8 *)f->totals,
                                f->n_totals * (guint)sizeof *f->totals);
    }
    return bytes->len > 0 ? g_byte_array_free_to_bytes(g_steal_pointer(&bytes)) : NULL;
}

typedef struct {
    const uint8_t *bytes;
    size_t n_left;
} Totals;

static gboolean
refuse(GError **error, const char *cause)
{
    g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                "Can't read the features: %s. Fit them again (rankine dataset NAME --set "
                "features.scale=standard).",
                cause);
    return FALSE;
}

static gboolean
read_place(const RkSchema *schema, JsonObject *o, RkFeatures *features, RkFeature **feature,
           GError **error)
{
    int64_t table, field;
    const char *kind;
    if (!rk_json_int(o, "table", &table, error) || !rk_json_int(o, "field", &field, error) ||
        !rk_json_string(o, "kind", &kind, error))
        return FALSE;
    if (table < 0 || table >= schema->tables->len || field < 0 ||
        field >= rk_schema_table(schema, (uint32_t)table)->fields->len)
        return refuse(error, "one is of a field that isn't there");
    const RkFeatureKind *k = rk_feature_kind(kind);
    if (k == NULL)
        return refuse(error, "one is of a kind that this version doesn't know");
    *feature = rk_features_add(features, schema, (uint32_t)table, (uint32_t)field, k);
    return TRUE;
}

static gboolean
read_feature(const RkSchema *schema, JsonObject *o, Totals *totals, RkFeatures *features,
             GError **error)
{
    RkFeature *f;
    double missing;
    int64_t n_totals;
    if (!read_place(schema, o, features, &f, error) ||
        !rk_json_real(o, "center", &f->center, error) ||
        !rk_json_real(o, "scale", &f->scale, error) ||
        !rk_json_real(o, "missing", &missing, error) ||
        !rk_json_reals(o, "knots", &f->knots, &f->n_knots, error) ||
        !rk_json_int(o, "totals", &n_totals, error) ||
        !rk_json_real(o, "prior", &f->prior, error) ||
        !rk_json_real(o, "smoothing", &f->smoothing, error))
        return FALSE;
    f->missing = (float)missing;
    for (uint32_t i = 1; i < f->n_knots; i++)
        if (!(f->knots[i - 1] <= f->knots[i]))
            return refuse(error, "knots don't ascend");
    if (n_totals < 0 || (uint64_t)n_totals > totals->n_left / sizeof *f->totals)
        return refuse(error, "totals are missing");
    f->n_totals = (uint32_t)n_totals;
    f->totals = g_memdup2(totals->bytes, f->n_totals * sizeof *f->totals);
    totals->bytes += f->n_totals * sizeof *f->totals;
    totals->n_left -= f->n_totals * sizeof *f->totals;
    return TRUE;
}

RkFeatures *
rk_features_from_json(const RkSchema *schema, const char *json, GBytes *bytes, GError **error)
{
    JsonArray *array = NULL;
    Totals totals = {0};
    if (bytes != NULL)
        totals.bytes = g_bytes_get_data(bytes, &totals.n_left);
    g_autoptr(RkFeatures) features = rk_features_new();
    g_autoptr(JsonNode) root = rk_json_parse(json, "the features", error);
    if (root == NULL || !rk_json_array(json_node_get_object(root), "features", &array, error))
        return NULL;
    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonNode *node = json_array_get_element(array, i);
        if (!JSON_NODE_HOLDS_OBJECT(node)) {
            refuse(error, "one is no object");
            return NULL;
        }
        if (!read_feature(schema, json_node_get_object(node), &totals, features, error))
            return NULL;
    }
    return g_steal_pointer(&features);
}

static void
append_fitted(GString *text, const RkFeature *f)
{
    if (f->kind->is_past)
        g_string_append_printf(text, "  %u codes, mean label %.4g", f->n_totals, f->prior);
    else if (f->kind->is_code)
        g_string_append_printf(text, "  %u codes", rk_feature_info(f).n_codes);
    else if (f->n_knots > 1)
        g_string_append_printf(text, "  %.4g .. %.4g .. %.4g", f->knots[0],
                               f->knots[f->n_knots / 2], f->knots[f->n_knots - 1]);
    else if (f->scale > 0)
        g_string_append_printf(text, "  %.4g + %.4g x", f->center, 1 / f->scale);
    g_string_append_c(text, '\n');
}

char *
rk_features_to_text(const RkFeatures *features, const RkSchema *schema)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < features->features->len; i++) {
        const RkFeature *f = g_ptr_array_index(features->features, i);
        const char *table = rk_schema_table(schema, f->table)->name;
        g_autofree char *name =
            f->table == 0 ? g_strdup(f->name) : g_strdup_printf("%s.%s", table, f->name);
        g_string_append_printf(text, "  %-24s %-12s", name, f->kind->name);
        append_fitted(text, f);
    }
    return g_string_free(text, FALSE);
}
