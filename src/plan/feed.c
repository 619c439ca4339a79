// SPDX-License-Identifier: GPL-3.0-or-later
//
// The host's part of a run: index inputs are checked against their tables before any shader sees
// them, then host ops compute what they derive.
#include "plan/plan-private.h"

typedef struct {
    RkRef input;     // whose values are indices
    uint32_t limit;  // the least limit of all its readers
    gboolean padded; // all of them take UINT32_MAX as "none"
    const char *reader;
} IndexCheck;

// Values that a host op derives from indices are bounded by those indices' own checks.
static void
add_check(RkPlan *plan, RkRef input, uint32_t limit, gboolean padded, const char *reader)
{
    if (limit == 0 || rk_graph_node(plan->graph, input)->kind != RK_NODE_INPUT)
        return;
    for (guint i = 0; i < plan->checks->len; i++) {
        IndexCheck *check = &g_array_index(plan->checks, IndexCheck, i);
        if (check->input != input)
            continue;
        if (limit < check->limit || (check->padded && !padded))
            check->reader = reader;
        check->limit = MIN(check->limit, limit);
        check->padded = check->padded && padded;
        return;
    }
    IndexCheck check = {input, limit, padded, reader};
    g_array_append_val(plan->checks, check);
}

// Small tables of codes that host ops read are copied once: nothing writes them after a load.
static gboolean
copy_codes(RkPlan *plan, RkRef param, GError **error)
{
    const RkNode *node = rk_graph_node(plan->graph, param);
    if (plan->host_codes[param] != NULL)
        return TRUE;
    size_t bytes = rk_tensor_bytes(rk_state_tensor(plan->state, node->name));
    plan->host_codes[param] = rk_arena_alloc(plan->memory, MAX(bytes, 4), sizeof(uint32_t));
    return rk_state_read(plan->state, node->name, plan->host_codes[param], bytes, error);
}

// A host op runs before the submit, so it can only read what is on the host by then.
static gboolean
add_host_op(RkPlan *plan, RkRef ref, uint32_t *most_inputs, GError **error)
{
    const RkNode *node = rk_graph_node(plan->graph, ref);
    g_array_append_val(plan->hosts, ref);
    *most_inputs = MAX(*most_inputs, node->n_in);
    for (uint32_t i = 0; i < node->n_in; i++) {
        if (node->in[i] == RK_NONE ||
            plan->node[plan->node[node->in[i]].root].home == RK_HOME_INPUT)
            continue;
        const RkNode *from = rk_graph_node(plan->graph, node->in[i]);
        if (from->kind == RK_NODE_PARAM && from->type.dtype == RK_U32) {
            if (!copy_codes(plan, node->in[i], error))
                return FALSE;
            continue;
        }
        g_set_error(error, RK_ERROR, RK_ERROR_UNSUPPORTED,
                    "Can't compile the graph: %s, which a lookup's gradient needs on the host, "
                    "reads %s, which the device computes. Feed those indices as an input.",
                    node->op->name, from->name ? from->name : from->op->name);
        return FALSE;
    }
    return TRUE;
}

gboolean
rk_plan_find_checks(RkPlan *plan, GError **error)
{
    uint32_t most_inputs = 0;
    plan->checks = g_array_new(FALSE, FALSE, sizeof(IndexCheck));
    plan->hosts = g_array_new(FALSE, FALSE, sizeof(RkRef));
    plan->host_codes = rk_arena_new0(plan->memory, void *, plan->n_nodes + 1);
    for (RkRef ref = 0; ref < plan->n_nodes; ref++) {
        const RkNode *node = rk_graph_node(plan->graph, ref);
        if (!plan->node[ref].live || node->kind != RK_NODE_OP)
            continue;
        if ((node->op->flags & RK_OP_HOST) && !add_host_op(plan, ref, &most_inputs, error))
            return FALSE;
        for (uint32_t i = 0; node->op->index_limit != NULL && i < node->n_in; i++)
            if (node->in[i] != RK_NONE)
                add_check(plan, plan->node[node->in[i]].root,
                          node->op->index_limit(&plan->node[ref].args, i),
                          (node->op->padded >> i & 1) != 0,
                          node->name ? node->name : node->op->name);
    }
    plan->host_in = rk_arena_new0(plan->memory, const void *, most_inputs + 1);
    return TRUE;
}

void *
rk_plan_host_bytes(const RkPlan *plan, RkRef ref)
{
    const RkPlanNode *n = &plan->node[plan->node[ref].root];
    if (n->home == RK_HOME_INPUT)
        return (char *)rk_buffer_map(plan->input) + n->offset;
    return plan->host_codes != NULL ? plan->host_codes[ref] : NULL;
}

// Where an element is, as whoever made the input thinks of it. Caller frees.
static char *
place_text(const RkTensor *tensor, uint64_t at)
{
    uint32_t cols = rk_tensor_cols(tensor);
    if (tensor->rank < 2)
        return g_strdup_printf("element %" G_GUINT64_FORMAT, at);
    return g_strdup_printf("row %" G_GUINT64_FORMAT ", position %" G_GUINT64_FORMAT, at / cols,
                           at % cols);
}

static gboolean
check_indices(const RkPlan *plan, const IndexCheck *check, GError **error)
{
    const uint32_t *values = rk_plan_host_bytes(plan, check->input);
    const RkTensor *tensor = &plan->node[check->input].tensor;
    uint64_t n = rk_tensor_numel(tensor);
    uint32_t worst = 0, shift = check->padded; // UINT32_MAX + 1 is 0
    for (uint64_t i = 0; i < n; i++)           // branch-free, so it runs at memory speed
        worst = MAX(worst, values[i] + shift);
    if (n == 0 || worst < check->limit + shift)
        return TRUE;
    uint64_t at = 0;
    while (values[at] + shift < check->limit + shift)
        at++;
    g_autofree char *place = place_text(tensor, at);
    g_set_error(error, RK_ERROR, RK_ERROR_SHAPE,
                "Can't run the step: %s of input %s is %u, but %s takes indices below %u. Encode "
                "the data with the vocabulary that the model was made for.",
                place, rk_graph_node(plan->graph, check->input)->name, values[at], check->reader,
                check->limit);
    return FALSE;
}

gboolean
rk_plan_feed(RkPlan *plan, GError **error)
{
    for (guint i = 0; i < plan->checks->len; i++)
        if (!check_indices(plan, &g_array_index(plan->checks, IndexCheck, i), error))
            return FALSE;
    for (guint i = 0; i < plan->hosts->len; i++) {
        RkRef ref = g_array_index(plan->hosts, RkRef, i);
        const RkNode *node = rk_graph_node(plan->graph, ref);
        for (uint32_t k = 0; k < node->n_in; k++)
            plan->host_in[k] =
                node->in[k] != RK_NONE ? rk_plan_host_bytes(plan, node->in[k]) : NULL;
        node->op->host(&plan->node[ref].args, plan->host_in, rk_plan_host_bytes(plan, ref));
    }
    return TRUE;
}
