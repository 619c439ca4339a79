// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/optimizer.h"

#include "ops/ops.h"

#include <string.h>

const RkParam rk_optimizer_params[] = {
    {"optimizer", RK_PARAM_CHOICE, 0, 0, "adam", NULL, "sgd|adam|adamw|adagrad|rowwise-adagrad",
     "How parameters follow their gradients"},
    {"lr", RK_PARAM_REAL, 0, 100, "0.001", NULL, NULL, "Learning rate"},
    {"lr.per", RK_PARAM_CHOICE, 0, 0, "step", NULL, "step|sample",
     "A step goes along the mean of its samples' gradients; sample multiplies lr by how many they "
     "are: with sgd along their sum, for the rates of papers that update after every sample"},
    {"momentum", RK_PARAM_REAL, 0, 0.9999, "0", NULL, NULL, "Momentum of sgd"},
    {"nesterov", RK_PARAM_BOOL, 0, 0, "false", NULL, NULL, "Nesterov's momentum for sgd"},
    {"beta1", RK_PARAM_REAL, 0, 0.99999, "0.9", NULL, NULL, "Adam: decay of the first moment"},
    {"beta2", RK_PARAM_REAL, 0, 0.999999, "0.999", NULL, NULL, "Adam: decay of the second moment"},
    {"eps", RK_PARAM_REAL, 0, 1, "1e-8", NULL, NULL, "Adam, Adagrad: added to the denominator"},
    {"l2", RK_PARAM_REAL, 0, 1000, "0", NULL, NULL,
     "Weight decay, added to the gradient (adamw: apart from it)"},
    {"l2.per", RK_PARAM_CHOICE, 0, 0, "step", NULL, "step|sample",
     "A table's row decays once in a step that names it, or as part of the loss of every sample "
     "that does, and so the more the more do"},
    {"tables", RK_PARAM_CHOICE, 0, 0, "rows", NULL, "rows|all",
     "Update the rows of a table that the batch names, or all, as frameworks do without sparse "
     "gradients"},
    {"clip", RK_PARAM_REAL, 0, 1e9, "0", NULL, NULL,
     "Largest norm of all gradients together; 0 for none"},
};
const size_t rk_optimizer_n_params = G_N_ELEMENTS(rk_optimizer_params);

static unsigned
step_flags(const RkParams *set)
{
    unsigned flags = 0;
    if (rk_params_bool(set, "nesterov"))
        flags |= RK_STEP_NESTEROV;
    if (strcmp(rk_params_text(set, "optimizer"), "adamw") == 0)
        flags |= RK_STEP_DECOUPLED;
    if (strcmp(rk_params_text(set, "tables"), "all") == 0)
        flags |= RK_STEP_ALL_ROWS;
    if (strcmp(rk_params_text(set, "l2.per"), "sample") == 0)
        flags |= RK_STEP_DECAY_BY_SAMPLE;
    return flags;
}

// What one method's step needs; the builder is told the states that were made for it.
typedef struct {
    const char *name;
    const char *state[2];     // suffixes; NULL for none
    gboolean state_by_row[2]; // f32 [R] for a table
    RkRef (*step)(RkGraph *g, const RkGradient *gradient, const RkRef state[2], RkRef hyper,
                  RkRef scale, const RkParams *set);
} Method;

static RkRef
step_sgd(RkGraph *g, const RkGradient *gradient, const RkRef state[2], RkRef hyper, RkRef scale,
         const RkParams *set)
{
    return rk_sgd(g, gradient, state[0], hyper, scale, step_flags(set));
}

static RkRef
step_adam(RkGraph *g, const RkGradient *gradient, const RkRef state[2], RkRef hyper, RkRef scale,
          const RkParams *set)
{
    return rk_adam(g, gradient, state[0], state[1], hyper, scale, step_flags(set));
}

static RkRef
step_adagrad(RkGraph *g, const RkGradient *gradient, const RkRef state[2], RkRef hyper, RkRef scale,
             const RkParams *set)
{
    return rk_adagrad(g, gradient, state[0], hyper, scale, step_flags(set));
}

static RkRef
step_rowwise(RkGraph *g, const RkGradient *gradient, const RkRef state[2], RkRef hyper, RkRef scale,
             const RkParams *set)
{
    if (gradient->values == RK_NONE) // dense parameters
        return step_adagrad(g, gradient, state, hyper, scale, set);
    return rk_rowwise_adagrad(g, gradient, state[0], hyper, scale, step_flags(set));
}

static const Method METHODS[] = {
    {"sgd", {"momentum", NULL}, {FALSE, FALSE}, step_sgd},
    {"adam", {"moment1", "moment2"}, {FALSE, FALSE}, step_adam},
    {"adamw", {"moment1", "moment2"}, {FALSE, FALSE}, step_adam},
    {"adagrad", {"squares", NULL}, {FALSE, FALSE}, step_adagrad},
    {"rowwise-adagrad", {"squares", NULL}, {TRUE, FALSE}, step_rowwise},
};

static const Method *
find_method(const RkParams *set)
{
    const char *name = rk_params_text(set, "optimizer");
    for (size_t i = 0; i < G_N_ELEMENTS(METHODS); i++)
        if (strcmp(METHODS[i].name, name) == 0)
            return &METHODS[i];
    g_assert_not_reached(); // the table of choices has no other
}

static void
add_states(RkModelBuild *build, const Method *method, const RkGradient *gradient,
           const RkModelParam *param, RkOptimizerNodes *nodes, RkRef state[2])
{
    for (int i = 0; i < 2; i++) {
        state[i] = RK_NONE;
        if (method->state[i] == NULL)
            continue;
        RkType type = *rk_graph_type(build->graph, param->ref);
        if (method->state_by_row[i] && gradient->values != RK_NONE)
            type = rk_type(RK_F32, 1, type.dim[0]);
        g_autofree char *name = g_strdup_printf("%s:%s", param->name, method->state[i]);
        state[i] = rk_graph_param(build->graph, name, type);
        nodes->states[nodes->n_states++] = rk_graph_node(build->graph, state[i])->name;
    }
}

gboolean
rk_optimizer_add(RkModelBuild *build, const RkParams *set, const RkGradLosses *losses,
                 RkOptimizerNodes *nodes, GError **error)
{
    RkGraph *g = build->graph;
    RkArena *arena = rk_graph_arena(g);
    const RkModelParam *param = (const RkModelParam *)(void *)build->params->data;
    uint32_t n = build->params->len;
    RkRef *refs = rk_arena_alloc(arena, n * sizeof *refs, sizeof *refs);
    RkGradient *gradients = rk_arena_alloc(arena, n * sizeof *gradients, sizeof(uint64_t));
    for (uint32_t i = 0; i < n; i++)
        refs[i] = param[i].ref;
    if (!rk_grad_sum(g, &rk_grad_ops, losses, n, refs, gradients, error))
        return FALSE;

    *nodes = (RkOptimizerNodes){
        .hyper = rk_graph_input(g, "hyper", rk_type(RK_F32, 1, RK_DIM(RK_HYPER_WORDS))),
        .effects = refs, // read above, written from here on
        .states = rk_arena_alloc(arena, 2 * n * sizeof(char *), sizeof(char *)),
    };
    Method method = *find_method(set);
    if (rk_params_real(set, "momentum") == 0 && method.step == step_sgd)
        method.state[0] = NULL;
    float clip = (float)rk_params_real(set, "clip");
    RkRef scale = clip > 0 ? rk_clip_scale(g, n, gradients, clip) : RK_NONE;
    for (uint32_t i = 0; i < n; i++) {
        if (gradients[i].dense == RK_NONE && gradients[i].values == RK_NONE)
            continue;
        RkRef state[2];
        add_states(build, &method, &gradients[i], &param[i], nodes, state);
        nodes->effects[nodes->n_effects++] =
            method.step(g, &gradients[i], state, nodes->hyper, scale, set);
    }
    return rk_graph_check(g, error);
}

void
rk_optimizer_hyper(const RkParams *set, uint64_t step, double lr, uint64_t n_samples,
                   RkHyper *hyper)
{
    if (strcmp(rk_params_text(set, "lr.per"), "sample") == 0)
        lr *= (double)n_samples;
    *hyper = (RkHyper){
        .lr = (float)lr,
        .beta1 = (float)rk_params_real(set, "beta1"),
        .beta2 = (float)rk_params_real(set, "beta2"),
        .eps = (float)rk_params_real(set, "eps"),
        .weight_decay = (float)rk_params_real(set, "l2"),
        .momentum = (float)rk_params_real(set, "momentum"),
        .per_sample = (float)(1 / (double)MAX(n_samples, 1)),
    };
    rk_hyper_set_step(hyper, step);
}
