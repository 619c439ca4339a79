// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/micro.h"

#include "ops/ops.h"

static RkRef *
map_of(const RkMicro *m, uint32_t i)
{
    return m->map + (size_t)i * m->n_nodes;
}

static RkRef
repeat_input(RkGraph *g, const RkNode *node, uint32_t i)
{
    g_autofree char *name = g_strdup_printf("%s (micro-batch %u)", node->name, i + 1);
    return rk_graph_input(g, name, node->type);
}

static RkRef
repeat_op(RkGraph *g, const RkNode *node, const RkRef *map)
{
    g_autofree RkRef *in = g_new(RkRef, node->n_in + 1);
    for (uint32_t k = 0; k < node->n_in; k++)
        in[k] = node->in[k] == RK_NONE ? RK_NONE : map[node->in[k]];
    RkRef copy = rk_graph_op(g, node->op, node->n_in, in, node->n_attr, node->attr);
    if (node->name != NULL)
        rk_graph_label(g, copy, node->name);
    return copy;
}

// Repeats all that `to` depends on and isn't yet; parameters and constants are shared.
static RkRef
repeat(RkMicro *m, uint32_t i, RkRef to)
{
    RkGraph *g = m->build->graph;
    RkRef *map = map_of(m, i);
    g_autofree gboolean *wanted = g_new0(gboolean, m->n_nodes);
    wanted[to] = TRUE;
    for (RkRef ref = to + 1; ref-- > 0;) {
        const RkNode *node = rk_graph_node(g, ref);
        for (uint32_t k = 0; wanted[ref] && k < node->n_in; k++)
            if (node->in[k] != RK_NONE)
                wanted[node->in[k]] = TRUE;
    }
    for (RkRef ref = 0; ref <= to; ref++) {
        RkNode node = *rk_graph_node(g, ref); // a copy: the array grows below
        if (!wanted[ref] || map[ref] != RK_NONE)
            continue;
        map[ref] = node.kind == RK_NODE_INPUT ? repeat_input(g, &node, i)
                   : node.kind == RK_NODE_OP  ? repeat_op(g, &node, map)
                                              : ref;
    }
    return map[to];
}

// What part each micro-batch is of the step's weights.
static void
add_shares(RkMicro *m)
{
    RkGraph *g = m->build->graph;
    const double NOTHING = 1e-30; // stands for a sum of weights of 0, as in rk_mean_loss()
    RkRef total = RK_NONE;
    for (uint32_t i = 0; i < m->n; i++) {
        RkRef weight = i == 0 ? m->weight : repeat(m, i, m->weight);
        m->share[i] = rk_sum_all(g, weight);
        total = i == 0 ? m->share[i] : rk_add(g, total, m->share[i]);
    }
    total = rk_maximum(g, total, rk_graph_fill(g, rk_type(RK_F32, 0), NOTHING));
    for (uint32_t i = 0; i < m->n; i++)
        m->share[i] = rk_div(g, m->share[i], total);
}

void
rk_micro_init(RkMicro *micro, RkModelBuild *build, RkRef loss, RkRef weight, uint32_t n)
{
    RkArena *arena = rk_graph_arena(build->graph);
    uint32_t n_nodes = rk_graph_size(build->graph);
    *micro = (RkMicro){.n = n, .n_nodes = n_nodes, .build = build, .first = loss, .weight = weight};
    micro->loss = n == 1 ? loss : RK_NONE;
    micro->map = rk_arena_new0(arena, RkRef, (size_t)n * n_nodes + 1);
    micro->share = rk_arena_new0(arena, RkRef, n);
    for (uint32_t i = 0; i < n; i++)
        for (RkRef ref = 0; ref < n_nodes; ref++)
            map_of(micro, i)[ref] = i == 0 ? ref : RK_NONE;
    if (n > 1)
        add_shares(micro);
}

static RkRef
build_loss(RkGraph *graph, uint32_t i, void *data)
{
    RkMicro *m = data;
    if (m->n == 1)
        return m->first;
    RkRef loss = rk_mul(graph, i == 0 ? m->first : repeat(m, i, m->first), m->share[i]);
    m->loss = i == 0 ? loss : rk_add(graph, m->loss, loss);
    return loss;
}

RkGradLosses
rk_micro_losses(RkMicro *micro)
{
    return (RkGradLosses){micro->n, build_loss, micro};
}

RkRef
rk_micro_input(const RkMicro *micro, uint32_t i, RkRef input)
{
    return map_of(micro, i)[input];
}
