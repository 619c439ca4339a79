// SPDX-License-Identifier: GPL-3.0-or-later
//
// Fusion: copies the graph node by node; where a node is the only reader of what it reads, the
// producer's row is asked to absorb it. What absorbs what is the rows' business (RkOp.absorb).
#include "plan/plan-private.h"

typedef struct {
    const RkGraph *from;
    RkGraph *to;
    uint32_t *uses;       // [from] how many nodes read it
    const gboolean *kept; // [from]
    RkRef *map;           // [from] to `to`
    GArray *origin;       // [to] of RkRef in `from`
    gboolean *effect_at;  // [from] is it an in-place update
} Fusion;

static RkRef
copy_node(Fusion *f, RkRef ref)
{
    const RkNode *node = rk_graph_node(f->from, ref);
    switch (node->kind) {
    case RK_NODE_INPUT:
        return rk_graph_input(f->to, node->name, node->type);
    case RK_NODE_PARAM:
        return rk_graph_param(f->to, node->name, node->type);
    case RK_NODE_FILL:
        return rk_graph_fill(f->to, node->type, node->value);
    case RK_NODE_OP:
        break;
    }
    g_autofree RkRef *in = g_new(RkRef, node->n_in + 1);
    for (uint32_t i = 0; i < node->n_in; i++)
        in[i] = node->in[i] == RK_NONE ? RK_NONE : f->map[node->in[i]];
    RkRef made = rk_graph_op(f->to, node->op, node->n_in, in, node->n_attr, node->attr);
    if (node->name != NULL)
        rk_graph_label(f->to, made, node->name);
    return made;
}

static void
set_origin(Fusion *f, RkRef made, RkRef from)
{
    RkRef none = RK_NONE;
    while (f->origin->len < rk_graph_size(f->to))
        g_array_append_val(f->origin, none);
    g_array_index(f->origin, RkRef, made) = from;
}

// Absorbing delays the producer to the consumer's place, so nothing that it reads may be updated
// in between.
static gboolean
updates_between(const Fusion *f, RkRef producer, RkRef consumer)
{
    for (RkRef ref = producer + 1; ref < consumer; ref++)
        if (f->effect_at[ref])
            return TRUE;
    return FALSE;
}

// Tries each producer of `made` (the value of `ref`); returns the node that replaced it or RK_NONE.
static RkRef
absorb_once(Fusion *f, RkRef made, RkRef ref)
{
    const RkNode node = *rk_graph_node(f->to, made);
    for (uint32_t i = 0; i < node.n_in; i++) {
        if (node.in[i] == RK_NONE)
            continue;
        RkRef from = g_array_index(f->origin, RkRef, node.in[i]);
        const RkNode *producer = rk_graph_node(f->to, node.in[i]);
        if (from == RK_NONE || f->uses[from] != 1 || f->kept[from] ||
            producer->kind != RK_NODE_OP || producer->op->absorb == NULL ||
            updates_between(f, from, ref))
            continue;
        RkRef joined = producer->op->absorb(f->to, node.in[i], made);
        if (joined != RK_NONE)
            return joined;
    }
    return RK_NONE;
}

static void
visit(Fusion *f, RkRef ref)
{
    RkRef made = copy_node(f, ref);
    while (made != RK_NONE) {
        set_origin(f, made, ref);
        const RkNode *node = rk_graph_node(f->to, made);
        RkRef joined = node->kind == RK_NODE_OP ? absorb_once(f, made, ref) : RK_NONE;
        if (joined == RK_NONE)
            break;
        if (rk_graph_node(f->from, ref)->name != NULL)
            rk_graph_label(f->to, joined, rk_graph_node(f->from, ref)->name);
        made = joined;
    }
    f->map[ref] = made;
}

RkGraph *
rk_plan_fuse(const RkGraph *graph, const gboolean *kept, RkRef *map)
{
    uint32_t n = rk_graph_size(graph);
    g_autofree uint32_t *uses = g_new0(uint32_t, n + 1);
    g_autofree gboolean *effects = g_new0(gboolean, n + 1);
    Fusion f = {.from = graph,
                .to = rk_graph_new(),
                .uses = uses,
                .kept = kept,
                .map = map,
                .effect_at = effects};
    f.origin = g_array_new(FALSE, FALSE, sizeof(RkRef));
    for (RkRef ref = 0; ref < n; ref++) {
        const RkNode *node = rk_graph_node(graph, ref);
        effects[ref] = node->kind == RK_NODE_OP && node->op->writes != 0;
        for (uint32_t i = 0; i < node->n_in; i++)
            if (node->in[i] != RK_NONE)
                uses[node->in[i]]++;
    }
    for (RkRef ref = 0; ref < n; ref++)
        visit(&f, ref);
    g_array_unref(f.origin);
    return f.to;
}
