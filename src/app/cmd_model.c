// SPDX-License-Identifier: GPL-3.0-or-later
//
// `rankine model NAME`: a trained model, or else one of the zoo with its settings.
#include "app/cli_store.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "models/model.h"
#include "store/model.h"

static void
append_shape(GString *text, uint32_t rank, const uint32_t *dim)
{
    g_string_append_c(text, '[');
    for (uint32_t i = 0; i < rank; i++)
        g_string_append_printf(text, "%s%u", i > 0 ? ", " : "", dim[i]);
    g_string_append_c(text, ']');
}

// How the model was compressed; NULL when it wasn't.
static RkModelForm *
form_of(const RkStoredModel *model)
{
    JsonArray *array;
    g_autoptr(JsonNode) root = rk_json_parse(model->facts, "the model's facts", NULL);
    if (root == NULL || !rk_json_array(json_node_get_object(root), "form", &array, NULL))
        return NULL;
    return rk_model_form_from_json(array, NULL);
}

// Of a masked weight the store has what is kept alone: "f32 [51], kept of [10, 10]".
static char *
shape_text(const RkTensorInfo *info, const RkModelForm *form)
{
    GString *text = g_string_new(info->dtype);
    const RkParamForm *p = rk_model_form_find(form, info->name);
    g_string_append_c(text, ' ');
    append_shape(text, info->rank, info->dim);
    if (p != NULL && p->format == RK_FORMAT_MASKED && p->rank != info->rank) {
        g_string_append(text, ", kept of ");
        append_shape(text, p->rank, p->dim);
    }
    return g_string_free(text, FALSE);
}

static void
print_stored_json(const RkStoredModel *model)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autofree char *created = rk_cli_iso_time(model->created_s);
    g_autoptr(RkModelForm) form = form_of(model);
    json_builder_begin_object(builder);
    rk_json_add_text(builder, "name", model->name);
    rk_json_add_int(builder, "version", model->version);
    rk_json_add_text(builder, "model", model->kind);
    rk_json_add_text(builder, "data", model->dataset);
    rk_json_add_text(builder, "parent", model->parent);
    rk_json_add_int(builder, "bytes", (int64_t)model->n_bytes);
    rk_json_add_text(builder, "created", created);
    rk_json_add_json(builder, "settings", model->settings);
    rk_json_add_json(builder, "facts", model->facts);
    json_builder_set_member_name(builder, "tensors");
    json_builder_begin_array(builder);
    for (uint32_t i = 0; i < rk_tensor_list_n(model->tensors); i++) {
        const RkTensorInfo *info = rk_tensor_list_at(model->tensors, i);
        g_autofree char *type = shape_text(info, form);
        json_builder_begin_object(builder);
        rk_json_add_text(builder, "name", info->name);
        rk_json_add_text(builder, "type", type);
        rk_json_add_int(builder, "bytes", (int64_t)info->n_bytes);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    g_autofree char *text = rk_json_text(builder, TRUE);
    puts(text);
}

// What was done to the model and its ancestors, a line each: "compress  from m: prune, quantize".
static void
print_steps(JsonObject *facts)
{
    JsonArray *steps;
    if (!json_object_has_member(facts, "compress") ||
        !rk_json_array(facts, "compress", &steps, NULL))
        return;
    for (guint i = 0; i < json_array_get_length(steps); i++) {
        JsonObject *step = json_array_get_object_element(steps, i);
        JsonArray *passes = NULL;
        if (step == NULL || !rk_json_array(step, "passes", &passes, NULL))
            continue;
        printf("%-9s %s, version %d, on %s, seed %d:", "compress",
               json_object_get_string_member_with_default(step, "parent", "?"),
               (int)json_object_get_int_member_with_default(step, "parent_version", 0),
               json_object_get_string_member_with_default(step, "data", "?"),
               (int)json_object_get_int_member_with_default(step, "seed", 0));
        for (guint k = 0; k < json_array_get_length(passes); k++)
            printf(" %s", json_array_get_string_element(passes, k));
        putchar('\n');
    }
}

// What was measured and done; the rest of the facts is for programs.
static void
print_facts(const char *facts)
{
    g_autoptr(JsonNode) root = rk_json_parse(facts, "the model's facts", NULL);
    if (root == NULL)
        return;
    static const char *const SHOWN[] = {"device", "seed", "epochs", "protocol", "metrics"};
    for (size_t i = 0; i < G_N_ELEMENTS(SHOWN); i++) {
        JsonNode *node = json_object_get_member(json_node_get_object(root), SHOWN[i]);
        g_autofree char *text = node != NULL ? rk_json_node_text(node, FALSE) : NULL;
        if (text != NULL)
            printf("%-9s %s\n", SHOWN[i], text);
    }
    print_steps(json_node_get_object(root));
}

// The parameters that are stored otherwise than the settings say: their values' extents and format.
static void
print_form(const RkModelForm *form)
{
    for (guint i = 0; form != NULL && i < form->params->len; i++) {
        const RkParamForm *p = &g_array_index(form->params, RkParamForm, i);
        g_autoptr(GString) text = g_string_new(rk_format_name(p->format));
        if (p->rank > 0) {
            g_string_append_c(text, ' ');
            append_shape(text, p->rank, p->dim);
        }
        if (p->rows > 0)
            g_string_append_printf(text, ", %u rows kept", p->rows);
        if (p->low_rank > 0)
            g_string_append_printf(text, ", rank %u", p->low_rank);
        if (p->group > 0)
            g_string_append_printf(text, ", a scale for %u columns", p->group);
        if (p->per_tensor)
            g_string_append(text, ", one scale");
        if (p->activations != RK_ACTIVATIONS_F32)
            g_string_append_printf(text, ", %s activations in i8",
                                   p->activations == RK_ACTIVATIONS_STATIC ? "calibrated"
                                                                           : "dynamic");
        printf("%-9s %-32s %s\n", i == 0 ? "form" : "", p->param, text->str);
    }
}

static void
print_stored(const RkStoredModel *model)
{
    g_autofree char *created = rk_cli_iso_time(model->created_s);
    g_autoptr(RkModelForm) form = form_of(model);
    g_autofree char *size = g_format_size_full(model->n_bytes, G_FORMAT_SIZE_IEC_UNITS);
    printf("%s, version %u: %s, %s, trained on %s, %s\n", model->name, model->version, model->kind,
           size, model->dataset ? model->dataset : "no dataset", created);
    if (model->parent != NULL)
        printf("parent    %s, version %u\n", model->parent, model->parent_version);
    printf("settings  %s\n", model->settings);
    print_facts(model->facts);
    print_form(form);
    for (uint32_t i = 0; i < rk_tensor_list_n(model->tensors); i++) {
        const RkTensorInfo *info = rk_tensor_list_at(model->tensors, i);
        g_autofree char *type = shape_text(info, form);
        printf("  %-32s %s\n", info->name, type);
    }
}

static void
print_zoo(const RkCli *cli, const RkModel *model)
{
    g_autofree char *settings = rk_params_help(model->params, model->n_params);
    if (!cli->json) {
        printf("%s: %s\n%s\n\nSettings:\n%s", model->name, model->title, model->paper, settings);
        return;
    }
    g_autoptr(RkParams) defaults = rk_params_new(model->params, model->n_params);
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    rk_json_add_text(builder, "name", model->name);
    rk_json_add_text(builder, "title", model->title);
    rk_json_add_text(builder, "paper", model->paper);
    json_builder_set_member_name(builder, "settings");
    rk_params_to_json(defaults, builder);
    json_builder_end_object(builder);
    g_autofree char *text = rk_json_text(builder, TRUE);
    puts(text);
}

// The graph of a model's scores on a dataset of the usual kinds of features.
static gboolean
print_graph(const RkModel *model, const char *format, char **settings, GError **error)
{
    static const RkModelFeature features[] = {
        {.name = "user", .kind = RK_FEATURE_CODE, .rows = 1000},
        {.name = "item", .kind = RK_FEATURE_CODE, .rows = 5000},
        {.name = "category", .kind = RK_FEATURE_CODE, .rows = 100},
        {.name = "tags", .kind = RK_FEATURE_BAG, .rows = 300, .capacity = 8},
        {.name = "number", .kind = RK_FEATURE_NUMBER},
    };
    const RkModelData data = {
        .n_features = G_N_ELEMENTS(features), .features = features, .item = 1, .history = 50};
    gboolean dot = strcmp(format, "dot") == 0;
    if (!dot && strcmp(format, "text") != 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't print a graph as %s: --graph takes text or dot.", format);
        return FALSE;
    }
    g_autoptr(RkParams) set = rk_params_new(model->params, model->n_params);
    for (char **one = settings; one != NULL && *one != NULL; one++)
        if (!rk_params_assign(set, *one, error))
            return FALSE;
    g_autoptr(RkModelBuild) build = rk_model_build_new(model, &data, set, FALSE, error);
    if (build == NULL)
        return FALSE;
    model->score(build, RK_NONE);
    if (!rk_graph_check(build->graph, error))
        return FALSE;
    g_autofree char *text =
        dot ? rk_graph_dump_dot(build->graph) : rk_graph_dump_text(build->graph);
    fputs(text, stdout);
    return TRUE;
}

gboolean
rk_command_model(RkCli *cli, int argc, char **argv, GError **error)
{
    g_autofree char *graph = NULL;
    g_auto(GStrv) settings = NULL;
    const GOptionEntry entries[] = {
        {"graph", 0, 0, G_OPTION_ARG_STRING, &graph,
         "Print the graph of a model of the zoo: text, or dot for Graphviz", "FORMAT"},
        {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &settings, "A setting of that graph's model",
         "key=value"},
        {NULL}};
    if (!rk_cli_parse(cli, &argc, &argv, entries, "NAME - one model in detail", NULL, error))
        return FALSE;
    const char *name = rk_cli_one_argument(cli, argc, argv, "model", error);
    if (name != NULL && graph != NULL) {
        const RkModel *model = rk_model_find(name, error);
        return model != NULL && print_graph(model, graph, settings, error);
    }
    g_autoptr(RkStore) store = name != NULL ? rk_cli_store(cli, RK_STORE_EXISTING, error) : NULL;
    if (store == NULL)
        return FALSE;
    g_autoptr(GError) missing = NULL;
    g_autoptr(RkStoredModel) stored = rk_model_open(store, name, 0, &missing);
    const RkModel *zoo = stored == NULL ? rk_model_find(name, NULL) : NULL;
    if (stored != NULL)
        (cli->json ? print_stored_json : print_stored)(stored);
    else if (zoo != NULL)
        print_zoo(cli, zoo);
    else
        g_propagate_error(error, g_steal_pointer(&missing));
    return stored != NULL || zoo != NULL;
}
