// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/model_detail.h"

#include <glib/gi18n.h>
#include <string.h>

#include "base/json.h"
#include "report/quantity.h"
#include "ui/widgets.h"

// ---- the tree --------------------------------------------------------------------------------

static const RkStoredModel *
find(const GPtrArray *models, const char *name)
{
    for (guint i = 0; name != NULL && i < models->len; i++) {
        const RkStoredModel *model = g_ptr_array_index(models, i);
        if (strcmp(model->name, name) == 0)
            return model;
    }
    return NULL;
}

static void
add_below(GArray *places, const GPtrArray *models, const RkStoredModel *parent, guint depth)
{
    for (guint i = 0; i < models->len && depth <= models->len; i++) {
        const RkStoredModel *model = g_ptr_array_index(models, i);
        const RkStoredModel *own = find(models, model->parent);
        if (own == model) // an update of itself
            own = NULL;
        if (own != parent)
            continue;
        const RkModelPlace place = {model, depth};
        g_array_append_val(places, place);
        add_below(places, models, model, depth + 1);
    }
}

// Those that a circle of names keeps from the roots come at the end.
GArray *
rk_model_tree(const GPtrArray *models)
{
    GArray *places = g_array_new(FALSE, FALSE, sizeof(RkModelPlace));
    add_below(places, models, NULL, 0);
    for (guint i = 0; i < models->len; i++) {
        const RkModelPlace place = {g_ptr_array_index(models, i), 0};
        gboolean placed = FALSE;
        for (guint k = 0; k < places->len; k++)
            placed |= g_array_index(places, RkModelPlace, k).model == place.model;
        if (!placed)
            g_array_append_val(places, place);
    }
    return places;
}

// ---- facts -----------------------------------------------------------------------------------

static JsonNode *
facts_of(const RkStoredModel *model)
{
    return model->facts != NULL ? rk_json_parse(model->facts, "the facts", NULL) : NULL;
}

char *
rk_model_metrics_text(const RkStoredModel *model, guint n)
{
    g_autoptr(JsonNode) root = facts_of(model);
    JsonObject *metrics = NULL;
    JsonObjectIter iter;
    const char *name;
    JsonNode *node;
    g_autoptr(GString) text = g_string_new(NULL);
    if (root == NULL || !rk_json_object(json_node_get_object(root), "metrics", &metrics, NULL))
        return NULL;
    json_object_iter_init_ordered(&iter, metrics);
    while (n > 0 && json_object_iter_next_ordered(&iter, &name, &node)) {
        if (!JSON_NODE_HOLDS_VALUE(node))
            continue;
        g_autofree char *value = rk_quantity(json_node_get_double(node), RK_UNIT_METRIC);
        g_string_append_printf(text, "%s%s %s", text->len > 0 ? ", " : "", name, value);
        n--;
    }
    return text->len > 0 ? g_strdup(text->str) : NULL;
}

static AdwPreferencesGroup *
add_group(AdwPreferencesPage *page, const char *title)
{
    GtkWidget *group = adw_preferences_group_new();
    g_autofree char *escaped = g_markup_escape_text(title, -1);
    adw_preferences_group_set_title(ADW_PREFERENCES_GROUP(group), escaped);
    adw_preferences_page_add(page, ADW_PREFERENCES_GROUP(group));
    return ADW_PREFERENCES_GROUP(group);
}

static void
add_about(AdwPreferencesPage *page, const GPtrArray *models, const RkStoredModel *model)
{
    AdwPreferencesGroup *group = add_group(page, _("About"));
    const RkStoredModel *parent = find(models, model->parent);
    g_autofree char *size = g_format_size_full(model->n_bytes, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *version = g_strdup_printf("%u", model->version);
    adw_preferences_group_add(group, rk_fact_row(_("Kind"), model->kind));
    adw_preferences_group_add(group, rk_fact_row(_("Version"), version));
    adw_preferences_group_add(group, rk_fact_row(_("Size, stored and on the device"), size));
    if (parent != NULL && parent != model && parent->n_bytes > 0) {
        g_autofree char *share =
            rk_quantity((double)model->n_bytes / (double)parent->n_bytes, RK_UNIT_SHARE);
        // Translators: a share such as 25 %, and the name of a model.
        g_autofree char *text = g_strdup_printf(_("%s of %s"), share, parent->name);
        adw_preferences_group_add(group, rk_fact_row(_("Beside its parent"), text));
    }
    if (model->dataset != NULL)
        adw_preferences_group_add(group, rk_fact_row(_("Trained on"), model->dataset));
    if (model->parent != NULL)
        adw_preferences_group_add(group, rk_fact_row(_("Made from"), model->parent));
    for (guint i = 0; i < models->len; i++) {
        const RkStoredModel *child = g_ptr_array_index(models, i);
        if (child != model && g_strcmp0(child->parent, model->name) == 0)
            adw_preferences_group_add(group, rk_fact_row(_("Made from it"), child->name));
    }
}

static void
add_accuracy(AdwPreferencesPage *page, JsonObject *facts)
{
    JsonObject *metrics = NULL;
    JsonObjectIter iter;
    const char *name, *protocol = NULL;
    JsonNode *node;
    if (!rk_json_object(facts, "metrics", &metrics, NULL) || json_object_get_size(metrics) == 0)
        return;
    AdwPreferencesGroup *group = add_group(page, _("Accuracy on the test part"));
    if (rk_json_string(facts, "protocol", &protocol, NULL) && protocol != NULL) {
        g_autofree char *text = g_strdup_printf(_("Protocol: %s"), protocol);
        g_autofree char *escaped = g_markup_escape_text(text, -1);
        adw_preferences_group_set_description(group, escaped);
    }
    json_object_iter_init_ordered(&iter, metrics);
    while (json_object_iter_next_ordered(&iter, &name, &node)) {
        if (!JSON_NODE_HOLDS_VALUE(node))
            continue;
        g_autofree char *value = rk_quantity(json_node_get_double(node), RK_UNIT_METRIC);
        adw_preferences_group_add(group, rk_fact_row(name, value));
    }
}

// Each step of compression that led here, its own and those of its ancestors.
static void
add_passes(AdwPreferencesPage *page, JsonObject *facts)
{
    JsonArray *steps = NULL;
    if (!json_object_has_member(facts, "compress") ||
        !rk_json_array(facts, "compress", &steps, NULL) || json_array_get_length(steps) == 0)
        return;
    AdwPreferencesGroup *group = add_group(page, _("Compressed by"));
    for (guint i = 0; i < json_array_get_length(steps); i++) {
        JsonObject *step = json_array_get_object_element(steps, i);
        JsonArray *passes = NULL;
        const char *parent = NULL;
        if (step == NULL || !rk_json_array(step, "passes", &passes, NULL))
            continue;
        rk_json_string(step, "parent", &parent, NULL);
        for (guint k = 0; k < json_array_get_length(passes); k++)
            adw_preferences_group_add(group, rk_fact_row(parent != NULL ? parent : _("Its parent"),
                                                         json_array_get_string_element(passes, k)));
    }
}

static void
add_measured(AdwPreferencesPage *page, const RkMeasuredModel *measured)
{
    const RkEvaluation *e = measured->evaluation;
    // Translators: a part of a dataset (test), and the dataset.
    g_autofree char *title =
        g_strdup_printf(_("Measured now on the part %s of %s"), measured->part, measured->dataset);
    // Translators: a protocol, a count, and what is counted: "full, 600 users".
    g_autofree char *how =
        g_strdup_printf(_("%s, %" G_GUINT64_FORMAT " %s"), e->protocol, e->n, e->n_are);
    g_autofree char *escaped = g_markup_escape_text(how, -1);
    AdwPreferencesGroup *group = add_group(page, title);
    adw_preferences_group_set_description(group, escaped);
    for (guint i = 0; i < e->figures->len; i++) {
        const RkFigure *f = &g_array_index(e->figures, RkFigure, i);
        g_autofree char *value = rk_quantity(f->value, RK_UNIT_METRIC);
        adw_preferences_group_add(group, rk_fact_row(f->name, value));
    }
}

static void
add_settings(AdwPreferencesPage *page, const RkStoredModel *model)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *node;
    g_autoptr(JsonNode) root =
        model->settings != NULL ? rk_json_parse(model->settings, "the settings", NULL) : NULL;
    if (root == NULL)
        return;
    AdwPreferencesGroup *group = add_group(page, _("Settings"));
    json_object_iter_init_ordered(&iter, json_node_get_object(root));
    while (json_object_iter_next_ordered(&iter, &name, &node)) {
        g_autofree char *text = rk_json_scalar_text(node);
        if (text != NULL && *text != '\0')
            adw_preferences_group_add(group, rk_fact_row(name, text));
    }
}

void
rk_model_detail_add(AdwPreferencesPage *page, const GPtrArray *models, const RkStoredModel *model,
                    const RkMeasuredModel *measured)
{
    g_autoptr(JsonNode) root = facts_of(model);
    JsonObject *facts = root != NULL ? json_node_get_object(root) : NULL;
    add_about(page, models, model);
    if (measured != NULL)
        add_measured(page, measured);
    if (facts != NULL)
        add_accuracy(page, facts);
    if (facts != NULL)
        add_passes(page, facts);
    add_settings(page, model);
}
