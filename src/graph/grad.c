// SPDX-License-Identifier: GPL-3.0-or-later
//
// Walks the nodes backwards from the loss. Dense gradients are added up as they arrive; what
// lookups contribute to a table is collected and merged at the end into one sorted segment sum.
#include "graph/grad.h"

typedef struct {
    RkRef table, index, source, weight, grad;
} Rows;

// State of one rk_grad() call. Rows' gradient functions only see the graph, so the collection of
// lookups hangs on it through a registry keyed by graph.
typedef struct {
    RkGraph *graph;
    const RkGradOps *ops;
    RkRef *dense;     // [n_forward] gradient of each forward node, RK_NONE when none came yet
    GArray *rows;     // of Rows
    gboolean *needed; // [n_forward] does the node depend on a parameter asked for
} Backward;

static GPrivate collecting = G_PRIVATE_INIT(NULL); // the Backward of this thread's rk_grad()

void
rk_grad_rows(RkGraph *graph, RkRef table, RkRef index, RkRef source, RkRef weight, RkRef grad)
{
    Backward *b = g_private_get(&collecting);
    g_assert(b != NULL && b->graph == graph);
    Rows rows = {table, index, source, weight, grad};
    g_array_append_val(b->rows, rows);
}

static void
add_dense(Backward *b, RkRef node, RkRef grad)
{
    if (grad == RK_NONE)
        return;
    b->dense[node] = b->dense[node] == RK_NONE ? grad : b->ops->add(b->graph, b->dense[node], grad);
}

static RkType
flat(const RkType *type)
{
    RkType out = {.dtype = type->dtype, .rank = 1, .dim = {{1, FALSE}}};
    for (uint32_t i = 0; i < type->rank; i++) {
        out.dim[0].n *= type->dim[i].n;
        out.dim[0].per_batch = out.dim[0].per_batch || type->dim[i].per_batch;
    }
    return out;
}

// One contribution with a gradient row for each index: source and weight applied.
static RkRef
expand(Backward *b, const Rows *rows)
{
    RkRef grad = rows->grad;
    if (rows->source != RK_NONE)
        grad = b->ops->gather(b->graph, grad, rows->source);
    if (rows->weight == RK_NONE || grad == RK_NONE)
        return grad;
    RkType column = flat(rk_graph_type(b->graph, rows->weight));
    column.rank = 2;
    column.dim[1] = RK_DIM(1);
    return b->ops->mul(b->graph, grad, b->ops->reshape(b->graph, rows->weight, column));
}

// The sparse gradient of one table from all lookups in it.
static void
merge_rows(Backward *b, RkRef table, RkGradient *out)
{
    g_autofree Rows *mine = g_new(Rows, b->rows->len + 1);
    uint32_t n = 0;
    for (guint i = 0; i < b->rows->len; i++)
        if (g_array_index(b->rows, Rows, i).table == table)
            mine[n++] = g_array_index(b->rows, Rows, i);
    if (n == 0)
        return;
    RkGraph *g = b->graph;
    if (n == 1) {
        out->sorted = b->ops->sort_rows(g, mine[0].index);
        out->values =
            b->ops->segment_sum(g, mine[0].grad, out->sorted, mine[0].source, mine[0].weight);
        return;
    }
    g_autofree RkRef *index = g_new(RkRef, n);
    g_autofree RkRef *grad = g_new(RkRef, n);
    for (uint32_t i = 0; i < n; i++) {
        index[i] = mine[i].index;
        grad[i] = expand(b, &mine[i]);
    }
    out->sorted = b->ops->sort_rows(g, b->ops->host_concat(g, n, index));
    out->values =
        b->ops->segment_sum(g, b->ops->concat(g, 0, n, grad), out->sorted, RK_NONE, RK_NONE);
}

// Lookups in a computed tensor can't stay sparse: its producer wants a dense gradient.
static void
densify(Backward *b, RkRef node)
{
    RkGradient sparse = {.sorted = RK_NONE, .values = RK_NONE};
    merge_rows(b, node, &sparse);
    if (sparse.values == RK_NONE)
        return;
    if (b->dense[node] == RK_NONE)
        b->dense[node] = rk_graph_fill(b->graph, *rk_graph_type(b->graph, node), 0);
    b->dense[node] = b->ops->add_rows(b->graph, b->dense[node], sparse.sorted, sparse.values);
}

static gboolean
backward_node(Backward *b, RkRef ref, GError **error)
{
    RkNode node = *rk_graph_node(b->graph, ref); // a copy: the array grows below
    if (node.kind != RK_NODE_OP || !b->needed[ref])
        return TRUE;
    densify(b, ref);
    RkRef dy = b->dense[ref];
    if (dy == RK_NONE)
        return TRUE;
    if (node.op->grad == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_UNSUPPORTED,
                    "Can't differentiate node %%%u: the op %s has no gradient.", ref,
                    node.op->name);
        return FALSE;
    }
    g_autofree RkRef *dx = g_new(RkRef, node.n_in + 1);
    for (uint32_t i = 0; i < node.n_in; i++)
        dx[i] = RK_NONE;
    node.op->grad(b->graph, ref, dy, dx);
    for (uint32_t i = 0; i < node.n_in; i++)
        if (node.in[i] != RK_NONE && b->needed[node.in[i]])
            add_dense(b, node.in[i], dx[i]);
    return TRUE;
}

static void
mark_needed(Backward *b, uint32_t n_forward, uint32_t n, const RkRef *params)
{
    for (uint32_t i = 0; i < n; i++)
        b->needed[params[i]] = TRUE;
    for (RkRef ref = 0; ref < n_forward; ref++) {
        const RkNode *node = rk_graph_node(b->graph, ref);
        for (uint32_t i = 0; i < node->n_in; i++)
            if (node->in[i] != RK_NONE && b->needed[node->in[i]])
                b->needed[ref] = TRUE;
    }
}

static void
collect(Backward *b, uint32_t n, const RkRef *params, RkGradient *gradients)
{
    for (uint32_t i = 0; i < n; i++) {
        RkGradient *out = &gradients[i];
        *out = (RkGradient){params[i], b->dense[params[i]], RK_NONE, RK_NONE};
        if (out->dense == RK_NONE) {
            merge_rows(b, params[i], out);
            continue;
        }
        densify(b, params[i]); // also used whole elsewhere: its gradient is dense already
        out->dense = b->dense[params[i]];
    }
}

gboolean
rk_grad(RkGraph *graph, const RkGradOps *ops, RkRef loss, uint32_t n, const RkRef *params,
        RkGradient *gradients, GError **error)
{
    if (!rk_graph_check(graph, error))
        return FALSE;
    RkType type = *rk_graph_type(graph, loss);
    if (type.rank != 0 || type.dtype != RK_F32) {
        g_autofree char *text = rk_type_text(&type);
        g_set_error(error, RK_ERROR, RK_ERROR_SHAPE,
                    "Can't differentiate a loss of type %s: it must be one f32 number. "
                    "Take its mean or sum first.",
                    text);
        return FALSE;
    }
    uint32_t n_forward = rk_graph_size(graph);
    Backward b = {.graph = graph, .ops = ops};
    b.dense = g_new(RkRef, n_forward);
    b.needed = g_new0(gboolean, n_forward);
    b.rows = g_array_new(FALSE, FALSE, sizeof(Rows));
    for (uint32_t i = 0; i < n_forward; i++)
        b.dense[i] = RK_NONE;
    mark_needed(&b, n_forward, n, params);
    b.dense[loss] = rk_graph_fill(graph, type, 1);
    g_private_set(&collecting, &b);
    gboolean done = TRUE;
    for (RkRef ref = loss + 1; done && ref-- > 0;)
        done = backward_node(&b, ref, error);
    if (done)
        collect(&b, n, params, gradients);
    g_private_set(&collecting, NULL);
    g_free(b.dense);
    g_free(b.needed);
    g_array_unref(b.rows);
    return done && rk_graph_check(graph, error);
}
