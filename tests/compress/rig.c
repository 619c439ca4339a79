// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.h"

#include "base/rng.h"

#include <math.h>
#include <string.h>

enum { USERS = 11, ITEMS = 13, HISTORY = 6, SEED = 5 };

static const RkModelFeature FEATURES[] = {
    {"user", RK_FEATURE_CODE, USERS, 0, 0}, {"item", RK_FEATURE_CODE, ITEMS, 0, 0},
    {"city", RK_FEATURE_CODE, 7, 0, 0},     {"genres", RK_FEATURE_BAG, 5, 0, 3},
    {"tags", RK_FEATURE_BAG, 9, 2, 0},      {"age", RK_FEATURE_NUMBER, 0, 0, 0},
    {"price", RK_FEATURE_NUMBER, 0, 0, 0},
};
static const RkModelData DATA = {.n_features = G_N_ELEMENTS(FEATURES),
                                 .features = FEATURES,
                                 .user = 0,
                                 .item = 1,
                                 .history = HISTORY,
                                 .label_mean = 0.25};

static RkModelBuild *
build_of(const RkCompressed *model, RkRef *score)
{
    g_autoptr(GError) error = NULL;
    RkModelBuild *build = rk_model_build_new(model->model, &model->data, model->set, FALSE, &error);
    g_assert_no_error(error);
    *score = model->model->score(build, RK_NONE);
    g_assert_true(rk_graph_check(build->graph, &error));
    return build;
}

RkCompressed *
rig_model(const char *name)
{
    return rig_model_with(name, NULL);
}

RkCompressed *
rig_model_with(const char *name, const char *assignment)
{
    g_autoptr(GError) error = NULL;
    const RkModel *model = rk_model_find(name, &error);
    g_assert_no_error(error);
    g_autoptr(RkParams) set = rk_params_new(model->params, model->n_params);
    rk_params_set(set, "dim", "8", NULL);
    rk_params_set(set, "layers", strcmp(name, "mlp") == 0 ? "12-8-1" : "12-8", NULL);
    if (assignment != NULL && !rk_params_assign(set, assignment, &error))
        g_error("%s", error->message);
    RkCompressed *c = rk_compressed_new(model, &DATA, set, rk_weights_new());
    RkRef score;
    g_autoptr(RkModelBuild) build = build_of(c, &score);
    for (guint i = 0; i < build->params->len; i++) {
        RkModelParam param = g_array_index(build->params, RkModelParam, i);
        RkTensor type;
        g_assert_true(rk_type_bind(rk_graph_type(build->graph, param.ref), 1, &type, NULL));
        float *values = g_malloc0(rk_tensor_bytes(&type) + 4);
        param.init = (RkInit){RK_INIT_NORMAL, 0.3}; // biases too, so that they count
        rk_model_init(&param, &type, SEED, values);
        rk_weights_take(c->tensors, param.name, &type, values);
    }
    return c;
}

gboolean
rig_apply(RkCompressed *model, const char *pass, RkPassContext *context, GError **error)
{
    RkPassContext none = {.seed = SEED};
    RkPassCall call;
    if (!rk_pass_parse(pass, &call, error))
        return FALSE;
    gboolean fine = call.pass->apply(call.set, context != NULL ? context : &none, model, error) &&
                    rk_compressed_check(model, error);
    rk_pass_call_clear(&call);
    return fine;
}

void
rig_fill(const char *name, const RkTensor *tensor, void *to)
{
    uint32_t *codes = to;
    float *numbers = to;
    uint32_t stream = (uint32_t)strlen(name) * 31 + (uint32_t)name[0];
    const RkModelFeature *feature = NULL;
    for (size_t f = 0; f < G_N_ELEMENTS(FEATURES); f++)
        if (g_str_has_prefix(name, FEATURES[f].name))
            feature = &FEATURES[f];
    for (uint64_t i = 0; i < rk_tensor_numel(tensor); i++) {
        if (strcmp(name, "history.length") == 0)
            codes[i] = (uint32_t)i % (HISTORY + 1);
        else if (strcmp(name, "history") == 0)
            codes[i] = i % HISTORY < i / HISTORY % (HISTORY + 1) ? rk_rng_below(SEED, 800, i, ITEMS)
                                                                 : UINT32_MAX;
        else if (g_str_has_suffix(name, ".ends"))
            codes[i] = (uint32_t)(2 * i + 1 + i % 2);
        else if (feature != NULL && feature->kind == RK_FEATURE_NUMBER)
            numbers[i] = (float)rk_rng_normal(SEED, stream, i);
        else if (feature != NULL)
            codes[i] = i == 3 ? UINT32_MAX : rk_rng_below(SEED, stream, i, feature->rows);
        else
            g_error("no values for the input %s", name);
    }
}

RkEval *
rig_evaluate(const RkGraph *graph, const RigSource *source)
{
    g_autoptr(GError) error = NULL;
    RkEval *eval = rk_eval_new(graph, RIG_B, &error);
    g_assert_no_error(error);
    for (RkRef r = 0; r < rk_graph_size(graph); r++) {
        const RkNode *node = rk_graph_node(graph, r);
        const RkTensor *tensor = rk_eval_tensor(eval, r);
        if (node->kind == RK_NODE_PARAM) {
            const RkWeight *w = source->weight(source->data, node->name);
            g_assert_nonnull(w);
            rk_tensor_unpack(tensor, w->packed, rk_eval_values(eval, r));
        } else if (node->kind == RK_NODE_INPUT) {
            g_autofree void *packed = g_malloc0(rk_tensor_bytes(tensor) + 4);
            source->fill(node->name, tensor, packed);
            rk_tensor_unpack(tensor, packed, rk_eval_values(eval, r));
        }
    }
    rk_eval_run(eval);
    return eval;
}

float *
rig_compute(RkDevice *device, const RkGraph *graph, RkRef output, const RigSource *source)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkState) state = rk_state_new(device);
    g_assert_true(rk_state_add_graph(state, graph, &error));
    for (RkRef r = 0; r < rk_graph_size(graph); r++) {
        const RkNode *node = rk_graph_node(graph, r);
        const RkWeight *w =
            node->kind == RK_NODE_PARAM ? source->weight(source->data, node->name) : NULL;
        g_assert_true(w == NULL || rk_state_write(state, node->name, w->packed,
                                                  rk_tensor_bytes(&w->type), &error));
    }
    const RkPlanOptions options = {.batch = RIG_B, .n_outputs = 1, .outputs = &output};
    g_autoptr(RkPlan) plan = rk_plan_new(device, graph, state, &options, &error);
    g_assert_no_error(error);
    for (RkRef r = 0; r < rk_graph_size(graph); r++) {
        const RkNode *node = rk_graph_node(graph, r);
        void *to = node->kind == RK_NODE_INPUT ? rk_plan_input(plan, r, NULL) : NULL;
        RkTensor tensor;
        if (to != NULL && rk_type_bind(&node->type, RIG_B, &tensor, &error))
            source->fill(node->name, &tensor, to);
    }
    RkTensor type;
    g_assert_true(rk_type_bind(rk_graph_type(graph, output), RIG_B, &type, &error));
    g_assert_true(rk_plan_run(plan, &error));
    return g_memdup2(rk_plan_output(plan, 0, NULL), rk_tensor_bytes(&type));
}

static const RkWeight *
weight_of(const void *model, const char *name)
{
    return rk_weights_find(((const RkCompressed *)model)->tensors, name);
}

RigSource
rig_source(const RkCompressed *model)
{
    return (RigSource){weight_of, rig_fill, model};
}

double *
rig_reference(const RkCompressed *model)
{
    RkRef score;
    const RigSource source = rig_source(model);
    g_autoptr(RkModelBuild) build = build_of(model, &score);
    g_autoptr(RkEval) eval = rig_evaluate(build->graph, &source);
    return g_memdup2(rk_eval_values(eval, score), RIG_B * sizeof(double));
}

float *
rig_run(const RkCompressed *model, RkDevice *device)
{
    RkRef score;
    const RigSource source = rig_source(model);
    g_autoptr(RkModelBuild) build = build_of(model, &score);
    return rig_compute(device, build->graph, score, &source);
}

RkCompressed *
rig_plain(const RkCompressed *model)
{
    g_autoptr(GError) error = NULL;
    RkCompressed *plain = rk_compressed_copy(model);
    g_autoptr(GArray) params = rk_compressed_params(model, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < params->len; i++) {
        const RkCompressedParam *p = &g_array_index(params, RkCompressedParam, i);
        g_autofree float *values = rk_compressed_values(model, p);
        rk_compressed_store(plain, p->name, &p->type, RK_FORMAT_F32, values);
    }
    g_assert_true(rk_compressed_check(plain, &error));
    return plain;
}

RkDevice *
rig_begin(int *argc, char ***argv)
{
    g_autoptr(GError) error = NULL;
    g_test_init(argc, argv, NULL);
    RkDevice *device = rk_device_open(NULL, &error);
    if (device == NULL)
        g_error("%s", error->message);
    return device;
}

int
rig_end(RkDevice *device)
{
    int status = g_test_run();
    rk_device_close(device);
    return status;
}

gboolean
rig_activations(RkPassContext *context, const RkCompressed *model,
                void (*visit)(void *to, const char *name, const float *x, uint64_t rows,
                              uint32_t cols),
                void *to, GError **error)
{
    float x[256];
    g_autoptr(GArray) params = rk_compressed_params(model, error);
    for (guint i = 0; i < params->len; i++) {
        const RkCompressedParam *p = &g_array_index(params, RkCompressedParam, i);
        for (uint32_t k = 0; k < G_N_ELEMENTS(x); k++)
            x[k] = (float)(3 * rk_rng_normal(context->seed, i, k));
        if (p->dense)
            visit(to, p->name, x, G_N_ELEMENTS(x) / p->type.dim[1], p->type.dim[1]);
    }
    return TRUE;
}

double
rig_size(const double *scores)
{
    double sum = 0;
    for (int i = 0; i < RIG_B; i++)
        sum += scores[i] * scores[i];
    return sqrt(sum / RIG_B);
}
