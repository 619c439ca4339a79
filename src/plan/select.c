// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan/plan-private.h"

#include <string.h>

static const RkKernel *
by_name(const RkCaps *caps, const char *name, const RkOpArgs *args)
{
    for (uint32_t i = 0; i < args->op->n_kernels; i++) {
        const RkKernel *kernel = &args->op->kernels[i];
        if (strcmp(kernel->name, name) == 0 && kernel->supports(kernel, caps, args))
            return kernel;
    }
    return NULL;
}

const RkKernel *
rk_plan_select(const RkCaps *caps, const RkPlanOptions *options, const RkOpArgs *args,
               GError **error)
{
    const RkOp *op = args->op;
    const RkKernel *kernel = NULL;
    if (options->variant != NULL)
        kernel = by_name(caps, options->variant, args);
    if (kernel == NULL && options->tuning != NULL)
        kernel = rk_tuning_find(options->tuning, args);
    if (kernel != NULL && !kernel->supports(kernel, caps, args))
        kernel = NULL; // tuned at another shape of the class
    if (kernel == NULL && op->pick != NULL)
        kernel = op->pick(caps, args);
    for (uint32_t i = 0; kernel == NULL && i < op->n_kernels; i++)
        if (op->kernels[i].supports(&op->kernels[i], caps, args))
            kernel = &op->kernels[i];
    if (kernel == NULL) {
        g_autofree char *out = rk_tensor_text(&args->out);
        g_autofree char *in =
            args->n_in && args->present[0] ? rk_tensor_text(&args->in[0]) : g_strdup("nothing");
        g_set_error(error, RK_ERROR, RK_ERROR_UNSUPPORTED,
                    "Can't run %s from %s to %s: no kernel suits this device's limits "
                    "(%" G_GUINT64_FORMAT " MiB in a binding). Lower the size of the tensors.",
                    op->name, in, out, caps->max_storage_range >> 20);
    }
    return kernel;
}
