// SPDX-License-Identifier: GPL-3.0-or-later
//
// Compiles a graph in passes (fuse, mark what is needed, select, place, emit) and replays it.
#include "plan/plan-private.h"

#include <math.h>

static RkRef
mapped(const RkPlan *plan, RkRef original)
{
    g_assert(original < plan->n_original);
    return plan->origin[original];
}

static void
fuse(RkPlan *plan, const RkGraph *graph, const RkPlanOptions *options)
{
    plan->n_original = rk_graph_size(graph);
    plan->origin = rk_arena_new0(plan->memory, RkRef, plan->n_original + 1);
    if (options->no_fusion) {
        plan->graph = rk_graph_copy(graph);
        for (RkRef ref = 0; ref < plan->n_original; ref++)
            plan->origin[ref] = ref;
        return;
    }
    g_autofree gboolean *kept = g_new0(gboolean, plan->n_original + 1);
    for (uint32_t i = 0; i < options->n_outputs; i++)
        kept[options->outputs[i]] = TRUE;
    for (uint32_t i = 0; i < options->n_effects; i++)
        kept[options->effects[i]] = TRUE;
    plan->graph = rk_plan_fuse(graph, kept, plan->origin);
}

static void
mark_live(RkPlan *plan, const RkPlanOptions *options)
{
    for (uint32_t i = 0; i < options->n_outputs; i++)
        plan->node[plan->output[i]].live = TRUE;
    for (uint32_t i = 0; i < options->n_effects; i++)
        plan->node[mapped(plan, options->effects[i])].live = TRUE;
    for (RkRef ref = plan->n_nodes; ref-- > 0;) {
        const RkNode *node = rk_graph_node(plan->graph, ref);
        for (uint32_t i = 0; plan->node[ref].live && i < node->n_in; i++)
            if (node->in[i] != RK_NONE)
                plan->node[node->in[i]].live = TRUE;
    }
}

static gboolean
select_node(RkPlan *plan, RkRef ref, GError **error)
{
    const RkNode *node = rk_graph_node(plan->graph, ref);
    RkPlanNode *n = &plan->node[ref];
    if (!rk_type_bind(&node->type, plan->batch, &n->tensor, error))
        return FALSE;
    if (node->kind != RK_NODE_OP)
        return TRUE;
    if (!rk_graph_bind(plan->graph, ref, plan->batch, plan->memory, &n->args, error))
        return FALSE;
    gboolean pure_alias = (node->op->flags & RK_OP_ALIAS) && node->op->writes == 0;
    if (pure_alias || (node->op->flags & RK_OP_HOST))
        return TRUE;
    n->kernel = rk_plan_select(plan->caps, &plan->options, &n->args, error);
    if (n->kernel == NULL)
        return FALSE;
    n->list.dispatches = g_array_new(FALSE, FALSE, sizeof(RkDispatch));
    n->kernel->record(n->kernel, plan->caps, &n->args, &n->list);
    return TRUE;
}

static gboolean
compile(RkPlan *plan, const RkGraph *graph, const RkPlanOptions *options, GError **error)
{
    if (!rk_graph_check(graph, error) || !rk_state_add_graph(plan->state, graph, error))
        return FALSE;
    fuse(plan, graph, options);
    if (!rk_graph_check(plan->graph, error))
        return FALSE;
    plan->n_nodes = rk_graph_size(plan->graph);
    plan->node = rk_arena_new0(plan->memory, RkPlanNode, plan->n_nodes + 1);
    plan->n_outputs = options->n_outputs;
    plan->output = rk_arena_new0(plan->memory, RkRef, plan->n_outputs + 1);
    plan->readback_offset = rk_arena_new0(plan->memory, uint64_t, plan->n_outputs + 1);
    for (uint32_t i = 0; i < plan->n_outputs; i++)
        plan->output[i] = mapped(plan, options->outputs[i]);
    mark_live(plan, options);
    for (RkRef ref = 0; ref < plan->n_nodes; ref++)
        if (plan->node[ref].live && !select_node(plan, ref, error))
            return FALSE;
    if (!rk_plan_place(plan, error))
        return FALSE;
    return rk_plan_find_checks(plan, error) && rk_plan_emit(plan, error);
}

RkPlan *
rk_plan_new(RkDevice *device, const RkGraph *graph, RkState *state, const RkPlanOptions *options,
            GError **error)
{
    g_autoptr(RkPlan) plan = g_new0(RkPlan, 1);
    plan->device = device;
    plan->caps = rk_device_caps(device);
    plan->memory = rk_arena_new();
    plan->state = state;
    plan->options = *options;
    plan->batch = options->batch;
    plan->steps = g_array_new(FALSE, FALSE, sizeof(RkPlanStep));
    if (!compile(plan, graph, options, error))
        return NULL;
    return g_steal_pointer(&plan);
}

void
rk_plan_free(RkPlan *plan)
{
    if (plan == NULL)
        return;
    rk_record_free(plan->record);
    for (RkRef ref = 0; ref < plan->n_nodes; ref++)
        g_clear_pointer(&plan->node[ref].list.dispatches, g_array_unref);
    g_clear_pointer(&plan->steps, g_array_unref);
    g_clear_pointer(&plan->checks, g_array_unref);
    g_clear_pointer(&plan->hosts, g_array_unref);
    rk_buffer_free(plan->arena);
    rk_buffer_free(plan->fill);
    rk_buffer_free(plan->input);
    rk_buffer_free(plan->input_copy);
    rk_buffer_free(plan->readback);
    rk_graph_free(plan->graph);
    rk_arena_free(plan->memory);
    g_free(plan);
}

void *
rk_plan_input(RkPlan *plan, RkRef input, size_t *bytes)
{
    RkRef ref = mapped(plan, input);
    if (ref == RK_NONE || !plan->node[ref].live)
        return NULL;
    g_assert(rk_graph_node(plan->graph, ref)->kind == RK_NODE_INPUT);
    if (bytes != NULL)
        *bytes = rk_tensor_bytes(&plan->node[ref].tensor);
    return rk_plan_host_bytes(plan, ref);
}

gboolean
rk_plan_submit(RkPlan *plan, GError **error)
{
    g_assert(!plan->in_flight);
    if (!rk_plan_feed(plan, error) || !rk_record_submit(plan->record, error))
        return FALSE;
    plan->in_flight = TRUE;
    return TRUE;
}

gboolean
rk_plan_wait(RkPlan *plan, GError **error)
{
    plan->in_flight = FALSE;
    return rk_record_wait(plan->record, error);
}

gboolean
rk_plan_is_done(RkPlan *plan)
{
    return !plan->in_flight || rk_record_is_done(plan->record);
}

gboolean
rk_plan_run(RkPlan *plan, GError **error)
{
    return rk_plan_submit(plan, error) && rk_plan_wait(plan, error);
}

const void *
rk_plan_output(RkPlan *plan, uint32_t i, size_t *bytes)
{
    g_assert(i < plan->n_outputs && !plan->in_flight);
    const RkPlanNode *n = &plan->node[plan->output[i]];
    const RkPlanNode *root = &plan->node[n->root];
    if (bytes != NULL)
        *bytes = rk_tensor_bytes(&n->tensor);
    if (plan->readback != NULL)
        return (char *)rk_buffer_map(plan->readback) + plan->readback_offset[i];
    RkBuffer *home = root->home == RK_HOME_INPUT  ? plan->input
                     : root->home == RK_HOME_FILL ? plan->fill
                     : root->home == RK_HOME_PARAM
                         ? rk_state_buffer(plan->state, rk_graph_node(plan->graph, n->root)->name)
                         : plan->arena;
    return (char *)rk_buffer_map(home) + (root->home == RK_HOME_PARAM ? 0 : root->offset);
}

const RkTensor *
rk_plan_output_tensor(const RkPlan *plan, uint32_t i)
{
    g_assert(i < plan->n_outputs);
    return &plan->node[plan->output[i]].tensor;
}

uint32_t
rk_plan_n_steps(const RkPlan *plan)
{
    return plan->steps->len;
}

gboolean
rk_plan_steps(RkPlan *plan, RkPlanStep *steps, GError **error)
{
    uint32_t n = plan->steps->len;
    g_autofree double *at = g_new0(double, n + 2);
    if (plan->options.profile && !rk_record_times_ns(plan->record, at, error))
        return FALSE;
    for (uint32_t i = 0; i < n; i++) {
        steps[i] = g_array_index(plan->steps, RkPlanStep, i);
        if (plan->options.profile)
            steps[i].ns = at[i + 1] - at[i];
    }
    return TRUE;
}

double
rk_plan_step_share(const RkPlanStep *step, double copy_gb_s, double gflops)
{
    double floor_ns = MAX(step->cost.bytes / copy_gb_s, step->cost.flops / gflops);
    return step->ns > 0 ? floor_ns / step->ns : NAN;
}

const RkGraph *
rk_plan_graph(const RkPlan *plan)
{
    return plan->graph;
}

size_t
rk_plan_arena_bytes(const RkPlan *plan)
{
    return plan->arena_bytes;
}

size_t
rk_plan_tensor_bytes(const RkPlan *plan)
{
    return plan->tensor_bytes;
}

uint32_t
rk_plan_n_dispatches(const RkPlan *plan)
{
    return plan->n_dispatches;
}
