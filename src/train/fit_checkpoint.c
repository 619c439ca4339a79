// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/fit-private.h"

#include "base/json.h"

#include <math.h>
#include <string.h>

#define BEST   "best/" // prefix of the best weights so far in a checkpoint
#define N_KEPT 2u      // checkpoints: one may be written while the machine goes down

typedef struct {
    Fit *fit;
    GArray *infos; // of RkTensorInfo
    GPtrArray *names;
    uint32_t n_state; // those behind are the best weights
} Tensors;

// A checkpoint is there to go back to, so nothing that went wrong gets into one: an update may
// overflow whose loss was still fine.
static gboolean
check_finite(const Tensors *t, const RkTensorInfo *info, uint64_t at, const void *bytes, size_t n,
             GError **error)
{
    const float *values = bytes;
    if (strcmp(info->dtype, rk_dtype_name(RK_F32)) != 0)
        return TRUE;
    for (size_t i = 0; i < n / sizeof *values; i++) {
        if (isfinite(values[i]))
            continue;
        g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                    "Stopped training after step %" G_GUINT64_FORMAT ": its update made element "
                    "%" G_GUINT64_FORMAT " of %s infinite or no number",
                    rk_trainer_position(t->fit->trainer).step, at / sizeof *values + i, info->name);
        return FALSE;
    }
    return TRUE;
}

static gboolean
read_tensor(gpointer data, uint32_t i, uint64_t at, void *bytes, size_t n, GError **error)
{
    Tensors *t = data;
    const RkTensorInfo *info = &g_array_index(t->infos, RkTensorInfo, i);
    if (i >= t->n_state) {
        const RkWeight *weight = rk_weights_find(t->fit->best_weights, info->name + strlen(BEST));
        memcpy(bytes, (const uint8_t *)weight->packed + at, n);
        return TRUE;
    }
    return rk_state_read_at(t->fit->state, info->name, at, bytes, n, error) &&
           check_finite(t, info, at, bytes, n, error);
}

static void
add_tensor(Tensors *t, char *name, const RkTensor *type)
{
    RkTensorInfo info = {.name = name,
                         .dtype = rk_dtype_name(type->dtype),
                         .rank = type->rank,
                         .n_bytes = rk_tensor_bytes(type)};
    memcpy(info.dim, type->dim, sizeof info.dim);
    g_ptr_array_add(t->names, name);
    g_array_append_val(t->infos, info);
}

static char *
position_text(const Fit *f)
{
    RkTrainPosition at = rk_trainer_position(f->trainer);
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    rk_json_add_int(json, "step", (int64_t)at.step);
    rk_json_add_int(json, "epoch", at.epoch);
    rk_json_add_int(json, "batch", (int64_t)at.batch);
    rk_json_add_int(json, "samples", (int64_t)at.samples);
    rk_json_add_real(json, "loss", at.loss);
    rk_json_add_real(json, "best", f->best);
    rk_json_add_int(json, "best_epoch", f->best_epoch);
    rk_json_add_int(json, "n_bad", f->n_bad);
    json_builder_end_object(json);
    return rk_json_text(json, FALSE);
}

gboolean
rk_fit_write_checkpoint(Fit *f, GError **error)
{
    Tensors t = {.fit = f,
                 .infos = g_array_new(FALSE, FALSE, sizeof(RkTensorInfo)),
                 .names = g_ptr_array_new_with_free_func(g_free)};
    RkState *state = f->state;
    g_autoptr(GList) names = rk_state_names(state);
    for (GList *l = names; l != NULL; l = l->next)
        add_tensor(&t, g_strdup(l->data), rk_state_tensor(state, l->data));
    t.n_state = t.infos->len;
    for (guint i = 0; f->best_weights != NULL && i < f->best_weights->list->len; i++) {
        const RkWeight *weight = g_ptr_array_index(f->best_weights->list, i);
        add_tensor(&t, g_strconcat(BEST, weight->name, NULL), &weight->type);
    }
    const RkTensorSource source = {.n_tensors = t.infos->len,
                                   .tensors = (const RkTensorInfo *)(void *)t.infos->data,
                                   .read = read_tensor,
                                   .data = &t};
    g_autofree char *position = position_text(f);
    gboolean written =
        rk_run_checkpoint(f->options->store, f->run, rk_trainer_position(f->trainer).step, position,
                          &source, N_KEPT, error);
    g_array_unref(t.infos);
    g_ptr_array_unref(t.names);
    g_timer_start(f->since_checkpoint);
    return written;
}

gboolean
rk_fit_read_position(Fit *f, GError **error)
{
    g_autoptr(JsonNode) root = rk_json_parse(f->checkpoint->position, "the checkpoint", error);
    int64_t step, epoch, batch, samples, best_epoch, n_bad;
    JsonObject *o = root != NULL ? json_node_get_object(root) : NULL;
    if (o == NULL || !rk_json_int(o, "step", &step, error) ||
        !rk_json_int(o, "epoch", &epoch, error) || !rk_json_int(o, "batch", &batch, error) ||
        !rk_json_int(o, "samples", &samples, error) ||
        !rk_json_real(o, "loss", &f->at.loss, error) || !rk_json_real(o, "best", &f->best, error) ||
        !rk_json_int(o, "best_epoch", &best_epoch, error) ||
        !rk_json_int(o, "n_bad", &n_bad, error))
        return FALSE;
    f->at.step = (uint64_t)step;
    f->at.epoch = (uint32_t)epoch;
    f->at.batch = (uint64_t)batch;
    f->at.samples = (uint64_t)samples;
    f->best_epoch = (uint32_t)best_epoch;
    f->n_bad = (uint32_t)n_bad;
    return TRUE;
}

gboolean
rk_fit_restore_tensors(Fit *f, GError **error)
{
    RkState *state = f->state;
    const RkTensorList *list = f->checkpoint->tensors;
    for (uint32_t i = 0; i < rk_tensor_list_n(list); i++) {
        const RkTensorInfo *info = rk_tensor_list_at(list, i);
        gboolean best = g_str_has_prefix(info->name, BEST);
        const char *name = best ? info->name + strlen(BEST) : info->name;
        const RkTensor *type = rk_state_tensor(state, name);
        if (type == NULL || rk_tensor_bytes(type) != info->n_bytes) {
            g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                        "Can't go on from the checkpoint of %s: the model has no such %s. Train it "
                        "again under another name.",
                        f->run_name, name);
            return FALSE;
        }
        g_autofree void *packed = rk_tensor_list_load(list, i, error);
        if (packed == NULL || (!best && !rk_state_write(state, name, packed, info->n_bytes, error)))
            return FALSE;
        if (best && f->best_weights == NULL)
            f->best_weights = rk_weights_new();
        if (best)
            rk_weights_take(f->best_weights, name, type, g_steal_pointer(&packed));
    }
    return TRUE;
}
