// SPDX-License-Identifier: GPL-3.0-or-later
//
// Finds rows, and holds what shape rules and costs of all families share.
#include "ops/ops.h"

#include "ops/family.h"

#include <string.h>

static const struct {
    const char *name;
    RkFamily (*family)(void);
} FAMILIES[] = {
#define RK_FAMILY(name) {#name, rk_family_##name},
#include "ops/families.def"
#undef RK_FAMILY
};

const RkOp *
rk_op_at(size_t i)
{
    for (size_t f = 0; f < G_N_ELEMENTS(FAMILIES); f++) {
        RkFamily family = FAMILIES[f].family();
        if (i < family.n_rows)
            return &family.rows[i];
        i -= family.n_rows;
    }
    return NULL;
}

const RkOp *
rk_op_find(const char *name)
{
    const RkOp *op;
    for (size_t i = 0; (op = rk_op_at(i)) != NULL; i++)
        if (strcmp(op->name, name) == 0)
            return op;
    return NULL;
}

const char *
rk_op_family(const RkOp *op)
{
    for (size_t f = 0; f < G_N_ELEMENTS(FAMILIES); f++) {
        RkFamily family = FAMILIES[f].family();
        if (op >= family.rows && op < family.rows + family.n_rows)
            return FAMILIES[f].name;
    }
    return NULL;
}

gboolean
rk_infer_fail(const RkOpTypes *t, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *cause = g_strdup_vprintf(format, args);
    va_end(args);
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_printf(text, "Can't build %s(", t->op->name);
    for (uint32_t i = 0; i < t->n_in; i++) {
        g_autofree char *type = t->present[i] ? rk_type_text(&t->in[i]) : g_strdup("-");
        g_string_append_printf(text, "%s%s", i ? ", " : "", type);
    }
    g_set_error(error, RK_ERROR, RK_ERROR_SHAPE, "%s): %s.", text->str, cause);
    return FALSE;
}

gboolean
rk_infer_dtype(const RkOpTypes *t, uint32_t i, RkDtype dtype, GError **error)
{
    if (!t->present[i] || t->in[i].dtype == dtype)
        return TRUE;
    return rk_infer_fail(t, error, "input %u must be %s, not %s", i, rk_dtype_name(dtype),
                         rk_dtype_name(t->in[i].dtype));
}

gboolean
rk_infer_rank(const RkOpTypes *t, uint32_t i, uint32_t rank, GError **error)
{
    if (!t->present[i] || t->in[i].rank == rank)
        return TRUE;
    return rk_infer_fail(t, error, "input %u must have %u dimensions, not %u", i, rank,
                         t->in[i].rank);
}

gboolean
rk_infer_same(const RkOpTypes *t, uint32_t i, uint32_t j, GError **error)
{
    gboolean same = t->in[i].rank == t->in[j].rank;
    for (uint32_t axis = 0; same && axis < t->in[i].rank; axis++)
        same = rk_dim_equal(t->in[i].dim[axis], t->in[j].dim[axis]);
    return same || rk_infer_fail(t, error, "inputs %u and %u must have the same shape", i, j);
}

gboolean
rk_infer_dim(const RkOpTypes *t, uint32_t i, uint32_t axis, RkDim dim, GError **error)
{
    if (!t->present[i] || (axis < t->in[i].rank && rk_dim_equal(t->in[i].dim[axis], dim)))
        return TRUE;
    return rk_infer_fail(t, error, "dimension %u of input %u must be %u%s", axis, i, dim.n,
                         dim.per_batch ? " times the batch" : "");
}

RkCost
rk_cost_stream(const RkOpArgs *args, double flops)
{
    RkCost cost = {.flops = flops, .bytes = (double)rk_tensor_bytes(&args->out)};
    for (uint32_t i = 0; i < args->n_in; i++)
        if (args->present[i])
            cost.bytes += (double)rk_tensor_bytes(&args->in[i]);
    return cost;
}

uint64_t
rk_ceil_div(uint64_t a, uint64_t b)
{
    return (a + b - 1) / b;
}
