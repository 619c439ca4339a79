// SPDX-License-Identifier: GPL-3.0-or-later
//
// Where a NaN or an infinity began: runs the plan's graph again with every intermediate value kept
// and without its in-place updates, and names the first tensor that isn't finite.
#include "plan/plan-private.h"

#include <math.h>
#include <string.h>

// The first element that isn't finite, or -1. Only f32 and f16 can hold one.
static gint64
first_nonfinite(const RkTensor *tensor, const void *packed)
{
    if (tensor->dtype != RK_F32 && tensor->dtype != RK_F16)
        return -1;
    uint64_t n = rk_tensor_numel(tensor);
    const float *real = packed;
    if (tensor->dtype == RK_F32) {
        for (uint64_t i = 0; i < n; i++)
            if (!isfinite(real[i]))
                return (gint64)i;
        return -1;
    }
    g_autofree double *values = g_new(double, n + 1);
    rk_tensor_unpack(tensor, packed, values);
    for (uint64_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return (gint64)i;
    return -1;
}

static gboolean
fail_at(const char *what, const char *name, gint64 element, const char *remedy, GError **error)
{
    g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                "Can't use the results of this step: element %" G_GINT64_FORMAT
                " of %s %s is not a finite number. %s",
                element, what, name, remedy);
    return FALSE;
}

static gboolean
check_sources(RkPlan *plan, GError **error)
{
    for (RkRef ref = 0; ref < plan->n_nodes; ref++) {
        const RkNode *node = rk_graph_node(plan->graph, ref);
        const RkPlanNode *n = &plan->node[ref];
        if (!n->live || (node->kind != RK_NODE_INPUT && node->kind != RK_NODE_PARAM))
            continue;
        size_t bytes = rk_tensor_bytes(&n->tensor);
        g_autofree void *copy = NULL;
        const void *packed = rk_plan_host_bytes(plan, ref);
        if (node->kind == RK_NODE_PARAM) {
            copy = g_malloc(bytes + 1);
            packed = copy;
            if (!rk_state_read(plan->state, node->name, copy, bytes, error))
                return FALSE;
        }
        gint64 element = first_nonfinite(&n->tensor, packed);
        if (element >= 0)
            return node->kind == RK_NODE_INPUT
                       ? fail_at("input", node->name, element,
                                 "Clean the data that the batch was made of.", error)
                       : fail_at("parameter", node->name, element,
                                 "Go back to the last good checkpoint and lower the learning rate.",
                                 error);
    }
    return TRUE;
}

// Every computed float tensor that no in-place update came before.
static RkRef *
list_values(const RkPlan *plan, uint32_t *n_values)
{
    g_autofree gboolean *updated = g_new0(gboolean, plan->n_nodes + 1);
    RkRef *values = g_new(RkRef, plan->n_nodes + 1);
    *n_values = 0;
    for (RkRef ref = 0; ref < plan->n_nodes; ref++) {
        const RkNode *node = rk_graph_node(plan->graph, ref);
        if (node->kind != RK_NODE_OP || !plan->node[ref].live)
            continue;
        updated[ref] = node->op->writes != 0;
        for (uint32_t i = 0; i < node->n_in; i++)
            updated[ref] = updated[ref] || (node->in[i] != RK_NONE && updated[node->in[i]]);
        if (!updated[ref] && node->type.dtype == RK_F32)
            values[(*n_values)++] = ref;
    }
    return values;
}

static gboolean
find_origin(RkPlan *plan, GError **error)
{
    uint32_t n_values;
    g_autofree RkRef *values = list_values(plan, &n_values);
    RkPlanOptions options = {.batch = plan->batch,
                             .n_outputs = n_values,
                             .outputs = values,
                             .no_fusion = TRUE,
                             .tuning = plan->options.tuning};
    g_autoptr(RkPlan) again = rk_plan_new(plan->device, plan->graph, plan->state, &options, error);
    if (again == NULL)
        return FALSE;
    for (RkRef ref = 0; ref < plan->n_nodes; ref++) {
        size_t bytes;
        if (!plan->node[ref].live || rk_graph_node(plan->graph, ref)->kind != RK_NODE_INPUT)
            continue;
        void *to = rk_plan_input(again, ref, &bytes);
        if (to != NULL)
            memcpy(to, rk_plan_host_bytes(plan, ref), bytes);
    }
    if (!rk_plan_run(again, error))
        return FALSE;
    for (uint32_t i = 0; i < n_values; i++) {
        gint64 element =
            first_nonfinite(rk_plan_output_tensor(again, i), rk_plan_output(again, i, NULL));
        if (element < 0)
            continue;
        const RkNode *node = rk_graph_node(plan->graph, values[i]);
        g_autofree char *name =
            node->name ? g_strdup_printf("%%%u, %s (%s)", values[i], node->name, node->op->name)
                       : g_strdup_printf("%%%u, %s", values[i], node->op->name);
        return fail_at("node", name, element,
                       "All that it read was finite: check its inputs' range, or lower the "
                       "learning rate.",
                       error);
    }
    g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                "Can't use the results of this step: an in-place update gave a number that is not "
                "finite. Lower the learning rate.");
    return FALSE;
}

gboolean
rk_plan_check_finite(RkPlan *plan, GError **error)
{
    g_assert(!plan->in_flight);
    for (uint32_t i = 0; i < plan->n_outputs; i++)
        if (first_nonfinite(rk_plan_output_tensor(plan, i), rk_plan_output(plan, i, NULL)) >= 0)
            return check_sources(plan, error) && find_origin(plan, error);
    return TRUE;
}
