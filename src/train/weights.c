// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/weights-private.h"

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

static const struct {
    const char *suffix;
    RkWeights *(*read)(const char *path, GError **error);
    gboolean (*write)(const RkWeights *weights, const char *path, GError **error);
} FORMATS[] = {
    {".npz", rk_weights_read_npz, rk_weights_write_npz},
    {".json", rk_weights_read_json, rk_weights_write_json},
};

static int
find_format(const char *path, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(FORMATS); i++)
        if (g_str_has_suffix(path, FORMATS[i].suffix))
            return (int)i;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't tell the format of %s: name a file that ends in .npz or .json.", path);
    return -1;
}

RkWeights *
rk_weights_read(const char *path, GError **error)
{
    int format = find_format(path, error);
    return format >= 0 ? FORMATS[format].read(path, error) : NULL;
}

gboolean
rk_weights_write(const RkWeights *weights, const char *path, GError **error)
{
    int format = find_format(path, error);
    return format >= 0 && FORMATS[format].write(weights, path, error);
}
