// SPDX-License-Identifier: GPL-3.0-or-later
//
// The memory plan: every live node gets a home; activations share one arena by liveness, placed
// best-fit in execution order.
#include "plan/plan-private.h"

typedef struct {
    uint64_t offset, bytes;
} Hole;

typedef struct {
    GArray *holes; // of Hole, by offset, never touching each other
    uint64_t end;
} Heap;

static uint64_t
heap_take(Heap *heap, uint64_t bytes)
{
    gint best = -1;
    for (guint i = 0; i < heap->holes->len; i++) {
        Hole *hole = &g_array_index(heap->holes, Hole, i);
        if (hole->bytes >= bytes &&
            (best < 0 || hole->bytes < g_array_index(heap->holes, Hole, best).bytes))
            best = (gint)i;
    }
    if (best >= 0) {
        Hole *hole = &g_array_index(heap->holes, Hole, best);
        uint64_t offset = hole->offset;
        hole->offset += bytes;
        hole->bytes -= bytes;
        if (hole->bytes == 0)
            g_array_remove_index(heap->holes, (guint)best);
        return offset;
    }
    // A hole at the very end grows instead of being left behind.
    if (heap->holes->len > 0) {
        Hole last = g_array_index(heap->holes, Hole, heap->holes->len - 1);
        if (last.offset + last.bytes == heap->end) {
            g_array_set_size(heap->holes, heap->holes->len - 1);
            heap->end = last.offset + bytes;
            return last.offset;
        }
    }
    uint64_t offset = heap->end;
    heap->end += bytes;
    return offset;
}

static void
heap_give(Heap *heap, uint64_t offset, uint64_t bytes)
{
    guint at = 0;
    while (at < heap->holes->len && g_array_index(heap->holes, Hole, at).offset < offset)
        at++;
    Hole hole = {offset, bytes};
    g_array_insert_val(heap->holes, at, hole);
    for (guint i = at > 0 ? at - 1 : 0; i + 1 < heap->holes->len && i <= at;) {
        Hole *a = &g_array_index(heap->holes, Hole, i);
        Hole *b = &g_array_index(heap->holes, Hole, i + 1);
        if (a->offset + a->bytes != b->offset) {
            i++;
            continue;
        }
        a->bytes += b->bytes;
        g_array_remove_index(heap->holes, i + 1);
    }
}

static RkHome
home_of(const RkNode *node)
{
    switch (node->kind) {
    case RK_NODE_INPUT:
        return RK_HOME_INPUT;
    case RK_NODE_PARAM:
        return RK_HOME_PARAM;
    case RK_NODE_FILL:
        return RK_HOME_FILL;
    case RK_NODE_OP:
        break;
    }
    if (node->op->flags & RK_OP_ALIAS)
        return RK_HOME_ALIAS;
    return node->op->flags & RK_OP_HOST ? RK_HOME_INPUT : RK_HOME_ARENA;
}

static void
settle(RkPlan *plan, RkRef ref)
{
    const RkNode *node = rk_graph_node(plan->graph, ref);
    RkPlanNode *n = &plan->node[ref];
    n->home = home_of(node);
    n->root = n->home == RK_HOME_ALIAS ? plan->node[node->in[0]].root : ref;
    n->bytes = rk_plan_padded(rk_tensor_bytes(&n->tensor));
    n->last_use = ref;
    uint64_t *pool = n->home == RK_HOME_INPUT  ? &plan->input_bytes
                     : n->home == RK_HOME_FILL ? &plan->fill_bytes
                                               : NULL;
    if (pool != NULL) {
        n->offset = *pool;
        *pool += n->bytes;
    }
    for (uint32_t i = 0; i < node->n_in; i++)
        if (node->in[i] != RK_NONE)
            plan->node[plan->node[node->in[i]].root].last_use = ref;
}

gboolean
rk_plan_place(RkPlan *plan, GError **error)
{
    for (RkRef ref = 0; ref < plan->n_nodes; ref++)
        if (plan->node[ref].live)
            settle(plan, ref);
    for (uint32_t i = 0; i < plan->n_outputs; i++)
        plan->node[plan->node[plan->output[i]].root].last_use = UINT32_MAX;

    Heap heap = {.holes = g_array_new(FALSE, FALSE, sizeof(Hole))};
    for (RkRef ref = 0; ref < plan->n_nodes; ref++) {
        RkPlanNode *n = &plan->node[ref];
        if (!n->live)
            continue;
        if (n->home == RK_HOME_ARENA) {
            n->offset = heap_take(&heap, n->bytes);
            plan->tensor_bytes += n->bytes;
        }
        if (n->list.scratch_bytes > 0) {
            uint64_t bytes = rk_plan_padded(n->list.scratch_bytes);
            n->scratch_offset = heap_take(&heap, bytes);
            heap_give(&heap, n->scratch_offset, bytes); // the next node may have it
        }
        for (RkRef dead = 0; dead <= ref; dead++)
            if (plan->node[dead].live && plan->node[dead].home == RK_HOME_ARENA &&
                plan->node[dead].last_use == ref)
                heap_give(&heap, plan->node[dead].offset, plan->node[dead].bytes);
    }
    g_array_unref(heap.holes);
    plan->arena_bytes = MAX(heap.end, 256);
    if (plan->arena_bytes <= plan->caps->max_buffer_bytes)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                "Can't plan a batch of %u: its activations take %" G_GUINT64_FORMAT
                " MiB, the device allows %" G_GUINT64_FORMAT " MiB in one buffer. "
                "Lower the batch size.",
                plan->batch, plan->arena_bytes >> 20, plan->caps->max_buffer_bytes >> 20);
    return FALSE;
}
