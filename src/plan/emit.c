// SPDX-License-Identifier: GPL-3.0-or-later
//
// Emission: buffers for the memory plan, then one command buffer of all dispatches with a barrier
// exactly where a later one touches what an earlier one wrote, or overwrites what it read.
#include "plan/plan-private.h"

#include <math.h>
#include <string.h>

typedef struct {
    RkBinding binding;
    gboolean written;
} Access;

typedef struct {
    RkPlan *plan;
    GArray *open; // of Access since the last barrier
} Emit;

static gboolean
make_buffers(RkPlan *plan, GError **error)
{
    RkDevice *device = plan->device;
    plan->arena = rk_buffer_new(device, RK_BUFFER_DEVICE, plan->arena_bytes, error);
    if (plan->arena == NULL) {
        g_prefix_error(error, "Can't hold the activations of a batch of %u: ", plan->batch);
        return FALSE;
    }
    plan->input = rk_buffer_new(device, RK_BUFFER_UPLOAD, MAX(plan->input_bytes, 256), error);
    plan->fill = rk_buffer_new(device, RK_BUFFER_DEVICE, MAX(plan->fill_bytes, 256), error);
    if (plan->input == NULL || plan->fill == NULL)
        return FALSE;
    memset(rk_buffer_map(plan->input), 0, rk_buffer_bytes(plan->input));
    if (rk_buffer_map(plan->arena) != NULL)
        return TRUE; // host-visible: shaders read the inputs, the host the outputs, in place
    plan->input_copy = rk_buffer_new(device, RK_BUFFER_DEVICE, MAX(plan->input_bytes, 256), error);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < plan->n_outputs; i++) {
        plan->readback_offset[i] = bytes;
        bytes += rk_plan_padded(rk_tensor_bytes(&plan->node[plan->output[i]].tensor));
    }
    plan->readback = rk_buffer_new(device, RK_BUFFER_READBACK, MAX(bytes, 256), error);
    return plan->input_copy != NULL && plan->readback != NULL;
}

static gboolean
write_fills(RkPlan *plan, GError **error)
{
    for (RkRef ref = 0; ref < plan->n_nodes; ref++) {
        RkPlanNode *n = &plan->node[ref];
        if (!n->live || n->home != RK_HOME_FILL)
            continue;
        uint64_t numel = rk_tensor_numel(&n->tensor);
        g_autofree double *values = g_new(double, numel + 1);
        for (uint64_t i = 0; i < numel; i++)
            values[i] = rk_graph_node(plan->graph, ref)->value;
        g_autofree void *packed = g_malloc0(n->bytes);
        rk_tensor_pack(&n->tensor, values, packed);
        if (!rk_buffer_write(plan->fill, n->offset, packed, n->bytes, error))
            return FALSE;
    }
    return TRUE;
}

static RkBinding
binding_of(const RkPlan *plan, RkRef ref)
{
    const RkPlanNode *n = &plan->node[plan->node[ref].root];
    switch (n->home) {
    case RK_HOME_INPUT:
        return (RkBinding){plan->input_copy ? plan->input_copy : plan->input, n->offset, n->bytes};
    case RK_HOME_FILL:
        return (RkBinding){plan->fill, n->offset, n->bytes};
    case RK_HOME_PARAM:
        return (RkBinding){rk_state_buffer(plan->state, rk_graph_node(plan->graph, n->root)->name),
                           0, n->bytes};
    default:
        return (RkBinding){plan->arena, n->offset, n->bytes};
    }
}

static RkBinding
operand_binding(const RkPlan *plan, RkRef ref, const RkOperand *operand)
{
    const RkNode *node = rk_graph_node(plan->graph, ref);
    const RkPlanNode *n = &plan->node[ref];
    RkBinding whole;
    uint64_t bytes = n->list.scratch_bytes;
    if (operand->operand == RK_OPERAND_SCRATCH) {
        whole = (RkBinding){plan->arena, n->scratch_offset, rk_plan_padded(bytes)};
    } else {
        RkRef of = operand->operand == RK_OPERAND_OUT ? ref : node->in[operand->operand];
        whole = binding_of(plan, of);
        bytes = rk_tensor_bytes(&plan->node[of].tensor);
    }
    // Bind the tensor, whole texels of it; what pads it is reachable but not promised.
    uint64_t length = operand->bytes ? operand->bytes : bytes - operand->offset;
    length = MAX((length + 15) & ~(uint64_t)15, 16);
    return (RkBinding){whole.buffer, whole.offset + operand->offset, length};
}

static gboolean
overlaps(const RkBinding *a, const RkBinding *b)
{
    return a->buffer == b->buffer && a->offset < b->offset + b->bytes &&
           b->offset < a->offset + a->bytes;
}

static void
order(Emit *e, const Access *accesses, uint32_t n)
{
    for (guint i = 0; i < e->open->len; i++) {
        const Access *before = &g_array_index(e->open, Access, i);
        for (uint32_t k = 0; k < n; k++) {
            if (!(before->written || accesses[k].written) ||
                !overlaps(&before->binding, &accesses[k].binding))
                continue;
            rk_record_barrier(e->plan->record, NULL, 0);
            g_array_set_size(e->open, 0);
            break;
        }
    }
    g_array_append_vals(e->open, accesses, n);
}

static gboolean
emit_dispatch(Emit *e, RkRef ref, const RkDispatch *d, GError **error)
{
    RkPlan *plan = e->plan;
    RkPipelineKey key = {.shader = d->shader,
                         .n_bindings = d->n_operands,
                         .n_spec = d->n_spec,
                         .push_bytes = d->n_push * 4};
    RkBinding bindings[RK_MAX_BINDINGS];
    Access accesses[RK_MAX_BINDINGS];
    memcpy(key.spec, d->spec, sizeof key.spec);
    for (uint32_t i = 0; i < d->n_operands; i++) {
        key.binding[i] = d->operand[i].kind;
        bindings[i] = operand_binding(plan, ref, &d->operand[i]);
        accesses[i] = (Access){bindings[i], d->operand[i].writes};
    }
    RkPipeline *pipeline = rk_pipeline_get(plan->device, &key, error);
    if (pipeline == NULL)
        return FALSE;
    order(e, accesses, d->n_operands);
    plan->n_dispatches++;
    return rk_record_dispatch(plan->record, pipeline, bindings, d->push, d->grid, error);
}

static gboolean
emit_node(Emit *e, RkRef ref, GError **error)
{
    RkPlan *plan = e->plan;
    RkPlanNode *n = &plan->node[ref];
    const RkNode *node = rk_graph_node(plan->graph, ref);
    if (n->kernel == NULL)
        return TRUE;
    for (guint i = 0; i < n->list.dispatches->len; i++) {
        const RkDispatch *d = &g_array_index(n->list.dispatches, RkDispatch, i);
        if (d->grid[0] == 0 || d->grid[1] == 0 || d->grid[2] == 0)
            continue;
        if (!emit_dispatch(e, ref, d, error)) {
            g_prefix_error(error, "In %s (%s): ", node->op->name, n->kernel->name);
            return FALSE;
        }
    }
    RkPlanStep step = {.ref = ref,
                       .label = node->name ? node->name : node->op->name,
                       .variant = n->kernel->name,
                       .n_dispatches = n->list.dispatches->len,
                       .ns = NAN};
    if (node->op->cost != NULL)
        step.cost = node->op->cost(&n->args);
    g_array_append_val(plan->steps, step);
    if (plan->options.profile)
        rk_record_timestamp(plan->record);
    return TRUE;
}

static void
copy_outputs(RkPlan *plan)
{
    if (plan->readback == NULL)
        return;
    rk_record_barrier(plan->record, NULL, 0);
    for (uint32_t i = 0; i < plan->n_outputs; i++) {
        RkBinding from = binding_of(plan, plan->output[i]);
        rk_record_copy(plan->record, from,
                       (RkBinding){plan->readback, plan->readback_offset[i], from.bytes});
    }
}

gboolean
rk_plan_emit(RkPlan *plan, GError **error)
{
    if (!make_buffers(plan, error) || !write_fills(plan, error))
        return FALSE;
    uint32_t stamps = plan->options.profile ? plan->n_nodes + 1 : 0;
    plan->record = rk_record_new(plan->device, stamps, error);
    if (plan->record == NULL)
        return FALSE;
    Emit e = {.plan = plan, .open = g_array_new(FALSE, FALSE, sizeof(Access))};
    if (plan->input_copy != NULL && plan->input_bytes > 0) {
        rk_record_copy(plan->record, (RkBinding){plan->input, 0, plan->input_bytes},
                       (RkBinding){plan->input_copy, 0, plan->input_bytes});
        rk_record_barrier(plan->record, NULL, 0);
    }
    if (plan->options.profile)
        rk_record_timestamp(plan->record);
    gboolean done = TRUE;
    for (RkRef ref = 0; done && ref < plan->n_nodes; ref++)
        done = !plan->node[ref].live || emit_node(&e, ref, error);
    g_array_unref(e.open);
    if (!done)
        return FALSE;
    copy_outputs(plan);
    return rk_record_end(plan->record, error);
}
