// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/trained-private.h"

#include "ops/matmul.h"

#include <string.h>

static int
find_mask(const RkTrained *t, const char *name)
{
    g_autofree char *mask = g_strconcat(name, ".mask", NULL);
    return rk_tensor_list_find(t->stored->tensors, mask);
}

// The form of a masked weight that isn't stored whole, else NULL.
static const RkParamForm *
kept_form(const RkTrained *t, const RkTensorInfo *info)
{
    const RkParamForm *form = rk_model_form_find(t->form, info->name);
    gboolean kept =
        form != NULL && form->format == RK_FORMAT_MASKED && form->rank == 2 && info->rank == 1;
    return kept ? form : NULL;
}

gboolean
rk_trained_type(const RkTrained *trained, int at, RkTensor *type)
{
    if (at < 0)
        return FALSE;
    const RkTensorInfo *info = rk_tensor_list_at(trained->stored->tensors, (uint32_t)at);
    const RkParamForm *form = kept_form(trained, info);
    *type = (RkTensor){.rank = info->rank};
    memcpy(type->dim, info->dim, sizeof type->dim);
    if (form != NULL) {
        type->rank = form->rank;
        memcpy(type->dim, form->dim, sizeof type->dim);
    }
    for (int d = 0; d < RK_N_DTYPES; d++)
        if (strcmp(rk_dtype_name((RkDtype)d), info->dtype) == 0) {
            type->dtype = (RkDtype)d;
            return TRUE;
        }
    return FALSE;
}

static gboolean
fail_mask(const RkTensorInfo *info, const char *why, GError **error)
{
    g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                "Can't read the weights %s: %s. Run rankine doctor.", info->name, why);
    return FALSE;
}

static gboolean
check_mask(const RkTrained *t, const RkTensorInfo *info, const RkTensor *type, int mask,
           GError **error)
{
    const uint32_t words = (type->dim[1] + 31) / 32;
    if (mask < 0)
        return fail_mask(info, "their mask isn't there", error);
    const RkTensorInfo *is = rk_tensor_list_at(t->stored->tensors, (uint32_t)mask);
    if (is->rank != 2 || is->dim[0] != type->dim[0] || is->dim[1] != words ||
        is->n_bytes != (uint64_t)words * type->dim[0] * sizeof(uint32_t))
        return fail_mask(info, "their mask is of another size", error);
    return info->n_bytes == (uint64_t)info->dim[0] * sizeof(float) ||
           fail_mask(info, "their bytes aren't those of their shape", error);
}

// Spreads what is stored of a masked weight over its places.
static float *
spread_kept(const RkTrained *t, const RkTensorInfo *info, const RkTensor *type, const float *kept,
            GError **error)
{
    int at = find_mask(t, info->name);
    if (!check_mask(t, info, type, at, error))
        return NULL;
    g_autofree uint32_t *mask = rk_tensor_list_load(t->stored->tensors, (uint32_t)at, error);
    if (mask == NULL)
        return NULL;
    if (rk_mask_count(type->dim[0], type->dim[1], mask) != info->dim[0]) {
        fail_mask(info, "their mask keeps another number of them", error);
        return NULL;
    }
    float *whole = g_malloc0(MAX(rk_tensor_bytes(type), 4));
    rk_unpack_kept(type->dim[0], type->dim[1], kept, mask, whole);
    return whole;
}

void *
rk_trained_tensor(const RkTrained *trained, int at, GError **error)
{
    const RkTensorInfo *info = rk_tensor_list_at(trained->stored->tensors, (uint32_t)at);
    RkTensor type;
    g_autofree void *packed = rk_tensor_list_load(trained->stored->tensors, (uint32_t)at, error);
    if (packed == NULL || kept_form(trained, info) == NULL)
        return g_steal_pointer(&packed);
    if (!rk_trained_type(trained, at, &type) || type.dtype != RK_F32) {
        fail_mask(info, "they are no floats", error);
        return NULL;
    }
    return spread_kept(trained, info, &type, packed, error);
}

GBytes *
rk_trained_keep(RkState *state, const char *name, RkTensor *type, GError **error)
{
    g_autofree char *mask_name = g_strconcat(name, ".mask", NULL);
    const RkTensor *whole = rk_state_tensor(state, name);
    const RkTensor *bits = rk_state_tensor(state, mask_name);
    size_t bytes = rk_tensor_bytes(whole);
    g_autofree float *values = g_malloc(MAX(bytes, 4));
    g_autofree uint32_t *mask = g_malloc(MAX(rk_tensor_bytes(bits), 4));
    if (!rk_state_read(state, name, values, bytes, error) ||
        !rk_state_read(state, mask_name, mask, rk_tensor_bytes(bits), error))
        return NULL;
    uint64_t n = rk_mask_count(whole->dim[0], whole->dim[1], mask);
    float *kept = g_new(float, MAX(n, 1));
    rk_pack_kept(whole->dim[0], whole->dim[1], values, mask, kept);
    *type = (RkTensor){RK_F32, 1, {(uint32_t)n}};
    return g_bytes_new_take(kept, n * sizeof *kept);
}

RkWeights *
rk_trained_weights(const RkTrained *trained, GError **error)
{
    g_autoptr(RkWeights) weights = rk_weights_new();
    for (uint32_t i = 0; i < rk_tensor_list_n(trained->stored->tensors); i++) {
        RkTensor type;
        if (!rk_trained_type(trained, (int)i, &type))
            continue;
        void *packed = rk_trained_tensor(trained, (int)i, error);
        if (packed == NULL)
            return NULL;
        rk_weights_take(weights, rk_tensor_list_at(trained->stored->tensors, i)->name, &type,
                        packed);
    }
    return g_steal_pointer(&weights);
}

size_t
rk_trained_bytes(const RkTrained *trained)
{
    size_t bytes = 0;
    RkTensor type;
    for (uint32_t i = 0; i < rk_tensor_list_n(trained->stored->tensors); i++)
        bytes += rk_trained_type(trained, (int)i, &type) ? rk_tensor_bytes(&type) : 0;
    return bytes;
}
