// SPDX-License-Identifier: GPL-3.0-or-later
//
// Training beside PyTorch, number by number: traces/*.json hold the weights that a model started
// with, each step's batch and loss, and the weights after (make_traces.py). The same models are
// trained here from the same weights.
#include "plan/plan.h"
#include "train/micro.h"
#include "train/objective.h"
#include "train/optimizer.h"
#include "train/settings.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

static RkDevice *device;

typedef struct {
    JsonParser *parser;
    JsonObject *root;
    RkModelFeature *features;
    RkModelData data;
    RkTrainSettings *settings;
    RkModelBuild *build;
    RkOptimizerNodes nodes;
    RkRef loss;
} Trace;

static void
read_features(Trace *t)
{
    JsonArray *list = json_object_get_array_member(t->root, "features");
    guint n = json_array_get_length(list);
    t->features = g_new0(RkModelFeature, n);
    t->data = (RkModelData){.n_features = n, .features = t->features, .user = -1, .item = -1};
    for (guint i = 0; i < n; i++) {
        JsonObject *f = json_array_get_object_element(list, i);
        const char *kind = json_object_get_string_member(f, "kind");
        t->features[i] = (RkModelFeature){
            .name = json_object_get_string_member(f, "name"),
            .kind = strcmp(kind, "code") == 0  ? RK_FEATURE_CODE
                    : strcmp(kind, "bag") == 0 ? RK_FEATURE_BAG
                                               : RK_FEATURE_NUMBER,
            .rows = (uint32_t)json_object_get_int_member_with_default(f, "rows", 0),
            .capacity = (uint32_t)json_object_get_int_member_with_default(f, "capacity", 0),
        };
        if (strcmp(t->features[i].name, "user") == 0)
            t->data.user = (int)i;
        if (strcmp(t->features[i].name, "item") == 0)
            t->data.item = (int)i;
    }
    t->data.history = (uint32_t)json_object_get_int_member_with_default(t->root, "history", 0);
}

static void
read_settings(Trace *t, const char *member)
{
    g_autoptr(GError) error = NULL;
    JsonObject *object = json_object_get_object_member(t->root, member);
    g_autoptr(GList) names = json_object_get_members(object);
    for (GList *l = names; l != NULL; l = l->next) {
        rk_params_set(t->settings->values, l->data, json_object_get_string_member(object, l->data),
                      &error);
        g_assert_no_error(error);
    }
}

static void
open_trace(Trace *t, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path =
        g_strdup_printf("%s/tests/train/traces/%s.json", g_getenv("RANKINE_TEST_SOURCE"), name);
    *t = (Trace){.parser = json_parser_new()};
    json_parser_load_from_file(t->parser, path, &error);
    g_assert_no_error(error);
    t->root = json_node_get_object(json_parser_get_root(t->parser));
    read_features(t);
    const RkModel *model = rk_model_find(json_object_get_string_member(t->root, "model"), &error);
    g_assert_no_error(error);
    t->settings = rk_train_settings_new(model);
    read_settings(t, "model_set");
    read_settings(t, "train_set");
    t->build = rk_model_build_new(model, &t->data, t->settings->values, TRUE, &error);
    g_assert_no_error(error);
    const RkObjective *objective = rk_objective_find(rk_params_text(t->settings->values, "loss"));
    RkScored scored;
    t->loss = rk_objective_build(objective, t->build, model, t->settings->values, &scored, &error);
    g_assert_no_error(error);
    RkMicro micro;
    rk_micro_init(&micro, t->build, t->loss, scored.weight, 1);
    RkGradLosses losses = rk_micro_losses(&micro);
    rk_optimizer_add(t->build, t->settings->values, &losses, &t->nodes, &error);
    g_assert_no_error(error);
}

static void
close_trace(Trace *t)
{
    rk_model_build_free(t->build);
    rk_train_settings_free(t->settings);
    g_free(t->features);
    g_object_unref(t->parser);
}

static RkState *
first_state(const Trace *t)
{
    g_autoptr(GError) error = NULL;
    RkState *state = rk_state_new(device);
    g_assert_true(rk_state_add_graph(state, t->build->graph, &error));
    JsonObject *before = json_object_get_object_member(t->root, "before");
    g_assert_cmpuint(json_object_get_size(before), ==, t->build->params->len);
    for (guint i = 0; i < t->build->params->len; i++) {
        const char *name = g_array_index(t->build->params, RkModelParam, i).name;
        const RkTensor *tensor = rk_state_tensor(state, name);
        JsonArray *values = json_object_get_array_member(before, name);
        g_assert_nonnull(values);
        guint n = json_array_get_length(values);
        g_assert_cmpuint(n, ==, rk_tensor_numel(tensor));
        g_autofree float *packed = g_new(float, n);
        for (guint e = 0; e < n; e++)
            packed[e] = (float)json_array_get_double_element(values, e);
        g_assert_true(rk_state_write(state, name, packed, n * sizeof *packed, &error));
    }
    return state;
}

static void
feed(const Trace *t, RkPlan *plan, guint step, uint32_t batch)
{
    JsonArray *inputs = json_object_get_array_member(t->root, "inputs");
    JsonObject *given = json_array_get_object_element(inputs, step);
    for (RkRef r = 0; r < rk_graph_size(t->build->graph); r++) {
        const RkNode *node = rk_graph_node(t->build->graph, r);
        size_t bytes = 0;
        void *to = node->kind == RK_NODE_INPUT ? rk_plan_input(plan, r, &bytes) : NULL;
        if (to == NULL || strcmp(node->name, "rng") == 0)
            continue;
        float *numbers = to;
        uint32_t *codes = to;
        if (strcmp(node->name, "hyper") == 0) {
            const RkParams *set = t->settings->values;
            rk_optimizer_hyper(set, step + 1, rk_params_real(set, "lr"), batch, to);
        } else if (strcmp(node->name, "weight") == 0) {
            for (uint32_t i = 0; i < batch; i++)
                numbers[i] = 1;
        } else {
            JsonArray *values = json_object_get_array_member(given, node->name);
            guint n = json_array_get_length(values);
            g_assert_cmpuint(n * 4, ==, bytes);
            for (guint i = 0; i < n; i++)
                if (node->type.dtype == RK_U32)
                    codes[i] = (uint32_t)json_array_get_int_element(values, i);
                else
                    numbers[i] = (float)json_array_get_double_element(values, i);
        }
    }
}

static void
compare_weights(const Trace *t, RkState *state)
{
    g_autoptr(GError) error = NULL;
    JsonObject *after = json_object_get_object_member(t->root, "after");
    for (guint i = 0; i < t->build->params->len; i++) {
        const char *name = g_array_index(t->build->params, RkModelParam, i).name;
        JsonArray *values = json_object_get_array_member(after, name);
        guint n = json_array_get_length(values);
        g_autofree float *got = g_new(float, n);
        g_assert_true(rk_state_read(state, name, got, n * sizeof *got, &error));
        for (guint e = 0; e < n; e++)
            // What a published trace has to be met within; fp32 against double here.
            g_assert_cmpfloat_with_epsilon(got[e], json_array_get_double_element(values, e), 1e-4);
    }
}

static void
follows(gconstpointer name)
{
    g_autoptr(GError) error = NULL;
    Trace t;
    open_trace(&t, name);
    uint32_t batch = (uint32_t)json_object_get_int_member(t.root, "batch");
    g_autoptr(RkState) state = first_state(&t);
    RkPlanOptions options = {.batch = batch,
                             .n_outputs = 1,
                             .outputs = &t.loss,
                             .n_effects = t.nodes.n_effects,
                             .effects = t.nodes.effects};
    RkPlan *plan = rk_plan_new(device, t.build->graph, state, &options, &error);
    g_assert_no_error(error);
    JsonArray *losses = json_object_get_array_member(t.root, "losses");
    double worst = 0;
    for (guint step = 0; step < json_array_get_length(losses); step++) {
        feed(&t, plan, step, batch);
        rk_plan_run(plan, &error);
        g_assert_no_error(error);
        double loss = *(const float *)rk_plan_output(plan, 0, NULL);
        double expected = json_array_get_double_element(losses, step);
        worst = fmax(worst, fabs(loss - expected));
        g_assert_cmpfloat_with_epsilon(loss, expected, 5e-5);
    }
    g_test_message("largest difference of a loss: %.2g", worst);
    compare_weights(&t, state);
    rk_plan_free(plan);
    close_trace(&t);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GError) error = NULL;
    device = rk_device_open(NULL, &error);
    g_assert_no_error(error);
    static const char *const traces[] = {"mf-mse-sgd", "mf-bpr-adam", "dlrm-bce-adagrad",
                                         "sasrec-bce-adam"};
    for (size_t i = 0; i < G_N_ELEMENTS(traces); i++) {
        g_autofree char *path =
            g_strdup_printf("/train/trace/%s follows PyTorch step by step", traces[i]);
        g_test_add_data_func(path, traces[i], follows);
    }
    int failed = g_test_run();
    rk_device_close(device);
    return failed;
}
