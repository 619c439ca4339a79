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
    GArray *dense;  // RkRef of each node: its gradient, RK_NONE when none came yet
    GArray *rows;   // of Rows
    GArray *needed; // gboolean of each node: does it depend on a parameter asked for
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

static RkRef *
dense_of(const Backward *b, RkRef node)
{
    return &g_array_index(b->dense, RkRef, node);
}

static gboolean *
needs(const Backward *b, RkRef node)
{
    return &g_array_index(b->needed, gboolean, node);
}

static void
add_dense(Backward *b, RkRef node, RkRef grad)
{
    RkRef *dense = dense_of(b, node);
    if (grad != RK_NONE)
        *dense = *dense == RK_NONE ? grad : b->ops->add(b->graph, *dense, grad);
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
    RkRef *dense = dense_of(b, node);
    if (*dense == RK_NONE)
        *dense = rk_graph_fill(b->graph, *rk_graph_type(b->graph, node), 0);
    *dense = b->ops->add_rows(b->graph, *dense, sparse.sorted, sparse.values);
}

static gboolean
backward_node(Backward *b, RkRef ref, GError **error)
{
    RkNode node = *rk_graph_node(b->graph, ref); // a copy: the array grows below
    if (node.kind != RK_NODE_OP || !*needs(b, ref))
        return TRUE;
    densify(b, ref);
    RkRef dy = *dense_of(b, ref);
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
        if (node.in[i] != RK_NONE && *needs(b, node.in[i]))
            add_dense(b, node.in[i], dx[i]);
    return TRUE;
}

// Nodes from `begin` on that depend on a parameter; the arrays grow with the graph.
static void
mark_needed(Backward *b, RkRef begin)
{
    uint32_t was = b->dense->len, n = rk_graph_size(b->graph);
    const RkRef none = RK_NONE;
    g_array_set_size(b->needed, n); // cleared
    for (RkRef ref = was; ref < n; ref++)
        g_array_append_val(b->dense, none);
    for (RkRef ref = begin; ref < n; ref++) {
        const RkNode *node = rk_graph_node(b->graph, ref);
        for (uint32_t i = 0; i < node->n_in; i++)
            if (node->in[i] != RK_NONE && *needs(b, node->in[i]))
                *needs(b, ref) = TRUE;
    }
}

static void
collect(Backward *b, uint32_t n, const RkRef *params, RkGradient *gradients)
{
    for (uint32_t i = 0; i < n; i++) {
        RkGradient *out = &gradients[i];
        *out = (RkGradient){params[i], *dense_of(b, params[i]), RK_NONE, RK_NONE};
        if (out->dense == RK_NONE) {
            merge_rows(b, params[i], out);
            continue;
        }
        densify(b, params[i]); // also used whole elsewhere: its gradient is dense already
        out->dense = *dense_of(b, params[i]);
    }
}

static gboolean
check_loss(RkGraph *graph, RkRef loss, GError **error)
{
    if (!rk_graph_check(graph, error))
        return FALSE;
    const RkType *type = rk_graph_type(graph, loss);
    if (type->rank == 0 && type->dtype == RK_F32)
        return TRUE;
    g_autofree char *text = rk_type_text(type);
    g_set_error(error, RK_ERROR, RK_ERROR_SHAPE,
                "Can't differentiate a loss of type %s: it must be one f32 number. "
                "Take its mean or sum first.",
                text);
    return FALSE;
}

// From one loss down to the first node that was built for it.
static gboolean
backward_loss(Backward *b, const RkGradLosses *losses, uint32_t i, GError **error)
{
    RkRef begin = i == 0 ? 0 : rk_graph_size(b->graph);
    RkRef loss = losses->build(b->graph, i, losses->data);
    if (!check_loss(b->graph, loss, error))
        return FALSE;
    mark_needed(b, begin);
    *dense_of(b, loss) = rk_graph_fill(b->graph, *rk_graph_type(b->graph, loss), 1);
    for (RkRef ref = loss + 1; ref-- > begin;)
        if (!backward_node(b, ref, error))
            return FALSE;
    return TRUE;
}

gboolean
rk_grad_sum(RkGraph *graph, const RkGradOps *ops, const RkGradLosses *losses, uint32_t n,
            const RkRef *params, RkGradient *gradients, GError **error)
{
    Backward b = {.graph = graph, .ops = ops};
    b.dense = g_array_new(FALSE, FALSE, sizeof(RkRef));
    b.needed = g_array_new(FALSE, TRUE, sizeof(gboolean));
    b.rows = g_array_new(FALSE, FALSE, sizeof(Rows));
    mark_needed(&b, rk_graph_size(graph));
    for (uint32_t i = 0; i < n; i++)
        *needs(&b, params[i]) = TRUE;
    g_private_set(&collecting, &b);
    gboolean done = TRUE;
    for (uint32_t i = 0; done && i < losses->n; i++)
        done = backward_loss(&b, losses, i, error);
    if (done)
        collect(&b, n, params, gradients);
    g_private_set(&collecting, NULL);
    g_array_unref(b.dense);
    g_array_unref(b.needed);
    g_array_unref(b.rows);
    return done && rk_graph_check(graph, error);
}

static RkRef
built_already(RkGraph *graph, uint32_t i, void *loss)
{
    (void)graph, (void)i;
    return *(const RkRef *)loss;
}

gboolean
rk_grad(RkGraph *graph, const RkGradOps *ops, RkRef loss, uint32_t n, const RkRef *params,
        RkGradient *gradients, GError **error)
{
    const RkGradLosses one = {1, built_already, &loss};
    return rk_grad_sum(graph, ops, &one, n, params, gradients, error);
}
