// SPDX-License-Identifier: GPL-3.0-or-later
//
// The graph of accumulated gradients: no dense gradient of a table, and the memory of one
// micro-batch's activations.
#include "train/micro.h"

#include "plan/plan.h"
#include "train/objective.h"
#include "train/optimizer.h"
#include "train/settings.h"

static RkDevice *device;

static const RkModelFeature FEATURES[] = {{"user", RK_FEATURE_CODE, 1000, 0, 0},
                                          {"item", RK_FEATURE_CODE, 2000, 0, 0}};

// Bytes of activations of a training step of NeuMF, whose layers are wide and its tables narrow.
static size_t
arena_bytes(uint32_t batch, uint32_t n_micro)
{
    g_autoptr(GError) error = NULL;
    const RkModel *model = rk_model_find("neumf", NULL);
    const RkModelData data = {.n_features = 2, .features = FEATURES, .user = 0, .item = 1};
    g_autoptr(RkTrainSettings) settings = rk_train_settings_new(model);
    rk_params_set(settings->values, "layers", "256-256-128", NULL);
    g_autoptr(RkModelBuild) build =
        rk_model_build_new(model, &data, settings->values, TRUE, &error);
    RkScored scored;
    RkRef loss = rk_objective_build(rk_objective_find("bce"), build, model, settings->values,
                                    &scored, &error);
    g_assert_no_error(error);
    RkMicro micro;
    rk_micro_init(&micro, build, loss, scored.weight, n_micro);
    RkGradLosses losses = rk_micro_losses(&micro);
    RkOptimizerNodes nodes;
    rk_optimizer_add(build, settings->values, &losses, &nodes, &error);
    g_assert_no_error(error);
    g_autoptr(RkState) state = rk_state_new(device);
    g_assert_true(rk_state_add_graph(state, build->graph, &error));
    const RkPlanOptions options = {.batch = batch,
                                   .n_outputs = 1,
                                   .outputs = &micro.loss,
                                   .n_effects = nodes.n_effects,
                                   .effects = nodes.effects};
    g_autoptr(RkPlan) plan = rk_plan_new(device, build->graph, state, &options, &error);
    g_assert_no_error(error);
    return rk_plan_arena_bytes(plan);
}

static void
activations_are_those_of_one(void)
{
    size_t whole = arena_bytes(2048, 1), quarter = arena_bytes(512, 1), parts = arena_bytes(512, 4);
    g_test_message("%zu bytes at once, %zu in four, %zu for a quarter", whole, parts, quarter);
    g_assert_cmpuint(parts, <, whole / 2);
    // Besides a quarter's: the dense gradients so far, and the rows of all four.
    g_assert_cmpuint(parts, <, 2 * quarter);
}

static void
inputs_are_repeated(void)
{
    g_autoptr(GError) error = NULL;
    const RkModel *model = rk_model_find("mf", NULL);
    const RkModelData data = {.n_features = 2, .features = FEATURES, .user = 0, .item = 1};
    g_autoptr(RkTrainSettings) settings = rk_train_settings_new(model);
    g_autoptr(RkModelBuild) build =
        rk_model_build_new(model, &data, settings->values, TRUE, &error);
    RkScored scored;
    RkRef loss = rk_objective_build(rk_objective_find("bce"), build, model, settings->values,
                                    &scored, &error);
    RkMicro micro;
    rk_micro_init(&micro, build, loss, scored.weight, 3);
    const RkGradLosses losses = rk_micro_losses(&micro);
    RkOptimizerNodes nodes;
    g_assert_true(rk_optimizer_add(build, settings->values, &losses, &nodes, &error));
    g_assert_no_error(error);
    RkRef user = rk_model_user(build);
    g_assert_cmpuint(rk_micro_input(&micro, 0, user), ==, user);
    for (uint32_t i = 1; i < 3; i++) {
        RkRef own = rk_micro_input(&micro, i, user);
        g_assert_cmpuint(own, !=, user);
        g_assert_cmpint(rk_graph_node(build->graph, own)->kind, ==, RK_NODE_INPUT);
    }
    for (RkRef ref = 0; ref < rk_graph_size(build->graph); ref++) {
        const RkNode *node = rk_graph_node(build->graph, ref);
        gboolean is_table =
            node->type.rank == 2 && !node->type.dim[0].per_batch && node->type.dim[0].n >= 1000;
        if (node->kind == RK_NODE_OP && is_table) // nothing but updates in place
            g_assert_true(g_str_has_prefix(node->op->name, "adam"));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GError) error = NULL;
    device = rk_device_open(NULL, &error);
    g_assert_no_error(error);
    g_test_add_func("/train/micro/activations are those of one", activations_are_those_of_one);
    g_test_add_func("/train/micro/inputs are repeated, tables are not", inputs_are_repeated);
    int failed = g_test_run();
    rk_device_close(device);
    return failed;
}
