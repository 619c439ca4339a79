// SPDX-License-Identifier: GPL-3.0-or-later
//
// Joins chains of pointwise ops into one `fused` node: RkOp.absorb of the pointwise rows. The
// producer's slots come first, then the consumer's; an intermediate value never leaves registers.
#include "ops/pointwise-private.h"

#include "ops/pointwise.h"

#include "graph/graph.h"

#include <string.h>

typedef struct {
    uint32_t n_in;
    RkRef in[RK_FUSED_IN];
    uint32_t n_slots;
    RkAttr slot[RK_FUSED_SLOTS][RK_FUSED_WORDS];
} Chain;

// The number of an input of the chain, added if it is new; FALSE when there is no room.
static gboolean
chain_input(Chain *chain, RkRef ref, int32_t *source)
{
    for (uint32_t i = 0; i < chain->n_in; i++)
        if (chain->in[i] == ref) {
            *source = (int32_t)i;
            return TRUE;
        }
    if (chain->n_in == RK_FUSED_IN)
        return FALSE;
    *source = (int32_t)chain->n_in;
    chain->in[chain->n_in++] = ref;
    return TRUE;
}

// Appends the slots of a node; what it reads from `joined` (RK_NONE: nothing) comes from the
// chain's last slot so far.
static gboolean
chain_append(Chain *chain, const RkNode *node, RkRef joined)
{
    int32_t source[RK_FUSED_IN] = {0};
    int32_t last = (int32_t)(RK_FUSED_IN + chain->n_slots) - 1;
    int32_t base = (int32_t)chain->n_slots;
    for (uint32_t i = 0; i < node->n_in; i++)
        if (node->in[i] == joined)
            source[i] = last;
        else if (!chain_input(chain, node->in[i], &source[i]))
            return FALSE;
    int code = rk_pointwise_code(node->op);
    uint32_t n_slots = code >= 0 ? 1 : (uint32_t)node->attr[0].i;
    if (chain->n_slots + n_slots > RK_FUSED_SLOTS)
        return FALSE;
    for (uint32_t s = 0; s < n_slots; s++) {
        RkAttr *slot = chain->slot[chain->n_slots++];
        if (code >= 0) {
            slot[0].i = code;
            for (uint32_t i = 0; i < RK_FUSED_IN; i++)
                slot[1 + i].i = source[i];
            slot[5].f = node->n_attr > 0 ? node->attr[0].f : 0;
            slot[6].f = node->n_attr > 1 ? node->attr[1].f : 0;
            continue;
        }
        memcpy(slot, &node->attr[1 + s * RK_FUSED_WORDS], RK_FUSED_WORDS * sizeof *slot);
        for (uint32_t i = 1; i <= RK_FUSED_IN; i++)
            slot[i].i = slot[i].i >= (int32_t)RK_FUSED_IN ? slot[i].i + base : source[slot[i].i];
    }
    return TRUE;
}

RkRef
rk_pointwise_absorb(RkGraph *graph, RkRef ref, RkRef consumer)
{
    const RkNode producer = *rk_graph_node(graph, ref);
    const RkNode next = *rk_graph_node(graph, consumer);
    gboolean joins = next.kind == RK_NODE_OP &&
                     (rk_pointwise_code(next.op) >= 0 || next.op == rk_pointwise_fused_op());
    // A producer that is broadcast would be computed again for every element it serves.
    if (!joins || !rk_type_equal(&producer.type, &next.type))
        return RK_NONE;
    Chain chain = {0};
    if (!chain_append(&chain, &producer, RK_NONE) || !chain_append(&chain, &next, ref))
        return RK_NONE;
    RkAttr attr[1 + RK_FUSED_SLOTS * RK_FUSED_WORDS] = {{.i = (int32_t)chain.n_slots}};
    memcpy(attr + 1, chain.slot, chain.n_slots * sizeof chain.slot[0]);
    return rk_graph_op(graph, rk_pointwise_fused_op(), chain.n_in, chain.in,
                       1 + chain.n_slots * RK_FUSED_WORDS, attr);
}
