// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph/eval.h"

struct RkEval {
    const RkGraph *graph;
    RkArena *arena;
    uint32_t n_nodes;
    RkTensor *tensor; // [n_nodes]
    RkOpArgs *args;   // [n_nodes], of OP nodes
    double **values;  // [n_nodes]; aliases point at their first input's
};

static gboolean
bind_node(RkEval *eval, RkRef ref, uint32_t batch, GError **error)
{
    const RkNode *node = rk_graph_node(eval->graph, ref);
    if (!rk_type_bind(&node->type, batch, &eval->tensor[ref], error))
        return FALSE;
    if (node->kind == RK_NODE_OP &&
        !rk_graph_bind(eval->graph, ref, batch, eval->arena, &eval->args[ref], error))
        return FALSE;
    if (node->kind == RK_NODE_OP && (node->op->flags & RK_OP_ALIAS)) {
        eval->values[ref] = eval->values[node->in[0]];
        return TRUE;
    }
    uint64_t numel = rk_tensor_numel(&eval->tensor[ref]);
    eval->values[ref] = rk_arena_new0(eval->arena, double, numel + 1);
    for (uint64_t i = 0; node->kind == RK_NODE_FILL && i < numel; i++)
        eval->values[ref][i] = node->value;
    return TRUE;
}

RkEval *
rk_eval_new(const RkGraph *graph, uint32_t batch, GError **error)
{
    if (!rk_graph_check(graph, error))
        return NULL;
    g_autoptr(RkEval) eval = g_new0(RkEval, 1);
    eval->graph = graph;
    eval->arena = rk_arena_new();
    eval->n_nodes = rk_graph_size(graph);
    eval->tensor = rk_arena_new0(eval->arena, RkTensor, eval->n_nodes);
    eval->args = rk_arena_new0(eval->arena, RkOpArgs, eval->n_nodes);
    eval->values = rk_arena_new0(eval->arena, double *, eval->n_nodes);
    for (RkRef ref = 0; ref < eval->n_nodes; ref++)
        if (!bind_node(eval, ref, batch, error))
            return NULL;
    return g_steal_pointer(&eval);
}

void
rk_eval_free(RkEval *eval)
{
    if (eval == NULL)
        return;
    rk_arena_free(eval->arena);
    g_free(eval);
}

double *
rk_eval_values(RkEval *eval, RkRef ref)
{
    g_assert(ref < eval->n_nodes);
    return eval->values[ref];
}

const RkTensor *
rk_eval_tensor(const RkEval *eval, RkRef ref)
{
    g_assert(ref < eval->n_nodes);
    return &eval->tensor[ref];
}

void
rk_eval_run(RkEval *eval)
{
    for (RkRef ref = 0; ref < eval->n_nodes; ref++) {
        const RkNode *node = rk_graph_node(eval->graph, ref);
        if (node->kind != RK_NODE_OP)
            continue;
        g_autofree double **in = g_new0(double *, node->n_in + 1);
        for (uint32_t i = 0; i < node->n_in; i++)
            in[i] = node->in[i] == RK_NONE ? NULL : eval->values[node->in[i]];
        if (node->op->oracle != NULL)
            node->op->oracle(&eval->args[ref], in, eval->values[ref]);
    }
}
