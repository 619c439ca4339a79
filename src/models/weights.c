// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/weights.h"

#include <string.h>

static void
free_weight(gpointer data)
{
    RkWeight *weight = data;
    g_free(weight->name);
    g_free(weight->packed);
    g_free(weight);
}

RkWeights *
rk_weights_new(void)
{
    RkWeights *weights = g_new(RkWeights, 1);
    weights->list = g_ptr_array_new_with_free_func(free_weight);
    return weights;
}

void
rk_weights_free(RkWeights *weights)
{
    if (weights == NULL)
        return;
    g_ptr_array_unref(weights->list);
    g_free(weights);
}

void
rk_weights_take(RkWeights *weights, const char *name, const RkTensor *type, void *packed)
{
    g_assert(rk_weights_find(weights, name) == NULL);
    RkWeight *weight = g_new(RkWeight, 1);
    *weight = (RkWeight){g_strdup(name), *type, packed};
    g_ptr_array_add(weights->list, weight);
}

const RkWeight *
rk_weights_find(const RkWeights *weights, const char *name)
{
    for (guint i = 0; i < weights->list->len; i++) {
        const RkWeight *weight = g_ptr_array_index(weights->list, i);
        if (strcmp(weight->name, name) == 0)
            return weight;
    }
    return NULL;
}

float *
rk_weight_floats(const RkWeight *weight)
{
    uint64_t n = rk_tensor_numel(&weight->type);
    float *values = g_new(float, MAX(n, 1));
    if (weight->type.dtype == RK_F32) {
        memcpy(values, weight->packed, n * sizeof *values);
        return values;
    }
    g_autofree double *wide = g_new(double, MAX(n, 1));
    rk_tensor_unpack(&weight->type, weight->packed, wide);
    for (uint64_t i = 0; i < n; i++)
        values[i] = (float)wide[i];
    return values;
}

static int
find(const RkWeights *weights, const char *name)
{
    for (guint i = 0; i < weights->list->len; i++)
        if (strcmp(((RkWeight *)g_ptr_array_index(weights->list, i))->name, name) == 0)
            return (int)i;
    return -1;
}

void
rk_weights_put(RkWeights *weights, const char *name, const RkTensor *type, void *packed)
{
    int at = find(weights, name);
    if (at < 0) {
        rk_weights_take(weights, name, type, packed);
        return;
    }
    RkWeight *weight = g_ptr_array_index(weights->list, (guint)at);
    g_free(weight->packed);
    weight->type = *type;
    weight->packed = packed;
}

void
rk_weights_remove(RkWeights *weights, const char *name)
{
    int at = find(weights, name);
    if (at >= 0)
        g_ptr_array_remove_index(weights->list, (guint)at);
}

RkWeights *
rk_weights_copy(const RkWeights *weights)
{
    RkWeights *copy = rk_weights_new();
    for (guint i = 0; i < weights->list->len; i++) {
        const RkWeight *w = g_ptr_array_index(weights->list, i);
        rk_weights_take(copy, w->name, &w->type, g_memdup2(w->packed, rk_tensor_bytes(&w->type)));
    }
    return copy;
}

size_t
rk_weights_bytes(const RkWeights *weights)
{
    size_t bytes = 0;
    for (guint i = 0; i < weights->list->len; i++)
        bytes += rk_tensor_bytes(&((RkWeight *)g_ptr_array_index(weights->list, i))->type);
    return bytes;
}
