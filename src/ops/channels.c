// SPDX-License-Identifier: GPL-3.0-or-later
#include "ops/channels.h"

#include "ops/ops.h"

#include <string.h>

// Channels are tracked along the last axis of every node, and along the first of matrices that are
// parameters. A class is a tree of union-find; a pinned one can't be cut.
typedef struct {
    uint32_t n; // of `id`; 0: not tracked
    uint32_t *id;
} Axis;

struct RkChannels {
    const RkGraph *graph;
    GArray *parent; // of uint32_t
    GArray *pinned; // of gboolean, of roots
    Axis *last;     // [nodes]
    Axis *first;    // [nodes]
};

static uint32_t
root_of(RkChannels *c, uint32_t id)
{
    uint32_t *parent = (uint32_t *)(void *)c->parent->data;
    while (parent[id] != id)
        id = parent[id] = parent[parent[id]];
    return id;
}

static void
tie(RkChannels *c, uint32_t a, uint32_t b)
{
    gboolean *pinned = (gboolean *)(void *)c->pinned->data;
    a = root_of(c, a);
    b = root_of(c, b);
    ((uint32_t *)(void *)c->parent->data)[MAX(a, b)] = MIN(a, b);
    pinned[MIN(a, b)] |= pinned[MAX(a, b)];
}

static void
fresh(RkChannels *c, Axis *axis, uint32_t n)
{
    const gboolean no = FALSE;
    axis->n = n;
    axis->id = g_new(uint32_t, MAX(n, 1));
    for (uint32_t i = 0; i < n; i++) {
        axis->id[i] = c->parent->len;
        g_array_append_val(c->parent, axis->id[i]);
        g_array_append_val(c->pinned, no);
    }
}

static void
pin(RkChannels *c, const Axis *axis)
{
    for (uint32_t i = 0; i < axis->n; i++)
        ((gboolean *)(void *)c->pinned->data)[root_of(c, axis->id[i])] = TRUE;
}

// Element by element; what differs in length is needed as it is.
static void
tie_axes(RkChannels *c, const Axis *a, const Axis *b)
{
    if (a->n != b->n) {
        pin(c, a);
        pin(c, b);
        return;
    }
    for (uint32_t i = 0; i < a->n; i++)
        tie(c, a->id[i], b->id[i]);
}

static Axis *
input(RkChannels *c, const RkNode *node, uint32_t i)
{
    static Axis none;
    return i < node->n_in && node->in[i] != RK_NONE ? &c->last[node->in[i]] : &none;
}

// ---- rules, one an op ----------------------------------------------------------------------

typedef void (*Rule)(RkChannels *c, const RkNode *node, Axis *out);

static void
keep_all(RkChannels *c, const RkNode *node, Axis *out)
{
    for (uint32_t i = 0; i < node->n_in; i++)
        pin(c, input(c, node, i));
    pin(c, out);
}

// Every input of the output's length goes with it; those that are spread over it stay.
static void
with_output(RkChannels *c, const RkNode *node, Axis *out)
{
    for (uint32_t i = 0; i < node->n_in; i++) {
        Axis *in = input(c, node, i);
        if (in->n == out->n)
            tie_axes(c, in, out);
        else
            pin(c, in);
    }
}

// x [.., K], w [N, K], bias [N] -> [.., N]
static void
dense(RkChannels *c, const RkNode *node, Axis *out)
{
    Axis *rows = &c->first[node->in[1]], *bias = input(c, node, 2);
    tie_axes(c, input(c, node, 0), input(c, node, 1));
    if (rows->n == out->n)
        tie_axes(c, rows, out);
    else
        pin(c, out);
    if (bias->n > 0)
        tie_axes(c, bias, out);
}

// The output has the table's columns, whatever the index.
static void
lookup(RkChannels *c, const RkNode *node, Axis *out)
{
    tie_axes(c, input(c, node, 0), out);
}

// a b^T: both are read along their last axes.
static void
matmul(RkChannels *c, const RkNode *node, Axis *out)
{
    if (node->attr[0].i != 0 || node->attr[1].i == 0) {
        keep_all(c, node, out);
        return;
    }
    tie_axes(c, input(c, node, 0), input(c, node, 1));
    pin(c, out);
}

// A sum over channels needs none of them; over another axis it keeps them apart.
static void
sum(RkChannels *c, const RkNode *node, Axis *out)
{
    const RkType *x = rk_graph_type(c->graph, node->in[0]);
    if ((uint32_t)node->attr[0].i + 1 == x->rank)
        pin(c, out);
    else
        with_output(c, node, out);
}

static void
contract(RkChannels *c, const RkNode *node, Axis *out)
{
    (void)node;
    pin(c, out);
}

// The same last axis, or the last two as one: channel j is then channel j modulo its length.
static void
reshape(RkChannels *c, const RkNode *node, Axis *out)
{
    Axis *in = input(c, node, 0);
    const RkType *from = rk_graph_type(c->graph, node->in[0]);
    gboolean merged = from->rank >= 2 && !from->dim[from->rank - 2].per_batch && in->n > 0 &&
                      out->n == in->n * from->dim[from->rank - 2].n;
    if (in->n == out->n) {
        tie_axes(c, in, out);
        return;
    }
    if (!merged) {
        keep_all(c, node, out);
        return;
    }
    for (uint32_t j = 0; j < out->n; j++)
        tie(c, out->id[j], in->id[j % in->n]);
}

static void
concat(RkChannels *c, const RkNode *node, Axis *out)
{
    uint32_t at = 0;
    if ((uint32_t)node->attr[0].i + 1 != node->type.rank) {
        with_output(c, node, out);
        return;
    }
    for (uint32_t i = 0; i < node->n_in; i++) {
        const Axis *in = input(c, node, i);
        for (uint32_t k = 0; k < in->n; k++)
            tie(c, in->id[k], out->id[at++]);
    }
}

static void
slice(RkChannels *c, const RkNode *node, Axis *out)
{
    const Axis *in = input(c, node, 0);
    if ((uint32_t)node->attr[0].i + 1 != node->type.rank) {
        with_output(c, node, out);
        return;
    }
    pin(c, in); // what else is sliced by number would move
    pin(c, out);
}

// Queries, keys and values are of one width; with several heads it matters whose a channel is.
static void
attention(RkChannels *c, const RkNode *node, Axis *out)
{
    for (uint32_t i = 0; i < 3; i++)
        tie_axes(c, input(c, node, i), out);
    if (node->attr[0].i > 1)
        pin(c, out);
}

static const struct {
    const char *op;
    Rule rule;
} RULES[] = {
    {"dense", dense},
    {"gather", lookup},
    {"embedding_bag", lookup},
    {"matmul", matmul},
    {"sum", sum},
    {"fm", contract},
    {"pairwise_dot", contract},
    {"fm_vector", with_output},
    {"cross_vector", with_output},
    {"layer_norm", with_output},
    {"expand", with_output},
    {"pad", slice},
    {"slice", slice},
    {"reshape", reshape},
    {"concat", concat},
    {"attention", attention},
};

static Rule
rule_of(const RkOp *op)
{
    for (size_t i = 0; i < G_N_ELEMENTS(RULES); i++)
        if (strcmp(RULES[i].op, op->name) == 0)
            return RULES[i].rule;
    return rk_pointwise_code(op) >= 0 ? with_output : keep_all;
}

// ---- all of a graph ------------------------------------------------------------------------

static void
begin_node(RkChannels *c, RkRef ref)
{
    const RkType *type = rk_graph_type(c->graph, ref);
    const RkNode *node = rk_graph_node(c->graph, ref);
    if (type->dtype != RK_F32 || type->rank == 0 || type->dim[type->rank - 1].per_batch)
        return;
    fresh(c, &c->last[ref], type->dim[type->rank - 1].n);
    if (node->kind == RK_NODE_PARAM && type->rank == 2)
        fresh(c, &c->first[ref], type->dim[0].n);
    if (node->kind == RK_NODE_INPUT)
        pin(c, &c->last[ref]);
}

RkChannels *
rk_channels_new(const RkGraph *graph, RkRef output)
{
    RkChannels *c = g_new0(RkChannels, 1);
    uint32_t n = rk_graph_size(graph);
    c->graph = graph;
    c->parent = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    c->pinned = g_array_new(FALSE, FALSE, sizeof(gboolean));
    c->last = g_new0(Axis, n + 1);
    c->first = g_new0(Axis, n + 1);
    for (RkRef ref = 0; ref < n; ref++) {
        const RkNode *node = rk_graph_node(graph, ref);
        begin_node(c, ref);
        if (node->kind == RK_NODE_OP)
            rule_of(node->op)(c, node, &c->last[ref]);
    }
    pin(c, &c->last[output]);
    // Rows of what no layer computes from are nobody's neurons.
    for (RkRef ref = 0; ref < n; ref++) {
        gboolean is_weight = FALSE;
        for (RkRef user = 0; c->first[ref].n > 0 && user < n && !is_weight; user++) {
            const RkNode *node = rk_graph_node(graph, user);
            is_weight =
                node->kind == RK_NODE_OP && rule_of(node->op) == dense && node->in[1] == ref;
        }
        if (!is_weight)
            pin(c, &c->first[ref]);
    }
    return c;
}

void
rk_channels_free(RkChannels *channels)
{
    if (channels == NULL)
        return;
    for (uint32_t i = 0; i < rk_graph_size(channels->graph); i++) {
        g_free(channels->last[i].id);
        g_free(channels->first[i].id);
    }
    g_free(channels->last);
    g_free(channels->first);
    g_array_unref(channels->parent);
    g_array_unref(channels->pinned);
    g_free(channels);
}

uint32_t
rk_channels_class(RkChannels *channels, RkRef param, uint32_t axis, uint32_t i)
{
    uint32_t rank = rk_graph_type(channels->graph, param)->rank;
    const Axis *a = axis + 1 == rank ? &channels->last[param] : &channels->first[param];
    if (i >= a->n || (axis + 1 != rank && axis > 0))
        return UINT32_MAX;
    uint32_t root = root_of(channels, a->id[i]);
    return g_array_index(channels->pinned, gboolean, root) ? UINT32_MAX : root;
}
