// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph/graph.h"

#include <string.h>

struct RkGraph {
    RkArena *arena;
    GArray *nodes;       // of RkNode
    GHashTable *by_name; // INPUT and PARAM names to RkRef + 1; keys in the arena
    GError *error;       // the first one
};

RkGraph *
rk_graph_new(void)
{
    RkGraph *graph = g_new0(RkGraph, 1);
    graph->arena = rk_arena_new();
    graph->nodes = g_array_new(FALSE, TRUE, sizeof(RkNode));
    graph->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    return graph;
}

void
rk_graph_free(RkGraph *graph)
{
    if (graph == NULL)
        return;
    g_hash_table_unref(graph->by_name);
    g_array_unref(graph->nodes);
    g_clear_error(&graph->error);
    rk_arena_free(graph->arena);
    g_free(graph);
}

static void *
arena_dup(RkArena *arena, const void *data, size_t n, size_t size)
{
    if (n == 0)
        return NULL;
    return memcpy(rk_arena_alloc(arena, n, size), data, n * size);
}

static RkRef
append(RkGraph *graph, const RkNode *node)
{
    RkNode own = *node;
    own.in = arena_dup(graph->arena, node->in, node->n_in, sizeof *node->in);
    own.attr = arena_dup(graph->arena, node->attr, node->n_attr, sizeof *node->attr);
    own.name = node->name ? rk_arena_strdup(graph->arena, node->name) : NULL;
    g_array_append_val(graph->nodes, own);
    RkRef ref = graph->nodes->len - 1;
    if (own.kind == RK_NODE_INPUT || own.kind == RK_NODE_PARAM)
        g_hash_table_insert(graph->by_name, (char *)own.name, GUINT_TO_POINTER(ref + 1));
    return ref;
}

RkGraph *
rk_graph_copy(const RkGraph *graph)
{
    RkGraph *copy = rk_graph_new();
    for (guint i = 0; i < graph->nodes->len; i++)
        append(copy, &g_array_index(graph->nodes, RkNode, i));
    if (graph->error != NULL)
        copy->error = g_error_copy(graph->error);
    return copy;
}

void
rk_graph_fail(RkGraph *graph, const char *format, ...)
{
    if (graph->error != NULL)
        return;
    va_list args;
    va_start(args, format);
    graph->error = g_error_new_valist(RK_ERROR, RK_ERROR_SHAPE, format, args);
    va_end(args);
}

void
rk_graph_refuse(RkGraph *graph, const char *format, ...)
{
    if (graph->error != NULL)
        return;
    va_list args;
    va_start(args, format);
    graph->error = g_error_new_valist(RK_ERROR, RK_ERROR_USAGE, format, args);
    va_end(args);
}

static RkRef
add_source(RkGraph *graph, RkNodeKind kind, const char *name, RkType type, double value)
{
    if (name != NULL && g_hash_table_contains(graph->by_name, name)) {
        rk_graph_fail(graph, "Can't add %s to the graph: the name is taken. Choose another.", name);
        return RK_NONE;
    }
    RkNode node = {.kind = kind, .name = name, .type = type, .value = value};
    return append(graph, &node);
}

RkRef
rk_graph_input(RkGraph *graph, const char *name, RkType type)
{
    return add_source(graph, RK_NODE_INPUT, name, type, 0);
}

RkRef
rk_graph_param(RkGraph *graph, const char *name, RkType type)
{
    return add_source(graph, RK_NODE_PARAM, name, type, 0);
}

RkRef
rk_graph_fill(RkGraph *graph, RkType type, double value)
{
    return add_source(graph, RK_NODE_FILL, NULL, type, value);
}

// How many inputs a row takes: from the first to the last.
static void
input_range(const RkOp *op, uint32_t *least, uint32_t *most)
{
    *least = *most = 0;
    for (const char *const *name = op->input; *name != NULL; name++) {
        char last = (*name)[strlen(*name) - 1];
        if (last == '*') {
            *most = UINT32_MAX;
            return;
        }
        *most += 1;
        if (last != '?')
            *least = *most;
    }
}

static gboolean
check_inputs(RkGraph *graph, const RkOp *op, uint32_t n_in, const RkRef *in)
{
    uint32_t least, most;
    input_range(op, &least, &most);
    if (n_in < least || n_in > most) {
        rk_graph_fail(graph, "Can't build %s: it takes %u to %u inputs, got %u.", op->name, least,
                      most, n_in);
        return FALSE;
    }
    for (uint32_t i = 0; i < n_in; i++) {
        gboolean optional = i < most && most != UINT32_MAX && strchr(op->input[i], '?') != NULL;
        if (in[i] == RK_NONE ? !optional : in[i] >= graph->nodes->len) {
            // A hole is the trace of an earlier error, which is the one to report.
            rk_graph_fail(graph, "Can't build %s: its input %u is missing.", op->name, i);
            return FALSE;
        }
    }
    return TRUE;
}

RkRef
rk_graph_op(RkGraph *graph, const RkOp *op, uint32_t n_in, const RkRef *in, uint32_t n_attr,
            const RkAttr *attr)
{
    if (graph->error != NULL || !check_inputs(graph, op, n_in, in))
        return RK_NONE;
    g_autofree RkType *types = g_new0(RkType, n_in + 1);
    g_autofree gboolean *present = g_new0(gboolean, n_in + 1);
    for (uint32_t i = 0; i < n_in; i++) {
        present[i] = in[i] != RK_NONE;
        types[i] = *rk_graph_type(graph, in[i]);
    }
    RkOpTypes args = {
        .op = op, .n_in = n_in, .in = types, .present = present, .n_attr = n_attr, .attr = attr};
    RkNode node = {
        .kind = RK_NODE_OP, .op = op, .n_in = n_in, .in = in, .n_attr = n_attr, .attr = attr};
    if (!op->infer(&args, &node.type, &graph->error))
        return RK_NONE;
    return append(graph, &node);
}

void
rk_graph_label(RkGraph *graph, RkRef ref, const char *label)
{
    if (ref == RK_NONE)
        return;
    RkNode *node = &g_array_index(graph->nodes, RkNode, ref);
    if (node->kind == RK_NODE_OP)
        node->name = rk_arena_strdup(graph->arena, label);
}

uint32_t
rk_graph_size(const RkGraph *graph)
{
    return graph->nodes->len;
}

const RkNode *
rk_graph_node(const RkGraph *graph, RkRef ref)
{
    g_assert(ref < graph->nodes->len);
    return &g_array_index(graph->nodes, RkNode, ref);
}

const RkType *
rk_graph_type(const RkGraph *graph, RkRef ref)
{
    static const RkType NOTHING = {.dtype = RK_F32};
    return ref == RK_NONE ? &NOTHING : &rk_graph_node(graph, ref)->type;
}

RkRef
rk_graph_find(const RkGraph *graph, const char *name)
{
    guint found = GPOINTER_TO_UINT(g_hash_table_lookup(graph->by_name, name));
    return found ? found - 1 : RK_NONE;
}

RkArena *
rk_graph_arena(RkGraph *graph)
{
    return graph->arena;
}

gboolean
rk_graph_check(const RkGraph *graph, GError **error)
{
    if (graph->error == NULL)
        return TRUE;
    if (error != NULL)
        *error = g_error_copy(graph->error);
    return FALSE;
}

gboolean
rk_graph_bind(const RkGraph *graph, RkRef ref, uint32_t batch, RkArena *arena, RkOpArgs *args,
              GError **error)
{
    const RkNode *node = rk_graph_node(graph, ref);
    RkTensor *in = rk_arena_new0(arena, RkTensor, node->n_in + 1);
    gboolean *present = rk_arena_new0(arena, gboolean, node->n_in + 1);
    for (uint32_t i = 0; i < node->n_in; i++) {
        present[i] = node->in[i] != RK_NONE;
        if (!rk_type_bind(rk_graph_type(graph, node->in[i]), batch, &in[i], error))
            return FALSE;
    }
    *args = (RkOpArgs){.op = node->op,
                       .n_in = node->n_in,
                       .in = in,
                       .present = present,
                       .n_attr = node->n_attr,
                       .attr = node->attr};
    return rk_type_bind(&node->type, batch, &args->out, error);
}
